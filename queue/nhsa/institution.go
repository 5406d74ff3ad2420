package nhsa

// InstitutionQuery is the request 1201 医药机构信息获取 (interface 3.3).
type InstitutionQuery struct {
	Query struct {
		Kind string `json:"fixmedins_type" wire:"C6*"` // 定点医疗服务机构类型
		Name string `json:"fixmedins_name" wire:"C200"`
		Code string `json:"fixmedins_code" wire:"C12"`
	} `json:"medinsinfo"`
}

// InstitutionOutput is the output of 1201.
type InstitutionOutput struct {
	Rows List[Designated] `json:"medinsinfo"`
}

// Designated is a row of the answer to 1201: a designated institution (定点医药机构).
type Designated struct {
	Code   Text `json:"fixmedins_code"`
	Credit Text `json:"uscc"` // 统一社会信用代码
	Name   Text `json:"fixmedins_name"`
	Kind   Text `json:"fixmedins_type"`
	Level  Text `json:"hosp_lv"` // 医院等级
}

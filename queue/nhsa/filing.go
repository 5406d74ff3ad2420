package nhsa

// Filing is the request 2505 人员定点备案 (interface 3.12): a member selects an
// institution, or an agent does for them.
type Filing struct {
	Data struct {
		PersonNo        Told   `json:"psn_no" wire:"C30*"`
		Phone           Told   `json:"tel" wire:"C50"`
		Address         Told   `json:"addr" wire:"C200"`
		Apply           string `json:"biz_appy_type" wire:"C3*"` // 业务申请类型: 03 就医定点
		From            string `json:"begndate" wire:"D*"`
		To              string `json:"enddate" wire:"D"`
		AgentName       Told   `json:"agnter_name" wire:"C50"` // 代办人
		AgentCert       string `json:"agnter_cert_type" wire:"C6"`
		AgentIDNumber   Told   `json:"agnter_certno" wire:"C50"`
		AgentPhone      Told   `json:"agnter_tel" wire:"C30"`
		AgentAddress    Told   `json:"agnter_addr" wire:"C200"`
		AgentRelation   string `json:"agnter_rlts" wire:"C3"` // 代办人关系
		No              string `json:"fix_srt_no" wire:"C3*"` // 定点排序号
		Institution     string `json:"fixmedins_code" wire:"C12*"`
		InstitutionName string `json:"fixmedins_name" wire:"C200*"`
		Memo            string `json:"memo" wire:"C500"`
	} `json:"data"`
}

// FilingOutput is the output of 2505.
type FilingOutput struct {
	Result List[Filed] `json:"result"`
}

// Filed is the answer to 2505.
type Filed struct {
	No Text `json:"trt_dcla_detl_sn"` // 待遇申报明细流水号: what 2506 takes back
}

// ReadFiled reads the answer to 2505.
func ReadFiled(r Reply) (Filed, error) {
	var out FilingOutput
	if err := r.read(&out); err != nil {
		return Filed{}, err
	}
	if len(out.Result) == 0 || out.Result[0].No == "" {
		return Filed{}, r.lacking("trt_dcla_detl_sn")
	}
	return out.Result[0], nil
}

// Unfiling is the request 2506 人员定点备案撤销, which the platform takes only while the
// filing has not been reviewed.
type Unfiling struct {
	Data struct {
		No       string `json:"trt_dcla_detl_sn" wire:"C30*"`
		PersonNo Told   `json:"psn_no" wire:"C30*"`
		Reason   string `json:"memo" wire:"C500*"`
	} `json:"data"`
}

// ChronicQuery is the request 5301 人员慢特病备案查询.
type ChronicQuery struct {
	Data struct {
		PersonNo Told `json:"psn_no" wire:"C30*"`
	} `json:"data"`
}

// ChronicOutput is the output of 5301.
type ChronicOutput struct {
	Rows List[Chronic] `json:"feedetail"`
}

// Chronic is a row of the answer to 5301: a filed chronic or special disease (门诊慢特病).
type Chronic struct {
	Code Told `json:"opsp_dise_code"`
	Name Told `json:"opsp_dise_name"`
	From Text `json:"begndate"`
	To   Text `json:"enddate"`
}

package nhsa

// BenefitCheck is the request 2001 待遇检查.
type BenefitCheck struct {
	Data struct {
		PersonNo    Told   `json:"psn_no" wire:"C30*"`
		Type        string `json:"insutype" wire:"C6*"`
		Institution string `json:"fixmedins_code" wire:"C12*"`
		MedType     string `json:"med_type" wire:"C6*"`
		Began       string `json:"begntime" wire:"T*"`
		Ended       string `json:"endtime" wire:"T"`
		DiseaseCode string `json:"dise_codg" wire:"C30"`
		DiseaseName string `json:"dise_name" wire:"C500"`
		SurgeryCode string `json:"oprn_oprt_code" wire:"C30"`
		SurgeryName string `json:"oprn_oprt_name" wire:"C500"`
		Maternity   string `json:"matn_type" wire:"C6"`
		BirthCtrl   string `json:"birctrl_type" wire:"C6"`
	} `json:"data"`
}

// BenefitOutput is the output of 2001 (interface 3.4).
type BenefitOutput struct {
	Rows List[Benefit] `json:"trtinfo"`
}

// Benefit is a row of the answer to 2001.
type Benefit struct {
	PersonNo Told `json:"psn_no"`
	Check    Text `json:"trt_chk_type"` // 待遇检查类型
	FundType Text `json:"fund_pay_type"`
	Enjoyed  Text `json:"trt_enjymnt_flag"`
	From     Text `json:"begndate"`
	To       Text `json:"enddate"`
	Why      Text `json:"trt_chk_rslt"`
}

// ReadBenefits reads the answer to 2001.
func ReadBenefits(r Reply) ([]Benefit, error) {
	var out BenefitOutput
	err := r.read(&out)
	return out.Rows, err
}

// SelectionQuery is the request 5302 人员定点信息查询.
type SelectionQuery struct {
	Data struct {
		PersonNo Told   `json:"psn_no" wire:"C30*"`
		Apply    string `json:"biz_appy_type" wire:"C3*"`
	} `json:"data"`
}

// SelectionOutput is the output of 5302 (interface 3.12).
type SelectionOutput struct {
	Rows List[Selected] `json:"psnfixmedin"`
}

// Selected is a row of the answer to 5302.
type Selected struct {
	PersonNo    Told `json:"psn_no"`
	Type        Text `json:"insutype"`
	No          Text `json:"fix_srt_no"` // 定点排序号
	Institution Text `json:"fixmedins_code"`
	Name        Text `json:"fixmedins_name"`
	From        Text `json:"begndate"`
	To          Text `json:"enddate"`
	Memo        Text `json:"memo"`
}

// ReadSelections reads the answer to 5302.
func ReadSelections(r Reply) ([]Selected, error) {
	var out SelectionOutput
	err := r.read(&out)
	return out.Rows, err
}

// UsageQuery is the request 5206 人员累计信息查询.
type UsageQuery struct {
	Data struct {
		PersonNo Told   `json:"psn_no" wire:"C30*"`
		Month    string `json:"cum_ym" wire:"C6"`
	} `json:"data"`
}

// UsageOutput is the output of 5206 (interface 3.17).
type UsageOutput struct {
	Rows List[Accumulated] `json:"cuminfo"`
}

// Accumulated is a row of the answer to 5206.
type Accumulated struct {
	Type  Text   `json:"insutype"`
	Year  Text   `json:"year"`
	Month Text   `json:"cum_ym"`
	Kind  Text   `json:"cum_type_code"`
	Sum   Amount `json:"cum"`
}

// ReadUsage reads the answer to 5206.
func ReadUsage(r Reply) ([]Accumulated, error) {
	var out UsageOutput
	err := r.read(&out)
	return out.Rows, err
}

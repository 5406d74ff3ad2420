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

// Benefit is a row of the answer to 2001.
type Benefit struct {
	FundType Text `json:"fund_pay_type"`
	Enjoyed  Text `json:"trt_enjymnt_flag"`
	From     Text `json:"begndate"`
	To       Text `json:"enddate"`
	Why      Text `json:"trt_chk_rslt"`
}

// ReadBenefits reads the answer to 2001.
func ReadBenefits(r Reply) ([]Benefit, error) {
	var out struct {
		Rows List[Benefit] `json:"trtinfo"`
	}
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

// Selected is a row of the answer to 5302.
type Selected struct {
	Type        Text `json:"insutype"`
	Institution Text `json:"fixmedins_code"`
	Name        Text `json:"fixmedins_name"`
	From        Text `json:"begndate"`
	To          Text `json:"enddate"`
}

// ReadSelections reads the answer to 5302.
func ReadSelections(r Reply) ([]Selected, error) {
	var out struct {
		Rows List[Selected] `json:"psnfixmedin"`
	}
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
	var out struct {
		Rows List[Accumulated] `json:"cuminfo"`
	}
	err := r.read(&out)
	return out.Rows, err
}

// VisitsQuery is the request 5201 就诊信息查询: the institution's own visits of a
// person in a period. It finds the visit of a registration whose answer was lost.
type VisitsQuery struct {
	Data struct {
		PersonNo Told   `json:"psn_no" wire:"C30*"`
		From     string `json:"begntime" wire:"T*"`
		To       string `json:"endtime" wire:"T*"`
		MedType  string `json:"med_type" wire:"C6*"`
		VisitID  string `json:"mdtrt_id" wire:"C30"`
	} `json:"data"`
}

// Visited is a row of the answer to 5201.
type Visited struct {
	VisitID      Text `json:"mdtrt_id"`
	OutpatientNo Text `json:"ipt_otp_no"`
}

// ReadVisits reads the answer to 5201. Its node has several names.
func ReadVisits(r Reply) ([]Visited, error) {
	var out struct {
		A List[Visited] `json:"mdtrtinfo"`
		B List[Visited] `json:"data"`
		C List[Visited] `json:"result"`
	}
	err := r.read(&out)
	return append(append(out.A, out.B...), out.C...), err
}

package nhsa

// VisitsQuery is the request 5201 就诊信息查询 (interface 3.17): the institution's own visits
// of a person in a period. It finds the visit of a registration whose answer was lost.
type VisitsQuery struct {
	Data struct {
		PersonNo Told   `json:"psn_no" wire:"C30*"`
		From     string `json:"begntime" wire:"T*"`
		To       string `json:"endtime" wire:"T*"`
		MedType  string `json:"med_type" wire:"C6*"`
		VisitID  string `json:"mdtrt_id" wire:"C30"`
	} `json:"data"`
}

// Visited is a row of the answer to 5201. The forms of this and of the answers to 5202 to
// 5205 are Shenzhen's client's; nothing is relied on but VisitID and OutpatientNo, and of
// 5204 LineNo and SettlementID.
type Visited struct {
	VisitID      Text `json:"mdtrt_id"`
	PersonNo     Told `json:"psn_no"`
	PersonCert   Text `json:"psn_cert_type"`
	IDNumber     Told `json:"certno"`
	Name         Told `json:"psn_name"`
	Sex          Text `json:"gend"`
	Birth        Told `json:"brdy"`
	Age          Text `json:"age"`
	Type         Text `json:"insutype"`
	PersonType   Text `json:"psn_type"`
	Began        Text `json:"begntime"`
	Ended        Text `json:"endtime"`
	CertKind     Text `json:"mdtrt_cert_type"`
	MedType      Text `json:"med_type"`
	OutpatientNo Text `json:"ipt_otp_no"`
	RecordNo     Text `json:"medrcdno"` // 病历号
	DoctorCode   Text `json:"atddr_no"`
	DoctorName   Text `json:"chfpdr_name"`
	DeptCode     Text `json:"adm_dept_codg"`
	DeptName     Text `json:"adm_dept_name"`
	Condition    Told `json:"main_cond_dscr"`
	DiseaseCode  Told `json:"dise_codg"`
	DiseaseName  Told `json:"dise_name"`
	InHospital   Text `json:"inhosp_stas"` // 在院状态
	OperatorID   Text `json:"opter_id"`
	OperatorName Text `json:"opter_name"`
	OperatedAt   Text `json:"opt_time"`
	Memo         Text `json:"memo"`
}

// ReadVisits reads the answer to 5201.
func ReadVisits(r Reply) ([]Visited, error) {
	var out Rows[Visited]
	err := r.read(&out)
	return out, err
}

// DiagnosesQuery is the request 5202 诊断信息查询.
type DiagnosesQuery struct {
	Data struct {
		PersonNo Told   `json:"psn_no" wire:"C30*"`
		VisitID  string `json:"mdtrt_id" wire:"C30*"`
	} `json:"data"`
}

// DiagnosisOnFile is a row of the answer to 5202.
type DiagnosisOnFile struct {
	ID           Text `json:"diag_info_id"`
	VisitID      Text `json:"mdtrt_id"`
	PersonNo     Told `json:"psn_no"`
	InOut        Text `json:"inout_diag_type"` // 出入院诊断类别
	Kind         Text `json:"diag_type"`
	Main         Text `json:"maindiag_flag"`
	No           Text `json:"diag_srt_no"`
	Code         Told `json:"diag_code"`
	Name         Told `json:"diag_name"`
	Admitted     Told `json:"adm_cond"` // 入院病情
	Department   Text `json:"diag_dept"`
	DoctorCode   Text `json:"dise_dor_no"`
	DoctorName   Text `json:"dise_dor_name"`
	Time         Text `json:"diag_time"`
	OperatorID   Text `json:"opter_id"`
	OperatorName Text `json:"opter_name"`
	OperatedAt   Text `json:"opt_time"`
}

// SettlementQuery is the request 5203 结算信息查询. It cannot start from a message id.
type SettlementQuery struct {
	Data struct {
		PersonNo     Told   `json:"psn_no" wire:"C30*"`
		SettlementID string `json:"setl_id" wire:"C30*"`
		VisitID      string `json:"mdtrt_id" wire:"C30*"`
	} `json:"data"`
}

// SettlementOnFileOutput is the output of 5203.
type SettlementOnFileOutput struct {
	Info   List[SettlementOnFile] `json:"setlinfo"`
	Detail List[FundRow]          `json:"setldetail"`
}

// SettlementOnFile is setlinfo of 5203: a settlement as it is on file. Platforms leave
// amounts of it unfilled, so the identities between them need not hold.
type SettlementOnFile struct {
	Setlinfo
	CashOnFile      Figure `json:"cash_payamt"`    // 现金支付金额
	Refunded        Text   `json:"refd_setl_flag"` // 退费结算标志
	Invoice         Text   `json:"invono"`
	Freelance       Text   `json:"flxempe_flag"`       // 灵活就业标志
	Newborn         Text   `json:"nwb_flag"`           // 新生儿标志
	InsuredArea     Text   `json:"insu_optins"`        // 参保机构医保区划
	Employer        Told   `json:"emp_name"`           // 单位名称
	Place           Text   `json:"pay_loc"`            // 支付地点类别
	Institution     Text   `json:"fixmedins_code"`     //
	InstitutionName Text   `json:"fixmedins_name"`     //
	Level           Text   `json:"hosp_lv"`            // 医院等级
	InstitutionArea Text   `json:"fixmedins_poolarea"` // 定点归属机构
	CapLevel        Text   `json:"lmtpric_hosp_lv"`    // 限价医院等级
	DeductLevel     Text   `json:"dedc_hosp_lv"`       // 起付线医院等级
	From            Text   `json:"begndate"`
	To              Text   `json:"enddate"`
	Year            Text   `json:"year"`
	DiseaseCode     Told   `json:"dise_codg"`
	DiseaseName     Told   `json:"dise_name"`
	OperatorID      Text   `json:"opter_id"`
	OperatorName    Text   `json:"opter_name"`
	OperatedAt      Text   `json:"opt_time"`
}

// FeeLinesQuery is the request 5204 费用明细查询.
type FeeLinesQuery struct {
	Data struct {
		PersonNo     Told   `json:"psn_no" wire:"C30*"`
		SettlementID string `json:"setl_id" wire:"C30"`
		VisitID      string `json:"mdtrt_id" wire:"C30*"`
	} `json:"data"`
}

// DrugsQuery is the request 5205 人员慢特病用药记录查询.
type DrugsQuery struct {
	Data struct {
		PersonNo Told   `json:"psn_no" wire:"C30*"`
		From     string `json:"begntime" wire:"T*"`
		To       string `json:"endtime" wire:"T"`
	} `json:"data"`
}

// DrugOnFile is a row of the answer to 5205: a drug that a person got, anywhere.
type DrugOnFile struct {
	LineNo          Text `json:"feedetl_sn"`
	Prescription    Text `json:"rx_drord_no"` // 处方/医嘱号
	Institution     Text `json:"fixmedins_code"`
	InstitutionName Text `json:"fixmedins_name"`
	PersonNo        Told `json:"psn_no"`
	MedType         Text `json:"med_type"`
	Time            Text `json:"fee_ocur_time"`
	Quantity        Text `json:"cnt"`
	Price           Text `json:"pric"`
	Grade           Text `json:"chrgitm_lv"`
	InsuranceCode   Text `json:"hilist_code"` // 医保目录编码
	InsuranceName   Text `json:"hilist_name"`
	ListType        Text `json:"list_type"` // 目录类别
	Code            Text `json:"med_list_codg"`
	HospitalCode    Text `json:"medins_list_codg"`
	HospitalName    Text `json:"medins_list_name"`
	ChargeKind      Text `json:"med_chrgitm_type"`
	Brand           Text `json:"prodname"`         // 商品名
	Spec            Text `json:"spec"`             // 规格
	DoseForm        Text `json:"dosform_name"`     // 剂型名称
	Restricted      Text `json:"lmt_used_flag"`    // 限制使用
	Preparation     Text `json:"hosp_prep_flag"`   // 医院制剂
	Approved        Text `json:"hosp_appr_flag"`   // 医院审批
	HerbUse         Text `json:"tcmdrug_used_way"` // 中药使用方式
	Origin          Text `json:"prodplac_type"`    // 生产地类别
	Essential       Text `json:"bas_medn_flag"`
	Negotiated      Text `json:"hi_nego_drug_flag"`
	ForChildren     Text `json:"chld_medc_flag"`
	Outsourced      Text `json:"etip_flag"`
	OutsourcedTo    Text `json:"etip_hosp_code"`
	TakeHome        Text `json:"dscg_tkdrug_flag"`
	Special         Text `json:"list_sp_item_flag"`
	Maternity       Text `json:"matn_fee_flag"`
}

// FeeOnFile is a row of the answer to 5204: a line of a visit as it is on file.
type FeeOnFile struct {
	DrugOnFile
	VisitID      Text   `json:"mdtrt_id"`
	SettlementID Text   `json:"setl_id"`
	Dose         Text   `json:"sin_dos_dscr"`
	Frequency    Text   `json:"used_frqu_dscr"`
	Days         Text   `json:"prd_days"`
	Way          Text   `json:"medc_way_dscr"`
	Amount       Amount `json:"det_item_fee_sumamt"`
	Ceiling      Text   `json:"pric_uplmt_amt"`
	Ratio        Text   `json:"selfpay_prop"`
	SelfFunded   Amount `json:"fulamt_ownpay_amt"`
	OverCap      Amount `json:"overlmt_amt"`
	FirstSelfPay Amount `json:"preselfpay_amt"`
	InScope      Amount `json:"inscp_scp_amt"`
	DeptCode     Text   `json:"bilg_dept_codg"`
	DeptName     Text   `json:"bilg_dept_name"`
	DoctorCode   Text   `json:"bilg_dr_codg"`
	DoctorName   Text   `json:"bilg_dr_name"`
	ToDeptCode   Text   `json:"acord_dept_codg"`
	ToDeptName   Text   `json:"acord_dept_name"`
	OrderCode    Text   `json:"orders_dr_code"`
	OrderName    Text   `json:"orders_dr_name"`
	Direct       Text   `json:"drt_reim_flag"`
	Memo         Text   `json:"memo"`
	OperatorID   Text   `json:"opter_id"`
	OperatorName Text   `json:"opter_name"`
	OperatedAt   Text   `json:"opt_time"`
}

// ReadFeesOnFile reads the answer to 5204.
func ReadFeesOnFile(r Reply) ([]FeeOnFile, error) {
	var out Rows[FeeOnFile]
	err := r.read(&out)
	return out, err
}

package nhsa

import (
	"github.com/shopspring/decimal"

	"settled/settle"
)

// Register is the request 2201 门诊挂号. Fields of single provinces are left out where they
// are empty, here and below.
type Register struct {
	Data struct {
		PersonNo     Told   `json:"psn_no" wire:"C30*"`
		Type         string `json:"insutype" wire:"C6*"`
		Began        string `json:"begntime" wire:"T*"`
		CertKind     string `json:"mdtrt_cert_type" wire:"C3*"`
		CertNo       Told   `json:"mdtrt_cert_no" wire:"C50*"`
		CardCode     Told   `json:"card_sn,omitempty" wire:"C32"` // this and the next four: Hunan
		PersonCert   string `json:"psn_cert_type,omitempty" wire:"C3"`
		IDNumber     Told   `json:"certno,omitempty" wire:"C20"`
		PersonType   string `json:"psn_type,omitempty" wire:"C3"`
		Name         Told   `json:"psn_name,omitempty" wire:"C20"`
		OutpatientNo string `json:"ipt_otp_no" wire:"C30*"`
		DoctorCode   string `json:"atddr_no" wire:"C30*"`
		DoctorName   string `json:"dr_name" wire:"C50*"`
		DeptCode     string `json:"dept_code" wire:"C30*"`
		DeptName     string `json:"dept_name" wire:"C100*"`
		Specialty    string `json:"caty" wire:"C10*"`
		CardBasics   Told   `json:"hcard_basinfo,omitempty"` // 持卡就诊基本信息, Guangdong
		CardCheck    Told   `json:"hcard_chkinfo,omitempty"` // 持卡就诊校验信息, Guangdong
	} `json:"data"`
}

// RegisterOutput is the output of 2201 (interface 3.5).
type RegisterOutput struct {
	Data List[Registered] `json:"data"`
}

// Registered is the answer to 2201.
type Registered struct {
	VisitID      Text `json:"mdtrt_id"`
	PersonNo     Told `json:"psn_no"`
	OutpatientNo Text `json:"ipt_otp_no"`
	Extension    Text `json:"exp_content"`
}

// ReadRegistered reads the answer to 2201.
func ReadRegistered(r Reply) (Registered, error) {
	var out RegisterOutput
	if err := r.read(&out); err != nil {
		return Registered{}, err
	}
	if len(out.Data) == 0 || out.Data[0].VisitID == "" {
		return Registered{}, r.lacking("mdtrt_id")
	}
	return out.Data[0], nil
}

// Unregister is the request 2202 挂号撤销.
type Unregister struct {
	Data struct {
		PersonNo     Told   `json:"psn_no" wire:"C30*"`
		VisitID      string `json:"mdtrt_id" wire:"C30*"`
		OutpatientNo string `json:"ipt_otp_no" wire:"C30*"`
	} `json:"data"`
}

// VisitUpload is the request 2203 or 2203A 就诊信息上传.
type VisitUpload struct {
	Visit     VisitRow    `json:"mdtrtinfo"`
	Diagnoses []Diagnosed `json:"diseinfo" wire:"L*"`
}

// VisitRow is mdtrtinfo of 2203.
type VisitRow struct {
	VisitID      string `json:"mdtrt_id" wire:"C30*"`
	PersonNo     Told   `json:"psn_no" wire:"C30*"`
	MedType      string `json:"med_type" wire:"C6*"`
	Began        string `json:"begntime" wire:"T*"`
	Condition    string `json:"main_cond_dscr" wire:"C1000"`
	DiseaseCode  string `json:"dise_codg" wire:"C30"`
	DiseaseName  string `json:"dise_name" wire:"C500"`
	BirthCtrl    string `json:"birctrl_type" wire:"C6"`
	BirthCtrlDay string `json:"birctrl_matn_date" wire:"D"`
	Maternity    string `json:"matn_type,omitempty" wire:"C6"`     // 生育类别, 2203A
	Weeks        Number `json:"geso_val,omitempty" wire:"N2,0"`    // 孕周数, 2203A
	TTPResp      string `json:"ttp_resp,omitempty"`                // 第三方责任标志, Guangdong
	Months       string `json:"expi_gestation_nub_of_m,omitempty"` // 终止妊娠月数, Guangdong
}

// Diagnosed is a row of diseinfo of 2203.
type Diagnosed struct {
	Kind       string `json:"diag_type" wire:"C3*"` // 1 main, 2 other (西医)
	No         Number `json:"diag_srt_no" wire:"N2,0*"`
	Code       string `json:"diag_code" wire:"C20*"`
	Name       string `json:"diag_name" wire:"C100*"`
	Department string `json:"diag_dept" wire:"C50*"`
	DoctorCode string `json:"dise_dor_no" wire:"C30*"`
	DoctorName string `json:"dise_dor_name" wire:"C50*"`
	Time       string `json:"diag_time" wire:"T*"`
	Valid      string `json:"vali_flag" wire:"C3*"`    // 0 voids a diagnosis sent before
	Main       string `json:"maindiag_flag,omitempty"` // 主诊断标志, Guangdong
}

// FeeUpload is the request 2204 费用明细上传.
type FeeUpload struct {
	Fees []Fee `json:"feedetail" wire:"L*"`
}

// Fee is a line of 2204.
type Fee struct {
	LineNo       string          `json:"feedetl_sn" wire:"C30*"`
	VisitID      string          `json:"mdtrt_id" wire:"C30*"`
	PersonNo     Told            `json:"psn_no" wire:"C30*"`
	Batch        string          `json:"chrg_bchno" wire:"C30*"`
	DiseaseCode  string          `json:"dise_codg" wire:"C30"`
	Prescription string          `json:"rxno" wire:"C30*"`
	Outside      string          `json:"rx_circ_flag" wire:"C3*"`
	Time         string          `json:"fee_ocur_time" wire:"T*"`
	Code         string          `json:"med_list_codg" wire:"C50*"`
	HospitalCode string          `json:"medins_list_codg" wire:"C150*"`
	Quantity     decimal.Decimal `json:"cnt" wire:"N16,4*"`
	Price        decimal.Decimal `json:"pric" wire:"N16,6*"`
	Dose         string          `json:"sin_dos_dscr" wire:"C200"`
	Frequency    string          `json:"used_frqu_dscr" wire:"C200"`
	Days         Number          `json:"prd_days" wire:"N4,2"`
	Way          string          `json:"medc_way_dscr" wire:"C200"`
	Amount       settle.Fen      `json:"det_item_fee_sumamt"`
	DeptCode     string          `json:"bilg_dept_codg" wire:"C30*"`
	DeptName     string          `json:"bilg_dept_name" wire:"C100*"`
	DoctorCode   string          `json:"bilg_dr_codg" wire:"C30*"`
	DoctorName   string          `json:"bilg_dr_name" wire:"C50*"`
	Approved     string          `json:"hosp_appr_flag" wire:"C3*"`
	ToDeptCode   string          `json:"acord_dept_codg" wire:"C30"`
	ToDeptName   string          `json:"acord_dept_name" wire:"C100"`
	OrderCode    string          `json:"orders_dr_code" wire:"C30"`
	OrderName    string          `json:"orders_dr_name" wire:"C50"`
	HerbUse      string          `json:"tcmdrug_used_way" wire:"C6"`
	Outsourced   string          `json:"etip_flag" wire:"C3"`
	OutsourcedTo string          `json:"etip_hosp_code" wire:"C30"`
	TakeHome     string          `json:"dscg_tkdrug_flag" wire:"C3"`
	Maternity    string          `json:"matn_fee_flag" wire:"C6"`
	HospitalName string          `json:"medins_list_name,omitempty"`         // 院内目录名称, Guangdong
	Unchecked    string          `json:"unchk_flag,omitempty"`               // 不进行审核标志, Guangdong
	UncheckedFor string          `json:"unchk_memo,omitempty"`               // 不进行审核原因, Guangdong
	Extension    string          `json:"exp_content,omitempty" wire:"C4000"` // 字段扩展, JSON in text in some provinces
}

// FeeOutput is the output of 2204 and 2301 (interface 3.7).
type FeeOutput struct {
	Rows List[FeeResult] `json:"result"`
}

// FeeResult is a line of the answer to 2204: Amount = SelfFunded + OverCap +
// FirstSelfPay + InScope (L1).
type FeeResult struct {
	LineNo       Text   `json:"feedetl_sn"`
	Amount       Amount `json:"det_item_fee_sumamt"`
	Quantity     Text   `json:"cnt"`
	Price        Text   `json:"pric"`
	Ceiling      Text   `json:"pric_uplmt_amt"` // yuan a unit; 999999 and 99999999 are no ceiling
	Ratio        Text   `json:"selfpay_prop"`
	SelfFunded   Amount `json:"fulamt_ownpay_amt"`
	OverCap      Amount `json:"overlmt_amt"`
	FirstSelfPay Amount `json:"preselfpay_amt"`
	InScope      Amount `json:"inscp_scp_amt"`
	Grade        Text   `json:"chrgitm_lv"`
	ChargeKind   Text   `json:"med_chrgitm_type"`
	Restricted   Text   `json:"lmt_used_flag"`
	Essential    Text   `json:"bas_medn_flag"`     // 基本药物
	Negotiated   Text   `json:"hi_nego_drug_flag"` // 医保谈判药品
	ForChildren  Text   `json:"chld_medc_flag"`    // 儿童用药
	Special      Text   `json:"list_sp_item_flag"` // 目录特项
	Direct       Text   `json:"drt_reim_flag"`     // 直报
	Memo         Text   `json:"memo"`
	Extension    Text   `json:"exp_content"`
}

// ReadFees reads the answer to 2204 or 2301.
func ReadFees(r Reply) ([]FeeResult, error) {
	var out FeeOutput
	err := r.read(&out)
	return out.Rows, err
}

// DropFees is the request 2205 费用明细撤销; batch "0000" means all that are not
// settled.
type DropFees struct {
	Data struct {
		VisitID  string `json:"mdtrt_id" wire:"C30*"`
		Batch    string `json:"chrg_bchno" wire:"C30*"`
		PersonNo Told   `json:"psn_no" wire:"C30*"`
	} `json:"data"`
}

// AllBatches is the batch number of 2205 for all fees that are not settled.
const AllBatches = "0000"

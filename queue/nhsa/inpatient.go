package nhsa

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// BUG(settled): the public texts give the inpatients' transactions in brief. Admission,
// discharge and change have here only the fields that are certain; what a province needs
// besides goes into Extra.

// Extra are fields of a node that this package does not know, by name; they are sent as
// they are, after the others, and print masked.
type Extra map[string]Told

// encode writes a node with the fields that are extra. A name of the node's own is not
// written twice.
func (x Extra) encode(node any) ([]byte, error) {
	own, err := compact(node)
	if err != nil || len(x) == 0 {
		return own, err
	}
	var names map[string]json.RawMessage
	if err := json.Unmarshal(own, &names); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(x)) {
		if has(names, name) {
			continue
		}
		key, err := compact(name)
		if err != nil {
			return nil, err
		}
		value, err := compact(x[name])
		if err != nil {
			return nil, err
		}
		own = slices.Concat(own[:len(own)-1], []byte(","), key, []byte(":"), value, []byte("}"))
	}
	return own, nil
}

// InpatientFees is the request 2301 住院费用明细上传 (interface 3.11): at most 100 lines, all
// or nothing.
type InpatientFees struct {
	Fees []InpatientFee `json:"feedetail" wire:"L100*"`
}

// InpatientFee is a line of 2301. One that takes a line back has its number in Original,
// a negative quantity and amount, and the positive price.
type InpatientFee struct {
	LineNo       string          `json:"feedetl_sn" wire:"C30*"`
	Original     string          `json:"init_feedetl_sn" wire:"C30"` // 原费用流水号
	VisitID      string          `json:"mdtrt_id" wire:"C30*"`
	PersonNo     Told            `json:"psn_no" wire:"C30*"`
	Order        string          `json:"drord_no" wire:"C30"` // 医嘱号
	MedType      string          `json:"med_type" wire:"C6"`
	Time         string          `json:"fee_ocur_time" wire:"T*"`
	Code         string          `json:"med_list_codg" wire:"C50*"`
	HospitalCode string          `json:"medins_list_codg" wire:"C150*"`
	Amount       settle.Fen      `json:"det_item_fee_sumamt"`
	Quantity     decimal.Decimal `json:"cnt" wire:"-N16,4*"`
	Price        decimal.Decimal `json:"pric" wire:"N16,6*"`
	DeptCode     string          `json:"bilg_dept_codg" wire:"C30"`
	DeptName     string          `json:"bilg_dept_name" wire:"C100"`
	DoctorCode   string          `json:"bilg_dr_codg" wire:"C30"`
	DoctorName   string          `json:"bilg_dr_name" wire:"C50"`
	ToDeptCode   string          `json:"acord_dept_codg" wire:"C30"`
	ToDeptName   string          `json:"acord_dept_name" wire:"C100"`
	OrderCode    string          `json:"orders_dr_code" wire:"C30"`
	OrderName    string          `json:"orders_dr_name" wire:"C50"`
	Approved     string          `json:"hosp_appr_flag" wire:"C3"`
	HerbUse      string          `json:"tcmdrug_used_way" wire:"C6"`
	Outsourced   string          `json:"etip_flag" wire:"C3"`
	OutsourcedTo string          `json:"etip_hosp_code" wire:"C30"`
	TakeHome     string          `json:"dscg_tkdrug_flag" wire:"C3"`
	Maternity    string          `json:"matn_fee_flag" wire:"C6"`
	Memo         string          `json:"memo" wire:"C500"`
}

// InpatientDrop is the request 2302 住院费用明细撤销; line [AllBatches] means all that are
// not settled.
type InpatientDrop struct {
	Data struct {
		LineNo   string `json:"feedetl_sn" wire:"C30*"`
		VisitID  string `json:"mdtrt_id" wire:"C30*"`
		PersonNo Told   `json:"psn_no" wire:"C30*"`
	} `json:"data"`
}

// InpatientTrial is the request 2303 住院预结算.
type InpatientTrial struct {
	Data struct {
		PersonNo Told       `json:"psn_no" wire:"C30*"`
		CertKind string     `json:"mdtrt_cert_type" wire:"C3"`
		CertNo   Told       `json:"mdtrt_cert_no" wire:"C50"`
		Total    settle.Fen `json:"medfee_sumamt"`
		Way      string     `json:"psn_setlway" wire:"C6"`
		VisitID  string     `json:"mdtrt_id" wire:"C30*"`
		Accounts string     `json:"acct_used_flag" wire:"C3"`
		Type     string     `json:"insutype" wire:"C6"`
	} `json:"data"`
}

// InpatientFinal is the request 2304 住院结算: the trial, with its four parts of the total.
type InpatientFinal struct {
	Data struct {
		PersonNo     Told       `json:"psn_no" wire:"C30*"`
		CertKind     string     `json:"mdtrt_cert_type" wire:"C3"`
		CertNo       Told       `json:"mdtrt_cert_no" wire:"C50"`
		Total        settle.Fen `json:"medfee_sumamt"`
		Way          string     `json:"psn_setlway" wire:"C6"`
		VisitID      string     `json:"mdtrt_id" wire:"C30*"`
		Accounts     string     `json:"acct_used_flag" wire:"C3"`
		Type         string     `json:"insutype" wire:"C6"`
		Invoice      string     `json:"invono" wire:"C20"`
		SelfFunded   settle.Fen `json:"fulamt_ownpay_amt"`
		OverCap      settle.Fen `json:"overlmt_selfpay"`
		FirstSelfPay settle.Fen `json:"preselfpay_amt"`
		InScope      settle.Fen `json:"inscp_scp_amt"`
	} `json:"data"`
}

// Admission is the request 2401 入院办理.
type Admission struct {
	Stay Admitted `json:"mdtrtinfo"`
}

// Admitted is mdtrtinfo of 2401.
type Admitted struct {
	PersonNo Told  `json:"psn_no" wire:"C30*"`
	Extra    Extra `json:"-"`
}

// MarshalJSON adds what is extra.
func (a Admitted) MarshalJSON() ([]byte, error) {
	type plain Admitted
	return a.Extra.encode(plain(a))
}

// AdmissionOutput is the output of 2401.
type AdmissionOutput struct {
	Result List[AdmissionResult] `json:"result"`
}

// AdmissionResult is the answer to 2401.
type AdmissionResult struct {
	VisitID Text `json:"mdtrt_id"`
}

// Stay is what discharges and changes are about.
type Stay struct {
	VisitID  string `json:"mdtrt_id" wire:"C30*"`
	PersonNo Told   `json:"psn_no" wire:"C30*"`
	Extra    Extra  `json:"-"`
}

// MarshalJSON adds what is extra.
func (s Stay) MarshalJSON() ([]byte, error) {
	type plain Stay
	return s.Extra.encode(plain(s))
}

// Discharge is the request 2402 出院办理.
type Discharge struct {
	Stay Stay `json:"dscginfo"`
}

// StayChange is the request 2403 住院信息变更.
type StayChange struct {
	Stay Stay `json:"adminfo"`
}

// Unadmit is the request 2404 入院撤销 or 2405 出院撤销.
type Unadmit struct {
	Stay Stay `json:"data"`
}

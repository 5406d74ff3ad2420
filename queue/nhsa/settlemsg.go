package nhsa

import (
	"strings"

	"settled/settle"
)

// Trial is the request 2206 or 2206A 预结算.
type Trial struct {
	Data struct {
		PersonNo   Told       `json:"psn_no" wire:"C30*"`
		CertKind   string     `json:"mdtrt_cert_type" wire:"C3*"`
		CertNo     Told       `json:"mdtrt_cert_no" wire:"C50*"`
		CardCode   Told       `json:"card_sn,omitempty" wire:"C32"` // this and the next four: Hunan, and out of town
		PersonCert string     `json:"psn_cert_type,omitempty" wire:"C6"`
		IDNumber   Told       `json:"certno,omitempty" wire:"C50"`
		PersonType string     `json:"psn_type,omitempty" wire:"C6"`
		Name       Told       `json:"psn_name,omitempty" wire:"C50"`
		MedType    string     `json:"med_type" wire:"C6*"`
		Total      settle.Fen `json:"medfee_sumamt"`
		Way        string     `json:"psn_setlway" wire:"C6*"`
		VisitID    string     `json:"mdtrt_id" wire:"C30*"`
		Batch      string     `json:"chrg_bchno" wire:"C30*"`
		Accounts   string     `json:"acct_used_flag" wire:"C1*"`
		Type       string     `json:"insutype" wire:"C6*"`
	} `json:"data"`
}

// Final is the request 2207 or 2207A 结算: the trial, with its four parts of the total.
type Final struct {
	Data struct {
		PersonNo     Told       `json:"psn_no" wire:"C30*"`
		CertKind     string     `json:"mdtrt_cert_type" wire:"C3*"`
		CertNo       Told       `json:"mdtrt_cert_no" wire:"C50*"`
		CardCode     Told       `json:"card_sn,omitempty" wire:"C32"` // this and the next four: Hunan, and out of town
		PersonCert   string     `json:"psn_cert_type,omitempty" wire:"C6"`
		IDNumber     Told       `json:"certno,omitempty" wire:"C50"`
		PersonType   string     `json:"psn_type,omitempty" wire:"C6"`
		Name         Told       `json:"psn_name,omitempty" wire:"C50"`
		MedType      string     `json:"med_type" wire:"C6*"`
		Total        settle.Fen `json:"medfee_sumamt"`
		Way          string     `json:"psn_setlway" wire:"C6*"`
		VisitID      string     `json:"mdtrt_id" wire:"C30*"`
		Batch        string     `json:"chrg_bchno" wire:"C30*"`
		Type         string     `json:"insutype" wire:"C6*"`
		Accounts     string     `json:"acct_used_flag" wire:"C1*"`
		SelfFunded   settle.Fen `json:"fulamt_ownpay_amt"`
		OverCap      settle.Fen `json:"overlmt_selfpay"`
		FirstSelfPay settle.Fen `json:"preselfpay_amt"`
		InScope      settle.Fen `json:"inscp_scp_amt"`
		Invoice      string     `json:"invono,omitempty" wire:"C20"` // 发票号
	} `json:"data"`
}

// Cancel is the request 2208 结算撤销, of an inpatient 2305: it takes a known settlement back.
type Cancel struct {
	Data struct {
		SettlementID string `json:"setl_id" wire:"C30*"`
		VisitID      string `json:"mdtrt_id" wire:"C30*"`
		PersonNo     Told   `json:"psn_no" wire:"C30*"`
	} `json:"data"`
}

// NewCancel makes the request 2208.
func NewCancel(setlID, visitID string, personNo Told) Cancel {
	var c Cancel
	c.Data.SettlementID, c.Data.VisitID, c.Data.PersonNo = setlID, visitID, personNo
	return c
}

// Reverse is the request 2601 冲正: it takes back what an earlier message did, if it
// did anything.
type Reverse struct {
	Data struct {
		PersonNo Told   `json:"psn_no" wire:"C30*"`
		MsgID    string `json:"omsgid" wire:"C30*"`
		Infno    string `json:"oinfno" wire:"C6*"`
	} `json:"data"`
}

// NewReverse makes the request 2601 for a message of transaction infno (2207 or
// 2208; 2102, 2103, 2304, 2305, 2401 are reversible too).
func NewReverse(personNo Told, infno, msgid string) Reverse {
	var r Reverse
	r.Data.PersonNo, r.Data.Infno, r.Data.MsgID = personNo, infno, msgid
	return r
}

// SettlementOutput is the output of 2206, 2207, 2208 and of the inpatients' 2303, 2304,
// 2305 (interface 3.8, 3.9, 3.11).
type SettlementOutput struct {
	Info   List[Setlinfo] `json:"setlinfo"`
	Detail List[FundRow]  `json:"setldetail"`
}

// Setlinfo is setlinfo of the answers to trials, settlements and their undoing, as it
// comes.
type Setlinfo struct {
	VisitID      Text   `json:"mdtrt_id"`
	SettlementID Text   `json:"setl_id"`
	PersonNo     Told   `json:"psn_no"`
	Name         Told   `json:"psn_name"`
	PersonCert   Text   `json:"psn_cert_type"`
	IDNumber     Told   `json:"certno"`
	Sex          Text   `json:"gend"`
	Nation       Text   `json:"naty"`
	Birth        Told   `json:"brdy"`
	Age          Text   `json:"age"`
	Type         Text   `json:"insutype"`
	PersonType   Text   `json:"psn_type"`
	ServantFlag  Text   `json:"cvlserv_flag"` // 公务员标志
	Time         Text   `json:"setl_time"`
	CertKind     Text   `json:"mdtrt_cert_type"`
	MedType      Text   `json:"med_type"`
	Total        Amount `json:"medfee_sumamt"`
	SelfFunded   Amount `json:"fulamt_ownpay_amt"`
	OverCap      Amount `json:"overlmt_selfpay"`
	FirstSelfPay Amount `json:"preselfpay_amt"`
	InScope      Amount `json:"inscp_scp_amt"`
	Deductible   Amount `json:"act_pay_dedc"`
	Pool         Amount `json:"hifp_pay"`
	PoolRatio    Text   `json:"pool_prop_selfpay"` // 统筹支付比例; 0 in all replies seen
	Servant      Amount `json:"cvlserv_pay"`
	Enterprise   Amount `json:"hifes_pay"`
	Serious      Amount `json:"hifmi_pay"`
	LargeSum     Amount `json:"hifob_pay"`
	Aid          Amount `json:"maf_pay"`
	Disabled     Amount `json:"hifdm_pay"`
	Other        Amount `json:"oth_pay"`
	OtherFund    Amount `json:"othfund_pay"`
	Fund         Amount `json:"fund_pay_sumamt"`
	Personal     Amount `json:"psn_part_amt"`
	Account      Amount `json:"acct_pay"` // own and family together (I5)
	Cash         Amount `json:"psn_cash_pay"`
	CashMisspelt Amount `json:"pdn_cash_pay"`
	Hospital     Amount `json:"hosp_part_amt"`
	Balance      Amount `json:"balc"`
	Family       Amount `json:"acct_mulaid_pay"`
	SenderID     Text   `json:"medins_setl_id"`
	ClearingArea Text   `json:"clr_optins"`
	ClearingWay  Text   `json:"clr_way"`
	ClearingType Text   `json:"clr_type"`

	// Seen in Chongqing; nothing is computed from them.
	HospitalSelf Figure `json:"ownpay_hosp_part"` // 自费医院负担
	PersonPay    Figure `json:"psn_pay"`          // 个人支付
	DeductStd    Figure `json:"dedc_std"`         // 起付标准
	DeductNow    Figure `json:"crt_dedc"`         // 本次起付线
}

// FundRow is a row of setldetail: funds, accounts (310200, 310201) and the
// hospital's part, by type.
type FundRow struct {
	Type    Text   `json:"fund_pay_type"`
	Name    Text   `json:"fund_pay_type_name"`
	Amount  Amount `json:"fund_payamt"`
	InScope Figure `json:"inscp_scp_amt"`
	Limit   Figure `json:"crt_payb_lmt_amt"` // 本次可支付限额金额
	Process Told   `json:"setl_proc_info"`   // 结算过程信息
}

// ReadSettlement reads the answer to 2206, 2207 or 2208, or to an inpatient's 2303, 2304
// or 2305.
func ReadSettlement(r Reply) (Setlinfo, []FundRow, error) {
	var out SettlementOutput
	if err := r.read(&out); err != nil {
		return Setlinfo{}, nil, err
	}
	if len(out.Info) == 0 {
		return Setlinfo{}, nil, r.lacking("setlinfo")
	}
	info := out.Info[0]
	switch {
	case !info.Total.Known:
		return Setlinfo{}, nil, r.lacking("medfee_sumamt")
	case !r.trial() && info.SettlementID == "":
		return Setlinfo{}, nil, r.lacking("setl_id")
	}
	if !info.Cash.Known {
		info.Cash = info.CashMisspelt
	}
	return info, out.Detail, nil
}

// trial tells whether the reply is to a trial, which makes no settlement.
func (r Reply) trial() bool {
	return strings.HasPrefix(r.Infno, InfoTrial) || r.Infno == InfoInpatientTrial
}

package nhsa

import "settled/settle"

// Trial is the request 2206 预结算.
type Trial struct {
	Data struct {
		PersonNo Told       `json:"psn_no" wire:"C30*"`
		CertKind string     `json:"mdtrt_cert_type" wire:"C3*"`
		CertNo   Told       `json:"mdtrt_cert_no" wire:"C50*"`
		MedType  string     `json:"med_type" wire:"C6*"`
		Total    settle.Fen `json:"medfee_sumamt"`
		Way      string     `json:"psn_setlway" wire:"C6*"`
		VisitID  string     `json:"mdtrt_id" wire:"C30*"`
		Batch    string     `json:"chrg_bchno" wire:"C30*"`
		Accounts string     `json:"acct_used_flag" wire:"C1*"`
		Type     string     `json:"insutype" wire:"C6*"`
	} `json:"data"`
}

// Final is the request 2207 结算: the trial, with its four parts of the total.
type Final struct {
	Data struct {
		PersonNo     Told       `json:"psn_no" wire:"C30*"`
		CertKind     string     `json:"mdtrt_cert_type" wire:"C3*"`
		CertNo       Told       `json:"mdtrt_cert_no" wire:"C50*"`
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
	} `json:"data"`
}

// Cancel is the request 2208 结算撤销: it takes a known settlement back.
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

// Setlinfo is setlinfo of the answers to 2206, 2207 and 2208, as it comes.
type Setlinfo struct {
	VisitID      Text   `json:"mdtrt_id"`
	SettlementID Text   `json:"setl_id"`
	PersonNo     Told   `json:"psn_no"`
	Time         Text   `json:"setl_time"`
	Total        Amount `json:"medfee_sumamt"`
	SelfFunded   Amount `json:"fulamt_ownpay_amt"`
	OverCap      Amount `json:"overlmt_selfpay"`
	FirstSelfPay Amount `json:"preselfpay_amt"`
	InScope      Amount `json:"inscp_scp_amt"`
	Deductible   Amount `json:"act_pay_dedc"`
	Pool         Amount `json:"hifp_pay"`
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
}

// FundRow is a row of setldetail: funds, accounts (310200, 310201) and the
// hospital's part, by type.
type FundRow struct {
	Type   Text   `json:"fund_pay_type"`
	Name   Text   `json:"fund_pay_type_name"`
	Amount Amount `json:"fund_payamt"`
}

// ReadSettlement reads the answer to 2206, 2207 or 2208.
func ReadSettlement(r Reply) (Setlinfo, []FundRow, error) {
	var out struct {
		Info   List[Setlinfo] `json:"setlinfo"`
		Detail List[FundRow]  `json:"setldetail"`
	}
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
	case r.Infno != InfoTrial && info.SettlementID == "":
		return Setlinfo{}, nil, r.lacking("setl_id")
	}
	if !info.Cash.Known {
		info.Cash = info.CashMisspelt
	}
	return info, out.Detail, nil
}

package nhsa

import "settled/settle"

// Totals is the request 3201 对总账 (interface 3.13): what the institution has for a period
// (by setl_time), an insurance type, a clearing type and a clearing office. Sums are net of
// refunds unless Refunded splits them.
type Totals struct {
	Data struct {
		Type     string     `json:"insutype" wire:"C6*"`
		Clearing string     `json:"clr_type" wire:"C6*"`
		Office   string     `json:"setl_optins" wire:"C6*"` // 结算经办机构
		From     string     `json:"stmt_begndate" wire:"D*"`
		To       string     `json:"stmt_enddate" wire:"D*"`
		Total    settle.Fen `json:"medfee_sumamt"`
		Fund     settle.Fen `json:"fund_pay_sumamt"`
		Account  settle.Fen `json:"acct_pay"`
		Count    Number     `json:"fixmedins_setl_cnt" wire:"N10,0*"`
		Refunded string     `json:"refd_setl_flag,omitempty" wire:"C6"`
	} `json:"data"`
}

// TotalsOutput is the output of 3201.
type TotalsOutput struct {
	Rows List[TotalsResult] `json:"stmtinfo"`
}

// TotalsResult is the answer to 3201.
type TotalsResult struct {
	Office Text `json:"setl_optins"`
	Result Text `json:"stmt_rslt"` // 0 equal
	Words  Text `json:"stmt_rslt_dscr"`
}

// ReadTotals reads the answer to 3201.
func ReadTotals(r Reply) (TotalsResult, error) {
	var out TotalsOutput
	if err := r.read(&out); err != nil {
		return TotalsResult{}, err
	}
	if len(out.Rows) == 0 || out.Rows[0].Result == "" {
		return TotalsResult{}, r.lacking("stmt_rslt")
	}
	return out.Rows[0], nil
}

// Details is the request 3202 对明细账 (interface 3.14), once the file of [WriteStatement]
// was uploaded. It is for a period for which 3201 said unequal.
type Details struct {
	Data struct {
		Office   string     `json:"setl_optins" wire:"C6*"`
		File     string     `json:"file_qury_no" wire:"C100*"`
		From     string     `json:"stmt_begndate" wire:"D*"`
		To       string     `json:"stmt_enddate" wire:"D*"`
		Total    settle.Fen `json:"medfee_sumamt"`
		Fund     settle.Fen `json:"fund_pay_sumamt"`
		Cash     settle.Fen `json:"cash_payamt"`
		Count    Number     `json:"fixmedins_setl_cnt" wire:"N10,0*"`
		Clearing string     `json:"clr_type,omitempty" wire:"C6"` // since V1.2
		Refunded string     `json:"refd_setl_flag,omitempty" wire:"C3"`
	} `json:"data"`
}

// DetailsOutput is the output of 3202.
type DetailsOutput struct {
	File List[FileNote] `json:"fileinfo"`
}

// ReadDetails reads the answer to 3202: where the file for [ReadStatement] is.
func ReadDetails(r Reply) (FileNote, error) {
	var out DetailsOutput
	if err := r.read(&out); err != nil {
		return FileNote{}, err
	}
	if len(out.File) == 0 || out.File[0].No == "" {
		return FileNote{}, r.lacking("file_qury_no")
	}
	return out.File[0], nil
}

// Claim is the request 3203 清算申请: the institution asks for a month's money.
type Claim struct {
	Data struct {
		Clearing string     `json:"clr_type" wire:"C6*"`
		Way      string     `json:"clr_way" wire:"C6*"`
		Month    string     `json:"setlym" wire:"C6*"` // yyyyMM
		Persons  Number     `json:"psntime" wire:"N10,0*"`
		Total    settle.Fen `json:"medfee_sumamt"`
		InScope  settle.Fen `json:"med_sumfee"` // 医保认可费用总额
		Fund     settle.Fen `json:"fund_appy_sum"`
		Cash     settle.Fen `json:"cash_payamt"`
		Account  settle.Fen `json:"acct_pay"`
		From     string     `json:"begndate" wire:"D*"`
		To       string     `json:"enddate" wire:"D*"`
	} `json:"data"`
}

// ClaimOutput is the output of 3203.
type ClaimOutput struct {
	Result List[Claimed] `json:"result"`
}

// Claimed is the answer to 3203.
type Claimed struct {
	ID Text `json:"clr_appy_evt_id"` // 机构清算申请事件ID
}

// ReadClaimed reads the answer to 3203.
func ReadClaimed(r Reply) (Claimed, error) {
	var out ClaimOutput
	if err := r.read(&out); err != nil {
		return Claimed{}, err
	}
	if len(out.Result) == 0 || out.Result[0].ID == "" {
		return Claimed{}, r.lacking("clr_appy_evt_id")
	}
	return out.Result[0], nil
}

// Unclaim is the request 3204 清算申请撤销.
type Unclaim struct {
	Data struct {
		ID string `json:"clr_appy_evt_id" wire:"C30*"`
	} `json:"data"`
}

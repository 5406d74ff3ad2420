package nhsa

import (
	"errors"
	"fmt"

	"settled/settle"
)

// Result is what the platform made of a settlement, by who pays: Total = Fund + Own +
// Family + Cash + Hospital.
type Result struct {
	SettlementID string     `json:"setl_id,omitempty"` // "" in a trial
	VisitID      string     `json:"mdtrt_id"`
	PersonNo     Told       `json:"psn_no"`
	MsgID        string     `json:"msgid"`        // of the request that made it: the omsgid of a reversal, the key of statements
	RefMsgID     string     `json:"inf_refmsgid"` // of the answer
	Time         string     `json:"setl_time,omitempty"`
	Total        settle.Fen `json:"total"`
	Fund         settle.Fen `json:"fund"`     // fund_pay_sumamt
	Own          settle.Fen `json:"own"`      // acct_pay less acct_mulaid_pay (I5)
	Family       settle.Fen `json:"mutual"`   // acct_mulaid_pay
	Cash         settle.Fen `json:"cash"`     // psn_cash_pay
	Hospital     settle.Fen `json:"hospital"` // hosp_part_amt
	SelfFunded   settle.Fen `json:"fulamt_ownpay_amt"`
	OverCap      settle.Fen `json:"overlmt_selfpay"`
	FirstSelfPay settle.Fen `json:"preselfpay_amt"`
	InScope      settle.Fen `json:"inscp_scp_amt"`
	Deductible   settle.Fen `json:"act_pay_dedc"`
	Balance      settle.Fen `json:"balc"` // of the patient's own account, after
	Funds        []Paid     `json:"funds"`
	Clearing     string     `json:"clr_optins,omitempty"`
	ClearingType string     `json:"clr_type,omitempty"`
	ClearingWay  string     `json:"clr_way,omitempty"`
	Warnings     []string   `json:"warnings,omitempty"` // identities that do not hold, and the like

	senderID string // medins_setl_id: the message that it answers, if it says so
}

// Paid is a row of setldetail.
type Paid struct {
	Type   string     `json:"type"`
	Name   string     `json:"name,omitempty"`
	Amount settle.Fen `json:"amount"`
}

// ReadResult reads the answer to 2206, 2207 or 2208, which was asked with msgid, and
// checks the identities I1 to I5 and S1. One that does not hold is a warning, since
// the platform is the authority; one with a part missing is not checked.
func ReadResult(msgid string, r Reply) (Result, error) {
	info, rows, err := ReadSettlement(r)
	if err != nil {
		return Result{}, err
	}
	res := info.result()
	res.MsgID, res.RefMsgID, res.senderID = msgid, r.RefMsgID, string(info.SenderID)
	for _, row := range rows {
		res.Funds = append(res.Funds, Paid{Type: string(row.Type), Name: string(row.Name), Amount: row.Amount.Fen})
	}
	res.Warnings = r.identities().warnings()
	if info.Family.Fen > info.Account.Fen && info.Total.Fen >= 0 {
		res.Warnings = append(res.Warnings, fmt.Sprintf("I5 family %s is over account %s", info.Family.Fen, info.Account.Fen))
	}
	if sender := res.senderID; !r.trial() && sender != "" && sender != msgid {
		res.Warnings = append(res.Warnings, fmt.Sprintf("medins_setl_id %s is not the msgid %s of the request", settle.Clip(sender), msgid))
	}
	return res, nil
}

// readOwn is ReadResult of an answer that must be about a person and a visit, as far as it
// names them, and to this very message where it names another one of the institution's.
func readOwn(msgid string, r Reply, person Told, visit string) (Result, error) {
	res, err := ReadResult(msgid, r)
	if err == nil {
		err = errors.Join(r.about("person", string(res.PersonNo), string(person)), r.about("visit", res.VisitID, visit))
	}
	if err == nil && !r.trial() && sameInstitution(res.senderID, msgid) {
		err = r.about("message", res.senderID, msgid)
	}
	return res, err
}

// sameInstitution tells whether both are message ids of one institution, whose code they
// begin with (interface 1.4): what another program of it wrote there is none.
func sameInstitution(a, b string) bool {
	const code = 12
	return len(a) == len(b) && len(a) > code && a[:code] == b[:code]
}

func (s Setlinfo) result() Result {
	return Result{
		SettlementID: string(s.SettlementID), VisitID: string(s.VisitID), PersonNo: s.PersonNo, Time: string(s.Time),
		Total: s.Total.Fen, Fund: s.Fund.Fen, Own: s.Account.Fen - s.Family.Fen, Family: s.Family.Fen,
		Cash: s.Cash.Fen, Hospital: s.Hospital.Fen, SelfFunded: s.SelfFunded.Fen, OverCap: s.OverCap.Fen,
		FirstSelfPay: s.FirstSelfPay.Fen, InScope: s.InScope.Fen, Deductible: s.Deductible.Fen, Balance: s.Balance.Fen,
		Clearing: string(s.ClearingArea), ClearingType: string(s.ClearingType), ClearingWay: string(s.ClearingWay),
	}
}

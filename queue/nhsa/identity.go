package nhsa

import (
	"fmt"

	"settled/settle"
)

// Whether an identity between the amounts holds (interface 5).
const (
	StatusHolds         = "holds"
	StatusBroken        = "broken"
	StatusNotApplicable = "not_applicable" // no such amounts, or a part of it is not told
)

// Identity is whether both sides of an equation are the same, with the figures, in
// yuan.
type Identity struct {
	Status string      `json:"status"`
	Left   *settle.Fen `json:"left,omitempty"`
	Right  *settle.Fen `json:"right,omitempty"`
	Rows   int         `json:"rows,omitempty"`   // L1: lines looked at
	Broken []string    `json:"broken,omitempty"` // L1: feedetl_sn of those that do not hold
}

// Identities are the equations of the interface's amounts.
type Identities struct {
	I1 Identity `json:"I1"` // total = fund + personal + hospital
	I2 Identity `json:"I2"` // personal = account + cash
	I3 Identity `json:"I3"` // fund = sum of the funds
	I4 Identity `json:"I4"` // total = self-funded + over cap + first self-pay + in scope
	S1 Identity `json:"S1"` // sum of the detail rows = total - cash
	L1 Identity `json:"L1"` // a line's amount = its four parts
}

func noIdentities() Identities {
	none := Identity{Status: StatusNotApplicable}
	return Identities{none, none, none, none, none, none}
}

// identities checks the amounts of a reply that says yes.
func (r Reply) identities() Identities {
	out, err := readObject(r.Output)
	if err != nil {
		return noIdentities()
	}
	return identitiesOf(baseInfno(r.Infno), out)
}

// warnings says which identities do not hold.
func (i Identities) warnings() []string {
	var list []string
	for _, one := range []struct {
		text string
		Identity
	}{
		{"I1 total = fund + personal + hospital", i.I1},
		{"I2 personal = account + cash", i.I2},
		{"I3 fund = sum of funds", i.I3},
		{"I4 total = self-funded + over cap + first self-pay + in scope", i.I4},
		{"S1 rows = total less cash", i.S1},
	} {
		if one.Status == StatusBroken {
			list = append(list, fmt.Sprintf("%s: %s is not %s", one.text, one.Left, one.Right))
		}
	}
	return list
}

// identitiesOf checks the answers to trials, settlements, reversals and fees; others,
// the queries among them, do not fill all amounts.
func identitiesOf(infno string, out any) Identities {
	ids := noIdentities()
	o, ok := out.(map[string]any)
	if !ok {
		return ids
	}
	switch infno {
	case "2206", "2207", "2208", "2303", "2304", "2305":
		rows := rowsOf(child(o, "setlinfo"))
		if len(rows) == 0 {
			return ids
		}
		row := rows[0]
		ids.I1 = equation(row, "medfee_sumamt", "fund_pay_sumamt", "psn_part_amt", "hosp_part_amt")
		ids.I2 = equation(row, "psn_part_amt", "acct_pay", cashField(row))
		ids.I3 = fundSum(row)
		ids.I4 = fourParts(row)
		ids.S1 = detailSum(row, rowsOf(child(o, "setldetail")))
	case "2204", "2301":
		ids.L1 = lineSums(rowsOf(child(o, "result")))
	}
	return ids
}

// cashField: the text misspells it for 2208.
func cashField(row map[string]any) string {
	if _, known := amountOf(row, "psn_cash_pay"); !known && has(row, "pdn_cash_pay") {
		return "pdn_cash_pay"
	}
	return "psn_cash_pay"
}

func fourParts(row map[string]any) Identity {
	return equation(row, "medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
}

// equation checks left = sum of right; one part that is not told leaves it open.
func equation(row map[string]any, left string, right ...string) Identity {
	l, known := amountOf(row, left)
	var sum settle.Fen
	for _, name := range right {
		fen, ok := amountOf(row, name)
		known = known && ok
		sum += fen
	}
	if !known {
		return Identity{Status: StatusNotApplicable}
	}
	return same(l, sum)
}

func same(l, r settle.Fen) Identity {
	status := StatusHolds
	if l != r {
		status = StatusBroken
	}
	return Identity{Status: status, Left: &l, Right: &r}
}

// fundSum: funds that a province does not have are not told and count as nothing,
// unless the sum then does not hold.
func fundSum(row map[string]any) Identity {
	fund, known := amountOf(row, "fund_pay_sumamt")
	var sum settle.Fen
	told, open := 0, false
	for _, name := range [...]string{"hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay"} {
		fen, ok := amountOf(row, name)
		sum += fen
		if ok {
			told++
		} else {
			open = true
		}
	}
	for _, name := range [...]string{"hifdm_pay", "othfund_pay"} {
		fen, _ := amountOf(row, name)
		sum += fen
	}
	if !known || told == 0 || (open && sum != fund) {
		return Identity{Status: StatusNotApplicable}
	}
	return same(fund, sum)
}

// detailSum: a row without an amount leaves it open, unless the sum holds.
func detailSum(row map[string]any, rows []map[string]any) Identity {
	total, known := amountOf(row, "medfee_sumamt")
	cash, ok := amountOf(row, cashField(row))
	var sum settle.Fen
	told, open := 0, false
	for _, r := range rows {
		fen, ok := amountOf(r, "fund_payamt")
		sum += fen
		if ok {
			told++
		} else {
			open = true
		}
	}
	if !known || !ok || told == 0 || (open && sum != total-cash) {
		return Identity{Status: StatusNotApplicable}
	}
	return same(sum, total-cash)
}

// lineSums checks each line of 2204; the figures are those of the first line that does
// not hold, or the sums over all.
func lineSums(rows []map[string]any) Identity {
	id := Identity{Status: StatusNotApplicable}
	var left, right settle.Fen
	for _, row := range rows {
		line := equation(row, "det_item_fee_sumamt", "fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
		if line.Status == StatusNotApplicable {
			continue
		}
		id.Rows++
		left, right = left+*line.Left, right+*line.Right
		if line.Status == StatusBroken {
			if id.Status != StatusBroken {
				id.Status, id.Left, id.Right = StatusBroken, line.Left, line.Right
			}
			id.Broken = append(id.Broken, text1(row, "feedetl_sn"))
		}
	}
	if id.Rows > 0 && id.Status != StatusBroken {
		id.Status, id.Left, id.Right = StatusHolds, &left, &right
	}
	return id
}

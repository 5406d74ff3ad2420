package cases

import (
	"fmt"

	"settled/settle"
)

// answer is what a settlement case prints: its id and the fields of expected.
type answer struct {
	ID          string                `json:"id"`
	Status      settle.Status         `json:"status"`
	Reasons     []settle.Code         `json:"reasons"`
	Total       settle.Fen            `json:"total"`
	Fund        settle.Fen            `json:"fund"`
	Own         settle.Fen            `json:"own"`
	Mutual      settle.Fen            `json:"mutual"`
	Cash        settle.Fen            `json:"cash"`
	Breakdown   map[string]settle.Fen `json:"fund_breakdown"`
	Deductible  settle.Fen            `json:"deductible"`
	Multiplier  string                `json:"multiplier"`
	Selected    *bool                 `json:"selected"`
	LimitBefore *settle.Fen           `json:"limit_before"`
	LimitAfter  *settle.Fen           `json:"limit_after"`
	Eligible    settle.Fen            `json:"eligible_for_accounts"`
	ByAccount   []draw                `json:"mutual_by_account"`
	Items       []line                `json:"items"`
}

type draw struct {
	Account string       `json:"account_id"`
	Usable  settle.Fen   `json:"usable"`
	Paid    settle.Fen   `json:"paid"`
	Denied  *settle.Code `json:"denied"`
}

type line struct {
	Name         string     `json:"name"`
	Amount       settle.Fen `json:"amount"`
	OverCap      settle.Fen `json:"over_cap"`
	FirstSelfPay settle.Fen `json:"first_self_pay"`
	SelfFunded   settle.Fen `json:"self_funded"`
	InScope      settle.Fen `json:"in_scope"`
	Bucket       string     `json:"bucket"`
	Rate         string     `json:"rate"`
	Fund         settle.Fen `json:"fund"`
}

// answered makes the answer of a split.
func answered(id string, s *settle.Split) answer {
	a := answer{
		ID: id, Status: s.Status, Reasons: s.Reasons, Total: s.Total, Fund: s.Fund, Own: s.Own,
		Mutual: s.Family, Cash: s.Cash, Breakdown: map[string]settle.Fen{}, Deductible: s.Deductible,
		Multiplier: s.Multiplier.StringFixed(max(0, -s.Multiplier.Exponent())), // as the rules write it: "0.90"
		Selected:   s.Selected, LimitBefore: s.LimitBefore,
		LimitAfter: s.LimitAfter, Eligible: s.Eligible,
		ByAccount: make([]draw, len(s.Draws)), Items: make([]line, len(s.Lines)),
	}
	for _, b := range s.Buckets {
		a.Breakdown[string(b.Bucket)] = b.Fund
	}
	for i, d := range s.Draws {
		a.ByAccount[i] = draw{Account: d.AccountID, Usable: d.Usable, Paid: d.Paid}
		if d.Denied != "" {
			a.ByAccount[i].Denied = &d.Denied
		}
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		a.Items[i] = line{l.Name, l.Amount, l.OverCap, l.FirstSelfPay, l.SelfFunded, l.InScope, string(l.Bucket), l.Rate.String(), l.Fund}
	}
	return a
}

// returned is what a refund case prints: the difference by source (F-2, F-3).
type returned struct {
	ID     string `json:"id"`
	Return struct {
		Total  settle.Fen `json:"total"`
		Fund   settle.Fen `json:"fund"`
		Own    settle.Fen `json:"own"`
		Mutual settle.Fen `json:"mutual"`
		Cash   settle.Fen `json:"cash"`
	} `json:"return"`
}

// failed is what a case prints that cannot be computed.
type failed struct {
	ID    string `json:"id"`
	Error string `json:"error"`
}

// keep picks the kept lines, in the bill's order.
func keep(all []settle.Line, indexes []int) ([]settle.Line, error) {
	chosen := make([]bool, len(all))
	for _, i := range indexes {
		if i < 0 || i >= len(all) || chosen[i] {
			return nil, fmt.Errorf("keep_item_indexes: %d is not a line of the original, or stands twice", i)
		}
		chosen[i] = true
	}
	var kept []settle.Line
	for i, l := range all {
		if chosen[i] {
			kept = append(kept, l)
		}
	}
	return kept, nil
}

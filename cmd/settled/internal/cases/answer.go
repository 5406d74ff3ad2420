package cases

import (
	"encoding/json"
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

// settlement computes a settlement case.
func (b *bundle) settlement(k *kase) (answer, error) {
	in, err := b.registry.build(k)
	if err != nil {
		return answer{}, err
	}
	split, err := settle.Compute(b.rules(k.PolicyDate), in.person, in.bill, in.used)
	if err != nil {
		return answer{}, fmt.Errorf("settlement: %w", err)
	}
	return answered(k.ID, &split), nil
}

// refund settles the original whole and then the kept lines alone, both by the rules
// and at the position of the original day; what is left between is given back (F-2).
func (b *bundle) refund(k *kase) (out returned, err error) {
	raw, ok := b.originals[k.Original]
	if !ok {
		return out, fmt.Errorf("original_case: no case %q", settle.Clip(k.Original))
	}
	var original kase
	if err := strict(raw, &original); err != nil {
		return out, fmt.Errorf("original case: %w", err)
	}
	in, err := b.registry.build(&original)
	if err != nil {
		return out, fmt.Errorf("original case: %w", err)
	}
	kept := in.bill
	if kept.Lines, err = keep(in.bill.Lines, k.Keep); err != nil {
		return out, err
	}
	rules := b.rules(original.PolicyDate)
	whole, err := settle.Compute(rules, in.person, in.bill, in.used)
	if err != nil {
		return out, fmt.Errorf("original case: %w", err)
	}
	again, err := settle.Compute(rules, in.person, kept, in.used)
	if err != nil {
		return out, fmt.Errorf("kept lines: %w", err)
	}
	out.ID = k.ID
	out.Return.Total = whole.Total - again.Total
	out.Return.Fund = whole.Fund - again.Fund
	out.Return.Own = whole.Own - again.Own
	out.Return.Mutual = whole.Family - again.Family
	out.Return.Cash = whole.Cash - again.Cash
	return out, nil
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

// line computes one case and gives its line of output; none for a duplicate case.
func (b *bundle) line(raw []byte, number int) ([]byte, error) {
	var k kase
	err := strict(raw, &k)
	if k.ID == "" {
		var name struct {
			ID string `json:"id"`
		}
		_ = json.Unmarshal(raw, &name) // only to name the case in its error
		k.ID = name.ID
	}
	var out any
	switch {
	case err != nil:
	case k.ID == "":
		err = fmt.Errorf("case %d has no id", number)
	case k.Kind == "duplicate":
		return nil, nil
	case k.Kind == "refund":
		out, err = b.refund(&k)
	case k.Kind == "settlement", k.Kind == "":
		out, err = b.settlement(&k)
	default:
		err = fmt.Errorf("kind: %q is not settlement, refund or duplicate", settle.Clip(k.Kind))
	}
	if err != nil {
		out = failed{k.ID, err.Error()}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("case %q: %w", settle.Clip(k.ID), err)
	}
	return append(text, '\n'), nil
}

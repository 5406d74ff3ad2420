package queue

import (
	"context"
	"errors"
	"fmt"

	"settled/queue/journal"
	"settled/settle"
)

// Ack is the platform's word that it has a settlement, with its amounts. They may sum
// to less than the total: the rest is the hospital's part.
type Ack struct {
	Number       string `json:"number"`
	SettlementID string `json:"settlement_id"` // setl_id
	VisitID      string `json:"visit_id"`      // mdtrt_id
	Amounts             // Family is acct_mulaid_pay, Own is acct_pay without it
	RefMsgID     string `json:"ref_msgid"`            // inf_refmsgid
	MsgID        string `json:"msgid"`                // of the request that settled it
	SettledAt    string `json:"settled_at,omitempty"` // setl_time, as the platform writes it
	By           By     `json:"-"`
}

// acked is the body of an "ack" entry.
type acked struct{ Ack }

func (a acked) check() error {
	if a.SettlementID == "" || len(a.SettlementID) > 64 || len(a.VisitID) > 64 || len(a.RefMsgID) > 64 || len(a.MsgID) > 64 || len(a.SettledAt) > 32 {
		return errors.New("acknowledgement without the platform's id, or with one that is too long")
	}
	sum, ok := settle.Sum(a.Fund, a.Own, a.Family, a.Cash)
	if !ok || a.negative() || sum > a.Total {
		return fmt.Errorf("acknowledged amounts %+v", a.Amounts)
	}
	return checkNumber(a.Number)
}

func (a acked) reduce(v *view, e journal.Entry) error {
	err := onDay(v, a.SettledAt, func(d *dayRow) { d.Settled, d.Booked = d.Settled+1, e.N })
	if err != nil {
		return err
	}
	return change(v, a.Number, func(row *settlementRow) error {
		was := row.State
		row.State, row.Ack, row.SettlementID = Acknowledged, e.Loc, a.SettlementID
		if err := row.persons(v, func(_ string, p *personRow) { p.ack(row.Entry, millis(e.At)) }); err != nil {
			return err
		}
		if was == Voided { // it was under way when it was reversed; now its void can go
			row.State = Voided
			return nil
		}
		return leave(v, row, was)
	})
}

// leave takes a settlement out of what waits, and out of the exposure.
func leave(v *view, row *settlementRow, was State) error {
	switch was {
	case OnHold:
		drop(v, holds, seqKey(row.Entry))
		return count(v, row, 0, -1, -1)
	case Pending:
		drop(v, outbox, seqKey(row.Entry))
		return count(v, row, -1, 0, -1)
	case Blocked:
		return count(v, row, 0, 0, -1)
	}
	return nil
}

// Difference says that the platform settled otherwise than the counter did: someone
// collects or refunds.
type Difference struct {
	Number   string  `json:"number"`
	Local    Amounts `json:"local"`
	Platform Amounts `json:"platform"`
}

func (d Difference) check() error {
	if d.Local == d.Platform || d.Local.negative() || d.Platform.negative() {
		return errors.New("difference without one")
	}
	return checkNumber(d.Number)
}

// reduce posts the platform's amounts in place of the split's. How they spread over
// limit and donors the platform does not tell: it is estimated until its next word on
// the persons.
func (d Difference) reduce(v *view, e journal.Entry) error {
	return change(v, d.Number, func(row *settlementRow) error {
		row.Use = useAfter(row, d.Platform.Fund)
		row.Difference, row.Platform = e.Loc, &d.Platform
		row.Own = d.Platform.Own
		was := row.Family
		row.Family = spread(was, d.Platform.Family)
		for _, p := range was { // what is no longer drawn is posted as nothing
			if !hasAccount(row.Family, p.Account) {
				row.Family = append(row.Family, paid{Account: p.Account})
			}
		}
		if err := post(v, row, e.N, millis(e.At)); err != nil {
			return err
		}
		row.Family = spread(was, d.Platform.Family)
		return nil
	})
}

func hasAccount(list []paid, account string) bool {
	for _, p := range list {
		if p.Account == account {
			return true
		}
	}
	return false
}

// useAfter estimates what a settlement used of the limit if the fund paid fund: the
// difference counts as ordinary outpatient money. It may be of a kind that does not
// count; but where the limit was thought to be used up it is just what used it, and an
// estimate must not leave more of the limit than there is.
func useAfter(row *settlementRow, fund settle.Fen) settle.Usage {
	u := row.Use
	more := fund - row.platform().Fund
	u.Ordinary = max(0, u.Ordinary+more)
	if row.Level >= 2 {
		u.OrdinaryLevel2 = min(u.Ordinary, max(0, u.OrdinaryLevel2+more))
	}
	return u
}

// spread estimates how the family's part falls on the accounts: less is taken off the
// last drawn first, more is put on the first. Without an account it falls on none.
func spread(was []paid, family settle.Fen) []paid {
	var list []paid
	left := family
	for _, p := range was {
		p.Amount = min(p.Amount, left)
		left -= p.Amount
		if p.Amount > 0 {
			list = append(list, p)
		}
	}
	if left > 0 && len(list) > 0 {
		list[0].Amount += left
	} else if left > 0 && len(was) > 0 {
		list = []paid{{Account: was[0].Account, Amount: left}}
	}
	return list
}

// Acknowledge keeps that the platform has the settlement, pending or held, or reversed
// here while it was under way. If its amounts differ from the split, a [Difference] is
// written before it, so that no torn write keeps the one without the other, and returned.
// The same acknowledgement again does nothing; another one is refused.
func (q *Queue) Acknowledge(ctx context.Context, a Ack) (*Difference, error) {
	if err := (acked{a}).check(); err != nil {
		return nil, malformed("ack", "%v", err)
	}
	var diff *Difference
	if err := q.later(ctx, func(t *turn) (err error) {
		diff, err = t.acknowledge(a)
		return err
	}); err != nil {
		return nil, err
	}
	return diff, nil
}

// acknowledge is [Queue.Acknowledge] of an acknowledgement that was checked. A refusal
// has added nothing.
func (t *turn) acknowledge(a Ack) (diff *Difference, err error) {
	row, ok, err := get(t.view, settlements, a.Number)
	if err != nil {
		return nil, err
	}
	if !ok || row.Of != "" {
		return nil, noSettlement(a.Number)
	}
	if row.Amounts != a.Amounts {
		diff = &Difference{Number: a.Number, Local: row.Amounts, Platform: a.Amounts}
	}
	switch {
	case row.Ack.Length > 0:
		return diff, t.sameAck(&row, a)
	case row.State == Blocked, row.State == SelfPaid, row.State == Voided && !t.unsure(row.Void):
		return nil, wrongState(a.Number, row.State, "pending, held, or reversed while it was under way")
	case diff != nil && row.platform() != a.Amounts:
		if err := t.add(kindDifference, *diff, nil, nil, a.By); err != nil {
			return nil, err
		}
	}
	return diff, t.add(kindAck, acked{a}, nil, nil, a.By)
}

// unsure tells whether a void waits for what became of its settlement.
func (t *turn) unsure(void string) bool {
	row, ok, err := get(t.view, settlements, void)
	return err == nil && ok && (row.State == Pending || row.State == OnHold)
}

// sameAck refuses an acknowledgement that is not the one that is kept. An ack of the
// same batch has no line to read yet, so the row tells.
func (t *turn) sameAck(row *settlementRow, a Ack) error {
	if row.SettlementID == a.SettlementID && row.platform() == a.Amounts {
		return nil
	}
	return wrongState(a.Number, row.State, "pending or held, or the same acknowledgement")
}

// Held takes a settlement or a void out of the outbox, so that it stops no other.
type Held struct {
	Number     string
	Code       settle.Code
	Cashier    string // what to do, in Chinese; sealed, it may quote the platform
	Technician string // sealed as well
	By         By
}

// held is the body of a "held" entry.
type held struct {
	Number string      `json:"number"`
	Code   settle.Code `json:"code"`
}

// reason is the sealed part of "held" and "release" entries.
type reason struct {
	Cashier    string `json:"cashier,omitempty"`
	Technician string `json:"technician,omitempty"`
	Why        string `json:"why,omitempty"`
}

func (h held) check() error {
	if h.Code == "" || len(h.Code) > 64 {
		return errors.New("held without a code")
	}
	return checkNumber(h.Number)
}

func (h held) reduce(v *view, e journal.Entry) error {
	return change(v, h.Number, func(row *settlementRow) error {
		row.State, row.Held = OnHold, e.Loc
		drop(v, outbox, seqKey(row.Entry))
		if err := put(v, holds, seqKey(row.Entry), row.waits(h.Number)); err != nil {
			return err
		}
		return count(v, row, -1, 1, 0)
	})
}

// Hold takes a pending settlement or void out of the outbox, with the reason.
func (q *Queue) Hold(ctx context.Context, h Held) error {
	if checkNumber(h.Number) != nil {
		return noSettlement(h.Number)
	}
	ev := held{Number: h.Number, Code: h.Code}
	if err := ev.check(); err != nil {
		return malformed("held", "%v", err)
	}
	sealed, err := q.vault.sealJSON(kindHeld, reason{Cashier: cutText(h.Cashier), Technician: cutText(h.Technician)})
	if err != nil {
		return err
	}
	return q.later(ctx, func(t *turn) error {
		if err := t.in(h.Number, Pending); err != nil {
			return err
		}
		return t.add(kindHeld, ev, nil, sealed, h.By)
	})
}

// released is the body of a "release" entry.
type released struct {
	Number string `json:"number"`
	Second string `json:"second,omitempty"` // By.Second
}

func (r released) check() error { return checkNumber(r.Number) }

func (r released) reduce(v *view, e journal.Entry) error {
	if err := another(r.Second, e.Operator); err != nil {
		return err
	}
	return change(v, r.Number, func(row *settlementRow) error {
		row.State = Pending
		drop(v, holds, seqKey(row.Entry))
		if err := put(v, outbox, seqKey(row.Entry), row.waits(r.Number)); err != nil {
			return err
		}
		return count(v, row, 1, -1, 0)
	})
}

// Release puts a held settlement or void back into the outbox, in its old place.
func (q *Queue) Release(ctx context.Context, number, why string, by By) error {
	if checkNumber(number) != nil {
		return noSettlement(number)
	}
	ev := released{Number: number, Second: by.Second}
	if err := errors.Join(ev.check(), another(by.Second, by.Operator)); err != nil {
		return malformed("second", "%v", err)
	}
	sealed, err := q.vault.sealJSON(kindRelease, reason{Why: cutText(why)})
	if err != nil {
		return err
	}
	return q.do(ctx, func(t *turn) error {
		if err := t.in(number, OnHold); err != nil {
			return err
		}
		return t.add(kindRelease, ev, nil, sealed, by)
	})
}

// cutText keeps a text within maxText bytes.
func cutText(s string) string {
	if len(s) <= maxText {
		return s
	}
	return cutTo(s, maxText) + "…"
}

package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// How a difference was squared.
const (
	ByCash  = "cash"   // through the drawer of the shift that is open at the seat
	ByOther = "other"  // a transfer, a code that was scanned: not through the drawer
	Waived  = "waived" // written off: nobody paid
)

// Squared says what became of a [Difference] in cash: it was collected, given back, or
// written off. What was collected of a settlement that is reversed later is owed back, and
// squared again.
type Squared struct {
	Number string
	Cash   settle.Fen // collected; negative: given back. Just what is owed
	How    string     // ByCash, ByOther, Waived
	Why    string     // sealed, cut at 4096 bytes; may be ""
	By     By
	At     time.Time

	InShift bool // asked for: cash is refused where no shift is open, and not kept beside all of them
}

// squared is the body of a "squared" entry.
type squared struct {
	Number string `json:"number"`
	Cash   fen    `json:"cash"`
	How    string `json:"how"`
}

func (s squared) check() error {
	if s.Cash == 0 || s.How != ByCash && s.How != ByOther && s.How != Waived {
		return errors.New("a difference is squared by an amount, and in cash, otherwise or by nobody")
	}
	return checkNumber(s.Number)
}

func (s squared) reduce(v *view, e journal.Entry) error {
	return change(v, s.Number, func(row *settlementRow) error {
		if row.owed() != s.Cash {
			return fmt.Errorf("%s of settlement %s is squared, %s is owed", s.Cash, s.Number, row.owed())
		}
		row.Squared = e.Loc
		if s.How == Waived {
			row.Waived = true
			return nil
		}
		row.Moved += s.Cash
		if s.How == ByOther {
			return nil
		}
		seat, _, err := get(v, seats, e.Device)
		drawer := settlementRow{Shift: seat.Shift}
		if s.Cash > 0 {
			return errors.Join(err, drawer.inShift(v, func(r *shiftRow) *Tally { return &r.Collected }, Amounts{Total: s.Cash, Cash: s.Cash}))
		}
		return errors.Join(err, drawer.inShift(v, func(r *shiftRow) *Tally { return &r.GivenBack }, Amounts{Total: -s.Cash, Cash: -s.Cash}))
	})
}

// owed is what is to be collected for what the platform split otherwise; negative: to be
// given back. Of a settlement that was reversed nothing is due, and what was collected goes
// back.
func (s *settlementRow) owed() settle.Fen {
	if s.Waived || s.Of != "" {
		return 0
	}
	due := settle.Fen(0)
	if s.State == Acknowledged {
		due = s.platform().Cash - s.Amounts.Cash
	}
	return due - s.Moved
}

// Square keeps that a difference was collected, given back or written off, once: a second
// time is refused ([CodeSquared]), as is any other sum than what is owed ([CodeOwed]).
// In cash it counts in the shift that is open at by's seat, if one is ([CodeNoShift]).
func (q *Queue) Square(ctx context.Context, s Squared) error {
	if checkNumber(s.Number) != nil {
		return noSettlement(s.Number)
	}
	ev := squared{Number: s.Number, Cash: s.Cash, How: s.How}
	if err := ev.check(); err != nil {
		return malformed("cash", "%v", err)
	}
	var sealed []byte
	if s.Why != "" {
		var err error
		if sealed, err = q.vault.sealJSON(kindSquared, reason{Why: cutText(s.Why)}); err != nil {
			return err
		}
	}
	var done journal.Loc
	err := q.do(ctx, func(t *turn) error {
		row, ok, err := get(t.view, settlements, s.Number)
		done = journal.Loc{}
		switch {
		case err != nil:
			return err
		case !ok:
			return noSettlement(s.Number)
		case row.Of != "":
			return isVoid(s.Number, row.Of)
		case row.owed() == 0:
			done = row.Squared
			return squaredBefore(s.Number, "")
		case row.owed() != s.Cash:
			return owesOther(s.Number, row.owed(), s.Cash)
		}
		if seat, _, err := get(t.view, seats, s.By.Device); err != nil || s.InShift && s.How == ByCash && seat.Shift == 0 {
			return cmp.Or(err, noShift(s.By.Device))
		}
		return t.add(kindSquared, ev, nil, sealed, s.By)
	})
	if done.Length == 0 {
		return err
	}
	if before, _ := q.squared(done); before != nil { // if it is readable yet
		return squaredBefore(s.Number, fmt.Sprintf("，已由 %s 于 %s %s", before.By.Operator, before.At.In(zone()).Format("2006-01-02 15:04"), before.chinese()))
	}
	return err
}

// squared reads how a difference was squared, nil if it was not.
func (q *Queue) squared(loc journal.Loc) (*Squared, error) {
	if loc.Length == 0 {
		return nil, nil
	}
	var body squared
	e, err := q.entry(loc, &body)
	if err != nil {
		return nil, err
	}
	s := &Squared{Number: body.Number, Cash: body.Cash, How: body.How, By: By{Operator: e.Operator, Device: e.Device}, At: e.At}
	if e.Seal == nil {
		return s, nil
	}
	var seal reason
	if err := q.vault.openJSON(kindSquared, e.Seal, &seal); err != nil {
		return nil, fmt.Errorf("queue: entry %d: %w", e.N, err)
	}
	s.Why = seal.Why
	return s, nil
}

// chinese says what was done.
func (s *Squared) chinese() string {
	switch {
	case s.How == Waived:
		return "登记为不再补退"
	case s.Cash > 0:
		return "补收 ￥" + s.Cash.String()
	}
	return "退还 ￥" + (-s.Cash).String()
}

func squaredBefore(number, by string) error {
	return &settle.Refusal{
		Code: CodeSquared, Field: "number",
		Cashier:    number + " 没有要补收或退还的差额" + by + "；没有重复登记，请不要再收或再退。",
		Technician: fmt.Sprintf("nothing is owed for settlement %s", number),
	}
}

func owesOther(number string, owed, said settle.Fen) error {
	what := "应补收 ￥" + owed.String()
	if owed < 0 {
		what = "应退还 ￥" + (-owed).String()
	}
	return &settle.Refusal{
		Code: CodeOwed, Field: "cash",
		Cashier:    number + " " + what + "，与登记的金额不同，没有登记；请按应收应退的数办理。",
		Technician: fmt.Sprintf("settlement %s: %s is owed, %s was said", number, owed, said),
	}
}

package queue

import (
	"errors"
	"fmt"

	"settled/queue/journal"
	"settled/settle"
)

// voided is the body of a "void" entry.
type voided struct {
	Number   string  `json:"number"`
	Of       string  `json:"of"`
	Key      string  `json:"key"`
	Digest   string  `json:"digest"` // of the content that the key stands for
	Returned Amounts `json:"returned"`
	Second   string  `json:"second,omitempty"` // By.Second
}

// refunded is what the state needs of the body of a "refund" entry.
type refunded struct {
	voided
	Back       Amounts `json:"back"`
	Keep       []int   `json:"keep,omitempty"` // lines of the bill that are kept, from 1, ascending; none: an older program wrote it
	Settlement outline `json:"settlement"`     // of the kept lines
}

func (r voided) check() error {
	if err := errors.Join(checkNumber(r.Number), checkNumber(r.Of)); err != nil {
		return err
	}
	if r.Key == "" || len(r.Key) > 128 || r.Digest == "" || len(r.Digest) > 128 {
		return errors.New("key and content digest must be there and short")
	}
	a := r.Returned
	if sum, ok := settle.Sum(a.Fund, a.Own, a.Family, a.Cash); !ok || sum != a.Total || a.negative() {
		return fmt.Errorf("returned parts do not sum to the total: %+v", a)
	}
	return nil
}

func (r refunded) check() error {
	if err := r.voided.check(); err != nil {
		return err
	}
	if err := (settled{Digest: r.Digest, Settlement: r.Settlement}).check(); err != nil {
		return err
	}
	for i, n := range r.Keep {
		if n < 1 || n > settle.MaxLines || i > 0 && n <= r.Keep[i-1] {
			return fmt.Errorf("kept lines %v are not ascending from 1", r.Keep)
		}
	}
	if r.Back.negative() || r.Returned.less(r.Settlement.Split.Amounts) != r.Back {
		return fmt.Errorf("kept %+v of %+v gives back %+v", r.Settlement.Split.Amounts, r.Returned, r.Back)
	}
	return nil
}

// reduce reverses a settlement whole.
func (r voided) reduce(v *view, e journal.Entry) error {
	return r.reverse(v, e, nil)
}

// reduce reverses a settlement and posts what is kept of it.
func (r refunded) reduce(v *view, e journal.Entry) error {
	return r.reverse(v, e, &r)
}

func (r *voided) reverse(v *view, e journal.Entry, refund *refunded) error {
	of, ok, err := get(v, settlements, r.Of)
	if err != nil {
		return err
	}
	if !ok || of.Of != "" || of.Void != "" || of.Amounts != r.Returned {
		return fmt.Errorf("settlement %s is not there, or reversed, or of other amounts", r.Of)
	}
	if err := another(r.Second, e.Operator); err != nil {
		return err
	}
	seat, _, err := get(v, seats, e.Device)
	if err != nil {
		return err
	}
	void := settlementRow{
		Entry: e.N, Loc: e.Loc, At: millis(e.At), State: Voided, Person: of.Person, Period: of.Period,
		Amounts: r.Returned, Of: r.Of, Shift: seat.Shift,
	}
	blockedBy := of.After
	sent, err := of.sent(v)
	if err != nil {
		return err
	}
	if sent {
		void.State, blockedBy = Pending, r.Number
	}
	if err := r.take(v, &of, e.N, sent); err != nil {
		return err
	}
	if refund != nil {
		void.Kept = refund.Settlement.Number
		err = errors.Join(refund.keep(v, e, blockedBy), void.inShift(v, func(s *shiftRow) *Tally { return &s.Refunded }, refund.Back))
	} else {
		err = void.inShift(v, func(s *shiftRow) *Tally { return &s.Voided }, r.Returned)
	}
	if void.State == Pending {
		void.Next = void.Kept
		err = errors.Join(err, put(v, outbox, seqKey(e.N), void.waits(r.Number)), count(v, &void, 1, 0, 0))
	} else if blockedBy != "" { // what it waited for now blocks what is kept of it
		err = errors.Join(err, change(v, blockedBy, func(row *settlementRow) error { row.Next = void.Kept; return nil }))
	}
	return errors.Join(err, put(v, settlements, r.Number, void))
}

// sent tells whether the platform may know of a settlement: from this copy of the
// counter, or from the one before the last restore.
func (s *settlementRow) sent(v *view) (bool, error) {
	if s.State == SelfPaid {
		return false, nil
	}
	ep, _, err := get(v, epochs, one)
	return s.Attempts > 0 || s.Ack.Length > 0 || s.Entry < ep.Entry, err
}

// take takes the settlement out of all that it was in.
func (r *voided) take(v *view, of *settlementRow, entry uint64, sent bool) error {
	err := errors.Join(
		counted(v, r.Number), put(v, keys, r.Key, keyRow{Number: r.Number, Digest: r.Digest}),
		leave(v, of, of.State), of.giveBack(v, entry, !sent),
	)
	of.State, of.Void, of.After = Voided, r.Number, ""
	return errors.Join(err, put(v, settlements, r.Of, *of))
}

// keep posts what is kept; blockedBy is the void that it waits for, "" for none.
func (r *refunded) keep(v *view, e journal.Entry, blockedBy string) error {
	o := &r.Settlement
	row, err := o.row(v, e)
	if err != nil {
		return err
	}
	row.From, row.After = r.Of, blockedBy
	waits := 1
	if blockedBy != "" {
		row.State, waits = Blocked, 0
	} else if err := put(v, outbox, seqKey(e.N), row.waits(o.Number)); err != nil {
		return err
	}
	return errors.Join(counted(v, o.Number), put(v, settlements, o.Number, row), post(v, &row, e.N, 0), count(v, &row, waits, 0, 1))
}

// giveBack makes what a settlement used and drew count no more. entry is the one that
// says so; never tells that the platform certainly has not booked the settlement.
func (s *settlementRow) giveBack(v *view, entry uint64, never bool) error {
	return s.persons(v, func(account string, p *personRow) {
		if account == s.Person {
			p.giveUse(use{Entry: s.Entry, Period: s.Period, Usage: s.Use}, entry, never)
			p.giveDraw(draw{Entry: s.Entry, Amount: s.Own}, entry, never)
		}
		for _, f := range s.Family {
			if f.Account == account {
				p.giveDraw(draw{Entry: s.Entry, Amount: f.Amount}, entry, never)
			}
		}
	})
}

// persons changes the rows of all whom a settlement concerns.
func (s *settlementRow) persons(v *view, fn func(account string, p *personRow)) error {
	for _, of := range append([]paid{{Account: s.Person}}, s.Family...) {
		p, _, err := get(v, persons, of.Account)
		if err != nil {
			return err
		}
		fn(of.Account, &p)
		if err := put(v, persons, of.Account, p); err != nil {
			return err
		}
	}
	return nil
}

// inShift adds to the shift that a settlement or void was made in.
func (s *settlementRow) inShift(v *view, to func(*shiftRow) *Tally, a Amounts) error {
	if s.Shift == 0 {
		return nil
	}
	row, ok, err := get(v, shifts, seqKey(s.Shift))
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("no shift %d", s.Shift)
	}
	tally := to(&row)
	tally.Count++
	tally.Amounts = tally.plus(a)
	return put(v, shifts, seqKey(s.Shift), row)
}

// plus is the sum of both.
func (a Amounts) plus(b Amounts) Amounts {
	return Amounts{
		Total: a.Total + b.Total, Fund: a.Fund + b.Fund, Own: a.Own + b.Own, Family: a.Family + b.Family, Cash: a.Cash + b.Cash,
	}
}

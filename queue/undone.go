package queue

import (
	"context"
	"errors"
	"fmt"

	"settled/queue/journal"
)

// Undone says that the platform has nothing of a void's settlement any more.
type Undone struct {
	Number       string `json:"number"`                  // of the void
	Withdrawn    bool   `json:"withdrawn"`               // it had it, and took it back (2208); false: it never had it
	SettlementID string `json:"settlement_id,omitempty"` // of the negative row; "": it was taken back before, or by hand
	MsgID        string `json:"msgid,omitempty"`         // of the request that did it
	RefMsgID     string `json:"ref_msgid,omitempty"`     // inf_refmsgid
	At           string `json:"settled_at,omitempty"`    // setl_time, as the platform writes it
	By           By     `json:"-"`
}

// undone is the body of an "undone" entry.
type undone struct{ Undone }

func (u undone) check() error {
	if len(u.SettlementID) > 64 || len(u.MsgID) > 64 || len(u.RefMsgID) > 64 || len(u.At) > 32 {
		return errors.New("an id is too long")
	}
	return checkNumber(u.Number)
}

// reduce ends the void, and lets go what it blocked.
func (u undone) reduce(v *view, e journal.Entry) error {
	void, _, err := get(v, settlements, u.Number)
	if err != nil {
		return err
	}
	of, ok, err := get(v, settlements, void.Of)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("no void %s", u.Number)
	}
	if u.Withdrawn {
		err = errors.Join(of.told(v), onDay(v, u.At, func(d *dayRow) { d.Withdrawn, d.Booked = d.Withdrawn+1, e.N }))
	} else {
		err = of.giveBack(v, e.N, true)
	}
	if err != nil {
		return err
	}
	if void.State == OnHold {
		drop(v, holds, seqKey(void.Entry))
		err = count(v, &void, 0, -1, 0)
	} else {
		drop(v, outbox, seqKey(void.Entry))
		err = count(v, &void, -1, 0, 0)
	}
	next := void.Next
	void.State, void.Undone, void.Next = Voided, e.Loc, ""
	if u.Withdrawn {
		void.State = Acknowledged
	}
	if err := errors.Join(err, put(v, settlements, u.Number, void)); err != nil || next == "" {
		return err
	}
	return change(v, next, func(row *settlementRow) error {
		row.State, row.After = Pending, ""
		return errors.Join(put(v, outbox, seqKey(row.Entry), row.waits(next)), count(v, row, 1, 0, 0))
	})
}

// told keeps that the platform was asked to take the settlement back.
func (s *settlementRow) told(v *view) error {
	return s.persons(v, func(_ string, p *personRow) { p.askedBack(s.Entry) })
}

// Undo keeps that the platform has nothing of a void's settlement any more, pending or
// held: it took it back, which only an acknowledged settlement can be, or it turned out
// that it never had it, which only one can that is not acknowledged. What was kept goes
// into the outbox. The same again does nothing.
func (q *Queue) Undo(ctx context.Context, u Undone) error {
	ev := undone{u}
	if err := ev.check(); err != nil {
		return malformed("undone", "%v", err)
	}
	return q.do(ctx, func(t *turn) error {
		void, _, err := get(t.view, settlements, u.Number)
		if err != nil {
			return err
		}
		of, ok, err := get(t.view, settlements, void.Of)
		switch {
		case err != nil:
			return err
		case !ok:
			return noVoid(u.Number)
		case u.Withdrawn != (of.Ack.Length > 0):
			return wrongState(void.Of, of.State, "acknowledged by the platform if and only if it was withdrawn there")
		case void.State == Acknowledged && u.Withdrawn, void.State == Voided && !u.Withdrawn:
			return nil
		}
		return t.add(kindUndone, ev, nil, nil, u.By)
	})
}

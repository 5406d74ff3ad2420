package queue

import (
	"errors"
	"fmt"
	"testing"
)

// posting is a message that settles at the platform.
type posting struct {
	msgid, number string
	amounts       Amounts
}

// platformBook is the platform's book: it is elsewhere, and a power cut at the counter
// changes nothing in it.
type platformBook struct {
	byMsg map[string]posting
	times map[string]int // by number of the settlement
}

func newBook() *platformBook {
	return &platformBook{byMsg: map[string]posting{}, times: map[string]int{}}
}

// post takes a message; the platform refuses a message id that it has seen.
func (b *platformBook) post(p posting) error {
	if _, ok := b.byMsg[p.msgid]; ok {
		return fmt.Errorf("message id %s came twice", p.msgid)
	}
	b.byMsg[p.msgid] = p
	b.times[p.number]++
	return nil
}

// has asks the platform for a settlement before it is sent again, or if a restored copy
// does not know whether it was.
func (b *platformBook) has(number string, c Chain) (posting, bool) {
	if c.Last != nil {
		if p, ok := b.byMsg[c.Last.MsgID]; ok {
			return p, true
		}
	}
	if c.Doubt && b.times[number] > 0 {
		for _, p := range b.byMsg {
			if p.number == number {
				return p, true
			}
		}
	}
	return posting{}, false
}

// drain brings all that waits to the platform, as the upload does: it goes on from
// where the journal says it was, and asks before it sends anything again.
func drain(t testing.TB, q *Queue, b *platformBook) error {
	ctx := t.Context()
	holds, err := q.Holds(maxList, 0)
	if err != nil {
		return err
	}
	for _, w := range holds {
		if err := q.Release(ctx, w.Number, "", clerk); err != nil {
			return err
		}
	}
	for { // what is through lets others go
		list, err := q.Pending(1, 0)
		if err != nil || len(list) == 0 {
			return err
		}
		if w := list[0]; w.Void {
			u, err := undoOf(t, q, b, w.Number, func(posting) {})
			if err := errors.Join(err, q.Undo(ctx, u)); err != nil {
				return fmt.Errorf("void %s: %w", w.Number, err)
			}
		} else if err := deliver(t, q, b, w.Number); err != nil {
			return fmt.Errorf("settlement %s: %w", w.Number, err)
		}
	}
}

func deliver(t testing.TB, q *Queue, b *platformBook, number string) error {
	ctx := t.Context()
	c, err := q.Chain(number)
	if err != nil {
		return err
	}
	r, err := q.Get(number)
	if err != nil {
		return err
	}
	a := ackOf(r.Settlement)
	if p, ok := b.has(number, c); ok {
		a.Amounts, a.MsgID = p.amounts, p.msgid
		_, err := q.Acknowledge(ctx, a)
		return err
	}
	msgid, _, err := q.Request(ctx, number, "2207", func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
	if err != nil {
		return err
	}
	if err := b.post(posting{msgid: msgid, number: number, amounts: a.Amounts}); err != nil {
		return err
	}
	a.MsgID = msgid
	_, err = q.Acknowledge(ctx, a)
	return err
}

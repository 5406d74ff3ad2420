package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"settled/queue/journal"
)

// noted is the body of a "note" entry.
type noted struct {
	About  string `json:"about"`
	Number string `json:"number,omitempty"` // of a settlement or void whose slip was given out again
	Copy   int    `json:"copy,omitempty"`   // how often that makes it, from 1
	acted         // of an act beside money
}

func (n noted) check() error {
	if n.About == "" || len(n.About) > 64 {
		return errors.New("a note is about something, in at most 64 bytes")
	}
	if (n.Number == "") != (n.Copy == 0) || n.Copy < 0 {
		return errors.New("a note of a slip has the number and the count")
	}
	return n.acted.check()
}

// reduce counts the copies of slips, and keeps who may sign in. Any other note changes
// nothing: it is for people.
func (n noted) reduce(v *view, _ journal.Entry) error {
	switch n.About {
	case ActAdded, ActChanged, ActRemoved:
		return n.reduceOperator(v)
	}
	if n.Number == "" {
		return nil
	}
	before, _, err := get(v, copies, n.Number)
	if err != nil {
		return err
	}
	if n.Copy != before.Count+1 {
		return fmt.Errorf("copy %d of the slip of %s follows copy %d", n.Copy, n.Number, before.Count)
	}
	return put(v, copies, n.Number, copiesRow{Count: n.Copy})
}

// copiesRow is how often the slip of a settlement or void was given out again.
type copiesRow struct {
	Count int `json:"count"`
}

func (c copiesRow) check() error {
	if c.Count < 1 {
		return fmt.Errorf("%d copies", c.Count)
	}
	return nil
}

// aboutReprint is what the note of a slip's copy is about.
const aboutReprint = "reprint"

// Reprint keeps that the slip of a settlement or void is given out again, and by whom,
// and tells which copy it is, from 1.
func (q *Queue) Reprint(ctx context.Context, number string, by By) (copyNo int, err error) {
	err = q.do(ctx, func(t *turn) error {
		if _, ok, err := get(t.view, settlements, number); err != nil || !ok {
			return cmp.Or(err, noSettlement(number))
		}
		before, _, err := get(t.view, copies, number)
		if err != nil {
			return err
		}
		copyNo = before.Count + 1
		return t.add(kindNote, noted{About: aboutReprint, Number: number, Copy: copyNo}, nil, nil, by)
	})
	return copyNo, err
}

// Copies tells how often the slip of a settlement or void was given out again.
func (q *Queue) Copies(number string) (n int, err error) {
	err = q.read(func(v *view) error {
		row, _, err := get(v, copies, number)
		n = row.Count
		return err
	})
	return n, err
}

// Note keeps something that people should know later: about is what it is about, a word
// or a number in clear; the text is sealed, and cut at 4096 bytes.
func (q *Queue) Note(ctx context.Context, about, text string, by By) error {
	ev := noted{About: about}
	if err := ev.check(); err != nil {
		return malformed("note", "%v", err)
	}
	sealed, err := q.sealedText(text)
	if err != nil {
		return err
	}
	return q.do(ctx, func(t *turn) error { return t.add(kindNote, ev, nil, sealed, by) })
}

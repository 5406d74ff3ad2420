package queue

import (
	"errors"
	"time"

	"settled/settle"
)

// Status is the queue at a glance.
type Status struct {
	Entry         uint64    // last committed entry
	Hash          string    // its hash: the head of the chain
	At            time.Time // its time
	Applied       uint64    // entry that bbolt reflects
	Pending       int
	Held          int
	OldestPending time.Time // zero: none
	OldestHeld    time.Time // the settlement's time; zero: none
	Exposed       settle.Fen
	Notices       []string // what an operator should know, since Open
	Stopped       error    // why nothing more is written; nil: all is well
}

// Status returns the queue's present state, also while the queue is stopped: Stopped
// says so, and if the bbolt file is what failed, what it counts is zero. It fails only
// when the queue is closed.
func (q *Queue) Status() (Status, error) {
	if s, broken := q.broken(); broken {
		return s, nil
	}
	var s Status
	err := q.read(func(v *view) error {
		s = q.glance()
		return s.count(v)
	})
	if s, broken := q.broken(); broken { // just now, by this very read
		return s, nil
	}
	return s, err
}

// Orderly tells whether the run before this one ended in order, not by a kill or a power
// cut.
func (q *Queue) Orderly() bool { return q.trust == clean }

// broken is the status without bbolt if its file is damaged and not touched any more.
func (q *Queue) broken() (Status, bool) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if !q.damaged || errors.Is(q.stopped, ErrClosed) {
		return Status{}, false
	}
	return q.glance(), true
}

// glance is the part of the status that bbolt has no part in.
func (q *Queue) glance() Status {
	s := Status{Entry: q.head.N, Hash: q.head.Hash, Applied: q.applied.N, Stopped: q.stopped}
	s.Notices = append(s.Notices, q.notices...)
	_, s.At = q.journal.Head()
	return s
}

// count adds what waits.
func (s *Status) count(v *view) error {
	sum, _, err := get(v, totals, one)
	if err != nil {
		return err
	}
	s.Pending, s.Held, s.Exposed = sum.Pending, sum.Held, sum.Exposed
	if s.OldestPending, err = oldest(v, outbox); err != nil {
		return err
	}
	s.OldestHeld, err = oldest(v, holds)
	return err
}

// oldest is when the first settlement was made of those that wait in t.
func oldest(v *view, t table[waitRow]) (at time.Time, err error) {
	err = scan(v, t, "", func(_ string, w waitRow) (bool, error) {
		at = time.UnixMilli(w.At).In(zone())
		return false, nil
	})
	return at, err
}

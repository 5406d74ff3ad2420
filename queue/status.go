package queue

import (
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
	Exposed       settle.Fen
	Notices       []string // what an operator should know, since Open
	Stopped       error    // why nothing more is written; nil: all is well
}

// Status returns the queue's present state.
func (q *Queue) Status() (Status, error) {
	var s Status
	err := q.read(func(v *view) error {
		sum, _, err := get(v, totals, one)
		if err != nil {
			return err
		}
		s = Status{
			Entry: q.head.N, Hash: q.head.Hash, Applied: q.applied.N,
			Pending: sum.Pending, Held: sum.Held, Exposed: sum.Exposed, Stopped: q.stopped,
		}
		s.Notices = append(s.Notices, q.notices...)
		return scan(v, outbox, "", func(_ string, w waitRow) (bool, error) {
			s.OldestPending = time.UnixMilli(w.At).In(zone())
			return false, nil
		})
	})
	_, s.At = q.journal.Head()
	return s, err
}

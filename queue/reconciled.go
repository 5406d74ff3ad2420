package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// Reconciled is how the books of a day of the platform's stood when they were reconciled
// (对账).
type Reconciled struct {
	Day    settle.Date
	State  string // a word, as the reconciliation has it
	Even   bool   // nothing is left to do: equal, or all that differs is explained
	Report string // id of what was shown
	Text   string // what was found; sealed, cut at 4096 bytes
	By     By
}

// BookedDay is a day of the platform's on which it booked something of this counter's.
type BookedDay struct {
	Day       settle.Date
	Settled   int       // acknowledged with a time of that day
	Withdrawn int       // reversals booked with a time of that day
	State     string    // of the last reconciliation; "": none
	Report    string    // of it
	At        time.Time // of it; zero: none
	Due       bool      // it is to be reconciled: it was not, or not evenly, or more was booked since
}

// reconciled is the body of a "reconcile" entry.
type reconciled struct {
	Day    settle.Date `json:"day"`
	State  string      `json:"state"`
	Even   bool        `json:"even"`
	Report string      `json:"report"`
}

func (r reconciled) check() error {
	if r.Day <= 0 || r.State == "" || len(r.State) > 16 || r.Report == "" || len(r.Report) > 64 {
		return errors.New("a reconciliation is of a day, with a state and the id of its report")
	}
	return nil
}

// dayRow is what happened on a day of the platform's.
type dayRow struct {
	Settled   int    `json:"settled,omitempty"`
	Withdrawn int    `json:"withdrawn,omitempty"`
	Booked    uint64 `json:"booked,omitempty"` // last entry that booked something
	State     string `json:"state,omitempty"`
	Even      bool   `json:"even,omitempty"`
	Report    string `json:"report,omitempty"`
	Entry     uint64 `json:"entry,omitempty"` // of the last reconciliation
	At        int64  `json:"at,omitempty"`    // of it, Unix milliseconds
}

func (d dayRow) check() error {
	if d.Settled < 0 || d.Withdrawn < 0 || d.Booked == 0 && d.Entry == 0 {
		return errors.New("a day on which nothing happened")
	}
	return nil
}

// onDay changes the row of the day at the start of a time of the platform's, which some
// write without hyphens; one without a day is in none.
func onDay(v *view, at string, do func(*dayRow)) error {
	digits := strings.ReplaceAll(at, "-", "")
	if len(digits) < len("20060102") {
		return nil
	}
	day, err := settle.ParseDate(digits[:4] + "-" + digits[4:6] + "-" + digits[6:8])
	if err != nil {
		return nil //nolint:nilerr // it counts for no day
	}
	return ofDay(v, day, do)
}

func ofDay(v *view, day settle.Date, do func(*dayRow)) error {
	key := day.String()
	row, _, err := get(v, days, key)
	if err != nil {
		return err
	}
	do(&row)
	return put(v, days, key, row)
}

func (r reconciled) reduce(v *view, e journal.Entry) error {
	return ofDay(v, r.Day, func(d *dayRow) {
		d.State, d.Even, d.Report, d.Entry, d.At = r.State, r.Even, r.Report, e.N, millis(e.At)
	})
}

// Reconcile keeps how a day's books stood.
func (q *Queue) Reconcile(ctx context.Context, r Reconciled) error {
	ev := reconciled{Day: r.Day, State: r.State, Even: r.Even, Report: r.Report}
	if err := ev.check(); err != nil {
		return malformed("reconcile", "%v", err)
	}
	sealed, err := q.vault.sealJSON(kindReconcile, reason{Why: cutText(r.Text)})
	if err != nil {
		return err
	}
	return q.do(ctx, func(t *turn) error { return t.add(kindReconcile, ev, nil, sealed, r.By) })
}

// BookedDays lists the platform's days from one to another, both included, on which it
// booked something or which were reconciled, in their order.
func (q *Queue) BookedDays(from, to settle.Date) ([]BookedDay, error) {
	var list []BookedDay
	err := q.read(func(v *view) error {
		return scan(v, days, max(from, 10000102).Prev().String(), func(key string, d dayRow) (bool, error) {
			day, err := settle.ParseDate(key)
			if err != nil {
				return false, fmt.Errorf("queue: %w", err)
			}
			if day > to {
				return false, nil
			}
			b := BookedDay{
				Day: day, Settled: d.Settled, Withdrawn: d.Withdrawn, State: d.State, Report: d.Report, Due: !d.Even || d.Booked > d.Entry,
			}
			if d.Entry > 0 {
				b.At = time.UnixMilli(d.At).In(zone())
			}
			list = append(list, b)
			return true, nil
		})
	})
	return list, err
}

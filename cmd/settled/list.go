package main

import (
	"context"
	"slices"
	"strings"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/queue"
)

// List implements api.Ledger. What waits is found without a look at what is done.
func (l *ledger) List(ctx context.Context, f api.Filter) ([]api.Entry, error) {
	var lists []waiting
	switch f.State {
	case api.Pending, api.Unknown:
		lists = []waiting{l.queue.Pending}
	case api.Held:
		lists = []waiting{l.queue.Holds}
	case "", api.Blocked: // what is kept by a refund waits for its void
		lists = []waiting{l.queue.Pending, l.queue.Holds}
	default:
		return l.done(f)
	}
	var entries []api.Entry
	for _, list := range lists {
		of, err := l.waiting(ctx, list, f)
		if err != nil {
			return nil, err
		}
		entries = append(entries, of...)
	}
	return firstByNumber(entries, f.Limit), nil
}

// waiting is one of the queue's lists of what is not done.
type waiting func(limit int, afterSeq uint64) ([]queue.Waiting, error)

// waiting lists what one of the queue's lists holds.
func (l *ledger) waiting(ctx context.Context, list waiting, f api.Filter) ([]api.Entry, error) {
	seq, err := l.begin(f.After)
	if err != nil {
		return nil, err
	}
	var entries []api.Entry
	for {
		page, err := list(f.Limit, seq)
		if err != nil || len(page) == 0 {
			return entries, told(err)
		}
		for _, w := range page {
			seq = w.Seq
			of, err := l.of(ctx, w)
			if err != nil {
				return nil, err
			}
			for _, e := range of {
				if takes(f, e) {
					entries = append(entries, e)
				}
			}
			if len(entries) >= f.Limit {
				return entries, nil
			}
		}
	}
}

// begin is the place in the lists before which nothing follows number. A refund and what
// it keeps have the same place.
func (l *ledger) begin(number string) (seq uint64, err error) {
	if number == "" {
		return 0, nil
	}
	if v, err := l.queue.Void(number); err == nil {
		return v.Entry - 1, nil
	}
	r, err := l.queue.Get(number)
	if err != nil {
		return 0, told(err)
	}
	return r.Entry - 1, nil
}

// of gives what waits, and with a refund what it keeps.
func (l *ledger) of(ctx context.Context, w queue.Waiting) ([]api.Entry, error) {
	if !w.Void {
		e, err := l.Entry(ctx, w.Number)
		return []api.Entry{e}, err
	}
	v, err := l.queue.Void(w.Number)
	if err != nil {
		return nil, told(err)
	}
	entries := []api.Entry{l.reversal(v)}
	if v.Kept == "" {
		return entries, nil
	}
	kept, err := l.Entry(ctx, v.Kept)
	return append(entries, kept), err
}

// takes tells whether a filter lets an entry through.
func takes(f api.Filter, e api.Entry) bool {
	return (f.State == "" || f.State == e.State) && e.Number > f.After && counter.DayOf(e.At).Within(f.From, f.To) &&
		(f.Before.IsZero() || e.At.Before(f.Before)) && (f.Code == "" || e.Reason != nil && e.Reason.Code == f.Code)
}

func firstByNumber(entries []api.Entry, limit int) []api.Entry {
	slices.SortFunc(entries, func(a, b api.Entry) int { return strings.Compare(a.Number, b.Number) })
	return entries[:min(limit, len(entries))]
}

// done lists what is in a state in which nothing waits, settlements and reversals.
func (l *ledger) done(f api.Filter) ([]api.Entry, error) {
	state := queue.Acknowledged
	switch f.State {
	case api.Voided:
		state = queue.Voided
	case api.SelfPaid:
		state = queue.SelfPaid
	}
	settled, err := paged(state, f, l.queue.List, entryOf)
	if err != nil {
		return nil, err
	}
	voids, err := paged(state, f, l.queue.Voids, l.reversal)
	if err != nil {
		return nil, err
	}
	return firstByNumber(append(settled, voids...), f.Limit), nil
}

// paged reads pages of the queue until enough of what they hold is what the filter takes.
func paged[T any](state queue.State, f api.Filter, list func(queue.Filter) ([]T, error), entry func(T) api.Entry) ([]api.Entry, error) {
	var entries []api.Entry
	for after := f.After; len(entries) < f.Limit; {
		page, err := list(queue.Filter{State: state, From: f.From, To: f.To, After: after, Limit: f.Limit})
		if err != nil {
			return nil, told(err)
		}
		for _, r := range page {
			e := entry(r)
			if after = e.Number; takes(f, e) && len(entries) < f.Limit {
				entries = append(entries, e)
			}
		}
		if len(page) < f.Limit {
			break
		}
	}
	return entries, nil
}

package main

import (
	"context"
	"fmt"
	"slices"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/queue"
	"settled/settle"
)

// Each implements api.Past. Numbers begin with the counter and the day, so that what was
// settled before is not looked at.
func (l *ledger) Each(ctx context.Context, from, to settle.Date, fn func(api.Entry) error) error {
	if err := each(ctx, l.counter, from, to, l.queue.List, entryOf, fn); err != nil {
		return err
	}
	return each(ctx, l.counter, from, to, l.queue.Voids, l.reversal, fn)
}

// each reads one list of the queue a page at a time.
func each[T any](ctx context.Context, seat string, from, to settle.Date, list func(queue.Filter) ([]T, error), entry func(T) api.Entry, fn func(api.Entry) error) error {
	const page = 200
	for after := fmt.Sprintf("%s%08d00000", seat, int(from)); ; {
		rows, err := list(queue.Filter{From: from, To: to, After: after, Limit: page})
		if err != nil {
			return told(err)
		}
		for _, row := range rows {
			e := entry(row)
			after = e.Number
			if err := fn(e); err != nil {
				return err
			}
		}
		if len(rows) < page {
			return ctx.Err()
		}
	}
}

// Shifts implements api.Past.
func (l *ledger) Shifts(ctx context.Context, from, to settle.Date) ([]counter.Shift, error) {
	const page = 100
	list := []counter.Shift{}
	for after := uint64(0); ; {
		shifts, err := l.queue.Shifts("", after, page)
		if err != nil {
			return nil, told(err)
		}
		for _, s := range shifts {
			after = s.Number
			if counter.DayOf(s.OpenedAt).Within(from, to) {
				list = append(list, shiftOf(s))
			}
		}
		if len(shifts) < page {
			slices.Reverse(list)
			return list, ctx.Err()
		}
	}
}

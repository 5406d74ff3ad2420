package main

import (
	"context"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/queue"
	"settled/settle"
)

// Hold implements api.Keeper.
func (l *ledger) Hold(ctx context.Context, number, why string, by api.Grant) error {
	err := l.queue.Hold(ctx, queue.Held{
		Number: number, Code: settle.UploadHeld, Cashier: settle.UploadHeld.Cashier() + "原因：" + why,
		Technician: settle.UploadHeld.Technician() + ": " + why, By: queue.By{Operator: by.Operator, Device: by.Seat},
	})
	return l.kept(number, err)
}

// Release implements api.Keeper.
func (l *ledger) Release(ctx context.Context, number, why string, by api.Grant) error {
	if err := l.seconded(by); err != nil {
		return err
	}
	return l.kept(number, l.queue.Release(ctx, number, why, queue.By{Operator: by.Operator, Device: by.Seat, Second: by.Second}))
}

// seconded refuses to put back what is held without the second person who is needed, or
// with the first again.
func (l *ledger) seconded(by api.Grant) error {
	code := counter.SecondNeeded
	switch {
	case by.Second == by.Operator:
		code = counter.SecondSame
	case by.Second != "" || !l.second:
		return nil
	}
	return &settle.Refusal{Code: code, Cashier: counter.Sentence(code), Technician: "by " + by.Operator + ", second_person.release"}
}

// kept tells the watchers of what was moved by hand.
func (l *ledger) kept(number string, err error) error {
	if err == nil {
		l.moved(number)
	}
	return told(err)
}

// Status implements api.Keeper.
func (l *ledger) Status(context.Context) (api.Status, error) {
	s, err := l.queue.Status()
	if err != nil {
		return api.Status{}, told(err)
	}
	status := api.Status{
		Entry: s.Entry, Hash: s.Hash, At: s.At, Pending: s.Pending, Held: s.Held, Exposed: s.Exposed,
		OldestPending: s.OldestPending, OldestHeld: s.OldestHeld, Notices: append([]string{}, s.Notices...),
	}
	status.Risk = l.state.risk(s.Exposed)
	if s.Stopped != nil {
		status.Stopped = s.Stopped.Error()
	}
	return status, nil
}

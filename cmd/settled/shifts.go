package main

import (
	"context"
	"errors"
	"fmt"

	"settled/cmd/settled/internal/counter"
	"settled/queue"
	"settled/settle"
)

// OpenShift implements counter.Shifts.
func (b *book) OpenShift(ctx context.Context, by string, float settle.Fen) (counter.Shift, error) {
	s, err := b.queue.OpenShift(ctx, queue.By{Operator: by, Device: b.by.Device}, float)
	return shiftOf(s), told(err)
}

// CloseShift implements counter.Shifts.
func (b *book) CloseShift(ctx context.Context, by string, counted settle.Fen) (counter.Shift, error) {
	s, err := b.queue.CloseShift(ctx, queue.By{Operator: by, Device: b.by.Device}, counted)
	return shiftOf(s), told(err)
}

// CurrentShift implements counter.Shifts.
func (b *book) CurrentShift(context.Context) (counter.Shift, bool, error) {
	s, ok, err := b.queue.CurrentShift(b.by.Device)
	return shiftOf(s), ok, told(err)
}

// shiftOf is a shift in the counter's words.
func shiftOf(s queue.Shift) counter.Shift {
	shift := counter.Shift{
		Number: s.Number, Seat: s.Opened.Device, Operator: s.Opened.Operator, Opened: s.OpenedAt, Float: s.Float,
		Settled: tallyOf(s.Settled), Voided: tallyOf(s.Voided), Refunded: tallyOf(s.Refunded),
		Collected: tallyOf(s.Collected), GivenBack: tallyOf(s.GivenBack), Cash: s.Cash,
	}
	if c := s.Closed; c != nil {
		shift.Closed = &counter.Closing{Operator: c.By.Operator, At: c.At, Counted: c.Counted, Over: c.Over, Entry: c.Entry, Hash: c.Hash}
	}
	return shift
}

func tallyOf(t queue.Tally) counter.Tally {
	return counter.Tally{Count: t.Count, Amounts: counter.Amounts(t.Amounts)}
}

// Shift implements api.Ledger.
func (l *ledger) Shift(_ context.Context, number uint64) (counter.Shift, error) {
	s, err := l.queue.Shift(number)
	return shiftOf(s), instead(told(err), counter.NoShift)
}

// CurrentShift implements api.Ledger.
func (l *ledger) CurrentShift(_ context.Context, seat string) (counter.Shift, error) {
	s, ok, err := l.queue.CurrentShift(seat)
	if err == nil && !ok {
		err = &settle.Refusal{
			Code:       counter.NoShift,
			Cashier:    "本窗口没有开班；收款或退款前请先开班（shift open），已结的班请按班次号查看（shift show 班次号）。",
			Technician: fmt.Sprintf("no shift is open at %s", seat),
		}
	}
	return shiftOf(s), told(err)
}

// instead gives a refusal for something that is not there the code of what was asked.
func instead(err error, code settle.Code) error {
	var no *settle.Refusal
	if errors.As(err, &no) && (no.Code == settle.NoSettlement || no.Code == settle.ShiftClosed) {
		return &settle.Refusal{Code: code, Field: no.Field, Cashier: counter.Sentence(code), Technician: no.Technician}
	}
	return err
}

package main

import (
	"context"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/queue"
	"settled/settle"
)

// Reversible implements counter.Returns.
func (b *book) Reversible(_ context.Context, number string) (counter.Reversible, error) {
	r, err := b.queue.Get(number)
	of := counter.Reversible{Settlement: r.Settlement, Void: r.Void}
	if err != nil {
		return of, told(err)
	}
	if r.Void == "" {
		of.Back, err = b.backBefore(r)
		return of, told(err)
	}
	v, err := b.queue.Void(r.Void)
	of.Kept = v.Kept
	return of, told(err)
}

// backBefore is what refunds gave back of a bill before they kept this settlement of it.
func (b *book) backBefore(r queue.Record) (sum settle.Fen, err error) {
	for from := r.From; from != ""; from = r.From { // each was settled before the one that it kept
		if r, err = b.queue.Get(from); err != nil {
			return 0, err
		}
		v, err := b.queue.Void(r.Void)
		if err != nil {
			return 0, err
		}
		sum += v.Back.Total // less than the bill, all together
	}
	return sum, nil
}

// Reverse implements counter.Returns.
func (b *book) Reverse(ctx context.Context, o counter.Order) (counter.Void, bool, error) {
	v, replayed, err := b.queue.Reverse(ctx, queue.Reversal{
		Number: o.Number, Key: o.Key, ContentDigest: o.Content, Kept: o.Kept, Keep: o.Keep, Reason: o.Reason,
		By: queue.By{Operator: o.By, Device: b.by.Device, Second: o.Second},
	})
	if err != nil {
		return counter.Void{}, false, told(err)
	}
	void, err := voidOf(b.queue, v)
	return void, replayed, err
}

// voidOf is a reversal in the counter's words.
func voidOf(q *queue.Queue, v queue.Void) (counter.Void, error) {
	whole, err := q.Get(v.Of)
	if err != nil {
		return counter.Void{}, err
	}
	void := counter.Void{
		Number: v.Number, Whole: whole.Settlement, Keep: v.Keep, Back: counter.Amounts(v.Back), Reason: v.Reason, At: v.At,
		Operator: v.By.Operator, Second: v.By.Second, Seat: v.By.Device, Shift: v.Shift, Open: v.State == queue.Pending || v.State == queue.OnHold,
		Differs: whole.Difference != nil,
	}
	if v.Kept != "" {
		kept, err := q.Get(v.Kept)
		if err != nil {
			return counter.Void{}, err
		}
		void.Kept = &kept.Settlement
	}
	return void, nil
}

// Void implements api.Ledger.
func (l *ledger) Void(_ context.Context, number string) (counter.Void, api.Entry, error) {
	v, err := l.queue.Void(number)
	if err != nil {
		return counter.Void{}, api.Entry{}, instead(told(err), counter.NoVoid)
	}
	void, err := voidOf(l.queue, v)
	if err != nil {
		return counter.Void{}, api.Entry{}, err
	}
	e := l.voidEntry(v)
	e.Settlement = void.Whole
	e.Copies, err = l.queue.Copies(number)
	return void, e, told(err)
}

// voidEntry is a reversal on its way to the platform. Of what it reverses it has the
// number alone.
func (l *ledger) voidEntry(v queue.Void) api.Entry {
	e := api.Entry{Kind: api.Void, Number: v.Number, Back: api.Amounts(v.Back), At: v.At, Shift: v.Shift, State: voidState(v), Attempts: v.Attempts}
	e.Settlement.Number = v.Of
	if v.Refund {
		e.Kind = api.Refund
	}
	if v.State == queue.OnHold {
		of, err := l.queue.Get(v.Of)
		if err != nil { // whose names are in it is not known
			of.Settlement, v.Held = settle.Settlement{}, &queue.Held{Code: v.Held.Code, Cashier: v.Held.Code.Cashier(), Technician: err.Error()}
		}
		e.Reason = heldOf(v.Held, &of.Settlement, "")
	}
	return e
}

// reversal is one with all of what it reverses, as far as that is at hand, in the name
// of whoever reversed it.
func (l *ledger) reversal(v queue.Void) api.Entry {
	e := l.voidEntry(v)
	if of, err := l.queue.Get(v.Of); err == nil {
		e.Settlement = of.Settlement
	}
	e.Settlement.Operator = v.By.Operator
	return e
}

func voidState(v queue.Void) api.UploadState {
	switch v.State {
	case queue.OnHold:
		return api.Held
	case queue.Acknowledged:
		return api.Withdrawn
	case queue.Voided:
		return api.Voided
	}
	if v.Answer != nil && v.Answer.Class == queue.ClassUnknown {
		return api.Unknown
	}
	return api.Pending
}

package countertest

import (
	"context"
	"fmt"
	"slices"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// void is a reversal with what it was asked for.
type void struct {
	counter.Void
	order counter.Order
}

// Reversible implements counter.Returns.
func (b *Book) Reversible(_ context.Context, number string) (counter.Reversible, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reversible(number)
}

func (b *Book) reversible(number string) (counter.Reversible, error) {
	i := slices.IndexFunc(b.written, func(c counter.Commit) bool { return c.Settlement.Number == number })
	if i < 0 {
		return counter.Reversible{}, refusal(settle.NoSettlement)
	}
	of := counter.Reversible{Settlement: b.written[i].Settlement}
	for _, v := range b.voids {
		if v.order.Number == number {
			of.Void = v.Number
			if v.Kept != nil {
				of.Kept = v.Kept.Number
			}
		}
		if v.Kept != nil && v.Kept.Number == number {
			before, err := b.reversible(v.order.Number)
			if err != nil {
				return of, err
			}
			of.Back = before.Back + v.Back.Total
		}
	}
	return of, nil
}

// Reverse implements counter.Returns.
func (b *Book) Reverse(_ context.Context, o counter.Order) (counter.Void, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	for _, v := range b.voids {
		switch {
		case v.order.Key == o.Key && v.order.Content == o.Content:
			return v.Void, true, nil
		case v.order.Key == o.Key:
			return counter.Void{}, false, refusal(settle.DoubleConflict)
		case v.order.Number == o.Number:
			return counter.Void{}, false, refusal(settle.AlreadyVoided)
		}
	}
	of, err := b.reversible(o.Number)
	if err != nil {
		return counter.Void{}, false, err
	}
	v := counter.Void{
		Number: fmt.Sprintf("V01-%04d", len(b.voids)+1), Whole: of.Settlement, Back: counter.AmountsOf(&of.Settlement.Split),
		Reason: o.Reason, At: Morning(), Operator: o.By, Second: o.Second, Seat: Seat, Open: true,
	}
	if o.Kept != nil {
		kept := *o.Kept
		kept.Number, kept.Key = fmt.Sprintf("S01-%04d", len(b.written)+1), o.Key
		v.Kept, v.Keep, v.Back = &kept, o.Keep, v.Back.Less(counter.AmountsOf(&kept.Split))
		b.written = append(b.written, counter.Commit{Settlement: kept, Content: o.Content})
	}
	b.voids = append(b.voids, void{v, o})
	b.version++
	return v, false, nil
}

// Void gives a reversal; ok is false if there is none.
func (b *Book) Void(number string) (v counter.Void, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range b.voids {
		if v.Number == number {
			return v.Void, true
		}
	}
	return counter.Void{}, false
}

// OpenShift implements counter.Shifts.
func (b *Book) OpenShift(_ context.Context, by string, float settle.Fen) (counter.Shift, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shift != nil {
		return counter.Shift{}, &settle.Refusal{Code: "SHIFT_OPEN", Cashier: "本窗口已开班，请先结班。", Technician: "a shift is open"}
	}
	b.shifts++
	b.shift = &counter.Shift{Number: b.shifts, Seat: Seat, Operator: by, Opened: Morning(), Float: float, Cash: float}
	return *b.shift, nil
}

// CloseShift implements counter.Shifts.
func (b *Book) CloseShift(_ context.Context, by string, counted settle.Fen) (counter.Shift, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shift == nil {
		return counter.Shift{}, refusal(settle.ShiftClosed)
	}
	closed := *b.shift
	closed.Closed = &counter.Closing{Operator: by, At: Morning(), Counted: counted, Over: counted - closed.Cash, Entry: 7, Hash: "00"}
	b.shift = nil
	return closed, nil
}

// CurrentShift implements counter.Shifts.
func (b *Book) CurrentShift(context.Context) (counter.Shift, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shift == nil {
		return counter.Shift{}, false, nil
	}
	return *b.shift, true, nil
}

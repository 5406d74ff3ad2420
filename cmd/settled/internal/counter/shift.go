package counter

import (
	"context"
	"time"

	"settled/settle"
)

// Shift is a cashier's shift at a seat (班次), with what was taken and given back in it.
type Shift struct {
	Number   uint64     `json:"number"`
	Seat     string     `json:"seat"`
	Operator string     `json:"operator"` // who opened it
	Opened   time.Time  `json:"opened"`
	Float    settle.Fen `json:"float"`    // 备用金: cash in the drawer at the beginning
	Settled  Tally      `json:"settled"`  // 结算; what was kept by refunds is not among them
	Voided   Tally      `json:"voided"`   // 撤销: what was given back
	Refunded Tally      `json:"refunded"` // 退费: what was given back
	// Collected and GivenBack are differences to the platform, in cash (差额补收, 退还).
	Collected Tally      `json:"collected"`
	GivenBack Tally      `json:"given_back"`
	Cash      settle.Fen `json:"expected"` // that should be in the drawer
	Closed    *Closing   `json:"closed,omitempty"`
}

// Tally counts and sums.
type Tally struct {
	Count int `json:"count"`
	Amounts
}

// Closing is the end of a shift.
type Closing struct {
	Operator string     `json:"operator"`
	At       time.Time  `json:"at"`
	Counted  settle.Fen `json:"counted"` // cash in the drawer
	Over     settle.Fen `json:"over"`    // counted less what should be there; negative: something is missing
	Entry    uint64     `json:"entry"`   // of the journal, that closed it: its head at the time
	Hash     string     `json:"hash"`    // of that entry, which vouches for all before it
}

// Shifts keeps the seat's shifts.
type Shifts interface {
	// OpenShift opens one; SHIFT_OPEN if one is open.
	OpenShift(ctx context.Context, by string, float settle.Fen) (Shift, error)
	// CloseShift closes the one that is open; SHIFT_CLOSED if none is.
	CloseShift(ctx context.Context, by string, counted settle.Fen) (Shift, error)
	// CurrentShift gives the one that is open; ok is false if none is.
	CurrentShift(ctx context.Context) (shift Shift, ok bool, err error)
}

// OpenShift opens a shift (开班) with the cash in the drawer. The error is a
// *settle.Refusal.
func (s *Session) OpenShift(ctx context.Context, by string, float settle.Fen) (Shift, error) {
	if float < 0 {
		return Shift{}, refuseField(settle.BadField, "float", "%s is no cash", float)
	}
	s.shift.Lock()
	defer s.shift.Unlock()
	shift, err := s.ports.Shifts.OpenShift(context.WithoutCancel(ctx), by, float)
	if err != nil {
		s.present.Store(nil)
		return Shift{}, refusalOr(err, settle.JournalStopped)
	}
	s.present.Store(&shift.Number)
	return shift, nil
}

// CloseShift closes the shift (结班) with the cash that was counted, after the
// settlement or reversal that is being written; the slip is printed beside. The error is
// a *settle.Refusal.
func (s *Session) CloseShift(ctx context.Context, by string, counted settle.Fen) (Shift, error) {
	if counted < 0 {
		return Shift{}, refuseField(settle.BadField, "counted", "%s is no cash", counted)
	}
	s.shift.Lock()
	defer s.shift.Unlock()
	shift, err := s.ports.Shifts.CloseShift(context.WithoutCancel(ctx), by, counted)
	if err != nil {
		s.present.Store(nil)
		return Shift{}, refusalOr(err, settle.JournalStopped)
	}
	s.present.Store(new(uint64))
	s.printBeside(ShiftSlip{Shift: shift})
	return shift, nil
}

// onShift refuses to move money without a shift where one is required. Whoever writes
// holds the lock from here on, so that no shift ends in between.
func (s *Session) onShift(ctx context.Context) error {
	number, err := s.openShift(ctx)
	if err == nil && number == 0 && s.options.ShiftRequired {
		return refuse(settle.ShiftClosed)
	}
	return err
}

// openShift gives the number of the open shift, 0 for none.
func (s *Session) openShift(ctx context.Context) (number uint64, err error) {
	present := s.present.Load()
	if present == nil {
		shift, _, err := s.ports.Shifts.CurrentShift(ctx)
		if err != nil {
			return 0, err
		}
		present = &shift.Number
		s.present.CompareAndSwap(nil, present) // if none began or ended meanwhile
	}
	return *present, nil
}

package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// Shift is a cashier's shift at a seat, with what was taken and given back in it.
type Shift struct {
	Number    uint64 // the entry that opened it
	Opened    By
	OpenedAt  time.Time
	Float     settle.Fen // cash in the drawer at the beginning (备用金)
	Settled   Tally      // settlements, what was kept by refunds not among them
	Voided    Tally      // reversed whole (撤销): what was given back
	Refunded  Tally      // reversed by line (退费): what was given back
	Collected Tally      // differences to the platform that were collected in cash (补收)
	GivenBack Tally      // and those that were given back
	Cash      settle.Fen // that should be in the drawer: Float, settled, collected, less what was given back
	Closed    *Closing   // nil: it is open
	EntryHash string     // of the entry that opened it
}

// Tally counts and sums.
type Tally struct {
	Count int `json:"count"`
	Amounts
}

// Closing is the end of a shift.
type Closing struct {
	By      By
	At      time.Time
	Counted settle.Fen // cash in the drawer
	Over    settle.Fen // counted less what should be there; negative: something is missing
	Entry   uint64     // that closed it: the journal's head at the time
	Hash    string     // its hash, which vouches for all before it
}

// shiftRow is what is kept of a shift.
type shiftRow struct {
	Loc       journal.Loc `json:"loc"`
	Device    string      `json:"device"`
	Float     fen         `json:"float"`
	Settled   Tally       `json:"settled"`
	Voided    Tally       `json:"voided"`
	Refunded  Tally       `json:"refunded"`
	Collected Tally       `json:"collected,omitzero"`
	GivenBack Tally       `json:"given_back,omitzero"`
	Close     journal.Loc `json:"close,omitzero"`
}

func (s shiftRow) check() error {
	if s.Loc.Length == 0 || s.Device == "" || s.Float < 0 {
		return errors.New("shift is incomplete")
	}
	for _, t := range []Tally{s.Settled, s.Voided, s.Refunded, s.Collected, s.GivenBack} {
		if t.Count < 0 || t.negative() {
			return fmt.Errorf("tally of a shift is %+v", t)
		}
	}
	return nil
}

// cash is what should be in the drawer.
func (s *shiftRow) cash() fen {
	return s.Float + s.Settled.Cash - s.Voided.Cash - s.Refunded.Cash + s.Collected.Cash - s.GivenBack.Cash
}

// seatRow is the shift that is open at a seat.
type seatRow struct {
	Shift uint64 `json:"shift"`
}

func (s seatRow) check() error {
	if s.Shift == 0 {
		return errors.New("seat without a shift")
	}
	return nil
}

// shiftOpened is the body of a "shift_open" entry.
type shiftOpened struct {
	Float fen `json:"float"`
}

func (s shiftOpened) check() error { return checkCash(s.Float) }

// checkCash tells whether a drawer can hold it.
func checkCash(f fen) error {
	if f < 0 || f > settle.MaxFen {
		return errors.New("cash in the drawer is negative or too much")
	}
	return nil
}

func (s shiftOpened) reduce(v *view, e journal.Entry) error {
	return errors.Join(
		put(v, seats, e.Device, seatRow{Shift: e.N}),
		put(v, shifts, seqKey(e.N), shiftRow{Loc: e.Loc, Device: e.Device, Float: s.Float}),
	)
}

// shiftClosed is the body of a "shift_close" entry: what the slip says.
type shiftClosed struct {
	Shift     uint64 `json:"shift"`
	Settled   Tally  `json:"settled"`
	Voided    Tally  `json:"voided"`
	Refunded  Tally  `json:"refunded"`
	Collected Tally  `json:"collected,omitzero"`
	GivenBack Tally  `json:"given_back,omitzero"`
	Cash      fen    `json:"cash"`    // that should be there
	Counted   fen    `json:"counted"` // that is there
}

func (s shiftClosed) check() error {
	if s.Shift == 0 {
		return errors.New("no shift is closed")
	}
	return checkCash(s.Counted)
}

func (s shiftClosed) reduce(v *view, e journal.Entry) error {
	row, ok, err := get(v, shifts, seqKey(s.Shift))
	if err != nil {
		return err
	}
	if !ok || row.Close.Length > 0 {
		return fmt.Errorf("shift %d is not open", s.Shift)
	}
	row.Close = e.Loc
	drop(v, seats, row.Device)
	return put(v, shifts, seqKey(s.Shift), row)
}

// OpenShift opens a shift at by's seat; float is the cash in the drawer. What is settled
// and reversed at the seat from now on belongs to it. A seat has one shift at a time.
func (q *Queue) OpenShift(ctx context.Context, by By, float settle.Fen) (Shift, error) {
	ev := shiftOpened{Float: float}
	if err := errors.Join(ev.check(), checkSeat(by)); err != nil {
		return Shift{}, malformed("shift", "%v", err)
	}
	err := q.do(ctx, func(t *turn) error {
		if seat, ok, err := get(t.view, seats, by.Device); err != nil || ok {
			return errors.Join(err, shiftOpen(by.Device, seat.Shift))
		}
		return t.add(kindShiftOpen, ev, nil, nil, by)
	})
	if err != nil {
		return Shift{}, err
	}
	s, _, err := q.CurrentShift(by.Device)
	return s, err
}

func checkSeat(by By) error {
	if by.Device == "" || by.Operator == "" {
		return errors.New("a shift has an operator and a seat")
	}
	return nil
}

// CloseShift closes the shift that is open at by's seat; counted is the cash in the
// drawer. The answer has its totals and the journal's head, for the slip.
func (q *Queue) CloseShift(ctx context.Context, by By, counted settle.Fen) (Shift, error) {
	if err := errors.Join(checkCash(counted), checkSeat(by)); err != nil {
		return Shift{}, malformed("shift", "%v", err)
	}
	var number uint64
	err := q.do(ctx, func(t *turn) error {
		seat, ok, err := get(t.view, seats, by.Device)
		if err != nil {
			return err
		}
		if !ok {
			return noShift(by.Device)
		}
		number = seat.Shift
		row, _, err := get(t.view, shifts, seqKey(number))
		if err != nil {
			return err
		}
		return t.add(kindShiftClose, shiftClosed{
			Shift: number, Settled: row.Settled, Voided: row.Voided, Refunded: row.Refunded,
			Collected: row.Collected, GivenBack: row.GivenBack, Cash: row.cash(), Counted: counted,
		}, nil, nil, by)
	})
	if err != nil {
		return Shift{}, err
	}
	return q.Shift(number)
}

// CurrentShift is the shift that is open at a seat, with its totals so far; ok is false
// if none is.
func (q *Queue) CurrentShift(device string) (s Shift, ok bool, err error) {
	var row shiftRow
	var seat seatRow
	err = q.read(func(v *view) error {
		if seat, ok, err = get(v, seats, device); err != nil || !ok {
			return err
		}
		row, _, err = get(v, shifts, seqKey(seat.Shift))
		return err
	})
	if err != nil || !ok {
		return Shift{}, false, err
	}
	s, err = q.shift(seat.Shift, row)
	return s, err == nil, err
}

// Shift is the shift of a number, open or closed.
func (q *Queue) Shift(number uint64) (Shift, error) {
	var row shiftRow
	err := q.read(func(v *view) error {
		var ok bool
		var err error
		if row, ok, err = get(v, shifts, seqKey(number)); err == nil && !ok {
			return noShift(fmt.Sprint(number))
		}
		return err
	})
	if err != nil {
		return Shift{}, err
	}
	return q.shift(number, row)
}

// Shifts lists shifts behind a number in the order of opening, of one seat if device is
// not "", at most limit.
func (q *Queue) Shifts(device string, after uint64, limit int) ([]Shift, error) {
	var rows []shiftRow
	var numbers []uint64
	limit = min(limit, maxList)
	err := q.read(func(v *view) error {
		return scan(v, shifts, seqKey(after), func(key string, row shiftRow) (bool, error) {
			if len(rows) < limit && (device == "" || row.Device == device) {
				numbers, rows = append(numbers, seqOf(key)), append(rows, row)
			}
			return len(rows) < limit, nil
		})
	})
	if err != nil {
		return nil, err
	}
	list := make([]Shift, 0, len(rows))
	for i, row := range rows {
		s, err := q.shift(numbers[i], row)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func (q *Queue) shift(number uint64, row shiftRow) (Shift, error) {
	e, err := q.line(row.Loc)
	if err != nil {
		return Shift{}, err
	}
	s := Shift{
		Number: number, Opened: By{Operator: e.Operator, Device: e.Device}, OpenedAt: e.At, EntryHash: e.Hash,
		Float: row.Float, Settled: row.Settled, Voided: row.Voided, Refunded: row.Refunded,
		Collected: row.Collected, GivenBack: row.GivenBack, Cash: row.cash(),
	}
	if row.Close.Length == 0 {
		return s, nil
	}
	var end shiftClosed
	if e, err = q.entry(row.Close, &end); err != nil {
		return Shift{}, err
	}
	s.Closed = &Closing{
		By: By{Operator: e.Operator, Device: e.Device}, At: e.At, Counted: end.Counted, Over: end.Counted - s.Cash, Entry: e.N, Hash: e.Hash,
	}
	return s, nil
}

func noShift(device string) error {
	return &settle.Refusal{
		Code: CodeNoShift, Field: "shift",
		Cashier: "本窗口没有开班；请先开班（shift open）。", Technician: fmt.Sprintf("no shift is open at %q", settle.Clip(device)),
	}
}

func shiftOpen(device string, shift uint64) error {
	return &settle.Refusal{
		Code: CodeShiftOpen, Field: "shift",
		Cashier: "本窗口已开班；请先结班（shift close）。", Technician: fmt.Sprintf("shift %d is open at %q", shift, settle.Clip(device)),
	}
}

package reconcile

import (
	"cmp"
	"slices"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Bridge leads from what the counter made on a day to what the platform dates on it:
// There = Here − Waiting − Later + Earlier + Differ, in every amount.
type Bridge struct {
	Here    Subtotal `json:"here"`    // made at the counter on the day, reversals off
	Waiting Subtotal `json:"waiting"` // of that: not at the platform, or never there
	Later   Subtotal `json:"later"`   // of that: dated on another day there, or the day is not known
	Earlier Subtotal `json:"earlier"` // made on another day, dated on this one there
	Differ  Subtotal `json:"differ"`  // what the platform made more of it; counts the rows that differ
	There   Subtotal `json:"there"`   // dated on the day at the platform
}

// Bridged makes the bridge of a day.
func Bridged(rows []Row, day settle.Date) (b Bridge) {
	for i := range rows {
		r := &rows[i]
		there := r.Booked.Day() == day
		if r.Made == day {
			b.Here.add(r.Local)
			switch {
			case r.Booked == nil:
				b.Waiting.add(r.Local)
			case !there:
				b.Later.add(r.Local)
			}
		}
		if !there {
			continue
		}
		if r.Made != day {
			b.Earlier.add(r.Local)
		}
		if more := r.Booked.Less(r.Local); more != (counter.Amounts{}) {
			b.Differ.add(more)
		}
		b.There.add(r.Booked.Amounts)
	}
	return b
}

// Drawer is a shift's cash beside what the journal made on the day.
type Drawer struct {
	Shift   uint64      `json:"shift"`   // 班次; 0: made without one
	Taken   settle.Fen  `json:"taken"`   // cash taken less given back in the whole shift, for settlements
	Squared settle.Fen  `json:"squared"` // cash collected less given back in it, for what the platform split otherwise
	OnDay   settle.Fen  `json:"on_day"`
	Counted *settle.Fen `json:"counted,omitempty"` // in the drawer at its close, the float in it
	Over    *settle.Fen `json:"over,omitempty"`    // counted less what should be there
}

// Drawers gives the cash of a day by shift; what was made without one comes first, under 0.
// Their OnDay sums to the bridge's Here. taken knows the shifts.
func Drawers(rows []Row, day settle.Date, taken map[uint64]counter.Shift) []Drawer {
	sums := map[uint64]settle.Fen{}
	for i := range rows {
		if rows[i].Made == day {
			sums[rows[i].Shift] += rows[i].Local.Cash
		}
	}
	drawers := []Drawer{}
	for n, sum := range sums {
		d := Drawer{Shift: n, OnDay: sum}
		if s, known := taken[n]; known {
			d.Squared = s.Collected.Cash - s.GivenBack.Cash
			d.Taken = s.Cash - s.Float - d.Squared
			if s.Closed != nil {
				d.Counted, d.Over = &s.Closed.Counted, &s.Closed.Over
			}
		}
		drawers = append(drawers, d)
	}
	slices.SortFunc(drawers, func(a, b Drawer) int { return cmp.Compare(a.Shift, b.Shift) })
	return drawers
}

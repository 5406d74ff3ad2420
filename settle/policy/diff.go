package policy

import (
	"slices"

	"settled/settle"
)

// Change is a stretch of days on which two sets have different rows for one key.
type Change struct {
	Param  settle.Param `json:"parameter"`
	Key    settle.Key   `json:"key"`
	From   settle.Date  `json:"from"`         // inclusive
	To     settle.Date  `json:"to,omitempty"` // inclusive; zero: open
	Before *Row         `json:"before"`       // nil: no row
	After  *Row         `json:"after"`
}

// Diff lists how after differs from before: by value, status or source, in the order of
// the parameters, oldest first.
func Diff(before, after *Set) []Change {
	var list []Change
	old, next := before.byPlace(), after.byPlace()
	for _, s := range schemas() {
		for _, key := range s.combinations() {
			at := place{s.param, key}
			list = append(list, changes(at, old[at], next[at])...)
		}
	}
	return list
}

func (s *Set) byPlace() map[place]timeline {
	lines := map[place]timeline{}
	for _, r := range s.rows {
		at := place{r.Param, r.Key}
		lines[at] = append(lines[at], r)
	}
	return lines
}

// changes compares one key's rows, stretch by stretch.
func changes(at place, before, after timeline) []Change {
	var days []settle.Date
	for _, l := range []timeline{before, after} {
		for _, r := range l {
			days = append(days, r.From)
			if r.To != 0 {
				days = append(days, r.To.Next())
			}
		}
	}
	slices.Sort(days)
	days = slices.Compact(days)
	var list []Change
	for i, from := range days {
		c := Change{Param: at.param, Key: at.key, From: from, Before: before.on(from), After: after.on(from)}
		if i+1 < len(days) {
			c.To = days[i+1].Prev()
		}
		if same(c.Before, c.After) {
			continue
		}
		if n := len(list); n > 0 && list[n-1].To.Next() == from && same(list[n-1].Before, c.Before) && same(list[n-1].After, c.After) {
			list[n-1].To = c.To
			continue
		}
		list = append(list, c)
	}
	return list
}

// same tells whether two rows settle alike and for the same reason.
func same(a, b *Row) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Value == b.Value && a.Status == b.Status && a.Source == b.Source && a.Article == b.Article &&
		illustrates(a) == illustrates(b)
}

func illustrates(r *Row) bool { return r.Overlay != nil && r.Overlay.Illustrative }

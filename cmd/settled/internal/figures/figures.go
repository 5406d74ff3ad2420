// Package figures sums up what was settled, for people who would rather look than read:
// how much when, for whom at which level, and how long the oldest has waited.
package figures

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"settled/settle"
)

// Row is a settlement or a reversal, whose amounts are negative.
type Row struct {
	At       time.Time
	Reversal bool
	Total    settle.Fen
	Fund     settle.Fen
	Level    int // of the institution, 1 to 3
	Category settle.Category
	Retired  bool
	Waits    bool      // the platform has it not
	Done     time.Time // when the platform took it; zero: it has not, or it is not known
}

// Slot is an hour or a day.
type Slot struct {
	Label  string     `json:"label"`  // "08" or "11-22"
	Count  int        `json:"count"`  // settlements
	Total  settle.Fen `json:"total"`  // of them, less what was given back in the slot
	Fund   settle.Fen `json:"fund"`   // 统筹基金, likewise
	Oldest int        `json:"oldest"` // minutes that the oldest pending had waited at its end
	begin  time.Time
	end    time.Time
}

// Group is what the fund pays for a category of persons at a level, less what was given
// back: all groups are what all slots are.
type Group struct {
	Level    int             `json:"level"`
	Category settle.Category `json:"category"`
	Retired  bool            `json:"retired"`
	Count    int             `json:"count"`
	Total    settle.Fen      `json:"total"`
	Fund     settle.Fen      `json:"fund"`
}

// Sums are taken while rows come by; nothing of a row is kept but when it waited.
type Sums struct {
	Slots  []Slot
	Groups []Group
	now    time.Time
	waited []span
}

// span is how long one was pending.
type span struct{ from, to time.Time }

// New sums from the begin of a day on, by hours of it if days is 1, else by days. What is
// behind now has not come.
func New(begin time.Time, days int, now time.Time) *Sums {
	s := &Sums{now: now, Groups: []Group{}}
	n, step, label := days, 24*time.Hour, "01-02"
	if days == 1 {
		n, step, label = 24, time.Hour, "15"
	}
	for i := range n {
		at := begin.Add(time.Duration(i) * step) // Asia/Shanghai has no summer time
		s.Slots = append(s.Slots, Slot{Label: at.Format(label), begin: at, end: at.Add(step)})
	}
	return s
}

// Add takes in a row; one of before the first slot counts for how long it waited alone.
func (s *Sums) Add(r Row) {
	if !r.Reversal && (r.Waits || !r.Done.IsZero()) {
		s.waited = append(s.waited, span{r.At, r.Done})
	}
	i := slices.IndexFunc(s.Slots, func(t Slot) bool { return !r.At.Before(t.begin) && r.At.Before(t.end) })
	if i < 0 {
		return
	}
	slot := &s.Slots[i]
	slot.Total, slot.Fund = slot.Total+r.Total, slot.Fund+r.Fund
	if !r.Reversal {
		slot.Count++
	}
	s.group(&r)
}

func (s *Sums) group(r *Row) {
	is := func(g Group) bool { return g.Level == r.Level && g.Category == r.Category && g.Retired == r.Retired }
	i := slices.IndexFunc(s.Groups, is)
	if i < 0 {
		i = len(s.Groups)
		s.Groups = append(s.Groups, Group{Level: r.Level, Category: r.Category, Retired: r.Retired})
	}
	g := &s.Groups[i]
	if !r.Reversal {
		g.Count++
	}
	g.Total, g.Fund = g.Total+r.Total, g.Fund+r.Fund
}

// End works out what had waited when, and puts the largest group first.
func (s *Sums) End() {
	slices.SortStableFunc(s.Groups, func(a, b Group) int { return cmp.Or(cmp.Compare(b.Fund, a.Fund), cmp.Compare(a.Level, b.Level)) })
	for i := range s.Slots {
		at := s.Slots[i].end
		if at.After(s.now) {
			at = s.now
		}
		if at.Before(s.Slots[i].begin) {
			continue // it has not come
		}
		for _, w := range s.waited {
			if w.from.Before(at) && (w.to.IsZero() || w.to.After(at)) {
				s.Slots[i].Oldest = max(s.Slots[i].Oldest, int(at.Sub(w.from)/time.Minute))
			}
		}
	}
}

// Span is minutes in writing.
func Span(minutes int) string {
	switch {
	case minutes < 60:
		return fmt.Sprintf("%d 分钟", minutes)
	case minutes < 48*60:
		return fmt.Sprintf("%d 小时", minutes/60)
	}
	return fmt.Sprintf("%d 天", minutes/60/24)
}

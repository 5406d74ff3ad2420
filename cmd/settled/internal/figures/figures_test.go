package figures

import (
	"testing"
	"time"

	"settled/settle"
)

func at(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour, minute, 0, 0, time.FixedZone("", 8*60*60))
}

// TestDay: by hours; what was given back is off, what came before waits still, and hours
// that have not come wait for nothing.
func TestDay(t *testing.T) {
	s := New(at(22, 0, 0), 1, at(22, 11, 30))
	child := Row{At: at(22, 8, 10), Total: 10000, Fund: 6000, Level: 3, Category: settle.ChildResident, Done: at(22, 9, 30)}
	s.Add(child)
	s.Add(Row{At: at(22, 8, 50), Total: 5000, Fund: 1000, Level: 3, Category: settle.EmployeeTier1, Retired: true, Done: at(22, 8, 51)})
	s.Add(Row{At: at(22, 9, 0), Reversal: true, Total: -10000, Fund: -6000, Level: 3, Category: settle.ChildResident})
	s.Add(Row{At: at(21, 10, 0), Total: 1, Level: 3, Waits: true})
	s.Add(Row{At: at(22, 10, 59), Total: 700, Level: 3, Category: settle.ChildResident, Fund: 7})
	s.End()
	if len(s.Slots) != 24 || s.Slots[8].Label != "08" {
		t.Fatalf("%+v", s.Slots)
	}
	for hour, want := range map[int]Slot{
		7: {Oldest: 22 * 60}, 8: {Count: 2, Total: 15000, Fund: 7000, Oldest: 23 * 60}, 9: {Total: -10000, Fund: -6000, Oldest: 24 * 60},
		10: {Count: 1, Total: 700, Fund: 7, Oldest: 25 * 60}, 11: {Oldest: 25*60 + 30}, 12: {},
	} {
		got := s.Slots[hour]
		if got.Count != want.Count || got.Total != want.Total || got.Fund != want.Fund || got.Oldest != want.Oldest {
			t.Errorf("%d: %+v, want %+v", hour, got, want)
		}
	}
	if len(s.Groups) != 2 || s.Groups[1] != (Group{3, settle.ChildResident, false, 2, 700, 7}) || !s.Groups[0].Retired {
		t.Errorf("%+v", s.Groups)
	}
}

// TestMonth: by days, and what was taken by the platform waits no more.
func TestMonth(t *testing.T) {
	s := New(at(1, 0, 0), 30, at(22, 12, 0))
	s.Add(Row{At: at(3, 23, 0), Total: 100, Done: at(5, 1, 0)})
	s.End()
	for day, want := range map[int]int{2: 0, 3: 60, 4: 25 * 60, 5: 0, 23: 0} {
		if got := s.Slots[day-1].Oldest; got != want {
			t.Errorf("day %d: %d minutes, want %d", day, got, want)
		}
	}
	if s.Slots[2].Label != "11-03" || s.Slots[2].Count != 1 {
		t.Errorf("%+v", s.Slots[2])
	}
	if Span(59) != "59 分钟" || Span(61) != "1 小时" || Span(49*60) != "2 天" {
		t.Error(Span(59), Span(61), Span(49*60))
	}
}

package settle_test

import (
	"testing"

	"settled/settle"
)

// TestCheckFinds: each thing that Check proves is broken once.
func TestCheckFinds(t *testing.T) {
	set, p := shipped(t), child()
	p.Family = []settle.FamilyAccount{parent("P1", "10.00")}
	bill := visit("2024-11-05", hospital3, consultation("50.00"), line("123.45"), gradeC("5.00"), gradeB("10.00", "0.10"))
	for name, damage := range map[string]func(*settle.Split){
		"a line is missing":         func(s *settle.Split) { s.Lines = s.Lines[1:] },
		"cash is off":               func(s *settle.Split) { s.Cash++ },
		"fund and cash are off":     func(s *settle.Split) { s.Fund++; s.Cash-- },
		"negative own":              func(s *settle.Split) { s.Own--; s.Cash++ },
		"total is off":              func(s *settle.Split) { s.Total++; s.Cash++ },
		"parts of a line":           func(s *settle.Split) { s.Lines[0].OverCap++ },
		"negative part":             func(s *settle.Split) { s.Lines[0].OverCap--; s.Lines[0].InScope++ },
		"fund over in scope":        func(s *settle.Split) { s.Lines[0].Fund += 100_00; s.Lines[1].Fund -= 60_00 },
		"fund without bucket":       func(s *settle.Split) { s.Lines[1].Bucket = settle.BucketNone },
		"bucket is off":             func(s *settle.Split) { s.Buckets[0].Fund++ },
		"bucket twice":              func(s *settle.Split) { s.Buckets[1].Bucket = s.Buckets[0].Bucket },
		"draw over usable":          func(s *settle.Split) { s.Draws[0].Usable-- },
		"draw is off":               func(s *settle.Split) { s.Draws[0].Paid-- },
		"denied but usable":         func(s *settle.Split) { s.Draws[0].Denied = settle.LinkNotActive },
		"accounts over eligible":    func(s *settle.Split) { s.Eligible = s.Family - 1 },
		"eligible over the patient": func(s *settle.Split) { s.Eligible = s.Total },
		"no reason":                 func(s *settle.Split) { s.Reasons = nil },
		"no status":                 func(s *settle.Split) { s.Status = "" },
		"no fund with fund":         func(s *settle.Split) { s.Status = settle.NoFund },
		"refused with fund":         func(s *settle.Split) { s.Status = settle.Refused },
		"limit grows":               func(s *settle.Split) { *s.LimitAfter = *s.LimitBefore + 1 },
		"limit is negative":         func(s *settle.Split) { *s.LimitAfter = -1 },
	} {
		s := compute(t, set, p, bill, settle.Usage{})
		if err := s.Check(bill); err != nil {
			t.Fatalf("undamaged: %v", err)
		}
		damage(&s)
		if s.Check(bill) == nil {
			t.Errorf("%s: not found", name)
		}
	}
}

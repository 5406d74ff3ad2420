package settle_test

import (
	"strings"
	"testing"

	"settled/settle"
)

// TestEveryDay: on each day from 2014-01-01 each kind of visit of each kind of person at
// each level has one answer: a split, or a refusal that names the row that is missing.
func TestEveryDay(t *testing.T) {
	set := shipped(t)
	places := []settle.Institution{centreA, hospital2, hospital3, near2, far3}
	for day := date("2014-01-01"); day <= date("2027-01-01"); day = day.Next() {
		for i, kind := range []settle.VisitKind{settle.Outpatient, settle.EmergencyRescue, settle.Inpatient, settle.SpecialDisease} {
			for j, category := range []settle.Category{settle.ChildResident, settle.Resident, settle.EmployeeTier1, settle.EmployeeTier2} {
				p := child()
				p.Category, p.Birth, p.Retired = category, date("1950-06-01"), day.Day()%2 == 0
				p.Benefit.From, p.Selections[0].From = p.Birth, p.Birth
				b := visit(day.String(), places[(i+j+day.Day())%len(places)], line("100.00"))
				b.Visit.Kind = kind
				s := compute(t, set, p, b, settle.Usage{})
				if s.Status != settle.Refused {
					continue
				}
				if note := s.Steps[0].Note; s.Reasons[0] != settle.PolicyRowMissing || !strings.Contains(note, ".toml") || !strings.Contains(note, "row of parameter ") {
					t.Fatalf("%s %s %s: %v %q", day, kind, category, s.Reasons, note)
				}
			}
		}
	}
}

// TestUnknownYear: 2026 has no limit; the refusal says what is missing, and which file
// to add for it.
func TestUnknownYear(t *testing.T) {
	for _, c := range []struct {
		category settle.Category
		group    string
	}{{settle.ChildResident, "resident"}, {settle.EmployeeTier2, "resident"}, {settle.EmployeeTier1, "tier1"}} {
		p := child()
		p.Category = c.category
		s := compute(t, shipped(t), p, visit("2026-03-01", centreA, line("100.00")), settle.Usage{})
		note := s.Steps[0].Note
		for _, part := range []string{"no outpatient_limit " + c.group + " for 2026-03-01", "outpatient_limit-2026.toml", "outpatient_limit, " + c.group + " from 2026-01-01"} {
			if !strings.Contains(note, part) {
				t.Errorf("%s: %q does not say %q", c.category, note, part)
			}
		}
		if refusal := s.Refusal(); refusal == nil || !strings.Contains(refusal.Technician, note) || !strings.Contains(refusal.Cashier, "政策") {
			t.Errorf("%s: %+v", c.category, refusal)
		}
	}
}

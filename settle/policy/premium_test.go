package policy

import (
	"errors"
	"strings"
	"testing"

	"settled/settle"
)

// TestPremium: both parts with their formula; a year that no source states is refused
// with the file to add.
func TestPremium(t *testing.T) {
	s := loaded(t)
	for _, c := range []struct{ day, person, own, subsidy, total, formula, missing string }{
		{"2024-09-01", "child", "436.32", "872.64", "1308.96", "6060.00 × 12 × 0.6 %", ""},
		{"2025-08-31", "student", "436.32", "872.64", "1308.96", "6060.00 × 12 × 0.6 %", ""},
		{"2022-10-01", "student", "578.52", "666.00", "1244.52", "", ""},
		{"2022-10-01", "child", "", "", "", "", "premium-2014.toml"},
		{"2025-09-01", "child", "", "", "", "", "premium-2025.toml to the policy directory with a row of parameter premium, child, own from 2025-09-01"},
		{"2024-11-05", "resident", "", "", "", "", "none of other residents was found"},
		{"2013-12-31", "child", "", "", "", "", "the rules begin on 2014-01-01"},
		{"2024-11-05", "soldier", "", "", "", "", "no premium of soldier"},
	} {
		p, err := s.Premium(day(c.day), c.person)
		if c.missing != "" {
			var refusal *settle.Refusal
			if !errors.As(err, &refusal) || refusal.Code != settle.PolicyRowMissing || !strings.Contains(refusal.Technician, c.missing) {
				t.Errorf("%s %s: %+v %v, want %q", c.day, c.person, p, err, c.missing)
			}
			continue
		}
		if err != nil || p.Own.Amount.String() != c.own || p.Subsidy.Amount.String() != c.subsidy || p.Total.String() != c.total || p.Own.Formula != c.formula {
			t.Errorf("%s %s: %+v %v", c.day, c.person, p, err)
		}
	}
}

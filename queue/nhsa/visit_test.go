package nhsa_test

import (
	"fmt"
	"strings"
	"testing"

	"settled/queue/nhsa"
)

// TestLineNumbers: a visit may be settled at any counter, several times a day and on
// several days; no two of its lines have the same number, and every province takes it.
func TestLineNumbers(t *testing.T) {
	seen := map[string]string{}
	for counter := 1; counter <= 99; counter++ {
		for _, day := range []string{"20261121", "20261122", "20261221", "20270101"} {
			for _, serial := range []int{1, 2, 10, 99999} {
				s := bought(120)
				s.Number = fmt.Sprintf("%02d%s%05d", counter, day, serial)
				v, err := nhsa.VisitOf(s, nhsa.Manner{})
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range v.Lines {
					if len(l.No) > 15 || strings.Trim(l.No, "0123456789") != "" {
						t.Fatalf("number %q of a line", l.No)
					}
					if other := seen[l.No]; other != "" {
						t.Fatalf("line number %s is of settlements %s and %s", l.No, other, s.Number)
					}
					seen[l.No] = s.Number
				}
			}
		}
	}
}

package platform_test

import (
	"fmt"
	"strings"
	"testing"

	"settled/cmd/rig/internal/platform"
	"settled/queue/nhsa"
	"settled/settle"
)

// registry is the institutions that the counter knows.
type registry map[string]settle.Institution

func (r registry) Institution(code string) (settle.Institution, bool) {
	i, ok := r[code]
	return i, ok
}

func TestEntitlement(t *testing.T) {
	known := registry{"H44030500101": {ID: "H44030500101", Name: "南园", Level: 1, Kind: settle.CommunityHealth, SettlementHospital: "H44030500001"}}
	for _, c := range []struct {
		name string
		who  settle.Identity
		want string
	}{
		{
			"child by card",
			settle.Identity{CardNumber: "F18060102", CardCode: "440300D1560000050000018A6F3C27E1"},
			"child_resident retired=false birth 2018-06-01 explicit 2026-01-01..2099-12-31 own - H44030500101/1 2023-10-01..2099-12-31 used 186.40 0.00 390/1403 440300",
		},
		{
			"father by id number",
			settle.Identity{IDNumber: "440305198805051013"},
			"employee_tier1 retired=false birth 1988-05-05 explicit 2026-01-01.. own 5234.56 H44030500001/0 2023-10-01..2099-12-31 used 320.00 120.00 310/1101 440300",
		},
		{
			"mother, with an ended row elsewhere first",
			settle.Identity{IDNumber: "440305199003201045"},
			"employee_tier1 retired=false birth 1990-03-20 explicit 2026-01-01.. own 312.40 H44030500201/0 2023-10-01..2099-12-31 used 0.00 0.00 310/1101 440300",
		},
		{
			"retired",
			settle.Identity{IDNumber: "440305195802121035"},
			"employee_tier1 retired=true birth 1958-02-12 explicit 2026-01-01.. own 1820.05 H44030500101/1 2023-10-01..2099-12-31 used 2210.75 800.00 310/12 440300",
		},
		{
			"student",
			settle.Identity{IDNumber: "440305200408081075"},
			"student retired=false birth 2004-08-08 explicit 2026-01-01..2099-12-31 own - H44030500101/1 2023-10-01..2099-12-31 used 0.00 0.00 390/1404 440300",
		},
		{"ended", settle.Identity{IDNumber: "440305198512241067"}, "INSURANCE_ENDED"},
		{"not the card's person", settle.Identity{CardNumber: "F18060102", CardCode: "440300D1560000050000018A6F3C27E1", IDNumber: "440305198805051013"}, "PLATFORM_OTHER_PERSON"},
	} {
		for _, loose := range []bool{false, true} {
			d := open(t, nil)
			d.sim.Books.SetMood(platform.Mood{Loose: loose})
			q := nhsa.Inquiry{Institution: "H44030500001", Registry: known, Now: noon()}
			e, err := q.Entitlement(t.Context(), c.who, d.ask)
			if got := describe(e, err); !strings.HasPrefix(got, c.want) {
				t.Errorf("%s (loose %v):\ngot  %s\nwant %s", c.name, loose, got, c.want)
			}
		}
	}
}

func describe(e settle.Entitlement, err error) string {
	if err != nil {
		return err.Error()
	}
	own := "-"
	if e.Insured.Own != nil {
		own = e.Insured.Own.Balance.String()
	}
	s := fmt.Sprintf("%s retired=%v birth %s %s %s..%s own %s", e.Insured.Category, e.Insured.Retired, e.Insured.Birth,
		e.Insured.Benefit.Kind, e.Insured.Benefit.From, e.Insured.Benefit.To, own)
	for _, sel := range e.Insured.Selections {
		s += fmt.Sprintf(" %s/%d %s..%s", sel.Institution.ID, sel.Institution.Level, sel.From, sel.To)
	}
	return s + fmt.Sprintf(" used %s %s %s/%s %s", e.Usage.Ordinary, e.Usage.OrdinaryLevel2, e.InsuranceType, e.PersonType, e.InsuredArea)
}

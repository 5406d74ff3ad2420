package settle_test

import (
	"os"
	"testing"

	"github.com/shopspring/decimal"

	"settled/settle"
	"settled/settle/policy"
)

// What the table tests of this package share: the shipped rules, a child born on
// 2018-06-01 who has selected a community health centre, and the places around it.

var (
	hospital3 = settle.Institution{ID: "H3", Level: 3, Kind: settle.Hospital, City: "shenzhen", Province: "guangdong", Networked: true}
	hospital2 = settle.Institution{ID: "H2", Level: 2, Kind: settle.Hospital, City: "shenzhen", Province: "guangdong", Networked: true}
	hospital1 = settle.Institution{ID: "H1", Level: 1, Kind: settle.Hospital, City: "shenzhen", Province: "guangdong", Networked: true}
	stranger  = settle.Institution{ID: "H3X", Level: 3, Kind: settle.Hospital, City: "shenzhen", Province: "guangdong", Networked: true}
	primary   = settle.Institution{ID: "PC", Level: 1, Kind: settle.OtherPrimary, City: "shenzhen", Province: "guangdong", Networked: true}
	centreA   = settle.Institution{ID: "A1", Level: 1, Kind: settle.CommunityHealth, SettlementHospital: "H3", City: "shenzhen", Province: "guangdong", Networked: true}
	centreA2  = settle.Institution{ID: "A2", Level: 1, Kind: settle.CommunityHealth, SettlementHospital: "H3", City: "shenzhen", Province: "guangdong", Networked: true}
	centreB   = settle.Institution{ID: "B1", Level: 1, Kind: settle.CommunityHealth, SettlementHospital: "H2", City: "shenzhen", Province: "guangdong", Networked: true}
)

func date(s string) settle.Date {
	d, err := settle.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func yuan(s string) settle.Fen {
	f, err := settle.ParseFen(s)
	if err != nil {
		panic(err)
	}
	return f
}

func shipped(tb testing.TB) *policy.Set {
	tb.Helper()
	set, err := policy.Load()
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

// illustrative is the shipped rules with the overlay that has a limit for 2026.
func illustrative(tb testing.TB) *policy.Set {
	tb.Helper()
	set, err := policy.Load(os.DirFS("../testdata/policy.d"))
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

func child() settle.Insured {
	return settle.Insured{
		Category: settle.ChildResident, Birth: date("2018-06-01"), ShenzhenHukou: true,
		Benefit:    settle.Benefit{Kind: settle.BenefitExplicit, From: date("2018-06-01")},
		Selections: []settle.Selection{{Institution: centreA, From: date("2018-06-01")}},
	}
}

// line is a category A line of one unit.
func line(price string) settle.Line {
	return settle.Line{Name: "药", Grade: settle.GradeA, UnitPrice: decimal.RequireFromString(price), Quantity: decimal.New(1, 0)}
}

func gradeB(price, ratio string) settle.Line {
	l := line(price)
	l.Grade, l.FirstSelfPay = settle.GradeB, decimal.RequireFromString(ratio)
	return l
}

func gradeC(price string) settle.Line {
	l := line(price)
	l.Grade = settle.GradeC
	return l
}

func consultation(price string) settle.Line {
	l := line(price)
	l.Consultation = true
	return l
}

func capped(price, qty, limit string) settle.Line {
	l := line(price)
	l.Quantity = decimal.RequireFromString(qty)
	l.PriceCap = decimal.NewNullDecimal(decimal.RequireFromString(limit))
	return l
}

// visit is an ordinary outpatient visit.
func visit(day string, at settle.Institution, lines ...settle.Line) settle.Bill {
	return settle.Bill{Visit: settle.Visit{Day: date(day), Kind: settle.Outpatient, Institution: at}, Lines: lines}
}

func parent(id, balance string) settle.FamilyAccount {
	return settle.FamilyAccount{
		ID: id, Relation: settle.RelationChild, DonorTier: settle.EmployeeTier1,
		Link: settle.MutualAid, LinkFrom: date("2018-06-01"), Balance: yuan(balance),
	}
}

// compute fails the test on an error.
func compute(tb testing.TB, set *policy.Set, p settle.Insured, b settle.Bill, u settle.Usage) settle.Split {
	tb.Helper()
	s, err := settle.Compute(set.On(b.Visit.Day), p, b, u)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func reasons(s *settle.Split) string {
	text := ""
	for i, r := range s.Reasons {
		if i > 0 {
			text += " "
		}
		text += string(r)
	}
	return text
}

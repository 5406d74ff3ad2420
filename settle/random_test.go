package settle_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"settled/settle"
)

// Random persons, visits and bills on all days and of all kinds, and what the engine
// makes of them beside the oracle.

var (
	far3  = settle.Institution{ID: "BJ3", Level: 3, Kind: settle.Hospital, City: "beijing", Province: "beijing", Networked: true}
	near2 = settle.Institution{ID: "GZ2", Level: 2, Kind: settle.Hospital, City: "guangzhou", Province: "guangdong", Networked: true}
	farP  = settle.Institution{ID: "BJP", Level: 1, Kind: settle.OtherPrimary, City: "beijing", Province: "beijing", Networked: true}
	nearP = settle.Institution{ID: "GZP", Level: 1, Kind: settle.CommunityHealth, City: "guangzhou", Province: "guangdong", Networked: true}
	mute  = settle.Institution{ID: "GZM", Level: 1, Kind: settle.OtherPrimary, City: "guangzhou", Province: "guangdong"}

	home     = []settle.Institution{centreA, centreA2, centreB, hospital1, hospital2, hospital3, stranger, primary}
	anywhere = append(slices.Clone(home), far3, near2, farP, nearP, mute)
)

// edges are days at which some rule begins or ends, with the days before.
var edges = []string{
	"2013-12-31", "2014-01-01", "2018-06-30", "2018-07-01", "2018-11-19", "2018-11-20", "2019-06-30", "2019-07-01",
	"2020-07-01", "2021-06-30", "2021-07-01", "2022-02-28", "2022-06-30", "2022-07-01", "2023-06-30", "2023-07-01",
	"2023-09-30", "2023-10-01", "2023-12-31", "2024-01-01", "2024-02-29", "2024-06-30", "2024-07-01", "2024-12-31",
	"2025-01-01", "2025-12-31", "2026-01-01",
}

func anyDay(t *rapid.T, from, to int, label string) settle.Date {
	for {
		year := between(t, from, to, label+" year")
		month, day := between(t, 1, 12, label+" month"), between(t, 1, 31, label+" day")
		if d, ok := settle.NewDate(year, month, day); ok {
			return d
		}
	}
}

// between draws a whole number, all alike: rapid's own ranges prefer the small, and
// would seldom leave the first kinds of anything.
func between(t *rapid.T, from, to int, label string) int {
	return from + rapid.Custom(func(t *rapid.T) int {
		n := 0
		for range 12 {
			if n <<= 1; rapid.Bool().Draw(t, "bit") {
				n++
			}
		}
		return n
	}).Draw(t, label)%(to-from+1)
}

// pick draws one of a list, all alike.
func pick[T any](t *rapid.T, list []T, label string) T {
	return list[between(t, 0, len(list)-1, label)]
}

// often gives true n times in ten.
func often(t *rapid.T, n int, label string) bool {
	return between(t, 1, 10, label) > 10-n
}

// anyLine draws a line of a bill.
func anyLine(t *rapid.T) settle.Line {
	l := settle.Line{
		Name: "药", Grade: pick(t, []settle.Grade{settle.GradeA, settle.GradeA, settle.GradeB, settle.GradeC}, "grade"),
		UnitPrice:      decimal.New(rapid.Int64Range(0, 9_999_999).Draw(t, "price"), -4),
		Quantity:       decimal.New(rapid.Int64Range(1, 100_000).Draw(t, "qty"), -rapid.Int32Range(0, 4).Draw(t, "places")),
		Consultation:   often(t, 1, "consultation"),
		LargeEquipment: often(t, 1, "large"),
		Vaccination:    often(t, 1, "vaccine"),
	}
	if often(t, 2, "service") {
		l.Kind = settle.ServiceLine
	}
	if l.Grade == settle.GradeB {
		l.FirstSelfPay = decimal.New(rapid.Int64Range(0, 10_000).Draw(t, "ratio"), -4)
	}
	if often(t, 3, "capped") {
		l.PriceCap = decimal.NewNullDecimal(decimal.New(rapid.Int64Range(0, 9_999_999).Draw(t, "cap"), -4))
	}
	return l
}

func anyBill(t *rapid.T) settle.Bill {
	b := settle.Bill{Visit: settle.Visit{
		Kind: pick(t, []settle.VisitKind{
			settle.Outpatient, settle.Outpatient, settle.Outpatient,
			settle.Emergency, settle.EmergencyRescue, settle.Inpatient, settle.SpecialDisease,
		}, "kind"),
		Institution:      pick(t, home, "at"),
		ReferralInCity:   often(t, 2, "referral"),
		Filing:           pick(t, []settle.Filing{settle.NoFiling, settle.NoFiling, settle.FilingLongTerm, settle.FilingReferral}, "filing"),
		AdmissionNo:      between(t, 0, 3, "admission"),
		ContinuousMonths: between(t, 0, 48, "months"),
		Channel:          pick(t, []settle.Channel{settle.Counter, settle.Mobile}, "channel"),
	}, Lines: rapid.SliceOfN(rapid.Custom(anyLine), 0, 20).Draw(t, "lines")}
	if often(t, 3, "away") {
		b.Visit.Institution = pick(t, anywhere, "place")
	}
	switch between(t, 0, 3, "when") {
	case 0:
		b.Visit.Day = date(pick(t, edges, "edge"))
	case 1:
		b.Visit.Day = anyDay(t, 2014, 2026, "visit")
	default:
		b.Visit.Day = anyDay(t, 2023, 2025, "visit")
	}
	return b
}

// anyPerson draws a person for a bill: born before it, mostly in benefit.
func anyPerson(t *rapid.T, b settle.Bill) settle.Insured {
	day := b.Visit.Day
	p := settle.Insured{
		Category: pick(t, []settle.Category{
			settle.ChildResident, settle.ChildResident, settle.Student, settle.Resident, settle.EmployeeTier1, settle.EmployeeTier2,
		}, "category"),
		Retired: often(t, 3, "retired"), ShenzhenHukou: often(t, 7, "hukou"),
		DuplicateEnrolment: between(t, 0, 50, "duplicate") == 0,
		Benefit:            settle.Benefit{Kind: settle.BenefitExplicit, From: date("2000-01-01")},
	}
	if p.Birth = anyDay(t, 1940, 2026, "birth"); p.Birth > day {
		p.Birth = day
	}
	if often(t, 2, "birthday") {
		p.Birth = birthday(day, pick(t, []int{0, 13, 14, 59, 60}, "age"))
	}
	if often(t, 3, "benefit") {
		p.Benefit = anyBenefit(t, p.Birth, day)
	}
	p.Selections = anySelections(t, b)
	if often(t, 5, "own") {
		p.Own = &settle.Account{Balance: settle.Fen(rapid.Int64Range(0, 200_000).Draw(t, "own balance"))}
	}
	for i := range between(t, 0, 3, "accounts") {
		p.Family = append(p.Family, anyAccount(t, i, day))
	}
	return p
}

// birthday is a day of birth some years before a day, or the day after: 1 March for
// 29 February.
func birthday(day settle.Date, years int) settle.Date {
	return day.AddYears(-years)
}

func anyBenefit(t *rapid.T, birth, day settle.Date) settle.Benefit {
	switch between(t, 0, 2, "benefit kind") {
	case 0:
		return settle.Benefit{Kind: settle.BenefitAnnual, SchoolYear: day.Year() - between(t, 0, 1, "school year")}
	case 1:
		registered := birth.AddMonths(between(t, 0, 7, "registered"))
		if often(t, 3, "a day before") {
			registered = registered.Prev()
		}
		return settle.Benefit{Kind: settle.BenefitNewborn, RegisteredOn: registered, PaidFromBirth: often(t, 8, "from birth")}
	default:
		return settle.Benefit{Kind: settle.BenefitExplicit, From: anyDay(t, 2010, 2026, "from"), To: day}
	}
}

// anySelections draws none, one in force, or one after the other.
func anySelections(t *rapid.T, b settle.Bill) []settle.Selection {
	place := func(label string) settle.Institution {
		if often(t, 4, label+" here") {
			return b.Visit.Institution
		}
		return pick(t, anywhere, label)
	}
	switch n := between(t, 0, 9, "selections"); {
	case n == 0:
		return nil
	case n < 8:
		return []settle.Selection{{Institution: place("selected"), From: date("2010-01-01")}}
	}
	change := b.Visit.Day
	if often(t, 5, "changes next day") {
		change = change.Next()
	}
	return []settle.Selection{
		{Institution: place("before"), From: date("2010-01-01"), To: change.Prev()},
		{Institution: place("after"), From: change},
	}
}

func anyAccount(t *rapid.T, i int, day settle.Date) settle.FamilyAccount {
	a := settle.FamilyAccount{
		ID: fmt.Sprintf("P%d", i), Link: settle.MutualAid, DonorTier: settle.EmployeeTier1,
		Relation: pick(t, []settle.Relation{
			settle.RelationChild, settle.RelationChild, settle.RelationSpouse, settle.RelationParent,
			settle.RelationSibling, settle.RelationGrandparent, settle.RelationGrandchild, "cousin",
		}, "relation"),
		LinkFrom:           pick(t, []settle.Date{date("2010-01-01"), day, day.Next()}, "link from"),
		LinkTo:             pick(t, []settle.Date{0, 0, day, day.Prev()}, "link to"),
		Balance:            settle.Fen(rapid.Int64Range(0, 1_200_000).Draw(t, "balance")),
		RegisteredGuardian: often(t, 5, "guardian"),
	}
	switch between(t, 0, 9, "oddity") {
	case 0:
		a.Link = settle.FamilyDisplay
	case 1:
		a.DonorTier = settle.EmployeeTier2
	case 2:
		a.Balance = 0
	case 3:
		a.Balance = pick(t, []settle.Fen{500880, 500881, 697180, 777816, 823771}, "threshold")
	}
	return a
}

func anyUsage(t *rapid.T) settle.Usage {
	u := settle.Usage{Ordinary: settle.Fen(rapid.Int64Range(0, 300_000).Draw(t, "used"))}
	if often(t, 3, "much") {
		u.Ordinary = settle.Fen(rapid.Int64Range(0, 1_300_000).Draw(t, "used much"))
	}
	u.OrdinaryLevel2 = settle.Fen(rapid.Int64Range(0, int64(u.Ordinary)).Draw(t, "used at level 2"))
	return u
}

// TestOracle: on any bill the engine and the oracle agree to the fen and the reason.
func TestOracle(t *testing.T) {
	set := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		for range 10 {
			b, u := anyBill(t), anyUsage(t)
			p := anyPerson(t, b)
			s, err := settle.Compute(set.On(b.Visit.Day), p, b, u)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(told(oracle(p, b, u)), told(opinionOf(&s))); d != "" {
				t.Fatalf("-oracle +engine\n%s", d)
			}
		}
	})
}

// opinionOf is a split in the oracle's terms.
func opinionOf(s *settle.Split) opinion {
	o := opinion{
		status: string(s.Status), multiplier: s.Multiplier.String(), selected: s.Selected,
		total: money(s.Total), fund: money(s.Fund), own: money(s.Own), kin: money(s.Family), cash: money(s.Cash),
		eligible: money(s.Eligible), deductible: money(s.Deductible), buckets: map[string]decimal.Decimal{},
	}
	for _, r := range s.Reasons {
		o.reasons = append(o.reasons, string(r))
	}
	if s.LimitBefore != nil {
		before, after := money(*s.LimitBefore), money(*s.LimitAfter)
		o.before, o.after = &before, &after
	}
	for _, b := range s.Buckets {
		o.buckets[string(b.Bucket)] = money(b.Fund)
	}
	for _, l := range s.Lines {
		bucket := string(l.Bucket)
		if l.Bucket == settle.BucketNone {
			bucket = ""
		}
		o.lines = append(o.lines, opined{
			money(l.Amount), money(l.OverCap), money(l.FirstSelfPay), money(l.SelfFunded), money(l.InScope),
			money(l.Fund), l.Rate, decimal.Zero, bucket, false, false,
		})
	}
	for _, d := range s.Draws {
		o.draws = append(o.draws, drawn{money(d.Usable), money(d.Paid), string(d.Denied)})
	}
	return o
}

// told is an opinion as text, line by line.
func told(o opinion) []string {
	yes := func(b *bool) string {
		if b == nil {
			return "-"
		}
		return fmt.Sprint(*b)
	}
	fixed := func(d *decimal.Decimal) string {
		if d == nil {
			return "-"
		}
		return d.StringFixed(2)
	}
	list := []string{
		fmt.Sprintf("%s %v ×%s selected %s", o.status, o.reasons, o.multiplier, yes(o.selected)),
		fmt.Sprintf("total %s fund %s own %s family %s cash %s", o.total.StringFixed(2), o.fund.StringFixed(2), o.own.StringFixed(2), o.kin.StringFixed(2), o.cash.StringFixed(2)),
		fmt.Sprintf("eligible %s deductible %s limit %s to %s", o.eligible.StringFixed(2), o.deductible.StringFixed(2), fixed(o.before), fixed(o.after)),
	}
	for i, l := range o.lines {
		list = append(list, fmt.Sprintf("line %d: %s over %s first %s self %s scope %s %s × %s fund %s", i+1, l.amount.StringFixed(2),
			l.over.StringFixed(2), l.first.StringFixed(2), l.self.StringFixed(2), l.scope.StringFixed(2), l.bucket, l.rate, l.fund.StringFixed(2)))
	}
	for i, d := range o.draws {
		list = append(list, fmt.Sprintf("account %d: %s of %s %s", i, d.paid.StringFixed(2), d.usable.StringFixed(2), d.denied))
	}
	var buckets []string
	for b, fund := range o.buckets {
		buckets = append(buckets, b+" "+fund.StringFixed(2))
	}
	slices.Sort(buckets)
	return append(list, buckets...)
}

package settle_test

import (
	"errors"
	"slices"

	"github.com/shopspring/decimal"

	"settled/settle"
	"settled/settle/policy"
)

// spoil is one thing that makes an input impossible to compute with.
type spoil struct {
	code  settle.Code
	field string
	by    func(x *situation)
}

func spoils() []spoil {
	first := func(x *situation, change func(*settle.Line)) {
		x.bill.Lines = append([]settle.Line{line("1")}, x.bill.Lines...)
		change(&x.bill.Lines[0])
	}
	visited := func(x *situation) *settle.Institution { return &x.bill.Visit.Institution }
	return []spoil{
		{settle.WrongRules, "visit.date", func(x *situation) { x.bill.Visit.Day = 0 }},
		{settle.TooManyLines, "items", func(x *situation) { x.bill.Lines = make([]settle.Line, settle.MaxLines+1) }},
		{settle.AmountTooLarge, "items", func(x *situation) {
			x.bill.Lines = []settle.Line{line("9999999999"), line("9999999999")}
		}},
		{settle.BadField, "visit.institution.level", func(x *situation) { visited(x).Level = 4 }},
		{settle.BadField, "visit.institution", func(x *situation) { visited(x).City = "" }},
		{settle.BadField, "visit.institution.kind", func(x *situation) { visited(x).Kind = "clinic" }},
		{settle.BadField, "visit.kind", func(x *situation) { x.bill.Visit.Kind = "birth" }},
		{settle.BadField, "visit.filing", func(x *situation) { x.bill.Visit.Filing = "maybe" }},
		{settle.BadField, "visit.channel", func(x *situation) { x.bill.Visit.Channel = "fax" }},
		{settle.BadField, "visit.admission_no", func(x *situation) { x.bill.Visit.AdmissionNo = -1 }},
		{settle.BadField, "visit.continuous_months", func(x *situation) { x.bill.Visit.ContinuousMonths = -1 }},
		{settle.BadField, "usage.ordinary_l2plus", func(x *situation) { x.used.OrdinaryLevel2 = -1 }},
		{settle.BadField, "items[0].category", func(x *situation) { first(x, func(l *settle.Line) { l.Grade = "D" }) }},
		{settle.BadField, "items[0].unit_price", func(x *situation) {
			first(x, func(l *settle.Line) { l.UnitPrice = decimal.New(-1, 0) })
		}},
		{settle.BadField, "items[0].qty", func(x *situation) { first(x, func(l *settle.Line) { l.Quantity = decimal.Zero }) }},
		{settle.BadField, "items[0].price_cap", func(x *situation) {
			first(x, func(l *settle.Line) { l.PriceCap = decimal.NewNullDecimal(decimal.New(-1, 0)) })
		}},
		{settle.BadField, "items[0].first_self_pay_ratio", func(x *situation) {
			first(x, func(l *settle.Line) { l.FirstSelfPay = decimal.New(11, -1) })
		}},
		{settle.BadField, "patient.category", func(x *situation) { x.person.Category = "guest" }},
		{settle.BadField, "patient.benefit.kind", func(x *situation) { x.person.Benefit.Kind = "" }},
		{settle.BadField, "patient.birth_date", func(x *situation) { x.person.Birth = x.bill.Visit.Day.Next() }},
		{settle.BadField, "own_account.balance", func(x *situation) { x.person.Own = &settle.Account{Balance: -1} }},
		{settle.BadField, "family_accounts", func(x *situation) { x.person.Family = make([]settle.FamilyAccount, settle.MaxFamily+1) }},
		{settle.BadField, "family_accounts[0].relation", func(x *situation) {
			x.person.Family = []settle.FamilyAccount{{Relation: settle.RelationSelf}}
		}},
		{settle.BadField, "patient.selections[1]", func(x *situation) {
			x.person.Selections = []settle.Selection{{Institution: centreA}, {Institution: centreB}}
		}},
	}
}

// spoiledInput is refused by name, and nothing is computed.
func spoiledInput(t judge, set *policy.Set, x situation, _ settle.Split) {
	all := spoils()
	one := all[x.rand().IntN(len(all))]
	x.bill.Lines, x.person.Family = slices.Clone(x.bill.Lines), slices.Clone(x.person.Family)
	rules := set.On(x.bill.Visit.Day)
	one.by(&x)
	s, err := settle.Compute(rules, x.person, x.bill, x.used)
	var refused *settle.Refusal
	if !errors.As(err, &refused) || refused.Code != one.code || refused.Field != one.field || s.Status != "" {
		t.Fatalf("%s of %s: %v, status %q", one.code, one.field, err, s.Status)
	}
}

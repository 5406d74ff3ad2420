package settle_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/shopspring/decimal"

	"settled/settle"
	"settled/settle/policy"
)

// TestSelection: who pays where (S-1 to S-6, X-7, X-10).
func TestSelection(t *testing.T) {
	set := shipped(t)
	student := func(p *settle.Insured) { p.Category, p.Birth = settle.Student, date("2004-02-02") }
	chose := func(in settle.Institution) func(*settle.Insured) {
		return func(p *settle.Insured) { p.Selections[0].Institution = in }
	}
	born := func(day string) func(*settle.Insured) { return func(p *settle.Insured) { p.Birth = date(day) } }
	none := func(p *settle.Insured) { p.Selections = nil }
	ended := func(p *settle.Insured) { p.Selections[0].To = date("2024-11-04") }
	for _, c := range []struct {
		name     string
		at       settle.Institution
		person   []func(*settle.Insured)
		visit    func(*settle.Visit)
		fund     string
		reason   settle.Code
		selected bool
	}{
		{"selected centre", centreA, nil, nil, "75.00", settle.SelectedDirect, true},
		{"its settlement hospital", hospital3, nil, nil, "55.00", settle.SelectedSettlementHospital, true},
		{"another centre of that hospital", centreA2, nil, nil, "75.00", settle.SelectedAffiliated, true},
		{"a centre of another hospital", centreB, nil, nil, "0.00", settle.NotSelected, false},
		{"a strange hospital", stranger, nil, nil, "0.00", settle.NotSelected, false},
		{"referred there", stranger, nil, func(v *settle.Visit) { v.ReferralInCity = true }, "55.00", settle.Referred, false},
		{"rescued there", stranger, nil, func(v *settle.Visit) { v.Kind = settle.EmergencyRescue }, "55.00", settle.RescueVisit, false},
		{"rescued and referred", stranger, nil, func(v *settle.Visit) { v.Kind, v.ReferralInCity = settle.EmergencyRescue, true }, "55.00", settle.RescueVisit, false},
		{"rescued at the selected place", centreA, nil, func(v *settle.Visit) { v.Kind = settle.EmergencyRescue }, "75.00", settle.SelectedDirect, true},
		{"emergency there", stranger, nil, func(v *settle.Visit) { v.Kind = settle.Emergency }, "0.00", settle.NotSelected, false},
		{"nothing selected", centreA, []func(*settle.Insured){none}, nil, "0.00", settle.NoSelection, false},
		{"nothing selected, rescued", stranger, []func(*settle.Insured){none}, func(v *settle.Visit) { v.Kind = settle.EmergencyRescue }, "55.00", settle.RescueVisit, false},
		{"selection ended the day before", centreA, []func(*settle.Insured){ended}, nil, "0.00", settle.NoSelection, false},
		{"other primary", primary, []func(*settle.Insured){chose(primary)}, nil, "75.00", settle.SelectedDirect, true},
		{"level 2 below 14", hospital2, []func(*settle.Insured){chose(hospital2)}, nil, "65.00", settle.SelectedDirect, true},
		{"level 1 hospital below 14", hospital1, []func(*settle.Insured){chose(hospital1)}, nil, "75.00", settle.SelectedDirect, true},
		{"level 3 below 14", hospital3, []func(*settle.Insured){chose(hospital3)}, nil, "0.00", settle.NotSelected, false},
		{"centre of the selected hospital", centreB, []func(*settle.Insured){chose(hospital2)}, nil, "0.00", settle.NotSelected, false},
		{"student's hospital", hospital2, []func(*settle.Insured){student, chose(hospital2)}, nil, "0.00", settle.SelectionInvalidAge14, false},
		{"student's primary", primary, []func(*settle.Insured){student, chose(primary)}, nil, "75.00", settle.SelectedDirect, true},
		{"day before 14", hospital2, []func(*settle.Insured){born("2010-11-06"), chose(hospital2)}, nil, "65.00", settle.SelectedDirect, true},
		{"on the 14th birthday", hospital2, []func(*settle.Insured){born("2010-11-05"), chose(hospital2)}, nil, "0.00", settle.SelectionInvalidAge14, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, b := child(), visit("2024-11-05", c.at, line("100.00"))
			for _, change := range c.person {
				change(&p)
			}
			if c.visit != nil {
				c.visit(&b.Visit)
			}
			s := compute(t, set, p, b, settle.Usage{})
			if s.Fund != yuan(c.fund) || s.Reasons[0] != c.reason || s.Selected == nil || *s.Selected != c.selected {
				t.Errorf("fund %s, reasons %s, selected %v; want %s, %s, %v", s.Fund, reasons(&s), *s.Selected, c.fund, c.reason, c.selected)
			}
		})
	}
}

// TestUnknownSelection: where nothing is known of the institution that is selected, nobody
// can say whether another one counts as it: that is refused, and nothing else.
func TestUnknownSelection(t *testing.T) {
	set := shipped(t)
	unknown := settle.Institution{ID: "H44030599999", City: settle.HomeCity}
	away := settle.Institution{ID: "H44190099999"}
	rescue := func(v *settle.Visit) { v.Kind = settle.EmergencyRescue }
	stay := func(v *settle.Visit) { v.Kind = settle.Inpatient }
	for _, c := range []struct {
		name   string
		day    string
		chosen settle.Selection
		more   []settle.Selection
		visit  func(*settle.Visit)
		want   settle.Code
	}{
		{"in force", "2024-11-05", settle.Selection{Institution: unknown}, nil, nil, settle.SelectionUnknown},
		{"in force, of old", "2022-11-04", settle.Selection{Institution: unknown}, nil, nil, settle.SelectionUnknown},
		{"ended", "2024-11-05", settle.Selection{Institution: unknown, To: date("2024-11-04")}, nil, nil, settle.NoSelection},
		{"ended, and this one since", "2024-11-05", settle.Selection{Institution: unknown, To: date("2023-11-04")}, child().Selections, nil, settle.SelectedDirect},
		{"in force, rescued", "2024-11-05", settle.Selection{Institution: unknown}, nil, rescue, settle.RescueVisit},
		{"in force, a stay", "2024-11-05", settle.Selection{Institution: unknown}, nil, stay, settle.InpatientVisit},
		{"out of town", "2024-11-05", settle.Selection{Institution: away}, nil, nil, settle.NotSelected},
		{"out of town beside this one", "2024-11-05", settle.Selection{Institution: away}, child().Selections, nil, settle.SelectedDirect},
	} {
		p, b := child(), visit(c.day, centreA, line("100.00"))
		p.Selections = append([]settle.Selection{c.chosen}, c.more...)
		if c.visit != nil {
			c.visit(&b.Visit)
		}
		if s := compute(t, set, p, b, settle.Usage{}); s.Reasons[0] != c.want || (s.Status == settle.Refused) != (c.want == settle.SelectionUnknown) {
			t.Errorf("%s: %s, %s; want %s", c.name, s.Status, reasons(&s), c.want)
		}
	}
}

// TestLeapDayBirthday: born on 29 February, 14 on 1 March of a common year.
func TestLeapDayBirthday(t *testing.T) {
	set, p := illustrative(t), child()
	p.Birth = date("2012-02-29")
	p.Selections[0].Institution = hospital2
	for day, fund := range map[string]string{"2026-02-28": "65.00", "2026-03-01": "0.00"} {
		if s := compute(t, set, p, visit(day, hospital2, line("100.00")), settle.Usage{}); s.Fund != yuan(fund) {
			t.Errorf("%s: fund %s, want %s", day, s.Fund, fund)
		}
	}
}

// TestBenefit: who has benefits on the day (P-1 to P-4).
func TestBenefit(t *testing.T) {
	set := shipped(t)
	annual := func(year int) settle.Benefit { return settle.Benefit{Kind: settle.BenefitAnnual, SchoolYear: year} }
	newborn := func(day string) settle.Benefit {
		return settle.Benefit{Kind: settle.BenefitNewborn, RegisteredOn: date(day), PaidFromBirth: true}
	}
	explicit := settle.Benefit{Kind: settle.BenefitExplicit, From: date("2024-03-01"), To: date("2024-08-31")}
	for _, c := range []struct {
		name, birth, day string
		benefit          settle.Benefit
		change           func(*settle.Insured)
		want             settle.Code
	}{
		{"annual, day before", "2018-06-01", "2024-09-30", annual(2024), nil, settle.NotInBenefitPeriod},
		{"annual, first day", "2018-06-01", "2024-10-01", annual(2024), nil, ""},
		{"annual, last day", "2018-06-01", "2025-09-30", annual(2024), nil, ""},
		{"annual, day after", "2018-06-01", "2025-10-01", annual(2024), nil, settle.NotInBenefitPeriod},
		{"explicit, first day", "2018-06-01", "2024-03-01", explicit, nil, ""},
		{"explicit, last day", "2018-06-01", "2024-08-31", explicit, nil, ""},
		{"explicit, day after", "2018-06-01", "2024-09-01", explicit, nil, settle.NotInBenefitPeriod},
		{"newborn, last day to enrol", "2024-03-15", "2024-03-15", newborn("2024-09-15"), nil, ""},
		{"newborn, enrolled a day late", "2024-03-15", "2024-03-20", newborn("2024-09-16"), nil, settle.NotInBenefitPeriod},
		{"newborn of 31 August, last of February", "2023-08-31", "2024-01-10", newborn("2024-02-29"), nil, ""},
		{"newborn of 31 August, first of March", "2023-08-31", "2024-01-10", newborn("2024-03-01"), nil, settle.NotInBenefitPeriod},
		{
			"newborn, no household here", "2024-03-15", "2024-03-20", newborn("2024-04-15"),
			func(p *settle.Insured) { p.ShenzhenHukou = false }, settle.NotInBenefitPeriod,
		},
		{
			"newborn, not paid from birth", "2024-03-15", "2024-03-20", newborn("2024-04-15"),
			func(p *settle.Insured) { p.Benefit.PaidFromBirth = false }, settle.NotInBenefitPeriod,
		},
		{
			"enrolled elsewhere too", "2018-06-01", "2024-11-05", annual(2024),
			func(p *settle.Insured) { p.DuplicateEnrolment = true }, settle.DuplicateEnrolment,
		},
		{"before the tables", "2008-06-01", "2013-12-31", settle.Benefit{Kind: settle.BenefitExplicit, From: date("2013-10-01")}, nil, settle.PolicyRowMissing},
		{"2026 is unknown", "2018-06-01", "2026-03-01", annual(2025), nil, settle.PolicyRowMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := child()
			p.Birth, p.Benefit = date(c.birth), c.benefit
			if c.change != nil {
				c.change(&p)
			}
			p.Family = []settle.FamilyAccount{parent("P1", "500.00")}
			s := compute(t, set, p, visit(c.day, centreA, gradeC("100.00")), settle.Usage{})
			if c.want == "" {
				if s.Status == settle.Refused {
					t.Fatalf("refused: %s", reasons(&s))
				}
				return
			}
			if s.Status != settle.Refused || reasons(&s) != string(c.want) {
				t.Fatalf("%s %s, want refused %s", s.Status, reasons(&s), c.want)
			}
			if s.Cash != yuan("100.00") || s.Selected != nil || s.LimitBefore != nil || len(s.Draws) != 0 || s.Eligible != 0 || len(s.Steps) != 1 {
				t.Errorf("a refused split posts: %+v", s)
			}
		})
	}
}

// TestMissingRowNamesTheFile: the technician learns what is missing and what to add.
func TestMissingRowNamesTheFile(t *testing.T) {
	s := compute(t, shipped(t), child(), visit("2026-03-01", centreA, line("100.00")), settle.Usage{})
	last := s.Steps[len(s.Steps)-1]
	if last.What != settle.StepRefused || last.Rule != "D-9" {
		t.Fatalf("%+v", last)
	}
	want := "no outpatient_limit resident for 2026-03-01; outpatient_limit.toml:"
	if len(last.Note) < len(want) || last.Note[:len(want)] != want {
		t.Errorf("note %q, want it to start with %q", last.Note, want)
	}
	if r := s.Refusal(); r == nil || r.Code != settle.PolicyRowMissing || !strings.Contains(r.Technician, last.Note) {
		t.Errorf("refusal %+v", r)
	}
	if s := compute(t, shipped(t), child(), visit("2024-11-05", centreA), settle.Usage{}); s.Refusal() != nil {
		t.Error("a settled split has a refusal")
	}
}

// TestMoney: levels, buckets, limit, categories, caps, rounding (R, L, B, D).
func TestMoney(t *testing.T) {
	set := shipped(t)
	hundred := make([]settle.Line, 100)
	for i := range hundred {
		hundred[i] = line("0.01")
	}
	four := line("0.3333")
	four.Quantity = decimal.New(3, 0)
	half := line("12.50")
	half.Quantity = decimal.RequireFromString("0.5")
	vaccine := line("300.00")
	vaccine.Vaccination = true
	vaccineB := gradeB("300.00", "0.10")
	vaccineB.Vaccination = true
	scan := line("800.00")
	scan.LargeEquipment = true
	for _, c := range []struct {
		name           string
		bill           settle.Bill
		used           string
		fund, eligible string
		before, after  string
		reasons        string
		status         settle.Status
	}{
		{"consultation apart", visit("2024-11-05", hospital3, consultation("50.00"), line("123.45")), "0", "97.90", "75.55", "2471.31", "2403.41", "SELECTED_SETTLEMENT_HOSPITAL", settle.Settled},
		{"consultation anywhere in the city", visit("2024-11-05", stranger, consultation("50.00"), line("100.00")), "0", "30.00", "120.00", "2471.31", "2471.31", "NOT_SELECTED", settle.Settled},
		{"limit used up, consultation still paid", visit("2024-11-05", hospital3, consultation("40.00"), line("100.00")), "2471.31", "24.00", "116.00", "0.00", "0.00", "SELECTED_SETTLEMENT_HOSPITAL LIMIT_REACHED", settle.Settled},
		{"limit cuts", visit("2024-11-05", centreA, line("200.00")), "2400.00", "71.31", "128.69", "71.31", "0.00", "SELECTED_DIRECT LIMIT_REACHED", settle.Settled},
		{"limit exactly used", visit("2024-11-05", centreA, line("100.00")), "2396.31", "75.00", "25.00", "75.00", "0.00", "SELECTED_DIRECT", settle.Settled},
		{"limit of 2023", visit("2023-12-31", centreA, line("4000.00")), "0", "2333.45", "1666.55", "2333.45", "0.00", "SELECTED_DIRECT LIMIT_REACHED", settle.Settled},
		{"more used than the limit", visit("2024-11-05", centreA, line("100.00")), "3000.00", "0.00", "100.00", "0.00", "0.00", "SELECTED_DIRECT LIMIT_REACHED", settle.NoFund},
		{"category B", visit("2024-11-05", centreA, gradeB("100.00", "0.10")), "0", "67.50", "32.50", "2471.31", "2403.81", "SELECTED_DIRECT", settle.Settled},
		{"category B, all first", visit("2024-11-05", centreA, gradeB("100.00", "1")), "0", "0.00", "100.00", "2471.31", "2471.31", "SELECTED_DIRECT", settle.NoFund},
		{"category C", visit("2024-11-05", centreA, line("100.00"), gradeC("50.00")), "0", "75.00", "25.00", "2471.31", "2396.31", "SELECTED_DIRECT", settle.Settled},
		{"over the cap", visit("2024-11-05", centreA, capped("12.00", "3", "10.00")), "0", "22.50", "7.50", "2471.31", "2448.81", "SELECTED_DIRECT", settle.Settled},
		{"below the cap", visit("2024-11-05", centreA, capped("9.99", "3", "10.00")), "0", "22.48", "7.49", "2471.31", "2448.83", "SELECTED_DIRECT", settle.Settled},
		{"a bucket is rounded once", visit("2024-11-05", centreA, hundred...), "0", "0.75", "0.25", "2471.31", "2470.56", "SELECTED_DIRECT", settle.Settled},
		{"half a fen goes up", visit("2024-11-05", centreA, line("0.06")), "0", "0.05", "0.01", "2471.31", "2471.26", "SELECTED_DIRECT", settle.Settled},
		{"four decimals", visit("2024-11-05", centreA, four), "0", "0.75", "0.25", "2471.31", "2470.56", "SELECTED_DIRECT", settle.Settled},
		{"half a unit", visit("2024-11-05", centreA, half), "0", "4.69", "1.56", "2471.31", "2466.62", "SELECTED_DIRECT", settle.Settled},
		{"no lines", visit("2024-11-05", centreA), "0", "0.00", "0.00", "2471.31", "2471.31", "SELECTED_DIRECT", settle.Settled},
		{"nothing to pay", visit("2024-11-05", centreA, line("0.00")), "0", "0.00", "0.00", "2471.31", "2471.31", "SELECTED_DIRECT", settle.Settled},
		{"vaccination is cash", visit("2024-11-05", centreA, vaccine), "0", "0.00", "0.00", "2471.31", "2471.31", "SELECTED_DIRECT", settle.NoFund},
		{"vaccination is cash, its first part too", visit("2024-11-05", centreA, vaccineB), "0", "0.00", "0.00", "2471.31", "2471.31", "SELECTED_DIRECT", settle.NoFund},
		{"a child's scan is ordinary", visit("2024-11-05", hospital3, scan), "0", "440.00", "360.00", "2471.31", "2031.31", "SELECTED_SETTLEMENT_HOSPITAL", settle.Settled},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := compute(t, set, child(), c.bill, settle.Usage{Ordinary: yuan(c.used)})
			if s.Fund != yuan(c.fund) || s.Eligible != yuan(c.eligible) || *s.LimitBefore != yuan(c.before) || *s.LimitAfter != yuan(c.after) {
				t.Errorf("fund %s eligible %s limit %s → %s; want %s %s %s → %s", s.Fund, s.Eligible, *s.LimitBefore, *s.LimitAfter, c.fund, c.eligible, c.before, c.after)
			}
			if reasons(&s) != c.reasons || s.Status != c.status {
				t.Errorf("%s %s; want %s %s", s.Status, reasons(&s), c.status, c.reasons)
			}
			if used := s.UsageAfter.Ordinary - yuan(c.used); used != *s.LimitBefore-*s.LimitAfter {
				t.Errorf("usage grew by %s, the limit shrank by %s", used, *s.LimitBefore-*s.LimitAfter)
			}
		})
	}
}

// TestUsageByLevel: what is used at level 2 and up is counted apart as well (L-3).
func TestUsageByLevel(t *testing.T) {
	set, before := shipped(t), settle.Usage{Ordinary: 1000, OrdinaryLevel2: 400}
	if s := compute(t, set, child(), visit("2024-11-05", hospital3, line("100.00")), before); s.UsageAfter != (settle.Usage{Ordinary: 6500, OrdinaryLevel2: 5900}) {
		t.Errorf("level 3: %+v", s.UsageAfter)
	}
	young := child()
	young.Selections[0].Institution = hospital2
	if s := compute(t, set, young, visit("2024-11-05", hospital2, line("100.00")), before); s.UsageAfter != (settle.Usage{Ordinary: 7500, OrdinaryLevel2: 6900}) {
		t.Errorf("level 2: %+v", s.UsageAfter)
	}
	if s := compute(t, set, child(), visit("2024-11-05", centreA, line("100.00")), before); s.UsageAfter != (settle.Usage{Ordinary: 8500, OrdinaryLevel2: 400}) {
		t.Errorf("level 1: %+v", s.UsageAfter)
	}
}

// TestAccounts: who pays of the patient's 25.00, and why not (A).
func TestAccounts(t *testing.T) {
	set := shipped(t)
	with := func(a settle.FamilyAccount, change func(*settle.FamilyAccount)) settle.FamilyAccount {
		change(&a)
		return a
	}
	p1 := parent("P1", "500.00")
	for _, c := range []struct {
		name   string
		day    string
		family []settle.FamilyAccount
		change func(*settle.Insured, *settle.Visit)
		own    string
		family2, cash,
		reasons string
	}{
		{"one parent", "2024-11-05", []settle.FamilyAccount{p1}, nil, "0", "25.00", "0.00", "SELECTED_DIRECT"},
		{"in the order given", "2024-11-05", []settle.FamilyAccount{parent("P1", "10.00"), parent("P2", "100.00")}, nil, "0", "25.00", "0.00", "SELECTED_DIRECT"},
		{"a fen short", "2024-11-05", []settle.FamilyAccount{parent("P1", "24.99")}, nil, "0", "24.99", "0.01", "SELECTED_DIRECT"},
		{"empty", "2024-11-05", []settle.FamilyAccount{parent("P1", "0.00")}, nil, "0", "0.00", "25.00", "SELECTED_DIRECT MUTUAL:DONOR_BALANCE_ZERO"},
		{"only shows the code", "2024-11-05", []settle.FamilyAccount{with(p1, func(a *settle.FamilyAccount) { a.Link = settle.FamilyDisplay })}, nil, "0", "0.00", "25.00", "SELECTED_DIRECT MUTUAL:NOT_MUTUAL_AID_LINK"},
		{"from tomorrow", "2024-11-05", []settle.FamilyAccount{with(p1, func(a *settle.FamilyAccount) { a.LinkFrom = date("2024-11-06") })}, nil, "0", "0.00", "25.00", "SELECTED_DIRECT MUTUAL:LINK_NOT_ACTIVE"},
		{"until yesterday", "2024-11-05", []settle.FamilyAccount{with(p1, func(a *settle.FamilyAccount) { a.LinkTo = date("2024-11-04") })}, nil, "0", "0.00", "25.00", "SELECTED_DIRECT MUTUAL:LINK_NOT_ACTIVE"},
		{"until today", "2024-11-05", []settle.FamilyAccount{with(p1, func(a *settle.FamilyAccount) { a.LinkTo = date("2024-11-05") })}, nil, "0", "25.00", "0.00", "SELECTED_DIRECT"},
		{"tier 2 donor", "2024-11-05", []settle.FamilyAccount{with(p1, func(a *settle.FamilyAccount) { a.DonorTier = settle.EmployeeTier2 })}, nil, "0", "0.00", "25.00", "SELECTED_DIRECT MUTUAL:DONOR_HAS_NO_ACCOUNT"},
		{"sibling before 2024-07", "2024-06-30", []settle.FamilyAccount{with(p1, func(a *settle.FamilyAccount) { a.Relation = settle.RelationSibling })}, nil, "0", "0.00", "25.00", "SELECTED_DIRECT MUTUAL:RELATION_NOT_COVERED"},
		{"sibling from 2024-07", "2024-07-01", []settle.FamilyAccount{with(p1, func(a *settle.FamilyAccount) { a.Relation = settle.RelationSibling })}, nil, "0", "25.00", "0.00", "SELECTED_DIRECT"},
		{"cousin", "2024-11-05", []settle.FamilyAccount{with(p1, func(a *settle.FamilyAccount) { a.Relation = "cousin" })}, nil, "0", "0.00", "25.00", "SELECTED_DIRECT MUTUAL:RELATION_NOT_COVERED"},
		{"mobile, not the guardian", "2024-11-05", []settle.FamilyAccount{p1}, func(_ *settle.Insured, v *settle.Visit) { v.Channel = settle.Mobile }, "0", "0.00", "25.00", "SELECTED_DIRECT MUTUAL:MOBILE_GUARDIAN_MISMATCH"},
		{"mobile, the guardian", "2024-11-05", []settle.FamilyAccount{with(p1, func(a *settle.FamilyAccount) { a.RegisteredGuardian = true })}, func(_ *settle.Insured, v *settle.Visit) { v.Channel = settle.Mobile }, "0", "25.00", "0.00", "SELECTED_DIRECT"},
		{"mobile, a student", "2024-11-05", []settle.FamilyAccount{p1}, func(p *settle.Insured, v *settle.Visit) { v.Channel, p.Category = settle.Mobile, settle.Student }, "0", "25.00", "0.00", "SELECTED_DIRECT"},
		{"own account first", "2024-11-05", []settle.FamilyAccount{p1}, func(p *settle.Insured, _ *settle.Visit) { p.Own = &settle.Account{Balance: 1000} }, "10.00", "15.00", "0.00", "SELECTED_DIRECT"},
		{"one denied, the next pays", "2024-11-05", []settle.FamilyAccount{parent("P0", "0.00"), p1}, nil, "0", "25.00", "0.00", "SELECTED_DIRECT MUTUAL:DONOR_BALANCE_ZERO"},
		{"no threshold from 2023-10-01", "2023-10-01", []settle.FamilyAccount{parent("P1", "5.00")}, nil, "0", "5.00", "20.00", "SELECTED_DIRECT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, b := child(), visit(c.day, centreA, line("100.00"))
			p.Family = c.family
			if c.change != nil {
				c.change(&p, &b.Visit)
			}
			s := compute(t, set, p, b, settle.Usage{})
			if s.Own != yuan(c.own) || s.Family != yuan(c.family2) || s.Cash != yuan(c.cash) || reasons(&s) != c.reasons {
				t.Errorf("own %s family %s cash %s %s; want %s %s %s %s", s.Own, s.Family, s.Cash, reasons(&s), c.own, c.family2, c.cash, c.reasons)
			}
		})
	}
}

// TestAccountsNeverPay what is over the cap or outside the catalogue.
func TestAccountsNeverPay(t *testing.T) {
	p := child()
	p.Family = []settle.FamilyAccount{parent("P1", "500.00")}
	s := compute(t, shipped(t), p, visit("2024-11-05", centreA, capped("12.00", "3", "10.00"), gradeC("50.00"), gradeB("10.00", "0.10")), settle.Usage{})
	if s.Cash != yuan("56.00") || s.Family != s.Total-s.Fund-yuan("56.00") {
		t.Errorf("family %s cash %s of total %s fund %s", s.Family, s.Cash, s.Total, s.Fund)
	}
}

// TestRefusedInput: what cannot be computed with is refused, with the field.
func TestRefusedInput(t *testing.T) {
	set := shipped(t)
	for _, c := range []struct {
		name   string
		change func(*settle.Insured, *settle.Bill, *settle.Usage)
		code   settle.Code
		field  string
		line   int
	}{
		{"born later", func(p *settle.Insured, _ *settle.Bill, _ *settle.Usage) { p.Birth = date("2024-11-06") }, settle.BadField, "patient.birth_date", 0},
		{"two selections at once", func(p *settle.Insured, _ *settle.Bill, _ *settle.Usage) {
			p.Selections = append(p.Selections, settle.Selection{Institution: centreB, From: date("2024-11-05")})
		}, settle.BadField, "patient.selections[1]", 0},
		{"selection that ends first", func(p *settle.Insured, _ *settle.Bill, _ *settle.Usage) {
			p.Selections[0].To = date("2018-05-31")
		}, settle.BadField, "patient.selections[0]", 0},
		{"link to oneself", func(p *settle.Insured, _ *settle.Bill, _ *settle.Usage) {
			p.Family = []settle.FamilyAccount{parent("P1", "1.00"), {ID: "P2", Relation: settle.RelationSelf}}
		}, settle.BadField, "family_accounts[1].relation", 0},
		{"link of unknown age", func(p *settle.Insured, _ *settle.Bill, _ *settle.Usage) {
			p.Family = []settle.FamilyAccount{{ID: "P1", Relation: settle.RelationChild, Link: settle.MutualAid}}
		}, settle.BadField, "family_accounts[0].link_from", 0},
		{"one account twice", func(p *settle.Insured, _ *settle.Bill, _ *settle.Usage) {
			p.Family = []settle.FamilyAccount{parent("P1", "1.00"), parent("P2", "1.00"), parent("P1", "1.00")}
		}, settle.BadField, "family_accounts[2].account_id", 0},
		{"unknown kind of line", func(_ *settle.Insured, b *settle.Bill, _ *settle.Usage) { b.Lines[0].Kind = "drug" }, settle.BadField, "items[0].kind", 1},
		{"unknown category", func(p *settle.Insured, _ *settle.Bill, _ *settle.Usage) { p.Category = "soldier" }, settle.BadField, "patient.category", 0},
		{"unknown visit", func(_ *settle.Insured, b *settle.Bill, _ *settle.Usage) { b.Visit.Kind = "house_call" }, settle.BadField, "visit.kind", 0},
		{"level", func(_ *settle.Insured, b *settle.Bill, _ *settle.Usage) { b.Visit.Institution.Level = 4 }, settle.BadField, "visit.institution.level", 0},
		{"no birthday", func(p *settle.Insured, _ *settle.Bill, _ *settle.Usage) { p.Birth = 0 }, settle.BadField, "patient.birth_date", 0},
		{"negative usage", func(_ *settle.Insured, _ *settle.Bill, u *settle.Usage) { u.Ordinary = -1 }, settle.BadField, "usage.ordinary", 0},
		{"negative balance", func(p *settle.Insured, _ *settle.Bill, _ *settle.Usage) {
			p.Family = []settle.FamilyAccount{{ID: "P1", Balance: -1}}
		}, settle.BadField, "family_accounts[0].balance", 0},
		{"negative price", func(_ *settle.Insured, b *settle.Bill, _ *settle.Usage) { b.Lines[0].UnitPrice = decimal.New(-1, 0) }, settle.BadField, "items[0].unit_price", 1},
		{"zero quantity", func(_ *settle.Insured, b *settle.Bill, _ *settle.Usage) { b.Lines[0].Quantity = decimal.New(0, 0) }, settle.BadField, "items[0].qty", 1},
		{"ratio over 1", func(_ *settle.Insured, b *settle.Bill, _ *settle.Usage) {
			b.Lines = []settle.Line{line("1.00"), gradeB("1.00", "1.0001")}
		}, settle.BadField, "items[1].first_self_pay_ratio", 2},
		{"A with a ratio", func(_ *settle.Insured, b *settle.Bill, _ *settle.Usage) {
			b.Lines[0].FirstSelfPay = decimal.New(1, -1)
		}, settle.BadField, "items[0].first_self_pay_ratio", 1},
		{"huge exponent", func(_ *settle.Insured, b *settle.Bill, _ *settle.Usage) {
			b.Lines[0].UnitPrice = decimal.New(1, 1_000_000_000)
		}, settle.BadField, "items[0].unit_price", 1},
		{"too much", func(_ *settle.Insured, b *settle.Bill, _ *settle.Usage) {
			b.Lines = []settle.Line{line("9999999999"), line("9999999999")}
		}, settle.AmountTooLarge, "items", 2},
		{"too many lines", func(_ *settle.Insured, b *settle.Bill, _ *settle.Usage) {
			b.Lines = make([]settle.Line, settle.MaxLines+1)
		}, settle.TooManyLines, "items", 0},
		{"rules of another day", func(_ *settle.Insured, b *settle.Bill, _ *settle.Usage) { b.Visit.Day = date("2024-11-06") }, settle.WrongRules, "visit.date", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, b, u := child(), visit("2024-11-05", centreA, line("100.00")), settle.Usage{}
			c.change(&p, &b, &u)
			_, err := settle.Compute(set.On(date("2024-11-05")), p, b, u)
			var r *settle.Refusal
			if !errors.As(err, &r) {
				t.Fatalf("error %v, want a refusal", err)
			}
			if r.Code != c.code || r.Field != c.field || r.Line != c.line || r.Cashier == "" || r.Technician == "" {
				t.Errorf("%+v, want %s %s line %d", r, c.code, c.field, c.line)
			}
		})
	}
}

// TestRemainderTies: of lines with the same remainder the earlier ones get the fen
// (D-3), however the others lie between them.
func TestRemainderTies(t *testing.T) {
	var lines []settle.Line
	for i := range 89 {
		price := "0.01" // 0.75 fen of fund: 59 of these
		if i%3 == 1 {
			price = "0.03" // 2.25 fen: 30 of these
		}
		lines = append(lines, line(price))
	}
	s := compute(t, shipped(t), child(), visit("2024-11-05", centreA, lines...), settle.Usage{})
	left := s.Fund - 60
	for i, l := range s.Lines {
		want := settle.Fen(2)
		if l.Amount == 1 {
			if want = 0; left > 0 {
				want, left = 1, left-1
			}
		}
		if l.Fund != want {
			t.Errorf("line %d of %s: fund %s, want %s", i+1, l.Amount, l.Fund, want)
		}
	}
	if s.Fund != 112 {
		t.Errorf("fund %s", s.Fund)
	}
}

// TestOtherReadings: the rules that another reading of a conflict would bring, laid
// over the shipped ones.
func TestOtherReadings(t *testing.T) {
	own := func(p *settle.Insured) { p.Own = &settle.Account{Balance: 1000} }
	for _, c := range []struct {
		name, rows         string
		change             func(*settle.Insured)
		lines              []settle.Line
		used               string
		fund, family, cash string
	}{
		{"threshold taken off", reading("account_threshold", "480.00"), nil, []settle.Line{line("100.00")}, "0", "75.00", "20.00", "5.00"},
		{"threshold as a gate", reading("account_threshold", "480.00") + reading("account_threshold_mode", "gate"), nil, []settle.Line{line("100.00")}, "0", "75.00", "25.00", "0.00"},
		{"threshold exactly", reading("account_threshold", "500.00") + reading("account_threshold_mode", "gate"), nil, []settle.Line{line("100.00")}, "0", "75.00", "0.00", "25.00"},
		{"own account not empty", reading("own_account_first", "zero_at_start"), own, []settle.Line{line("100.00")}, "0", "75.00", "0.00", "15.00"},
		{"own account empty", reading("own_account_first", "zero_at_start"), func(p *settle.Insured) { p.Own = &settle.Account{} }, []settle.Line{line("100.00")}, "0", "75.00", "25.00", "0.00"},
		{"consultation in the limit", reading("consultation_counts_to_limit", "yes"), nil, []settle.Line{consultation("30.00"), line("100.00")}, "2441.31", "30.00", "100.00", "0.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, err := policy.Load(fstest.MapFS{"x.toml": &fstest.MapFile{Data: []byte("approved_by = \"test\"\napproved_on = \"2026-01-01\"\n" + c.rows)}})
			if err != nil {
				t.Fatal(err)
			}
			p := child()
			p.Family = []settle.FamilyAccount{parent("P1", "500.00")}
			if c.change != nil {
				c.change(&p)
			}
			s := compute(t, set, p, visit("2024-11-05", centreA, c.lines...), settle.Usage{Ordinary: yuan(c.used)})
			if s.Fund != yuan(c.fund) || s.Family != yuan(c.family) || s.Cash != yuan(c.cash) {
				t.Errorf("fund %s family %s cash %s; want %s %s %s", s.Fund, s.Family, s.Cash, c.fund, c.family, c.cash)
			}
		})
	}
}

// reading is an overlay's row from 2023-10-01 on.
func reading(param, value string) string {
	return "\n[[row]]\nparameter = \"" + param + "\"\nvalue = \"" + value + "\"\nfrom = \"2023-10-01\"\n" +
		"source = \"decision\"\nnote = \"the other reading\"\nconfidence = \"low\"\nstatus = \"provisional\"\n"
}

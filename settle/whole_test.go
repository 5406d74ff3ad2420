package settle_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/shopspring/decimal"

	"settled/settle"
	"settled/settle/policy"
)

// TestWholePolicy: what the rules beyond a child's visit to the selected place give,
// worked by hand. A person is a category with a day of birth; the visit costs 1000.00
// of category A unless it says otherwise.
func TestWholePolicy(t *testing.T) {
	set := shipped(t)
	at := func(v settle.Visit, in settle.Institution) settle.Visit { v.Institution = in; return v }
	stay := func(n int) settle.Visit { return settle.Visit{Kind: settle.Inpatient, AdmissionNo: n} }
	special := func(months int) settle.Visit {
		return settle.Visit{Kind: settle.SpecialDisease, ContinuousMonths: months}
	}
	out := settle.Visit{Kind: settle.Outpatient}
	rescue := settle.Visit{Kind: settle.EmergencyRescue}
	referred := settle.Visit{Kind: settle.Outpatient, ReferralInCity: true}
	filed := settle.Visit{Kind: settle.Outpatient, Filing: settle.FilingLongTerm}
	sent := settle.Visit{Kind: settle.Outpatient, Filing: settle.FilingReferral}
	large, service := line("1000"), line("1000")
	large.LargeEquipment, service.Kind = true, settle.ServiceLine
	consulted := consultation("100")
	const child, student, adult, t1, t2 = settle.ChildResident, settle.Student, settle.Resident, settle.EmployeeTier1, settle.EmployeeTier2
	for _, c := range []struct {
		name     string
		day      string
		category settle.Category
		birth    string
		retired  bool
		selected settle.Institution
		visit    settle.Visit
		line     *settle.Line
		fund     string
		reasons  string
	}{
		{"resident the day before 60", "2024-06-01", adult, "1964-06-02", false, centreA, at(out, centreA), nil, "750.00", "SELECTED_DIRECT"},
		{"resident on the 60th birthday", "2024-06-02", adult, "1964-06-02", false, centreA, at(out, centreA), nil, "800.00", "SELECTED_DIRECT"},
		{"born on 29 February, 60 on 29 February", "2024-02-29", adult, "1964-02-29", false, centreA, at(out, centreA), nil, "800.00", "SELECTED_DIRECT"},
		{"retired tier 2 at level 3", "2024-06-02", t2, "1960-01-01", true, centreA, at(out, hospital3), nil, "600.00", "SELECTED_SETTLEMENT_HOSPITAL"},
		{"retired residents are none", "2024-06-02", adult, "1970-01-01", true, centreA, at(out, centreA), nil, "750.00", "SELECTED_DIRECT"},
		{"retired tier 2, inpatient", "2024-06-02", t2, "1960-01-01", true, centreA, at(stay(1), hospital2), nil, "570.00", "INPATIENT"},
		{"resident of 60, inpatient", "2024-06-02", adult, "1960-01-01", false, centreA, at(stay(1), hospital2), nil, "546.00", "INPATIENT"},
		{"third admission", "2024-06-02", child, "2018-06-01", false, centreA, at(stay(3), hospital1), nil, "828.00", "INPATIENT"},
		{"large equipment, tier 1, not selected", "2024-06-02", t1, "1990-01-01", false, centreA, at(out, stranger), &large, "800.00", "NOT_SELECTED"},
		{"large equipment, tier 2, not selected", "2024-06-02", t2, "1990-01-01", false, centreA, at(out, stranger), &large, "0.00", "NOT_SELECTED"},
		{"large equipment, tier 1, out of town", "2024-06-02", t1, "1990-01-01", false, centreA, at(rescue, far3), &large, "495.00", "EMERGENCY_RESCUE OOC_EMERGENCY"},
		{"out of town, selected, in the province", "2024-06-02", student, "2004-01-01", false, nearP, at(out, nearP), nil, "675.00", "SELECTED_DIRECT OOC_TEMP_IN_PROVINCE"},
		{"out of town, selected, not networked", "2024-06-02", student, "2004-01-01", false, mute, at(out, mute), nil, "0.00", "NOT_SELECTED OOC_TEMP_IN_PROVINCE"},
		{"out of town, filed, not selected", "2024-06-02", child, "2018-06-01", false, centreA, at(filed, farP), nil, "0.00", "NOT_SELECTED FILED_LONG_TERM"},
		{"out of town, filed, selected", "2024-06-02", child, "2018-06-01", false, farP, at(filed, farP), nil, "750.00", "SELECTED_DIRECT FILED_LONG_TERM"},
		{"out of town, referred", "2024-06-02", child, "2018-06-01", false, centreA, at(sent, far3), nil, "550.00", "REFERRED FILED_REFERRAL"},
		{"an in-city referral is none out of town", "2024-06-02", child, "2018-06-01", false, centreA, at(referred, far3), nil, "0.00", "NOT_SELECTED OOC_TEMP"},
		{"retired, rescued out of town", "2024-06-02", t1, "1960-01-01", true, centreA, at(rescue, far3), nil, "540.00", "EMERGENCY_RESCUE OOC_EMERGENCY"},
		{"special disease, 12 months", "2024-06-02", child, "2018-06-01", false, centreA, at(special(12), hospital3), nil, "750.00", "MENTE_CLASS1"},
		{"special disease, 36 months", "2024-06-02", child, "2018-06-01", false, centreA, at(special(36), hospital3), nil, "900.00", "MENTE_CLASS1"},
		{"special disease, 11 months", "2024-06-02", child, "2018-06-01", false, centreA, at(special(11), hospital3), nil, "600.00", "MENTE_CLASS1"},
		{"special disease, 35 months, out of the province", "2024-06-02", child, "2018-06-01", false, centreA, at(special(35), far3), nil, "600.00", "MENTE_CLASS1 OOC_TEMP"},
		{"inpatient in 2026 needs no limit", "2026-06-02", child, "2018-06-01", false, centreA, at(stay(1), hospital3), nil, "360.00", "INPATIENT"},
		{"outpatient in 2026", "2026-06-02", t2, "1990-01-01", false, centreA, at(out, centreA), nil, "0.00", "POLICY_ROW_MISSING"},

		{"before: another centre of the hospital", "2023-09-30", student, "2002-01-01", false, centreA, at(out, centreA2), nil, "0.00", "NOT_SELECTED"},
		{"another centre of the hospital", "2023-10-01", student, "2002-01-01", false, centreA, at(out, centreA2), nil, "750.00", "SELECTED_AFFILIATED"},
		{"before: other primary from 14", "2022-06-02", student, "2002-01-01", false, primary, at(out, primary), nil, "0.00", "SELECTION_INVALID_AGE14"},
		{"before: other primary below 14", "2022-06-02", child, "2018-06-01", false, primary, at(out, primary), nil, "800.00", "SELECTED_DIRECT"},
		{"before: single service at most 120", "2022-06-02", child, "2018-06-01", false, centreA, at(out, centreA), &service, "120.00", "SELECTED_DIRECT"},
		{"before: large equipment is a service", "2022-06-02", child, "2018-06-01", false, centreA, at(out, centreA), &large, "120.00", "SELECTED_DIRECT"},
		{"before: a consultation is a service", "2022-06-02", child, "2018-06-01", false, centreA, at(out, centreA), &consulted, "90.00", "SELECTED_DIRECT"},
		{"before: settlement hospital on referral", "2022-06-02", child, "2018-06-01", false, centreA, at(referred, hospital3), nil, "0.00", "POLICY_ROW_MISSING"},
		{"before: rescue elsewhere", "2022-06-02", child, "2018-06-01", false, centreA, at(rescue, stranger), nil, "0.00", "POLICY_ROW_MISSING"},
		{"before: rescue at the bound place", "2022-06-02", child, "2018-06-01", false, centreA, at(rescue, centreA), nil, "800.00", "SELECTED_DIRECT"},
		{"before: out of town", "2022-06-02", child, "2018-06-01", false, centreA, at(rescue, far3), nil, "0.00", "POLICY_ROW_MISSING"},
		{"before: special disease", "2022-06-02", child, "2018-06-01", false, centreA, at(special(40), hospital3), nil, "0.00", "POLICY_ROW_MISSING"},
		{"before: tier 1 at any centre", "2022-06-02", t1, "1990-01-01", false, centreB, at(out, centreA), nil, "300.00", "TIER1_POOL_30"},
		{"before: tier 1 on referral", "2022-06-02", t1, "1990-01-01", false, centreA, at(referred, hospital3), nil, "0.00", "TIER1_ACCOUNT_ONLY"},
		{"before: tier 2", "2022-06-02", t2, "1990-01-01", true, centreA, at(out, centreA), nil, "800.00", "SELECTED_DIRECT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := settle.Insured{
				Category: c.category, Birth: date(c.birth), Retired: c.retired, ShenzhenHukou: true,
				Benefit:    settle.Benefit{Kind: settle.BenefitExplicit, From: date("2000-01-01")},
				Selections: []settle.Selection{{Institution: c.selected, From: date("2000-01-01")}},
			}
			b := settle.Bill{Visit: c.visit, Lines: []settle.Line{line("1000")}}
			if c.line != nil {
				b.Lines[0] = *c.line
			}
			b.Visit.Day = date(c.day)
			s := compute(t, set, p, b, settle.Usage{})
			if s.Fund != yuan(c.fund) || reasons(&s) != c.reasons {
				t.Errorf("fund %s %s, want %s %s", s.Fund, reasons(&s), c.fund, c.reasons)
			}
		})
	}
}

// TestPoolIsRoundedOnce: lines of different rates in the community pool are rounded
// together, after a single service was cut to its cap (D-1, O256-2).
func TestPoolIsRoundedOnce(t *testing.T) {
	service := line("133.34")
	service.Kind = settle.ServiceLine
	lines := []settle.Line{line("0.01"), gradeB("0.01", "0.10"), service}
	s := compute(t, shipped(t), child(), visit("2022-06-02", centreA, lines...), settle.Usage{})
	// 0.008 + 0.006 + min(120.006, 120) = 120.014
	if s.Fund != yuan("120.01") || s.Lines[0].Fund != yuan("0.01") || s.Lines[1].Fund != 0 || s.Lines[2].Fund != yuan("120.00") {
		t.Errorf("fund %s of %+v", s.Fund, s.Lines)
	}
	if s.Lines[1].FirstSelfPay != 0 || !s.Lines[1].Rate.Equal(decimal.RequireFromString("0.6")) {
		t.Errorf("category B: %+v", s.Lines[1])
	}
}

// TestHospitalLimit: tier 1 has less of its limit at level 2 and up (L-3), and what it
// uses there counts to both.
func TestHospitalLimit(t *testing.T) {
	p := child()
	p.Category, p.Birth = settle.EmployeeTier1, date("1990-01-01")
	u := settle.Usage{Ordinary: yuan("5000.00"), OrdinaryLevel2: yuan("4900.00")}
	s := compute(t, shipped(t), p, visit("2024-06-02", hospital3, line("1000")), u)
	if s.Fund != yuan("42.62") || *s.LimitBefore != yuan("4885.24") || *s.LimitAfter != yuan("4842.62") ||
		s.UsageAfter != (settle.Usage{Ordinary: yuan("5042.62"), OrdinaryLevel2: yuan("4942.62")}) {
		t.Errorf("fund %s limit %s to %s usage %+v", s.Fund, s.LimitBefore, s.LimitAfter, s.UsageAfter)
	}
	if s := compute(t, shipped(t), p, visit("2024-06-02", centreA, line("1000")), u); s.Fund != yuan("750.00") || s.UsageAfter.OrdinaryLevel2 != u.OrdinaryLevel2 {
		t.Errorf("at the centre: fund %s usage %+v", s.Fund, s.UsageAfter)
	}
}

// TestThresholdUnknown: before 2018-07-01 nothing can be said of a family account that
// could pay; one that could not is denied for its own reason (D-9).
func TestThresholdUnknown(t *testing.T) {
	p := child()
	p.Birth, p.Benefit.From, p.Selections[0].From = date("2010-06-01"), date("2010-06-01"), date("2010-06-01")
	p.Family = []settle.FamilyAccount{parent("P1", "9000.00")}
	p.Family[0].LinkFrom = date("2012-01-01")
	s := compute(t, shipped(t), p, visit("2018-06-30", centreA, line("100.00")), settle.Usage{})
	if reasons(&s) != "POLICY_ROW_MISSING" || s.Fund != 0 || s.Cash != s.Total || !strings.Contains(s.Steps[0].Note, "account_threshold") {
		t.Errorf("%s fund %s %+v", reasons(&s), s.Fund, s.Steps)
	}
	p.Family[0].DonorTier = settle.EmployeeTier2
	s = compute(t, shipped(t), p, visit("2018-06-30", centreA, line("100.00")), settle.Usage{})
	if reasons(&s) != "SELECTED_DIRECT MUTUAL:DONOR_HAS_NO_ACCOUNT" || s.Fund != yuan("80.00") {
		t.Errorf("%s fund %s", reasons(&s), s.Fund)
	}
}

// TestMobileGuardian: the registered guardian is asked for a child alone.
func TestMobileGuardian(t *testing.T) {
	for category, want := range map[settle.Category]string{
		settle.ChildResident: "SELECTED_DIRECT MUTUAL:MOBILE_GUARDIAN_MISMATCH", settle.Student: "SELECTED_DIRECT",
		settle.Resident: "SELECTED_DIRECT", settle.EmployeeTier2: "SELECTED_DIRECT",
	} {
		p := child()
		p.Category, p.Family = category, []settle.FamilyAccount{parent("P1", "100.00")}
		b := visit("2024-06-02", centreA, line("100.00"))
		b.Visit.Channel = settle.Mobile
		if s := compute(t, shipped(t), p, b, settle.Usage{}); reasons(&s) != want {
			t.Errorf("%s: %s, want %s", category, reasons(&s), want)
		}
	}
}

// TestDeductibleByOtherReading: by the other reading of X-9 accounts pay what the rate
// leaves of a stay, and not the deductible.
func TestDeductibleByOtherReading(t *testing.T) {
	text := "approved_by = \"test\"\napproved_on = \"2026-01-01\"\n[[row]]\nparameter = \"account_pays\"\npart = \"deductible\"\nvalue = \"no\"\n" +
		"from = \"2014-01-01\"\nsource = \"decision\"\nnote = \"the other reading\"\nconfidence = \"low\"\nstatus = \"provisional\"\n"
	set, err := policy.Load(fstest.MapFS{"x.toml": &fstest.MapFile{Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	p := child()
	p.Family = []settle.FamilyAccount{parent("P1", "5000.00")}
	b := visit("2024-06-02", hospital3, line("1600"))
	b.Visit.Kind = settle.Inpatient
	if s := compute(t, set, p, b, settle.Usage{}); s.Fund != yuan("900.00") || s.Family != yuan("100.00") || s.Cash != yuan("600.00") {
		t.Errorf("fund %s family %s cash %s", s.Fund, s.Family, s.Cash)
	}
}

package settle_test

import (
	"fmt"
	"strings"
	"testing"

	"settled/settle"
	"settled/settle/policy"
)

func rulesOn(t *testing.T, day settle.Date) *settle.Rules {
	t.Helper()
	set, err := policy.Load()
	if err != nil {
		t.Fatal(err)
	}
	return set.On(day)
}

func placeOf(id string, kind settle.InstitutionKind, level int) settle.Institution {
	return settle.Institution{ID: id, Kind: kind, Level: level, City: settle.HomeCity}
}

func bornOn(birth settle.Date, chosen ...settle.Selection) settle.Insured {
	return settle.Insured{
		Category: settle.ChildResident, Birth: birth, Selections: chosen,
		Benefit: settle.Benefit{Kind: settle.BenefitExplicit, From: 20140101},
	}
}

// TestChoose: who may select what, and from when it would hold (S-1..S-3, S-7).
func TestChoose(t *testing.T) {
	centre := placeOf("C", settle.CommunityHealth, 1)
	primary := placeOf("P", settle.OtherPrimary, 1)
	second, third := placeOf("H2", settle.Hospital, 2), placeOf("H3", settle.Hospital, 3)
	elsewhere := centre
	elsewhere.City = "guangzhou"
	now := settle.Selection{Institution: placeOf("old", settle.CommunityHealth, 1), From: 20230101}
	soon := settle.Selection{Institution: primary, From: 20241201}
	past := settle.Selection{Institution: primary, From: 20200101, To: 20241031}
	tier1 := settle.Insured{Category: settle.EmployeeTier1, Birth: 19800101, Benefit: settle.Benefit{Kind: settle.BenefitExplicit, From: 20140101}}
	student := bornOn(20040101)
	student.Category = settle.Student
	lapsed := bornOn(20180601)
	lapsed.Benefit.To = 20240930
	for _, tt := range []struct {
		name   string
		day    settle.Date
		who    settle.Insured
		chosen settle.Institution
		want   string // from day, rule and what it replaces, or the refusal
	}{
		{"first centre at once", 20241105, bornOn(20180601), centre, "2024-11-05 S-1 -"},
		{"one that is over replaces nothing", 20241105, bornOn(20180601, past), centre, "2024-11-05 S-1 -"},
		{"change next month", 20241105, bornOn(20180601, now), centre, "2024-12-01 S-1 old"},
		{"change in December", 20241231, bornOn(20180601, now), centre, "2025-01-01 S-1 old"},
		{"hospital of level 2 below 14", 20241105, bornOn(20180601), second, "2024-11-05 S-2 -"},
		{"hospital of level 3", 20241105, bornOn(20180601), third, "SELECTION_INVALID"},
		{"hospital on the 14th birthday", 20241105, bornOn(20101105), second, "SELECTION_INVALID_AGE14"},
		{"hospital the day before", 20241104, bornOn(20101105), second, "2024-11-04 S-2 -"},
		{"other primary from 14 on", 20241105, bornOn(20091105), primary, "2024-11-05 S-1 -"},
		{"other primary from 14 on before 2023-10", 20230930, bornOn(20080930), primary, "SELECTION_INVALID_AGE14"},
		{"student", 20241105, student, centre, "2024-11-05 S-1 -"},
		{"student's hospital", 20241105, student, second, "SELECTION_INVALID_AGE14"},
		{"the same again", 20241105, bornOn(20180601, settle.Selection{Institution: centre, From: 20230101}), centre, "SELECTION_SAME"},
		{"a change waits", 20241105, bornOn(20180601, now, soon), centre, "SELECTION_PENDING"},
		{"elsewhere", 20241105, bornOn(20180601), elsewhere, "SELECTION_INVALID"},
		{"tier 1", 20241105, tier1, centre, "SELECTION_NOT_NEEDED"},
		{"no benefits", 20241105, lapsed, centre, "NOT_IN_BENEFIT_PERIOD"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, no := settle.Choose(rulesOn(t, tt.day), tt.who, tt.chosen)
			var got string
			switch {
			case no != nil:
				got = string(no.Code)
			case c.Replaces != nil:
				got = fmt.Sprint(c.From, c.Rule, " ", c.Replaces.Institution.ID)
			default:
				got = fmt.Sprint(c.From, c.Rule, " -")
			}
			if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(tt.want, " ", "") {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if no == nil && c.Provisional != (c.Replaces != nil) {
				t.Errorf("provisional: %v", c.Provisional)
			}
		})
	}
}

func findings(list []settle.Condition) string {
	var words []string
	for _, c := range list {
		words = append(words, fmt.Sprintf("%s:%s", c.Need, c.Finding))
	}
	return strings.Join(words, " ")
}

// TestBinding: whose account may be linked to whom (A-2..A-4), by the rules of the day.
func TestBinding(t *testing.T) {
	donor := settle.Insured{
		Category: settle.EmployeeTier1, Birth: 19880202, Own: &settle.Account{Balance: 500_000},
		Benefit: settle.Benefit{Kind: settle.BenefitExplicit, From: 20140101},
	}
	tier2, poor, gone := donor, donor, donor
	tier2.Category, tier2.Own = settle.EmployeeTier2, nil
	poor.Own = &settle.Account{}
	gone.Benefit.To = 20241031
	worker := donor
	for _, tt := range []struct {
		name     string
		day      settle.Date
		of       settle.Insured
		donor    settle.Insured
		relation settle.Relation
		want     string
		bars     settle.Code
	}{
		{"a child", 20241105, bornOn(20180601), donor, settle.RelationChild, "RELATION:met DONOR_ACCOUNT:met DONOR_INSURED:met INSURED:met BALANCE:met", ""},
		{"an empty account bars nothing", 20241105, bornOn(20180601), poor, settle.RelationChild, "RELATION:met DONOR_ACCOUNT:met DONOR_INSURED:met INSURED:met BALANCE:unmet", ""},
		{"tier 2", 20241105, bornOn(20180601), tier2, settle.RelationChild, "RELATION:met DONOR_ACCOUNT:unmet DONOR_INSURED:met INSURED:met", settle.DonorHasNoAccount},
		{"a donor whose insurance ended", 20241105, bornOn(20180601), gone, settle.RelationChild, "RELATION:met DONOR_ACCOUNT:met DONOR_INSURED:unmet INSURED:met BALANCE:met", settle.DonorNotInsured},
		{"nobody's self", 20241105, bornOn(20180601), donor, settle.RelationSelf, "RELATION:unmet DONOR_ACCOUNT:met DONOR_INSURED:met INSURED:met BALANCE:met", settle.RelationNotCovered},
		{"a wife with money in 2022", 20220801, worker, donor, settle.RelationSpouse, "RELATION:met DONOR_ACCOUNT:met DONOR_INSURED:met INSURED:met OWN_EMPTY:unmet BALANCE:unmet", settle.BeneficiaryBalanceNotZero},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := settle.Binding(rulesOn(t, tt.day), tt.of, tt.donor, tt.relation)
			if got := findings(list); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			switch no := settle.Bars(list); {
			case no == nil && tt.bars != "", no != nil && no.Code != tt.bars:
				t.Errorf("bars %v, want %q", no, tt.bars)
			}
		})
	}
}

// TestMobilePayment: the five conditions of 2018, and which are not met.
func TestMobilePayment(t *testing.T) {
	much, little := settle.Fen(600_000), settle.Fen(500_000)
	student, resident := bornOn(20040101), bornOn(19500101)
	student.Category, resident.Category = settle.Student, settle.Resident
	for _, tt := range []struct {
		name string
		day  settle.Date
		who  settle.Insured
		card bool
		pay  settle.Payer
		want string
	}{
		{"all that can be known", 20241105, bornOn(20180601), true, settle.Payer{Balance: &much, Link: settle.MutualAid, Registered: true}, "CHANNEL_EXISTS:met INSURED:met CARD:met PHONE:unknown LINK:met REGISTERED:met BALANCE:met"},
		{"nothing linked", 20241105, bornOn(20180601), false, settle.Payer{}, "CHANNEL_EXISTS:met INSURED:met CARD:unknown PHONE:unknown LINK:unmet REGISTERED:unknown BALANCE:unknown"},
		{"only shown (A-7)", 20241105, bornOn(20180601), true, settle.Payer{Link: settle.FamilyDisplay}, "CHANNEL_EXISTS:met INSURED:met CARD:met PHONE:unknown LINK:unmet REGISTERED:unknown BALANCE:unknown"},
		{"5000.00 in 2019", 20190301, bornOn(20180601), true, settle.Payer{Balance: &little, Link: settle.MutualAid}, "CHANNEL_EXISTS:met INSURED:met CARD:met PHONE:unknown LINK:met REGISTERED:unknown BALANCE:unmet"},
		{"the day before the pilot", 20181119, bornOn(20180601), true, settle.Payer{Balance: &much, Link: settle.MutualAid}, "CHANNEL_EXISTS:unmet INSURED:met CARD:met PHONE:unknown LINK:met REGISTERED:unknown BALANCE:met"},
		{"a student needs no registered guardian", 20241105, student, true, settle.Payer{Balance: &much, Link: settle.MutualAid}, "CHANNEL_EXISTS:met INSURED:met CARD:met PHONE:unknown LINK:met BALANCE:met"},
		{"an adult", 20241105, resident, true, settle.Payer{}, "MINOR:unmet"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := findings(settle.MobilePayment(rulesOn(t, tt.day), tt.who, tt.card, tt.pay)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestAllowance: what is left of the limit (L-1), and a limit that is not known is refused.
func TestAllowance(t *testing.T) {
	a, no := settle.AllowanceOf(rulesOn(t, 20241105), bornOn(20180601), settle.Usage{Ordinary: 47_131})
	if no != nil || a.Limit != 247_131 || a.Left != 200_000 || a.Used != 47_131 || a.Period != "2024" || a.Rule != "L-1" {
		t.Errorf("%+v %v", a, no)
	}
	if a, _ := settle.AllowanceOf(rulesOn(t, 20241105), bornOn(20180601), settle.Usage{Ordinary: 300_000}); a.Left != 0 {
		t.Errorf("left %s of a limit that is used up", a.Left)
	}
	if _, no := settle.AllowanceOf(rulesOn(t, 20260301), bornOn(20180601), settle.Usage{}); no == nil || no.Code != settle.PolicyRowMissing {
		t.Errorf("a limit that nobody knows: %v", no)
	}
}

// TestBenefitPeriod: the days as a family reads them (P-1..P-4).
func TestBenefitPeriod(t *testing.T) {
	p := bornOn(20180601)
	p.Benefit = settle.Benefit{Kind: settle.BenefitAnnual, SchoolYear: 2024}
	from, to, rule, ok := settle.BenefitPeriod(rulesOn(t, 20241105), p)
	if from != 20241001 || to != 20250930 || rule != "P-1" || !ok {
		t.Error(from, to, rule, ok)
	}
	p.DuplicateEnrolment = true
	if _, _, rule, ok := settle.BenefitPeriod(rulesOn(t, 20241105), p); rule != "P-4" || ok {
		t.Error(rule, ok)
	}
}

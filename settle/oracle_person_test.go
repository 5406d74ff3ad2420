package settle_test

import (
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// The oracle's rules on persons: who has benefits, what counts as selected, what care
// out of town is multiplied by, which accounts pay.

// benefits: P-1 to P-3.
func benefits(p settle.Insured, day string) bool {
	switch e := p.Benefit; e.Kind {
	case settle.BenefitAnnual:
		from := time.Date(e.SchoolYear, 10, 1, 0, 0, 0, 0, time.UTC)
		return day >= from.Format(time.DateOnly) && day < from.AddDate(1, 0, 0).Format(time.DateOnly)
	case settle.BenefitNewborn:
		last := instant(p.Birth).AddDate(0, 6, 0)
		if last.Day() != p.Birth.Day() { // no such day: the month's last
			last = last.AddDate(0, 0, -last.Day())
		}
		in := e.RegisteredOn >= p.Birth && !instant(e.RegisteredOn).After(last)
		return in && p.ShenzhenHukou && e.PaidFromBirth
	default:
		return day >= e.From.String() && (e.To == 0 || day <= e.To.String())
	}
}

// aged: X-7, reached on the birthday.
func aged(p settle.Insured, day string, years int) bool {
	return day >= instant(p.Birth).AddDate(years, 0, 0).Format(time.DateOnly)
}

// abroad: C-1 to C-5 with their precedence.
func abroad(p settle.Insured, v settle.Visit) (decimal.Decimal, string) {
	young := p.Category == settle.ChildResident || p.Category == settle.Student
	if v.Filing == settle.FilingLongTerm && (p.ShenzhenHukou || !young) {
		return dec("1"), "FILED_LONG_TERM"
	}
	if v.Filing == settle.FilingReferral {
		return dec("1"), "FILED_REFERRAL"
	}
	if v.Kind == settle.EmergencyRescue {
		return dec("0.9"), "OOC_EMERGENCY"
	}
	if v.Institution.Province == "guangdong" {
		return dec("0.9"), "OOC_TEMP_IN_PROVINCE"
	}
	return dec("0.8"), "OOC_TEMP"
}

// chosen: S-1 to S-5, S-4 with the hospital of a selected centre, C-6.
func chosen(p settle.Insured, at settle.Institution, day string) (bool, string) {
	why := "NO_SELECTION"
	for _, s := range p.Selections {
		if day < s.From.String() || (s.To != 0 && day > s.To.String()) {
			continue
		}
		if why == "NO_SELECTION" {
			why = "NOT_SELECTED"
		}
		c, fourteen := s.Institution, aged(p, day, 14)
		employee := p.Category == settle.EmployeeTier1 || p.Category == settle.EmployeeTier2
		hospital := c.Kind == settle.Hospital
		if fourteen && (hospital || c.Kind == settle.OtherPrimary && day < "2023-10-01") {
			if c.ID == at.ID {
				why = "SELECTION_INVALID_AGE14"
			}
			continue
		}
		if hospital && (employee || c.Level > 2 || c.City != "shenzhen") {
			continue
		}
		if at.City != "shenzhen" {
			if c.ID == at.ID && at.Networked && at.Kind != settle.Hospital {
				return true, "SELECTED_DIRECT"
			}
			continue
		}
		centre := c.Kind == settle.CommunityHealth && c.SettlementHospital != ""
		switch {
		case c.ID == at.ID:
			return true, "SELECTED_DIRECT"
		case centre && at.ID == c.SettlementHospital:
			return true, "SELECTED_SETTLEMENT_HOSPITAL"
		case centre && at.Kind == settle.CommunityHealth && at.SettlementHospital == c.SettlementHospital && day >= "2023-10-01":
			return true, "SELECTED_AFFILIATED"
		}
	}
	return false, why
}

// accounts; false if the threshold is not known.
func (o *opinion) accounts(p settle.Insured, v settle.Visit, day string) bool {
	for _, l := range o.lines {
		if l.vaccine && day >= "2023-10-01" {
			continue
		}
		o.eligible = o.eligible.Add(l.scope.Sub(l.fund)).Add(l.first)
	}
	left, full := o.eligible, false
	if p.Own != nil {
		o.own = decimal.Min(left, money(p.Own.Balance))
		left = left.Sub(o.own)
		full = p.Own.Balance > 0
	}
	for _, a := range p.Family {
		d := drawn{denied: deniedBy(p, v, a, day, full)}
		if d.denied == "" {
			threshold, known := thresholdOn(day)
			if !known {
				return false
			}
			d.usable = money(a.Balance).Sub(threshold)
			if a.Balance == 0 {
				d.usable, d.denied = decimal.Zero, "DONOR_BALANCE_ZERO"
			} else if !d.usable.IsPositive() {
				d.usable, d.denied = decimal.Zero, "BELOW_THRESHOLD"
			}
		}
		if d.denied != "" {
			o.reasons = append(o.reasons, "MUTUAL:"+d.denied)
		}
		d.paid = decimal.Min(d.usable, left)
		left = left.Sub(d.paid)
		o.kin = o.kin.Add(d.paid)
		o.draws = append(o.draws, d)
	}
	o.cash = o.total.Sub(o.fund).Sub(o.own).Sub(o.kin)
	return true
}

func deniedBy(p settle.Insured, v settle.Visit, a settle.FamilyAccount, day string, full bool) string {
	kin := "child parent spouse"
	if day >= "2024-07-01" {
		kin += " sibling grandparent grandchild"
	}
	guarded := v.Channel == settle.Mobile && p.Category == settle.ChildResident && day >= "2018-11-20"
	for _, c := range []struct {
		bad  bool
		code string
	}{
		{a.Link != settle.MutualAid, "NOT_MUTUAL_AID_LINK"},
		{day < a.LinkFrom.String() || a.LinkTo != 0 && day > a.LinkTo.String(), "LINK_NOT_ACTIVE"},
		{a.DonorTier != settle.EmployeeTier1, "DONOR_HAS_NO_ACCOUNT"},
		{!slices.Contains(strings.Fields(kin), string(a.Relation)), "RELATION_NOT_COVERED"},
		{guarded && !a.RegisteredGuardian, "MOBILE_GUARDIAN_MISMATCH"},
		{full && day < "2023-10-01", "BENEFICIARY_BALANCE_NOT_ZERO"},
	} {
		if c.bad {
			return c.code
		}
	}
	return ""
}

// thresholdOn: the table of A-2.
func thresholdOn(day string) (decimal.Decimal, bool) {
	amount, known := decimal.Zero, false
	for _, row := range [][2]string{
		{"2018-07-01", "5008.80"},
		{"2019-07-01", "5585.40"},
		{"2020-07-01", "6387.85"},
		{"2021-07-01", "6971.80"},
		{"2022-07-01", "7778.15"},
		{"2023-07-01", "8237.70"},
		{"2023-10-01", "0"},
	} {
		if day >= row[0] {
			amount, known = dec(row[1]), true
		}
	}
	return amount, known
}

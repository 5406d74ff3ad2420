package settle

// barred tells why the person has no benefits at all on the day, if so: nothing is
// settled then (D-10). The order is that in which a clerk would ask.
func (w *work) barred() (Code, Step) {
	if w.person.DuplicateEnrolment {
		return DuplicateEnrolment, Step{Rule: "P-4"}
	}
	if n := w.rules.Number(ParamRegime, Key{}); !n.known() {
		return PolicyRowMissing, Step{
			Rule: "D-9", Number: string(ParamRegime),
			Note: "no rules at all for " + w.rules.Day.String(),
		}
	}
	if rule := w.benefitRule(); !w.inBenefit() {
		return NotInBenefitPeriod, Step{Rule: rule}
	}
	return "", Step{}
}

func (w *work) benefitRule() string {
	switch w.person.Benefit.Kind {
	case BenefitAnnual:
		return "P-1"
	case BenefitNewborn:
		return "P-2"
	default:
		return "P-3"
	}
}

// inBenefit tells whether the visit's day lies in the benefit period (待遇享受期).
func (w *work) inBenefit() bool {
	day, b := w.bill.Visit.Day, &w.person.Benefit
	switch b.Kind {
	case BenefitAnnual:
		start := w.rules.Number(ParamAnnualBenefitStart, Key{})
		if !start.known() {
			return false
		}
		from, ok := NewDate(b.SchoolYear, start.Count, 1)
		return ok && day.Within(from, from.AddYears(1).Prev())
	case BenefitNewborn:
		return w.newborn() && day >= w.person.Birth
	case BenefitExplicit:
		return b.From != 0 && day.Within(b.From, b.To)
	}
	return false
}

// newborn tells whether a child of the city was enrolled in time to have benefits
// from birth (P-2). The last day of the months is the day of birth's number, or
// the month's last day if it has none.
func (w *work) newborn() bool {
	p, months := w.person, w.rules.Number(ParamNewbornMonths, Key{})
	if !months.known() || !p.ShenzhenHukou || !p.Benefit.PaidFromBirth || p.Benefit.RegisteredOn < p.Birth {
		return false
	}
	last := p.Birth.AddMonths(months.Count)
	if last.Day() != p.Birth.Day() {
		last = last.Prev()
	}
	return p.Benefit.RegisteredOn <= last
}

// reached tells whether the person has reached the age on the visit's day: on the
// birthday, or the day after by the other reading.
func (w *work) reached(years int) bool {
	day := w.person.Birth.AddYears(years)
	if n := w.rules.Number(ParamAgeReached, Key{}); n.known() && n.Text == DayAfter {
		day = day.Next()
	}
	return w.bill.Visit.Day >= day
}

package settle

// Allowance is what is left of the yearly outpatient limit (门诊年度支付限额).
type Allowance struct {
	Period      string // limit period: "2024"
	Limit       Fen
	Used        Fen // of it
	Left        Fen
	Rule        string // "L-1"
	Provisional bool   // the limit is not an official number
}

// AllowanceOf gives what is left of a person's limit on the day of the rules, with u used
// in the running period. The refusal is POLICY_ROW_MISSING: the limit is not known (D-9).
func AllowanceOf(r *Rules, p Insured, u Usage) (Allowance, *Refusal) {
	param, key := ParamOutpatientLimit, Key{p.group()}
	if regime := r.Number(ParamRegime, Key{}); regime.known() && regime.Text == Regime256 {
		param, key = ParamOldLimit, Key{}
	}
	n := r.Number(param, key)
	if !n.known() || r.Period == "" {
		return Allowance{}, refusal(PolicyRowMissing, string(param), 0, "the limit of "+r.Day.String()+" is not known")
	}
	return Allowance{
		Period: r.Period, Limit: n.Amount, Used: u.Ordinary, Left: max(0, n.Amount-u.Ordinary),
		Rule: n.Rule, Provisional: n.Standing != Official,
	}, nil
}

// BenefitPeriod gives the days on which a person has benefits (待遇享受期), both inclusive,
// and the rule; zero to: open. ok is false if the person has none on the day of the rules.
func BenefitPeriod(r *Rules, p Insured) (from, to Date, rule string, ok bool) {
	w := wish(r, &p)
	rule, ok = w.benefitRule(), w.inBenefit() && !p.DuplicateEnrolment
	switch b := &p.Benefit; b.Kind {
	case BenefitAnnual:
		if start := r.Number(ParamAnnualBenefitStart, Key{}); start.known() {
			if from, _ = NewDate(b.SchoolYear, start.Count, 1); from != 0 {
				to = from.AddYears(1).Prev()
			}
		}
	case BenefitNewborn:
		from = p.Birth
	default:
		from, to = b.From, b.To
	}
	if p.DuplicateEnrolment {
		rule = "P-4"
	}
	return from, to, rule, ok
}

// wish is what a family asks for beside a bill: the rules and the person on the rules' day.
func wish(r *Rules, p *Insured) *work {
	return &work{rules: r, person: p, bill: &Bill{Visit: Visit{Day: r.Day}}}
}

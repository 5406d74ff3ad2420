package settle

// Choice is an institution that a person may select for ordinary outpatient visits
// (基层选定), with the day from which it would hold.
type Choice struct {
	Institution Institution
	From        Date
	Replaces    *Selection // what holds until then; nil: it is the first
	Rule        string     // why it may be selected: "S-1"
	FromRule    string     // why from that day: "S-7"
	Provisional bool       // the day is not from an official source: the platform's word counts
}

// Choose says whether a person may select an institution on the day of the rules, and from
// when it would hold: the first one at once, a change from the first of the next month on
// (S-7; X-19). What the platform then has on file counts. The refusal says why not.
func Choose(r *Rules, p Insured, chosen Institution) (Choice, *Refusal) {
	w := wish(r, &p)
	c := Choice{Institution: chosen, From: r.Day, Rule: "S-1", FromRule: "S-7"}
	if no := w.mayChoose(&chosen); no != nil {
		return c, no
	}
	if chosen.Kind == Hospital {
		c.Rule = "S-2"
	}
	for i := range p.Selections {
		s := &p.Selections[i]
		switch {
		case s.From > r.Day && (s.To == 0 || s.To >= s.From):
			return c, refusal(SelectionPending, "institution", 0, s.Institution.ID+" holds from "+s.From.String())
		case !r.Day.Within(s.From, s.To):
		case s.Institution.ID == chosen.ID:
			return c, refusal(SelectionSame, "institution", 0, chosen.ID)
		default:
			c.Replaces = s
		}
	}
	if c.Replaces == nil {
		return c, nil
	}
	n := r.Number(ParamSelectionChange, Key{})
	if !n.known() {
		return c, refusal(PolicyRowMissing, string(ParamSelectionChange), 0, "from when a change holds is not known on "+r.Day.String())
	}
	c.Provisional = n.Standing != Official
	if n.Text == NextMonth {
		first, _ := NewDate(r.Day.Year(), r.Day.Month(), 1) // a month of the calendar
		c.From = first.AddMonths(1)
	}
	return c, nil
}

// mayChoose refuses who can't select, and what can't be selected at that age (S-1..S-3).
func (w *work) mayChoose(chosen *Institution) *Refusal {
	switch valid, why := w.validSelection(chosen); {
	case w.person.Category == EmployeeTier1:
		return refusal(SelectionNotNeeded, "", 0, "what tier 1 must select is in no rule at hand")
	case !w.insured():
		return refusal(NotInBenefitPeriod, "", 0, "rule "+w.benefitRule())
	case chosen.City != HomeCity:
		return refusal(SelectionInvalid, "institution", 0, chosen.ID+" is not in the city")
	case why != "":
		return refusal(why, "institution", 0, chosen.ID)
	case !valid:
		return refusal(SelectionInvalid, "institution", 0, chosen.ID+" is not of a kind that may be selected")
	}
	return nil
}

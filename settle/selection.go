package settle

// selection tells whether the visited institution is, or counts as, one that the
// person has selected for ordinary outpatient visits, and the code that says how or
// why not. Where nothing is known of one that is selected in the city, that cannot be told.
func (w *work) selection() (bool, Code) {
	day, visited := w.bill.Visit.Day, &w.bill.Visit.Institution
	reason := NoSelection
	for i := range w.person.Selections {
		s := &w.person.Selections[i]
		if !day.Within(s.From, s.To) {
			continue
		}
		if reason == NoSelection {
			reason = NotSelected
		}
		if !s.Institution.Kind.known() {
			if s.Institution.City == HomeCity && w.inCity() {
				reason = SelectionUnknown
			}
			continue
		}
		if valid, why := w.validSelection(&s.Institution); !valid {
			if why != "" && s.Institution.ID == visited.ID {
				reason = why
			}
			continue
		}
		if how := w.counts(&s.Institution, visited); how != "" {
			return true, how
		}
	}
	return false, reason
}

// validSelection tells whether the person may have selected the institution: a
// community health centre always, another primary institution below the age of 14 and
// from 2023-10-01 at any (S-1, X-18), a hospital of the city up to level 2 below 14 for
// the residents' insurance alone (S-2, S-3). why is set where age is the reason.
func (w *work) validSelection(chosen *Institution) (valid bool, why Code) {
	if chosen.Kind == CommunityHealth {
		return true, ""
	}
	age := w.rules.Number(ParamDirectHospitalAge, Key{})
	highest := w.rules.Number(ParamDirectHospitalLevel, Key{})
	switch {
	case chosen.Kind == OtherPrimary && w.rules.Number(ParamOtherPrimary, Key{}).On():
		return true, ""
	case !age.known() || !highest.known():
		return false, ""
	case w.reached(age.Count):
		return false, SelectionInvalidAge14
	case chosen.Kind == OtherPrimary:
		return true, ""
	}
	return w.person.residents() && chosen.City == HomeCity && chosen.Level <= highest.Count, ""
}

// residents tells whether the person has the residents' insurance (居民医保).
func (p *Insured) residents() bool {
	return p.Category != EmployeeTier1 && p.Category != EmployeeTier2
}

// counts tells how visiting one institution counts as visiting the chosen one (S-4), ""
// if it does not. The other centres of its hospital do from 2023-10-01. Out of town only
// the selected networked primary institution itself does (C-6).
func (w *work) counts(chosen, visited *Institution) Code {
	switch {
	case visited.City != HomeCity:
		if chosen.ID == visited.ID && visited.Networked && visited.Kind != Hospital {
			return SelectedDirect
		}
	case chosen.ID == visited.ID:
		return SelectedDirect
	case chosen.Kind == CommunityHealth && chosen.SettlementHospital != "":
		if visited.ID == chosen.SettlementHospital {
			return SelectedSettlementHospital
		}
		if visited.Kind == CommunityHealth && visited.SettlementHospital == chosen.SettlementHospital &&
			w.rules.Number(ParamAffiliated, Key{}).On() {
			return SelectedAffiliated
		}
	case chosen.Kind == Hospital && visited.Kind == CommunityHealth && visited.SettlementHospital == chosen.ID:
		if w.rules.Number(ParamHospitalCovers, Key{}).On() {
			return SelectedAffiliated
		}
	}
	return ""
}

// unknownSelection refuses a visit of which nobody can say whether it is at the selected
// place (D-9).
func (w *work) unknownSelection() {
	w.refuse(SelectionUnknown, Step{Rule: "S-4", Note: "add the selected institution to the registry"})
}

// entered writes down how the visit gets its benefits, and out of town by which rule.
func (w *work) entered(reason Code) {
	w.out.Reasons = append(make([]Code, 0, 4), reason)
	w.note(Step{What: StepVisit, Reason: reason, Rule: w.ruleOf(reason)})
	if w.multiplier != nil {
		w.out.Reasons = append(w.out.Reasons, w.away)
		w.cite(w.multiplier, Step{What: StepPlace, Reason: w.away})
	}
}

// selectedHere tells whether the place counts as selected, and how or why not.
func (w *work) selectedHere() (bool, Code) {
	selected, reason := w.selection()
	w.facts.selected = selected
	w.out.Selected = &w.facts.selected
	return selected, reason
}

// directRule gives the rule by which the visited institution could be selected: out of
// town C-6; a hospital by S-2; what all may choose by S-1 from 2023-10-01, before that by
// S-2 below the age of 14 and S-3 from it on.
func (w *work) directRule() string {
	age := w.rules.Number(ParamDirectHospitalAge, Key{})
	switch {
	case !w.inCity():
		return "C-6"
	case w.bill.Visit.Institution.Kind == Hospital:
		return "S-2"
	case w.rules.Number(ParamOtherPrimary, Key{}).On():
		return "S-1"
	case age.known() && w.reached(age.Count):
		return "S-3"
	}
	return "S-2"
}

// ruleOf gives the rule behind the reason for which a visit has its benefits, or none.
func (w *work) ruleOf(reason Code) string {
	switch reason {
	case SelectedDirect:
		return w.directRule()
	case NotSelected, NoSelection:
		if !w.inCity() {
			return "C-6"
		}
		return "S-5"
	case SelectedSettlementHospital, SelectedAffiliated:
		return "S-4"
	case SelectionInvalidAge14:
		return "S-3"
	case Referred:
		return "S-6"
	case ReferralRequired:
		return "S-8"
	case InpatientVisit:
		return "I-4"
	case SpecialClass1:
		return "M-1"
	case Tier1AccountOnly, Tier1Pool30:
		return "O256-3"
	default:
		return "S-5"
	}
}

package settle

// selection tells whether the visited institution is, or counts as, one that the
// person has selected for ordinary outpatient visits, and the code that says how or
// why not.
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
// community health centre or other primary institution always (S-1), a hospital
// up to level 2 below the age of 14 (S-2, S-3). why is set where age is the reason.
func (w *work) validSelection(chosen *Institution) (valid bool, why Code) {
	if chosen.Kind != Hospital {
		return true, ""
	}
	age := w.rules.Number(ParamDirectHospitalAge, Key{})
	highest := w.rules.Number(ParamDirectHospitalLevel, Key{})
	switch {
	case !age.known() || !highest.known():
		return false, ""
	case w.reached(age.Count):
		return false, SelectionInvalidAge14
	}
	return chosen.Level <= highest.Count, ""
}

// counts tells how visiting one institution counts as visiting the chosen one
// (S-4), "" if it does not.
func (w *work) counts(chosen, visited *Institution) Code {
	switch {
	case chosen.ID == visited.ID:
		return SelectedDirect
	case chosen.Kind == CommunityHealth && chosen.SettlementHospital != "":
		if visited.ID == chosen.SettlementHospital {
			return SelectedSettlementHospital
		}
		if visited.Kind == CommunityHealth && visited.SettlementHospital == chosen.SettlementHospital {
			return SelectedAffiliated
		}
	case chosen.Kind == Hospital && visited.Kind == CommunityHealth && visited.SettlementHospital == chosen.ID:
		if w.rules.Number(ParamHospitalCovers, Key{}).On() {
			return SelectedAffiliated
		}
	}
	return ""
}

// ruleOf gives the rule behind a reason of selection.
func ruleOf(reason Code) string {
	switch reason {
	case SelectedDirect:
		return "S-1"
	case SelectedSettlementHospital, SelectedAffiliated:
		return "S-4"
	case SelectionInvalidAge14:
		return "S-3"
	case Referred:
		return "S-6"
	default:
		return "S-5"
	}
}

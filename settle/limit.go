package settle

// limits is what is left of the yearly outpatient limit.
type limits struct {
	total  *Number // L-1, L-3
	remain Fen     // of the whole limit
	ceil   Fen     // of what this visit may use: at level 2 and up tier 1 has less (L-3)
	by     *Number // the number that sets ceil
}

// group is the group of persons whose limit applies.
func (p *Insured) group() string {
	switch {
	case p.Category != EmployeeTier1:
		return GroupResident
	case p.Retired:
		return GroupTier1Retired
	default:
		return GroupTier1
	}
}

// openLimit reads the limit of the running period; ok is false if its row is
// missing, and then the split is refused (D-9).
func (w *work) openLimit() (ok bool) {
	key := Key{w.person.group()}
	n := w.rules.Number(ParamOutpatientLimit, key)
	if !n.known() {
		w.missing(n, ParamOutpatientLimit, key)
		return false
	}
	if w.rules.Period == "" {
		w.missing(w.rules.Number(ParamLimitPeriod, Key{}), ParamLimitPeriod, Key{})
		return false
	}
	remain := max(0, n.Amount-w.used.Ordinary)
	w.limit = limits{total: n, remain: remain, ceil: remain, by: n}
	if key[0] != GroupResident && w.bill.Visit.Institution.Level >= 2 {
		return w.openHospitalLimit(key)
	}
	return true
}

// openHospitalLimit narrows the limit for tier 1 at level 2 and up (L-3).
func (w *work) openHospitalLimit(key Key) (ok bool) {
	n := w.rules.Number(ParamHospitalLimit, key)
	if !n.known() {
		w.missing(n, ParamHospitalLimit, key)
		return false
	}
	if left := max(0, n.Amount-w.used.OrdinaryLevel2); left < w.limit.ceil {
		w.limit.ceil, w.limit.by = left, n
	}
	return true
}

// closeLimit writes down the limit before and after, and the usage after, once used
// has been paid by the fund within the limit.
func (w *work) closeLimit(used Fen) {
	w.facts.before, w.facts.after = w.limit.remain, w.limit.remain-used
	w.out.LimitBefore, w.out.LimitAfter = &w.facts.before, &w.facts.after
	w.out.UsageAfter = w.used
	w.out.UsageAfter.Ordinary += used
	if w.bill.Visit.Institution.Level >= 2 {
		w.out.UsageAfter.OrdinaryLevel2 += used
	}
}

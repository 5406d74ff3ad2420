package settle

// limits is what is left of the yearly outpatient limit.
type limits struct {
	remain Fen     // of the whole limit
	ceil   Fen     // of what this visit may still use: at level 2 and up tier 1 has less (L-3)
	by     *Number // the number that sets ceil
	used   Fen     // by this visit
	whole  *Number // the whole limit
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
func (w *work) openLimit(p Param, key Key) (ok bool) {
	n := w.rules.Number(p, key)
	if !n.known() {
		w.missing(n, p, key)
		return false
	}
	if w.rules.Period == "" {
		w.missing(w.rules.Number(ParamLimitPeriod, Key{}), ParamLimitPeriod, Key{})
		return false
	}
	remain := max(0, n.Amount-w.used.Ordinary)
	w.limit = limits{remain: remain, ceil: remain, by: n, whole: n}
	return true
}

// openLimit358 reads the limit of the person's group, and narrows it for tier 1 at
// level 2 and up (L-3).
func (w *work) openLimit358() (ok bool) {
	key := Key{w.person.group()}
	if !w.openLimit(ParamOutpatientLimit, key) {
		return false
	}
	if key[0] == GroupResident || w.bill.Visit.Institution.Level < 2 {
		return true
	}
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

// cut cuts a bucket's share to what the limit leaves, and uses the limit up by it.
func (w *work) cut(b Bucket, fund Fen) Fen {
	if most := w.limit.ceil; fund > most {
		w.parts[partOverLimit] += fund - most
		if w.out.Reasons[len(w.out.Reasons)-1] != LimitReached {
			w.out.Reasons = append(w.out.Reasons, LimitReached)
		}
		s := Step{What: StepLimit, Bucket: b, Reason: LimitReached, Base: fund, Amount: most}
		if w.limit.by != w.limit.whole {
			s.Note = NoteHospitals
		}
		w.cite(w.limit.by, s)
		fund = most
	}
	w.limit.ceil -= fund
	w.limit.used += fund
	return fund
}

// closeLimit writes down the limit before and after, and the usage after.
func (w *work) closeLimit() {
	used := w.limit.used
	w.facts.before, w.facts.after = w.limit.remain, w.limit.remain-used
	w.out.LimitBefore, w.out.LimitAfter = &w.facts.before, &w.facts.after
	w.cite(w.limit.whole, Step{What: StepLimitLeft, Base: w.facts.before, Amount: w.facts.after})
	w.out.UsageAfter.Ordinary += used
	if w.bill.Visit.Institution.Level >= 2 {
		w.out.UsageAfter.OrdinaryLevel2 += used
	}
}

package settle

// Outpatient visits before 2023-10-01 (深圳市社会医疗保险办法, 256号): the community
// pool (社区门诊统筹) and, for tier 1, the own account.

// outpatient256 settles the visit.
func (w *work) outpatient256() (ok bool) {
	if w.person.Category == EmployeeTier1 {
		return w.tier1Outpatient256()
	}
	if !w.openLimit(ParamOldLimit, Key{}) {
		return false
	}
	w.out.UsageAfter = w.used
	where, reason := w.entrance256()
	if reason == SelectionUnknown {
		w.unknownSelection()
		return false
	}
	w.entered(reason)
	if !w.assign256(where) {
		return false
	}
	w.payPool(true)
	w.closeLimit()
	w.leave(reason)
	return true
}

// where256 says at what rates the pool pays for a visit.
type where256 int

const (
	unpaid    where256 = iota // not at all
	bound                     // at those of the bound place (O256-1, O256-2)
	elsewhere                 // at that of a referral or rescue, which is not known
)

// entrance256 tells where the visit is: at the bound place, at its settlement hospital,
// which needed a referral (S-8), or elsewhere, on referral or in a rescue (S-5).
func (w *work) entrance256() (where256, Code) {
	selected, reason := w.selectedHere()
	v := &w.bill.Visit
	needs := reason == SelectedSettlementHospital && w.rules.Number(ParamSettlementReferral, Key{}).On()
	switch {
	case selected && !needs:
		return bound, reason
	case v.Kind == EmergencyRescue:
		return elsewhere, RescueVisit
	case v.ReferralInCity:
		return elsewhere, Referred
	case needs:
		return unpaid, ReferralRequired
	}
	return unpaid, reason
}

// assign256 puts what the pool pays for into it; ok is false if a rate is missing, and
// then the split is refused (D-9).
func (w *work) assign256(where where256) (ok bool) {
	w.open()
	if where == elsewhere {
		r, ok := w.levelRate(ParamOldElsewhere)
		if ok {
			w.assignAll(BucketCommunityPool, r)
		}
		return ok
	}
	for i := range w.bill.Lines {
		if w.payable(i) && where == bound && !w.assignLine256(i) {
			return false
		}
	}
	return true
}

// service tells a single service or material from a drug: a consultation and a
// large-equipment examination are services whatever the bill says of their kind.
func (l *Line) service() bool { return l.Kind == ServiceLine || l.Consultation || l.LargeEquipment }

// assignLine256 puts line i into the pool: a single service or material at its own
// rate and at most its cap (O256-2), drugs by their grade (O256-1).
func (w *work) assignLine256(i int) (ok bool) {
	l := &w.bill.Lines[i]
	p, key := ParamOldDrugRate, Key{string(l.Grade)}
	if l.service() {
		p, key = ParamOldServiceRate, Key{}
	}
	r, ok := w.rate(p, key)
	if !ok {
		return false
	}
	w.assign(i, BucketCommunityPool, r)
	return !l.service() || w.capService(i)
}

// capService cuts what a single service asks of the pool to its cap, before the pool is
// rounded (O256-2).
func (w *work) capService(i int) (ok bool) {
	n := w.rules.Number(ParamOldServiceCap, Key{})
	if !n.known() {
		w.missing(n, ParamOldServiceCap, Key{})
		return false
	}
	if most := uint64(n.Amount) * micros; w.claim[i].weight > most {
		w.claim[i].weight = most
		w.cite(n, Step{What: StepCap, Line: i + 1, Bucket: BucketCommunityPool, Base: w.out.Lines[i].InScope, Amount: n.Amount})
	}
	return true
}

// payPool pays the pool's lines, which may have different rates, with one rounding
// (D-1). The pool is named in the split even if it has no line.
func (w *work) payPool(limited bool) {
	scope, weight, any := w.bucket(BucketCommunityPool)
	fund := roundMicro(weight)
	if any {
		rule := "O256-1"
		if w.person.Category == EmployeeTier1 {
			rule = "O256-3"
		}
		w.note(Step{What: StepFund, Bucket: BucketCommunityPool, Rule: rule, Base: scope, Amount: fund})
	}
	if limited {
		fund = w.cut(BucketCommunityPool, fund)
	}
	w.pay(BucketCommunityPool, fund, weight)
}

// tier1Outpatient256 settles a visit of tier 1: paid from accounts, but for the fund's
// share at a community health centre; no limit is stated (O256-3).
func (w *work) tier1Outpatient256() (ok bool) {
	w.out.UsageAfter = w.used
	w.selectedHere()
	w.open()
	reason := Tier1AccountOnly
	if w.bill.Visit.Institution.Kind == CommunityHealth {
		reason = Tier1Pool30
	}
	w.entered(reason)
	if reason == Tier1Pool30 {
		r, ok := w.rate(ParamOldTier1Rate, Key{})
		if !ok {
			return false
		}
		w.assignAll(BucketCommunityPool, r)
	}
	w.payPool(false)
	w.leave(reason)
	return true
}

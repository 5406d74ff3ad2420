package settle

// Ordinary outpatient visits, emergencies and emergency rescues from 2023-10-01
// (深圳市医疗保障办法, 358号): S, R, L and B of the policy.

// HomeCity is the city whose rules these are.
const HomeCity = "shenzhen"

// HomeProvince is its province (C-2).
const HomeProvince = "guangdong"

// outpatient358 settles the visit.
func (w *work) outpatient358() *Refusal {
	if r := w.covered358(); r != nil {
		return r
	}
	if !w.openLimit() {
		return nil
	}
	ordinary, ok := w.rate(ParamOutpatientRate)
	if !ok {
		return nil
	}
	consultation, ok := w.rate(ParamConsultationRate)
	if !ok {
		return nil
	}
	pays, reason := w.entrance()
	w.weight = make([]uint64, len(w.out.Lines))
	w.assign358(pays, ordinary, consultation)
	used := w.payConsultation(consultation)
	used += w.payOrdinary(ordinary, w.limit.ceil-used)
	w.closeLimit(used)
	w.leave358(pays, reason)
	w.accounts()
	w.settled()
	return nil
}

// covered358 refuses what this version cannot compute yet.
func (w *work) covered358() *Refusal {
	v, p := &w.bill.Visit, w.person
	switch {
	case p.Category != ChildResident && p.Category != Student:
		return refusal(NotCoveredYet, "patient.category", 0, "rules R-4, R-5, L-3 are not in this version")
	case v.Institution.City != HomeCity:
		return refusal(NotCoveredYet, "visit.institution", 0, "rules C-1 to C-6 are not in this version")
	}
	return nil
}

// rate reads the rate of the visited institution's level (D-6); ok is false if its
// row is missing, and then the split is refused.
func (w *work) rate(p Param) (n *Number, ok bool) {
	key := level(w.bill.Visit.Institution.Level)
	if n = w.rules.Number(p, key); !n.known() {
		w.missing(n, p, key)
		return nil, false
	}
	return n, true
}

// entrance tells whether the fund pays for ordinary outpatient care here: at a
// selected institution, in an emergency rescue, or on referral (S-5, S-6).
func (w *work) entrance() (pays bool, reason Code) {
	selected, reason := w.selection()
	w.facts.selected = selected
	w.out.Selected = &w.facts.selected
	switch {
	case selected:
		pays = true
	case w.bill.Visit.Kind == EmergencyRescue:
		pays, reason = true, RescueVisit
	case w.bill.Visit.ReferralInCity:
		pays, reason = true, Referred
	}
	w.out.Reasons = append(make([]Code, 0, 4), reason)
	w.note(Step{What: StepVisit, Reason: reason, Rule: ruleOf(reason)})
	return pays, reason
}

// assign358 puts each line into its one bucket. Grade C and vaccinations are
// in none. The consultation fee is paid anywhere in the city, all else
// only where the visit is paid.
func (w *work) assign358(pays bool, ordinary, consultation *Number) {
	anywhere := !w.rules.Number(ParamConsultationNeedsSel, Key{}).On()
	for i := range w.bill.Lines {
		switch l := &w.bill.Lines[i]; {
		case l.Grade == GradeC:
		case l.Vaccination:
			w.note(Step{What: StepVaccination, Line: i + 1, Rule: "A-5", Amount: w.out.Lines[i].InScope})
		case l.Consultation && (pays || anywhere):
			w.assign(i, BucketConsultation, consultation.Decimal, consultation.micro)
		case !l.Consultation && pays:
			w.assign(i, BucketOrdinary, ordinary.Decimal, ordinary.micro)
		}
	}
}

// payConsultation pays the consultation bucket, which neither uses nor is stopped by
// the limit unless the other reading of X-5 is in force; it gives what was used.
func (w *work) payConsultation(n *Number) (used Fen) {
	scope, weight, any := w.bucket(BucketConsultation)
	if !any {
		return 0
	}
	fund := roundMicro(weight)
	w.cite(n, Step{What: StepFund, Bucket: BucketConsultation, Base: scope, Amount: fund})
	if w.rules.Number(ParamConsultationInLimit, Key{}).On() {
		fund = w.cut(fund, w.limit.ceil)
		used = fund
	}
	w.pay(BucketConsultation, fund, weight)
	return used
}

// payOrdinary pays the ordinary bucket within what the limit leaves (R-1, L-1); it
// gives what was used of the limit.
func (w *work) payOrdinary(n *Number, remain Fen) (used Fen) {
	scope, weight, any := w.bucket(BucketOrdinary)
	if !any {
		return 0
	}
	fund := roundMicro(weight)
	w.cite(n, Step{What: StepFund, Bucket: BucketOrdinary, Base: scope, Amount: fund})
	fund = w.cut(fund, remain)
	w.pay(BucketOrdinary, fund, weight)
	return fund
}

// cut cuts a bucket's share to what the limit leaves.
func (w *work) cut(fund, remain Fen) Fen {
	if fund <= remain {
		return fund
	}
	w.parts[partOverLimit] += fund - remain
	if w.out.Reasons[len(w.out.Reasons)-1] != LimitReached {
		w.out.Reasons = append(w.out.Reasons, LimitReached)
	}
	w.cite(w.limit.by, Step{What: StepLimit, Bucket: BucketOrdinary, Reason: LimitReached, Base: fund, Amount: remain})
	return remain
}

// leave358 sorts what the fund left of each line into the kinds that accounts may or
// may not pay.
func (w *work) leave358(pays bool, reason Code) {
	for i := range w.out.Lines {
		l := &w.out.Lines[i]
		w.parts[partOverCap] += l.OverCap
		w.parts[partFirstSelfPay] += l.FirstSelfPay
		w.parts[partSelfFunded] += l.SelfFunded
		switch {
		case w.bill.Lines[i].Vaccination && l.Bucket == BucketNone && w.bill.Lines[i].Grade != GradeC:
			w.parts[partVaccination] += l.InScope
		case l.Bucket == BucketNone:
			w.parts[partNotSelected] += l.InScope
		default:
			w.parts[partRateShare] += l.InScope - l.Fund
		}
	}
	w.parts[partRateShare] -= w.parts[partOverLimit]
	if n := w.parts[partNotSelected]; n > 0 && !pays {
		w.note(Step{What: StepNoFund, Reason: reason, Rule: ruleOf(reason), Amount: n})
	}
}

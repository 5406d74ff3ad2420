package settle

// Ordinary outpatient visits, emergencies and emergency rescues from 2023-10-01
// (深圳市医疗保障办法, 358号): S, R, L, C and B of the policy.

// rates358 are the rates of the buckets of an outpatient visit.
type rates358 struct {
	ordinary, consultation, large rate
	bonus                         *Number // that was added to ordinary; nil if none
}

// outpatient358 settles the visit.
func (w *work) outpatient358() (ok bool) {
	if !w.openLimit358() {
		return false
	}
	rates, ok := w.rates358()
	if !ok {
		return false
	}
	w.out.UsageAfter = w.used
	pays, reason := w.entrance358()
	if reason == SelectionUnknown {
		w.unknownSelection()
		return false
	}
	w.entered(reason)
	w.assign358(pays, &rates)
	w.payBucket(BucketConsultation, rates.consultation, w.rules.Number(ParamConsultationInLimit, Key{}).On())
	w.payBucket(BucketLargeEquipment, rates.large, false)
	if _, _, any := w.bucket(BucketOrdinary); any && rates.bonus != nil {
		w.cite(rates.bonus, Step{What: StepBonus, Bucket: BucketOrdinary})
	}
	w.payBucket(BucketOrdinary, rates.ordinary, true)
	w.closeLimit()
	w.leave(reason)
	return true
}

// rates358 reads the rates: R-1 with, and for tier 1 R-5, each times the
// multiplier out of town.
func (w *work) rates358() (r rates358, ok bool) {
	if r.ordinary, ok = w.inCityRate(ParamOutpatientRate, level(w.bill.Visit.Institution.Level)); !ok {
		return r, false
	}
	senior, ok := w.senior()
	if !ok {
		return r, false
	}
	if senior {
		if r.bonus = w.rules.Number(ParamRetireeBonus, Key{}); !r.bonus.known() {
			w.missing(r.bonus, ParamRetireeBonus, Key{})
			return r, false
		}
		r.ordinary = r.ordinary.plus(r.bonus)
	}
	r.ordinary = r.ordinary.times(w.multiplier)
	if r.consultation, ok = w.levelRate(ParamConsultationRate); ok && w.person.Category == EmployeeTier1 {
		r.large, ok = w.rate(ParamLargeEquipmentRate, Key{})
	}
	return r, ok
}

// senior tells whether the person has the points of R-4: retirees, and adult residents
// from the age of 60.
func (w *work) senior() (senior, ok bool) {
	if w.person.Category != Resident {
		return w.person.retiree(), true
	}
	age := w.rules.Number(ParamSeniorAge, Key{})
	if !age.known() {
		w.missing(age, ParamSeniorAge, Key{})
		return false, false
	}
	return w.reached(age.Count), true
}

// retiree tells whether the person is a retired employee.
func (p *Insured) retiree() bool { return p.Retired && !p.residents() }

// entrance358 tells whether the fund pays for ordinary outpatient care here: at a
// selected institution, in an emergency rescue, on referral within the city (S-5, S-6)
// or out of it (C-4, C-6).
func (w *work) entrance358() (pays bool, reason Code) {
	selected, reason := w.selectedHere()
	v := &w.bill.Visit
	switch {
	case selected:
		return true, reason
	case v.Kind == EmergencyRescue:
		return true, RescueVisit
	case w.inCity() && v.ReferralInCity, !w.inCity() && v.Filing == FilingReferral:
		return true, Referred
	}
	return false, reason
}

// assign358 puts each line into its one bucket. The consultation fee is paid
// anywhere in the city and so are, for tier 1, large-equipment examinations
// all else only where the visit is paid.
func (w *work) assign358(pays bool, r *rates358) {
	anywhere := w.inCity() && !w.rules.Number(ParamConsultationNeedsSel, Key{}).On()
	large := w.inCity() && w.person.Category == EmployeeTier1
	w.open()
	for i := range w.bill.Lines {
		l := &w.bill.Lines[i]
		switch {
		case !w.payable(i):
		case l.Consultation:
			if pays || anywhere {
				w.assign(i, BucketConsultation, r.consultation)
			}
		case l.LargeEquipment && large:
			w.assign(i, BucketLargeEquipment, r.large)
		case pays:
			w.assign(i, BucketOrdinary, r.ordinary)
		}
	}
}

// leave sorts what the fund left of each line into the kinds that accounts may or may
// not pay. A vaccination is one kind whole, its first self-pay too.
func (w *work) leave(reason Code) {
	for i := range w.out.Lines {
		l := &w.out.Lines[i]
		w.parts[partOverCap] += l.OverCap
		w.parts[partSelfFunded] += l.SelfFunded
		if w.bill.Lines[i].Vaccination {
			w.parts[partVaccination] += l.FirstSelfPay + l.InScope
			continue
		}
		w.parts[partFirstSelfPay] += l.FirstSelfPay
		switch {
		case l.Bucket != BucketNone:
			w.parts[partRateShare] += l.InScope - l.Fund
		case w.bill.Lines[i].Grade != GradeC:
			w.parts[partNotSelected] += l.InScope
			w.note(Step{What: StepNoFund, Line: i + 1, Reason: reason, Rule: w.ruleOf(reason), Amount: l.InScope})
		}
	}
	w.parts[partRateShare] -= w.parts[partOverLimit] + w.parts[partDeductible]
}

package settle

// Inpatient stays (I). The structure is that of the rules from 2023-10-01; before, no
// row is known and a stay is refused (D-9).

// inpatient settles a stay: what is in scope above the deductible, at the rate of the
// level. It needs no selection and is outside the outpatient limit (I-4).
func (w *work) inpatient() (ok bool) {
	r, ok := w.inpatientRate()
	if !ok {
		return false
	}
	key := Key{AdmissionFirst, level(w.bill.Visit.Institution.Level)[0]}
	if w.bill.Visit.AdmissionNo > 1 {
		key[0] = AdmissionNext
	}
	deductible := w.rules.Number(ParamDeductible, key)
	if !deductible.known() {
		w.missing(deductible, ParamDeductible, key)
		return false
	}
	w.entered(InpatientVisit)
	w.assignAll(BucketInpatient, r)
	w.payInpatient(r, deductible)
	w.out.UsageAfter = w.used
	w.leave(InpatientVisit)
	return true
}

// inpatientRate is the rate of the level, and of retirees the same at every level
// (I-1).
func (w *work) inpatientRate() (rate, bool) {
	if w.person.retiree() {
		return w.rate(ParamInpatientRetiredRate, Key{})
	}
	return w.levelRate(ParamInpatientRate)
}

// payInpatient takes the deductible off what is in scope (I-2, I-3) and pays the rest.
func (w *work) payInpatient(r rate, deductible *Number) {
	scope, weight, any := w.bucket(BucketInpatient)
	if !any {
		return
	}
	w.out.Deductible = min(scope, deductible.Amount)
	w.parts[partDeductible] = w.out.Deductible
	if w.out.Deductible > 0 {
		w.cite(deductible, Step{What: StepDeductible, Bucket: BucketInpatient, Base: scope, Amount: w.out.Deductible})
	}
	above := scope - w.out.Deductible
	fund := roundMicro(uint64(above) * uint64(r.micro))
	w.citeRate(r, Step{What: StepFund, Bucket: BucketInpatient, Base: above, Amount: fund})
	w.pay(BucketInpatient, fund, weight)
}

// assignAll puts every line that the fund can pay into one bucket.
func (w *work) assignAll(b Bucket, r rate) {
	w.open()
	for i := range w.bill.Lines {
		if w.payable(i) {
			w.assign(i, b, r)
		}
	}
}

// payable tells whether the fund can pay of line i at all: not of grade C (B-3), and
// not a vaccination.
func (w *work) payable(i int) bool {
	l := &w.bill.Lines[i]
	return l.Grade != GradeC && !l.Vaccination
}

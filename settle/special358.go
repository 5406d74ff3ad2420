package settle

// special settles a visit for a special outpatient disease of class 1 (门诊特定病种,
// M-1), at the rate of the months of continuous insurance. It needs no selection and is
// outside the outpatient limit. Before 2023-10-01 no row is known (D-9).
func (w *work) special() (ok bool) {
	r, ok := w.rate(ParamSpecial1Rate, Key{continuous(w.bill.Visit.ContinuousMonths)})
	if !ok {
		return false
	}
	w.entered(SpecialClass1)
	w.assignAll(BucketSpecial1, r)
	w.payBucket(BucketSpecial1, r, false)
	w.out.UsageAfter = w.used
	w.leave(SpecialClass1)
	return true
}

// continuous is the key of a number of months of continuous insurance.
func continuous(months int) string {
	switch {
	case months < 12:
		return Under12
	case months < 36:
		return From12
	default:
		return From36
	}
}

package settle

// SelfPaid is the split s of a bill with nothing granted: the patient pays all in cash,
// to be claimed later (先自费后报销), for the reason why. used is what was used of the
// limit before. What is in scope of each line stays as it is, for whoever decides the
// claim. A refused split stays refused.
func (s Split) SelfPaid(used Usage, why Code) Split {
	if s.Status == Refused {
		return s
	}
	lines := make([]LineSplit, len(s.Lines))
	for i, l := range s.Lines {
		l.Bucket, l.Rate, l.Fund = BucketNone, zero, 0
		lines[i] = l
	}
	return Split{
		Status: NoFund, Reasons: []Code{why}, Total: s.Total, Cash: s.Total, Multiplier: one, Lines: lines, UsageAfter: used,
		Steps: []Step{{What: StepSelfPaid, Reason: why, Rule: "D-10", Amount: s.Total}},
	}
}

package settle

import "strings"

// part is a kind of the patient's part, as far as accounts may or may not pay it
//
type part int

const (
	partRateShare part = iota
	partOverLimit
	partNotSelected
	partFirstSelfPay
	partDeductible
	partOverCap
	partSelfFunded
	partVaccination
	partCount
)

// partKeys are the keys of the parts, in their order; never written to.
var partKeys = [partCount]string{
	PartRateShare, PartOverLimit, PartNotSelected, PartFirstSelfPay,
	PartDeductible, PartOverCap, PartSelfFunded, PartVaccination,
}

// accounts lets the patient's own account pay first and then the family's, in the
// order given (A-1, D-7), of what accounts may pay at all. ok is false if a number
// that decides is missing, and then the split is refused (D-9).
func (w *work) accounts() (ok bool) {
	o := &w.out
	o.Eligible = w.eligible()
	left := o.Eligible
	if own := w.person.Own; own != nil {
		o.Own = min(left, own.Balance)
		left -= o.Own
		if o.Own > 0 {
			w.note(Step{What: StepOwn, Rule: "A-1", Base: own.Balance, Amount: o.Own})
		}
	}
	o.Draws = make([]Draw, len(w.person.Family))
	for i := range w.person.Family {
		paid, ok := w.draw(i, left)
		if !ok {
			return false
		}
		left -= paid
	}
	return true
}

// eligible sums the parts that accounts may pay; a part without a row is not paid.
func (w *work) eligible() Fen {
	var sum Fen
	for p, amount := range w.parts {
		if amount > 0 && w.rules.Number(ParamAccountPays, Key{partKeys[p]}).On() {
			sum += amount
		}
	}
	if patient := w.out.Total - w.out.Fund; patient > 0 && (w.person.Own != nil || len(w.person.Family) > 0) {
		if n := w.rules.Number(ParamAccountPays, Key{PartRateShare}); n.known() {
			w.cite(n, Step{What: StepEligible, Base: patient, Amount: sum})
		}
	}
	return sum
}

// draw lets family account i pay at most left, and gives what it paid.
func (w *work) draw(i int, left Fen) (paid Fen, ok bool) {
	a, d := &w.person.Family[i], &w.out.Draws[i]
	d.AccountID = a.ID
	if d.Usable, d.Denied = w.usable(a); d.Denied == PolicyRowMissing {
		w.missing(w.rules.Number(ParamAccountThreshold, Key{}), ParamAccountThreshold, Key{})
		return 0, false
	} else if d.Denied != "" {
		w.out.Reasons = append(w.out.Reasons, MutualPrefix+d.Denied)
		w.deny(a, d.Denied)
		return 0, true
	}
	d.Paid = min(left, d.Usable)
	w.out.Family += d.Paid
	if n := w.rules.Number(ParamAccountThreshold, Key{}); d.Paid > 0 && n.known() {
		w.cite(n, Step{What: StepDraw, Account: a.ID, Holder: a.Holder, Base: d.Usable, Amount: d.Paid})
	}
	return d.Paid, true
}

// usable gives what a family account may pay at most, or why it may pay nothing.
func (w *work) usable(a *FamilyAccount) (Fen, Code) {
	switch {
	case a.Link != MutualAid:
		return 0, NotMutualAidLink
	case !w.bill.Visit.Day.Within(a.LinkFrom, a.LinkTo):
		return 0, LinkNotActive
	case a.DonorTier != EmployeeTier1:
		return 0, DonorHasNoAccount
	case !w.relationCovered(a.Relation):
		return 0, RelationNotCovered
	case w.guardianMismatch(a):
		return 0, MobileGuardianMismatch
	case w.ownStillFull():
		return 0, BeneficiaryBalanceNotZero
	}
	return w.overThreshold(a.Balance)
}

func (w *work) relationCovered(r Relation) bool {
	n := w.rules.Number(ParamRelations, Key{})
	if !n.known() {
		return false
	}
	for covered := range strings.SplitSeq(n.Text, " ") {
		if covered == string(r) {
			return true
		}
	}
	return false
}

// guardianMismatch: by mobile payment only the registered guardian pays for a child
// a student at a university may have none, and adults need none.
func (w *work) guardianMismatch(a *FamilyAccount) bool {
	n := w.rules.Number(ParamMobileGuardian, Key{})
	return w.bill.Visit.Channel == Mobile && n.On() && w.person.Category == ChildResident && !a.RegisteredGuardian
}

// ownStillFull: before 2023-10-01 the patient's own balance had to be zero before
// the family's accounts could be used.
func (w *work) ownStillFull() bool {
	n := w.rules.Number(ParamOwnFirst, Key{})
	return n.known() && n.Text == ZeroAtStart && w.person.Own != nil && w.person.Own.Balance > 0
}

// overThreshold applies the threshold, taken off or as a gate. Before
// 2018-07-01 it is not known, and nothing can be said of the account, whatever is in it.
func (w *work) overThreshold(balance Fen) (Fen, Code) {
	n := w.rules.Number(ParamAccountThreshold, Key{})
	switch {
	case !n.known():
		return 0, PolicyRowMissing
	case balance == 0:
		return 0, DonorBalanceZero
	case balance <= n.Amount:
		return 0, BelowThreshold
	}
	if mode := w.rules.Number(ParamThresholdMode, Key{}); mode.known() && mode.Text == Gate {
		return balance, ""
	}
	return balance - n.Amount, ""
}

// deny writes down why a family account did not pay, with the number behind it
// where there is one.
func (w *work) deny(a *FamilyAccount, why Code) {
	s := Step{What: StepDenied, Account: a.ID, Holder: a.Holder, Reason: why, Rule: "A-3", Base: a.Balance}
	var n *Number
	switch why {
	case NotMutualAidLink:
		s.Rule = "A-7"
	case LinkNotActive:
		s.Rule = "A-8"
	case DonorBalanceZero:
		s.Rule = "A-1"
	case RelationNotCovered:
		n = w.rules.Number(ParamRelations, Key{})
	case MobileGuardianMismatch:
		n = w.rules.Number(ParamMobileGuardian, Key{})
	case BeneficiaryBalanceNotZero:
		n = w.rules.Number(ParamOwnFirst, Key{})
	case BelowThreshold:
		n = w.rules.Number(ParamAccountThreshold, Key{})
	}
	if n.known() {
		w.cite(n, s)
		return
	}
	w.note(s)
}

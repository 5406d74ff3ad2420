package settle

import "fmt"

// Compute splits bill b of person p by the rules r of the visit's day, with u used
// before it in the running limit period.
//
// A refused split (D-10) is not an error: it posts nothing, and its only reason
// says why. The error is a [*Refusal] where the input cannot be computed with, such
// as a negative price or a part of the policy that this version lacks, and any
// other error where the split failed its own check; then there is no split.
func Compute(r *Rules, p Insured, b Bill, u Usage) (Split, error) {
	if refusal := checkInput(r, &p, &b, u); refusal != nil {
		return Split{}, refusal
	}
	w := &work{rules: r, person: &p, bill: &b, used: u, facts: new(facts)}
	if refusal := w.begin(); refusal != nil {
		return Split{}, refusal
	}
	if code, step := w.barred(); code != "" {
		w.refuse(code, step)
	} else if refusal := w.visit(); refusal != nil {
		return Split{}, refusal
	}
	if err := w.out.Check(b); err != nil {
		return Split{}, fmt.Errorf("split fails its own check: %w", err)
	}
	return w.out, nil
}

// work is one computation under way.
type work struct {
	rules  *Rules
	person *Insured
	bill   *Bill
	used   Usage
	out    Split

	limit  limits         // of the running period
	parts  [partCount]Fen // the patient's part by kind, for the accounts
	facts  *facts         // what the split's pointers point to
	weight []uint64       // per line: in scope × rate, in millionths of a fen
	ratio  struct {
		micro int64
		text  string
	} // the last first-self-pay ratio written
	rest []remainder // for the largest remainder
}

// facts holds what the pointers of a split point to, in one allocation.
type facts struct {
	selected      bool
	before, after Fen
}

// visit dispatches to the one file that knows the regime and the kind of visit.
func (w *work) visit() *Refusal {
	regime := w.rules.Number(ParamRegime, Key{})
	switch kind := w.bill.Visit.Kind; {
	case regime.Text == Regime358 && (kind == Outpatient || kind == Emergency || kind == EmergencyRescue):
		return w.outpatient358()
	default:
		return notCovered(regime.Text, kind)
	}
}

// notCovered names the rules that the bill needs and this version lacks.
func notCovered(regime string, kind VisitKind) *Refusal {
	rules := "O256-1, O256-2, O256-3"
	switch {
	case regime == Regime358 && kind == Inpatient:
		rules = "I-1, I-2, I-3, I-4"
	case regime == Regime358 && kind == SpecialDisease:
		rules = "M-1"
	}
	return refusal(NotCoveredYet, "visit", 0, "rules "+rules+" are not in this version")
}

// begin works out the lines' four parts and the total (D-2).
func (w *work) begin() *Refusal {
	w.out.Multiplier = one
	w.out.Lines = make([]LineSplit, len(w.bill.Lines))
	w.out.Steps = make([]Step, 0, len(w.bill.Lines)+8)
	for i := range w.bill.Lines {
		if r := w.line(i); r != nil {
			return r
		}
		w.out.Total += w.out.Lines[i].Amount
		if w.out.Total > MaxFen {
			return refusal(AmountTooLarge, "items", i+1, "the bill is over "+MaxFen.String()+" yuan")
		}
	}
	return nil
}

// refuse makes a split that posts nothing: all is the patient's, in cash.
func (w *work) refuse(code Code, step Step) {
	w.out.Status = Refused
	w.out.Reasons = []Code{code}
	w.out.Cash = w.out.Total
	w.out.UsageAfter = w.used
	w.out.Steps = w.out.Steps[:0]
	step.What, step.Reason, step.Amount = StepRefused, code, 0
	w.note(step)
}

// missing refuses because number n of parameter p with key k is not known (D-9).
func (w *work) missing(n *Number, p Param, k Key) {
	note := "no " + string(p)
	for _, part := range k {
		if part != "" {
			note += " " + part
		}
	}
	note += " for " + w.rules.Day.String()
	if n != nil {
		note += "; " + n.Where
	}
	w.refuse(PolicyRowMissing, Step{Rule: "D-9", Number: string(p), Note: note})
}

// settled sets status and cash once fund and accounts have paid.
func (w *work) settled() {
	o := &w.out
	o.Cash = o.Total - o.Fund - o.Own - o.Family
	o.Status = Settled
	if o.Fund == 0 && o.Total > 0 {
		o.Status = NoFund
	}
	if o.Cash > 0 {
		w.note(Step{What: StepCash, Rule: "A-1", Amount: o.Cash})
	}
}

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
	} else {
		w.visit()
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

	old        bool           // the rules before 2023-10-01 hold (E-1)
	multiplier *Number        // of the rates out of town (C); nil in the city
	away       Code           // which rule set it
	limit      limits         // of the running period
	parts      [partCount]Fen // the patient's part by kind, for the accounts
	facts      *facts         // what the split's pointers point to
	claim      []claim        // per line: what it asks of its bucket
	ratio      struct {
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

// visit dispatches to the one file that knows the kind of visit, and the regime where
// its structure differs.
func (w *work) visit() {
	if !w.openPlace() {
		return
	}
	var paid bool
	switch kind := w.bill.Visit.Kind; {
	case kind == Inpatient:
		paid = w.inpatient()
	case kind == SpecialDisease:
		paid = w.special()
	case w.old:
		paid = w.outpatient256()
	default:
		paid = w.outpatient358()
	}
	if paid && w.accounts() {
		w.settled()
	}
}

// begin works out the lines' four parts and the total (D-2).
func (w *work) begin() *Refusal {
	w.out.Multiplier = one
	regime := w.rules.Number(ParamRegime, Key{})
	w.old = regime.known() && regime.Text == Regime256
	w.out.Lines = make([]LineSplit, len(w.bill.Lines))
	w.out.Steps = make([]Step, 0, 2*len(w.bill.Lines)+8)
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

// refuse makes a split that posts nothing: all is the patient's, in cash (D-10). What
// was worked out before, but for the lines' parts, is dropped.
func (w *work) refuse(code Code, step Step) {
	o := &w.out
	*o = Split{
		Status: Refused, Reasons: []Code{code}, Total: o.Total, Cash: o.Total, Multiplier: one,
		Lines: o.Lines, Steps: o.Steps[:0], UsageAfter: w.used,
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		l.Bucket, l.Rate, l.Fund = BucketNone, zero, 0
	}
	step.What, step.Reason, step.Amount = StepRefused, code, 0
	w.note(step)
}

// missing refuses because number n of parameter p with key k is not known (D-9), and
// says what to add where.
func (w *work) missing(n *Number, p Param, k Key) {
	name := string(p)
	for _, part := range k {
		if part != "" {
			name += " " + part
		}
	}
	note := "no " + name + " for " + w.rules.Day.String()
	if n != nil {
		note += "; " + n.Where
	} else {
		note += "; no row states it: once it is known, add a file such as " + string(p) +
			".toml to the policy directory with a row of parameter " + name + " that holds on the day"
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

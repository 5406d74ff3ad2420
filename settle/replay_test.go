package settle_test

import (
	"github.com/shopspring/decimal"

	"settled/settle"
	"settled/settle/policy"
)

// stepsReplay: the steps explain everything. With nothing but the bill's prices and the
// steps, replayed as arithmetic, each line's parts and fund, each bucket, and what each
// payer pays come out as the split says; no line is without a step that says what became
// of it.
func stepsReplay(t judge, _ *policy.Set, x situation, s settle.Split) {
	r := replay{t: t, split: &s, shares: map[settle.Bucket]decimal.Decimal{}, funds: map[settle.Bucket]settle.Fen{}, scopes: map[settle.Bucket]settle.Fen{}}
	if s.Status == settle.Refused {
		if st := s.Steps; len(st) != 1 || st[0].What != settle.StepRefused || st[0].Reason != s.Reasons[0] {
			t.Fatalf("refused with %+v", st)
		}
		return
	}
	r.lines(x.bill)
	r.buckets()
	r.payers()
}

type replay struct {
	t      judge
	split  *settle.Split
	shares map[settle.Bucket]decimal.Decimal // sum of the lines' exact shares
	scopes map[settle.Bucket]settle.Fen      // sum of the lines in scope
	funds  map[settle.Bucket]settle.Fen      // sum of the lines' fund
}

func (r *replay) same(what string, got, want settle.Fen) {
	if got != want {
		r.t.Fatalf("%s: the steps give %s, the split says %s\n%+v", what, got, want, r.split.Steps)
	}
}

// of gives the only step of a kind about a line, or nil.
func (r *replay) of(what string, line int) (found *settle.Step) {
	for i := range r.split.Steps {
		if st := &r.split.Steps[i]; st.What == what && st.Line == line {
			if found != nil {
				r.t.Fatalf("two steps %s of line %d", what, line)
			}
			found = st
		}
	}
	return found
}

// fenOf rounds yuan half up.
func fenOf(d decimal.Decimal) settle.Fen { return settle.Fen(d.Shift(2).Round(0).IntPart()) }

func (r *replay) lines(b settle.Bill) {
	total := settle.Fen(0)
	for i, l := range b.Lines {
		p := settle.LineSplit{Amount: fenOf(l.UnitPrice.Mul(l.Quantity))}
		p.InScope = p.Amount
		if st := r.of(settle.StepSelfFunded, i+1); st != nil {
			p.SelfFunded, p.InScope = st.Amount, p.InScope-st.Amount
		}
		if st := r.of(settle.StepOverCap, i+1); st != nil {
			p.OverCap, p.InScope = st.Amount, p.InScope-st.Amount
		}
		if st := r.of(settle.StepFirstSelfPay, i+1); st != nil {
			p.FirstSelfPay = fenOf(money(p.InScope).Mul(dec(st.Number)))
			r.same("first self-pay", p.FirstSelfPay, st.Amount)
			p.InScope -= p.FirstSelfPay
		}
		became := 0 // steps that say what became of the line
		for _, what := range []string{settle.StepSelfFunded, settle.StepVaccination, settle.StepNoFund, settle.StepLine} {
			if r.of(what, i+1) != nil {
				became++
			}
		}
		if became != 1 {
			r.t.Fatalf("line %d: %d steps say what became of it", i+1, became)
		}
		if st := r.of(settle.StepNoFund, i+1); st != nil {
			r.same("not paid by the fund", st.Amount, p.InScope)
		}
		if st := r.of(settle.StepLine, i+1); st != nil {
			r.line(i, st, p.InScope)
			p.Fund = st.Amount
		}
		o := r.split.Lines[i]
		r.same("over cap", p.OverCap, o.OverCap)
		r.same("self funded", p.SelfFunded, o.SelfFunded)
		r.same("in scope", p.InScope, o.InScope)
		r.same("line's fund", p.Fund, o.Fund)
		total += p.Amount
	}
	r.same("total", total, r.split.Total)
}

// line adds a line's exact share to its bucket.
func (r *replay) line(i int, st *settle.Step, scope settle.Fen) {
	r.same("base of the line", scope, st.Base)
	share := money(scope).Mul(dec(st.Number))
	if most := r.of(settle.StepCap, i+1); most != nil {
		share = decimal.Min(share, dec(most.Number))
	}
	r.shares[st.Bucket] = r.shares[st.Bucket].Add(share)
	r.scopes[st.Bucket] += scope
	r.funds[st.Bucket] += st.Amount
}

func (r *replay) buckets() {
	paid, deductible := map[settle.Bucket]settle.Fen{}, settle.Fen(0)
	for _, st := range r.split.Steps {
		switch st.What {
		case settle.StepDeductible:
			r.same("base of the deductible", r.scopes[st.Bucket], st.Base)
			deductible = min(st.Base, yuan(st.Number))
			r.same("deductible", deductible, st.Amount)
			r.scopes[st.Bucket] -= deductible
		case settle.StepFund:
			r.same("base of the bucket", r.scopes[st.Bucket], st.Base)
			share := r.shares[st.Bucket]
			if st.Number != "" {
				share = money(st.Base).Mul(dec(st.Number))
			}
			paid[st.Bucket] = fenOf(share)
			r.same("share", paid[st.Bucket], st.Amount)
		case settle.StepLimit:
			r.same("share before the limit", paid[st.Bucket], st.Base)
			paid[st.Bucket] = st.Amount
		}
	}
	r.same("deductible", deductible, r.split.Deductible)
	r.limit(paid)
	var fund settle.Fen
	for _, b := range r.split.Buckets {
		r.same("bucket", paid[b.Bucket], b.Fund)
		r.same("lines of the bucket", r.funds[b.Bucket], b.Fund)
		fund += paid[b.Bucket]
	}
	r.same("fund", fund, r.split.Fund)
}

// limit takes from what was left of the limit what the buckets used of it.
func (r *replay) limit(paid map[settle.Bucket]settle.Fen) {
	st := r.of(settle.StepLimitLeft, 0)
	if st == nil || r.split.LimitBefore == nil {
		if st != nil || r.split.LimitBefore != nil {
			r.t.Fatalf("limit %v, step %v", r.split.LimitBefore, st)
		}
		return
	}
	r.same("left before", st.Base, *r.split.LimitBefore)
	r.same("left after", st.Base-paid[settle.BucketOrdinary]-paid[settle.BucketCommunityPool], *r.split.LimitAfter)
	r.same("left after", st.Amount, *r.split.LimitAfter)
	if st.Base > yuan(st.Number) {
		r.t.Fatalf("%s is left of %s", st.Base, st.Number)
	}
}

// payers lets the accounts pay in their order.
func (r *replay) payers() {
	s := r.split
	left, own, family, cash := settle.Fen(0), settle.Fen(0), settle.Fen(0), s.Total-s.Fund
	if st := r.of(settle.StepEligible, 0); st != nil {
		r.same("the patient's part", s.Total-s.Fund, st.Base)
		left = st.Amount
		r.same("eligible", left, s.Eligible)
	}
	for _, st := range s.Steps {
		if st.What != settle.StepOwn && st.What != settle.StepDraw {
			continue
		}
		paid := min(left, st.Base)
		r.same("account", paid, st.Amount)
		left, cash = left-paid, cash-paid
		if st.What == settle.StepOwn {
			own += paid
		} else {
			family += paid
		}
	}
	r.same("own", own, s.Own)
	r.same("family", family, s.Family)
	r.same("cash", cash, s.Cash)
	if st := r.of(settle.StepCash, 0); st != nil {
		r.same("cash", st.Amount, cash)
	} else {
		r.same("cash", cash, 0)
	}
	for i, d := range s.Draws {
		if denied := r.denied(d.AccountID); (d.Denied != "") != denied {
			r.t.Fatalf("account %d: denied %q, step %t", i, d.Denied, denied)
		}
	}
}

func (r *replay) denied(account string) bool {
	for _, st := range r.split.Steps {
		if st.What == settle.StepDenied && st.Account == account {
			return true
		}
	}
	return false
}

package backtest

import (
	"fmt"

	"settled/settle"
	"settled/settle/policy"
)

// Past is a settlement of the past with all that it was computed from.
type Past struct {
	ID      string // its number, or the case's id
	Who     string // masked; "": not known
	Person  settle.Insured
	Bill    settle.Bill
	Usage   settle.Usage  // before it
	Split   *settle.Split // as recorded; nil: what the first rules in force make of it
	Summary bool          // of Split only status and amounts are recorded
	Rules   string        // digest of the rules that made it; "": the first rules in force
}

// Test is a backtest under way.
type Test struct {
	tried *policy.Set
	first *policy.Set
	known map[string]*policy.Set // by digest
	out   Report
}

// New begins a backtest of rules. inForce are the rules by which settlements may have
// been made, at least one.
func New(tried *policy.Set, inForce ...*policy.Set) *Test {
	t := &Test{tried: tried, first: inForce[0], known: map[string]*policy.Set{}}
	for _, set := range inForce {
		t.known[set.Digest()] = set
	}
	t.out = newReport(tried.Digest())
	return t
}

// Report is what came out so far.
func (t *Test) Report() Report { return t.out }

// Fail notes a settlement that could not be read.
func (t *Test) Fail(id string, err error) {
	t.out.Settlements++
	t.out.Failed.add(id, err.Error())
}

// Add computes a settlement again.
func (t *Test) Add(p *Past) {
	t.out.Settlements++
	before, err := t.recorded(p)
	if err != nil {
		t.out.Failed.add(p.ID, err.Error())
		return
	}
	after, err := settle.Compute(t.tried.On(p.Bill.Visit.Day), p.Person, p.Bill, p.Usage)
	if err != nil {
		t.out.Failed.add(p.ID, err.Error())
		return
	}
	t.out.compare(p, before, &after)
}

// recorded gives the split as it was recorded, once it was checked against what the
// rules that made it give now.
func (t *Test) recorded(p *Past) (*settle.Split, error) {
	made := t.first
	if p.Rules != "" {
		made = t.known[p.Rules]
	}
	if made == nil {
		t.out.unchecked(p.Rules)
		return p.Split, nil
	}
	again, err := settle.Compute(made.On(p.Bill.Visit.Day), p.Person, p.Bill, p.Usage)
	switch {
	case err != nil && p.Split == nil:
		return nil, err
	case p.Split == nil:
		return &again, nil
	case err != nil:
		t.out.Unlike.add(p.ID, err.Error())
	default:
		t.out.check(p, &again)
	}
	return p.Split, nil
}

// unlike says in what a split is not what was recorded, "" if in nothing.
func unlike(p *Past, again *settle.Split) string {
	if was, is := amounts(p.Split), amounts(again); was != is {
		return fmt.Sprintf("recorded %s, now %s", was, is)
	}
	if !p.Summary && !sameMoney(p.Split, again) {
		return "the same totals, but lines, buckets, accounts or usage differ"
	}
	return ""
}

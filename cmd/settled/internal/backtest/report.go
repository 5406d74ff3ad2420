package backtest

import (
	"cmp"
	"slices"

	"settled/settle"
)

// Most that a report names one by one; the rest is counted.
const (
	mostNamed  = 20
	mostLarge  = 10
	mostDigest = 100
)

// Report is what other rules would have made of settlements of the past.
type Report struct {
	Rules       string       `json:"rules"`       // digest of the rules that were tried
	Settlements int          `json:"settlements"` // all that were looked at
	Checked     int          `json:"checked"`     // computed again by the rules that made them
	Unlike      Named        `json:"unlike"`      // of these: what came out is not what was recorded
	Unchecked   []Made       `json:"unchecked"`   // made by rules that are not at hand
	Failed      Named        `json:"failed"`      // cannot be computed
	Compared    int          `json:"compared"`    // settled before and after; the sums are theirs
	Same        int          `json:"same"`        // of these: not a fen moves
	Refused     []Refusal    `json:"refused"`     // settled before, refused by the rules tried
	Admitted    Named        `json:"admitted"`    // refused before, settled by the rules tried
	StillNot    int          `json:"still_not"`   // refused before and after
	Sources     [4]Source    `json:"sources"`     // fund, own, mutual, cash
	Persons     []Group      `json:"persons"`     // what they get of the fund, by category
	Largest     []Difference `json:"largest"`     // most money moved first; at most ten
}

// Named counts settlements and names the first of them.
type Named struct {
	Count int    `json:"count"`
	First []Name `json:"first"`
}

// Name is a settlement and what is to be said of it.
type Name struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

func (n *Named) add(id, why string) {
	n.Count++
	if len(n.First) < mostNamed {
		n.First = append(n.First, Name{id, why})
	}
}

// Made is how many settlements rules have made.
type Made struct {
	Rules string `json:"rules"` // digest; "": of all beyond the first hundred
	Count int    `json:"count"`
}

// Refusal is a reason for which settlements would have been refused.
type Refusal struct {
	Code  settle.Code `json:"code"`
	Count int         `json:"count"`
	Fund  settle.Fen  `json:"fund"` // what the fund paid of them
}

// Source is what a payer pays before and after, and of how many settlements.
type Source struct {
	Name   string     `json:"name"`
	Before settle.Fen `json:"before"`
	After  settle.Fen `json:"after"`
	Moves
}

// Moves counts settlements of which a payer pays more, less or the same.
type Moves struct {
	Difference settle.Fen `json:"difference"` // after less before
	More       int        `json:"more"`
	Less       int        `json:"less"`
	Same       int        `json:"same"`
}

func (m *Moves) add(difference settle.Fen) {
	m.Difference += difference
	switch {
	case difference > 0:
		m.More++
	case difference < 0:
		m.Less++
	default:
		m.Same++
	}
}

// Group is what the persons of a category would get of the fund.
type Group struct {
	Category settle.Category `json:"category"`
	Retired  bool            `json:"retired"`
	Refused  int             `json:"refused"`
	Moves
}

// Difference is a settlement whose money moves.
type Difference struct {
	ID     string      `json:"id"`
	Who    string      `json:"who,omitempty"` // masked
	Day    settle.Date `json:"day"`
	Moved  settle.Fen  `json:"moved"` // what another payer pays
	Before Amounts     `json:"before"`
	After  Amounts     `json:"after"`
}

func newReport(rules string) Report {
	r := Report{
		Rules: rules, Unchecked: []Made{}, Refused: []Refusal{}, Persons: []Group{}, Largest: []Difference{},
		Unlike: Named{First: []Name{}}, Failed: Named{First: []Name{}}, Admitted: Named{First: []Name{}},
	}
	for i, name := range []string{"fund", "own", "mutual", "cash"} {
		r.Sources[i].Name = name
	}
	return r
}

// check notes whether the rules that made a settlement still make it.
func (r *Report) check(p *Past, again *settle.Split) {
	r.Checked++
	if why := unlike(p, again); why != "" {
		r.Unlike.add(p.ID, why)
	}
}

func (r *Report) unchecked(rules string) {
	i := slices.IndexFunc(r.Unchecked, func(m Made) bool { return m.Rules == rules })
	if i < 0 && len(r.Unchecked) > mostDigest {
		i = mostDigest
	}
	if i < 0 {
		if i = len(r.Unchecked); i == mostDigest {
			rules = ""
		}
		r.Unchecked = append(r.Unchecked, Made{Rules: rules})
	}
	r.Unchecked[i].Count++
}

// compare adds a settlement, as it was and as it would be.
func (r *Report) compare(p *Past, before, after *settle.Split) {
	was, is := amounts(before), amounts(after)
	refusedBefore, refused := before.Status == settle.Refused, after.Status == settle.Refused
	switch {
	case refusedBefore && refused:
		r.StillNot++
		return
	case refusedBefore:
		r.Admitted.add(p.ID, is.String())
		return
	case refused:
		r.refuse(p, after, was.Fund)
	default:
		r.sum(p, was, is)
	}
	if m := moved(was, is); m > 0 {
		r.large(Difference{p.ID, p.Who, p.Bill.Visit.Day, m, was, is})
	}
}

func (r *Report) sum(p *Past, was, is Amounts) {
	r.Compared++
	if was.parts() == is.parts() {
		r.Same++
	}
	after := is.parts()
	for i, b := range was.parts() {
		s := &r.Sources[i]
		s.Before, s.After = s.Before+b, s.After+after[i]
		s.add(after[i] - b)
	}
	r.group(p).add(is.Fund - was.Fund)
}

func (r *Report) refuse(p *Past, after *settle.Split, fund settle.Fen) {
	code := settle.Code("")
	if len(after.Reasons) > 0 {
		code = after.Reasons[0]
	}
	i := slices.IndexFunc(r.Refused, func(x Refusal) bool { return x.Code == code })
	if i < 0 {
		i = len(r.Refused)
		r.Refused = append(r.Refused, Refusal{Code: code})
	}
	r.Refused[i].Count++
	r.Refused[i].Fund += fund
	r.group(p).Refused++
}

// group finds the row of a person's category.
func (r *Report) group(p *Past) *Group {
	is := func(g Group) bool { return g.Category == p.Person.Category && g.Retired == p.Person.Retired }
	i := slices.IndexFunc(r.Persons, is)
	if i < 0 {
		i = len(r.Persons)
		r.Persons = append(r.Persons, Group{Category: p.Person.Category, Retired: p.Person.Retired})
	}
	return &r.Persons[i]
}

// large keeps the largest differences, of equal ones the first.
func (r *Report) large(d Difference) {
	i, _ := slices.BinarySearchFunc(r.Largest, d, func(a, b Difference) int {
		if a.Moved == b.Moved {
			return -1
		}
		return cmp.Compare(b.Moved, a.Moved)
	})
	if i < mostLarge {
		r.Largest = slices.Insert(r.Largest, i, d)
		r.Largest = r.Largest[:min(len(r.Largest), mostLarge)]
	}
}

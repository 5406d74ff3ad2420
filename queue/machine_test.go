package queue

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"settled/settle"
)

// model is the queue as one would explain it: lists, and sums over them.
type model struct {
	told    []toldOf // the platform's words, in order
	done    []*doneOf
	links   []settle.Link
	touched map[string]int // changes of usage, links, what is known
	account map[string]int // changes of the account
}

type toldOf struct {
	person, period string
	used, own      settle.Fen
	asOf           time.Time
	contains       map[*doneOf]bool
}

type doneOf struct {
	number, key, digest, person, period string
	local, now                          Amounts
	use                                 settle.Fen
	donor                               string
	state                               State
	ackedAt                             time.Time
}

// last is the newest word on a person, in a period if it is not "".
func (m *model) last(person, period string) *toldOf {
	for i := len(m.told) - 1; i >= 0; i-- {
		if t := &m.told[i]; t.person == person && (period == "" || t.period == period) {
			return t
		}
	}
	return nil
}

func (m *model) usage(person, period string) settle.Fen {
	t := m.last(person, period)
	var sum settle.Fen
	if t != nil {
		sum = t.used
	}
	for _, d := range m.done {
		if d.person == person && d.period == period && (t == nil || !t.contains[d]) {
			sum += d.use
		}
	}
	return sum
}

// balance is what is left on a person's account.
func (m *model) balance(person string) settle.Fen {
	t := m.last(person, "")
	if t == nil {
		return 0
	}
	left := t.own
	for _, d := range m.done {
		if t.contains[d] {
			continue
		}
		if d.person == person {
			left -= d.now.Own
		}
		if d.donor == person {
			left -= d.now.Family
		}
	}
	return max(0, left)
}

// quote is what a caller saw, and the changes that there had been.
type quote struct {
	person  string
	version uint64
	seen    []int
}

func (m *model) seen(person string) []int {
	s := []int{m.touched[person], m.account[person]}
	for _, l := range m.links {
		if l.Beneficiary == person {
			s = append(s, m.account[l.Donor])
		}
	}
	return s
}

// machine runs queue and model side by side.
type machine struct {
	t      *rapid.T
	h      *hand
	dir    string
	q      *Queue
	m      model
	quotes []quote
	who    []string
	keys   int
}

var modelPeriods = []string{"2025", "2026"}

// TestModel drives the queue with random operations, restarts, crashes and lost bbolt
// files, and compares every answer with the model's.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "settled-model-")
		must(t, err)
		defer func() { _ = os.RemoveAll(dir) }()
		x := &machine{t: t, h: newHand(), dir: dir}
		x.m.touched, x.m.account = map[string]int{}, map[string]int{}
		x.open()
		defer func() { _ = x.q.Close() }()
		for i := range 5 {
			x.who = append(x.who, x.q.Person(fmt.Sprint("person ", i)))
		}
		t.Repeat(map[string]func(*rapid.T){
			"learn":       x.learn,
			"link":        x.link,
			"quote":       x.quote,
			"settle":      x.settle,
			"settle now":  func(t *rapid.T) { x.quote(t); x.settle(t) },
			"again":       x.again,
			"acknowledge": x.acknowledge,
			"hold":        x.hold,
			"release":     x.release,
			"flush":       func(t *rapid.T) { must(t, x.q.Flush(t.Context())) },
			"time":        func(t *rapid.T) { x.h.move(time.Duration(rapid.IntRange(-5, 60).Draw(t, "s")) * time.Second) },
			"restart":     x.restart,
			"":            x.check,
		})
		_, err = x.q.Verify(t.Context())
		must(t, err)
	})
}

func (x *machine) open() {
	q, err := Open(x.dir, lagging(x.h))
	must(x.t, err)
	x.q = q
}

func (x *machine) restart(t *rapid.T) {
	switch rapid.IntRange(0, 2).Draw(t, "how") {
	case 0:
		must(t, x.q.Close())
	case 1:
		crash(t, x.q)
	case 2:
		must(t, x.q.Close())
		must(t, os.Remove(filepath.Join(x.dir, storeName)))
	}
	x.open()
}

func (x *machine) person(t *rapid.T) string { return rapid.SampledFrom(x.who).Draw(t, "person") }

func (x *machine) learn(t *rapid.T) {
	_, now := x.q.journal.Head()
	if c := x.h.read(); c.After(now) {
		now = c
	}
	w := toldOf{
		person: x.person(t), period: rapid.SampledFrom(modelPeriods).Draw(t, "period"),
		used: settle.Fen(rapid.IntRange(0, 1000).Draw(t, "used")), own: settle.Fen(rapid.IntRange(0, 5000).Draw(t, "own")),
		asOf:     now.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "ago")) * time.Second).Truncate(time.Second),
		contains: map[*doneOf]bool{},
	}
	must(t, x.q.Learn(t.Context(), settle.Entitlement{
		Person: w.person, Period: w.period, Usage: settle.Usage{Ordinary: w.used},
		Insured: settle.Insured{Category: settle.EmployeeTier1, Own: &settle.Account{Balance: w.own}}, AsOf: w.asOf.Format(time.RFC3339),
	}, clerk))
	if l := x.m.last(w.person, ""); l != nil && l.asOf.After(w.asOf) {
		return // older news
	}
	for _, d := range x.m.done {
		w.contains[d] = d.state == Acknowledged && !d.ackedAt.After(w.asOf)
	}
	x.m.told = append(x.m.told, w)
	x.m.touched[w.person]++
	x.m.account[w.person]++
}

func (x *machine) link(t *rapid.T) {
	l := settle.Link{
		Beneficiary: x.who[rapid.IntRange(0, 2).Draw(t, "child")], Donor: x.who[rapid.IntRange(3, 4).Draw(t, "donor")],
		Kind: settle.MutualAid, Relation: settle.RelationChild, From: settle.Date(20200101 + rapid.IntRange(0, 9).Draw(t, "from")),
	}
	must(t, x.q.Link(t.Context(), l, clerk))
	x.m.touched[l.Beneficiary]++
	if i := slices.IndexFunc(x.m.links, func(o settle.Link) bool { return o.Beneficiary == l.Beneficiary && o.Donor == l.Donor }); i >= 0 {
		x.m.links[i] = l
	} else {
		x.m.links = append(x.m.links, l)
	}
}

func (x *machine) quote(t *rapid.T) {
	person := x.person(t)
	p, err := x.q.Position(person, period)
	must(t, err)
	x.quotes = append(x.quotes, quote{person: person, version: p.Version, seen: x.m.seen(person)})
}

func (x *machine) settle(t *rapid.T) {
	if len(x.quotes) == 0 {
		t.Skip()
	}
	u := x.quotes[max(0, len(x.quotes)-1-rapid.IntRange(0, 2).Draw(t, "quote"))]
	x.keys++
	c := bill(x.q, fmt.Sprint("key ", x.keys), u.version, settle.Fen(rapid.IntRange(0, 50).Draw(t, "fund")), settle.Fen(rapid.IntRange(0, 20).Draw(t, "own")), 0, 7)
	c.Settlement.Provisional = rapid.Bool().Draw(t, "provisional")
	c.Settlement.Person, c.Settlement.Period = u.person, rapid.SampledFrom(modelPeriods).Draw(t, "period")
	d := &doneOf{key: c.Settlement.Key, digest: c.ContentDigest, person: u.person, period: c.Settlement.Period, use: c.Settlement.Split.Fund, state: Pending}
	if i := rapid.IntRange(0, 4).Draw(t, "donor"); i >= 3 && x.who[i] != u.person {
		d.donor = x.who[i]
		c.Settlement.Split.Family, c.Settlement.Split.Draws = 9, []settle.Draw{{AccountID: d.donor, Paid: 4}, {AccountID: d.donor, Paid: 5}}
		c.Settlement.Split.Total += 9
	}
	d.local = amountsOf(&c.Settlement.Split)
	d.now = d.local
	s, replayed, err := x.q.Settle(t.Context(), c)
	if !slices.Equal(u.seen, x.m.seen(u.person)) {
		if !errors.Is(err, ErrStale) {
			t.Fatalf("stale quote: %v", err)
		}
		return
	}
	if err != nil || replayed {
		t.Fatalf("settle: %v, replayed %v", err, replayed)
	}
	if n := len(x.m.done); n > 0 && s.Number <= x.m.done[n-1].number {
		t.Fatalf("number %s after %s", s.Number, x.m.done[n-1].number)
	}
	d.number = s.Number
	x.m.done = append(x.m.done, d)
	x.m.touched[d.person]++
	if d.now.Own > 0 {
		x.m.account[d.person]++
	}
	if d.now.Family > 0 {
		x.m.account[d.donor]++
	}
}

func (x *machine) some(t *rapid.T) *doneOf {
	if len(x.m.done) == 0 {
		t.Skip()
	}
	return rapid.SampledFrom(x.m.done).Draw(t, "settlement")
}

func (x *machine) again(t *rapid.T) {
	d := x.some(t)
	c := bill(x.q, d.key, 0, 1, 0, 0, 0)
	c.ContentDigest = d.digest
	s, replayed, err := x.q.Settle(t.Context(), c)
	if err != nil || !replayed || s.Number != d.number || amountsOf(&s.Split) != d.local {
		t.Fatalf("again: %+v %v %v", s, replayed, err)
	}
	c.ContentDigest += "x"
	_, _, err = x.q.Settle(t.Context(), c)
	wantRefusal(t, err, CodeConflict)
}

func (x *machine) acknowledge(t *rapid.T) {
	d := x.some(t)
	a := Ack{Number: d.number, SettlementID: "S", Amounts: d.local}
	if d.state == Acknowledged {
		a.Amounts = d.now
	} else if rapid.Bool().Draw(t, "differs") {
		a.Fund = settle.Fen(rapid.IntRange(0, 60).Draw(t, "fund"))
		a.Own = settle.Fen(rapid.IntRange(0, 60).Draw(t, "own"))
		if d.donor != "" {
			a.Family = settle.Fen(rapid.IntRange(0, 20).Draw(t, "family"))
		}
		a.Total = a.Fund + a.Own + a.Family + a.Cash
	}
	diff, err := x.q.Acknowledge(t.Context(), a)
	if err != nil || (diff != nil) != (a.Amounts != d.local) {
		t.Fatalf("acknowledge: %+v, %v", diff, err)
	}
	if d.state == Acknowledged {
		return
	}
	d.state = Acknowledged
	_, d.ackedAt = x.q.journal.Head()
	if diff == nil {
		return
	}
	x.m.touched[d.person]++
	if a.Own != d.now.Own {
		x.m.account[d.person]++
	}
	if a.Family != d.now.Family {
		x.m.account[d.donor]++
	}
	if d.use > 0 || d.local.Fund == 0 {
		d.use = max(0, d.use+a.Fund-d.local.Fund)
	}
	d.now = a.Amounts
}

func (x *machine) hold(t *rapid.T) {
	d := x.some(t)
	err := x.q.Hold(t.Context(), Held{Number: d.number, Code: "X"})
	if d.state != Pending {
		wantRefusal(t, err, CodeState)
		return
	}
	must(t, err)
	d.state = OnHold
}

func (x *machine) release(t *rapid.T) {
	d := x.some(t)
	err := x.q.Release(t.Context(), d.number, "", clerk)
	if d.state != OnHold {
		wantRefusal(t, err, CodeState)
		return
	}
	must(t, err)
	d.state = Pending
}

// check compares all that can be read.
func (x *machine) check(t *rapid.T) {
	for _, w := range x.who {
		for _, period := range modelPeriods {
			p, err := x.q.Position(w, period)
			must(t, err)
			if p.Usage.Ordinary != x.m.usage(w, period) {
				t.Fatalf("usage %s, model %s", p.Usage.Ordinary, x.m.usage(w, period))
			}
			if (p.Own != nil) != (x.m.last(w, "") != nil) || (p.Own != nil && p.Own.Balance != x.m.balance(w)) {
				t.Fatalf("own account %+v, model %s", p.Own, x.m.balance(w))
			}
			i := 0
			for _, l := range x.m.links {
				if l.Beneficiary != w {
					continue
				}
				if i >= len(p.Family) || p.Family[i].ID != l.Donor || p.Family[i].LinkFrom != l.From || p.Family[i].Balance != x.m.balance(l.Donor) {
					t.Fatalf("family %+v, model %+v balance %s", p.Family, l, x.m.balance(l.Donor))
				}
				i++
			}
		}
	}
	x.checkWaiting(t)
}

func (x *machine) checkWaiting(t *rapid.T) {
	var pending, held []string
	var exposed settle.Fen
	of := map[string]settle.Fen{}
	for _, d := range x.m.done {
		if d.state != Acknowledged {
			of[d.person] += d.local.Fund
		}
		switch d.state {
		case Pending:
			pending = append(pending, d.number)
			exposed += d.local.Fund
		case OnHold:
			held = append(held, d.number)
			exposed += d.local.Fund
		}
	}
	numbers := func(list []Waiting, err error) (n []string) {
		must(t, err)
		for _, w := range list {
			n = append(n, w.Number)
		}
		return n
	}
	if got := numbers(x.q.Pending(1000, 0)); !slices.Equal(got, pending) {
		t.Fatalf("pending %v, model %v", got, pending)
	}
	if got := numbers(x.q.Holds(1000, 0)); !slices.Equal(got, held) {
		t.Fatalf("held %v, model %v", got, held)
	}
	s, err := x.q.Status()
	must(t, err)
	if s.Pending != len(pending) || s.Held != len(held) || s.Exposed != exposed || s.OldestPending.IsZero() != (len(pending) == 0) {
		t.Fatalf("status %+v, model %d pending, %d held, %s exposed", s, len(pending), len(held), exposed)
	}
	for _, w := range x.who {
		if is, all, err := x.q.Exposure(w); err != nil || is != of[w] || all != exposed {
			t.Fatalf("exposure %s of %s, model %s of %s, %v", is, all, of[w], exposed, err)
		}
	}
}

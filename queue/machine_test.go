package queue

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"settled/settle"
)

// quote is what a caller saw, and the changes that there had been.
type quote struct {
	person  string
	version uint64
	seen    []int
}

// machine runs queue and model side by side.
type machine struct {
	t      *rapid.T
	h      *hand
	dir    string
	lags   bool // bbolt gets nothing until it must
	q      *Queue
	m      model
	quotes []quote
	who    []string
	keys   int
}

var modelPeriods = []string{"2025", "2026"}

// TestModel drives the queue with random operations, restarts, crashes and lost bbolt
// files, and compares every answer and all that can be read with the model's. Where
// bbolt does not lag, the queue proves itself after each of them.
func TestModel(t *testing.T) {
	if thin > 1 { // the rest is done without the race detector
		checks := flag.Lookup("rapid.checks").Value
		was := checks.String()
		must(t, checks.Set("20"))
		defer func() { must(t, checks.Set(was)) }()
	}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "settled-model-")
		must(t, err)
		defer func() { _ = os.RemoveAll(dir) }()
		x := &machine{t: t, h: newHand(), dir: dir, m: newModel(), lags: rapid.Bool().Draw(t, "lags")}
		x.open()
		defer func() { _ = x.q.Close() }()
		for i := range 3 {
			x.who = append(x.who, x.q.Person(fmt.Sprint("person ", i)))
		}
		for range rapid.IntRange(1, 3).Draw(t, "rounds") {
			t.Repeat(x.actions())
		}
		_, err = x.q.Verify(t.Context())
		must(t, err)
	})
}

// actions are what may happen; what moves a settlement on stands more than once.
func (x *machine) actions() map[string]func(*rapid.T) {
	settleNow := func(t *rapid.T) { x.quote(t); x.settle(t) }
	return map[string]func(*rapid.T){
		"learn":         x.learn,
		"learn again":   x.learn,
		"link":          x.link,
		"quote":         x.quote,
		"settle":        x.settle,
		"settle now":    settleNow,
		"settle again":  settleNow,
		"again":         x.again,
		"request":       x.request,
		"request again": x.request,
		"acknowledge":   x.acknowledge,
		"hold":          x.hold,
		"release":       x.release,
		"repair":        x.repair,
		"reverse":       x.reverse,
		"reverse again": x.reverse,
		"undo":          x.undo,
		"undo again":    x.undo,
		"square":        x.square,
		"square again":  x.square,
		"shift":         x.shift,
		"flush":         func(t *rapid.T) { must(t, x.q.Flush(t.Context())) },
		"time":          func(t *rapid.T) { x.h.move(time.Duration(rapid.IntRange(-5, 60).Draw(t, "s")) * time.Second) },
		"restart":       x.restart,
		"":              x.check,
	}
}

func (x *machine) open() {
	o := lagging(x.h)
	q, err := Open(x.dir, o)
	must(x.t, err)
	x.q = q
}

func (x *machine) check(t *rapid.T) {
	must(t, x.m.compare(x.q, x.who))
	if !x.lags {
		_, err := x.q.Verify(t.Context())
		must(t, err)
	}
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

// period is mostly the one that quotes are made for.
func (x *machine) period(t *rapid.T) string {
	return modelPeriods[min(1, rapid.IntRange(0, 4).Draw(t, "period"))]
}

func (x *machine) learn(t *rapid.T) {
	_, now := x.q.journal.Head()
	if c := x.h.read(); c.After(now) {
		now = c
	}
	ago := time.Duration(max(0, rapid.IntRange(-60, 60).Draw(t, "ago"))) * time.Second
	w := toldOf{
		person: x.person(t), period: x.period(t),
		used: settle.Fen(rapid.IntRange(0, 1000).Draw(t, "used")), own: settle.Fen(rapid.IntRange(0, 5000).Draw(t, "own")),
		asOf: now.Add(-ago).Truncate(time.Second),
	}
	must(t, x.q.Learn(t.Context(), settle.Entitlement{
		Person: w.person, Period: w.period, Usage: settle.Usage{Ordinary: w.used},
		Insured: settle.Insured{Category: settle.EmployeeTier1, Own: &settle.Account{Balance: w.own}}, AsOf: w.asOf.Format(time.RFC3339),
	}, clerk))
	if l := x.m.last(w.person, ""); l != nil && l.asOf.After(w.asOf) {
		return // older news
	}
	x.m.learn(w)
}

func (x *machine) link(t *rapid.T) {
	l := settle.Link{
		Beneficiary: x.who[rapid.IntRange(0, 1).Draw(t, "child")], Donor: x.who[2],
		Kind: settle.MutualAid, Relation: settle.RelationChild, From: settle.Date(20200101 + rapid.IntRange(0, 9).Draw(t, "from")),
	}
	i := slices.IndexFunc(x.m.links, func(o settle.Link) bool { return o.Beneficiary == l.Beneficiary && o.Donor == l.Donor })
	if rapid.Bool().Draw(t, "end") {
		err := x.q.EndLink(t.Context(), l.Beneficiary, l.Donor, l.Kind, 20261231, clerk)
		if i < 0 {
			wantRefusal(t, err, CodeNoLink)
			return
		}
		must(t, err)
		l = x.m.links[i]
		l.To = 20261231
	} else {
		must(t, x.q.Link(t.Context(), l, clerk))
	}
	x.m.link(l)
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
	c.Settlement.Person, c.Settlement.Period = u.person, x.period(t)
	if donor := x.who[2]; rapid.Bool().Draw(t, "donor") && donor != u.person {
		c.Settlement.Split.Family, c.Settlement.Split.Draws = 9, []settle.Draw{{AccountID: donor, Paid: 4}, {AccountID: donor, Paid: 5}}
		c.Settlement.Split.Total += 9
	}
	if selfPaid := rapid.IntRange(0, 4).Draw(t, "self-paid") == 4; selfPaid {
		c.Settlement.SelfPaid = &settle.Reimbursement{Why: settle.OfflineLimit, Where: "here"}
		c.Settlement.Split = settle.Split{Status: settle.NoFund, Total: c.Settlement.Split.Total, Cash: c.Settlement.Split.Total}
	}
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
	must(t, x.m.settle(doneBy(s, c.ContentDigest), clerk.Device))
}

// doneBy is a settlement as the model has it.
func doneBy(s settle.Settlement, digest string) *doneOf {
	a := amountsOf(&s.Split)
	d := &doneOf{
		number: s.Number, key: s.Key, digest: digest, person: s.Person, period: s.Period, local: a, now: a,
		use: s.Split.UsageAfter.Ordinary - s.Usage.Ordinary, state: Pending, s: s,
	}
	if s.SelfPaid != nil {
		d.state = SelfPaid
	}
	if len(s.Split.Draws) > 0 && s.Split.Draws[0].Paid > 0 { // what pays nothing is no donor
		d.donor = s.Split.Draws[0].AccountID
	}
	return d
}

// some is a settlement, or a void if that is wanted, mostly one that is not over.
func (x *machine) some(t *rapid.T, void bool) *doneOf {
	var list, open []*doneOf
	for _, d := range x.m.done {
		if (d.of != nil) == void {
			list = append(list, d)
			if d.void == nil && (!void || d.state == Pending || d.state == OnHold) {
				open = append(open, d)
			}
		}
	}
	if len(open) > 0 && rapid.IntRange(0, 4).Draw(t, "over") > 0 {
		list = open
	}
	if len(list) == 0 {
		t.Skip()
	}
	return rapid.SampledFrom(list).Draw(t, "settlement")
}

// any is a settlement or a void.
func (x *machine) any(t *rapid.T) *doneOf { return x.some(t, rapid.Bool().Draw(t, "void")) }

func (x *machine) again(t *rapid.T) {
	d := x.any(t)
	if d.of != nil {
		r := Reversal{Number: d.of.number, Key: d.key, ContentDigest: d.digest, By: clerk}
		v, replayed, err := x.q.Reverse(t.Context(), r)
		if err != nil || !replayed || v.Number != d.number || v.Back != d.back || v.State != d.state {
			t.Fatalf("again: %+v %v %v", v, replayed, err)
		}
		r.ContentDigest += "x"
		_, _, err = x.q.Reverse(t.Context(), r)
		wantRefusal(t, err, CodeConflict)
		return
	}
	c := bill(x.q, d.key, 0, 1, 0, 0, 0)
	c.ContentDigest = d.digest
	s, replayed, err := x.q.Settle(t.Context(), c)
	switch kept := len(x.m.done) > 0 && x.keptKey(d); {
	case kept:
		wantRefusal(t, err, CodeConflict) // the key is the void's
	case d.void != nil:
		wantRefusal(t, err, CodeReversed)
	case err != nil || !replayed || s.Number != d.number || amountsOf(&s.Split) != d.local:
		t.Fatalf("again: %+v %v %v", s, replayed, err)
	}
	c.ContentDigest += "x"
	_, _, err = x.q.Settle(t.Context(), c)
	wantRefusal(t, err, CodeConflict)
}

// keptKey tells whether d's key is that of a refund.
func (x *machine) keptKey(d *doneOf) bool {
	return slices.ContainsFunc(x.m.done, func(v *doneOf) bool { return v.kept == d })
}

// request stores a request, and now and then an answer.
func (x *machine) request(t *rapid.T) {
	d := x.any(t)
	infno := rapid.SampledFrom([]string{"2207", "2601", "2208"}).Draw(t, "infno")
	id, _, err := x.q.Request(t.Context(), d.number, infno, func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
	if d.state != Pending || (infno == "2208" && (d.of == nil || d.of.ackedAt.IsZero())) {
		wantRefusal(t, err, CodeState)
		return
	}
	must(t, err)
	x.m.request(d)
	if class := rapid.SampledFrom([]Class{"", ClassOK, ClassBusiness, ClassUnknown}).Draw(t, "answer"); class != "" {
		must(t, x.q.Answer(t.Context(), Answer{Number: d.number, MsgID: id, Infno: infno, Class: class, By: clerk}))
		wantRefusal(t, x.q.Answer(t.Context(), Answer{Number: d.number, MsgID: "H44030000001202611210930000199", Infno: infno, Class: class}), CodeNoRequest)
	}
}

func (x *machine) acknowledge(t *rapid.T) {
	d := x.some(t, false)
	a := Ack{Number: d.number, SettlementID: "S", Amounts: d.local}
	if !d.ackedAt.IsZero() {
		a.Amounts = d.now
	} else if rapid.Bool().Draw(t, "differs") {
		a.Cash = settle.Fen(rapid.IntRange(0, 20).Draw(t, "cash"))
		a.Fund = settle.Fen(rapid.IntRange(0, 60).Draw(t, "fund"))
		a.Own = settle.Fen(rapid.IntRange(0, 60).Draw(t, "own"))
		if d.donor != "" {
			a.Family = settle.Fen(rapid.IntRange(0, 20).Draw(t, "family"))
		}
		a.Total = a.Fund + a.Own + a.Family + a.Cash
	}
	diff, err := x.q.Acknowledge(t.Context(), a)
	unsure := d.void != nil && (d.void.state == Pending || d.void.state == OnHold)
	if d.ackedAt.IsZero() && (d.state == Blocked || d.state == SelfPaid || (d.void != nil && !unsure)) {
		wantRefusal(t, err, CodeState)
		return
	}
	if err != nil || (diff != nil) != (a.Amounts != d.local) {
		t.Fatalf("acknowledge: %+v, %v", diff, err)
	}
	if d.ackedAt.IsZero() {
		_, at := x.q.journal.Head()
		x.m.acknowledge(d, a.Amounts, at)
	}
}

// square squares what is owed, mostly; or something else.
func (x *machine) square(t *rapid.T) {
	owing := slices.Clone(x.m.done)
	owing = slices.DeleteFunc(owing, func(d *doneOf) bool { return d.owed() == 0 })
	d := x.any(t)
	if len(owing) > 0 && rapid.IntRange(0, 4).Draw(t, "anyone") > 0 {
		d = rapid.SampledFrom(owing).Draw(t, "owing")
	}
	s := Squared{
		Number: d.number, Cash: d.owed(), How: rapid.SampledFrom([]string{ByCash, ByOther, Waived}).Draw(t, "how"), By: clerk,
		InShift: rapid.Bool().Draw(t, "in a shift"),
	}
	if s.Cash == 0 || rapid.IntRange(0, 4).Draw(t, "sum") == 4 {
		s.Cash += 3
	}
	err := x.q.Square(t.Context(), s)
	switch {
	case s.Cash == 0:
		wantRefusal(t, err, CodeMalformed)
	case d.of != nil:
		wantRefusal(t, err, CodeNoSettlement)
	case d.owed() == 0:
		wantRefusal(t, err, CodeSquared)
	case s.Cash != d.owed():
		wantRefusal(t, err, CodeOwed)
	case s.InShift && s.How == ByCash && x.m.shift(clerk.Device) == nil:
		wantRefusal(t, err, CodeNoShift)
	default:
		must(t, err)
		must(t, x.m.square(d, s.Cash, s.How, clerk.Device))
	}
}

func (x *machine) hold(t *rapid.T) {
	d := x.any(t)
	err := x.q.Hold(t.Context(), Held{Number: d.number, Code: "X"})
	if d.state != Pending {
		wantRefusal(t, err, CodeState)
		return
	}
	must(t, err)
	d.state = OnHold
}

func (x *machine) release(t *rapid.T) {
	d := x.any(t)
	err := x.q.Release(t.Context(), d.number, "", clerk)
	if d.state != OnHold {
		wantRefusal(t, err, CodeState)
		return
	}
	must(t, err)
	d.state = Pending
}

func (x *machine) repair(t *rapid.T) {
	d, value := x.any(t), fmt.Sprint("D", rapid.IntRange(0, 2).Draw(t, "doctor"))
	err := x.q.Repair(t.Context(), Repair{Number: d.number, Set: map[string]string{"doctor.code": value}, Why: "a typo", By: clerk})
	switch again := d.repaired == value; {
	case d.of != nil:
		wantRefusal(t, err, CodeNoSettlement)
		return
	case again && d.state != OnHold && d.void == nil:
		must(t, err)
	case d.state != OnHold:
		wantRefusal(t, err, CodeState)
		return
	case d.repairs >= mostRepairs && !again:
		wantRefusal(t, err, CodeMalformed)
		return
	default:
		must(t, err)
		if d.state = Pending; !again {
			d.repaired = value
			d.repairs++
		}
	}
	r, err := x.q.Get(d.number)
	if err != nil || len(r.Repairs) != d.repairs || r.Repairs[d.repairs-1].Set["doctor.code"] != value || amountsOf(&r.Settlement.Split) != d.local {
		t.Fatalf("repaired %+v, model %+v, %v", r.Repairs, d, err)
	}
}

func (x *machine) reverse(t *rapid.T) {
	d := x.some(t, false)
	x.keys++
	r := Reversal{Number: d.number, Key: fmt.Sprint("key ", x.keys), ContentDigest: "d", By: clerk}
	if rapid.Bool().Draw(t, "by line") {
		r.Kept = keptOf(d.s, settle.Fen(rapid.IntRange(0, int(d.local.Fund)).Draw(t, "fund")), settle.Fen(rapid.IntRange(0, int(d.local.Family)).Draw(t, "family")), settle.Fen(rapid.IntRange(0, int(d.local.Cash)).Draw(t, "cash")))
	}
	v, replayed, err := x.q.Reverse(t.Context(), r)
	if d.void != nil {
		wantRefusal(t, err, settle.AlreadyVoided)
		return
	}
	if d.state == SelfPaid && r.Kept != nil {
		wantRefusal(t, err, CodeKept)
		return
	}
	if err != nil || replayed {
		t.Fatalf("reverse: %v, replayed %v", err, replayed)
	}
	void := &doneOf{number: v.Number, key: r.Key, digest: r.ContentDigest, person: d.person, of: d}
	var kept *doneOf
	if r.Kept != nil {
		k, err := x.q.Get(v.Kept)
		must(t, err)
		kept = doneBy(k.Settlement, r.ContentDigest)
	}
	must(t, x.m.reverse(void, kept, clerk.Device))
	if v.State != void.state || v.Back != void.back || v.Returned != d.local {
		t.Fatalf("void %+v, model %+v", v, void)
	}
}

func (x *machine) undo(t *rapid.T) {
	v := x.some(t, true)
	withdrawn := v.of.ackedAt.IsZero() == (rapid.IntRange(0, 9).Draw(t, "wrong") == 9)
	err := x.q.Undo(t.Context(), Undone{Number: v.number, Withdrawn: withdrawn, By: clerk})
	if withdrawn == v.of.ackedAt.IsZero() {
		wantRefusal(t, err, CodeState)
		return
	}
	must(t, err)
	if v.state == Pending || v.state == OnHold {
		x.m.undo(v, withdrawn)
	}
}

func (x *machine) shift(t *rapid.T) {
	cash := settle.Fen(rapid.IntRange(0, 5000).Draw(t, "cash"))
	open := x.m.shift(clerk.Device)
	if rapid.Bool().Draw(t, "open") {
		_, err := x.q.OpenShift(t.Context(), clerk, cash)
		if open != nil {
			wantRefusal(t, err, CodeShiftOpen)
			return
		}
		must(t, err)
		x.m.shifts = append(x.m.shifts, &shiftOf{device: clerk.Device, float: cash})
		return
	}
	_, err := x.q.CloseShift(t.Context(), clerk, cash)
	if open == nil {
		wantRefusal(t, err, CodeNoShift)
		return
	}
	must(t, err)
	open.counted = &cash
}

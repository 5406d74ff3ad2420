package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"settled/queue/internal/cutfs"
	"settled/queue/journal"
	"settled/settle"
)

func TestMain(m *testing.M) {
	if cutfs.Serving() {
		return
	}
	if os.Getenv(childMark) != "" {
		child()
		return
	}
	goleak.VerifyTestMain(m)
}

// hand is a clock that stands until it is moved.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func newHand() *hand {
	return &hand{now: time.Date(2026, 11, 21, 9, 30, 0, 0, time.FixedZone("", 8*3600))}
}

func (h *hand) read() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// ago is the time d before now, as the platform writes when it speaks.
func (h *hand) ago(d time.Duration) string { return h.read().Add(-d).Format(time.RFC3339) }

func options(h *hand) Options {
	return Options{Institution: "H44030000001", Counter: "01", Key: []byte("0123456789abcdef0123456789abcdef"), Now: h.read, Rules: "r1"}
}

func mustOpen(t testing.TB, dir string, opt Options) *Queue {
	t.Helper()
	q, err := Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

func mustClose(t tb, q *Queue) {
	t.Helper()
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
}

// tb is what testing.TB and *rapid.T have in common.
type tb interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}

func must(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// verified proves the queue: chain whole, state as the journal says.
func verified(t testing.TB, q *Queue) Proof {
	t.Helper()
	p, err := q.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// bodyOf is the last request of a settlement as the journal has it.
func bodyOf(t testing.TB, q *Queue, number string) []byte {
	t.Helper()
	row, err := q.row(number)
	must(t, err)
	e, err := q.line(row.Request)
	must(t, err)
	body, err := q.vault.open(kindRequest, e.Seal)
	must(t, err)
	return body
}

var clerk = By{Operator: "0001", Device: "W01"}

const period = "2026"

// Clear personal data of the tests; none of it may stand in a file.
const (
	childID, childName, childCard, childCode = "440301201501011234", "王小明", "A12345678", "440300D156000005AAAABBBBCCCCDDDD"
	donorID, donorName                       = "440301198501011234", "王大明"
)

func child1(q *Queue) string { return q.Person(childID) }
func donor1(q *Queue) string { return q.Person(donorID) }

// entitled is what the platform says of a person.
func entitled(q *Queue, id, name string, own, used settle.Fen, asOf string) settle.Entitlement {
	e := settle.Entitlement{
		Person: q.Person(id), Who: settle.Identity{IDNumber: settle.Private(id), Name: settle.Private(name)},
		Insured: settle.Insured{Category: settle.EmployeeTier1, Birth: 20150101, Own: &settle.Account{Balance: own}},
		Period:  period, Usage: settle.Usage{Ordinary: used}, InsuranceType: "390", AsOf: asOf,
	}
	return e
}

// bill is a commit that takes amounts from fund, own account, the first donor's
// account and cash.
func bill(q *Queue, key string, version uint64, fund, own, family, cash settle.Fen) Commit {
	s := settle.Settlement{
		Key: key, Person: child1(q), Who: settle.Identity{IDNumber: childID, Name: childName, CardNumber: childCard},
		Guardian: settle.Identity{IDNumber: donorID, Name: donorName},
		Period:   period, Rules: "r7", Provisional: true,
		Split: settle.Split{
			Status: settle.Settled, Total: fund + own + family + cash, Fund: fund, Own: own, Family: family, Cash: cash,
			UsageAfter: settle.Usage{Ordinary: fund},
		},
	}
	if family > 0 {
		s.Split.Draws = []settle.Draw{{AccountID: donor1(q), Usable: family, Paid: family}}
	}
	return Commit{Settlement: s, ContentDigest: "d-" + key, Version: version, By: clerk}
}

func version(t testing.TB, q *Queue) uint64 {
	t.Helper()
	p, err := q.Position(child1(q), period)
	must(t, err)
	return p.Version
}

// settle1 settles with the present version.
func settle1(t testing.TB, q *Queue, key string, fund, own, family, cash settle.Fen) settle.Settlement {
	t.Helper()
	s, _, err := q.Settle(t.Context(), bill(q, key, version(t, q), fund, own, family, cash))
	must(t, err)
	return s
}

// family makes a child with a donor linked to it.
func family(t testing.TB, q *Queue, h *hand) {
	t.Helper()
	must(t, q.Learn(t.Context(), entitled(q, childID, childName, 0, 1000, h.ago(0)), clerk))
	must(t, q.Learn(t.Context(), entitled(q, donorID, donorName, 50000, 0, h.ago(0)), clerk))
	must(t, q.Link(t.Context(), settle.Link{Beneficiary: child1(q), Donor: donor1(q), Relation: settle.RelationChild, Kind: settle.MutualAid, From: 20200101}, clerk))
}

func ackOf(s settle.Settlement) Ack {
	return Ack{Number: s.Number, SettlementID: "S" + s.Number, VisitID: "V1", Amounts: amountsOf(&s.Split), RefMsgID: "R1", By: clerk}
}

func wantRefusal(t tb, err error, code settle.Code) {
	t.Helper()
	var r *settle.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Errorf("got %v, want refusal %s", err, code)
	} else if r.Cashier == "" || r.Technician == "" {
		t.Errorf("refusal without its sentences: %+v", r)
	}
}

func TestLifeOfASettlement(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	ctx := t.Context()
	family(t, q, h)
	s := settle1(t, q, "k1", 3000, 0, 2000, 500)
	if s.Number != "012026112100001" {
		t.Errorf("number %s", s.Number)
	}
	waits, err := q.Pending(10, 0)
	if err != nil || len(waits) != 1 || waits[0].Number != s.Number {
		t.Fatalf("pending %+v, %v", waits, err)
	}
	msgid, sent, err := q.Request(ctx, s.Number, "2207", func(id string) ([]byte, error) { return []byte(`{"msgid":"` + id + `"}`), nil }, clerk)
	must(t, err)
	mustClose(t, q)

	q = mustOpen(t, dir, options(h)) // goes on from what is on disk
	c, err := q.Chain(s.Number)
	if err != nil || c.Last == nil || c.Last.MsgID != msgid || !bytes.Equal(bodyOf(t, q, s.Number), sent) || c.Answered || c.State != nil {
		t.Fatalf("chain %+v, %v", c, err)
	}
	must(t, q.Answer(ctx, Answer{Number: s.Number, MsgID: msgid, Infno: "2207", Class: ClassUnknown, Message: "超时", Chain: []byte(`{"step":2}`), By: clerk}))
	c, err = q.Chain(s.Number)
	if err != nil || !c.Answered || string(c.State) != `{"step":2}` {
		t.Fatalf("chain %+v, %v", c, err)
	}
	wantRefusal(t, q.Answer(ctx, Answer{Number: s.Number, MsgID: msgid[:29] + "x", Infno: "2207", Class: ClassOK}), CodeNoRequest)

	must(t, q.Hold(ctx, Held{Number: s.Number, Code: "PLATFORM", Cashier: "请核对" + childName, Technician: "look", By: clerk}))
	wantRefusal(t, q.Hold(ctx, Held{Number: s.Number, Code: "PLATFORM"}), CodeState)
	_, _, err = q.Request(ctx, s.Number, "2207", func(string) ([]byte, error) { return nil, nil }, clerk)
	wantRefusal(t, err, CodeState)
	if st, err := q.Status(); err != nil || st.Pending != 0 || st.Held != 1 || st.Exposed != 3000 || !st.OldestPending.IsZero() {
		t.Errorf("status held %+v, %v", st, err)
	}
	must(t, q.Release(ctx, s.Number, "已修正", clerk))
	wantRefusal(t, q.Release(ctx, s.Number, "已修正", clerk), CodeState)

	diff, err := q.Acknowledge(ctx, ackOf(s))
	if err != nil || diff != nil {
		t.Fatalf("acknowledge: %+v, %v", diff, err)
	}
	diff, err = q.Acknowledge(ctx, ackOf(s))
	if err != nil || diff != nil {
		t.Fatalf("acknowledge again: %+v, %v", diff, err)
	}
	other := ackOf(s)
	other.SettlementID = "another"
	_, err = q.Acknowledge(ctx, other)
	wantRefusal(t, err, CodeState)

	r, err := q.Get(s.Number)
	must(t, err)
	if r.State != Acknowledged || r.Ack == nil || r.Ack.SettlementID != "S"+s.Number || r.Held == nil || r.Held.Cashier != "请核对"+childName || r.Attempts != 1 ||
		r.Settlement.Who.Name.ClearPersonalData() != childName || r.Settlement.Guardian.IDNumber.ClearPersonalData() != donorID ||
		r.Answer == nil || r.Answer.Class != ClassUnknown || r.Answer.Message != "超时" || r.Settlement.Number != s.Number {
		t.Errorf("record %+v", r)
	}
	if of, all, err := q.Exposure(child1(q)); err != nil || of != 0 || all != 0 {
		t.Errorf("exposure %v %v %v", of, all, err)
	}
	list, err := q.List(Filter{State: Acknowledged, Person: child1(q), From: 20261121, To: 20261121})
	if err != nil || len(list) != 1 || list[0].Settlement.Number != s.Number {
		t.Errorf("list %+v, %v", list, err)
	}
	_, err = q.Get("012026112199999")
	wantRefusal(t, err, CodeNoSettlement)
	verified(t, q)
}

// TestExposure: the fund's part of each settlement counts until the platform has it,
// whether it was made with the platform or without, pending or held.
func TestExposure(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	other := q.Person("440301201801011234")
	want := func(what string, child, sibling settle.Fen) {
		t.Helper()
		for person, sum := range map[string]settle.Fen{child1(q): child, other: sibling, donor1(q): 0} {
			if of, all, err := q.Exposure(person); err != nil || of != sum || all != child+sibling {
				t.Errorf("%s: exposed %s of %s, %v; want %s of %s", what, of, all, err, sum, child+sibling)
			}
		}
		if s, err := q.Status(); err != nil || s.Exposed != child+sibling {
			t.Errorf("%s: status %+v, %v", what, s, err)
		}
	}
	online := bill(q, "online", 0, 100, 0, 0, 7)
	online.Settlement.Provisional = false
	a, _, err := q.Settle(t.Context(), online)
	must(t, err)
	want("online", 100, 0)
	b := settle1(t, q, "offline", 20, 0, 0, 7)
	want("and offline", 120, 0)
	siblings := bill(q, "sibling", 0, 3, 0, 0, 7)
	siblings.Settlement.Person, siblings.Settlement.Provisional = other, false
	c, _, err := q.Settle(t.Context(), siblings)
	must(t, err)
	want("and another person", 120, 3)
	must(t, q.Hold(t.Context(), Held{Number: a.Number, Code: "X", By: clerk}))
	want("held", 120, 3)
	ack := ackOf(b)
	ack.Fund, ack.Cash = 5, 22 // the platform pays less: the counter's word is what was exposed
	_, err = q.Acknowledge(t.Context(), ack)
	must(t, err)
	want("acknowledged otherwise", 100, 3)
	_, err = q.Acknowledge(t.Context(), ackOf(a))
	must(t, err)
	want("held one acknowledged", 0, 3)
	verified(t, q)
	mustClose(t, q)
	q = mustOpen(t, dir, options(h))
	want("opened again", 0, 3)
	_, err = q.Acknowledge(t.Context(), ackOf(c))
	must(t, err)
	want("all acknowledged", 0, 0)
}

// TestKnown finds a person again by id number and by both marks of a card.
func TestKnown(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	e := entitled(q, childID, childName, 700, 1000, h.ago(time.Minute))
	e.Who.CardNumber, e.Who.CardCode = childCard, childCode
	must(t, q.Learn(t.Context(), e, clerk))
	for range 2 {
		for name, find := range map[string]func() (settle.Entitlement, bool, error){
			"person":      func() (settle.Entitlement, bool, error) { return q.Known(child1(q)) },
			"card code":   func() (settle.Entitlement, bool, error) { return q.KnownByCard(childCode, "") },
			"locked card": func() (settle.Entitlement, bool, error) { return q.KnownByCard("", childCard) },
		} {
			got, ok, err := find()
			if err != nil || !ok || got.Who != e.Who || got.Usage != e.Usage || got.Insured.Own.Balance != 700 {
				t.Errorf("%s: %+v %v %v", name, got, ok, err)
			}
		}
		mustClose(t, q)
		q = mustOpen(t, dir, options(h))
	}
	for _, find := range []func() (settle.Entitlement, bool, error){
		func() (settle.Entitlement, bool, error) { return q.Known(donor1(q)) },
		func() (settle.Entitlement, bool, error) { return q.KnownByCard("x", "y") },
		func() (settle.Entitlement, bool, error) { return q.KnownByCard("", "") },
	} {
		if _, ok, err := find(); ok || err != nil {
			t.Errorf("found someone nobody knows: %v", err)
		}
	}
	older := e
	older.AsOf, older.Usage.Ordinary = h.ago(time.Hour), 1
	must(t, q.Learn(t.Context(), older, clerk)) // older news changes nothing
	if got, _, err := q.Known(child1(q)); err != nil || got.Usage != e.Usage {
		t.Errorf("older news won: %+v, %v", got, err)
	}
	future := e
	future.AsOf = h.ago(-time.Hour)
	wantRefusal(t, q.Learn(t.Context(), future, clerk), CodeMalformed)
	wrong := e
	wrong.Person = donor1(q)
	wantRefusal(t, q.Learn(t.Context(), wrong, clerk), CodeMalformed)
}

// TestPositionCounts: the platform's word plus exactly what it does not contain.
func TestPositionCounts(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	ctx := t.Context()
	family(t, q, h)
	want := func(what string, usage, balance settle.Fen) {
		t.Helper()
		p, err := q.Position(child1(q), period)
		must(t, err)
		if p.Usage.Ordinary != usage || len(p.Family) != 1 || p.Family[0].Balance != balance || p.Family[0].ID != donor1(q) || p.Family[0].DonorTier != settle.EmployeeTier1 {
			t.Errorf("%s: %+v, want usage %s balance %s", what, p, usage, balance)
		}
	}
	want("as told", 1000, 50000)
	h.move(time.Minute)
	a := settle1(t, q, "a", 100, 0, 10, 0)
	b := settle1(t, q, "b", 200, 0, 20, 0)
	want("settled", 1300, 49970)
	h.move(time.Minute)
	_, err := q.Acknowledge(ctx, ackOf(a))
	must(t, err)
	want("acknowledged", 1300, 49970)
	h.move(time.Minute)
	must(t, q.Learn(ctx, entitled(q, childID, childName, 0, 1100, h.ago(0)), clerk))  // contains a
	must(t, q.Learn(ctx, entitled(q, donorID, donorName, 49990, 0, h.ago(0)), clerk)) // contains a
	want("told again", 1300, 49970)
	h.move(time.Minute)
	_, err = q.Acknowledge(ctx, ackOf(b))
	must(t, err)
	// The platform spoke before b was acknowledged: b is not in it.
	must(t, q.Learn(ctx, entitled(q, childID, childName, 0, 1100, h.ago(30*time.Second)), clerk))
	want("spoke before the acknowledgement", 1300, 49970)
	if p, err := q.Position(child1(q), "2027"); err != nil || p.Usage != (settle.Usage{}) {
		t.Errorf("another period: %+v, %v", p, err)
	}
	verified(t, q)
}

// TestDifference: the platform settled otherwise; limit and balances follow it.
func TestDifference(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	family(t, q, h)
	s := settle1(t, q, "a", 3000, 0, 2000, 500)
	a := ackOf(s)
	a.Amounts = Amounts{Total: 5500, Fund: 2500, Own: 0, Family: 2200, Cash: 800}
	before := version(t, q)
	diff, err := q.Acknowledge(t.Context(), a)
	if err != nil || diff == nil || diff.Local.Fund != 3000 || diff.Platform != a.Amounts {
		t.Fatalf("difference %+v, %v", diff, err)
	}
	p, err := q.Position(child1(q), period)
	if err != nil || p.Usage.Ordinary != 3500 || p.Family[0].Balance != 47800 || p.Version <= before {
		t.Errorf("position %+v, %v", p, err)
	}
	r, err := q.Get(s.Number)
	if err != nil || r.Difference == nil || *r.Difference != *diff {
		t.Errorf("record %+v, %v", r, err)
	}
	again, err := q.Acknowledge(t.Context(), a)
	if err != nil || again == nil || *again != *diff {
		t.Errorf("again %+v, %v", again, err)
	}
	verified(t, q)
}

func TestIdempotencyAndStaleness(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	family(t, q, h)
	v := version(t, q)
	c := bill(q, "k", v, 100, 0, 0, 0)
	first, replayed, err := q.Settle(t.Context(), c)
	if err != nil || replayed {
		t.Fatal(err)
	}
	again, replayed, err := q.Settle(t.Context(), c) // though its version is stale by now
	if err != nil || !replayed || again.Number != first.Number || again.Who != first.Who {
		t.Errorf("same again: %+v %v %v", again, replayed, err)
	}
	c.ContentDigest = "other"
	_, _, err = q.Settle(t.Context(), c)
	wantRefusal(t, err, CodeConflict)
	if _, _, err = q.Settle(t.Context(), bill(q, "k2", v, 100, 0, 0, 0)); !errors.Is(err, ErrStale) {
		t.Errorf("stale: %v", err)
	}
	if waits, err := q.Pending(10, 0); err != nil || len(waits) != 1 {
		t.Errorf("pending %+v, %v", waits, err)
	}
}

// TestRaceForOneBalance: of two callers with one quote each of the same balance, one
// wins.
func TestRaceForOneBalance(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	family(t, q, h)
	for round := range 20 {
		v := version(t, q)
		errs := make(chan error, 2)
		for caller := range 2 {
			go func() {
				_, _, err := q.Settle(context.Background(), bill(q, fmt.Sprintf("%d-%d", round, caller), v, 10, 0, 10, 0))
				errs <- err
			}()
		}
		a, b := <-errs, <-errs
		if (a == nil) == (b == nil) || (a != nil && !errors.Is(a, ErrStale)) || (b != nil && !errors.Is(b, ErrStale)) {
			t.Fatalf("round %d: %v and %v", round, a, b)
		}
	}
	// A sibling's settlement moves the balance, and so the child's version.
	v := version(t, q)
	c := bill(q, "sibling", 0, 0, 0, 5, 0)
	c.Settlement.Person = q.Person("440301201801011234")
	_, _, err := q.Settle(t.Context(), c)
	must(t, err)
	if _, _, err := q.Settle(t.Context(), bill(q, "late", v, 10, 0, 10, 0)); !errors.Is(err, ErrStale) {
		t.Errorf("after a sibling's draw: %v", err)
	}
}

func TestCommitsThatAreRefused(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	for name, change := range map[string]func(*Commit){
		"no key":           func(c *Commit) { c.Settlement.Key = "" },
		"no digest":        func(c *Commit) { c.ContentDigest = "" },
		"no person":        func(c *Commit) { c.Settlement.Person = childID },
		"no period":        func(c *Commit) { c.Settlement.Period = "" },
		"sum":              func(c *Commit) { c.Settlement.Split.Total++ },
		"negative":         func(c *Commit) { c.Settlement.Split.Cash, c.Settlement.Split.Fund = -1, 101 },
		"draws":            func(c *Commit) { c.Settlement.Split.Draws = nil },
		"draw from nobody": func(c *Commit) { c.Settlement.Split.Draws[0].AccountID = "x" },
		"draw from self":   func(c *Commit) { c.Settlement.Split.Draws[0].AccountID = child1(q) },
		"usage back":       func(c *Commit) { c.Settlement.Usage.Ordinary = 1 << 30 },
		"refused split":    func(c *Commit) { c.Settlement.Split.Status = settle.Refused },
		"operator":         func(c *Commit) { c.By.Operator = "a\nb" },
	} {
		c := bill(q, "k", 0, 100, 0, 10, 0)
		change(&c)
		_, _, err := q.Settle(t.Context(), c)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		wantRefusal(t, err, CodeMalformed)
	}
	if s, err := q.Status(); err != nil || s.Pending != 0 || s.Entry != 1 {
		t.Errorf("something was written: %+v, %v", s, err)
	}
}

func TestOwner(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	mustClose(t, mustOpen(t, dir, options(h)))
	for name, change := range map[string]func(*Options){
		"institution": func(o *Options) { o.Institution = "H44030000002" },
		"counter":     func(o *Options) { o.Counter = "02" },
		"key":         func(o *Options) { o.Key = []byte("1123456789abcdef0123456789abcdef") },
	} {
		o := options(h)
		change(&o)
		if _, err := Open(dir, o); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
	q := mustOpen(t, dir, options(h))
	if _, err := Open(dir, options(h)); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("second opener: %v", err)
	}
	mustClose(t, q)
	if _, err := q.MsgID(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if _, err := q.Status(); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestDraft: a draft is written as often as it is wanted, once; what has changed since
// refuses it as it does a settlement.
func TestDraft(t *testing.T) {
	q := mustOpen(t, t.TempDir(), options(newHand()))
	draft := func(key string) *Draft {
		d, err := q.Draft(bill(q, key, version(t, q), 10, 0, 0, 5))
		must(t, err)
		return d
	}
	d, old := draft("k"), draft("old")
	first, replayed, err := d.Settle(t.Context())
	must(t, err)
	if replayed {
		t.Error("replayed at once")
	}
	again, replayed, err := d.Settle(t.Context())
	must(t, err)
	kept, err := q.Get(first.Number)
	must(t, err)
	if !replayed || again.Number != first.Number || kept.Settlement.Number != first.Number || kept.Settlement.Split.Cash != 5 {
		t.Errorf("%+v, again %+v, %v", kept.Settlement, again, replayed)
	}
	for range 2 {
		if _, _, err := old.Settle(t.Context()); !errors.Is(err, ErrStale) {
			t.Errorf("of an older position: %v", err)
		}
	}
	if _, err := q.Draft(Commit{}); err == nil {
		t.Error("a draft of nothing")
	}
}

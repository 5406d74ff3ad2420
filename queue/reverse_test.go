package queue

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// voidOf asks for a whole reversal.
func voidOf(number, key string) Reversal {
	return Reversal{Number: number, Key: key, ContentDigest: "d-" + key, Reason: "开错药 张三", By: clerk}
}

// keptOf is what is kept of s: its parts less what is given back.
func keptOf(s settle.Settlement, fund, family, cash settle.Fen) *settle.Settlement {
	k := s
	k.Number, k.Key = "", ""
	k.Split.Fund -= fund
	k.Split.UsageAfter.Ordinary -= fund
	k.Split.Family -= family
	k.Split.Cash -= cash
	k.Split.Total -= fund + family + cash
	if family > 0 {
		k.Split.Draws = []settle.Draw{{AccountID: s.Split.Draws[0].AccountID, Paid: k.Split.Family}}
	}
	return &k
}

func refundOf(s settle.Settlement, key string, fund, family, cash settle.Fen) Reversal {
	r := voidOf(s.Number, key)
	r.Kept = keptOf(s, fund, family, cash)
	return r
}

func reverse(t testing.TB, q *Queue, r Reversal) Void {
	t.Helper()
	v, replayed, err := q.Reverse(t.Context(), r)
	must(t, err)
	if replayed {
		t.Error("a first reversal is a replay")
	}
	return v
}

// ask stores a request, and an answer to it unless the class is "".
func ask(t testing.TB, q *Queue, number, infno string, class Class) {
	t.Helper()
	id, _, err := q.Request(t.Context(), number, infno, func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
	must(t, err)
	if class != "" {
		must(t, q.Answer(t.Context(), Answer{Number: number, MsgID: id, Infno: infno, Class: class, Chain: []byte(`{}`), By: clerk}))
	}
}

func acknowledge(t testing.TB, q *Queue, s settle.Settlement) {
	t.Helper()
	_, err := q.Acknowledge(t.Context(), ackOf(s))
	must(t, err)
}

// waits gives the numbers in outbox and holds.
func waits(t testing.TB, q *Queue) string {
	t.Helper()
	pending, err := q.Pending(100, 0)
	must(t, err)
	held, err := q.Holds(100, 0)
	must(t, err)
	var b strings.Builder
	for i, list := range [][]Waiting{pending, held} {
		for _, w := range list {
			b.WriteString([]string{"out ", "held "}[i] + w.Number[10:])
			if w.Void {
				b.WriteString("v")
			}
			b.WriteString(" ")
		}
	}
	return strings.TrimSpace(b.String())
}

func state(t testing.TB, q *Queue, number string) State {
	t.Helper()
	row, err := q.row(number)
	must(t, err)
	return row.State
}

// TestReverseByState reverses a settlement by line in every state that it can have, and
// has the platform's side end in each way that it can.
func TestReverseByState(t *testing.T) {
	const s, void, kept = "00001", "00002", "00003"
	for _, c := range []struct {
		name    string
		before  func(q *Queue, s settle.Settlement)
		waiting string // after the reversal
		state   State  // of the void
		end     func(q *Queue, s settle.Settlement, v Void)
		after   string // waiting
	}{
		{"never sent", func(*Queue, settle.Settlement) {}, "out 00003", Voided, nil, "out 00003"},
		{"held, never sent", func(q *Queue, s settle.Settlement) { must(t, q.Hold(t.Context(), Held{Number: s.Number, Code: "X"})) }, "out 00003", Voided, nil, "out 00003"},
		{
			"registered only", func(q *Queue, s settle.Settlement) { ask(t, q, s.Number, "2201", ClassOK) }, "out 00002v", Pending,
			func(q *Queue, _ settle.Settlement, v Void) { must(t, q.Undo(t.Context(), Undone{Number: v.Number})) }, "out 00003",
		},
		{
			"in flight, never arrived", func(q *Queue, s settle.Settlement) { ask(t, q, s.Number, "2207", "") }, "out 00002v", Pending,
			func(q *Queue, _ settle.Settlement, v Void) {
				_, _, err := q.Request(t.Context(), v.Number, "2208", func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
				wantRefusal(t, err, CodeState) // nobody knows yet whether there is anything to take back
				wantRefusal(t, q.Undo(t.Context(), Undone{Number: v.Number, Withdrawn: true}), CodeState)
				ask(t, q, v.Number, "2601", ClassOK)
				must(t, q.Undo(t.Context(), Undone{Number: v.Number}))
			}, "out 00003",
		},
		{
			"in flight, arrived", func(q *Queue, s settle.Settlement) { ask(t, q, s.Number, "2207", "") }, "out 00002v", Pending,
			func(q *Queue, s settle.Settlement, v Void) {
				acknowledge(t, q, s)
				wantRefusal(t, q.Undo(t.Context(), Undone{Number: v.Number}), CodeState) // it is there
				ask(t, q, v.Number, "2208", ClassOK)
				must(t, q.Undo(t.Context(), Undone{Number: v.Number, Withdrawn: true, SettlementID: "N1"}))
			}, "out 00003",
		},
		{
			"acknowledged", func(q *Queue, s settle.Settlement) { acknowledge(t, q, s) }, "out 00002v", Pending,
			func(q *Queue, _ settle.Settlement, v Void) {
				ask(t, q, v.Number, "2208", ClassUnknown)
				must(t, q.Undo(t.Context(), Undone{Number: v.Number, Withdrawn: true}))
				must(t, q.Undo(t.Context(), Undone{Number: v.Number, Withdrawn: true})) // again: nothing
			}, "out 00003",
		},
		{
			"void held", func(q *Queue, s settle.Settlement) { acknowledge(t, q, s) }, "out 00002v", Pending,
			func(q *Queue, s settle.Settlement, v Void) {
				must(t, q.Hold(t.Context(), Held{Number: v.Number, Code: "X", By: clerk}))
				wantRefusal(t, q.Hold(t.Context(), Held{Number: v.Kept, Code: "X"}), CodeState)
				_, _, err := q.Request(t.Context(), v.Kept, "2207", func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
				wantRefusal(t, err, CodeState)
				_, err = q.Acknowledge(t.Context(), Ack{Number: v.Kept, SettlementID: "S"})
				wantRefusal(t, err, CodeState)
			}, "held 00002v",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHand()
			dir := t.TempDir()
			q := mustOpen(t, dir, options(h))
			family(t, q, h)
			first := settle1(t, q, "k1", 3000, 0, 2000, 500)
			c.before(q, first)
			v := reverse(t, q, refundOf(first, "r1", 1000, 500, 100))
			want := Amounts{Total: 1600, Fund: 1000, Family: 500, Cash: 100}
			if v.Back != want || v.Returned != amountsOf(&first.Split) || v.State != c.state || v.Number[10:] != void || v.Kept[10:] != kept || v.Reason != "开错药 张三" {
				t.Errorf("void %+v", v)
			}
			if got := waits(t, q); got != c.waiting || state(t, q, first.Number) != Voided {
				t.Errorf("waiting %q, want %q", got, c.waiting)
			}
			p, err := q.Position(child1(q), period)
			must(t, err)
			if p.Usage.Ordinary != 1000+2000 || p.Family[0].Balance != 50000-1500 {
				t.Errorf("position %+v", p)
			}
			if _, all, err := q.Exposure(""); err != nil || all != 2000 {
				t.Errorf("exposure %s, %v", all, err)
			}
			if c.end != nil {
				c.end(q, first, v)
			}
			if got := waits(t, q); got != c.after {
				t.Errorf("waiting in the end %q, want %q", got, c.after)
			}
			want2 := picture(t, q)
			verified(t, q)
			mustClose(t, q)
			must(t, os.Remove(filepath.Join(dir, storeName)))
			q = mustOpen(t, dir, options(h))
			same(t, "from the journal alone", picture(t, q), want2)
			r, err := q.Get(v.Kept)
			must(t, err)
			if r.From != first.Number || r.Settlement.Who.IDNumber != childID || r.Settlement.Split.Fund != 2000 || r.Settlement.Key != "r1" {
				t.Errorf("kept %+v", r)
			}
			if again, err := q.Void(v.Number); err != nil || again.Back != want || again.Of != first.Number || again.By != clerk {
				t.Errorf("void again %+v, %v", again, err)
			}
		})
	}
}

// TestReverseKept reverses what was kept, while its void waits and after: whatever is
// kept last goes out behind the first void, and nothing else does.
func TestReverseKept(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	family(t, q, h)
	s := settle1(t, q, "k1", 3000, 0, 2000, 500) // 1
	acknowledge(t, q, s)
	first := reverse(t, q, refundOf(s, "r1", 1000, 500, 100)) // 2, keeps 3
	k, err := q.Get(first.Kept)
	must(t, err)
	second := reverse(t, q, refundOf(k.Settlement, "r2", 1000, 500, 100)) // 4, keeps 5
	if second.State != Voided || waits(t, q) != "out 00002v" || state(t, q, second.Kept) != Blocked {
		t.Errorf("%s, waiting %s", second.State, waits(t, q))
	}
	must(t, q.Undo(t.Context(), Undone{Number: first.Number, Withdrawn: true}))
	if got := waits(t, q); got != "out 00005" {
		t.Errorf("waiting %s", got)
	}
	if p, err := q.Position(child1(q), period); err != nil || p.Usage.Ordinary != 2000 || p.Family[0].Balance != 49000 {
		t.Errorf("position %+v, %v", p, err)
	}
	last := reverse(t, q, voidOf(second.Kept, "r3"))
	if last.State != Voided || waits(t, q) != "" || last.Back.Total != second.Returned.Total-second.Back.Total {
		t.Errorf("%+v, waiting %s", last, waits(t, q))
	}
	if p, err := q.Position(child1(q), period); err != nil || p.Usage.Ordinary != 1000 || p.Family[0].Balance != 50000 {
		t.Errorf("position %+v, %v", p, err)
	}
	for _, number := range []string{s.Number, first.Kept, second.Kept} {
		_, _, err := q.Reverse(t.Context(), voidOf(number, "r"+number))
		wantRefusal(t, err, settle.AlreadyVoided)
	}
	if voids, err := q.Voids(Filter{}); err != nil || len(voids) != 3 || voids[1].Number != second.Number {
		t.Errorf("voids %+v, %v", voids, err)
	}
	if list, err := q.List(Filter{State: Voided}); err != nil || len(list) != 3 {
		t.Errorf("voided %+v, %v", list, err)
	}
	verified(t, q)
}

// TestReversalKeys: a key stands for one content of one kind.
func TestReversalKeys(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	family(t, q, h)
	ctx := t.Context()
	s, other := settle1(t, q, "k1", 3000, 0, 2000, 500), settle1(t, q, "k2", 30, 0, 20, 5)
	v := reverse(t, q, voidOf(s.Number, "r1"))
	again, replayed, err := q.Reverse(ctx, voidOf(s.Number, "r1"))
	if err != nil || !replayed || again.Number != v.Number {
		t.Errorf("again %+v %v %v", again, replayed, err)
	}
	for name, r := range map[string]Reversal{
		"other settlement": {Number: other.Number, Key: "r1", ContentDigest: "d-r1"},
		"other content":    {Number: s.Number, Key: "r1", ContentDigest: "x"},
		"settlement's key": {Number: other.Number, Key: "k2", ContentDigest: "d-k2"},
	} {
		if _, _, err := q.Reverse(ctx, r); err == nil {
			t.Error(name, "is taken")
		} else {
			wantRefusal(t, err, CodeConflict)
		}
	}
	c := bill(q, "r1", version(t, q), 1, 0, 0, 0)
	_, _, err = q.Settle(ctx, c)
	wantRefusal(t, err, CodeConflict)
	_, _, err = q.Settle(ctx, bill(q, "k1", 0, 3000, 0, 2000, 500)) // a lost call, repeated after the void
	wantRefusal(t, err, CodeReversed)
	_, _, err = q.Replay("k1", "d-k1")
	wantRefusal(t, err, CodeReversed)
	for number, code := range map[string]settle.Code{v.Number: CodeNoSettlement, "012026112100099": CodeNoSettlement} {
		_, _, err := q.Reverse(ctx, voidOf(number, "r9"))
		wantRefusal(t, err, code)
	}
	_, err = q.Get(v.Number)
	wantRefusal(t, err, CodeNoSettlement)
	_, err = q.Void(s.Number)
	wantRefusal(t, err, CodeNoSettlement)
}

// TestKeptFits refuses what is kept if it is not a part of the whole.
func TestKeptFits(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	family(t, q, h)
	s := settle1(t, q, "k1", 3000, 0, 2000, 500)
	before := verified(t, q).Entries
	for name, change := range map[string]func(*settle.Settlement){
		"more cash":       func(k *settle.Settlement) { k.Split.Cash, k.Split.Fund = 501, k.Split.Fund-501+k.Split.Cash },
		"more fund":       func(k *settle.Settlement) { k.Split.Fund, k.Split.Total = 3001, k.Split.Total+3001-k.Split.Fund },
		"other sum":       func(k *settle.Settlement) { k.Split.Total++ },
		"other account":   func(k *settle.Settlement) { k.Split.Draws[0].AccountID = q.Person("someone") },
		"other person":    func(k *settle.Settlement) { k.Person = donor1(q) },
		"other period":    func(k *settle.Settlement) { k.Period = "2025" },
		"other position":  func(k *settle.Settlement) { k.Usage.Ordinary++; k.Split.UsageAfter.Ordinary++ },
		"more limit":      func(k *settle.Settlement) { k.Split.UsageAfter.Ordinary = 3001 },
		"other rules":     func(k *settle.Settlement) { k.Rules = "r8" },
		"other level":     func(k *settle.Settlement) { k.Bill.Visit.Institution.Level = 3 },
		"refused":         func(k *settle.Settlement) { k.Split.Status = settle.Refused },
		"no draw for its": func(k *settle.Settlement) { k.Split.Draws = nil },
	} {
		r := refundOf(s, "r1", 1000, 500, 100)
		change(r.Kept)
		_, _, err := q.Reverse(t.Context(), r)
		if err == nil {
			t.Fatal(name, "is taken")
		}
		wantRefusal(t, err, CodeKept)
	}
	if got := verified(t, q).Entries; got != before {
		t.Errorf("%d entries, were %d", got, before)
	}
	reverse(t, q, refundOf(s, "r1", 0, 0, 0)) // all is kept, say lines that cost nothing went
}

// TestGivenBack: what a reversed settlement used counts as the platform's words come
// before and after what they contain. Never is less counted than the platform will.
func TestGivenBack(t *testing.T) {
	const told, cost = settle.Fen(1000), settle.Fen(300) // used before the settlement, and by it
	h := newHand()
	var q *Queue
	var s settle.Settlement
	var v Void
	word := func(used settle.Fen) {
		h.move(2 * time.Second)
		must(t, q.Learn(t.Context(), entitled(q, childID, childName, 0, used, h.ago(0)), clerk))
		h.move(2 * time.Second)
	}
	steps := map[string]func(){
		"settle":       func() { s = settle1(t, q, "k", cost, 0, 0, 0) },
		"ack":          func() { acknowledge(t, q, s) },
		"send":         func() { ask(t, q, s.Number, "2207", "") },
		"void":         func() { v = reverse(t, q, voidOf(s.Number, "r")) },
		"ask back":     func() { ask(t, q, v.Number, "2208", "") },
		"undone":       func() { must(t, q.Undo(t.Context(), Undone{Number: v.Number, Withdrawn: true})) },
		"never":        func() { must(t, q.Undo(t.Context(), Undone{Number: v.Number})) },
		"word without": func() { word(told) },
		"word with":    func() { word(told + cost) },
	}
	for _, c := range []struct {
		does string
		want []settle.Fen // used, less told, after each step
	}{
		{"settle,void", []settle.Fen{cost, 0}},
		{"settle,ack,void,ask back,undone", []settle.Fen{cost, cost, 0, 0, 0}},
		{"settle,ack,void,word with,ask back,undone,word without", []settle.Fen{cost, cost, 0, 0, 0, 0, 0}},
		{"settle,ack,word with,void,ask back,undone,word without", []settle.Fen{cost, cost, cost, 0, 0, 0, 0}},
		{"settle,ack,word with,void,word with,ask back,word without", []settle.Fen{cost, cost, cost, 0, 0, 0, 0}},
		// The platform may have taken it back, or not yet, when it spoke: it is counted.
		{"settle,ack,word with,void,ask back,word with,undone,word without", []settle.Fen{cost, cost, cost, 0, 0, cost, cost, 0}},
		{"settle,ack,word with,void,ask back,word without,undone,word without", []settle.Fen{cost, cost, cost, 0, 0, 0, 0, 0}},
		{"settle,ack,void,ask back,word without,undone", []settle.Fen{cost, cost, 0, 0, 0, 0}},
		{"settle,send,void,word with,never,word without", []settle.Fen{cost, cost, 0, cost, cost, 0}},
		{"settle,send,void,word without,ack,ask back,undone,word without", []settle.Fen{cost, cost, 0, 0, 0, 0, 0, 0}},
		{"settle,send,void,ack,word with,ask back,undone,word without", []settle.Fen{cost, cost, 0, 0, 0, 0, 0, 0}},
	} {
		h = newHand()
		q = mustOpen(t, t.TempDir(), options(h))
		word(told)
		for i, step := range strings.Split(c.does, ",") {
			h.move(2 * time.Second)
			steps[step]()
			p, err := q.Position(child1(q), period)
			must(t, err)
			if got := p.Usage.Ordinary - told; got != c.want[i] {
				t.Errorf("%s: after %q %s is used, want %s", c.does, step, got, c.want[i])
			}
		}
		verified(t, q)
	}
}

// TestReversalIsOneLine cuts the journal at every byte of a refund: after it, there is
// all of it or nothing.
func TestReversalIsOneLine(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, lagging(h))
	family(t, q, h)
	s := settle1(t, q, "k1", 3000, 0, 2000, 500)
	file := filepath.Join(dir, journalDir, journal.FileName(1))
	before, err := os.Stat(file)
	must(t, err)
	r := refundOf(s, "r1", 1000, 500, 100)
	v := reverse(t, q, r)
	mustClose(t, q)
	whole, err := os.ReadFile(file)
	must(t, err)
	for size := before.Size(); size <= int64(len(whole)); size += 293 {
		if int64(len(whole))-size < 293 {
			size = int64(len(whole))
		}
		cut := t.TempDir()
		must(t, os.Mkdir(filepath.Join(cut, journalDir), 0o700))
		must(t, os.WriteFile(filepath.Join(cut, journalDir, journal.FileName(1)), whole[:size], 0o600))
		q := mustOpen(t, cut, options(h))
		got, replayed, err := q.Reverse(t.Context(), r)
		if err != nil || replayed != (size == int64(len(whole))) || got.Number != v.Number || got.Kept != v.Kept {
			t.Fatalf("cut at %d: %+v, replayed %v, %v", size, got, replayed, err)
		}
		verified(t, q)
		mustClose(t, q)
	}
}

// TestFormat1 opens what the version before reversals wrote: with its bbolt file, which is
// built again, and from the journal alone; every state of it can be reversed.
func TestFormat1(t *testing.T) {
	for _, bolt := range []bool{true, false} {
		h := newHand()
		h.move(time.Hour)
		dir := t.TempDir()
		older(t, "testdata/format1", dir, bolt)
		q := mustOpen(t, dir, options(h))
		verified(t, q)
		status, err := q.Status()
		must(t, err)
		if said := strings.Join(status.Notices, ""); bolt != strings.Contains(said, "another version of the program") || strings.Contains(said, "damaged") {
			t.Errorf("bolt %v: %s", bolt, said)
		}
		if status.Pending != 3 || status.Held != 1 || status.Exposed != 1400 {
			t.Errorf("bolt %v: %+v", bolt, status)
		}
		p, err := q.Position(child1(q), period)
		must(t, err)
		if p.Usage.Ordinary != 4090+1400 || p.Family[0].Balance != 50000-2100 {
			t.Errorf("bolt %v: %+v", bolt, p)
		}
		list, err := q.List(Filter{})
		must(t, err)
		for _, r := range list {
			reverse(t, q, voidOf(r.Settlement.Number, "r"+r.Settlement.Number))
		}
		if got := waits(t, q); got != "out 00007v out 00008v out 00009v out 00010v" {
			t.Errorf("bolt %v: waiting %s", bolt, got)
		}
		p, err = q.Position(child1(q), period)
		must(t, err)
		if p.Usage.Ordinary != 4090-3000-90 || p.Family[0].Balance != 50000 {
			t.Errorf("bolt %v: after all is reversed %+v", bolt, p)
		}
		verified(t, q)
		mustClose(t, q)
	}
}

// TestDifferenceOutlivesATornWrite: of an acknowledgement with other amounts any part
// may be lost; told again, the difference is there.
func TestDifferenceOutlivesATornWrite(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, lagging(h))
	family(t, q, h)
	a := ackOf(settle1(t, q, "k1", 100, 0, 10, 5))
	a.Fund, a.Cash = 90, 15
	_, err := q.Acknowledge(t.Context(), a)
	must(t, err)
	mustClose(t, q)
	file := filepath.Join(journalDir, journal.FileName(1))
	whole, err := os.ReadFile(filepath.Join(dir, file))
	must(t, err)
	last := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1
	for name, lines := range map[string][]byte{
		"both": whole, "the first": whole[:last], "none": whole[:bytes.LastIndexByte(whole[:last-1], '\n')+1],
	} {
		cut := t.TempDir()
		must(t, os.Mkdir(filepath.Join(cut, journalDir), 0o700))
		must(t, os.WriteFile(filepath.Join(cut, file), lines, 0o600))
		q := mustOpen(t, cut, options(h))
		if r, err := q.Get(a.Number); err != nil || (r.State == Acknowledged) != (name == "both") {
			t.Errorf("%s: %s, %v", name, r.State, err)
		}
		_, err := q.Acknowledge(t.Context(), a)
		must(t, err)
		if r, err := q.Get(a.Number); err != nil || r.State != Acknowledged || r.Difference == nil || r.Difference.Platform != a.Amounts {
			t.Errorf("%s: %s %+v, %v", name, r.State, r.Difference, err)
		}
		if p, err := q.Position(child1(q), period); err != nil || p.Usage.Ordinary != 1090 {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		verified(t, q)
		mustClose(t, q)
	}
}

package queue

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"settled/settle"
)

// echo makes a message of its id.
func echo(id string) ([]byte, error) { return []byte(id), nil }

// asked is a settlement with a request without an answer.
func asked(t *testing.T, q *Queue, key string) (s settle.Settlement, a Answer) {
	t.Helper()
	s = settle1(t, q, key, 3000, 0, 2000, 500)
	id, _, err := q.Request(t.Context(), s.Number, "2206", echo, clerk)
	must(t, err)
	return s, Answer{Number: s.Number, MsgID: id, Infno: "2206", Class: ClassOK, Chain: []byte(`{"step":"settle"}`), By: clerk}
}

// TestAnswerAndRequest keeps an answer and the next request in one commit, also over a
// restart.
func TestAnswerAndRequest(t *testing.T) {
	h, dir := newHand(), t.TempDir()
	q := mustOpen(t, dir, options(h))
	family(t, q, h)
	s, a := asked(t, q, "k1")
	changed := q.Changed()
	before := q.head
	id, body, err := q.AnswerAndRequest(t.Context(), a, "2207", echo)
	must(t, err)
	<-changed
	if id == "" || id == a.MsgID || string(body) != id || q.head.N != before.N+2 {
		t.Errorf("request %q %q, entries %d to %d", id, body, before.N, q.head.N)
	}
	first, err := q.journal.Read(q.head.Loc)
	must(t, err)
	if first.Base != before.N {
		t.Errorf("the last entry is of the commit behind entry %d, want %d", first.Base, before.N)
	}
	crash(t, q)
	q = mustOpen(t, dir, options(h))
	r, err := q.Get(s.Number)
	must(t, err)
	if r.Asking != "2207" || r.Answer != nil {
		t.Errorf("it asks %q, answer %+v", r.Asking, r.Answer)
	}
	c, err := q.Chain(s.Number)
	must(t, err)
	if c.Last == nil || c.Last.MsgID != id || c.Last.Infno != "2207" || c.Answered || !bytes.Equal(c.State, a.Chain) {
		t.Errorf("chain %+v", c)
	}
	verified(t, q)
}

// TestAnswerWithoutRequest: an answer is kept though what should follow it cannot be.
func TestAnswerWithoutRequest(t *testing.T) {
	for name, what := range map[string]struct {
		build func(string) ([]byte, error)
		gone  bool // reversed meanwhile
	}{
		"not made": {build: func(string) ([]byte, error) { return nil, errors.New("no") }},
		"too long": {build: func(string) ([]byte, error) { return make([]byte, maxMessage+1), nil }},
		"reversed": {build: echo, gone: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHand()
			q := mustOpen(t, t.TempDir(), options(h))
			family(t, q, h)
			s, a := asked(t, q, "k1")
			if what.gone {
				reverse(t, q, voidOf(s.Number, "r1"))
			}
			id, body, err := q.AnswerAndRequest(t.Context(), a, "2207", what.build)
			must(t, err)
			c, err := q.Chain(s.Number)
			must(t, err)
			if r, err := q.Get(s.Number); err != nil || r.Asking != "" {
				t.Errorf("it asks %q, %v", r.Asking, err)
			}
			if id != "" || body != nil || !c.Answered || c.Last.MsgID != a.MsgID || !bytes.Equal(c.State, a.Chain) {
				t.Errorf("request %q, chain %+v", id, c)
			}
			a.MsgID = "H44030000001202611210930009999"
			_, _, err = q.AnswerAndRequest(t.Context(), a, "2207", echo)
			wantRefusal(t, err, CodeNoRequest)
			verified(t, q)
		})
	}
}

// TestAnswerAndAcknowledge keeps an answer and an acknowledgement that differs in one
// commit; the answer alone where the acknowledgement is another than the one before.
func TestAnswerAndAcknowledge(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	family(t, q, h)
	s, a := asked(t, q, "k1")
	k := ackOf(s)
	k.Fund, k.Cash = k.Fund-1, k.Cash+1
	before := q.head
	difference, acknowledged, err := q.AnswerAndAcknowledge(t.Context(), a, k)
	must(t, err)
	if !acknowledged || difference == nil || difference.Platform != k.Amounts || q.head.N != before.N+3 {
		t.Errorf("acknowledged %t, %+v, entries %d to %d", acknowledged, difference, before.N, q.head.N)
	}
	if last, err := q.journal.Read(q.head.Loc); err != nil || last.Base != before.N {
		t.Errorf("the last entry is of the commit behind entry %d, want %d, %v", last.Base, before.N, err)
	}
	k.SettlementID = "another"
	before = q.head
	if _, acknowledged, err = q.AnswerAndAcknowledge(t.Context(), a, k); err != nil || acknowledged || q.head.N != before.N+1 {
		t.Errorf("another acknowledgement: %t, %v, entries %d to %d", acknowledged, err, before.N, q.head.N)
	}
	k.SettlementID = ""
	if _, acknowledged, err = q.AnswerAndAcknowledge(t.Context(), a, k); err != nil || acknowledged {
		t.Errorf("an acknowledgement without an id: %t, %v", acknowledged, err)
	}
	verified(t, q)
}

// TestSpareID: an id that was drawn ahead goes to the next request, unless it has lain.
func TestSpareID(t *testing.T) {
	for name, rest := range map[string]time.Duration{"soon": time.Second, "late": keepSpare, "clock back": -time.Minute} {
		h := newHand()
		q := mustOpen(t, t.TempDir(), options(h))
		family(t, q, h)
		_, a := asked(t, q, "k1")
		id, _, err := q.AnswerAndRequest(t.Context(), a, "2207", echo)
		must(t, err)
		spare := q.spares.ids[0].id
		h.move(rest)
		s := settle1(t, q, "k2", 100, 0, 0, 10)
		next, _, err := q.Request(t.Context(), s.Number, "1101", echo, clerk)
		must(t, err)
		if used := next == spare; used != (name == "soon") || next == id || len(q.spares.ids) > 0 {
			t.Errorf("%s: %s was drawn ahead, the next request has %s", name, spare, next)
		}
	}
}

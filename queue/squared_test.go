package queue

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"settled/settle"
)

// differing settles one that the platform splits otherwise: cash of 5.00 here, there 5.00
// and more.
func differing(t *testing.T, q *Queue, key string, more settle.Fen) string {
	t.Helper()
	a := ackOf(settle1(t, q, key, 3000, 0, 2000, 500))
	a.Fund, a.Cash = a.Fund-more, a.Cash+more
	if more != 0 {
		_, err := q.Acknowledge(t.Context(), a)
		must(t, err)
	}
	return a.Number
}

// TestSquare: a difference is collected, given back or written off once, by just what is
// owed; what moved in cash counts in the shift of the seat, and a reversal owes it back.
// All of it is the same after a rebuild, and the text is sealed.
func TestSquare(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	ctx := t.Context()
	family(t, q, h)
	_, err := q.OpenShift(ctx, clerk, 1000)
	must(t, err)
	more, less, waived, none := differing(t, q, "a", 200), differing(t, q, "b", -230), differing(t, q, "c", 7), differing(t, q, "d", 0)
	square := func(number string, cash settle.Fen, how, why string) error {
		return q.Square(ctx, Squared{Number: number, Cash: cash, How: how, Why: why, By: clerk})
	}
	wantRefusal(t, square(more, 199, ByCash, ""), CodeOwed)
	wantRefusal(t, square(more, -200, ByCash, ""), CodeOwed)
	wantRefusal(t, square(none, 1, ByCash, ""), CodeSquared)
	wantRefusal(t, square("012026112199999", 1, ByCash, ""), CodeNoSettlement)
	wantRefusal(t, square(more, 200, "barter", ""), CodeMalformed)
	wantRefusal(t, square(more, 0, ByCash, ""), CodeMalformed)
	must(t, square(more, 200, ByCash, ""))
	must(t, square(less, -230, ByCash, ""))
	must(t, square(waived, 7, Waived, "王小明"))
	err = square(more, 200, ByCash, "")
	wantRefusal(t, err, CodeSquared)
	if no, ok := errors.AsType[*settle.Refusal](err); !ok || !strings.Contains(no.Cashier, "0001 于 2026-11-21") || !strings.Contains(no.Cashier, "补收 ￥2.00") {
		t.Errorf("the second time is told %v", no)
	}
	wantRefusal(t, square(waived, 7, Waived, ""), CodeSquared)
	reverse(t, q, voidOf(more, "va"))
	reverse(t, q, voidOf(waived, "vc"))
	if r, err := q.Get(more); err != nil || r.Owed != -200 {
		t.Errorf("a reversed settlement owes back %s, %v", r.Owed, err)
	}
	must(t, square(more, -200, ByOther, ""))
	wantRefusal(t, square(more, -200, ByOther, ""), CodeSquared)
	wantRefusal(t, square(waived, -7, ByCash, ""), CodeSquared)
	var did []string
	for _, d := range didOn(t, q, 20261121) {
		if d.Kind == kindSquared {
			did = append(did, d.Number+" "+d.What)
		}
	}
	same(t, "who did what", did, []string{more + " cash 2.00", less + " cash -2.30", waived + " waived 0.07", more + " other -2.00"})
	check := func() {
		t.Helper()
		verified(t, q)
		now, ok, err := q.CurrentShift("W01")
		if err != nil || !ok || now.Collected != (Tally{Count: 1, Amounts: Amounts{Total: 200, Cash: 200}}) ||
			now.GivenBack != (Tally{Count: 1, Amounts: Amounts{Total: 230, Cash: 230}}) ||
			now.Cash != 1000+now.Settled.Cash-now.Voided.Cash+200-230 {
			t.Errorf("shift %+v, %v", now, err)
		}
		numbers, err := q.Differing()
		must(t, err)
		same(t, "differing", numbers, []string{more, less, waived})
		r, err := q.Get(waived)
		must(t, err)
		if r.Squared == nil || r.Squared.Why != "王小明" || r.Squared.How != Waived || r.Squared.By != clerk || r.Owed != 0 {
			t.Errorf("%+v", r.Squared)
		}
	}
	check()
	mustClose(t, q)
	data, err := os.ReadFile(filepath.Join(dir, journalDir, "journal-000000000001.jsonl"))
	must(t, err)
	if bytes.Contains(data, []byte("王小明")) || bytes.Count(data, []byte(`"kind":"squared"`)) != 4 {
		t.Error("not sealed, or not four entries")
	}
	if entry, said := pythonChecker(t, dir); entry != 0 {
		t.Error(said)
	}
	must(t, os.Remove(filepath.Join(dir, storeName)))
	q = mustOpen(t, dir, options(h))
	check()
	closed, err := q.CloseShift(ctx, clerk, 0)
	must(t, err)
	if closed.Collected.Cash != 200 || closed.GivenBack.Cash != 230 {
		t.Errorf("closed %+v", closed)
	}
}

// TestSquareElsewhere: what is squared where no shift is open is refused if one is asked
// for, else kept and in none.
func TestSquareElsewhere(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	family(t, q, h)
	_, err := q.OpenShift(t.Context(), clerk, 0)
	must(t, err)
	number := differing(t, q, "a", 200)
	elsewhere := Squared{Number: number, Cash: 200, How: ByCash, By: By{Operator: "0002", Device: "W02"}, InShift: true}
	wantRefusal(t, q.Square(t.Context(), elsewhere), CodeNoShift)
	elsewhere.InShift = false
	must(t, q.Square(t.Context(), elsewhere))
	if s, _, err := q.CurrentShift("W01"); err != nil || s.Collected.Count != 0 || s.Cash != s.Settled.Cash {
		t.Errorf("%+v, %v", s, err)
	}
	verified(t, q)
}

package queue

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"settled/settle"
)

// TestShift: what is settled and reversed at a seat belongs to the shift that is open
// there, also a void of what an earlier shift settled.
func TestShift(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	ctx := t.Context()
	family(t, q, h)
	settle1(t, q, "none", 1, 0, 0, 1) // no shift is open
	_, err := q.CloseShift(ctx, clerk, 0)
	wantRefusal(t, err, CodeNoShift)
	open, err := q.OpenShift(ctx, clerk, 20000)
	must(t, err)
	_, err = q.OpenShift(ctx, clerk, 0)
	wantRefusal(t, err, CodeShiftOpen)
	a, b := settle1(t, q, "a", 300, 0, 200, 50), settle1(t, q, "b", 30, 0, 20, 500)
	other := bill(q, "other", version(t, q), 1, 0, 0, 1)
	other.By.Device = "W02"
	_, _, err = q.Settle(ctx, other)
	must(t, err)
	reverse(t, q, refundOf(b, "rb", 10, 5, 100))
	now, ok, err := q.CurrentShift("W01")
	if err != nil || !ok || now.Number != open.Number || now.Closed != nil || now.Cash != 20000+550-100 ||
		now.Settled != (Tally{Count: 2, Amounts: Amounts{Total: 1100, Fund: 330, Family: 220, Cash: 550}}) ||
		now.Refunded != (Tally{Count: 1, Amounts: Amounts{Total: 115, Fund: 10, Family: 5, Cash: 100}}) || now.Voided.Count != 0 {
		t.Errorf("shift %+v, %v", now, err)
	}
	closed, err := q.CloseShift(ctx, By{Operator: "0002", Device: "W01"}, 20400)
	must(t, err)
	s, err := q.Status()
	must(t, err)
	if closed.Closed == nil || closed.Closed.Over != -50 || closed.Closed.By.Operator != "0002" || closed.Closed.Entry != s.Entry || closed.Closed.Hash != s.Hash {
		t.Errorf("closed %+v %+v", closed, closed.Closed)
	}
	_, err = q.OpenShift(ctx, clerk, 0)
	must(t, err)
	v := reverse(t, q, voidOf(a.Number, "ra"))
	now, _, err = q.CurrentShift("W01")
	if err != nil || now.Voided != (Tally{Count: 1, Amounts: amountsOf(&a.Split)}) || now.Cash != -50 || v.Shift != now.Number {
		t.Errorf("next shift %+v, %v", now, err)
	}
	if r, err := q.Get(a.Number); err != nil || r.Shift != open.Number {
		t.Errorf("shift of a settlement %d, %v", r.Shift, err)
	}
	verified(t, q)
	mustClose(t, q)
	must(t, os.Remove(filepath.Join(dir, storeName)))
	q = mustOpen(t, dir, options(h))
	list, err := q.Shifts("W01", 0, 10)
	must(t, err)
	same(t, "shifts", list, []Shift{closed, now})
	if list, err := q.Shifts("W02", 0, 10); err != nil || len(list) != 0 {
		t.Errorf("shifts of another seat %+v, %v", list, err)
	}
	for name, cash := range map[string]settle.Fen{"negative": -1, "too much": settle.MaxFen + 1} {
		if _, err := q.CloseShift(ctx, clerk, cash); err == nil {
			t.Error(name)
		}
	}
	_, err = q.Shift(1)
	wantRefusal(t, err, CodeNoShift)
}

// TestRulesLinksNotes: what was made active and ended is what is, and what was noted
// stands in the journal, sealed.
func TestRulesLinksNotes(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	ctx := t.Context()
	family(t, q, h)
	must(t, q.Activate(ctx, "r8", "", clerk))
	n := verified(t, q).Entries
	must(t, q.Activate(ctx, "r8", "", clerk))
	must(t, q.Note(ctx, "key", "王小明", clerk))
	v := version(t, q)
	must(t, q.EndLink(ctx, child1(q), donor1(q), settle.MutualAid, 20261231, clerk))
	p, err := q.Position(child1(q), period)
	if err != nil || p.Family[0].LinkTo != 20261231 || p.Version == v {
		t.Errorf("%+v %v", p, err)
	}
	wantRefusal(t, q.EndLink(ctx, child1(q), donor1(q), settle.FamilyDisplay, 20261231, clerk), CodeNoLink)
	wantRefusal(t, q.EndLink(ctx, child1(q), donor1(q), settle.MutualAid, 20191231, clerk), CodeMalformed)
	if got := verified(t, q).Entries; got != n+2 {
		t.Errorf("%d entries, want %d", got, n+2)
	}
	mustClose(t, q)
	data, err := os.ReadFile(filepath.Join(dir, journalDir, "journal-000000000001.jsonl"))
	must(t, err)
	if bytes.Contains(data, []byte("王小明")) || !bytes.Contains(data, []byte(`"kind":"note","op":"0001","dev":"W01","rules":"r8"`)) {
		t.Error("the note is not sealed, or not of the rules in force")
	}
	q = mustOpen(t, dir, options(h))
	must(t, q.Activate(ctx, "r8", "", clerk))
	if got := verified(t, q).Entries; got != n+2 {
		t.Errorf("%d entries after a restart with the rules in force, want %d", got, n+2)
	}
}

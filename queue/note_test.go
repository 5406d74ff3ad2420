package queue

import (
	"os"
	"path/filepath"
	"testing"
)

// TestReprint counts the copies of slips, of settlements and voids, also over a restart
// and from the journal alone; what never was has none.
func TestReprint(t *testing.T) {
	h, dir := newHand(), t.TempDir()
	q := mustOpen(t, dir, options(h))
	family(t, q, h)
	s := settle1(t, q, "k1", 3000, 0, 2000, 500)
	v := reverse(t, q, voidOf(s.Number, "v1"))
	again := func(number string, want int) {
		t.Helper()
		n, err := q.Reprint(t.Context(), number, By{Operator: "0001", Device: "W01"})
		if err != nil || n != want {
			t.Errorf("%s: copy %d, %v, want %d", number, n, err, want)
		}
		if got, err := q.Copies(number); err != nil || got != want {
			t.Errorf("%s: %d copies, %v, want %d", number, got, err, want)
		}
	}
	if n, err := q.Copies(s.Number); n != 0 || err != nil {
		t.Errorf("%d copies of what was not given out again, %v", n, err)
	}
	again(s.Number, 1)
	again(s.Number, 2)
	again(v.Number, 1)
	_, err := q.Reprint(t.Context(), "012026112100099", By{Operator: "0001", Device: "W01"})
	wantRefusal(t, err, CodeNoSettlement)
	must(t, q.Note(t.Context(), "reconcile 2026-11-22", "nothing to count", By{Operator: "0001", Device: "W01"}))
	verified(t, q)
	mustClose(t, q)
	q = mustOpen(t, dir, options(h))
	again(s.Number, 3)
	verified(t, q)
	mustClose(t, q)
	must(t, os.Remove(filepath.Join(dir, storeName)))
	q = mustOpen(t, dir, options(h))
	again(s.Number, 4)
	again(v.Number, 2)
	verified(t, q)
}

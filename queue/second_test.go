package queue

import (
	"encoding/json"
	"testing"

	"settled/queue/journal"
)

// two is a clerk with another person who stands for it too.
var two = By{Operator: clerk.Operator, Device: clerk.Device, Second: "0002"}

// TestSecond: who else stood for a reversal, a release or a repair is in its entry; nobody
// is the second person of himself, and nothing is written then.
func TestSecond(t *testing.T) {
	dir, h := t.TempDir(), newHand()
	q := mustOpen(t, dir, options(h))
	some(t, q, h, "a", 4)
	list, err := q.List(Filter{})
	must(t, err)
	whole, part := list[1].Settlement, list[3].Settlement
	one := By{Operator: "0001", Device: "W01", Second: "0001"}
	before, err := q.Status()
	must(t, err)
	for _, by := range []By{one, {Operator: "0001", Device: "W01", Second: "a\"b"}} {
		r := voidOf(whole.Number, "v")
		r.By = by
		_, _, err = q.Reverse(t.Context(), r)
		wantRefusal(t, err, CodeMalformed)
		wantRefusal(t, q.Release(t.Context(), firstHeld(t, q), "x", by), CodeMalformed)
		wantRefusal(t, q.Repair(t.Context(), Repair{Number: firstHeld(t, q), Set: map[string]string{"doctor.code": "D9"}, By: by}), CodeMalformed)
	}
	if after, err := q.Status(); err != nil || after.Entry != before.Entry {
		t.Errorf("%d entries, then %d: %v", before.Entry, after.Entry, err)
	}
	voiding, refunding := voidOf(whole.Number, "v"), refundOf(part, "r", 0, 0, part.Split.Cash)
	voiding.By, refunding.By = two, two
	voids := []Void{reverse(t, q, voiding), reverse(t, q, refunding)}
	held := firstHeld(t, q)
	must(t, q.Repair(t.Context(), Repair{Number: held, Set: map[string]string{"doctor.code": "D9"}, Why: "a typo", By: two}))
	mustClose(t, q)
	q = mustOpen(t, dir, options(h))
	for _, v := range voids {
		if got, err := q.Void(v.Number); err != nil || got.By != two || v.By != two {
			t.Errorf("%s by %+v, then %+v: %v", v.Number, v.By, got.By, err)
		}
	}
	r, err := q.Get(held)
	if err != nil || len(r.Repairs) != 1 || r.Repairs[0].By != two {
		t.Errorf("%+v %v", r.Repairs, err)
	}
	var release released
	must(t, q.journal.Walk(journal.Pos{}, func(e journal.Entry) error {
		if e.Kind != kindRelease {
			return nil
		}
		return json.Unmarshal(e.Body, &release)
	}))
	if release.Second != "0002" {
		t.Errorf("release %+v", release)
	}
}

package queue

import (
	"slices"
	"testing"
)

// TestParties: the patient and the accounts that pay, as long as the settlement waits.
func TestParties(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	defer mustClose(t, q)
	family(t, q, h)
	alone := settle1(t, q, "alone", 100, 0, 0, 50)
	drawn := settle1(t, q, "drawn", 100, 0, 50, 0)
	for number, want := range map[string][]string{alone.Number: {child1(q)}, drawn.Number: {child1(q), donor1(q)}} {
		if got, err := q.Parties(number); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v %v, want %v", got, err, want)
		}
	}
	_, err := q.Acknowledge(t.Context(), ackOf(drawn))
	must(t, err)
	if got, err := q.Parties(drawn.Number); err != nil || len(got) > 0 {
		t.Errorf("%v %v of what does not wait", got, err)
	}
	_, err = q.Parties(numberBlank)
	wantRefusal(t, err, CodeNoSettlement)
}

package queue

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestIDsOfAnInstitution: 99 counters of one institution settle, refund and draw message
// ids, at the same moments, are restarted, well and by a crash, and have their clocks put
// back, by minutes and by days. No number and no message id comes twice.
func TestIDsOfAnInstitution(t *testing.T) {
	counters, rounds := 99, 4
	if testing.Short() {
		counters = 9
	}
	numbers, msgids := map[string]bool{}, map[string]bool{}
	take := func(seen map[string]bool, id string) {
		t.Helper()
		if seen[id] {
			t.Fatalf("%s came twice", id)
		}
		seen[id] = true
	}
	for counter := range counters {
		h := newHand()
		o := options(h)
		o.Counter = fmt.Sprintf("%02d", counter+1)
		dir := t.TempDir()
		for round := range rounds {
			q := mustOpen(t, dir, o)
			for i := range 2 {
				s := settle1(t, q, fmt.Sprint("k", round, i), 100, 0, 0, 10)
				v := reverse(t, q, refundOf(s, fmt.Sprint("r", round, i), 10, 0, 1))
				for _, n := range []string{s.Number, v.Number, v.Kept} {
					take(numbers, n)
				}
				for range 3 {
					id, err := q.MsgID(t.Context())
					must(t, err)
					take(msgids, id)
				}
				id, _, err := q.Request(t.Context(), v.Kept, "2207", func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
				must(t, err)
				take(msgids, id)
				h.move(time.Duration(rand.IntN(1500)) * time.Millisecond)
			}
			if round%2 == 0 {
				mustClose(t, q)
			} else {
				crash(t, q)
			}
			h.move([]time.Duration{-5 * time.Minute, -48 * time.Hour, 24 * time.Hour, 0}[round%4])
		}
	}
	if n := counters * rounds * 6; len(numbers) != n {
		t.Errorf("%d numbers, want %d", len(numbers), n)
	}
}

package queue

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"settled/settle"
)

// TestBooked: what the platform said is found by the day on which it said so, whenever it
// was settled; what it never had is not.
func TestBooked(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	family(t, q, h)
	var made []settle.Settlement
	var numbers []string
	for i := range 4 {
		made = append(made, settle1(t, q, fmt.Sprint("a", i), 100, 0, 10, 5))
		numbers = append(numbers, made[i].Number)
	}
	first := dateOf(h.read())
	acknowledge(t, q, made[0])
	h.move(48 * time.Hour)
	later := dateOf(h.read())
	ack := ackOf(made[1])
	ack.Fund, ack.Cash = ack.Fund-1, ack.Cash+1
	_, err := q.Acknowledge(t.Context(), ack)
	must(t, err)
	acknowledge(t, q, made[2])
	void := reverse(t, q, voidOf(made[2].Number, "r")).Number
	for since, want := range map[settle.Date][]string{first: numbers[:3], later: numbers[1:3], later + 1: nil} {
		acked, withdrawn, err := q.Booked(since)
		must(t, err)
		if !slices.Equal(acked, want) || withdrawn != nil {
			t.Errorf("since %s: %v %v, want %v", since, acked, withdrawn, want)
		}
	}
	must(t, q.Undo(t.Context(), Undone{Number: void, Withdrawn: true}))
	ask(t, q, numbers[3], "2207", "") // the platform never had it: nothing was withdrawn
	never := reverse(t, q, voidOf(numbers[3], "r3")).Number
	ask(t, q, never, "2601", ClassOK)
	must(t, q.Undo(t.Context(), Undone{Number: never}))
	if _, withdrawn, err := q.Booked(later); err != nil || !slices.Equal(withdrawn, []string{void}) {
		t.Errorf("withdrawn: %v %v, want %s", withdrawn, err, void)
	}
	if list, err := q.Differing(); err != nil || !slices.Equal(list, numbers[1:2]) {
		t.Errorf("differing: %v %v, want %v", list, err, numbers[1:2])
	}
}

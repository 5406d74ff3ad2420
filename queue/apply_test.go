package queue

import (
	"fmt"
	"testing"
)

// TestKept: a row that stays in memory after bbolt has it is always the last one, and
// there is a bound to them.
func TestKept(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	for i := range 3 {
		settle1(t, q, fmt.Sprint("k", i), 10, 0, 0, 0)
		before := version(t, q)
		must(t, q.Flush(t.Context()))
		q.mu.RLock()
		row, ok := q.known[cell{persons.name, child1(q)}].(personRow)
		q.mu.RUnlock()
		if !ok || len(row.Uses) != i+1 || version(t, q) != before {
			t.Errorf("after %d settlements: %+v, version %d, before %d", i+1, row, version(t, q), before)
		}
	}
	rows := layer{}
	for i := range maxKnown + 7 {
		rows[cell{persons.name, fmt.Sprint(i)}] = personRow{}
	}
	q.mu.Lock()
	q.keep(again(rows))
	n := len(q.known)
	clear(q.known) // of people who are not in bbolt
	q.mu.Unlock()
	if n != maxKnown {
		t.Errorf("%d rows are kept", n)
	}
	if rows := again(layer{{settlements.name, "1"}: settlementRow{}, {ids.name, one}: idsRow{}}); len(rows) != 1 {
		t.Errorf("kept: %v", rows)
	}
}

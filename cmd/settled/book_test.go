package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"settled/settle"
)

// TestReplayStopped: a journal that failed in a write does not say that a bill was not
// settled, since the write may be there: who paid for it is not paid back on that.
func TestReplayStopped(t *testing.T) {
	k := newKept(t)
	q := k.open(t)
	k.settle(t, q, "a", 1)
	b := &book{queue: q}
	if _, found, err := b.Replay(t.Context(), "other", "d"); found || err != nil {
		t.Fatal(found, err)
	}
	if err := os.RemoveAll(filepath.Join(k.state, "journal")); err != nil {
		t.Fatal(err)
	}
	k.now = k.now.Add(24 * time.Hour) // a new file is due
	if err := q.Note(t.Context(), "test", "x", b.by); err == nil {
		t.Fatal("the journal still takes entries")
	}
	var no *settle.Refusal
	if _, _, err := b.Replay(t.Context(), "other", "d"); !errors.As(err, &no) || no.Code != settle.JournalStopped {
		t.Errorf("%v", err)
	}
}

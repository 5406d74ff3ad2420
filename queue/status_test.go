package queue

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestStatusWhileStopped: whatever stopped the queue, and though the status is the
// first to find bbolt damaged, it says so and does not fail. It touches a damaged file
// once and not again.
func TestStatusWhileStopped(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	some(t, q, h, "a", 20)
	must(t, q.Flush(t.Context()))
	want, err := q.Status()
	must(t, err)
	store := filepath.Join(dir, storeName)
	data, err := os.ReadFile(store)
	must(t, err)
	for i := 2 * 4096; i < len(data); i += 100 {
		data[i] ^= 0x55
	}
	f, err := os.OpenFile(store, os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt(data[2*4096:], 2*4096)
	must(t, errors.Join(err, f.Close()))
	mark := filepath.Join(dir, suspectName)
	for range 2 {
		_ = os.Remove(mark) // made anew if the file is read again
		s, err := q.Status()
		if err != nil || !errors.Is(s.Stopped, ErrStopped) || !isCorrupt(s.Stopped) || s.Entry != want.Entry || s.Hash != want.Hash || !s.At.Equal(want.At) {
			t.Fatalf("status %+v, %v", s, err)
		}
	}
	if _, err := os.Stat(mark); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the damaged file was read again: %v", err)
	}
	mustClose(t, q)
	if _, err := q.Status(); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestStatusAfterStop: a queue that stopped for another reason still counts.
func TestStatusAfterStop(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), lagging(h))
	some(t, q, h, "a", 4)
	h.move(time.Second)
	want, err := q.Status()
	must(t, err)
	_ = q.stop(errFault)
	got, err := q.Status()
	if err != nil || !errors.Is(got.Stopped, errFault) {
		t.Fatalf("status %+v, %v", got, err)
	}
	got.Stopped = nil
	same(t, "stopped", got, want)
}

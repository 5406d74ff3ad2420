package queue

import (
	"errors"
	"os"
	"slices"
	"testing"
)

// TestHistory reads the settlements of a queue that is open, with all that was sealed,
// and no other kind of entry.
func TestHistory(t *testing.T) {
	dir, h := t.TempDir(), newHand()
	q := mustOpen(t, dir, options(h))
	family(t, q, h)
	first := settle1(t, q, "k1", 5000, 0, 2000, 300)
	_, err := q.Acknowledge(t.Context(), ackOf(first))
	must(t, err)
	second := settle1(t, q, "k2", 100, 0, 0, 0)
	var numbers []string
	err = History(dir, options(h).Key, func(r Record) error {
		numbers = append(numbers, r.Settlement.Number)
		want, err := q.Get(r.Settlement.Number)
		must(t, err)
		if r.Settlement.Who != want.Settlement.Who || r.Settlement.Who.Name != childName || r.Settlement.Split.Fund != want.Settlement.Split.Fund ||
			!r.At.Equal(want.At) || r.Hash != want.Hash || r.State != "" {
			t.Errorf("%+v\nwant %+v", r, want)
		}
		return nil
	})
	if err != nil || !slices.Equal(numbers, []string{first.Number, second.Number}) {
		t.Errorf("%v, %v", numbers, err)
	}
	stop := errors.New("enough")
	if err := History(dir, options(h).Key, func(Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	if err := History(dir, []byte("another key of the very same size"[:KeySize]), func(Record) error { return stop }); !errors.Is(err, ErrForeign) {
		t.Errorf("another key: %v", err)
	}
	if err := History(t.TempDir(), options(h).Key, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no journal: %v", err)
	}
}

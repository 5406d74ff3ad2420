package journal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestDay: a day's entries are those from midnight to midnight, wherever the files begin:
// with the day, in its midst as after a restore, or the evening before.
func TestDay(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 20, 23, 59, 59, 0, zone)
	j := mustOpen(t, dir, Options{Now: func() time.Time { return now }})
	midnight := func(day int) time.Time { return time.Date(2026, 11, day, 0, 0, 0, 0, zone) }
	day := func(n int) (list []uint64) {
		t.Helper()
		if err := j.Day(midnight(n), func(e Entry) error { list = append(list, e.N); return nil }); err != nil {
			t.Fatal(err)
		}
		return list
	}
	write := func(at time.Time, roll bool, n int) {
		t.Helper()
		if now = at; roll {
			if err := j.Roll(); err != nil {
				t.Fatal(err)
			}
		}
		batch(t, j, n)
	}
	if got := day(20); got != nil {
		t.Errorf("of an empty journal: %v", got)
	}
	batch(t, j, 2)
	write(midnight(21), false, 1)                       // 3: a batch that midnight overtook
	write(midnight(21).Add(9*time.Hour), true, 2)       // 4, 5
	write(midnight(21).Add(12*time.Hour), true, 1)      // 6
	write(midnight(23).Add(-time.Millisecond), true, 1) // 7, of the 22nd
	write(midnight(24), true, 2)                        // 8, 9
	if err := j.Roll(); err != nil {                    // and a file without an entry
		t.Fatal(err)
	}
	for n, want := range map[int][]uint64{19: nil, 20: {1, 2}, 21: {3, 4, 5, 6}, 22: {7}, 23: nil, 24: {8, 9}, 25: nil} {
		if got := day(n); !slices.Equal(got, want) {
			t.Errorf("day %d: entries %v, want %v", n, got, want)
		}
	}
	stop := errors.New("enough")
	if err := j.Day(midnight(21), func(Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the caller's error became %v", err)
	}
	name := filepath.Join(dir, FileName(4))
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-100] ^= 1
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := errors.AsType[*Damage](j.Day(midnight(21), func(Entry) error { return nil })); !ok {
		t.Error("a changed line was given out")
	}
	if got := day(24); !slices.Equal(got, []uint64{8, 9}) {
		t.Errorf("another day's damage: %v", got)
	}
	mustClose(t, j)
}

package reconcile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"settled/cmd/settled/internal/reconcile"
	"settled/queue"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func shares(dir string, key byte, counter string) func(t *testing.T, at time.Time, rows ...reconcile.Row) []reconcile.Share {
	s := reconcile.NewShares(dir, bytes.Repeat([]byte{key}, queue.KeySize), "H44030500001", counter)
	return func(t *testing.T, at time.Time, rows ...reconcile.Row) []reconcile.Share {
		t.Helper()
		others, err := s.Exchange(t.Context(), reconcile.Share{Counter: counter, Day: d21, At: at, Rows: reconcile.Booked(rows, d21)})
		if err != nil {
			t.Fatal(err)
		}
		return others
	}
}

// TestShares: each counter sees what the platform booked of the others' that day, as they
// last left it, and nothing else of them; the files tell nobody else anything.
func TestShares(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "books")
	first, second, stranger := shares(dir, 1, "01"), shares(dir, 1, "02"), shares(dir, 2, "03")
	lost := row("02", d21, "?", yuan(2, 1, 0, 0, 1))
	lost.Booked.At = "" // the answer that named its time was lost
	mine := []reconcile.Row{
		row("01", d20, "2026-11-21 08:00:00", yuan(10, 6, 1, 2, 1)), lost, row("03", d21, "2026-11-22 00:00:01", yuan(3, 2, 0, 0, 1)), row("04", d21, "", yuan(4, 3, 0, 0, 1)),
	}
	if others := first(t, noon, mine...); len(others) != 0 {
		t.Errorf("alone, and saw %+v", others)
	}
	got := second(t, noon)
	if len(got) != 1 || got[0].Counter != "01" || !got[0].At.Equal(noon) || len(got[0].Rows) != 2 {
		t.Fatalf("the second saw %+v", got)
	}
	if r := got[0].Rows[0]; r.Counter != "01" || *r.Booked != *mine[0].Booked || r.Person != "" || r.Made != 0 || r.Number != "01" {
		t.Errorf("row %+v of %+v", r, r.Booked)
	}
	if got := stranger(t, noon); len(got) != 0 {
		t.Errorf("another institution's key opened %+v", got)
	}
	later := noon.Add(time.Hour)
	first(t, later, mine[:1]...)
	if got = second(t, noon); len(got) != 1 || len(got[0].Rows) != 1 || !got[0].At.Equal(later) {
		t.Errorf("after it was left anew %+v", got)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 3 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil || bytes.Contains(data, []byte("S01")) || bytes.Contains(data, []byte("P1")) || strings.Contains(name, "2026") {
			t.Errorf("%s %v tells %q", name, err, data)
		}
	}
	first(t, noon.AddDate(0, 0, 70)) // which takes away the one that it has just left
	if got = second(t, noon); len(got) != 0 {
		t.Errorf("after 70 days there is still %+v", got)
	}
}

// TestSharesDamaged: a file that does not open is told, and the others are read.
func TestSharesDamaged(t *testing.T) {
	dir := t.TempDir()
	shares(dir, 1, "02")(t, noon)
	damaged, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(damaged) != 1 {
		t.Fatal(damaged, err)
	}
	shares(dir, 1, "03")(t, noon)
	if err := os.WriteFile(damaged[0], []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := reconcile.NewShares(dir, bytes.Repeat([]byte{1}, queue.KeySize), "H44030500001", "01")
	own := reconcile.Share{Counter: "01", Day: d21, At: noon}
	others, err := s.Exchange(t.Context(), own)
	if err == nil || !strings.Contains(err.Error(), "counter 02") || len(others) != 1 || others[0].Counter != "03" {
		t.Errorf("%+v %v", others, err)
	}
	s = reconcile.NewShares(damaged[0], bytes.Repeat([]byte{1}, queue.KeySize), "H44030500001", "01")
	if _, err := s.Exchange(t.Context(), own); err == nil {
		t.Error("a file served as the directory")
	}
}

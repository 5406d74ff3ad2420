package bills_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"settled/cmd/settled/internal/bills"
	"settled/cmd/settled/internal/sealed"
	"settled/queue"
	"settled/settle"
)

type clock struct{ now time.Time }

func open(t *testing.T, dir string, c *clock) *bills.Store {
	t.Helper()
	folder, err := sealed.Open(dir, "bills", bytes.Repeat([]byte{7}, queue.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s, err := bills.Open(folder, func() time.Time { return c.now }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func bill(t *testing.T, n int) []byte {
	t.Helper()
	data, err := os.ReadFile("../../../../testdata/bills/child-visit.json")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(data, []byte("MZ20261121-000317"), fmt.Appendf(nil, "MZ-%04d", n))
}

// TestStore: what waits survives a restart in its order, goes when it is paid or old,
// and a bill that is at fault is refused at once.
func TestStore(t *testing.T) {
	dir, c := t.TempDir(), &clock{time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)}
	s := open(t, dir, c)
	for n := range 3 {
		if _, err := s.Put(bill(t, 3-n)); err != nil {
			t.Fatal(err)
		}
		c.now = c.now.Add(time.Minute)
	}
	if _, err := s.Put([]byte(`{"key":"x"}`)); !isRefusal(err) {
		t.Errorf("a bad bill: %v", err)
	}
	s = open(t, dir, c)
	list := s.List()
	if len(list) != 3 || list[0].Key != "MZ-0003" || list[0].Total != 25894 || list[0].Lines != 12 || list[0].Department != "儿科门诊" || !bytes.Equal(list[0].Data, bill(t, 3)) {
		t.Fatalf("after a restart: %+v", list)
	}
	if err := errors.Join(s.Drop("MZ-0003"), s.Drop("MZ-0003"), s.Drop("never")); err != nil {
		t.Error(err)
	}
	if _, err := s.Get("MZ-0003"); !isRefusal(err) {
		t.Errorf("a paid bill: %v", err)
	}
	if b, err := s.Get("MZ-0002"); err != nil || b.Key != "MZ-0002" {
		t.Errorf("%+v %v", b, err)
	}
	c.now = c.now.Add(8 * 24 * time.Hour)
	if list := open(t, dir, c).List(); len(list) != 0 {
		t.Errorf("old bills wait: %d", len(list))
	}
}

// TestFull: a system that sends without end fills no disk.
func TestFull(t *testing.T) {
	c := &clock{time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)}
	s, err := bills.Open(&memory{}, func() time.Time { return c.now }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for n := range 500 {
		if _, err := s.Put(bill(t, n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Put(bill(t, 500)); !isRefusal(err) {
		t.Errorf("one too many: %v", err)
	}
	if _, err := s.Put(bill(t, 1)); err != nil {
		t.Errorf("the same again: %v", err)
	}
}

// memory keeps nothing over a restart.
type memory struct{}

func (memory) Put(string, []byte) error         { return nil }
func (memory) Remove(string) error              { return nil }
func (memory) All() ([][]byte, []string, error) { return nil, nil, nil }

func isRefusal(err error) bool {
	var r *settle.Refusal
	return errors.As(err, &r) && r.Cashier != ""
}

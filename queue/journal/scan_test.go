package journal

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"
)

// numbers scans a journal and gives the numbers of its entries.
func numbers(t *testing.T, dir string, during func(n uint64)) ([]uint64, error) {
	t.Helper()
	var list []uint64
	_, err := Scan(dir, func(e Entry) error {
		list = append(list, e.N)
		if during != nil {
			during(e.N)
		}
		return nil
	})
	return list, err
}

// TestScan reads a journal that is open, over two files, and leaves no trace.
func TestScan(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	defer mustClose(t, j)
	batch(t, j, 3)
	if err := j.Roll(); err != nil {
		t.Fatal(err)
	}
	last := batch(t, j, 2)[1]
	before := fmt.Sprint(os.ReadDir(dir))
	got, err := Scan(dir, func(Entry) error { return nil })
	if err != nil || got.Head.N != 5 || got.Head.Hash != last.Hash {
		t.Errorf("ended at %+v, %v", got, err)
	}
	if after := fmt.Sprint(os.ReadDir(dir)); after != before {
		t.Errorf("changed the directory: %s, was %s", after, before)
	}
	stop := errors.New("enough")
	if _, err := Scan(dir, func(Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	for _, empty := range []string{t.TempDir(), dir + "/nowhere"} {
		if _, err := Scan(empty, nil); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("no journal: %v", err)
		}
	}
}

// TestScanAhead reads more than is read ahead, in order, and leaves nothing running when
// it is stopped in the midst of it.
func TestScanAhead(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	defer mustClose(t, j)
	for range 12 {
		if _, err := j.Add(Record{Kind: "test", Body: fmt.Appendf(nil, `{"text":%q}`, make([]byte, aheadBytes/6))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Commit(); err != nil {
		t.Fatal(err)
	}
	if list, err := numbers(t, dir, nil); err != nil || len(list) != 12 || !slices.IsSorted(list) {
		t.Errorf("entries %v, %v", list, err)
	}
	stop := errors.New("enough")
	if err := j.Walk(Pos{}, func(Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
}

// TestScanBehindWriter: a line that is being written ends it; if it has become whole
// meanwhile, with more behind it, it goes on, and takes it for no damage.
func TestScanBehindWriter(t *testing.T) {
	data, list := written(t)
	cut := list[3].Loc.Offset + 40 // entries 5 and 6 vouch for entry 4
	dir := put(t, data[:cut])
	if got, err := numbers(t, dir, nil); err != nil || len(got) != 3 {
		t.Errorf("torn: %v %v", got, err)
	}
	got, err := numbers(t, dir, func(n uint64) {
		if n == 3 {
			if err := os.WriteFile(path(dir), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	if err != nil || !slices.Equal(got, []uint64{1, 2, 3, 4, 5, 6}) {
		t.Errorf("written meanwhile: %v %v", got, err)
	}
}

// TestScanDamage: what was durable once and is not what was written is told.
func TestScanDamage(t *testing.T) {
	data, list := written(t)
	for name, at := range map[string]int64{"entry 2": list[1].Loc.Offset + 20, "entry 4, which entry 5 vouches for": list[3].Loc.Offset + 20} {
		bad := slices.Clone(data)
		bad[at] ^= 1
		_, err := numbers(t, put(t, bad), nil)
		if _, is := errors.AsType[*Damage](err); !is {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

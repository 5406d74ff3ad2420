package journal

import (
	"os"
	"testing"
)

func posOf(e Entry) Pos { return Pos{N: e.N, Hash: e.Hash, Loc: e.Loc} }

// TestClosed: a journal that its caller knows to be as it was closed goes on without a
// look at it; where the caller is wrong, Open looks at it as ever.
func TestClosed(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	list := append(batch(t, j, 3), batch(t, j, 2)...)
	mustClose(t, j)
	whole, err := os.ReadFile(path(dir))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		known  Entry
		change func([]byte) []byte
		damage bool
	}{
		"as it was":           {list[4], func(b []byte) []byte { return b }, false},
		"more was written":    {list[3], func(b []byte) []byte { return b }, false},
		"a torn tail":         {list[4], func(b []byte) []byte { return append(b, `{"n":6`...) }, false},
		"a line changed":      {list[4], func(b []byte) []byte { b[len(b)-100] ^= 1; return b }, true},
		"one before, unseen":  {list[4], func(b []byte) []byte { b[100] ^= 1; return b }, false},
		"one before, and cut": {list[3], func(b []byte) []byte { b[100] ^= 1; return b }, true},
	} {
		if err := os.WriteFile(path(dir), tc.change(append([]byte{}, whole...)), 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := Open(dir, Options{Now: clock(t), From: posOf(tc.known), Closed: true, Look: 1 << 20})
		if (err != nil) != tc.damage {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if head, at := j.Head(); head != posOf(list[4]) || !at.Equal(list[4].At) {
			t.Errorf("%s: head %+v at %s", name, head, at)
		}
		if e := batch(t, j, 1)[0]; e.N != 6 || e.Prev != list[4].Hash || e.Base != 5 {
			t.Errorf("%s: goes on with %+v", name, e)
		}
		mustClose(t, j)
	}
}

// TestClosedBeforeTheLast: a caller who does not know of the last file is not believed, also
// if that file is empty.
func TestClosedBeforeTheLast(t *testing.T) {
	for _, more := range []int{0, 2} {
		dir := t.TempDir()
		j := mustOpen(t, dir, Options{})
		known := batch(t, j, 3)[2]
		if err := j.Roll(); err != nil {
			t.Fatal(err)
		}
		if more > 0 {
			batch(t, j, more)
		}
		mustClose(t, j)
		j = mustOpen(t, dir, Options{From: posOf(known), Closed: true})
		if head, _ := j.Head(); head.N != uint64(3+more) || head.Segment != 4 {
			t.Errorf("%d more: head %+v", more, head)
		}
		mustClose(t, j)
	}
}

// TestEach: Open gives what stands behind the place that the caller knows, in order, and
// nothing of a torn tail.
func TestEach(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	list := append(batch(t, j, 3), batch(t, j, 2)...)
	if err := j.Roll(); err != nil {
		t.Fatal(err)
	}
	list = append(list, batch(t, j, 1)...)
	mustClose(t, j)
	f, err := os.OpenFile(path(dir)[:len(path(dir))-len(FileName(1))]+FileName(6), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"n":7,"at":`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for known := range list {
		next := known + 1
		j := mustOpen(t, dir, Options{From: posOf(list[known]), Look: 1 << 20, Each: func(e Entry) error {
			if next >= len(list) || e.Hash != list[next].Hash {
				t.Errorf("from %d: given entry %d", known+1, e.N)
			}
			next++
			return nil
		}})
		if next != len(list) {
			t.Errorf("from %d: given up to %d", known+1, next)
		}
		mustClose(t, j)
	}
}

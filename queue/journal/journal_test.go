package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func clock(t *testing.T) func() time.Time {
	t.Helper()
	now := time.Date(2026, 11, 21, 14, 26, 40, 123456789, time.UTC)
	return func() time.Time { return now }
}

func mustOpen(t *testing.T, dir string, opt Options) *Journal {
	t.Helper()
	if opt.Now == nil {
		opt.Now = clock(t)
	}
	j, err := Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func mustClose(t *testing.T, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// batch commits n records in one batch.
func batch(t *testing.T, j *Journal, n int) []Entry {
	t.Helper()
	var list []Entry
	for range n {
		e, err := j.Add(Record{
			Kind: "test", Operator: "0001", Device: "W01", Rules: "r1",
			Body: fmt.Appendf(nil, `{"i":%d,"text":"中文\",\"seal\":\""}`, len(list)), Seal: []byte{1, 2, byte(len(list))},
		})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	if err := j.Commit(); err != nil {
		t.Fatal(err)
	}
	return list
}

// all walks the whole journal.
func all(t *testing.T, j *Journal) []Entry {
	t.Helper()
	var list []Entry
	if err := j.Walk(Pos{}, func(e Entry) error { list = append(list, e); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

func path(dir string) string { return filepath.Join(dir, FileName(1)) }

func TestAppendReadWalkReopen(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	want := append(batch(t, j, 3), batch(t, j, 2)...)
	mustClose(t, j)

	j = mustOpen(t, dir, Options{From: Pos{N: want[3].N, Hash: want[3].Hash, Loc: want[3].Loc}})
	defer mustClose(t, j)
	got := all(t, j)
	if len(got) != 5 {
		t.Fatalf("%d entries", len(got))
	}
	for i, e := range got {
		if fmt.Sprintf("%+v", e) != fmt.Sprintf("%+v", want[i]) {
			t.Errorf("entry %d: walked\n%+v, wrote\n%+v", i+1, e, want[i])
		}
		r, err := j.Read(want[i].Loc)
		if err != nil || fmt.Sprintf("%+v", r) != fmt.Sprintf("%+v", want[i]) {
			t.Errorf("entry %d: read\n%+v, %v", i+1, r, err)
		}
	}
	if got[0].Base != 0 || got[2].Base != 0 || got[3].Base != 3 || got[4].Base != 3 {
		t.Errorf("bases are not those of the batches: %+v", got)
	}
	if e := batch(t, j, 1)[0]; e.N != 6 || e.Prev != want[4].Hash {
		t.Errorf("goes on with %+v", e)
	}
}

// TestTimeNeverGoesBack: the clock falls a day, and the journal is opened again.
func TestTimeNeverGoesBack(t *testing.T) {
	dir := t.TempDir()
	now := clock(t)()
	opt := Options{Now: func() time.Time { return now }}
	j := mustOpen(t, dir, opt)
	first := batch(t, j, 1)[0]
	now = now.Add(-24 * time.Hour)
	second := batch(t, j, 1)[0]
	mustClose(t, j)
	j = mustOpen(t, dir, opt)
	defer mustClose(t, j)
	third := batch(t, j, 1)[0]
	now = now.Add(48 * time.Hour)
	fourth := batch(t, j, 1)[0]
	if !second.At.Equal(first.At) || !third.At.Equal(first.At) || !fourth.At.Equal(now.Truncate(time.Millisecond)) {
		t.Errorf("times: %v %v %v %v", first.At, second.At, third.At, fourth.At)
	}
}

// TestDrop: what was dropped is not written, and its number is used again.
func TestDrop(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	defer mustClose(t, j)
	batch(t, j, 1)
	rec := func(s string) Record { return Record{Kind: "test", Body: []byte(s)} }
	if _, err := j.Add(rec(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	m := j.Mark()
	if _, err := j.Add(rec(`{"b":1}`)); err != nil {
		t.Fatal(err)
	}
	j.Drop(m)
	if _, err := j.Add(rec(`{"c":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := j.Commit(); err != nil {
		t.Fatal(err)
	}
	got := all(t, j)
	if len(got) != 3 || string(got[1].Body) != `{"a":1}` || string(got[2].Body) != `{"c":1}` {
		t.Errorf("%+v", got)
	}
}

func TestRoll(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	roll := func() {
		t.Helper()
		if err := j.Roll(); err != nil {
			t.Fatal(err)
		}
	}
	roll() // an empty file is not rolled
	batch(t, j, 2)
	roll()
	roll()
	mustClose(t, j) // the new file is empty

	j = mustOpen(t, dir, Options{})
	e := batch(t, j, 1)[0]
	if e.Loc != (Loc{Segment: 3, Offset: 0, Length: e.Loc.Length}) || e.N != 3 {
		t.Fatalf("first entry of the second file: %+v", e)
	}
	roll()
	batch(t, j, 3)
	if n := len(all(t, j)); n != 6 {
		t.Errorf("%d entries", n)
	}
	mustClose(t, j)
	for _, look := range []int64{0, 1 << 20} {
		j = mustOpen(t, dir, Options{From: Pos{N: e.N, Hash: e.Hash, Loc: e.Loc}, Look: look})
		if head, _ := j.Head(); head.N != 6 {
			t.Errorf("look %d: head %+v", look, head)
		}
		mustClose(t, j)
	}
	if err := os.Remove(filepath.Join(dir, FileName(3))); err != nil {
		t.Fatal(err)
	}
	var damage *Damage
	if _, err := Open(dir, Options{}); !errors.As(err, &damage) || damage.Entry != 3 {
		t.Errorf("a missing file: %v", err)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("second opener: %v", err)
	}
	mustClose(t, j)
	mustClose(t, mustOpen(t, dir, Options{}))
}

func TestPosition(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	list := batch(t, j, 3)
	mustClose(t, j)
	good := Pos{N: 2, Hash: list[1].Hash, Loc: list[1].Loc}
	beyond := good
	beyond.Offset += 1 << 20
	other := good
	other.Hash = list[0].Hash
	elsewhere := good
	elsewhere.Segment = 9
	later := beyond
	later.N = 9
	for name, tc := range map[string]struct {
		from  Pos
		other string
	}{"beyond the end": {beyond, good.Hash}, "an entry beyond it": {later, ""}, "another hash": {other, good.Hash}, "another file": {elsewhere, good.Hash}} {
		_, err := Open(dir, Options{From: tc.from})
		lost, ok := errors.AsType[*Lost](err)
		if !ok || !errors.Is(err, ErrPosition) || lost.Known != tc.from || lost.Other != tc.other || lost.Last.N != 3 || lost.Last.Hash != list[2].Hash {
			t.Errorf("%s: %v", name, err)
		}
	}
	mustClose(t, mustOpen(t, dir, Options{From: good}))
	empty := t.TempDir()
	for _, dir := range []string{empty, filepath.Join(empty, "none")} {
		_, err := Open(dir, Options{From: good})
		if lost, ok := errors.AsType[*Lost](err); !ok || lost.Last.N != 0 || lost.Other != "" {
			t.Errorf("empty journal: %v", err)
		}
	}
	if made, err := os.ReadDir(empty); err != nil || len(made) > 0 {
		t.Errorf("made %v, %v", made, err)
	}
}

func TestRecordsThatAreNoLines(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	defer mustClose(t, j)
	good := Record{Kind: "test", Operator: "收费员1", Body: []byte(`{}`)}
	for name, tc := range map[string]struct {
		change func(*Record)
		want   error
	}{
		"no kind":       {func(r *Record) { r.Kind = "" }, ErrRecord},
		"kind":          {func(r *Record) { r.Kind = "Test" }, ErrRecord},
		"quote":         {func(r *Record) { r.Operator = `a"b` }, ErrRecord},
		"control":       {func(r *Record) { r.Device = "a\nb" }, ErrRecord},
		"not UTF-8":     {func(r *Record) { r.Rules = "\xff" }, ErrRecord},
		"no object":     {func(r *Record) { r.Body = []byte(`[]`) }, ErrRecord},
		"line break":    {func(r *Record) { r.Body = []byte("{\n}") }, ErrRecord},
		"empty":         {func(r *Record) { r.Body = nil }, ErrRecord},
		"over the size": {func(r *Record) { r.Seal = make([]byte, MaxLine) }, ErrLimit},
	} {
		r := good
		tc.change(&r)
		if _, err := j.Add(r); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := j.Add(good); err != nil {
		t.Error(err)
	}
	if err := j.Commit(); err != nil || len(all(t, j)) != 1 {
		t.Error("refused records left something behind", err)
	}
}

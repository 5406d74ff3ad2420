package journal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm3"
)

// written makes a journal of three batches (3, 1 and 2 entries) and returns its
// bytes and entries.
func written(t *testing.T) ([]byte, []Entry) {
	t.Helper()
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	list := append(append(batch(t, j, 3), batch(t, j, 1)...), batch(t, j, 2)...)
	mustClose(t, j)
	data, err := os.ReadFile(path(dir))
	if err != nil {
		t.Fatal(err)
	}
	return data, list
}

func put(t *testing.T, data []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(path(dir), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestCheckerOfItsOwn verifies the chain as the package comment says, knowing
// nothing else.
func TestCheckerOfItsOwn(t *testing.T) {
	data, _ := written(t)
	prev := strings.Repeat("0", 64)
	for line := range strings.SplitSeq(strings.TrimSuffix(string(data), "\n"), "\n") {
		covered := line[:len(line)-75]
		sum := sm3.Sum([]byte(covered))
		hash := hex.EncodeToString(sum[:])
		if line[len(covered):] != `,"hash":"`+hash+`"}` || !strings.Contains(covered, `"prev":"`+prev+`"`) {
			t.Fatalf("does not verify: %s", line)
		}
		prev = hash
	}
}

// TestTornTail cuts the file at every byte of the last batch: exactly the whole
// lines before the cut are there, and the journal goes on.
func TestTornTail(t *testing.T) {
	data, list := written(t)
	begin := list[4].Loc.Offset
	for cut := begin; cut <= int64(len(data)); cut++ {
		dir := put(t, data[:cut])
		j := mustOpen(t, dir, Options{})
		want := 4
		for _, e := range list[4:] {
			if e.Loc.End() <= cut {
				want++
			}
		}
		if n := len(all(t, j)); n != want {
			t.Fatalf("cut at %d: %d entries, want %d", cut, n, want)
		}
		torn := cut - list[want-1].Loc.End()
		if c := j.Cut(); (c == nil) != (torn == 0) || (c != nil && c.Bytes != torn) {
			t.Fatalf("cut at %d: told %+v", cut, c)
		} else if c != nil {
			saved, err := os.ReadFile(c.Saved)
			if err != nil || !bytes.Equal(saved, data[cut-torn:cut]) {
				t.Fatalf("cut at %d: saved %q, %v", cut, saved, err)
			}
		}
		if e := batch(t, j, 1)[0]; e.N != uint64(want)+1 || e.Prev != list[want-1].Hash {
			t.Fatalf("cut at %d: goes on with %+v", cut, e)
		}
		mustClose(t, j)
	}
}

// TestHoleInLastBatch: of a batch that was never durable, the disk has the second
// line but not the first. It is cut, not taken for damage.
func TestHoleInLastBatch(t *testing.T) {
	data, list := written(t)
	for _, fill := range []byte{0, 'x'} {
		holed := bytes.Clone(data)
		copy(holed[list[4].Loc.Offset:], bytes.Repeat([]byte{fill}, list[4].Loc.Length))
		j := mustOpen(t, put(t, holed), Options{})
		if n := len(all(t, j)); n != 4 {
			t.Errorf("fill %q: %d entries", fill, n)
		}
		mustClose(t, j)
	}
	j := mustOpen(t, put(t, append(bytes.Clone(data), make([]byte, 8192)...)), Options{})
	defer mustClose(t, j)
	if c := j.Cut(); len(all(t, j)) != 6 || c == nil || c.Saved != "" {
		t.Errorf("zeros behind the end: %+v", c)
	}
}

// TestDamage changes each byte of the lines that a later batch vouches for: Open
// names the entry and changes nothing.
func TestDamage(t *testing.T) {
	data, list := written(t)
	for i := range list[4].Loc.Offset {
		bad := bytes.Clone(data)
		bad[i] ^= 0x01
		dir := put(t, bad)
		_, err := Open(dir, Options{})
		var damage *Damage
		if !errors.As(err, &damage) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		e := list[damage.Entry-1]
		if i < e.Loc.Offset || i >= e.Loc.End() || damage.Offset != e.Loc.Offset {
			t.Fatalf("byte %d changed: named %v", i, damage)
		}
		after, err := os.ReadFile(path(dir))
		if err != nil || !bytes.Equal(after, bad) {
			t.Fatalf("byte %d changed: Open wrote to the file", i)
		}
	}
}

// TestDamageThatTheCallerKnows: the last entry is damaged, no later one vouches for
// it, but the caller has read it: not a torn tail.
func TestDamageThatTheCallerKnows(t *testing.T) {
	data, list := written(t)
	data[list[5].Loc.Offset+20] ^= 1
	var damage *Damage
	last := Pos{N: 6, Hash: list[5].Hash, Loc: list[5].Loc}
	if _, err := Open(put(t, data), Options{From: last}); !errors.As(err, &damage) {
		t.Errorf("known to the caller: %v", err)
	}
	mustClose(t, mustOpen(t, put(t, data), Options{}))
}

// TestWholeLinesAreNotCut: lines taken out, doubled or swapped are all whole, and so
// damage, even at the end of the file.
func TestWholeLinesAreNotCut(t *testing.T) {
	data, _ := written(t)
	l := bytes.SplitAfter(data, []byte("\n"))
	for name, lines := range map[string][][]byte{
		"one taken out":       {l[0], l[1], l[2], l[4], l[5]},
		"the last doubled":    {l[0], l[1], l[2], l[3], l[4], l[5], l[5]},
		"last two swapped":    {l[0], l[1], l[2], l[3], l[5], l[4]},
		"the first taken out": {l[1], l[2]},
	} {
		var damage *Damage
		if _, err := Open(put(t, bytes.Join(lines, nil)), Options{}); !errors.As(err, &damage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLookBack: damage before From is found as far as Look goes, and Walk finds all.
func TestLookBack(t *testing.T) {
	data, list := written(t)
	data[list[1].Loc.Offset+9] ^= 1
	from := Pos{N: 4, Hash: list[3].Hash, Loc: list[3].Loc}
	dir := put(t, data)
	reach := list[3].Loc.Offset - list[2].Loc.Offset
	j := mustOpen(t, dir, Options{From: from, Look: reach})
	var damage *Damage
	if err := j.Walk(Pos{}, func(Entry) error { return nil }); !errors.As(err, &damage) || damage.Entry != 2 {
		t.Errorf("walk: %v", err)
	}
	mustClose(t, j)
	for _, look := range []int64{reach + 1 + int64(list[1].Loc.Length), 1 << 30} {
		if _, err := Open(dir, Options{From: from, Look: look}); !errors.As(err, &damage) {
			t.Errorf("look %d: %v", look, err)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	e := Entry{N: 3, Base: 1, Record: Record{Kind: "a", Body: []byte(`{"a":",\"seal\":\""}`), Seal: []byte("x")}, Prev: Genesis}
	e.At = e.At.AddDate(2026, 0, 0)
	l, _ := appendLine(nil, &e)
	f.Add(l)
	e.Seal = nil
	l, _ = appendLine(nil, &e)
	f.Add(l)
	f.Fuzz(func(t *testing.T, line []byte) {
		if n := len(line); n > suffixLen+1 { // give it a right hash, or nothing gets past it
			sum := sm3.Sum(line[:n-1-suffixLen])
			line = append(bytes.Clone(line[:n-1-suffixLen]), hashKey+hex.EncodeToString(sum[:])+"\"}\n"...)
		}
		e, err := parseLine(line)
		if err != nil {
			return
		}
		if again, _ := appendLine(nil, &e); !bytes.Equal(again, line) {
			t.Errorf("accepted\n%q\nbut writes\n%q", line, again)
		}
	})
}

// TestReplacedLine: someone changes an entry and gives it its right hash, even with
// all that follows taken from another journal. The chain does not hold.
func TestReplacedLine(t *testing.T) {
	data, list := written(t)
	forged := list[1]
	forged.Body = []byte(`{"i":1,"text":"forged"}`)
	line, _ := appendLine(nil, &forged)
	bad := bytes.Clone(data[:list[1].Loc.Offset])
	bad = append(append(bad, line...), data[list[2].Loc.Offset:]...)
	var damage *Damage
	if _, err := Open(put(t, bad), Options{}); !errors.As(err, &damage) || damage.Entry != 3 {
		t.Errorf("line replaced: %v", err)
	}
}

package queue

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"settled/queue/journal"
)

// tree is all that stands in dir: names, and what the files hold.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			all[path] = "directory"
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = string(data)
		return err
	}))
	return all
}

// three makes a queue of three days and returns the places of its entries.
func three(t *testing.T, h *hand, dir string) []journal.Entry {
	t.Helper()
	q := mustOpen(t, dir, options(h))
	for _, day := range []string{"a", "b", "c"} {
		some(t, q, h, day, 4)
		h.move(24 * time.Hour)
	}
	var list []journal.Entry
	must(t, q.journal.Walk(journal.Pos{}, func(e journal.Entry) error {
		list = append(list, e)
		return nil
	}))
	mustClose(t, q)
	return list
}

// losses are ways to lose a journal, each with the entry that it then ends with.
func losses(list []journal.Entry) map[string]struct {
	last uint64
	lose func(dir string) error
} {
	last := list[len(list)-1]
	file := func(dir string) string { return filepath.Join(dir, journal.FileName(last.Loc.Segment)) }
	return map[string]struct {
		last uint64
		lose func(dir string) error
	}{
		"removed": {0, os.RemoveAll},
		"emptied": {0, func(dir string) error { return errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)) }},
		"last day removed": {last.Loc.Segment - 1, func(dir string) error {
			return os.Remove(file(dir))
		}},
		"cut to nothing": {last.Loc.Segment - 1, func(dir string) error {
			return os.Truncate(file(dir), 0)
		}},
		"cut to whole lines": {last.N - 2, func(dir string) error {
			return os.Truncate(file(dir), list[len(list)-2].Loc.Offset)
		}},
		"cut in the last line": {last.N - 1, func(dir string) error {
			return os.Truncate(file(dir), last.Loc.End()-1)
		}},
	}
}

// TestLostJournal loses the journal in each way and keeps bbolt: Open refuses, says
// what is known and what to do, and changes nothing. From the backup it goes on, with
// the next number.
func TestLostJournal(t *testing.T) {
	h := newHand()
	for _, marked := range []bool{false, true} { // found damaged while open, as well
		dir := t.TempDir()
		list := three(t, h, dir)
		if marked {
			mark(t, dir, h)
		}
		known := list[len(list)-1]
		backup := filepath.Join(t.TempDir(), "backup")
		must(t, os.CopyFS(backup, os.DirFS(filepath.Join(dir, journalDir))))
		for name, loss := range losses(list) {
			must(t, loss.lose(filepath.Join(dir, journalDir)))
			before := tree(t, dir)
			_, err := Open(dir, options(h))
			lost, ok := errors.AsType[*Lost](err)
			if !ok {
				t.Fatalf("%s: %v", name, err)
			}
			if lost.Entry != known.N || lost.Hash != known.Hash || lost.Last != loss.last || lost.OtherHash != "" ||
				(loss.last > 0) != (lost.LastHash == list[max(loss.last, 1)-1].Hash) {
				t.Errorf("%s: %+v, known %d %s, last %d", name, lost, known.N, known.Hash, loss.last)
			}
			for _, want := range []string{known.Hash, "backup", filepath.Join(dir, journalDir), filepath.Join(dir, storeName)} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %q does not say %q", name, err, want)
				}
			}
			sameTree(t, name, before, tree(t, dir))
			must(t, os.RemoveAll(filepath.Join(dir, journalDir)))
			must(t, os.CopyFS(filepath.Join(dir, journalDir), os.DirFS(backup)))
		}
		q := mustOpen(t, dir, options(h))
		if proof := verified(t, q); proof.Entries != known.N || proof.Hash != known.Hash {
			t.Errorf("restored: %+v", proof)
		}
		mustClose(t, q)
	}
}

func sameTree(t *testing.T, what string, before, after map[string]string) {
	t.Helper()
	for name := range before {
		if after[name] != before[name] {
			t.Errorf("%s: %s was changed", what, name)
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			t.Errorf("%s: %s was made", what, name)
		}
	}
}

// mark lets an open queue find its bbolt file damaged.
func mark(t *testing.T, dir string, h *hand) {
	t.Helper()
	q := mustOpen(t, dir, options(h))
	q.suspect(corruptf("by the test"))
	must(t, q.db.Close()) // else its lock stays until this process ends
	mustClose(t, q)
}

// TestExchangedJournal: where bbolt's last entry stood, another one stands.
func TestExchangedJournal(t *testing.T) {
	h := newHand()
	dir, other := t.TempDir(), t.TempDir()
	list := three(t, h, dir)
	q := mustOpen(t, other, options(h))
	some(t, q, h, "other", 40)
	mustClose(t, q)
	must(t, os.RemoveAll(filepath.Join(dir, journalDir)))
	must(t, os.CopyFS(filepath.Join(dir, journalDir), os.DirFS(filepath.Join(other, journalDir))))
	before := tree(t, dir)
	_, err := Open(dir, options(h))
	known := list[len(list)-1]
	lost, ok := errors.AsType[*Lost](err)
	if !ok || lost.Entry != known.N || lost.Last <= known.N || lost.OtherHash == "" || lost.OtherHash == known.Hash {
		t.Errorf("exchanged: %+v, %v", lost, err)
	}
	sameTree(t, "exchanged", before, tree(t, dir))
	must(t, os.Rename(filepath.Join(dir, storeName), filepath.Join(t.TempDir(), storeName))) // as the text says
	verified(t, mustOpen(t, dir, options(h)))
}

// TestLostBehindDamage: bbolt is damaged, but the row that says what it reflects is
// whole: a journal that ends before that is lost all the same. If nothing in the file
// can be trusted, it is set aside.
func TestLostBehindDamage(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	list := three(t, h, dir)
	db, err := bolt.Open(filepath.Join(dir, storeName), 0o600, nil)
	must(t, err)
	must(t, errors.Join(db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(outbox.name))
		k, _ := b.Cursor().First()
		return b.Delete(k)
	}), db.Close()))
	last := list[len(list)-1]
	file := filepath.Join(dir, journalDir, journal.FileName(last.Loc.Segment))
	must(t, os.Truncate(file, last.Loc.Offset))
	before := tree(t, dir)
	for range 2 {
		_, err = Open(dir, options(h))
		if lost, ok := errors.AsType[*Lost](err); !ok || lost.Last != last.N-1 {
			t.Errorf("a row is lost as well: %v", err)
		}
		sameTree(t, "damaged", before, tree(t, dir))
	}
	must(t, os.WriteFile(filepath.Join(dir, storeName), bytes.Repeat([]byte("x"), 1<<16), 0o600))
	q := mustOpen(t, dir, options(h))
	if s, err := q.Status(); err != nil || len(s.Notices) != 1 || s.Entry != last.N-1 {
		t.Errorf("status %+v, %v", s, err)
	}
	verified(t, q)
}

// TestStoreBehind: a bbolt file of before, as from a backup, is caught up.
func TestStoreBehind(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	some(t, q, h, "a", 4)
	mustClose(t, q)
	store := filepath.Join(dir, storeName)
	old, err := os.ReadFile(store)
	must(t, err)
	q = mustOpen(t, dir, options(h))
	some(t, q, h, "b", 4)
	want := picture(t, q)
	mustClose(t, q)
	must(t, os.WriteFile(store, old, 0o600))
	q = mustOpen(t, dir, options(h))
	same(t, "caught up", picture(t, q), want)
	if s, err := q.Status(); err != nil || len(s.Notices) != 0 {
		t.Errorf("status %+v, %v", s, err)
	}
	verified(t, q)
}

package queue

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"settled/queue/journal"
)

// TestArchivedAway: what was archived and is not at hand is refused before anything is
// written, or not known any more; what is open stays.
func TestArchivedAway(t *testing.T) {
	dir, to, h := t.TempDir(), t.TempDir(), newHand()
	o := options(h)
	q := mustOpen(t, dir, o)
	e := entitled(q, "110101199003077774", "李四", 1000, 0, h.ago(time.Minute))
	must(t, q.Learn(t.Context(), e, clerk))
	some(t, q, h, "a", 4)
	finish(t, q)
	h.move(60 * 24 * time.Hour)
	some(t, q, h, "c", 4)
	_, err := q.Archive(t.Context(), 20261122, to)
	must(t, err)
	if _, ok, err := q.Known(e.Person); ok || err != nil {
		t.Errorf("a word that was archived: known %v, %v", ok, err)
	}
	if _, err := q.Concerned(20261123, 20261123); err != nil {
		t.Errorf("a day that is here: %v", err)
	}
	_, err = q.Concerned(20261122, 20261122)
	wantRefusal(t, err, CodeArchived)
	list, err := q.List(Filter{State: Acknowledged, Limit: 1})
	must(t, err)
	n := verified(t, q).Entries
	for range 2 {
		_, _, err := q.Reverse(t.Context(), voidOf(list[0].Settlement.Number, "v"))
		wantRefusal(t, err, CodeArchived)
	}
	if got := verified(t, q).Entries; got != n {
		t.Errorf("%d entries were written by what was refused", got-n)
	}
	mustClose(t, q)
}

// TestOpenShiftStays: the entry that opened a shift is not archived before it is closed.
func TestOpenShiftStays(t *testing.T) {
	dir, to, h := t.TempDir(), t.TempDir(), newHand()
	q := mustOpen(t, dir, options(h))
	_, err := q.OpenShift(t.Context(), clerk, 0)
	must(t, err)
	some(t, q, h, "a", 4)
	finish(t, q)
	h.move(60 * 24 * time.Hour)
	some(t, q, h, "c", 4)
	_, err = q.Archive(t.Context(), 20261122, to)
	wantRefusal(t, err, CodeYoung)
	_, err = q.CloseShift(t.Context(), clerk, 0)
	must(t, err)
	_, err = q.Archive(t.Context(), 20261122, to)
	must(t, err)
	mustClose(t, q)
}

// TestArchiveOfAnotherCopy: an old copy and the one restored from its backup can come to
// the same number of entries; the archive of one does not take the other's place.
func TestArchiveOfAnotherCopy(t *testing.T) {
	base, to, h := t.TempDir(), t.TempDir(), newHand()
	old, fresh, o := filepath.Join(base, "old"), filepath.Join(base, "new"), options(h)
	q := mustOpen(t, old, o)
	some(t, q, h, "a", 4)
	finish(t, q)
	m, _, err := BackupDir(t.Context(), old, filepath.Join(base, "b.tar.gz"), h.read())
	must(t, err)
	must(t, q.Note(t.Context(), "x", "in place of the restore", clerk))
	h.move(60 * 24 * time.Hour)
	must(t, q.Note(t.Context(), "x", "the next day", clerk))
	archive, err := q.Archive(t.Context(), 20261201, to)
	must(t, err)
	mustClose(t, q)
	h.move(-60 * 24 * time.Hour)
	_, err = RestoreDir(t.Context(), filepath.Join(base, "b.tar.gz"), fresh, RestoreOptions{TakeOver: m.Hash, Now: h.read()})
	must(t, err)
	q = mustOpen(t, fresh, o)
	h.move(60 * 24 * time.Hour)
	must(t, q.Note(t.Context(), "x", "the next day", clerk))
	if _, err := q.Archive(t.Context(), 20261201, to); err == nil {
		t.Error("another copy's archive was replaced")
	}
	if p, _, err := VerifyFile(t.Context(), filepath.Join(to, ArchiveName("01", 1, archive.Entries)), VerifyOptions{}); err != nil || p.Hash != archive.Hash {
		t.Errorf("the first archive is %+v, %v", p, err)
	}
	_, err = q.Archive(t.Context(), 20261201, t.TempDir())
	must(t, err)
	mustClose(t, q)
}

// TestExchangedBackup: a file that is put in the place of the one that was proved is not
// restored.
func TestExchangedBackup(t *testing.T) {
	base, h := t.TempDir(), newHand()
	old, o := filepath.Join(base, "old"), options(h)
	q := mustOpen(t, old, o)
	some(t, q, h, "a", 4)
	mustClose(t, q)
	path, other := filepath.Join(base, "b.tar.gz"), filepath.Join(base, "other.tar.gz")
	m, _, err := BackupDir(t.Context(), old, path, h.read())
	must(t, err)
	q = mustOpen(t, old, o)
	some(t, q, h, "b", 4)
	mustClose(t, q)
	_, _, err = BackupDir(t.Context(), old, other, h.read())
	must(t, err)
	proved := false
	_, err = RestoreDir(t.Context(), path, filepath.Join(base, "new"), RestoreOptions{TakeOver: m.Hash, Now: h.read(), Progress: func(n uint64) {
		if n == m.Entries && !proved {
			proved = true
			must(t, os.Rename(other, path))
		}
	}})
	if err == nil || !proved {
		t.Errorf("restored another file than was proved (%v): %v", proved, err)
	}
	if _, err := Open(filepath.Join(base, "new"), o); err == nil {
		t.Error("what was not restored opens")
	}
}

// TestOldStore: a bbolt file of just the last archived entry is built again from the
// checkpoint, as an older one is.
func TestOldStore(t *testing.T) {
	dir, to, h := t.TempDir(), t.TempDir(), newHand()
	o := options(h)
	q := mustOpen(t, dir, o)
	some(t, q, h, "a", 4)
	finish(t, q)
	mustClose(t, q)
	store := filepath.Join(dir, storeName)
	old, err := os.ReadFile(store)
	must(t, err)
	h.move(60 * 24 * time.Hour)
	q = mustOpen(t, dir, o)
	some(t, q, h, "c", 4)
	_, err = q.Archive(t.Context(), 20261122, to)
	must(t, err)
	want := picture(t, q)
	mustClose(t, q)
	stub, err := journal.ReadStub(q.file(journalDir))
	must(t, err)
	must(t, os.WriteFile(store, old, 0o600))
	db, at, err := openStore(store, doubtful.rows())
	must(t, err)
	must(t, db.Close())
	if at.Pos.N != stub.N {
		t.Fatalf("the old file knows entry %d, %d were archived", at.Pos.N, stub.N)
	}
	q = mustOpen(t, dir, o)
	same(t, "rebuilt", picture(t, q), want)
	verified(t, q)
	mustClose(t, q)
}

// TestRestoreAtOnce: of many who restore into one directory at a time one does, and what
// it restored is whole.
func TestRestoreAtOnce(t *testing.T) {
	dir, h := t.TempDir(), newHand()
	q := mustOpen(t, dir, options(h))
	some(t, q, h, "a", 6)
	path, m := backedUp(t, dir, h)
	mustClose(t, q)
	to := filepath.Join(t.TempDir(), "a", "new")
	var done atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := RestoreDir(t.Context(), path, to, RestoreOptions{TakeOver: m.Hash, Now: h.read()}); err == nil {
				done.Add(1)
			}
		})
	}
	all.Wait()
	if n := done.Load(); n != 1 {
		t.Errorf("%d of 8 restored", n)
	}
	fresh := mustOpen(t, to, options(h))
	verified(t, fresh)
	mustClose(t, fresh)
}

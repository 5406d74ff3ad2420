package queue

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"settled/queue/journal"
)

// backedUp makes a backup of dir and returns its file.
func backedUp(t *testing.T, dir string, h *hand) (string, Manifest) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "b.tar.gz")
	m, digest, err := BackupDir(t.Context(), dir, path, h.read())
	must(t, err)
	if len(digest) != 64 || m.Institution != "H44030000001" || m.Counter != "01" {
		t.Errorf("manifest %+v, digest %s", m, digest)
	}
	return path, m
}

// TestBackupWhileWriting: every backup that is made while four goroutines settle is a
// whole journal, proved, up to some entry that the queue has as well.
func TestBackupWhileWriting(t *testing.T) {
	dir, h := t.TempDir(), newHand()
	q := mustOpen(t, dir, options(h))
	family(t, q, h)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				_, _, _ = q.Settle(t.Context(), bill(q, fmt.Sprint(g, "-", i), version(t, q), 0, 0, 0, 5)) // stale ones are tried again
			}
		})
	}
	var last uint64
	for range 5 {
		path, m := backedUp(t, dir, h)
		p, _, err := VerifyFile(t.Context(), path, VerifyOptions{Key: options(h).Key})
		must(t, err)
		if p.Entries != m.Entries || m.Entries < last {
			t.Errorf("proved to %d, backed up to %d, before that %d", p.Entries, m.Entries, last)
		}
		last = m.Entries
	}
	close(stop)
	wg.Wait()
	if last < 10 {
		t.Errorf("only %d entries were there", last)
	}
}

// TestSpoiledBackup: whatever is changed in a backup, it is not restored.
func TestSpoiledBackup(t *testing.T) {
	h := newHand()
	path, m := backedUp(t, twoDays(t), h)
	whole, err := os.ReadFile(path)
	must(t, err)
	for i := 0; i < len(whole); i += len(whole)/40 + 1 {
		spoiled := bytes.Clone(whole)
		spoiled[i] ^= 1
		must(t, os.WriteFile(path, spoiled, 0o600))
		dir := filepath.Join(t.TempDir(), "new")
		_, err := RestoreDir(t.Context(), path, dir, RestoreOptions{TakeOver: m.Hash, Now: h.read()})
		if _, statErr := os.Stat(dir); err == nil && !bytes.Equal(unzipped(t, spoiled), unzipped(t, whole)) || statErr == nil && err != nil {
			t.Errorf("byte %d of %d changed: %v", i, len(whole), err)
		}
	}
	must(t, os.WriteFile(path, whole[:len(whole)-1], 0o600))
	if _, _, err := VerifyFile(t.Context(), path, VerifyOptions{}); err == nil {
		t.Error("a cut backup is proved")
	}
}

// unzipped is what is in a gzip file: the same may be packed in many ways.
func unzipped(t *testing.T, packed []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(packed))
	must(t, err)
	plain, err := io.ReadAll(r)
	must(t, err)
	return plain
}

// TestRestore: a restored copy has all that the backup has; it gives no number and no
// message id that the old copy gave or gives, on that day and the next, whatever its
// clock says; and the old copy is fenced.
func TestRestore(t *testing.T) {
	dir, h := t.TempDir(), newHand()
	old := mustOpen(t, dir, options(h))
	some(t, old, h, "a", 6)
	uploaded(t, old, "up")
	want := picture(t, old)
	path, m := backedUp(t, dir, h)

	to := filepath.Join(t.TempDir(), "new")
	if _, err := RestoreDir(t.Context(), path, to, RestoreOptions{TakeOver: strings.Repeat("0", 64), Now: h.read()}); err == nil || !strings.Contains(err.Error(), m.Hash) {
		t.Fatalf("another head: %v", err)
	}
	_, err := RestoreDir(t.Context(), path, to, RestoreOptions{TakeOver: m.Hash, Now: h.read().Add(-time.Hour)}) // its clock is behind
	must(t, err)
	fresh := mustOpen(t, to, options(h))
	verified(t, fresh)
	same(t, "restored", picture(t, fresh)[1:], want[1:])
	status, err := fresh.Status()
	must(t, err)
	if status.Entry != m.Entries+1 {
		t.Errorf("entry %d, the backup ended with %d", status.Entry, m.Entries)
	}

	numbers, msgids := map[string]bool{}, map[string]bool{}
	give := func(q *Queue, name string) {
		t.Helper()
		for i := range 40 {
			s := settle1(t, q, fmt.Sprint(name, i), 1, 0, 0, 1)
			id, err := q.MsgID(t.Context())
			must(t, err)
			if numbers[s.Number] || msgids[id] {
				t.Errorf("%s gives %s or %s again", name, s.Number, id)
			}
			numbers[s.Number], msgids[id] = true, true
		}
	}
	for day := range 2 { // both go on, which they must not
		give(old, fmt.Sprint("old", day))
		give(fresh, fmt.Sprint("fresh", day))
		h.move(24 * time.Hour)
	}
	if err := Fence(dir, "x", m.Hash, h.read()); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("fenced while it runs: %v", err)
	}
	mustClose(t, old)
	must(t, Fence(dir, "another copy took over", m.Hash, h.read()))
	if _, err := Open(dir, options(h)); !errors.Is(err, ErrFenced) {
		t.Errorf("a fenced copy opens: %v", err)
	}
}

// TestRestoreTwice: two copies of one backup, one after the other, give different ids;
// after four restores in a day the serials of the first are not given again.
func TestRestoreTwice(t *testing.T) {
	dir, h := t.TempDir(), newHand()
	q := mustOpen(t, dir, options(h))
	family(t, q, h)
	numbers, msgids := map[string]bool{}, map[string]bool{}
	give := func(q *Queue, name string) {
		t.Helper()
		s := settle1(t, q, name, 1, 0, 0, 1)
		id, err := q.MsgID(t.Context())
		must(t, err)
		if numbers[s.Number] || msgids[id] {
			t.Errorf("%s: %s or %s was given before", name, s.Number, id)
		}
		numbers[s.Number], msgids[id] = true, true
	}
	give(q, "first")
	path, m := backedUp(t, dir, h)
	for i := range 6 {
		h.move(time.Minute)
		from, head := path, m.Hash
		if i > 1 { // from here on each from the one before
			var last Manifest
			from, last = backedUp(t, dir, h)
			head = last.Hash
		}
		mustClose(t, q)
		_, err := RestoreDir(t.Context(), from, dir, RestoreOptions{TakeOver: head, Now: h.read()})
		if err == nil || !strings.Contains(err.Error(), "holds a queue already") {
			t.Fatalf("over what is there: %v", err)
		}
		_, err = RestoreDir(t.Context(), from, dir, RestoreOptions{TakeOver: head, Now: h.read(), Replace: true})
		must(t, err)
		q = mustOpen(t, dir, options(h))
		verified(t, q)
		give(q, fmt.Sprint("copy", i))
	}
	aside, err := filepath.Glob(filepath.Join(dir, "replaced-*"))
	must(t, err)
	if len(aside) != 6 {
		t.Fatalf("%d set aside", len(aside))
	}
	if _, err := Open(aside[0], options(h)); !errors.Is(err, ErrFenced) {
		t.Errorf("what was set aside opens: %v", err)
	}
}

// TestRestoreDoubt: what was pending in the backup is in doubt until its upload has a
// state of the new copy; what was acknowledged or settled later is not.
func TestRestoreDoubt(t *testing.T) {
	dir, h := t.TempDir(), newHand()
	q := mustOpen(t, dir, options(h))
	family(t, q, h)
	s := settle1(t, q, "a", 1, 0, 0, 1)
	path, m := backedUp(t, dir, h)
	mustClose(t, q)
	to := filepath.Join(t.TempDir(), "new")
	_, err := RestoreDir(t.Context(), path, to, RestoreOptions{TakeOver: m.Hash, Now: h.read()})
	must(t, err)
	q = mustOpen(t, to, options(h))
	later := settle1(t, q, "b", 1, 0, 0, 1)
	inDoubt := func(number string, want bool) {
		t.Helper()
		c, err := q.Chain(number)
		must(t, err)
		if c.Doubt != want {
			t.Errorf("%s: doubt %v", number, c.Doubt)
		}
	}
	inDoubt(s.Number, true)
	inDoubt(later.Number, false)
	id, _, err := q.Request(t.Context(), s.Number, "1101", func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
	must(t, err)
	inDoubt(s.Number, true)
	must(t, q.Answer(t.Context(), Answer{Number: s.Number, MsgID: id, Infno: "1101", Class: ClassOK, Chain: []byte(`{}`), By: clerk}))
	inDoubt(s.Number, false)
}

// TestRestoreBrokenOff: however far a restore got, the queue can't be opened half, and
// the same call again makes it whole.
func TestRestoreBrokenOff(t *testing.T) {
	h := newHand()
	path, m := backedUp(t, twoDays(t), h)
	whole := filepath.Join(t.TempDir(), "whole")
	opt := RestoreOptions{TakeOver: m.Hash, Now: h.read()}
	_, err := RestoreDir(t.Context(), path, whole, opt)
	must(t, err)
	for name, spoil := range map[string]func(dir string) error{
		"only the fence": func(dir string) error {
			return os.RemoveAll(filepath.Join(dir, journalDir))
		},
		"half unpacked": func(dir string) error {
			return os.Rename(filepath.Join(dir, journalDir), filepath.Join(dir, "restoring"))
		},
		"only the fence is still there": func(string) error { return nil },
	} {
		dir := filepath.Join(t.TempDir(), "new")
		must(t, os.CopyFS(dir, os.DirFS(whole)))
		must(t, errors.Join(spoil(dir), Fence(dir, begunHere, "", h.read())))
		if _, err := Open(dir, options(h)); !errors.Is(err, ErrFenced) {
			t.Fatalf("%s: opens: %v", name, err)
		}
		_, err := RestoreDir(t.Context(), path, dir, opt)
		must(t, err)
		q := mustOpen(t, dir, options(h))
		verified(t, q)
		mustClose(t, q)
	}
}

func TestRotate(t *testing.T) {
	dir, h := t.TempDir(), newHand()
	var names []string
	for range 5 {
		names = append(names, backupName("01", h.read(), 1))
		h.move(time.Hour)
	}
	other := []string{backupName("02", h.read(), 1), "notes.txt"}
	for _, n := range append(slices.Clone(names), other...) {
		must(t, os.WriteFile(filepath.Join(dir, n), nil, 0o600))
	}
	removed, err := rotate(dir, "01", 2)
	must(t, err)
	if !slices.Equal(removed, names[:3]) {
		t.Errorf("removed %q", removed)
	}
	left, err := os.ReadDir(dir)
	must(t, err)
	if len(left) != 4 {
		t.Errorf("%d files are left", len(left))
	}
}

// TestBackupInto: two backups of one second are two files, in order, and only backups of
// the queue's own counter are removed.
func TestBackupInto(t *testing.T) {
	h, folder := newHand(), t.TempDir()
	dir, now := twoDays(t), h.read()
	other := filepath.Join(folder, backupName("02", now.Add(-time.Hour), 1))
	must(t, os.WriteFile(other, nil, 0o600))
	var paths []string
	for range 3 {
		r, err := BackupInto(t.Context(), dir, folder, 2, now)
		must(t, err)
		if slices.Contains(paths, r.Path) || r.Manifest.Counter != "01" || len(r.Digest) != 64 {
			t.Errorf("%+v after %q", r, paths)
		}
		if want := len(paths) / 2; len(r.Removed) != want || want > 0 && r.Removed[0] != filepath.Base(paths[0]) {
			t.Errorf("removed %q after %q", r.Removed, paths)
		}
		paths = append(paths, r.Path)
	}
	for _, path := range paths[1:] {
		_, _, err := VerifyFile(t.Context(), path, VerifyOptions{})
		must(t, err)
	}
	list, err := os.ReadDir(folder)
	must(t, err)
	if _, err := os.Stat(other); err != nil || len(list) != 3 || !slices.IsSorted(paths) {
		t.Errorf("%v, %d files, %q", err, len(list), paths)
	}
}

package queue

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// tenDays writes ten days; all that is held or pending of the first eight is then done.
func tenDays(t *testing.T, q *Queue, h *hand) {
	t.Helper()
	for day := range 10 {
		some(t, q, h, string(rune('a'+day)), 4)
		h.move(24 * time.Hour)
		if day == 7 {
			finish(t, q)
		}
	}
	h.move(60 * 24 * time.Hour)
	some(t, q, h, "late", 2)
}

// finish acknowledges all that waits.
func finish(t *testing.T, q *Queue) {
	t.Helper()
	for _, list := range []func(int, uint64) ([]Waiting, error){q.Pending, q.Holds} {
		wait, err := list(1000, 0)
		must(t, err)
		for _, w := range wait {
			r, err := q.Get(w.Number)
			must(t, err)
			_, err = q.Acknowledge(t.Context(), ackOf(r.Settlement))
			must(t, err)
		}
	}
}

const lastDay = settle.Date(20261201) // tenDays are 2026-11-21 to 30

// shown is all that can be asked of a queue but what an archive has.
func shown(t *testing.T, q *Queue) []any {
	t.Helper()
	p := picture(t, q)
	status, ok := p[0].(Status)
	if !ok {
		t.Fatal("no status")
	}
	status.Entry, status.Hash, status.At = 0, "", time.Time{}
	p[0] = status
	return p
}

// TestArchive: the files of the days that are done go into a parcel that proves itself;
// the counter goes on as before, and so does one whose bbolt is made anew. A settlement
// in the archive is read from it if it is at hand, and named with it if not.
func TestArchive(t *testing.T) {
	dir, to, h := t.TempDir(), t.TempDir(), newHand()
	o := options(h)
	o.Archives = to
	q := mustOpen(t, dir, o)
	tenDays(t, q, h)
	before := shown(t, q)
	files := len(fileNames(t, dir))
	list, err := q.List(Filter{Limit: 1000})
	must(t, err)
	first := list[0]
	if _, err := q.Archive(t.Context(), 20270120, to); err == nil {
		t.Error("archived what is young")
	}
	m, err := q.Archive(t.Context(), lastDay, to)
	must(t, err)
	if got := len(fileNames(t, dir)); got != files-8 { // the ninth day waits
		t.Errorf("%d of %d files are left", got, files)
	}
	same(t, "with the archive", shown(t, q), before)
	verified(t, q)
	if _, err := q.Archive(t.Context(), lastDay, to); err == nil {
		t.Error("archived the same again")
	}
	pending, err := q.Pending(1000, 0)
	must(t, err)
	settle1(t, q, "more", 1, 0, 0, 1)
	must(t, empty(q.file(journalDir), journal.FileName(1))) // as if its removal had failed
	mustClose(t, q)
	if _, err := os.Stat(filepath.Join(dir, journalDir, journal.FileName(1))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an orderly end leaves what was archived: %v", err)
	}

	p, err := VerifyDir(t.Context(), dir, VerifyOptions{Key: o.Key})
	must(t, err)
	if !p.Begins.EndsAt(m) || p.Store != "proved" {
		t.Errorf("live: %+v", p)
	}
	path := filepath.Join(to, ArchiveName("01", 1, m.Entries))
	if p, _, err := VerifyFile(t.Context(), path, VerifyOptions{Key: o.Key}); err != nil || p.Entries != m.Entries || p.Sealed == 0 {
		t.Errorf("archive: %+v, %v", p, err)
	}
	if entry, said := pythonChecker(t, dir); entry != 0 || strings.Contains(said, "durable") {
		t.Errorf("the checker: %s", said)
	}

	o.Archives = ""
	q = mustOpen(t, dir, o)
	_, err = q.Get(first.Settlement.Number)
	wantRefusal(t, err, CodeArchived)
	if !strings.Contains(err.Error(), filepath.Base(path)) {
		t.Errorf("it does not say where: %v", err)
	}
	_, _, err = q.Replay(first.Settlement.Key, "d-"+first.Settlement.Key)
	wantRefusal(t, err, CodeArchived)
	all, err := q.List(Filter{Limit: 1000})
	must(t, err)
	if len(all) != len(list)+1 || all[0].Archived != filepath.Base(path) || all[0].Settlement.Split.Fund != first.Settlement.Split.Fund || all[len(all)-1].Archived != "" {
		t.Errorf("listed %d, the first %+v", len(all), all[0])
	}
	again, err := q.Pending(1000, 0)
	must(t, err)
	same(t, "pending", again[:len(pending)], pending)
	picture := func() []any { return []any{all, again} }
	mustClose(t, q)
	must(t, os.Remove(filepath.Join(dir, storeName)))
	q = mustOpen(t, dir, o)
	verified(t, q)
	if all, err = q.List(Filter{Limit: 1000}); err != nil {
		t.Fatal(err)
	}
	same(t, "made anew", []any{all, again}, picture())
}

// TestArchiveAgain: an archive that begins where another ended proves itself as well; a
// backup of what is left, restored, is whole.
func TestArchiveAgain(t *testing.T) {
	dir, to, h := t.TempDir(), t.TempDir(), newHand()
	q := mustOpen(t, dir, options(h))
	tenDays(t, q, h)
	_, err := q.Archive(t.Context(), 20261124, to)
	must(t, err)
	m, err := q.Archive(t.Context(), lastDay, to)
	must(t, err)
	want := shown(t, q)
	for _, name := range []string{ArchiveName("01", 1, m.After), ArchiveName("01", m.After+1, m.Entries)} {
		if _, _, err := VerifyFile(t.Context(), filepath.Join(to, name), VerifyOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	path, b := backedUp(t, dir, h)
	if p, _, err := VerifyFile(t.Context(), path, VerifyOptions{}); err != nil || p.Begins.After != m.Entries {
		t.Errorf("backup: %+v %v", p, err)
	}
	mustClose(t, q)
	fresh := filepath.Join(t.TempDir(), "new")
	_, err = RestoreDir(t.Context(), path, fresh, RestoreOptions{TakeOver: b.Hash, Now: h.read()})
	must(t, err)
	q = mustOpen(t, fresh, options(h))
	verified(t, q)
	same(t, "restored", shown(t, q), want)
}

// TestArchiveBrokenOff stops after each step of archiving: the queue opens, is proved and
// shows the same, and archiving goes on.
func TestArchiveBrokenOff(t *testing.T) {
	dir, to, h := t.TempDir(), t.TempDir(), newHand()
	o := options(h)
	o.Archives = to
	q := mustOpen(t, dir, o)
	tenDays(t, q, h)
	mustClose(t, q)
	whole := t.TempDir()
	must(t, os.CopyFS(whole, os.DirFS(dir)))
	q = mustOpen(t, dir, o)
	m, err := q.Archive(t.Context(), lastDay, to)
	must(t, err)
	want := shown(t, q)
	mustClose(t, q)
	checkpoint := checkpointName(m.Entries)
	done := filepath.Join(dir, journalDir)
	bring := func(t *testing.T, into, name string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(done, name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(into, journalDir, name), data, 0o600))
	}
	last := fileNames(t, dir)
	old := slices.DeleteFunc(fileNames(t, whole), func(name string) bool { return slices.Contains(last, name) })
	steps := []struct {
		name string
		do   func(t *testing.T, into string)
	}{
		{"the checkpoint is half written", func(t *testing.T, into string) {
			must(t, os.WriteFile(filepath.Join(into, journalDir, checkpoint+".part"), []byte("{"), 0o600))
		}},
		{"the checkpoint is there", func(t *testing.T, into string) { bring(t, into, checkpoint) }},
		{"the entry is there", func(t *testing.T, into string) { bring(t, into, last[len(last)-1]) }},
		{"the link is there", func(t *testing.T, into string) { bring(t, into, "archived.json") }},
		{"one file is gone", func(t *testing.T, into string) {
			must(t, os.Remove(filepath.Join(into, journalDir, old[0])))
		}},
		{"bbolt is lost as well", func(t *testing.T, into string) { must(t, os.Remove(filepath.Join(into, storeName))) }},
	}
	for n := range steps {
		into := t.TempDir()
		must(t, os.CopyFS(into, os.DirFS(whole)))
		for _, s := range steps[:n+1] {
			s.do(t, into)
		}
		t.Run(steps[n].name, func(t *testing.T) {
			q := mustOpen(t, into, o)
			verified(t, q)
			same(t, "shows", shown(t, q), want)
			if _, err := q.Archive(t.Context(), lastDay, to); (err == nil) != (n < 3) {
				t.Errorf("archive again: %v", err)
			}
			verified(t, q)
			same(t, "shows after that", shown(t, q), want)
			if left, err := os.ReadDir(filepath.Join(into, journalDir)); err != nil || n >= 3 && slices.ContainsFunc(left, func(d os.DirEntry) bool { return slices.Contains(old, d.Name()) }) {
				t.Errorf("left %v, %v", left, err)
			}
			mustClose(t, q)
		})
	}
}

// TestArchiveSpoiled: a checkpoint, link or archive that is not what was written is found.
func TestArchiveSpoiled(t *testing.T) {
	dir, to, h := t.TempDir(), t.TempDir(), newHand()
	q := mustOpen(t, dir, options(h))
	tenDays(t, q, h)
	m, err := q.Archive(t.Context(), lastDay, to)
	must(t, err)
	mustClose(t, q)
	must(t, os.Remove(filepath.Join(dir, storeName))) // which would tell as well
	checkpoint := filepath.Join(dir, journalDir, checkpointName(m.Entries))
	link := filepath.Join(dir, journalDir, "archived.json")
	for name, spoil := range map[string]func(cp, link []byte) ([]byte, []byte){
		"a row of the checkpoint": func(cp, link []byte) ([]byte, []byte) {
			return bytes.Replace(cp, []byte(`"attempts":0`), []byte(`"attempts":7`), 1), link
		},
		"checkpoint and link, in step": func(cp, link []byte) ([]byte, []byte) {
			forged := bytes.Replace(cp, []byte(`"attempts":0`), []byte(`"attempts":7`), 1)
			return forged, bytes.Replace(link, []byte(digestOf(cp)), []byte(digestOf(forged)), 1)
		},
		"the link's hash": func(cp, link []byte) ([]byte, []byte) {
			return cp, bytes.Replace(link, []byte(m.Hash), []byte(strings.Repeat("a", 64)), 1)
		},
		"no checkpoint": func(_, link []byte) ([]byte, []byte) { return nil, link },
		"no link":       func(cp, _ []byte) ([]byte, []byte) { return cp, nil },
	} {
		into := t.TempDir()
		must(t, os.CopyFS(into, os.DirFS(dir)))
		cp, err := os.ReadFile(checkpoint)
		must(t, err)
		l, err := os.ReadFile(link)
		must(t, err)
		newCP, newLink := spoil(cp, l)
		for path, data := range map[string][]byte{checkpoint: newCP, link: newLink} {
			rel, err := filepath.Rel(dir, path)
			must(t, err)
			if data == nil {
				must(t, os.Remove(filepath.Join(into, rel)))
				continue
			}
			must(t, os.WriteFile(filepath.Join(into, rel), data, 0o600))
		}
		if _, err := VerifyDir(t.Context(), into, VerifyOptions{}); err == nil {
			t.Errorf("%s: proved", name)
		} else if _, ok := errors.AsType[*journal.Damage](err); !ok && name != "no checkpoint" {
			t.Errorf("%s: %v", name, err)
		}
	}
	path := filepath.Join(to, ArchiveName("01", 1, m.Entries))
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, data[:len(data)-9], 0o600))
	if _, _, err := VerifyFile(t.Context(), path, VerifyOptions{}); err == nil {
		t.Error("a cut archive is proved")
	}
}

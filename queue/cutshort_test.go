package queue

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"settled/queue/internal/cutfs"
	"settled/queue/journal"
)

// TestCutShort cuts each file of a queue short at every 512 bytes, bbolt's as far as it
// has pages. That is built again from the journal, and the queue says so. The journal's is never written to: Open says
// what is missing and what to do; when the file is put back all is as it was, and when
// bbolt's is moved away, as the message says of a journal that is gone for good, the
// queue goes on with what is left.
func TestCutShort(t *testing.T) {
	h, dir := newHand(), filepath.Join(t.TempDir(), "state")
	q := mustOpen(t, dir, lagging(h))
	some(t, q, h, "a", 4)
	h.move(24 * time.Hour)
	some(t, q, h, "b", 3)
	want, head := picture(t, q), verified(t, q).Entries
	_, second := q.journal.Head()
	mustClose(t, q)
	whole, err := cutfs.ReadImage(dir)
	must(t, err)
	logs, err := filepath.Glob(filepath.Join(dir, journalDir, "*.jsonl"))
	if err != nil || len(logs) != 2 || second.IsZero() {
		t.Fatalf("files %v, %v", logs, err)
	}
	c := &cutShort{h: h, want: want, head: head, whole: whole, dir: inMemory(t)}
	for _, path := range append(logs, filepath.Join(dir, storeName)) {
		rel, err := filepath.Rel(dir, path)
		must(t, err)
		fi, err := os.Stat(path)
		must(t, err)
		cuts := 0
		for size := int64(0); size < min(fi.Size(), 40<<10); size += 512 * thin {
			if err := c.try(t, rel, size); err != nil {
				t.Errorf("%s of %d bytes cut to %d: %v", rel, fi.Size(), size, err)
			}
			cuts++
		}
		t.Logf("%s: cut short in %d ways", rel, cuts)
	}
	if c.rebuilt < 30/thin || c.damaged == 0 || c.lost == 0 {
		t.Errorf("built again %d, damaged %d, lost %d times", c.rebuilt, c.damaged, c.lost)
	}
}

type cutShort struct {
	h                      *hand
	dir                    string
	want                   any
	head                   uint64
	whole                  *cutfs.Image
	rebuilt, damaged, lost int
}

func (c *cutShort) try(t *testing.T, rel string, size int64) error {
	dir := filepath.Join(c.dir, "state")
	must(t, os.RemoveAll(dir))
	must(t, c.whole.Save(dir))
	file := filepath.Join(dir, rel)
	backup, err := os.ReadFile(file)
	must(t, err)
	must(t, os.Truncate(file, size))
	before, err := cutfs.ReadImage(filepath.Join(dir, journalDir))
	must(t, err)
	q, err := Open(dir, lagging(c.h))
	if rel == storeName {
		if err != nil {
			return err
		}
		return c.asItWas(t, q)
	}
	if err == nil {
		return errors.Join(errors.New("opened"), q.Close())
	}
	after, err2 := cutfs.ReadImage(filepath.Join(dir, journalDir))
	must(t, err2)
	if before.Sum() != after.Sum() {
		return fmt.Errorf("something was written: %w", err)
	}
	if err := c.told(err); err != nil {
		return err
	}
	if _, ok := errors.AsType[*Lost](err); ok { // "only if it is really gone"
		if err := c.without(t, dir); err != nil {
			return err
		}
	}
	must(t, os.RemoveAll(dir)) // "restore from the backup"
	must(t, c.whole.Save(dir))
	must(t, os.WriteFile(file, backup, 0o600))
	q, err = Open(dir, lagging(c.h))
	if err != nil {
		return err
	}
	return c.asItWas(t, q)
}

// told: the message names the file or the entry, and Lost says what to do.
func (c *cutShort) told(err error) error {
	if l, ok := errors.AsType[*Lost](err); ok {
		c.lost++
		if l.Entry != c.head || l.Last >= c.head || !strings.Contains(err.Error(), "Restore "+l.Dir) {
			return fmt.Errorf("not told well: %w", err)
		}
		return nil
	}
	d, ok := errors.AsType[*journal.Damage](err)
	if !ok || d.File == "" || d.Entry == 0 {
		return fmt.Errorf("not told well: %w", err)
	}
	c.damaged++
	return nil
}

// asItWas: nothing is missing, and it goes on. A file of bbolt's that has lost free pages
// alone is whole.
func (c *cutShort) asItWas(t *testing.T, q *Queue) error {
	same(t, "state", picture(t, q), c.want)
	s, err := q.Status()
	if len(s.Notices) > 0 {
		c.rebuilt++
	}
	_, err2 := q.Verify(t.Context())
	settle1(t, q, "goes on", 1, 0, 0, 0)
	_, err3 := q.Verify(t.Context())
	return errors.Join(err, err2, err3, q.Close())
}

// without moves bbolt's file away by hand and goes on with what the journal has.
func (c *cutShort) without(t *testing.T, dir string) error {
	store := filepath.Join(dir, storeName)
	must(t, os.Rename(store, store+".by-hand"))
	q, err := Open(dir, lagging(c.h))
	if err != nil {
		return fmt.Errorf("without bbolt's file: %w", err)
	}
	_, err = q.Verify(t.Context())
	settle1(t, q, "goes on", 1, 0, 0, 0)
	return errors.Join(err, q.Close())
}

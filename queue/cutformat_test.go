package queue

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"settled/queue/internal/cutfs"
	"settled/queue/journal"
)

// formats are the directories with what released versions wrote; docs/reliability.md
// lists them.
func formats(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("testdata/format*")
	must(t, err)
	if len(list) == 0 {
		t.Fatal("no formats")
	}
	return list
}

// older makes a queue's directory of what an older version wrote, with its bbolt file or
// without.
func older(t *testing.T, format, dir string, bolt bool) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Join(dir, journalDir), 0o700))
	lines, err := os.ReadFile(filepath.Join(format, journal.FileName(1)))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, journalDir, journal.FileName(1)), lines, 0o600))
	if !bolt {
		return
	}
	f, err := os.Open(filepath.Join(format, "queue.bolt.gz"))
	must(t, err)
	packed, err := gzip.NewReader(f)
	must(t, err)
	data, err := io.ReadAll(packed)
	must(t, errors.Join(err, f.Close()))
	must(t, os.WriteFile(filepath.Join(dir, storeName), data, 0o600))
}

// TestEveryCutOfUpgrade opens what each older version wrote, settles, and closes, with
// the power cut at every boundary of that.
func TestEveryCutOfUpgrade(t *testing.T) {
	for _, format := range formats(t) {
		for name, bolt := range map[string]bool{"with bbolt": true, "from the journal": false} {
			t.Run(filepath.Base(format)+" "+name, func(t *testing.T) {
				disk := t.TempDir()
				older(t, format, filepath.Join(disk, "state"), bolt)
				m, err := cutfs.ReadImage(disk)
				must(t, err)
				l := newTrial(t, m)
				l.h.move(time.Hour)
				l.toldBefore(disk)
				must(t, l.live([]act{
					{"open", (*trial).open, false},
					{"settle", func(l *trial) error { return l.settle(10, 0, 0, 5) }, false},
					{"bring to bbolt", func(l *trial) error { return l.q.Flush(l.t.Context()) }, false},
					{"close and open", func(l *trial) error { return errors.Join(l.q.Close(), l.open()) }, false},
					{"acknowledge", func(l *trial) error { return l.upload(false, false) }, false},
					{"close", func(l *trial) error { return l.q.Close() }, false},
				}))
				cutting(l).everywhere("an upgrade")
			})
		}
	}
}

// toldBefore is what the older version told: what its files in disk say.
func (l *trial) toldBefore(disk string) {
	q := mustOpen(l.t, filepath.Join(disk, "state"), l.opt)
	defer mustClose(l.t, q)
	list, err := q.List(Filter{Limit: maxList})
	must(l.t, err)
	status, err := q.Status()
	must(l.t, err)
	old := []told{{entry: status.Entry}}
	for _, r := range list {
		s := r.Settlement
		old = append(old, told{asked: &Commit{Settlement: s, ContentDigest: "d-" + s.Key, By: clerk}}, told{key: s.Key, number: s.Number})
		if r.State == Acknowledged {
			p := posting{msgid: "of " + s.Number, number: s.Number, amounts: ackOf(s).Amounts}
			must(l.t, l.book.post(p))
			old = append(old, told{sent: &p}, told{acked: s.Number})
		}
	}
	if len(list) == 0 || len(l.book.byMsg) == 0 {
		l.t.Fatal("nothing was settled, or nothing acknowledged")
	}
	for _, w := range old {
		w.at, w.clock, w.ring = -1, l.h.read(), l.ring
		l.told = append(l.told, w)
	}
}

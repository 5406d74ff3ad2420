package queue

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// keeping are the acts of whoever keeps a counter.
func keeping() []act {
	day := func(name string, run func(l *trial) error) act { return act{name, run, false} }
	some := func(l *trial) error { return l.settle(40, 0, 5, 5) }
	send := func(l *trial) error { return l.upload(false, false) }
	return []act{
		day("open", (*trial).open),
		day("learn and link", (*trial).learn),
		day("settle", some),
		day("settle more", some),
		day("ask the platform", func(l *trial) error { return l.upload(false, true) }),
		{"back up", (*trial).backUp, true},
		day("settle behind the backup", some),
		day("acknowledge behind the backup", send),
		day("send behind the backup", send),
		day("send what is not in the backup", send),
		{"restore", func(l *trial) error { return l.restore(true) }, true},
		day("settle in the restored copy", some),
		day("acknowledge in the restored copy", send),
		{"turn the key", (*trial).turnKey, true},
		day("settle under the new key", some),
		{"bring all to the platform", (*trial).finish, true},
		{"archive past days", (*trial).archive, true},
		day("settle behind the archive", some),
		day("back up what is left", (*trial).backUp),
		day("settle behind that", some),
		{"restore on another disk", func(l *trial) error { return l.restore(false) }, true},
		day("settle there", some),
		day("close", func(l *trial) error { return l.q.Close() }),
	}
}

// restore is what the disk may hold from a place on: the state of a backup, and no word
// of what was told behind it.
type restore struct {
	parcel  string
	head    Manifest
	from    int    // what was told from here on is not in it
	first   uint64 // entry that was not archived
	inPlace bool   // what was there is set aside
}

// backUp makes a backup beside the state directory.
func (l *trial) backUp() error {
	dir := filepath.Join(filepath.Dir(l.dir), "backups")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	l.h.move(time.Second)
	name := backupName(l.opt.Counter, l.h.read(), 1)
	if _, _, err := BackupDir(l.t.Context(), l.dir, filepath.Join(dir, name), l.h.read()); err != nil {
		return err
	}
	l.tell(told{parcel: filepath.Join("backups", name)})
	return nil
}

// lastBackup is the newest of this life.
func (l *trial) lastBackup() (r restore, err error) {
	for i := len(l.told) - 1; i >= 0 && !l.told[i].restored; i-- {
		if ok, _ := filepath.Match("backups/*", l.told[i].parcel); ok {
			r.parcel, r.from = l.told[i].parcel, i+1
			_, r.head, err = VerifyFile(l.t.Context(), filepath.Join(filepath.Dir(l.dir), r.parcel), VerifyOptions{})
			return r, err
		}
	}
	return r, errNothing
}

func (r *restore) make(t testing.TB, dir string, now time.Time) error {
	_, err := RestoreDir(t.Context(), filepath.Join(filepath.Dir(dir), r.parcel), dir,
		RestoreOptions{TakeOver: r.head.Hash, Replace: true, Now: now})
	return err
}

// restore goes on with the last backup, over what is there or where nothing is.
func (l *trial) restore(inPlace bool) error {
	r, err := l.lastBackup()
	if err != nil {
		return err
	}
	list, err := entries(l.q)
	if err != nil {
		return err
	}
	r.inPlace, r.first = inPlace, list[0].N
	l.remember()
	if err := l.q.Close(); err != nil {
		return err
	}
	l.h.move(time.Hour)
	l.tell(told{begun: &r})
	if !inPlace { // the old disk is gone
		mount := filepath.Dir(l.dir)
		if err := errors.Join(os.Rename(l.dir, filepath.Join(mount, fmt.Sprint("gone", len(l.told)))), journal.SyncDir(mount)); err != nil {
			return err
		}
	}
	if err := r.make(l.t, l.dir, l.h.read()); err != nil {
		return err
	}
	life := maps.Clone(l.lives[len(l.lives)-1])
	maps.DeleteFunc(life, func(n uint64, _ journal.Entry) bool { return n > r.head.Entries })
	l.lives = append(l.lives, life)
	l.tell(told{restored: true, entry: r.head.Entries + 1})
	return l.open()
}

// turnKey adds a key to the ring.
func (l *trial) turnKey() error {
	if err := l.q.Close(); err != nil {
		return err
	}
	l.ring++
	l.opt.Key = ringOf(l.ring)
	l.tell(told{})
	return l.open()
}

// finish brings all that waits to the platform.
func (l *trial) finish() error {
	for {
		if err := l.release(); errors.Is(err, errNothing) {
			break
		} else if err != nil {
			return err
		}
	}
	for {
		if err := l.upload(false, false); errors.Is(err, errNothing) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// archive takes the past days out of the journal.
func (l *trial) archive() error {
	l.h.move(40 * 24 * time.Hour) // what is younger stays
	if err := l.settle(3, 0, 0, 2); err != nil {
		return err
	}
	y, m, d := l.h.read().AddDate(0, 0, -archiveDays).Date()
	if err := os.MkdirAll(l.opt.Archives, 0o700); err != nil {
		return err
	}
	a, err := l.q.Archive(l.t.Context(), settle.Date(y*10000+int(m)*100+d), l.opt.Archives)
	if err != nil {
		return nothingToDo(err)
	}
	l.tell(told{parcel: filepath.Join("archives", ArchiveName(l.opt.Counter, a.After+1, a.Entries))})
	return nil
}

// restoring is the restore that a boundary falls into, nil if none.
func (o *oracle) restoring(boundary int) (r *restore) {
	for _, w := range o.before(boundary) {
		if w.begun != nil {
			r = w.begun
		}
		if w.restored {
			r = nil
		}
	}
	return r
}

// open opens the queue in dir after a cut at a boundary. If that was in a restore and
// left nothing or a fence, the restore is made again, as whoever made it would.
func (o *oracle) open(dir string, boundary int) (*Queue, error) {
	opt := o.options(dir, boundary)
	r := o.restoring(boundary)
	_, missing := os.Stat(filepath.Join(dir, journalDir))
	if r != nil && !r.inPlace && missing != nil || r != nil && errors.Is(fenced(dir), ErrFenced) {
		o.redos++
		if err := r.make(o.t, dir, opt.Now().Add(time.Duration(o.redos%60)*time.Second)); err != nil {
			return nil, fmt.Errorf("restored again: %w", err)
		}
	}
	return Open(dir, opt)
}

// listen finds out which life of the trial the queue goes on with, and what was told in
// it: before a restore was told it may be the old one or the restored one.
func (o *oracle) listen(q *Queue, boundary int) error {
	var ep epochRow
	err := q.read(func(v *view) (err error) {
		ep, _, err = get(v, epochs, one)
		return err
	})
	if err != nil {
		return err
	}
	o.words = append([]told{}, o.before(boundary)...)
	o.aside = map[uint64]journal.Entry{}
	life, r := 0, (*restore)(nil)
	for i, w := range o.words {
		if w.begun != nil {
			r = w.begun
		}
		if w.restored {
			o.lose(r, o.lives[life], i)
			life, r = life+1, nil
		}
	}
	if r != nil && ep.Epoch == life+1 {
		o.lose(r, o.lives[life], len(o.words))
		life++
	}
	if ep.Epoch != life {
		return fmt.Errorf("epoch %d, %d restores were told", ep.Epoch, life)
	}
	o.life = o.lives[min(life, len(o.lives)-1)]
	return nil
}

// lose marks what was told in a life behind the backup, up to the restore.
func (o *oracle) lose(r *restore, life map[uint64]journal.Entry, end int) {
	var durable uint64
	for i := range o.words[:end] {
		durable = max(durable, o.words[i].entry)
		if i >= r.from {
			o.words[i].lost = true
			o.words[i].entry = min(o.words[i].entry, r.head.Entries)
		}
	}
	clear(o.aside)
	for n := max(r.first, r.head.Entries+1); r.inPlace && n <= durable; n++ {
		o.aside[n] = life[n]
	}
}

// setAside: what a restore took the place of is still there, whole, and can't be opened.
func (o *oracle) setAside(q *Queue) error {
	aside, err := filepath.Glob(filepath.Join(q.dir, "replaced-*"))
	if err != nil {
		return err
	}
	found := map[string]bool{} // hashes
	for _, dir := range aside {
		if _, err := os.Stat(filepath.Join(dir, journalDir)); err != nil {
			continue // it was going to
		}
		if q, err := Open(dir, q.opt); !errors.Is(err, ErrFenced) {
			return errors.Join(fmt.Errorf("%s is not fenced: %w", filepath.Base(dir), err), q.Close())
		}
		_, err := journal.Scan(filepath.Join(dir, journalDir), func(e journal.Entry) error { found[e.Hash] = true; return nil })
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(dir), err)
		}
	}
	for n, e := range o.aside {
		if !found[e.Hash] {
			return fmt.Errorf("entry %d was not set aside", n)
		}
	}
	return nil
}

// noNumberAgain: no number that was told once and is lost is given again.
func (o *oracle) noNumberAgain(q *Queue) error {
	for _, w := range o.words {
		for _, number := range []string{w.number, w.void} {
			if number == "" || !w.lost {
				continue
			}
			if _, err := q.row(number); err == nil {
				return fmt.Errorf("number %s is given again", number)
			}
		}
	}
	return nil
}

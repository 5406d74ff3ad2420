package queue

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"settled/queue/internal/trees"
	"settled/queue/journal"
)

const (
	storeName   = "queue.bolt"
	suspectName = "queue.bolt.suspect" // there if the file was found damaged while open
	journalDir  = "journal"
	// mapSize is what bbolt maps from the start: growing the map waits for all readers.
	mapSize = 1 << 30
)

// openStore opens the bbolt file and reads what it reflects. Every error but one of
// the file system is a corrupt one; at is then what the file reflects if the row that
// says so is whole, and db is nil: it was closed, unless bbolt panicked and may hold its
// locks. A file that has its tables is not written to. All rows of a file of at most
// all bytes are read; those of a larger one are checked as they are read later. Below 0 it
// is not even looked whether the pages lead anywhere.
//
// The free list is kept in the file: writing it at each commit costs little when
// commits are few and far behind, and opening after a crash need not search the whole
// file for free pages (nor panic in a goroutine of bbolt's own when one is bad).
func openStore(path string, all int64) (db *bolt.DB, at appliedRow, err error) {
	err = guarded(func() (err error) {
		db, err = bolt.Open(path, 0o600, &bolt.Options{
			Timeout: time.Second, FreelistType: bolt.FreelistMapType, InitialMmapSize: mapSize,
		})
		return err
	})
	if _, fs := errors.AsType[*os.PathError](err); fs || errors.Is(err, bolterrors.ErrTimeout) {
		return nil, at, fmt.Errorf("queue: %w", err)
	}
	opened := err == nil
	if err == nil && all >= 0 {
		err = guarded(func() error { return db.View(func(tx *bolt.Tx) error { return checkTrees(tx, appliedTable) }) })
	}
	if err == nil {
		err = guarded(func() error { return tables(db) })
	}
	if err == nil {
		err = guarded(func() error { return db.View(func(tx *bolt.Tx) (err error) { at, err = applied(tx); return err }) })
	}
	if err == nil && at.Pos.N > 0 && at.Layout != layout {
		err = &corrupt{why: fmt.Sprintf("another version of the program made it (rows of layout %d, not %d)", at.Layout, layout), other: true}
	}
	if err == nil && all >= 0 {
		err = guarded(func() error {
			return db.View(func(tx *bolt.Tx) error {
				if err := checkTrees(tx, slices.Collect(maps.Keys(rowTypes()))...); err != nil || tx.Size() > all {
					return err
				}
				return check(tx, at)
			})
		})
	}
	if err == nil {
		return db, at, nil
	}
	damage, ok := errors.AsType[*corrupt](err)
	if !ok {
		damage = &corrupt{why: err.Error()}
	}
	if opened && !damage.panicked {
		_ = guarded(db.Close) // only read, and about to be renamed away
	}
	return nil, at, damage
}

// tables makes the tables if the file is new.
func tables(db *bolt.DB) error {
	whole := true
	err := db.View(func(tx *bolt.Tx) error {
		for name := range rowTypes() {
			whole = whole && tx.Bucket([]byte(name)) != nil
		}
		whole = whole && tx.Bucket([]byte(appliedTable)) != nil
		return nil
	})
	if err != nil || whole {
		return err
	}
	return db.Update(makeTables)
}

func makeTables(tx *bolt.Tx) error {
	for name := range rowTypes() {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	_, err := tx.CreateBucketIfNotExists([]byte(appliedTable))
	return err
}

// check reads every row.
func check(tx *bolt.Tx, at appliedRow) error {
	for name, parse := range rowTypes() {
		var n census
		b := tx.Bucket([]byte(name))
		if b == nil && at.Tables[name] == n {
			continue // an older version has no such table
		}
		var last []byte
		err := b.ForEach(func(k, value []byte) error {
			data, err := open(name, string(k), value)
			if err != nil {
				return err
			}
			if _, err := parse(data); err != nil {
				return corruptf("a row of table %s: %v", name, err)
			}
			if (n.Rows > 0 && bytes.Compare(last, k) >= 0) || !bytes.Equal(b.Get(k), value) {
				return corruptf("table %s is out of order", name)
			}
			last = k
			n.Rows++
			n.Sum += rowSum(name, string(k), data)
			return nil
		})
		if err != nil {
			return err
		}
		if n != at.Tables[name] {
			return corruptf("table %s has %d rows, %d were written, or other ones", name, n.Rows, at.Tables[name].Rows)
		}
	}
	return nil
}

// guarded runs fn and makes a panic of it a corrupt error: bbolt panics on a page
// that is not what it should be, and reading outside the file is a fault.
func guarded(fn func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if p := recover(); p != nil {
			err = &corrupt{why: fmt.Sprint(p), panicked: true}
		}
	}()
	return fn()
}

func isCorrupt(err error) bool {
	_, ok := errors.AsType[*corrupt](err)
	return ok
}

// setAside renames the bbolt file, for a person to look at, and says why.
func (q *Queue) setAside(why error) error {
	name := storeName + ".aside-" + q.opt.Now().In(zone()).Format("20060102T150405.000")
	for i := 0; ; i++ {
		to := name
		if i > 0 {
			to = fmt.Sprintf("%s-%d", name, i)
		}
		if _, err := os.Lstat(q.file(to)); err == nil {
			continue
		}
		if err := os.Rename(q.file(storeName), q.file(to)); err != nil {
			return fmt.Errorf("queue: set aside: %w", err)
		}
		if err := journal.SyncDir(q.dir); err != nil { // else a power cut may bring it back without its mark
			return fmt.Errorf("queue: set aside: %w", err)
		}
		q.notice("%s was set aside as %s and is built again from the journal: %v", storeName, to, why)
		break
	}
	if err := os.Remove(q.file(suspectName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("queue: %w", err)
	}
	return nil
}

// removeOld removes all but the newest few files that were set aside: a disk that
// damages the file each day must not be filled by it.
func (q *Queue) removeOld() error {
	const keep = 3
	list, err := filepath.Glob(filepath.Join(q.dir, storeName+".aside-*"))
	if err != nil {
		return err
	}
	for len(list) > keep { // sorted by time
		if err := os.Remove(list[0]); err != nil {
			return err
		}
		list = list[1:]
	}
	return nil
}

// checkTrees looks at the tables' trees as [trees.Check] does.
func checkTrees(tx *bolt.Tx, tables ...string) error {
	f, err := os.Open(tx.DB().Path())
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	if err := trees.Check(f, tx, tables...); err != nil {
		return corruptf("%v", err)
	}
	return nil
}

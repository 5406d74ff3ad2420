package catalogue

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"settled/queue/internal/trees"
)

// FileName is the store's file in the state directory.
const FileName = "catalogue.bolt"

// opening is how long a file's lock is waited for; nobody ever writes a file that has
// its name.
const opening = time.Second

// Store answers from what was loaded last, also by another process. It may be used by
// many goroutines.
type Store struct {
	path string

	mu   sync.RWMutex
	db   *bolt.DB    // nil: nothing is loaded
	file os.FileInfo // of db
}

// New gives the store of a state directory. Nothing is opened yet, and there need not
// be a catalogue.
func New(dir string) *Store { return &Store{path: filepath.Join(dir, FileName)} }

// Close gives the file back.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drop()
}

func (s *Store) drop() error {
	if s.db == nil {
		return nil
	}
	db := s.db
	s.db, s.file = nil, nil
	if err := db.Close(); err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	return nil
}

// view reads from one version of the catalogue; tx is nil if none is loaded. What fn
// keeps of it must be copied.
func (s *Store) view(fn func(tx *bolt.Tx) error) error {
	for {
		if done, err := s.read(fn); done || err != nil {
			return err
		}
		if err := s.renew(); err != nil {
			return err
		}
	}
}

// read reads from the file that is open, if it is still the one that has the name.
func (s *Store) read(fn func(tx *bolt.Tx) error) (done bool, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if fresh, err := s.fresh(); err != nil || !fresh {
		return false, err
	}
	if s.db == nil {
		return true, fn(nil)
	}
	return true, guarded(func() error { return s.db.View(fn) })
}

// fresh tells whether the file that is open is the one that has the name now. An open
// file's identity is not given to another one.
func (s *Store) fresh() (bool, error) {
	now, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.db == nil, nil
	case err != nil:
		return false, fmt.Errorf("catalogue: %w", err)
	}
	return s.db != nil && os.SameFile(now, s.file), nil
}

// renew opens the file that has the name now.
func (s *Store) renew() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fresh, err := s.fresh(); err != nil || fresh {
		return err
	}
	if err := s.drop(); err != nil {
		return err
	}
	file, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	db, err := openFile(s.path, true)
	if err != nil {
		return err
	}
	s.db, s.file = db, file
	return nil
}

// openFile opens a bbolt file.
func openFile(path string, readOnly bool) (db *bolt.DB, err error) {
	var file *os.File // db's: another one may have the name by now
	open := func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}
	err = guarded(func() (err error) {
		db, err = bolt.Open(path, readable, &bolt.Options{Timeout: opening, ReadOnly: readOnly, OpenFile: open})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("catalogue: open %s: %w", filepath.Base(path), err)
	}
	err = guarded(func() error { return db.View(func(tx *bolt.Tx) error { return trees.Check(file, tx) }) })
	if err != nil {
		return nil, errors.Join(fmt.Errorf("catalogue: %w (%w)", errDamaged, err), db.Close())
	}
	return db, nil
}

var errDamaged = errors.New("the file is damaged: remove it and load the catalogue again")

// guarded makes an error of a panic: bbolt panics on a page that is not what it should
// be, and reading outside of the file is a fault.
func guarded(fn func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("catalogue: %w (%v)", errDamaged, p)
		}
	}()
	return fn()
}

// Names of the buckets beside those of the tables.
const (
	indexBucket  = "rid"  // table + rid → key of the row
	aboutBucket  = "meta" // see below
	censusKey    = "census"
	loadsKey     = "loads"
	keySeparator = "\x00" // in no field: control characters are refused
)

// key puts the rows of one item together, and those of one kind in the order of their
// days.
func (r *Row) key() []byte {
	return []byte(r.Code + keySeparator + r.group() + keySeparator + r.From.String() + keySeparator + r.ID)
}

// group tells apart the rows of an item that hold beside each other.
func (r *Row) group() string { return r.For + "/" + r.Kind }

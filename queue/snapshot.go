package queue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
)

// errBusy says that the bbolt file changed all the time while it was copied.
var errBusy = errors.New("written to all the while; look when there is less to do, or at a backup")

// copyStore copies a bbolt file and opens the copy, so that neither a daemon that is
// running nor one that wants to start has to wait. done removes it; it is never nil.
//
// bbolt writes a transaction to pages that the one before does not use, and then one of
// the two first pages, which says where the new root is. So if these two are the same
// before and after, all that they lead to is whole in the copy.
func copyStore(path string) (db *bolt.DB, done func(), err error) {
	done = func() {}
	in, err := os.Open(path)
	if err != nil {
		return nil, done, fmt.Errorf("queue: %w", err)
	}
	defer func() { _ = in.Close() }() // only read
	dir, err := os.MkdirTemp("", "settled-verify-")
	if err != nil {
		return nil, done, fmt.Errorf("queue: %w", err)
	}
	done = func() { _ = os.RemoveAll(dir) } // hashes and amounts, nothing in clear
	copied := filepath.Join(dir, storeName)
	for range 10 {
		ok, err := copyStill(in, copied)
		if err != nil {
			return nil, done, fmt.Errorf("queue: copy %s: %w", storeName, err)
		}
		if !ok {
			continue
		}
		err = guarded(func() (err error) {
			db, err = bolt.Open(copied, 0o600, &bolt.Options{Timeout: time.Second, ReadOnly: true})
			return err
		})
		if err != nil {
			return nil, done, &corrupt{why: err.Error()}
		}
		return db, func() { _ = guarded(db.Close); _ = os.RemoveAll(dir) }, nil
	}
	return nil, done, errBusy
}

// copyStill copies a file, and tells whether its first pages stood still meanwhile.
func copyStill(in *os.File, to string) (bool, error) {
	before, err := metas(in)
	if err != nil {
		return false, err
	}
	fi, err := in.Stat()
	if err != nil {
		return false, err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return false, err
	}
	_, err = io.Copy(out, io.NewSectionReader(in, 0, fi.Size()))
	if err := errors.Join(err, out.Close()); err != nil {
		return false, err
	}
	after, err := metas(in)
	return bytes.Equal(before, after), err
}

// metas are bbolt's first two pages, whatever the size of a page.
func metas(in io.ReaderAt) ([]byte, error) {
	b := make([]byte, 2*os.Getpagesize())
	n, err := in.ReadAt(b, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b[:n], err
}

// Package trees looks at the trees of a bbolt file without going round in one.
package trees

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// Of bbolt's pages: a header of id, flags, count and overflow, and in a branch as many
// elements of position, size of the key, and id of the page below. Numbers are the
// machine's own; bbolt knows no others than these.
const (
	pageHead   = 16 // bytes, as of an element
	pageBranch = 1  // a flag
)

// Damage is what is wrong with a file.
type Damage struct{ why string }

// Error implements error.
func (d *Damage) Error() string { return d.why }

func damagef(format string, args ...any) error { return &Damage{fmt.Sprintf(format, args...)} }

// Check tells whether one way only leads to each page of the tables, of all if none is
// named: where a page is below itself, as a write that never reached the disk may leave it,
// bbolt would go round for ever and take all memory, which no panic ends. Its own Check
// goes round, too. What is read is the branches, and the heads of the pages with rows, each
// level from the front of the transaction's file to its end. The error is a *Damage. bbolt
// may panic on what it meets.
func Check(file io.ReaderAt, tx *bolt.Tx, tables ...string) error {
	page := int64(tx.DB().Info().PageSize)
	t := forest{file: file, page: page, seen: make([]bool, tx.Size()/page)}
	if err := t.walk([]uint64{uint64(tx.Cursor().Bucket().Root())}); err != nil { // where the tables are
		return err
	}
	if len(tables) == 0 {
		_ = tx.ForEach(func(name []byte, _ *bolt.Bucket) error { // there is no other error than this one's
			tables = append(tables, string(name))
			return nil
		})
	}
	var roots []uint64
	for _, name := range tables {
		if b := tx.Bucket([]byte(name)); b != nil && b.Root() != 0 { // 0: it is within the page that names it
			roots = append(roots, uint64(b.Root()))
		}
	}
	return t.walk(roots)
}

// forest is the pages of a file, and which of them were seen.
type forest struct {
	file io.ReaderAt
	page int64 // bytes
	seen []bool
}

// walk looks at the pages of a level and of all below it.
func (t *forest) walk(level []uint64) error {
	for len(level) > 0 {
		slices.Sort(level)
		var below []uint64
		for _, id := range level {
			if id >= uint64(len(t.seen)) || t.seen[id] {
				return damagef("a way leads to page %d of %d that should not", id, len(t.seen))
			}
			t.seen[id] = true
			var err error
			if below, err = t.below(below, int64(id)*t.page); err != nil {
				return damagef("page %d: %v", id, err)
			}
		}
		level = below
	}
	return nil
}

// below appends the pages below the one at an offset: none if it is no branch.
func (t *forest) below(to []uint64, at int64) ([]uint64, error) {
	var head [pageHead]byte
	if _, err := t.file.ReadAt(head[:], at); err != nil {
		return nil, err
	}
	if binary.NativeEndian.Uint16(head[8:])&pageBranch == 0 {
		return to, nil
	}
	n := int(binary.NativeEndian.Uint16(head[10:]))
	if n == 0 {
		return nil, errors.New("a branch without elements") // whatever is behind its head would be taken for one
	}
	list := make([]byte, n*pageHead)
	if _, err := t.file.ReadAt(list, at+pageHead); err != nil {
		return nil, err
	}
	for ; len(list) > 0; list = list[pageHead:] {
		to = append(to, binary.NativeEndian.Uint64(list[8:]))
	}
	return to, nil
}

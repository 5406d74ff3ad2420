package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Disk is where lines are written. An error of WriteAt or Sync leaves open whether
// anything is on disk; neither is called again after one.
type Disk interface {
	io.WriterAt
	// Sync returns when all that was written is durable, length included.
	Sync() error
	Close() error
}

type disk struct{ *os.File }

// Sync is fdatasync: data and length, but not the times.
func (d disk) Sync() error {
	for {
		err := unix.Fdatasync(int(d.Fd()))
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// FileName is the name of the file whose first entry is first.
func FileName(first uint64) string { return fmt.Sprintf("journal-%012d.jsonl", first) }

// files lists the journal's files by first entry, in order, without those that were
// archived.
func files(dir string) ([]uint64, error) {
	s, err := ReadStub(dir)
	if err != nil {
		return nil, err
	}
	list, err := allFiles(dir)
	return slices.DeleteFunc(list, func(first uint64) bool { return first <= s.N }), err
}

func allFiles(dir string) ([]uint64, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []uint64
	for _, d := range names {
		s, ok := strings.CutPrefix(d.Name(), "journal-")
		s, ok2 := strings.CutSuffix(s, ".jsonl")
		if !ok || !ok2 {
			continue
		}
		n, err := strconv.ParseUint(s, 10, 63)
		if err != nil || n == 0 || FileName(n) != d.Name() {
			return nil, &os.PathError{Op: "read", Path: filepath.Join(dir, d.Name()), Err: errors.New("this is no name of a journal file; move it out of the directory")}
		}
		list = append(list, n)
	}
	slices.Sort(list)
	return list, nil
}

// Lock takes a directory for this process until the file is closed; a second
// process, or a second call, gets [ErrLocked].
func Lock(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), f.Close())
	}
	return f, nil
}

// MakeDir makes a directory, and those above it, if need be, and makes its name durable,
// also of one that is there already: who made it may have lost the power before. A parent
// that may not be read was made by someone else, whose business it is.
func MakeDir(dir string) error {
	parent := filepath.Dir(filepath.Clean(dir))
	if _, err := os.Stat(parent); errors.Is(err, os.ErrNotExist) {
		if err := MakeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		if is, statErr := os.Stat(dir); statErr != nil || !is.IsDir() {
			return err
		}
	}
	if err := SyncDir(parent); err != nil && !errors.Is(err, os.ErrPermission) {
		return err
	}
	return nil
}

// SyncDir makes the names in a directory durable.
func SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// save copies the bytes of f from offset on to a file beside it, and returns its
// name, or "" if they are all zero and tell nothing.
func save(dir string, f *os.File, first uint64, offset, size int64) (string, error) {
	tail := make([]byte, min(size-offset, MaxBatch+MaxLine))
	if _, err := f.ReadAt(tail, offset); err != nil {
		return "", err
	}
	if len(strings.Trim(string(tail), "\x00")) == 0 {
		return "", nil
	}
	name := filepath.Join(dir, fmt.Sprintf("torn-%012d-%d.bin", first, offset))
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	_, err = out.Write(tail)
	return name, errors.Join(err, out.Sync(), out.Close())
}

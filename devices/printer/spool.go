package printer

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// slip is one that is to be printed, as the spool keeps it.
type slip struct {
	Name  string `json:"name"`
	Rows  []Row  `json:"rows"`
	Begun bool   `json:"begun,omitempty"` // bytes of it have gone to the printer before

	path string
	done chan struct{} // closed when it is out
}

// spool keeps slips in a directory, one file each, in the order of their names.
type spool struct {
	folder string
	next   int
	slips  []*slip
}

// mostWaiting bounds the slips that wait: a printer that was forgotten must not fill
// the disk.
const mostWaiting = 1000

// ErrFull is given when too many slips wait already.
var ErrFull = errors.New("too many slips wait for the printer")

const (
	spoolSuffix = ".slip"
	badSuffix   = ".bad"
)

// openSpool reads what the last run left. A file that cannot be read is put aside.
func openSpool(folder string) (*spool, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	names, err := filepath.Glob(filepath.Join(folder, "*"+spoolSuffix))
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	slices.Sort(names)
	s := &spool{folder: folder}
	for _, path := range names {
		one, err := readSlip(path)
		if err != nil {
			if err := os.Rename(path, path+badSuffix); err != nil {
				return nil, fmt.Errorf("spool: %w", err)
			}
			continue
		}
		s.slips = append(s.slips, one)
		// A name that is no number counts as none: it was not made here.
		_, _ = fmt.Sscanf(filepath.Base(path), "%d", &s.next)
	}
	return s, nil
}

func readSlip(path string) (*slip, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	one := &slip{path: path, done: make(chan struct{})}
	if err := json.Unmarshal(data, one); err != nil {
		return nil, err
	}
	return one, nil
}

// add keeps a slip; it is on disk when add returns.
func (s *spool) add(name string, rows []Row) (*slip, error) {
	if len(s.slips) >= mostWaiting {
		return nil, ErrFull
	}
	s.next++
	one := &slip{Name: name, Rows: rows, done: make(chan struct{}), path: filepath.Join(s.folder, fmt.Sprintf("%012d%s", s.next, spoolSuffix))}
	if err := one.write(); err != nil {
		return nil, err
	}
	s.slips = append(s.slips, one)
	return one, nil
}

// write brings the slip to disk, whole or not at all.
func (one *slip) write() error {
	data, err := json.Marshal(one)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	part := strings.TrimSuffix(one.path, spoolSuffix) + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if err := errors.Join(os.Rename(part, one.path), syncFolder(filepath.Dir(part))); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

// syncFolder makes the names in it durable.
func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// begin notes, before the first byte goes out, that the slip may come out from now on.
func (one *slip) begin() error {
	if one.Begun {
		return nil
	}
	one.Begun = true
	return one.write()
}

// out takes a slip off that is out.
func (s *spool) out(one *slip) error {
	s.slips = slices.DeleteFunc(s.slips, func(other *slip) bool { return other == one })
	close(one.done)
	if err := os.Remove(one.path); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

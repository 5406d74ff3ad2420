package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"time"
)

// errLater ends a walk behind the last entry of a day.
var errLater = errors.New("a later day begins")

// Day gives the durable entries from a midnight on to the next to fn, in order, each
// checked as [Journal.Walk] does, and nothing of other days' files but what tells which
// those are. What was archived is not there. It returns fn's error, or [Damage].
func (j *Journal) Day(midnight time.Time, fn func(Entry) error) error {
	head, _ := j.Head()
	list, err := files(j.dir)
	if err != nil || len(list) == 0 {
		return err
	}
	first, err := j.begins(list, midnight)
	if err != nil {
		return err
	}
	w := walker{dir: j.dir, until: head.N}
	if err := w.before(list, list[first]); err != nil {
		return err
	}
	end := midnight.Add(24 * time.Hour)
	bad, err := w.run(list[first:], func(e Entry) error {
		switch {
		case e.At.Before(midnight):
			return nil
		case e.At.Before(end):
			return fn(e)
		}
		return errLater
	})
	switch {
	case errors.Is(err, errLater):
		return nil
	case err != nil:
		return err
	case bad != nil:
		return &Damage{File: FileName(bad.segment), Entry: bad.entry, Offset: bad.offset, Why: bad.why.Error()}
	}
	return nil
}

// begins finds the file in which the first entry from a time on is, if there is one: the
// last that begins before it, unless that ends before it, too.
func (j *Journal) begins(list []uint64, from time.Time) (int, error) {
	var failed error
	i := sort.Search(len(list), func(i int) bool {
		at, err := firstAt(filepath.Join(j.dir, FileName(list[i])))
		failed = errors.Join(failed, err)
		return !at.Before(from)
	})
	if i == 0 || failed != nil {
		return 0, failed
	}
	if i == len(list) { // the last file is being written
		return i - 1, nil
	}
	last, err := lastEntry(filepath.Join(j.dir, FileName(list[i-1])))
	if err == nil && last.At.Before(from) {
		return i, nil
	}
	return i - 1, err
}

// firstAt is the time of a file's first entry; of a file without one, as the last may be,
// a time behind all others.
func firstAt(name string) (time.Time, error) {
	f, err := os.Open(name)
	if err != nil {
		return time.Time{}, fmt.Errorf("journal: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	line, err := bufio.NewReader(f).ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		return time.Unix(1<<40, 0), nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("journal: %w", err)
	}
	e, err := parseLine(line)
	if err != nil {
		return time.Time{}, &Damage{File: filepath.Base(name), Why: err.Error()}
	}
	return e.At, nil
}

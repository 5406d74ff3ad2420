package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Scanned is what Scan found.
type Scanned struct {
	Head Pos       // last whole entry
	At   time.Time // its time
	Tail *Cut      // bytes behind it: a write under way, or a torn one; nil: none
}

// Scan checks the journal in dir from its beginning and gives every entry to fn in
// order. It takes and changes nothing, so that it may be run beside the process that
// writes: it ends with the last whole line. It returns fn's error, [os.ErrNotExist] or [Damage]. What it
// saw is durable only after [SyncFiles].
func Scan(dir string, fn func(Entry) error) (Scanned, error) {
	w := walker{dir: dir}
	list, err := files(dir)
	if err != nil {
		return Scanned{}, fmt.Errorf("journal: %w", err)
	}
	if len(list) == 0 {
		return Scanned{}, &os.PathError{Op: "open", Path: filepath.Join(dir, FileName(1)), Err: os.ErrNotExist}
	}
	if err := w.genesis(list); err != nil {
		return Scanned{}, err
	}
	bad, err := w.run(list, fn)
	for err == nil && bad != nil {
		// The line may just be being written. What proves that it was not comes before
		// the second look at it, else it could be about a line written in between.
		verdict, at := judge(filepath.Join(dir, FileName(bad.segment)), bad), w.head.N
		if list, err = files(dir); err != nil {
			return Scanned{}, fmt.Errorf("journal: %w", err)
		}
		if bad, err = w.run(list, fn); err == nil && bad != nil && w.head.N == at {
			return w.tail(bad, verdict)
		}
	}
	if err != nil {
		return Scanned{}, err
	}
	return Scanned{Head: w.head, At: w.at}, nil
}

// tail tells what was found before the bad line that ended the walk, unless it is proved
// to be damage.
func (w *walker) tail(bad *badLine, damage error) (Scanned, error) {
	if damage != nil {
		return Scanned{}, damage
	}
	fi, err := os.Stat(filepath.Join(w.dir, FileName(bad.segment)))
	if err != nil {
		return Scanned{}, fmt.Errorf("journal: %w", err)
	}
	cut := &Cut{File: FileName(bad.segment), Offset: bad.offset, Bytes: fi.Size() - bad.offset}
	return Scanned{Head: w.head, At: w.at, Tail: cut}, nil
}

// Follower checks the files of a journal one after the other, wherever they come from.
type Follower struct{ w walker }

// Follow begins behind an entry, of which only number and hash are needed; the zero Pos
// is the beginning of the journal.
func Follow(from Pos) *Follower {
	if from.N == 0 {
		from.Hash = Genesis
	}
	return &Follower{walker{head: Pos{N: from.N, Hash: from.Hash}}}
}

// File checks the whole of the next file, whose first entry is first, and gives its
// entries to fn. There is no torn tail here: a bad line is [Damage].
func (f *Follower) File(first uint64, r io.Reader, fn func(Entry) error) error {
	if first != f.w.head.N+1 {
		return &Damage{File: FileName(first), Entry: f.w.head.N + 1, Why: fmt.Sprintf("the file before it ends with entry %d", f.w.head.N)}
	}
	bad, err := f.w.follow(&lines{bufio.NewReaderSize(r, MaxLine+1)}, first, 0, fn)
	if err != nil {
		return err
	}
	if bad != nil {
		return &Damage{File: FileName(bad.segment), Entry: bad.entry, Offset: bad.offset, Why: bad.why.Error()}
	}
	return nil
}

// Head is the last entry that was checked, and its time.
func (f *Follower) Head() (Pos, time.Time) { return f.w.head, f.w.at }

// Files lists the first entries of the journal's files in dir, in order; [FileName]
// names them.
func Files(dir string) ([]uint64, error) { return files(dir) }

// SyncFiles makes durable whatever was read of the journal's files in dir.
func SyncFiles(dir string) error {
	list, err := files(dir)
	for _, first := range list {
		f, openErr := os.Open(filepath.Join(dir, FileName(first)))
		if openErr != nil {
			return errors.Join(err, openErr)
		}
		err = errors.Join(err, f.Sync(), f.Close())
	}
	return errors.Join(err, SyncDir(dir))
}

// ReadLine reads one whole line, and checks it against its own hash.
func ReadLine(r io.Reader) (Entry, error) {
	line, err := io.ReadAll(io.LimitReader(r, MaxLine+1))
	if err != nil {
		return Entry{}, fmt.Errorf("journal: %w", err)
	}
	return parseLine(line)
}

// Package journal is the record of truth: an append-only text file of one JSON line
// an entry, hash-chained with SM3, made durable by one fdatasync for a whole batch.
//
// A line is canonical: fixed order of fields, no spaces.
//
//	{"n":7,"at":"2026-11-21T22:26:40.123+08:00","base":5,"kind":"settlement","op":"0001","dev":"W01","rules":"…","prev":"<64 hex>","body":{…},"seal":"<base64>","hash":"<64 hex>"}
//
// hash is the SM3 of the line's bytes before `,"hash":"`; prev is the hash of the
// line before, 64 zeros for the first. So a checker in any language needs an SM3, a
// way to cut the last 75 bytes off a line, and nothing of this package. base is the
// last entry that was durable when the line was written: the lines of one batch
// share it, and it tells a torn batch from damage to what was durable (see [Open]).
// seal holds data that only the holder of a key may read; it is left out when there
// is none. body is never read here.
//
// Files are named by their first entry, journal-000000000001.jsonl; [Journal.Roll]
// begins the next one, so that past days can be archived whole.
//
// The package knows nothing of settlements, and imports nothing of this module.
package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Limits. A record beyond them is refused before anything is written.
const (
	MaxLine  = 4 << 20  // bytes of a line with its newline
	MaxBatch = 16 << 20 // bytes staged for one commit
)

var (
	// ErrStopped says that a write or a sync failed: whether the staged entries are
	// on disk is unknown, and nothing more is written. Opening the journal again
	// tells the truth.
	ErrStopped = errors.New("journal is stopped: the outcome of its last write is unknown; open it again")
	// ErrLocked says that another process has the directory open.
	ErrLocked = errors.New("another process has it open")
	// ErrPosition says that a place the caller knows is not in this journal: it is
	// beyond its end, or another entry stands there. Of [Options].From, [Lost] tells more.
	ErrPosition = errors.New("position is not in this journal")
	// ErrLimit says that a record is too large.
	ErrLimit = errors.New("record is too large for the journal")
	// ErrRecord says that a record has not the form that a line can hold.
	ErrRecord = errors.New("record cannot be a line of the journal")
)

// Options are the settings of a journal.
type Options struct {
	// Now is the clock. Entries never go back in time: one that would gets the
	// instant of the entry before it. nil: time.Now.
	Now func() time.Time
	// From is a place that the caller has read up to. Open checks what follows it;
	// the zero Pos checks everything.
	From Pos
	// Look is how many bytes before From are checked too, at most, and only within
	// From's file.
	Look int64
	// Closed says that the journal was closed with From as its last entry, and that its
	// files are as they were closed: Open reads that entry alone.
	Closed bool
	// Each, if set, is given the entries behind From as Open checks them, before it is
	// known whether all are whole. It is not, after Closed.
	Each func(Entry) error
	// Wrap, if set, puts something between the journal and its file, to count or to
	// fail writes.
	Wrap func(Disk) Disk
}

// Journal is an open journal. Add, Commit, Drop and Roll belong to one goroutine;
// Head, Read and Walk may be called from any.
type Journal struct {
	dir  string
	opt  Options
	lock *os.File
	disk Disk
	cut  *Cut

	mu      sync.Mutex // guards head and stopped
	head    Pos
	at      time.Time // of the head
	stopped error

	staged Pos
	last   time.Time // of the last staged entry
	buf    []byte
}

// Cut tells of a torn tail that Open cut off: bytes that were never durable.
type Cut struct {
	File   string // file that was cut
	Offset int64  // its length now
	Bytes  int64  // how many were cut
	Saved  string // copy of them; empty if they were all zero
}

// Dir is the journal's directory.
func (j *Journal) Dir() string { return j.dir }

// Cut tells what Open cut off, nil if nothing.
func (j *Journal) Cut() *Cut { return j.cut }

// Head is the last durable entry, and when it was written.
func (j *Journal) Head() (Pos, time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.head, j.at
}

// Now is the time that the next entry would get: the clock's, but never before the
// last entry's. It belongs to the goroutine that adds.
func (j *Journal) Now() time.Time {
	now := j.opt.Now().In(zone).Truncate(time.Millisecond)
	if now.Before(j.last) {
		return j.last
	}
	return now
}

// Staged tells how many bytes wait for Commit.
func (j *Journal) Staged() int { return len(j.buf) }

// Add stages a record for the next Commit and returns the entry that it will be.
// After an error nothing of it is staged.
func (j *Journal) Add(r Record) (Entry, error) {
	if err := j.err(); err != nil {
		return Entry{}, err
	}
	if err := r.check(); err != nil {
		return Entry{}, err
	}
	head, _ := j.Head()
	e := Entry{N: j.staged.N + 1, At: j.Now(), Base: head.N, Record: r, Prev: j.staged.Hash}
	before := len(j.buf)
	buf, hash := appendLine(j.buf, &e)
	length := len(buf) - before
	if length > MaxLine || len(buf) > MaxBatch {
		return Entry{}, fmt.Errorf("%w: %d bytes, staged %d", ErrLimit, length, before)
	}
	e.Hash = hash
	e.Loc = Loc{Segment: j.staged.Segment, Offset: j.staged.End(), Length: length}
	j.buf, j.last = buf, e.At
	j.staged = Pos{N: e.N, Hash: e.Hash, Loc: e.Loc}
	return e, nil
}

// Mark is a place among the staged entries.
type Mark struct {
	pos  Pos
	last time.Time
	n    int
}

// Mark remembers what is staged now, for Drop.
func (j *Journal) Mark() Mark { return Mark{pos: j.staged, last: j.last, n: len(j.buf)} }

// Pos is the place behind the last entry staged when m was made.
func (m Mark) Pos() Pos { return m.pos }

// Drop takes back what was staged after m. Nothing of it was written.
func (j *Journal) Drop(m Mark) { j.staged, j.last, j.buf = m.pos, m.last, j.buf[:m.n] }

// Commit writes what is staged in one write and returns when one fdatasync has made
// it durable. An error is always [ErrStopped]: the entries may be on disk or not,
// and the journal must be opened again to know.
func (j *Journal) Commit() error {
	if err := j.err(); err != nil {
		return err
	}
	if len(j.buf) == 0 {
		return nil
	}
	if _, err := j.disk.WriteAt(j.buf, j.head.End()); err != nil {
		return j.stop(fmt.Errorf("write: %w", err))
	}
	if err := j.disk.Sync(); err != nil {
		return j.stop(fmt.Errorf("sync: %w", err))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.head, j.at = j.staged, j.last
	j.buf = j.buf[:0]
	return nil
}

// Roll begins a new file with the next entry. Nothing may be staged. It does
// nothing if the present file is still empty.
func (j *Journal) Roll() error {
	if err := j.err(); err != nil {
		return err
	}
	if len(j.buf) > 0 {
		return errors.New("journal: roll with entries staged")
	}
	if j.head.Loc.behind().Offset == 0 || j.head.N == 0 {
		return nil
	}
	next := j.head.N + 1
	disk, err := j.create(next)
	if err != nil {
		return j.stop(fmt.Errorf("begin file %d: %w", next, err))
	}
	if err := j.disk.Close(); err != nil {
		return j.stop(errors.Join(fmt.Errorf("close: %w", err), disk.Close()))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.disk = disk
	j.head.Loc = Loc{Segment: next}
	j.staged = j.head
	return nil
}

// Close closes the file and gives the directory free. What is staged is lost.
func (j *Journal) Close() error {
	_ = j.stop(errors.New("closed"))
	return errors.Join(j.disk.Close(), j.lock.Close())
}

func (j *Journal) err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.stopped
}

func (j *Journal) stop(why error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stopped == nil {
		j.stopped = fmt.Errorf("%w: %w", ErrStopped, why)
	}
	return j.stopped
}

func (j *Journal) wrap(f *os.File) Disk {
	var d Disk = disk{f}
	if j.opt.Wrap != nil {
		d = j.opt.Wrap(d)
	}
	return d
}

// create makes an empty file for the entries from first on, durable in the directory.
func (j *Journal) create(first uint64) (Disk, error) {
	f, err := os.OpenFile(filepath.Join(j.dir, FileName(first)), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f.Sync(), SyncDir(j.dir)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j.wrap(f), nil
}

// Read returns the durable entry at loc, its line checked against its own hash.
func (j *Journal) Read(loc Loc) (Entry, error) {
	head, _ := j.Head()
	if loc.Segment > head.Segment || (loc.Segment == head.Segment && loc.End() > head.End()) {
		return Entry{}, fmt.Errorf("journal: read at %v, beyond the end %v", loc, head.Loc)
	}
	f, err := os.Open(filepath.Join(j.dir, FileName(loc.Segment)))
	if err != nil {
		if s, stubErr := ReadStub(j.dir); stubErr == nil && loc.Segment <= s.N {
			err = ErrArchived
		}
		return Entry{}, fmt.Errorf("journal: read: %w", err)
	}
	e, err := readAt(f, loc)
	return e, errors.Join(err, f.Close())
}

func readAt(f *os.File, loc Loc) (Entry, error) {
	if loc.Length < 2 || loc.Length > MaxLine || loc.Offset < 0 {
		return Entry{}, fmt.Errorf("journal: no line can be at %v", loc)
	}
	line := make([]byte, loc.Length)
	if _, err := f.ReadAt(line, loc.Offset); err != nil {
		if errors.Is(err, io.EOF) {
			return Entry{}, fmt.Errorf("%w: %s ends before offset %d", ErrPosition, filepath.Base(f.Name()), loc.End())
		}
		return Entry{}, fmt.Errorf("journal: read: %w", err)
	}
	e, err := parseLine(line)
	if err != nil {
		return Entry{}, &Damage{File: filepath.Base(f.Name()), Offset: loc.Offset, Why: err.Error()}
	}
	e.Loc = loc
	return e, nil
}

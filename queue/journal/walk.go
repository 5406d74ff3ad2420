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

// Walk checks the entries behind from, up to the head at the time of the call, and
// gives each to fn in order. It returns fn's error, or [Damage].
func (j *Journal) Walk(from Pos, fn func(Entry) error) error {
	head, _ := j.Head()
	if from.N == head.N && from.Hash == head.Hash {
		return nil
	}
	list, err := files(j.dir)
	if err != nil {
		return err
	}
	w := walker{dir: j.dir, until: head.N}
	if from.N == 0 {
		if err := w.genesis(list); err != nil {
			return err
		}
	} else {
		w.head = from
	}
	bad, err := w.run(list, fn)
	if err != nil {
		return err
	}
	if bad != nil {
		return &Damage{File: FileName(bad.segment), Entry: bad.entry, Offset: bad.offset, Why: bad.why.Error()}
	}
	if w.head.N != head.N || w.head.Hash != head.Hash {
		return &Damage{File: FileName(head.Segment), Entry: head.N, Offset: head.Offset, Why: fmt.Sprintf("the chain ends at entry %d", w.head.N)}
	}
	return nil
}

// walker follows the chain through the files.
type walker struct {
	dir   string
	head  Pos       // last good entry, or where to begin
	at    time.Time // its time
	free  bool      // the next line's number and prev are not known yet
	known uint64    // entries up to here are known to have been durable
	until uint64    // stop behind this entry; 0: at the end
	base  uint64    // Base of the head
	batch int64     // offset where the head's batch begins in its file
}

// badLine is where the chain breaks.
type badLine struct {
	segment uint64
	entry   uint64 // number that the line should have
	offset  int64
	why     error
	durable bool // it certainly was durable
}

var (
	errTorn  = errors.New("the line has no end")
	errChain = errors.New("the line is whole but does not follow the one before it")
)

// run walks the files of list from the head on. A bad line ends the walk.
func (w *walker) run(list []uint64, fn func(Entry) error) (*badLine, error) {
	for i, segment := range list {
		if segment < w.head.Segment {
			continue
		}
		from := int64(0)
		if segment == w.head.Segment {
			from = w.head.End()
		} else if segment != w.head.N+1 {
			return nil, &Damage{File: FileName(segment), Entry: w.head.N + 1, Why: fmt.Sprintf("the file before it ends with entry %d", w.head.N)}
		}
		bad, err := w.file(segment, from, fn)
		if err != nil {
			return nil, err
		}
		if bad != nil {
			bad.durable = bad.durable || i < len(list)-1 || bad.entry <= w.known
			return bad, nil
		}
		if w.until > 0 && w.head.N >= w.until {
			break
		}
	}
	return nil, nil
}

func (w *walker) file(segment uint64, from int64, fn func(Entry) error) (*badLine, error) {
	f, err := os.Open(filepath.Join(w.dir, FileName(segment)))
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	fi, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return w.follow(newLines(f, from, fi.Size()), segment, from, fn)
}

// follow walks the lines of a file of which the first is at from.
func (w *walker) follow(lines *lines, segment uint64, from int64, fn func(Entry) error) (*badLine, error) {
	w.batch = from
	ahead, leave := readAhead(lines)
	defer leave()
	offset := from
	for batch := range ahead {
		for _, l := range batch {
			if w.until > 0 && w.head.N >= w.until {
				return nil, nil
			}
			if l.failed != nil {
				return nil, fmt.Errorf("journal: %w", l.failed)
			}
			if bad := w.accept(&l, Loc{Segment: segment, Offset: offset, Length: int(l.length)}); bad != nil {
				return bad, nil
			}
			offset += l.length
			if fn == nil {
				continue
			}
			if err := fn(l.entry); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

// accept makes the line's entry the head if it follows it, and tells it its place.
func (w *walker) accept(l *parsed, loc Loc) *badLine {
	bad := &badLine{segment: loc.Segment, entry: w.head.N + 1, offset: loc.Offset, why: errTorn}
	if w.free && loc.Offset > 0 { // somewhere before the place that the caller knows
		bad.entry, bad.durable = 0, true
	}
	if l.bad != nil {
		bad.why = l.bad
		return bad
	}
	e := &l.entry
	follows := e.N == w.head.N+1 && e.Prev == w.head.Hash && !e.At.Before(w.at)
	if w.free {
		follows = loc.Offset > 0 || e.N == loc.Segment
	}
	if !follows {
		bad.why, bad.durable = errChain, true // a whole line is never cut
		return bad
	}
	if e.Base != w.base || w.free {
		w.base, w.batch = e.Base, loc.Offset
	}
	e.Loc = loc
	w.head, w.at, w.free = Pos{N: e.N, Hash: e.Hash, Loc: loc}, e.At, false
	return nil
}

// line is a line of a file. bytes is good until the next one, and nil for a line
// longer than [MaxLine].
type line struct {
	bytes  []byte
	length int64
	whole  bool // ends with a newline
}

type lines struct{ r *bufio.Reader }

// newLines reads the lines of f from..to.
func newLines(f io.ReaderAt, from, to int64) *lines {
	size := min(to-from+1, MaxLine+1)
	return &lines{bufio.NewReaderSize(io.NewSectionReader(f, from, max(0, to-from)), int(max(size, 16)))}
}

// next returns io.EOF only when there are no more bytes.
func (s *lines) next() (line, error) {
	b, err := s.r.ReadSlice('\n')
	l := line{bytes: b, length: int64(len(b)), whole: err == nil}
	for errors.Is(err, bufio.ErrBufferFull) { // too long: skip to its end
		b, err = s.r.ReadSlice('\n')
		l = line{length: l.length + int64(len(b)), whole: err == nil}
	}
	if errors.Is(err, io.EOF) && l.length > 0 {
		err = nil
	}
	return l, err
}

// parsed is a line that was read and checked against its own hash.
type parsed struct {
	entry  Entry
	bad    error // why it is none
	length int64
	failed error // reading failed here
}

// aheadBytes is about how much is read at a time while the lines before it are followed.
const aheadBytes = 64 << 10

// readAhead reads and checks lines beside the caller: hashing them takes about as long
// as all else that is done with them. leave ends it, and returns when it has ended.
func readAhead(lines *lines) (ahead <-chan []parsed, leave func()) {
	c, stop := make(chan []parsed, 2), make(chan struct{})
	go func() {
		defer close(c)
		for more := true; more; {
			var batch []parsed
			batch, more = lines.parse()
			select {
			case c <- batch:
			case <-stop:
				return
			}
		}
	}()
	return c, func() {
		close(stop)
		for range c { // until it has ended
		}
	}
}

// parse gives the next lines; more is false if there are none behind them.
func (s *lines) parse() (batch []parsed, more bool) {
	for size := int64(0); size < aheadBytes; {
		l, err := s.next()
		if errors.Is(err, io.EOF) {
			return batch, false
		}
		p := parsed{length: l.length, failed: err, bad: errTorn}
		if l.whole && err == nil {
			p.entry, p.bad = parseLine(l.bytes)
		}
		batch = append(batch, p)
		if err != nil {
			return batch, false
		}
		size += l.length
	}
	return batch, true
}

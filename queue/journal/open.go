package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Open opens the journal in dir, which it makes if need be, and takes dir for this
// process ([ErrLocked]). It checks the entries behind [Options].From, and returns
// [Lost], having written nothing, if that place is not in this journal.
//
// A bad line is one of two things. If a whole line behind it says that it was
// durable (base), or if the caller knows it, or if another file follows, it is
// [Damage]: Open changes nothing. Otherwise it belongs to the last batch, which was
// being written and which nobody was told of: a torn tail, cut off at the last whole
// line of the chain and kept beside the journal ([Journal.Cut]).
//
// The last batch is then written again and synced: after a failed sync the kernel
// may hold pages for clean that are not on disk.
func Open(dir string, opt Options) (*Journal, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if _, err := os.Stat(dir); opt.From.N > 0 && errors.Is(err, os.ErrNotExist) {
		return nil, &Lost{Known: opt.From}
	}
	if err := MakeDir(dir); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	lock, err := Lock(dir)
	if err != nil {
		return nil, err
	}
	j := &Journal{dir: dir, opt: opt, lock: lock}
	if err := j.open(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return j, nil
}

func (j *Journal) open() error {
	if j.opt.Closed {
		if ok, err := j.resume(); ok || err != nil {
			return err
		}
	}
	list, err := files(j.dir)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return j.begin()
	}
	w := walker{dir: j.dir}
	err = w.start(list, j.opt.From, j.opt.Look)
	if errors.Is(err, ErrPosition) {
		return lost(j.dir, list, j.opt.From)
	}
	if err != nil {
		return err
	}
	bad, err := w.run(list, j.behind())
	if err != nil {
		return err
	}
	if bad != nil {
		if err := judge(filepath.Join(j.dir, FileName(bad.segment)), bad); err != nil {
			return err
		}
	}
	last := list[len(list)-1]
	f, err := os.OpenFile(filepath.Join(j.dir, FileName(last)), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := j.settle(f, &w, last); err != nil {
		return errors.Join(err, f.Close())
	}
	j.disk = j.wrap(f)
	j.head, j.at, j.staged, j.last = w.head, w.at, w.head, w.at
	return nil
}

// behind is [Options].Each for what stands behind From.
func (j *Journal) behind() func(Entry) error {
	if j.opt.Each == nil {
		return nil
	}
	return func(e Entry) error {
		if e.N <= j.opt.From.N {
			return nil
		}
		return j.opt.Each(e)
	}
}

// resume goes on from From if its file ends with it and no next one was begun. It lists
// no names: there may be thousands.
func (j *Journal) resume() (ok bool, err error) {
	from := j.opt.From
	if s, err := ReadStub(j.dir); err != nil || from.Segment <= s.N {
		return false, err
	}
	if _, err := os.Lstat(filepath.Join(j.dir, FileName(from.N+1))); !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	f, err := os.OpenFile(filepath.Join(j.dir, FileName(from.Segment)), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("journal: %w", err)
	}
	fi, err := f.Stat()
	if err != nil {
		return false, errors.Join(fmt.Errorf("journal: %w", err), f.Close())
	}
	e, err := readAt(f, from.Loc)
	if err != nil || fi.Size() != from.End() || e.N != from.N || e.Hash != from.Hash {
		return false, f.Close()
	}
	j.disk = j.wrap(f)
	j.head, j.at, j.staged, j.last = from, e.At, from, e.At
	return true, nil
}

// begin makes the first file of a new journal.
func (j *Journal) begin() error {
	if s, err := ReadStub(j.dir); err != nil || s.N > 0 {
		return errors.Join(err, &Damage{File: FileName(s.N + 1), Entry: s.N + 1, Why: "the file is missing"})
	}
	if j.opt.From.N > 0 {
		return &Lost{Known: j.opt.From}
	}
	d, err := j.create(1)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	j.disk = d
	j.head = Pos{Hash: Genesis, Loc: Loc{Segment: 1}}
	j.staged = j.head
	return nil
}

// settle makes f, the last file, end where the chain ends, and makes that durable.
func (j *Journal) settle(f *os.File, w *walker, last uint64) error {
	end := w.head.Loc.behind()
	if w.head.Segment != last { // nothing in the last file
		end = Loc{Segment: last}
		w.head.Loc = end
	}
	fi, err := f.Stat()
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if fi.Size() > end.Offset {
		saved, err := save(j.dir, f, last, end.Offset, fi.Size())
		if err != nil {
			return fmt.Errorf("journal: keep torn tail: %w", err)
		}
		if err := f.Truncate(end.Offset); err != nil {
			return fmt.Errorf("journal: cut torn tail: %w", err)
		}
		j.cut = &Cut{File: FileName(last), Offset: end.Offset, Bytes: fi.Size() - end.Offset, Saved: saved}
	}
	if err := rewrite(f, w.batch, end.Offset); err != nil {
		return fmt.Errorf("journal: write last batch again: %w", err)
	}
	return errors.Join(f.Sync(), SyncDir(j.dir))
}

// rewrite writes the bytes of f from..to again, where they stand.
func rewrite(f *os.File, from, to int64) error {
	if from >= to || to-from > MaxBatch {
		return nil
	}
	b := make([]byte, to-from)
	if _, err := f.ReadAt(b, from); err != nil {
		return err
	}
	_, err := f.WriteAt(b, from)
	return err
}

// start brings w to the place from which Open checks: look bytes before from.
func (w *walker) start(list []uint64, from Pos, look int64) error {
	if from.N == 0 {
		return w.genesis(list)
	}
	if !slices.Contains(list, from.Segment) {
		return fmt.Errorf("%w: there is no %s", ErrPosition, FileName(from.Segment))
	}
	f, err := os.Open(filepath.Join(w.dir, FileName(from.Segment)))
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	e, err := readAt(f, from.Loc)
	if damage, ok := errors.AsType[*Damage](err); ok {
		return doubt(w.dir, list, from, damage)
	}
	if err != nil {
		return err
	}
	if e.N != from.N || e.Hash != from.Hash {
		return fmt.Errorf("%w: entry %d with hash %s stands where entry %d with hash %s was known", ErrPosition, e.N, e.Hash, from.N, from.Hash)
	}
	begin, err := lineStart(f, max(0, from.Offset-look), from.Offset)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := w.genesis(list); err != nil { // the first file
		return err
	}
	if err := ends(w.dir, list[:slices.Index(list, from.Segment)+1]); err != nil {
		return err
	}
	w.head, w.at = Pos{Loc: Loc{Segment: from.Segment, Offset: begin}}, time.Time{}
	w.known = from.N
	w.free = begin > 0
	if begin == 0 {
		return w.before(list, from.Segment)
	}
	return nil
}

// ends checks that every file but the last ends with the entry before the next one's
// first: the lines in them are not read again at each start, but a file cut short or
// missing is noticed, at the cost of a line for each.
func ends(dir string, list []uint64) error {
	for i, segment := range list[:len(list)-1] {
		last := list[i+1] - 1
		e, err := lastEntry(filepath.Join(dir, FileName(segment)))
		if err == nil && e.N == last {
			continue
		}
		w := walker{dir: dir, head: Pos{N: segment - 1, Hash: Genesis}, free: segment != 1}
		bad, err := w.file(segment, 0, nil)
		if err != nil {
			return err
		}
		damage := &Damage{File: FileName(segment), Entry: w.head.N + 1, Offset: w.head.End(), Why: fmt.Sprintf("the file does not end with entry %d", last)}
		if bad != nil {
			damage.Why += ": " + bad.why.Error()
		}
		return damage
	}
	return nil
}

// lastEntry reads the last line of a file.
func lastEntry(name string) (Entry, error) {
	f, err := os.Open(name)
	if err != nil {
		return Entry{}, fmt.Errorf("journal: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	fi, err := f.Stat()
	if err != nil {
		return Entry{}, fmt.Errorf("journal: %w", err)
	}
	for n := int64(16 << 10); ; n *= 2 {
		tail := make([]byte, min(n, fi.Size()))
		if _, err := f.ReadAt(tail, fi.Size()-int64(len(tail))); err != nil {
			return Entry{}, fmt.Errorf("journal: %w", err)
		}
		if i := bytes.LastIndexByte(tail[:max(0, len(tail)-1)], '\n'); i >= 0 || n >= min(fi.Size(), MaxLine) {
			return parseLine(tail[i+1:])
		}
	}
}

// doubt tells what it means that no line stands where the caller knows one: damage to
// it, if the chain from the beginning leads exactly there; else another journal.
func doubt(dir string, list []uint64, from Pos, damage *Damage) error {
	w := walker{dir: dir}
	if err := w.genesis(list); err != nil {
		return err
	}
	bad, err := w.run(list, nil)
	if err != nil {
		return err
	}
	if bad != nil && bad.segment == from.Segment && bad.offset == from.Offset && bad.entry == from.N {
		damage.Entry = from.N
		return damage
	}
	return fmt.Errorf("%w: no line begins where entry %d was known", ErrPosition, from.N)
}

// genesis brings w to the beginning of the journal.
func (w *walker) genesis(list []uint64) error {
	s, err := ReadStub(w.dir)
	if err != nil {
		return err
	}
	if list[0] != s.N+1 {
		return &Damage{File: FileName(s.N + 1), Entry: s.N + 1, Why: "the file is missing"}
	}
	w.head, w.at = Pos{N: s.N, Hash: s.Hash, Loc: Loc{Segment: list[0]}}, s.At
	return nil
}

// before sets what is known when checking begins with the first line of a file:
// its number by the file's name; its prev only for the very first.
func (w *walker) before(list []uint64, segment uint64) error {
	w.head.N = segment - 1
	if segment == 1 {
		return w.genesis(list)
	}
	w.free = true
	return nil
}

// lineStart finds the first beginning of a line in f at or behind offset, at most to.
func lineStart(f io.ReaderAt, offset, to int64) (int64, error) {
	if offset == 0 {
		return 0, nil
	}
	lines := newLines(f, offset-1, to)
	l, err := lines.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	return min(to, offset-1+l.length), nil
}

// judge returns Damage if the bad line was durable once, nil if it is a torn tail.
func judge(name string, bad *badLine) error {
	damage := &Damage{File: filepath.Base(name), Entry: bad.entry, Offset: bad.offset, Why: bad.why.Error()}
	if bad.durable {
		return damage
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	fi, err := f.Stat()
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	lines := newLines(f, bad.offset, fi.Size())
	for {
		l, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		if e, err := parseLine(l.bytes); err == nil && e.Base >= bad.entry {
			return damage
		}
	}
}

package cases

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"runtime"
	"slices"
	"sync"
)

// entry is where a case stands in the bundle: all that is kept of it between the two
// readings.
type entry struct {
	offset int64
	size   int
	id     uint64 // hash of its id, 0 if it has none
}

// index finds the cases of a bundle by number, from 0, and by id.
type index struct {
	source io.ReaderAt
	cases  []entry
	byID   []int32 // numbers of the cases, by hash of the id and then by number
	seed   maphash.Seed
}

// sheafSize is about how many bytes of cases one worker takes at a time.
const sheafSize = 64 << 10

// sheaf is some cases on their way through the survey.
type sheaf struct {
	first int     // number of its first case
	cases []entry // their places
	text  []byte  // their bytes, one after the other, but for those over maxCase
	err   error
}

// survey is the first reading of a bundle: the registry, which may stand before or after
// the cases, and where each case is. That all of it is JSON is found out here, so that
// nothing is answered of what is no bundle. One goroutine cuts, all cores examine.
type survey struct {
	*index
	work  chan *sheaf
	free  chan []byte // buffers: they bound what is in memory
	all   []*sheaf
	next  *sheaf
	count int
}

// surveyed reads a bundle into an index and a registry.
func surveyed(source io.ReaderAt, size int64, places registry) (*index, error) {
	s := &survey{index: &index{source: source, seed: maphash.MakeSeed()}, work: make(chan *sheaf)}
	workers := runtime.GOMAXPROCS(0)
	s.free = make(chan []byte, 2*workers)
	for range cap(s.free) {
		s.free <- nil
	}
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for f := range s.work {
				s.examine(f)
				s.free <- f.text[:0]
				f.text = nil
			}
		})
	}
	err := walk(io.NewSectionReader(source, 0, size), places, s.cut)
	s.flush()
	close(s.work)
	running.Wait()
	for _, f := range s.all {
		if f.err != nil {
			return nil, located(f.err, source)
		}
		s.cases = append(s.cases, f.cases...)
	}
	if err != nil {
		return nil, located(err, source)
	}
	s.sort()
	return s.index, nil
}

// cut takes the next case.
func (s *survey) cut(c *cutter) (err error) {
	if s.next == nil {
		s.next = &sheaf{first: s.count, text: <-s.free}
		s.all = append(s.all, s.next)
	}
	if _, err := c.next(); err != nil {
		return c.early()
	}
	e := entry{offset: c.at}
	if s.next.text, e.size, err = c.value(s.next.text, maxCase); err != nil {
		return fmt.Errorf("case %d: %w", s.count+1, err)
	}
	s.next.cases = append(s.next.cases, e)
	s.count++
	if len(s.next.text) >= sheafSize {
		s.flush()
	}
	return nil
}

func (s *survey) flush() {
	if s.next != nil {
		s.work <- s.next
		s.next = nil
	}
}

// examine finds out that cases are JSON, and their ids.
func (x *index) examine(f *sheaf) {
	text := f.text
	for i := range f.cases {
		e := &f.cases[i]
		if e.size > maxCase {
			continue
		}
		raw := text[:e.size]
		text = text[e.size:]
		if !json.Valid(raw) && depth(raw) <= maxDepth { // a deeper one is refused when it is read
			f.err = fmt.Errorf("case %d: %w", f.first+i+1, invalid(raw, e.offset))
			return
		}
		if id := identity(raw); id != "" {
			e.id = x.hash(id)
		}
	}
}

// depth is how deep a value nests.
func depth(raw []byte) int {
	var s scan
	s.over(raw)
	return s.deepest
}

// invalid says what is no JSON in a value that begins at a byte of the bundle.
func invalid(raw []byte, at int64) error {
	var syntax *json.SyntaxError
	if err := json.Unmarshal(raw, new(json.RawMessage)); !errors.As(err, &syntax) {
		return errSyntax
	}
	return &misplaced{at + max(0, syntax.Offset-1), fmt.Sprintf("%v: %v", errSyntax, syntax)}
}

// located adds the line to an error that says at which byte it is.
func located(err error, source io.ReaderAt) error {
	var m *misplaced
	if !errors.As(err, &m) {
		return err
	}
	line, buffer := 1, make([]byte, 1<<16)
	for in := io.NewSectionReader(source, 0, m.at); ; {
		n, end := in.Read(buffer)
		line += bytes.Count(buffer[:n], []byte{'\n'})
		if end != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func (x *index) hash(id string) uint64 { return max(1, maphash.String(x.seed, id)) }

func (x *index) sort() {
	x.byID = make([]int32, len(x.cases))
	for i := range x.byID {
		x.byID[i] = int32(i)
	}
	slices.SortFunc(x.byID, func(a, b int32) int {
		return cmp.Or(cmp.Compare(x.cases[a].id, x.cases[b].id), cmp.Compare(a, b))
	})
}

// read reads a case again, into a buffer if it is large enough.
func (x *index) read(number int, into []byte) ([]byte, error) {
	e := &x.cases[number]
	if e.size > maxCase {
		return into, fmt.Errorf("case %d has %d bytes, at most %d are read", number+1, e.size, maxCase)
	}
	into = slices.Grow(into[:0], e.size)[:e.size]
	if _, err := x.source.ReadAt(into, e.offset); err != nil {
		return into, fmt.Errorf("reading case %d again: %w", number+1, err)
	}
	return into, nil
}

// find gives the case with an id that a refund at case number means: the nearest before
// it, else the first behind it. Ids may repeat, as in bundles put together from others.
func (x *index) find(id string, number int) (found int, ok bool) {
	hash := x.hash(id)
	at, _ := slices.BinarySearchFunc(x.byID, number, func(other int32, number int) int {
		return cmp.Or(cmp.Compare(x.cases[other].id, hash), cmp.Compare(int(other), number))
	})
	same := func(at int) bool { return at >= 0 && at < len(x.byID) && x.cases[x.byID[at]].id == hash }
	is := func(at int) bool {
		raw, err := x.read(int(x.byID[at]), nil)
		return err == nil && identity(raw) == id
	}
	for before := at - 1; same(before); before-- {
		if is(before) {
			return int(x.byID[before]), true
		}
	}
	for ; same(at); at++ {
		if is(at) {
			return int(x.byID[at]), true
		}
	}
	return 0, false
}

// identity gives the id of a case, "" if it has none.
func identity(raw []byte) (id string) {
	r := &reader{raw: raw}
	if r.peek() != '{' {
		return ""
	}
	r.at++
	for first := true; r.more(first, '}'); first = false {
		name := r.span()
		if r.peek() != ':' {
			return ""
		}
		r.at++
		if value := r.span(); plain(name) == "id" {
			return plain(value)
		}
	}
	return ""
}

// span passes over a value without a look into it.
func (r *reader) span() []byte {
	r.peek()
	var s scan
	n, _ := s.over(r.raw[r.at:])
	r.at += n
	return r.raw[r.at-n : r.at]
}

// plain is a quoted string's text, "" for any other value.
func plain(raw []byte) (text string) {
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}

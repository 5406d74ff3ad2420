package cases

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"settled/settle"
)

// batch is how many cases one worker answers at a time, pending how many batches may
// be under way: together they bound what is in memory.
const (
	batch   = 32
	pending = 16
)

// bundle is what all cases share.
type bundle struct {
	*index
	places   registry
	rules    func(settle.Date) *settle.Rules
	complete Completion
}

// Completion gives a bill with what lines with a code leave open, for a person of a
// category. Its error is that of the case. It may be called from several goroutines.
type Completion func(settle.Bill, settle.Category) (settle.Bill, error)

// Run reads a bundle and writes one line a settlement or refund case, in case order.
// The error says that the bundle itself could not be read or the output not be
// written; what is wrong with a case stands in its line.
//
// The bundle is read twice: first to find the registry and where each case is, then
// case by case. What cannot be read twice, such as a pipe, is copied to a file first.
// Lines may have a code only if complete is not nil.
func Run(r io.Reader, w io.Writer, rules func(settle.Date) *settle.Rules, complete Completion) error {
	source, size, done, err := opened(r)
	if err != nil {
		return err
	}
	defer done()
	b := &bundle{places: registry{}, rules: rules, complete: complete}
	if b.index, err = surveyed(source, size, b.places); err != nil {
		return unread(r, err)
	}
	return b.answer(w)
}

// unread says that r is no bundle, and why; by its name, if it is a file.
func unread(r io.Reader, why error) error {
	if file, ok := r.(interface{ Name() string }); ok {
		return fmt.Errorf("%s: %w: %w", file.Name(), errBundle, why)
	}
	return fmt.Errorf("%w: %w", errBundle, why)
}

// opened makes a bundle readable more than once, by a copy if need be, until done.
func opened(r io.Reader) (source io.ReaderAt, size int64, done func(), err error) {
	if source, size, ok := seekable(r); ok {
		return source, size, func() {}, nil
	}
	spool, err := spooled(r)
	if err != nil {
		return nil, 0, nil, err
	}
	source, size, ok := seekable(spool)
	if !ok {
		return nil, 0, nil, errors.Join(errBundle, spool.Close())
	}
	return source, size, func() { _ = spool.Close() }, nil // it has no name any more
}

// seekable gives what is left of r and its size, if it can be read more than once.
func seekable(r io.Reader) (io.ReaderAt, int64, bool) {
	s, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok {
		return nil, 0, false
	}
	start, err := s.Seek(0, io.SeekCurrent) // a pipe is a file that cannot seek
	if err != nil {
		return nil, 0, false
	}
	end, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, 0, false
	}
	return io.NewSectionReader(s, start, end-start), end - start, true
}

// spooled copies what cannot be read twice to a nameless temporary file.
func spooled(r io.Reader) (*os.File, error) {
	f, err := os.CreateTemp("", "settled-bundle-*")
	if err != nil {
		return nil, fmt.Errorf("spooling the bundle: %w", err)
	}
	_ = os.Remove(f.Name()) // gone when it is closed
	if _, err = io.Copy(f, r); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("spooling the bundle: %w", err)
	}
	return f, nil
}

// result is a batch's output.
type result struct {
	text []byte
	err  error
}

// job is a batch: the cases from..to-1, with the place where its result goes.
type job struct {
	from, to int
	done     chan result
}

// answer answers the cases on all cores and writes their lines in order: the queue of
// results has the order, the workers finish as they may.
func (b *bundle) answer(out io.Writer) error {
	jobs, order, stop := make(chan job), make(chan chan result, pending), make(chan struct{})
	for range runtime.GOMAXPROCS(0) {
		go func() {
			w := worker{bundle: b}
			for j := range jobs {
				j.done <- w.batch(j)
			}
		}()
	}
	go feed(len(b.cases), jobs, order, stop)
	var failure error
	for done := range order {
		r := <-done
		if failure != nil {
			continue
		}
		if failure = r.err; failure == nil {
			if _, err := out.Write(r.text); err != nil {
				failure = fmt.Errorf("writing answers: %w", err)
			}
		}
		if failure != nil {
			close(stop)
		}
	}
	return failure
}

// feed makes jobs of so many cases, until told to stop.
func feed(cases int, jobs chan<- job, order chan<- chan result, stop <-chan struct{}) {
	defer close(order)
	defer close(jobs)
	for from := 0; from < cases; from += batch {
		j := job{from, min(from+batch, cases), make(chan result, 1)}
		select {
		case <-stop:
			return
		case order <- j.done:
		}
		jobs <- j
	}
}

// worker answers cases one after the other.
type worker struct {
	*bundle
	raw, original []byte // buffers
}

func (w *worker) batch(j job) (r result) {
	for number := j.from; number < j.to; number++ {
		out, err := w.one(number)
		if err != nil {
			out = failed{identity(w.raw), err.Error()}
		}
		if out == nil {
			continue
		}
		text, err := json.Marshal(out)
		if err != nil {
			return result{err: fmt.Errorf("case %d: %w", number+1, err)}
		}
		r.text = append(append(r.text, text...), '\n')
	}
	return r
}

// one gives what a case prints; nil for a duplicate case.
func (w *worker) one(number int) (out any, err error) {
	if w.raw, err = w.read(number, w.raw); err != nil {
		w.raw = w.raw[:0]
		return nil, err
	}
	k := kase{Codes: w.complete != nil}
	if err := read(w.raw, k.read); err != nil {
		return nil, fmt.Errorf("%s%w", anonymous(w.raw, number), err)
	}
	if k.ID == "" {
		return nil, fmt.Errorf("case %d has no id", number+1)
	}
	switch k.Kind {
	case "duplicate":
		return nil, nil
	case "refund":
		return w.refund(&k, number)
	case "settlement", "":
		return w.settlement(&k)
	}
	return nil, fmt.Errorf("kind: %q is not settlement, refund or duplicate", settle.Clip(k.Kind))
}

// anonymous names a case that has no id by its number.
func anonymous(raw []byte, number int) string {
	if identity(raw) != "" {
		return ""
	}
	return fmt.Sprintf("case %d: ", number+1)
}

// ready puts into a case what stands outside of it: institutions, and what its lines leave
// to the catalogue.
func (b *bundle) ready(k *kase) (err error) {
	if err := b.places.complete(k); err != nil {
		return err
	}
	if slices.ContainsFunc(k.Bill.Lines, func(l settle.Line) bool { return l.Code != "" }) {
		k.Bill, err = b.complete(k.Bill, k.Person.Category)
	}
	return err
}

// settlement computes a settlement case.
func (b *bundle) settlement(k *kase) (answer, error) {
	if err := b.ready(k); err != nil {
		return answer{}, err
	}
	split, err := settle.Compute(b.rules(k.Bill.Visit.Day), k.Person, k.Bill, k.Used)
	if err != nil {
		return answer{}, fmt.Errorf("settlement: %w", inBundle(err))
	}
	return answered(k.ID, &split), nil
}

// inBundle calls the field that a refusal names as the bundle does.
func inBundle(err error) error {
	var r *settle.Refusal
	if !errors.As(err, &r) {
		return err
	}
	told := *r
	for _, name := range [...]struct{ engine, here string }{
		{"family_accounts", "mutual_accounts"}, {"usage", "ytd"}, {"visit.institution", "institution"}, {"visit.date", "policy_date"},
	} {
		if rest, ok := strings.CutPrefix(r.Field, name.engine); ok {
			told.Field = name.here + rest
		}
	}
	return &told
}

var errNoSettlement = errors.New("it is no settlement case")

// refund settles the original whole and then the kept lines alone, both by the rules
// and at the position of the original day; what is left between is given back (F-2).
func (w *worker) refund(k *kase, number int) (out returned, err error) {
	at, ok := w.find(k.Original, number)
	if !ok {
		return out, fmt.Errorf("original_case: no case %q", settle.Clip(k.Original))
	}
	original := kase{Codes: w.complete != nil}
	if w.original, err = w.read(at, w.original); err == nil {
		err = read(w.original, original.read)
	}
	if err == nil && original.Kind != "" && original.Kind != "settlement" {
		err = errNoSettlement
	}
	if err == nil {
		err = w.ready(&original)
	}
	if err != nil {
		return out, fmt.Errorf("original case: %w", err)
	}
	kept := original.Bill
	if kept.Lines, err = keep(original.Bill.Lines, k.Keep); err != nil {
		return out, err
	}
	rules := w.rules(original.Bill.Visit.Day)
	whole, err := settle.Compute(rules, original.Person, original.Bill, original.Used)
	if err != nil {
		return out, fmt.Errorf("original case: %w", inBundle(err))
	}
	again, err := settle.Compute(rules, original.Person, kept, original.Used)
	if err != nil {
		return out, fmt.Errorf("kept lines: %w", inBundle(err))
	}
	out.ID = k.ID
	out.Return.Total = whole.Total - again.Total
	out.Return.Fund = whole.Fund - again.Fund
	out.Return.Own = whole.Own - again.Own
	out.Return.Mutual = whole.Family - again.Family
	out.Return.Cash = whole.Cash - again.Cash
	return out, nil
}

package cases

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"settled/settle"
)

// batch is how many cases one worker takes at a time, pending how many batches may
// be under way: together they bound what is in memory.
const (
	batch   = 32
	pending = 16
)

// bundle is what all cases share.
type bundle struct {
	registry  registry
	originals map[string]json.RawMessage // cases that refunds refer to
	rules     func(settle.Date) *settle.Rules
}

var errBundle = errors.New("not a bundle of cases")

// Run reads a bundle and writes one line a settlement or refund case, in case order.
// The error says that the bundle itself could not be read or the output not be
// written; what is wrong with a case stands in its line.
func Run(r io.Reader, w io.Writer, rules func(settle.Date) *settle.Rules) error {
	source, ok := r.(io.ReadSeeker)
	if ok {
		_, err := source.Seek(0, io.SeekCurrent)
		ok = err == nil // a pipe is a file that cannot seek
	}
	if !ok {
		spool, err := spooled(r)
		if err != nil {
			return err
		}
		defer func() { _ = spool.Close() }()
		source = spool
	}
	b := &bundle{registry: registry{}, originals: map[string]json.RawMessage{}, rules: rules}
	if err := b.survey(source); err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 1<<16)
	if err := b.compute(source, out); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing answers: %w", err)
	}
	return nil
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

// survey reads the registry and the cases that refunds refer to; both may stand
// before or after the cases that need them.
func (b *bundle) survey(source io.ReadSeeker) error {
	start, err := source.Seek(0, io.SeekCurrent)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	needed, found := map[string]bool{}, false
	err = walk(source, b.institutions, func(raw json.RawMessage) error {
		found = true
		if id := refersTo(raw); id != "" {
			needed[id] = true
		}
		return nil
	})
	if err == nil && len(needed) > 0 {
		if _, err = source.Seek(start, io.SeekStart); err == nil {
			err = walk(source, nil, func(raw json.RawMessage) error {
				if id := identity(raw); needed[id] && b.originals[id] == nil {
					b.originals[id] = append(json.RawMessage(nil), raw...)
				}
				return nil
			})
		}
	}
	if err == nil && !found && len(b.registry) == 0 {
		err = fmt.Errorf("%w: neither institutions nor cases", errBundle)
	}
	if err == nil {
		_, err = source.Seek(start, io.SeekStart)
	}
	return err
}

func (b *bundle) institutions(raw json.RawMessage) error {
	var list map[string]place
	if err := strict(raw, &list); err != nil {
		return fmt.Errorf("institutions: %w", err)
	}
	for id, p := range list {
		if p.ID != "" && p.ID != id {
			return fmt.Errorf("institutions: %q calls itself %q", settle.Clip(id), settle.Clip(p.ID))
		}
		p.ID = id
		b.registry[id] = p.Institution
	}
	return nil
}

// refersTo gives the case that a refund case refers to, "" for any other. Most cases are
// passed over without being decoded.
func refersTo(raw []byte) string {
	if !bytes.Contains(raw, []byte("refund")) && !bytes.Contains(raw, []byte(`\u`)) {
		return ""
	}
	var k struct {
		Kind     string `json:"kind"`
		Original string `json:"original_case"`
	}
	if json.Unmarshal(raw, &k) != nil || k.Kind != "refund" {
		return ""
	}
	return k.Original
}

func identity(raw []byte) string {
	var k struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(raw, &k) != nil {
		return ""
	}
	return k.ID
}

// walk reads the bundle's top level: institutions go to one function whole, cases to
// another one by one; all else is passed over.
func walk(r io.Reader, institutions, one func(json.RawMessage) error) error {
	d := json.NewDecoder(r)
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("%w: %w", errBundle, orSyntax(err))
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return fmt.Errorf("%w: %w", errBundle, err)
		}
		if name == "cases" {
			err = walkCases(d, one)
		} else {
			var raw json.RawMessage
			if err = d.Decode(&raw); err == nil && name == "institutions" && institutions != nil {
				err = institutions(raw)
			}
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errBundle, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("%w: %w", errBundle, err)
	}
	return nil
}

func walkCases(d *json.Decoder, one func(json.RawMessage) error) error {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return fmt.Errorf("cases: %w", orSyntax(err))
	}
	for d.More() {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return fmt.Errorf("cases: %w", err)
		}
		if err := one(raw); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("cases: %w", err)
	}
	return nil
}

var errSyntax = errors.New("unexpected JSON value")

func orSyntax(err error) error {
	if err == nil {
		return errSyntax
	}
	return err
}

// result is a batch's output.
type result struct {
	text []byte
	err  error
}

// job is a batch with the place where its result goes.
type job struct {
	first int // number of its first case, from 1
	raw   []json.RawMessage
	done  chan result
}

// compute runs the cases on all cores and writes their lines in order: the queue of
// results has the order, the workers finish as they may.
func (b *bundle) compute(source io.Reader, out io.Writer) error {
	jobs, order, stop := make(chan job), make(chan chan result, pending), make(chan struct{})
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for j := range jobs {
				j.done <- b.batch(j)
			}
		}()
	}
	read := make(chan error, 1)
	go func() {
		read <- feed(source, jobs, order, stop)
		close(jobs)
		close(order)
	}()
	var failure error
	for done := range order {
		r := <-done
		if failure == nil {
			failure = r.err
		}
		if failure == nil {
			if _, err := out.Write(r.text); err != nil {
				failure = fmt.Errorf("writing answers: %w", err)
			}
			if failure != nil {
				close(stop)
			}
		}
	}
	if err := <-read; failure == nil {
		failure = err
	}
	return failure
}

var errStopped = errors.New("stopped")

// feed cuts the cases into jobs, until told to stop.
func feed(source io.Reader, jobs chan<- job, order chan<- chan result, stop <-chan struct{}) error {
	next := job{first: 1}
	flush := func() error {
		if len(next.raw) == 0 {
			return nil
		}
		next.done = make(chan result, 1)
		select {
		case <-stop:
			return errStopped
		case order <- next.done:
		}
		jobs <- next
		next = job{first: next.first + len(next.raw)}
		return nil
	}
	err := walk(source, nil, func(raw json.RawMessage) error {
		next.raw = append(next.raw, append(json.RawMessage(nil), raw...))
		if len(next.raw) < batch {
			return nil
		}
		return flush()
	})
	if flushErr := flush(); err == nil {
		err = flushErr
	}
	return err
}

func (b *bundle) batch(j job) (r result) {
	for i, raw := range j.raw {
		text, err := b.line(raw, j.first+i)
		if err != nil {
			r.err = err
			return r
		}
		r.text = append(r.text, text...)
	}
	return r
}

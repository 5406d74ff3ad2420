package queue

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// oracle knows what a trial told, and judges what is left of it after a cut.
type oracle struct {
	t      testing.TB
	told   []told
	lives  []map[uint64]journal.Entry // of the trial, to their ends
	rot    func(boundary int) bool    // whether bbolt's file was being damaged by hand then
	judged int

	words []told                   // told before the cut that is judged now
	life  map[uint64]journal.Entry // that goes on behind it
	aside map[uint64]journal.Entry // what the last restore had to set aside
	redos int

	proved map[string]bool // parcels, by their bytes
}

// newOracle asks the trial's disk as it is at its end.
func newOracle(l *trial) (*oracle, error) {
	dir := filepath.Join(inMemory(l.t), "end")
	log, err := l.fs.Log()
	if err != nil {
		return nil, err
	}
	if err := log.Now(len(log.Ops)).Save(dir); err != nil {
		return nil, err
	}
	o := &oracle{t: l.t, told: l.told, lives: l.lives, proved: map[string]bool{}}
	o.rot = func(boundary int) bool { return strings.HasPrefix(l.during(boundary), "damage") }
	q, err := o.open(filepath.Join(dir, "state"), math.MaxInt)
	if err != nil {
		return nil, err
	}
	list, err := entries(q)
	for _, e := range list {
		o.lives[len(o.lives)-1][e.N] = e
	}
	return o, errors.Join(err, q.Close())
}

// entries is how many the trial wrote.
func (o *oracle) entries() int { return len(o.lives[len(o.lives)-1]) }

// options are those of the trial at a boundary, a minute later.
func (o *oracle) options(dir string, boundary int) Options {
	w := told{clock: newHand().now, ring: 1}
	if list := o.before(boundary); len(list) > 0 {
		w = list[len(list)-1]
	}
	opt := lagging(&hand{now: w.clock.Add(time.Minute)})
	opt.Key = ringOf(w.ring)
	opt.Archives = filepath.Join(filepath.Dir(dir), "archives")
	return opt
}

// judge opens what is left in dir after a cut at a boundary, and tells what is wrong
// with it: an error that is not nil is a receipt lost, an entry doubled, a queue that
// does not open, or a state that is not the journal's.
func (o *oracle) judge(dir string, boundary int) error {
	q, err := o.open(dir, boundary)
	if err != nil {
		return fmt.Errorf("does not open: %w", err)
	}
	defer func() { _ = q.Close() }() // again, if all went well
	opt := o.options(dir, boundary)
	if o.rot != nil && o.rot(boundary) && isCorrupt(o.whole(q)) {
		// Half of a damage that no power cut makes is not always seen by Open: the queue
		// has stopped, and the next start builds the file again.
		if err := q.Close(); err != nil {
			return fmt.Errorf("close: %w", err)
		}
		again, err := Open(dir, opt)
		if err != nil {
			return fmt.Errorf("does not open on a marked file: %w", err)
		}
		q = again
	}
	if err := o.listen(q, boundary); err != nil {
		return err
	}
	for _, step := range []func(*Queue) error{o.kept, o.setAside, o.whole, o.everyKey, o.everyReversal, o.noNumberAgain, o.platform, o.whole} {
		if err := step(q); err != nil {
			return err
		}
	}
	want, err := pictured(q)
	if err != nil {
		return err
	}
	if err := q.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	if err := o.again(dir, opt, want); err != nil {
		return fmt.Errorf("opened again: %w", err)
	}
	o.judged++
	if o.judged%4 > 0 { // Verify has said the same, of a state in memory
		return nil
	}
	if err := os.Remove(filepath.Join(dir, storeName)); err != nil {
		return err
	}
	if err := o.again(dir, opt, want); err != nil {
		return fmt.Errorf("built again from the journal: %w", err)
	}
	return nil
}

// kept: the journal is the trial's, up to an entry, and nothing that was told is missing.
func (o *oracle) kept(q *Queue) error {
	list, err := entries(q)
	if err != nil {
		return err
	}
	var promised uint64
	for _, w := range o.words {
		promised = max(promised, w.entry)
	}
	if n := list[len(list)-1].N; n < promised {
		return fmt.Errorf("the journal ends with entry %d, %d were durable", n, promised)
	}
	for _, e := range list {
		// Open writes these, and writes them anew if they were never durable.
		byOpen := e.N > promised && (e.Kind == kindOwner || e.Kind == kindKey || e.Kind == kindRestore)
		if was, ok := o.life[e.N]; (!ok || e.Hash != was.Hash) && !byOpen {
			return fmt.Errorf("entry %d is not the one that was written", e.N)
		}
	}
	for _, w := range o.words {
		if w.parcel != "" {
			if err := o.proves(filepath.Join(filepath.Dir(q.dir), w.parcel), q.opt.Key); err != nil {
				return fmt.Errorf("%s: %w", w.parcel, err)
			}
		}
		if w.acked == "" || w.lost {
			continue
		}
		if row, err := q.row(w.acked); err != nil || row.Ack.Length == 0 {
			return fmt.Errorf("settlement %s was acknowledged: it is %q, %w", w.acked, row.State, err)
		}
	}
	return nil
}

// proves a parcel, once for the same bytes.
func (o *oracle) proves(path string, key []byte) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(data))
	if !o.proved[sum] {
		_, _, err = VerifyFile(o.t.Context(), path, VerifyOptions{Key: key})
		o.proved[sum] = err == nil
	}
	return err
}

// before gives what was told before the cut.
func (o *oracle) before(boundary int) []told {
	for i, w := range o.told {
		if w.at >= boundary {
			return o.told[:i]
		}
	}
	return o.told
}

// whole: the chain verifies, and bbolt is as the journal says.
func (o *oracle) whole(q *Queue) error {
	if _, err := q.Verify(o.t.Context()); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	s, err := q.Status()
	return errors.Join(err, s.Stopped)
}

// everyKey: a client that asks again with the key of anything that it ever asked for
// gets the settlement of then, or settles now, once.
func (o *oracle) everyKey(q *Queue) error {
	printed := map[string]string{}
	for _, w := range o.words {
		if w.number != "" && !w.lost {
			printed[w.key] = w.number
		}
	}
	for _, w := range o.words {
		if w.asked == nil {
			continue
		}
		c := *w.asked
		p, err := q.Position(c.Settlement.Person, period)
		if err != nil {
			return err
		}
		c.Version = p.Version
		s, replayed, err := q.Settle(o.t.Context(), c)
		if r, ok := errors.AsType[*settle.Refusal](err); ok && r.Code == CodeReversed {
			continue // the truth as well
		}
		if err != nil {
			return fmt.Errorf("asked again with %q: %w", c.Settlement.Key, err)
		}
		if was, ok := printed[c.Settlement.Key]; ok && (!replayed || was != s.Number) {
			return fmt.Errorf("asked again with %q: got %s (replayed %v), the receipt says %s", c.Settlement.Key, s.Number, replayed, was)
		}
	}
	return nil
}

// platform: everything in the journal reaches the platform once, and nothing else does.
func (o *oracle) platform(q *Queue) error {
	book, gone := newBook(), map[string]bool{}
	for _, w := range o.words {
		if w.sent != nil {
			if err := book.post(*w.sent); err != nil {
				return err
			}
			if _, err := q.row(w.sent.number); w.lost && err != nil {
				gone[w.sent.number] = true // settled behind the backup
			}
		}
		if w.withdrawn != nil {
			if err := book.withdraw(*w.withdrawn); err != nil {
				return err
			}
		}
	}
	if err := drain(o.t, q, book); err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	list, err := entries(q)
	if err != nil {
		return err
	}
	for n := list[0].N - 1; n > 0; n-- { // archived
		list = append([]journal.Entry{o.life[n]}, list...)
	}
	live, err := standing(list)
	if err != nil {
		return err
	}
	for number := range live {
		if n := book.times[number]; n != 1 {
			return fmt.Errorf("settlement %s is %d times at the platform", number, n)
		}
		delete(book.times, number)
	}
	for number, n := range book.times {
		if n != 0 && !gone[number] {
			return fmt.Errorf("the platform has settlement %s %d times, the journal has not", number, n)
		}
	}
	return nil
}

// standing gives the settlements of the journal that were not reversed.
func standing(list []journal.Entry) (map[string]bool, error) {
	live, used := map[string]bool{}, map[string]bool{}
	for _, e := range list {
		ev, err := decode(e)
		if err != nil {
			return nil, err
		}
		key := ""
		switch ev := ev.(type) {
		case settled:
			live[ev.Settlement.Number], key = true, ev.Settlement.Key
		case voided:
			delete(live, ev.Of)
			key = ev.Key
		case refunded:
			delete(live, ev.Of)
			live[ev.Settlement.Number], key = true, ev.Key
		}
		if key != "" && used[key] {
			return nil, fmt.Errorf("key %q is twice in the journal", key)
		}
		used[key] = true
	}
	return live, nil
}

// again opens a queue that was closed in order: there is nothing to say, and the state is want.
func (o *oracle) again(dir string, opt Options, want any) error {
	q, err := Open(dir, opt)
	if err != nil {
		return err
	}
	got, err := pictured(q)
	s, broken := q.Status()
	if err := errors.Join(err, broken, q.Close()); err != nil {
		return err
	}
	if len(s.Notices) > 0 {
		return fmt.Errorf("it is not clean: %q", s.Notices)
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("state\n%+v\nwas\n%+v", got, want)
	}
	return nil
}

// pictured is what a queue counts, and what is left of limits and accounts.
func pictured(q *Queue) (any, error) {
	status, err := q.Status()
	status.Applied, status.Notices = 0, nil
	child, err2 := q.Position(child1(q), period)
	donor, err3 := q.Position(donor1(q), period)
	return []any{status, child, donor}, errors.Join(err, err2, err3)
}

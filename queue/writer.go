package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"settled/queue/journal"
	"settled/settle"
)

// maxBatch is the most operations of one commit.
const maxBatch = 1024

// op is an operation on its way through the writer.
type op struct {
	run     func(*turn) error
	err     error
	done    chan struct{}
	mine    atomic.Bool // whoever sets it first has it: the writer to run it, the caller to withdraw it
	patient bool        // nobody waits for it at the counter
}

// turn is an operation's turn with the writer.
type turn struct {
	q     *Queue
	view  *view
	now   time.Time // the journal's: never goes back
	rules string
	added int
}

// do runs fn with the writer, and returns when what it added is durable. fn may run
// only quick code: all other operations wait for it.
func (q *Queue) do(ctx context.Context, fn func(*turn) error) error {
	return q.submit(ctx, &op{run: fn, done: make(chan struct{})})
}

// later is do for what nobody waits for at the counter: it leaves the disk half of the
// time, so that a settlement seldom finds it busy.
func (q *Queue) later(ctx context.Context, fn func(*turn) error) error {
	return q.submit(ctx, &op{run: fn, done: make(chan struct{}), patient: true})
}

func (q *Queue) submit(ctx context.Context, o *op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.in.put(o)
	select {
	case <-o.done:
		return o.err
	case <-q.written: // the writer has ended; it may have run o before
	case <-ctx.Done():
	}
	if o.mine.CompareAndSwap(false, true) { // never run
		if err := ctx.Err(); err != nil {
			return err
		}
		return ErrClosed
	}
	select {
	case <-o.done:
		return o.err
	default:
	}
	return fmt.Errorf("%w: %w", ErrUnknown, ctx.Err())
}

// add stages an entry and brings it into the state. body is the event as JSON, nil to
// have it encoded here.
func (t *turn) add(kind string, ev event, body, seal []byte, by By) error {
	if err := ev.check(); err != nil {
		return fmt.Errorf("queue: %s: %w", kind, err)
	}
	if body == nil {
		var err error
		if body, err = json.Marshal(ev); err != nil {
			return fmt.Errorf("queue: %s: %w", kind, err)
		}
	}
	e, err := t.q.journal.Add(journal.Record{Kind: kind, Operator: by.Operator, Device: by.Device, Rules: t.rules, Body: body, Seal: seal})
	if err != nil {
		if errors.Is(err, journal.ErrRecord) || errors.Is(err, journal.ErrLimit) {
			return malformed(kind, "%v", err)
		}
		return err
	}
	t.added++
	return ev.reduce(t.view, e)
}

// in refuses a settlement that is not in the state that the operation needs.
func (t *turn) in(number string, want State) error {
	row, ok, err := get(t.view, settlements, number)
	if err != nil {
		return err
	}
	if !ok {
		return noSettlement(number)
	}
	if row.State != want {
		return wrongState(number, row.State, string(want))
	}
	return nil
}

// pace is what the writer knows of the last commit, to decide how long to wait for
// company: the clients just released and those that are queued will come. They are waited
// for as long as none of the waits between two of them is longer than half of the last
// commit, and for no longer than it took; one client alone never.
type pace struct {
	expect int
	ended  time.Time
	took   time.Duration
	rest   time.Time // until then a commit of patient operations alone is not begun
}

// batch is the operations of one commit.
type batch struct {
	ops   []*op
	ran   []*op       // those that were run: not withdrawn, and nothing stood against it
	fresh layer       // what they changed
	last  journal.Pos // last entry staged; zero: none
	full  bool        // the journal may have no room for more
}

// writeLoop is the writer.
func (q *Queue) writeLoop() {
	defer close(q.written)
	var p pace
	for q.in.await(want{all: 1}, nil, q.quit) {
		q.await(want{all: maxBatch, urgent: 1}, p.rest)
		b := &batch{fresh: layer{}}
		err := q.ready()
		if err == nil {
			q.gather(b, p)
		} else {
			b.refuse(q.in.take(maxBatch), err)
		}
		began := q.opt.stopwatch()
		q.commit(b)
		ended := q.opt.stopwatch()
		p = pace{expect: len(b.ops) + q.in.waiting(), ended: ended, took: ended.Sub(began)}
		if !slices.ContainsFunc(b.ops, func(o *op) bool { return !o.patient }) {
			p.rest = ended.Add(p.took)
		}
		for _, o := range b.ops {
			close(o.done)
		}
	}
}

// gather runs the operations that will come at this pace, as they come: what the writer
// does for one is done when the last has come, while other processors bring the others.
func (q *Queue) gather(b *batch, p pace) {
	first := q.opt.stopwatch()
	if first.Sub(p.ended) > p.took { // a new crowd
		p.expect = 0
	}
	for {
		ops := q.in.take(maxBatch - len(b.ops))
		q.run(b, ops)
		missing := min(p.expect, maxBatch) - len(b.ops)
		if len(ops) == 0 || missing <= 0 || b.full || q.newDay() {
			return
		}
		until := q.opt.stopwatch().Add(p.took / 2)
		if latest := first.Add(p.took); latest.Before(until) {
			until = latest
		}
		q.await(want{all: (missing + 3) / 4}, until)
	}
}

// await tells whether what w says was there before a time.
func (q *Queue) await(w want, until time.Time) bool {
	wait := until.Sub(q.opt.stopwatch())
	if wait <= 0 {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	return q.in.await(w, timer.C, q.quit)
}

// refuse answers operations that cannot be run.
func (b *batch) refuse(ops []*op, why error) {
	b.ops = append(b.ops, ops...)
	for _, o := range ops {
		o.mine.Store(true)
		o.err = why
	}
}

// commit makes a batch durable. Every operation is answered only then, also one that
// was refused: what refused it may be of this very batch.
func (q *Queue) commit(b *batch) {
	for _, o := range b.ran {
		q.look(o.err)
	}
	if err := q.journal.Commit(); err != nil {
		_ = q.stop(err)
		for _, o := range b.ran {
			o.err = fmt.Errorf("%w: %w", ErrUnknown, err)
		}
		return
	}
	if b.last.N > 0 {
		q.publish(b.fresh, b.last)
	}
}

// look tells of an operation that failed, unless it was refused.
func (q *Queue) look(err error) {
	if isCorrupt(err) {
		q.suspect(err)
		return
	}
	if _, refused := errors.AsType[*settle.Refusal](err); err != nil && !refused && !errors.Is(err, ErrStale) {
		q.opt.Log.Error("queue operation failed", "why", err)
	}
}

// ready waits until bbolt is near enough, begins the day's file, and tells why nothing
// can be written.
func (q *Queue) ready() error {
	for {
		q.mu.RLock()
		err, behind, caught := q.stopped, q.head.N-q.applied.N, q.caught
		q.mu.RUnlock()
		if err != nil {
			return err
		}
		if behind < maxBehind {
			break
		}
		q.kick(q.hurry)
		<-caught
	}
	if q.newDay() {
		if err := q.journal.Roll(); err != nil {
			return q.stop(err)
		}
	}
	return nil
}

// newDay tells whether the next entry is of another day than the last durable one.
func (q *Queue) newDay() bool {
	_, at := q.journal.Head()
	y, m, d := at.Date()
	ny, nm, nd := q.journal.Now().Date()
	return !at.IsZero() && (y != ny || m != nm || d != nd)
}

// run runs operations one by one against the state with those before them, and stages
// their entries. Those for which the journal may have no room wait for the next batch.
func (q *Queue) run(b *batch, ops []*op) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	tx, err := q.db.Begin(false)
	if err != nil {
		err = fmt.Errorf("queue: %w", err)
	} else {
		defer func() { _ = tx.Rollback() }() // of a read it cannot fail
	}
	for i, o := range ops {
		if b.full = q.journal.Staged() > journal.MaxBatch/2; b.full {
			q.in.giveBack(ops[i:])
			return
		}
		b.ops = append(b.ops, o)
		if !o.mine.CompareAndSwap(false, true) {
			continue // withdrawn
		}
		if o.err = err; err == nil {
			b.ran = append(b.ran, o)
			q.runOne(b, o, tx)
		}
	}
}

func (q *Queue) runOne(b *batch, o *op, tx *bolt.Tx) {
	mark := q.journal.Mark()
	own := layer{}
	t := &turn{
		q: q, view: &view{layers: []layer{own, b.fresh, q.current, q.frozen}, known: q.known, tx: tx},
		now: q.journal.Now(), rules: q.opt.Rules,
	}
	o.err = guarded(func() error { return o.run(t) })
	if o.err != nil {
		q.journal.Drop(mark)
		return
	}
	maps.Copy(b.fresh, own)
	if t.added > 0 {
		b.last = q.journal.Mark().Pos()
	}
}

// publish makes a commit visible.
func (q *Queue) publish(fresh layer, last journal.Pos) {
	q.mu.Lock()
	maps.Copy(q.current, fresh)
	q.head = last
	behind := int(q.head.N - q.applied.N)
	close(q.changed)
	q.changed = make(chan struct{})
	q.mu.Unlock()
	q.kick(q.work)
	if behind >= q.opt.applyMany {
		q.kick(q.hurry)
	}
}

// kick wakes whoever listens to c, now or when it listens next.
func (q *Queue) kick(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

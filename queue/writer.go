package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// maxBatch is the most operations of one commit.
const maxBatch = 1024

// op is an operation on its way through the writer.
type op struct {
	run  func(*turn) error
	err  error
	done chan struct{}
	mine atomic.Bool // whoever sets it first has it: the writer to run it, the caller to withdraw it
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
	if err := ctx.Err(); err != nil {
		return err
	}
	o := &op{run: fn, done: make(chan struct{})}
	select {
	case q.ops <- o:
	case <-q.quit:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
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
// company: the clients just released and those that are queued will come; they are
// waited for at most half of the last commit's time from its end, and one client
// alone never.
type pace struct {
	expect int
	until  time.Time
}

// writeLoop is the writer.
func (q *Queue) writeLoop() {
	defer close(q.written)
	var p pace
	for {
		batch := q.collect(p)
		if batch == nil {
			return
		}
		began := q.opt.stopwatch()
		q.commit(batch)
		ended := q.opt.stopwatch()
		p = pace{expect: len(batch) + len(q.ops), until: ended.Add(ended.Sub(began) / 2)}
		for _, o := range batch {
			close(o.done)
		}
	}
}

// collect returns the operations of the next commit, nil when the queue is closed.
func (q *Queue) collect(p pace) []*op {
	var batch []*op
	select {
	case <-q.quit:
		return nil
	case o := <-q.ops:
		batch = append(batch, o)
	}
	batch = q.queued(batch)
	if p.expect <= 1 || len(batch) >= p.expect {
		return batch
	}
	wait := p.until.Sub(q.opt.stopwatch())
	if wait <= 0 {
		return batch
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for len(batch) < min(p.expect, maxBatch) {
		select {
		case o := <-q.ops:
			batch = append(batch, o)
		case <-timer.C:
			return q.queued(batch)
		case <-q.quit:
			return batch
		}
	}
	return q.queued(batch)
}

// queued adds what waits already.
func (q *Queue) queued(batch []*op) []*op {
	for len(batch) < maxBatch {
		select {
		case o := <-q.ops:
			batch = append(batch, o)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch and makes it durable. Every operation is answered only then,
// also one that was refused: what refused it may be of this very batch.
func (q *Queue) commit(batch []*op) {
	err := q.ready()
	if err != nil {
		for _, o := range batch {
			o.mine.Store(true)
			o.err = err
		}
		return
	}
	fresh := layer{}
	last, ran := q.run(batch, fresh)
	for _, o := range ran {
		q.look(o.err)
	}
	if err := q.journal.Commit(); err != nil {
		_ = q.stop(err)
		for _, o := range ran {
			o.err = fmt.Errorf("%w: %w", ErrUnknown, err)
		}
		return
	}
	if last.N > 0 {
		q.publish(fresh, last)
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
	const day = "20060102"
	if _, at := q.journal.Head(); !at.IsZero() && at.Format(day) != q.journal.Now().Format(day) {
		if err := q.journal.Roll(); err != nil {
			return q.stop(err)
		}
	}
	return nil
}

// run runs the operations one by one against the state with those before them, and
// stages their entries. It returns the last entry staged and the operations that it
// ran.
func (q *Queue) run(batch []*op, fresh layer) (last journal.Pos, ran []*op) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	tx, err := q.db.Begin(false)
	if err != nil {
		err = fmt.Errorf("queue: %w", err)
	} else {
		defer func() { _ = tx.Rollback() }() // of a read it cannot fail
	}
	for _, o := range batch {
		if !o.mine.CompareAndSwap(false, true) {
			continue // withdrawn
		}
		if o.err = err; err != nil {
			continue
		}
		ran = append(ran, o)
		if pos := q.runOne(o, fresh, &view{layers: []layer{{}, fresh, q.current, q.frozen}, tx: tx}); pos.N > 0 {
			last = pos
		}
	}
	return last, ran
}

func (q *Queue) runOne(o *op, fresh layer, v *view) (last journal.Pos) {
	mark := q.journal.Mark()
	t := &turn{q: q, view: v, now: q.journal.Now(), rules: q.opt.Rules}
	o.err = guarded(func() error { return o.run(t) })
	if o.err != nil {
		q.journal.Drop(mark)
		return journal.Pos{}
	}
	maps.Copy(fresh, v.layers[0])
	if t.added == 0 {
		return journal.Pos{}
	}
	return q.journal.Mark().Pos()
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

package platform

import (
	"context"
	"slices"
	"time"

	"settled/queue"
	"settled/settle"
)

// Bounds of what is known of the outbox.
const (
	pageRows  = 256                    // rows of one read
	mostKnown = 65536                  // settlements known at a time: more are read when some of them are through
	restOfRow = 100 * time.Microsecond // until the next walk, for each row; a known one takes a few µs
)

// walk is the way through the outbox, a page at a time, when nothing that is known may
// go. It begins anew when something was committed since it began.
type walk struct {
	after   uint64          // last entry seen
	midway  bool            // there is more of the outbox behind it
	stale   bool            // something was committed since it began
	changed <-chan struct{} // closed when that happens; nil: it did
	rows    int             // so far
	next    time.Time       // when the next one may begin
}

// look takes note of a commit.
func (w *walk) look() {
	select {
	case <-w.changed:
		w.changed, w.stale = nil, true
	default:
	}
}

// ended is how it went with an item.
type ended struct {
	item     *item
	answered bool // the platform answered a request of it
	err      error
}

// pass brings on all that may go, and returns when nothing is under way and nothing may
// go any more. Its error is trouble with the queue.
func (u *Upload) pass(ctx context.Context) (failed error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ends, under := make(chan ended), 0
	for {
		if failed == nil && ctx.Err() == nil {
			under, failed = u.start(ctx, under, ends)
		}
		if failed != nil {
			cancel() // those under way would fail as well
		}
		wake, more := u.next(under)
		done := ctx.Done()
		switch {
		case under > 0:
			done = nil // it ends them
		case !more || ctx.Err() != nil:
			return failed
		}
		timer := time.NewTimer(wake)
		select {
		case e := <-ends:
			under--
			if err := u.end(ctx, e); failed == nil {
				failed = err
			}
		case <-u.walk.changed:
			u.walk.changed, u.walk.stale = nil, true
		case <-u.batches.nudge: // a batch begins, or ends
		case <-timer.C:
		case <-done:
		}
		timer.Stop()
	}
}

// start begins what may go as long as there is room.
func (u *Upload) start(ctx context.Context, under int, ends chan<- ended) (int, error) {
	now := u.line.options.Now()
	u.lanes.wake(func(i *item) bool { return !u.later[i.Number].until.After(now) })
	for {
		most, next := u.pace(now)
		if most > 0 { // else those under way are brought to an end
			u.wire.allow(most)
		}
		if under >= u.breaker.room(now, ahead(most)) || next.After(now) {
			return under, nil
		}
		i := u.lanes.take()
		if i == nil {
			more, err := u.read()
			if err != nil || !more {
				return under, err
			}
			continue
		}
		under++
		u.batches.began(i, now)
		go func() { ends <- u.bring(ctx, i) }()
	}
}

// next tells how long nothing is to be done unless something ends, and whether there is
// more to look at even if nothing does.
func (u *Upload) next(under int) (wait time.Duration, more bool) {
	now := u.line.options.Now()
	most, begin := u.pace(now)
	switch room := u.breaker.room(now, ahead(most)); {
	case most == 0 || under >= room && room > 0:
		return idlePass, false
	case room == 0:
		return u.breaker.until.Sub(now), false
	case begin.After(now):
		return begin.Sub(now), true
	}
	wake := now.Add(idlePass)
	if until, any := u.due(); any {
		wake = earlier(wake, until)
	}
	u.walk.look()
	more = u.walk.stale && len(u.lanes.known) < mostKnown
	if more {
		wake = earlier(wake, u.walk.next)
	}
	return wake.Sub(now), more
}

// read learns of a page of what waits; false: there is no more, or not yet.
func (u *Upload) read() (bool, error) {
	w, o := &u.walk, u.line.options
	now := o.Now()
	w.look()
	if len(u.lanes.known) >= mostKnown || !w.midway && (!w.stale || now.Before(w.next)) {
		return false, nil
	}
	if !w.midway {
		*w = walk{midway: true, changed: o.Queue.Changed()}
	}
	pending, err := o.Queue.Pending(pageRows, w.after)
	if err != nil {
		return false, err
	}
	for _, p := range pending {
		w.after = p.Seq
		if _, known := u.lanes.known[p.Number]; known {
			continue
		}
		names, err := u.parties(p)
		if err != nil {
			return false, err
		}
		if len(names) > 0 {
			u.lanes.add(p, names)
		}
	}
	w.rows += len(pending)
	if w.midway = len(pending) == pageRows; !w.midway {
		w.next = now.Add(time.Duration(w.rows) * restOfRow)
	}
	return true, nil
}

// parties names the lanes of what waits; none: there is nothing to do any more. Of a
// void they are read from the settlement as it was made, of a settlement from its row:
// there may be many.
func (u *Upload) parties(p queue.Waiting) ([]string, error) {
	if !p.Void {
		return u.line.options.Queue.Parties(p.Number)
	}
	j, err := u.job(p)
	if err != nil || j.settlement.Number == "" {
		return nil, err
	}
	return lanesOf(&j.settlement), nil
}

// lanesOf names what a settlement's order counts for: the person, and the accounts that
// pay if any does, which are known by their holder's keyed hash.
func lanesOf(s *settle.Settlement) []string {
	names := []string{s.Person}
	if s.Split.Own > 0 || s.Split.Family > 0 {
		for _, d := range s.Split.Draws {
			if d.AccountID != "" && !slices.Contains(names, d.AccountID) {
				names = append(names, d.AccountID)
			}
		}
	}
	return names
}

// bring brings an item on as it is now.
func (u *Upload) bring(ctx context.Context, i *item) ended {
	j, err := u.job(i.Waiting)
	if err != nil || j.settlement.Number == "" { // reversed or put aside meanwhile
		return ended{item: i, err: err}
	}
	j.so = &soFar{}
	err = u.one(ctx, j)
	return ended{i, j.so.answered, err}
}

// end takes note of how it went. Its error is trouble with the queue.
func (u *Upload) end(ctx context.Context, e ended) error {
	number, now := e.item.Number, u.line.options.Now()
	if e.err == nil {
		delete(u.later, number)
		if e.answered {
			u.breaker.fine()
		}
		return u.through(e.item)
	}
	unclear := noClearAnswer(e.err)
	if unclear {
		u.later[number] = u.later[number].longer(now, u.spread)
	} else {
		delete(u.later, number)
	}
	u.lanes.rest(e.item)
	switch {
	case ctx.Err() != nil: // we broke it off ourselves
	case !lineTrouble(e.err):
		return e.err
	case u.breaker.failed(number, unclear, e.answered, now, u.spread):
		u.log.Warn("upload waits for the line", "seconds", u.breaker.pause.Seconds(), "cause", plain(e.err))
	}
	return nil //nolint:nilerr // trouble with the line is waited out
}

// through takes out what is done. What waited for a void to be through goes into its
// lanes first: the person's later ones come after it.
func (u *Upload) through(i *item) error {
	defer u.lanes.done(i)
	for number, v := i.Number, i.Void; v; {
		void, err := u.line.options.Queue.Void(number)
		if err != nil || void.Kept == "" {
			return err
		}
		kept, err := u.line.options.Queue.Get(void.Kept)
		if err != nil {
			return err
		}
		if _, known := u.lanes.known[void.Kept]; kept.State == queue.Pending && !known {
			u.lanes.add(queue.Waiting{Seq: kept.Entry, Number: void.Kept, At: kept.At}, lanesOf(&kept.Settlement))
		}
		number, v = kept.Void, kept.Void != "" // itself reversed before it was ever sent
	}
	return nil
}

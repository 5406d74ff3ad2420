package pcsc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"settled/devices/apdu"
)

// Options of a [Watcher]; a zero field takes the value that is named.
type Options struct {
	Poll    time.Duration // longest single wait, after which readers are listed again: 1 s
	Limit   time.Duration // after which a call counts as hung: 3 s
	Busy    time.Duration // how long a card may be in use by another program: 1 s
	Retry   time.Duration // longest pause between attempts to reach the service: 1 s
	Closing time.Duration // how long Close waits for calls that are going on: 500 ms
	Binding Binding       // pcsc-lite
}

func (o Options) filled() Options {
	fill := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	fill(&o.Poll, time.Second)
	fill(&o.Limit, 3*time.Second)
	fill(&o.Busy, time.Second)
	fill(&o.Retry, time.Second)
	fill(&o.Closing, 500*time.Millisecond)
	if o.Binding == nil {
		o.Binding = defaultBinding()
	}
	return o
}

const (
	firstRetry  = 50 * time.Millisecond // of reaching the service; doubles
	firstPause  = 10 * time.Millisecond // after a wake with no news; doubles
	longPause   = 200 * time.Millisecond
	cancelAgain = 20 * time.Millisecond
)

// ErrSecondWatcher is given while a process already has a [Watcher].
var ErrSecondWatcher = errors.New("this process already watches the card readers")

var (
	errHung      = fmt.Errorf("%w: it does not answer", apdu.ErrNoService)
	errAbandoned = errors.New("call into PC/SC was left behind")
)

// watched is set while a watcher lives: pcsc-lite's binding bears one a process.
var watched atomic.Bool

// Watcher tells what happens to readers and cards. It has one goroutine that waits
// for the service and one for its present call into the PC/SC library.
type Watcher struct {
	options Options
	events  chan Event
	slots   *slots
	stop    context.CancelFunc
	done    chan struct{}
	scene   scene // of the watching goroutine alone
	left    bool  // a call has been left behind; read after done
}

// Watch starts watching. A service that is not there is told by an event, not by an
// error, and is waited for. The watcher ends with ctx or at Close.
func Watch(ctx context.Context, o Options) (*Watcher, error) {
	if !watched.CompareAndSwap(false, true) {
		return nil, ErrSecondWatcher
	}
	o = o.filled()
	ctx, stop := context.WithCancel(ctx)
	w := &Watcher{options: o, events: make(chan Event), slots: newSlots(o), stop: stop, done: make(chan struct{})}
	go w.watch(ctx)
	return w, nil
}

// Events are to be received without delay: nothing is lost while they are not, but
// nothing new is seen either. The channel is closed when the watcher has ended.
func (w *Watcher) Events() <-chan Event { return w.events }

// Open connects to the card in a reader, for one read. While the reader's last call
// has not returned it fails at once with [apdu.ErrStuck].
func (w *Watcher) Open(ctx context.Context, reader string) (*Card, error) {
	return w.slots.open(ctx, reader)
}

// Close ends the watcher and the cards that are open, in bounded time: twice
// Options.Closing at worst, whatever is stuck. A call that is going on is waited for,
// until Options.Closing; whoever waits for it is told then. An error names what was left
// behind because a call into the PC/SC library has not returned by then; it cleans up
// after itself when it does.
func (w *Watcher) Close() error {
	w.stop()
	left := w.slots.close()
	<-w.done
	var err error
	if len(left) > 0 {
		err = fmt.Errorf("%w: %s", apdu.ErrStuck, strings.Join(left, ", "))
	}
	if w.left {
		err = errors.Join(err, errHung)
	}
	return err
}

// watch follows one session after another. After the service's death nothing of the
// old session recovers, and the library still calls it valid: it is dropped, and a
// new one is tried for.
func (w *Watcher) watch(ctx context.Context) {
	defer close(w.done)
	defer close(w.events)
	defer w.stop()
	retry := firstRetry
	for ctx.Err() == nil {
		session, err := do(ctx, w, w.options.Limit, w.options.Binding.Establish, nil, releaseLate)
		if err == nil {
			retry = firstRetry
			err = w.follow(ctx, session)
		}
		if errors.Is(err, errAbandoned) {
			w.left = true
			return // the call gives up the claim on the process when it returns
		}
		if ctx.Err() != nil {
			break
		}
		w.tell(ctx, w.scene.down(err))
		w.pause(ctx, retry)
		retry = min(2*retry, w.options.Retry)
	}
	watched.Store(false)
}

func releaseLate(session Session, err error) {
	if err == nil {
		_ = session.Release()
	}
}

// follow watches with one session until it fails.
func (w *Watcher) follow(ctx context.Context, session Session) error {
	w.tell(ctx, w.scene.up())
	arrival, idle := uint32(0), firstPause
	for {
		if ctx.Err() != nil {
			return w.drop(ctx, session, ctx.Err())
		}
		news, err := w.once(ctx, session, &arrival)
		if err != nil {
			return w.drop(ctx, session, err)
		}
		if news {
			idle = firstPause
			continue
		}
		w.pause(ctx, idle) // bounds the load of a service that wakes us for nothing
		idle = min(2*idle, longPause)
	}
}

// drop releases a session, unless a call on it has been left behind. A release that
// hangs is waited for: the next session would hang as well.
func (w *Watcher) drop(ctx context.Context, session Session, err error) error {
	if errors.Is(err, errAbandoned) {
		return err
	}
	_, late := do(ctx, w, w.options.Limit, plain(session.Release), nil, func(struct{}, error) {})
	if errors.Is(late, errAbandoned) {
		return errors.Join(err, late)
	}
	return err
}

// once lists the readers and waits for one change. Readers are listed on every wake
// and timeout, since a reader's arrival between two waits is told by nobody.
func (w *Watcher) once(ctx context.Context, session Session, arrival *uint32) (news bool, err error) {
	release := func() { _ = session.Release() }
	names, err := do(ctx, w, w.options.Limit, session.Readers, nil, func([]string, error) { release() })
	if err == nil && w.scene.service != ServiceUp {
		err = errHung // it was silent too long, and that has been told
	}
	if err != nil {
		return false, err
	}
	listed := w.scene.list(names)
	w.tell(ctx, listed)
	states := w.scene.states(*arrival)
	wait := plain(func() error { return session.Wait(states, w.options.Poll) })
	_, err = do(ctx, w, w.options.Poll+w.options.Limit, wait, session.Cancel, func(struct{}, error) { release() })
	switch {
	case w.scene.service != ServiceUp && !errors.Is(err, errAbandoned):
		return false, errHung
	case errors.Is(err, Timeout):
		return true, nil
	case errors.Is(err, Cancelled), errors.Is(err, UnknownReader):
		return false, nil
	case err != nil:
		return false, err
	}
	*arrival = states[0].Flags &^ stateChanged
	for _, st := range states[1:] {
		events := w.scene.update(st)
		news = news || len(events) > 0
		w.tell(ctx, events)
	}
	return news || len(listed) > 0, nil
}

// do makes one blocking call for the watcher and waits for it, telling meanwhile of
// readers that get stuck, and of the service if the call takes longer than limit.
// When ctx ends it cancels the call, if it can be, and if that does not help leaves
// it behind; late then cleans up once it returns.
func do[T any](ctx context.Context, w *Watcher, limit time.Duration, call func() (T, error), cancel func() error, late func(T, error)) (T, error) {
	p := begin(call)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case <-p.done:
			return p.value, p.err
		case <-w.slots.changed:
			w.tell(ctx, w.scene.jam(w.slots.stuck()))
		case <-timer.C:
			w.tell(ctx, w.scene.down(errHung))
		case <-ctx.Done():
			if finishes(p.done, cancel, w.options.Closing) {
				return p.value, p.err
			}
			p.abandon(func(v T, err error) {
				late(v, err)
				watched.Store(false)
			})
			var none T
			return none, errAbandoned
		}
	}
}

// finishes cancels a call until it returns. A cancel that comes before the call is
// waiting is forgotten, so it is repeated; it may itself hang, so there is never
// more than one.
func finishes(done <-chan struct{}, cancel func() error, limit time.Duration) bool {
	giveUp := time.NewTimer(limit)
	defer giveUp.Stop()
	if cancel == nil {
		cancel = func() error { return nil }
	}
	p := begin(plain(cancel))
	again := time.NewTicker(cancelAgain)
	defer again.Stop()
	for {
		select {
		case <-done:
			return true
		case <-giveUp.C:
			return false
		case <-again.C:
			select {
			case <-p.done:
				p = begin(plain(cancel))
			default:
			}
		}
	}
}

// tell delivers events in order, or none any more once ctx has ended.
func (w *Watcher) tell(ctx context.Context, events []Event) {
	for _, e := range events {
		select {
		case w.events <- e:
		case <-ctx.Done():
			return
		}
	}
}

// pause waits, telling meanwhile of readers that get stuck.
func (w *Watcher) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case <-w.slots.changed:
			w.tell(ctx, w.scene.jam(w.slots.stuck()))
		}
	}
}

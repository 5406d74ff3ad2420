package pcsc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"settled/devices/apdu"
)

// connectRetry is the pause between two tries while another program has the card.
const connectRetry = 30 * time.Millisecond

var errEnded = errors.New("card readers are closed")

// slots knows which readers have a call of ours going on, so that a reader that
// never answers costs one goroutine and not one for each try.
type slots struct {
	options Options
	changed chan struct{} // holds one signal: a reader got stuck, or free
	ended   chan struct{} // closed when nothing is waited for any longer

	mu     sync.Mutex
	taken  map[string]*slot
	closed bool
}

// slot is a reader that is in use by a Card, or whose last call has not returned.
type slot struct {
	reader string
	free   chan struct{} // closed when the reader can be opened again
	card   *Card         // nil while it is being connected
	why    error         // what the last call left behind: ErrStuck, ErrNoService
}

func newSlots(o Options) *slots {
	return &slots{options: o, changed: make(chan struct{}, 1), ended: make(chan struct{}), taken: map[string]*slot{}}
}

// open connects to the card in reader.
func (s *slots) open(ctx context.Context, reader string) (*Card, error) {
	sl, err := s.take(ctx, reader)
	if err != nil {
		return nil, fmt.Errorf("reader %q: %w", reader, err)
	}
	session, err := run(ctx, s, sl, apdu.ErrNoService, s.options.Binding.Establish, func(session Session, err error) {
		if err == nil {
			_ = session.Release()
		}
	})
	if err != nil {
		return nil, fmt.Errorf("reader %q: %w", reader, err)
	}
	card := &Card{reader: reader, slots: s, slot: sl, session: session}
	connect := func() (struct{}, error) { return struct{}{}, card.connect(ctx) }
	_, err = run(ctx, s, sl, apdu.ErrStuck, connect, func(struct{}, error) { card.hangUp() })
	if err != nil {
		return nil, fmt.Errorf("reader %q: %w", reader, err)
	}
	s.mu.Lock()
	sl.card = card
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return nil, fmt.Errorf("reader %q: %w", reader, errors.Join(errEnded, card.Close()))
	}
	return card, nil
}

// run makes one blocking call for a slot. If it fails, its outcome is cleaned up and
// the slot set free in the call's own goroutine, since that may block as well. If it
// is not waited for any longer, that happens when it returns, and until then the
// slot is marked with unanswered.
func run[T any](ctx context.Context, s *slots, sl *slot, unanswered error, call func() (T, error), clean func(T, error)) (T, error) {
	end := func(v T, err error) {
		clean(v, err)
		s.release(sl)
	}
	p := begin(func() (T, error) {
		v, err := call()
		if err != nil {
			end(v, err)
		}
		return v, err
	})
	if err := await(ctx, s.ended, p.done, s.options.Limit, unanswered); err != nil {
		unmark := s.leave(sl, err, unanswered)
		p.abandon(func(v T, err error) {
			unmark()
			if err == nil {
				end(v, err)
			}
		})
		var none T
		return none, err
	}
	return p.value, p.err
}

// await waits for done: at most until ctx or everything ends, and at most limit.
func await(ctx context.Context, ended, done <-chan struct{}, limit time.Duration, unanswered error) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
		return fmt.Errorf("%w: %v", unanswered, limit)
	case <-ended:
		return errEnded
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("%w: %w", unanswered, ctx.Err())
		}
		return ctx.Err()
	}
}

// take marks a reader as in use. While the reader's last call has not returned, it
// waits for that a short time if the call was merely cancelled.
func (s *slots) take(ctx context.Context, reader string) (*slot, error) {
	timer := time.NewTimer(s.options.Busy)
	defer timer.Stop()
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return nil, errEnded
		}
		sl := s.taken[reader]
		if sl == nil {
			sl = &slot{reader: reader, free: make(chan struct{})}
			s.taken[reader] = sl
			s.mu.Unlock()
			return sl, nil
		}
		why := sl.why
		s.mu.Unlock()
		if why != nil {
			return nil, fmt.Errorf("%w: an earlier call has not returned", why)
		}
		select {
		case <-sl.free:
		case <-s.ended:
			return nil, errEnded
		case <-timer.C:
			return nil, fmt.Errorf("%w: a read of our own is going on", apdu.ErrBusy)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// leave is for a call that is waited for no longer: the slot is marked at once if
// time ran out, and after the limit if the caller lost interest.
func (s *slots) leave(sl *slot, err, unanswered error) (unmark func()) {
	mark := func() {
		s.mu.Lock()
		sl.why = unanswered
		s.mu.Unlock()
		s.signal()
	}
	if errors.Is(err, unanswered) {
		mark()
		return func() {}
	}
	timer := time.AfterFunc(s.options.Limit, mark)
	return func() { timer.Stop() }
}

func (s *slots) release(sl *slot) {
	s.mu.Lock()
	if s.taken[sl.reader] == sl {
		delete(s.taken, sl.reader)
		close(sl.free)
	}
	s.mu.Unlock()
	s.signal()
}

func (s *slots) signal() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// stuck lists the readers that do not answer, sorted.
func (s *slots) stuck() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name, sl := range s.taken {
		if errors.Is(sl.why, apdu.ErrStuck) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// close ends all cards, and opens none any more. It gives the readers that are left
// with a call which has not returned in time. It may be called twice.
func (s *slots) close() (left []string) {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	taken := slices.Collect(maps.Values(s.taken))
	if !first {
		s.mu.Unlock()
		<-s.ended
		return s.left()
	}
	for _, sl := range taken {
		if card := sl.card; card != nil {
			go func() { _ = card.Close() }() // in bounded time; told by free
		}
	}
	s.mu.Unlock()
	ctx, stop := context.WithTimeout(context.Background(), s.options.Closing)
	defer stop()
	for _, sl := range taken {
		select {
		case <-sl.free:
		case <-ctx.Done():
		}
	}
	close(s.ended)
	return s.left()
}

// left are the readers with a call that has not returned.
func (s *slots) left() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.taken))
}

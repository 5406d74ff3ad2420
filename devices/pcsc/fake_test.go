package pcsc

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"settled/devices/apdu"
)

// fake is a binding for what the real service cannot be made to do at will.
type fake struct {
	establish func() (Session, error)

	mu    sync.Mutex
	names []string
	waits []wait // what one Wait after another gives
	calls int
}

// shortPoll is how long one Wait of a fake with nothing to tell lasts.
const shortPoll = 5 * time.Millisecond

type wait struct {
	flags uint32
	err   error
}

func (f *fake) Establish() (Session, error) {
	if f.establish != nil {
		return f.establish()
	}
	return f, nil
}

func (f *fake) Readers() ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.names, nil
}

func (f *fake) Wait(states []State, limit time.Duration) error {
	next, ok := f.next()
	if !ok { // a service with nothing to tell
		<-time.After(limit)
		return Timeout
	}
	for i := range states[1:] {
		states[i+1].Flags = next.flags
	}
	return next.err
}

// next takes what this Wait is to give, if there is something.
func (f *fake) next() (next wait, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if len(f.waits) == 0 {
		return wait{}, false
	}
	next, f.waits = f.waits[0], f.waits[1:]
	return next, true
}

func (f *fake) Connect(string) (Link, error) { return nil, NoSmartCard }
func (f *fake) Cancel() error                { return InvalidHandle }
func (f *fake) Release() error               { return nil }

// kinds gives the next n kinds of events.
func kinds(t *testing.T, w *Watcher, n int) (got []Kind) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for len(got) < n {
		select {
		case e := <-w.Events():
			got = append(got, e.Kind)
		case <-timer.C:
			t.Fatalf("events %v, then none", got)
		}
	}
	return got
}

func TestFlagsToEvents(t *testing.T) {
	const present, absent = statePresent | stateChanged, 0x10 | stateChanged
	tests := []struct {
		name  string
		waits []wait
		want  []Kind
	}{
		{"0E is no news: list again", []wait{{0x0E, nil}, {0x10000 | present, nil}}, []Kind{CardInserted, CardRemoved}},
		{"0E while a card is in", []wait{{present, nil}, {0x0E, nil}, {present, nil}, {absent, nil}}, []Kind{CardInserted, CardRemoved}},
		{"in use, powered down", []wait{{present, nil}, {present | 0x180, nil}, {present | 0x400, nil}, {absent, nil}}, []Kind{CardInserted, CardRemoved}},
		{
			"exchanged between two waits",
			[]wait{{0x10000 | present, nil}, {0x30000 | present, nil}},
			[]Kind{CardInserted, CardRemoved, CardInserted, CardRemoved},
		},
		{"cancelled by another", []wait{{0, Cancelled}, {present, nil}}, []Kind{CardInserted, CardRemoved}},
		{"reader unknown for once", []wait{{0, UnknownReader}, {present, nil}}, []Kind{CardInserted, CardRemoved}},
		{"no card at all", []wait{{absent, nil}, {absent, nil}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			waits := append(slices.Clone(tt.waits), wait{0, CommError}, wait{present, nil})
			w := watch(t, Options{Binding: &fake{names: []string{"R"}, waits: waits}, Poll: shortPoll})
			want := append([]Kind{ServiceUp, ReaderAppeared}, tt.want...)
			want = append(want, ReaderGone, ServiceDown, ServiceUp, ReaderAppeared, CardInserted)
			if got := kinds(t, w, len(want)); !slices.Equal(got, want) {
				t.Errorf("events %v, want %v", got, want)
			}
		})
	}
}

func TestReaderIsUnplugged(t *testing.T) {
	f := &fake{names: []string{"R"}, waits: []wait{{statePresent, nil}}}
	w := watch(t, Options{Binding: f, Poll: shortPoll})
	kinds(t, w, 3)
	f.mu.Lock()
	f.names = []string{"S"}
	f.mu.Unlock()
	want := []Kind{CardRemoved, ReaderGone, ReaderAppeared}
	if got := kinds(t, w, 3); !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}

// A service that wakes the watcher for nothing must not cost a processor.
func TestRestlessService(t *testing.T) {
	f := &fake{names: []string{"R"}, waits: slices.Repeat([]wait{{0x0E, nil}}, 100000)}
	w := watch(t, Options{Binding: f})
	kinds(t, w, 2)
	select {
	case e := <-w.Events():
		t.Errorf("event %v", e)
	case <-time.After(300 * time.Millisecond):
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls > 20 {
		t.Errorf("%d waits in 300 ms", f.calls)
	}
}

// EstablishContext blocks for ever where a socket is there and nobody serves it.
func TestEstablishHangs(t *testing.T) {
	before := goleak.IgnoreCurrent()
	gate := make(chan struct{})
	var calls atomic.Int32
	f := &fake{}
	f.establish = func() (Session, error) {
		calls.Add(1)
		<-gate
		return &fake{}, nil
	}
	w, err := Watch(t.Context(), Options{Binding: f, Limit: 50 * time.Millisecond})
	must(t, err)
	if got := kinds(t, w, 1); got[0] != ServiceDown {
		t.Errorf("events %v", got)
	}
	if err := w.Close(); !errors.Is(err, apdu.ErrNoService) {
		t.Errorf("close: %v", err)
	}
	if _, err := Watch(t.Context(), Options{Binding: f}); !errors.Is(err, ErrSecondWatcher) {
		t.Errorf("a watcher beside the call that was left: %v", err)
	}
	close(gate)
	nothingLeft(t, before)
	if n := calls.Load(); n != 1 {
		t.Errorf("%d calls piled up", n)
	}
}

func TestGuard(t *testing.T) {
	broken := func(none []byte) (err error) {
		defer guard(&err)
		return fmt.Errorf("%d", none[0])
	}
	if err := broken(nil); err == nil {
		t.Error("no error of a panic")
	}
	if err := (&session{}).Wait(nil, time.Second); err == nil {
		t.Error("a wait for nothing")
	}
	if _, err := (&link{}).Transmit(nil); err == nil {
		t.Error("an empty command was sent")
	}
	if _, err := (&link{}).Transmit([]byte{0, 0x84, 0, 0}); err == nil { // no card: ebfe panics
		t.Error("no error of ebfe's panic")
	}
}

func TestCodes(t *testing.T) {
	for code, want := range map[Code]error{
		RemovedCard: apdu.ErrGone, NotTransacted: apdu.ErrGone, ResetCard: apdu.ErrGone,
		UnresponsiveCard: apdu.ErrMute, ProtocolMismatch: apdu.ErrMute, SharingViolation: apdu.ErrBusy,
		NoService: apdu.ErrNoService, CommError: apdu.ErrNoService, UnknownReader: apdu.ErrNoReader,
	} {
		if err := fmt.Errorf("read: %w", code); !errors.Is(err, want) || !errors.Is(err, code) {
			t.Errorf("%v is not %v", err, want)
		}
	}
	if errors.Is(Timeout, apdu.ErrGone) {
		t.Error("a timeout is no card's failure")
	}
}

// With everything stuck, the service and a call for a card, Close still ends soon, and
// whoever waits for the call is told.
func TestCloseWithEverythingStuck(t *testing.T) {
	before := goleak.IgnoreCurrent()
	gate := make(chan struct{})
	stuck := &stuckSession{gate: gate}
	w, err := Watch(t.Context(), Options{Binding: &fake{establish: func() (Session, error) { return stuck, nil }}, Limit: time.Minute})
	must(t, err)
	kinds(t, w, 1)
	opened := make(chan error, 1)
	go func() {
		_, err := w.Open(t.Context(), "R")
		opened <- err
	}()
	for !w.slots.busy() {
		runtime.Gosched()
	}
	began := time.Now()
	if err := w.Close(); !errors.Is(err, apdu.ErrStuck) || !errors.Is(err, apdu.ErrNoService) {
		t.Errorf("close says nothing of what it left: %v", err)
	}
	if err := <-opened; !errors.Is(err, errEnded) {
		t.Errorf("the waiting open: %v", err)
	}
	took := time.Since(began)
	t.Logf("closed in %v", took)
	if took > 30*time.Second { // a Limit is a minute
		t.Errorf("close took %v", took)
	}
	close(gate)
	nothingLeft(t, before)
}

// stuckSession is a service of which no call returns.
type stuckSession struct{ gate chan struct{} }

func (s *stuckSession) Readers() ([]string, error)        { <-s.gate; return nil, CommError }
func (s *stuckSession) Wait([]State, time.Duration) error { <-s.gate; return CommError }
func (s *stuckSession) Connect(string) (Link, error)      { <-s.gate; return nil, CommError }
func (s *stuckSession) Cancel() error                     { return nil }
func (s *stuckSession) Release() error                    { <-s.gate; return nil }

// busy tells whether a reader is in use.
func (s *slots) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.taken) > 0
}

// A release that hangs for long is no end of the watcher.
func TestReleaseHangs(t *testing.T) {
	gate := make(chan struct{})
	first := &fake{names: []string{"R"}, waits: []wait{{0, CommError}}}
	second := &fake{names: []string{"S"}}
	sessions := []Session{&slowRelease{first, gate}, second}
	f := &fake{establish: func() (s Session, _ error) {
		s, sessions = sessions[0], sessions[1:]
		return s, nil
	}}
	w := watch(t, Options{Binding: f, Limit: time.Second, Poll: shortPoll})
	want := []Kind{ServiceUp, ReaderAppeared, ReaderGone, ServiceDown}
	if got := kinds(t, w, len(want)); !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	close(gate)
	if got := kinds(t, w, 2); got[0] != ServiceUp {
		t.Errorf("then %v", got)
	}
}

type slowRelease struct {
	*fake
	gate chan struct{}
}

func (s *slowRelease) Release() error { <-s.gate; return nil }

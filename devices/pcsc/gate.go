package pcsc

import (
	"sync"
	"time"
)

// gate lets one call at a time into the PC/SC library, for the whole process and in
// the order of coming.
//
// It is there since libpcsclite (1.9.9) keeps one list of contexts and their handles
// for the process and looks things up in it under a lock, but SCardConnect enters its
// handle, and SCardDisconnect walks the list and takes it out, without the lock: two
// readers at once end in a SIGSEGV. So all calls that change the list or look up a
// handle pass the gate: Establish, Release, Connect, Disconnect, Transmit and Status.
// GetStatusChange, Cancel and ListReaders look up only a context, under the lock.
//
// Since no call is trusted to return, a call counts as out once it has been inside
// for its bound: a hung card does not stop the other reader. What is left of the
// danger: a Connect or Disconnect that takes longer than its bound and returns after
// all changes the list at its end, for a moment beside another reader's call.
type gate struct {
	mu   sync.Mutex
	last *visit
}

// Bounds on how long one call keeps the others out.
const (
	// lookUp is for calls that touch the list only at their beginning, within
	// microseconds, and then wait for the card.
	lookUp = 200 * time.Millisecond
	// change is for calls that touch the list at their end as well.
	change = time.Second
)

// visit is one call's passage. It waits for the one before it alone.
type visit struct {
	bound time.Duration
	since time.Time     // of being inside; to be read after inside
	in    chan struct{} // closed when it is inside
	out   chan struct{} // closed when it has left
}

// enter waits for the calls that came before, each at most its bound. The caller is
// inside until it calls leave.
func (g *gate) enter(bound time.Duration) (leave func()) {
	v := &visit{bound: bound, in: make(chan struct{}), out: make(chan struct{})}
	g.mu.Lock()
	before := g.last
	g.last = v
	g.mu.Unlock()
	if before != nil {
		before.wait()
	}
	v.since = time.Now()
	close(v.in)
	return func() { close(v.out) }
}

// wait returns when the visit is over, or has lasted for its bound.
func (v *visit) wait() {
	<-v.in
	select {
	case <-v.out: // the ordinary case costs no timer
		return
	default:
	}
	timer := time.NewTimer(v.bound - time.Since(v.since))
	defer timer.Stop()
	select {
	case <-v.out:
	case <-timer.C:
	}
}

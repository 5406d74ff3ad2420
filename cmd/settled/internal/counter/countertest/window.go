package countertest

import (
	"sync"
	"testing"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
	"settled/settle/policy"
)

// Window is a session with its stand-ins.
type Window struct {
	*counter.Session
	Cards    *Cards
	Platform *Platform
	Book     *Book
	Printer  *Printer
	ECodes   *ECodes
	Clock    *Clock
	Rules    counter.Rulebook
}

// Clock is set by tests.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now tells the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move moves the clock.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Morning is when every window opens: 2024-11-05 10:00 in Shanghai.
func Morning() time.Time { return time.Date(2024, 11, 5, 2, 0, 0, 0, time.UTC) }

// Seat is the name of every window.
const Seat = "01"

// Open opens a window in an ordinary state: the platform answers and knows Child,
// Parent and Stranger, the rules are the shipped ones. change may alter ports and
// options before it opens.
func Open(t testing.TB, change func(*counter.Ports, *counter.Options)) *Window {
	t.Helper()
	rules, err := policy.Load()
	if err != nil {
		t.Fatal(err)
	}
	w := &Window{
		Cards: NewCards(), Platform: &Platform{}, Book: NewBook(), Printer: NewPrinter(),
		Clock: &Clock{now: Morning()}, Rules: rules,
	}
	w.ECodes = &ECodes{Platform: w.Platform}
	for _, e := range []settle.Entitlement{Child(), Parent(), Stranger()} {
		w.Platform.Knows(e)
	}
	p := counter.Ports{
		Cards: w.Cards, Rulebook: rules, Platform: w.Platform, People: w.Book, Book: w.Book,
		Links: w.Book, Returns: w.Book, Shifts: w.Book, Exposure: w.Book, Printer: w.Printer, ECodes: w.ECodes, Used: w.ECodes, Clock: w.Clock.Now,
	}
	bound := counter.Bound{Warn: 50_000, Stop: 100_000}
	o := counter.Options{
		Seat: Seat, Institution: Centre(),
		Offline: counter.Offline{MaxAge: 72 * time.Hour, Person: bound, Account: bound, Counter: counter.Bound{Warn: 100_000, Stop: 200_000}},
	}
	if change != nil {
		change(&p, &o)
	}
	if w.Session, err = counter.New(p, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// Insert lays a card into a reader and waits until it is read.
func (w *Window) Insert(t testing.TB, role counter.Role, e settle.Entitlement) {
	t.Helper()
	w.Cards.Put(role, CardOf(e))
	w.Handle(counter.Event{Role: role, Inserted: true})
	w.Await(t, func(s counter.Screen) bool {
		if role == counter.Guardian {
			return s.Guardian != nil
		}
		return s.Patient != nil
	})
}

// Pull takes a card out.
func (w *Window) Pull(role counter.Role) {
	w.Cards.Take(role)
	w.Handle(counter.Event{Role: role})
}

// AwaitState waits for a state and gives its screen.
func (w *Window) AwaitState(t testing.TB, want counter.State) counter.Screen {
	t.Helper()
	return w.Await(t, func(s counter.Screen) bool { return s.State == want.String() })
}

// Await waits for a screen.
func (w *Window) Await(t testing.TB, wanted func(counter.Screen) bool) counter.Screen {
	t.Helper()
	screens, leave := w.Subscribe()
	defer leave()
	deadline := time.NewTimer(time.Minute) // only a fault reaches it
	defer deadline.Stop()
	var last counter.Screen
	for {
		select {
		case s, open := <-screens:
			if !open {
				t.Fatalf("the screens ended at %+v", last)
			}
			if last = s; wanted(s) {
				return s
			}
		case <-deadline.C:
			t.Fatalf("waited in vain; the screen is %+v", last)
		}
	}
}

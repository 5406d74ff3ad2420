package platform

import (
	"context"
	"errors"
	"runtime"
	"testing"
)

// TestWire has requests come and go: in turn, never more than allowed, and whoever gives
// up takes no place with him.
func TestWire(t *testing.T) {
	t.Parallel()
	var w wire
	w.allow(1)
	must(t, w.enter(t.Context()))
	order := make(chan int)
	queue := func(n int, ctx context.Context) chan error {
		came := make(chan error, 1)
		before := w.length()
		go func() {
			err := w.enter(ctx)
			came <- err
			if err == nil {
				order <- n
			}
		}()
		for w.length() == before {
			runtime.Gosched()
			if len(came) > 0 {
				t.Fatalf("%d did not wait", n)
			}
		}
		return came
	}
	gone, cancel := context.WithCancel(t.Context())
	first, second, third := queue(1, t.Context()), queue(2, gone), queue(3, t.Context())
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("the one who gave up: %v", err)
	}
	w.leave()
	must(t, <-first)
	if n := <-order; n != 1 || len(third) != 0 {
		t.Errorf("%d came first; %d came though there was no room", n, len(third))
	}
	w.allow(2)
	must(t, <-third)
	<-order
	w.allow(1)
	w.leave()
	fourth := queue(4, t.Context())
	w.leave()
	must(t, <-fourth)
	<-order
	w.leave()
	if w.on != 0 || len(w.waiting) != 0 {
		t.Errorf("%d on the way, %d waiting when all had left", w.on, len(w.waiting))
	}
}

// TestReversedInTurn reverses a settlement whose first request waits for its turn: it is not
// sent.
func TestReversedInTurn(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	way := &w.upload.wire
	way.allow(DefaultInFlight)
	for range DefaultInFlight {
		must(t, way.enter(t.Context()))
	}
	s := w.settle("MZ1", 1)
	passed := make(chan error, 1)
	go func() { passed <- w.pass() }()
	for way.length() == 0 {
		runtime.Gosched()
		if len(passed) > 0 {
			t.Fatal("nothing waited", <-passed)
		}
	}
	w.reverse(s, 0)
	for range DefaultInFlight {
		way.leave()
	}
	must(t, <-passed)
	w.passes()
	w.agree()
	if books := w.books(); books.Requests["1101"]+books.Requests["2201"] > 0 {
		t.Errorf("of a settlement that was reversed %v", books.Requests)
	}
}

// length is how many wait.
func (w *wire) length() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting)
}

package queue

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"settled/queue/journal"
)

// TestPatience: after a commit for the platform alone, the next such commit leaves the
// disk as long as that took; a settlement does not wait for it, and takes along what
// waits.
func TestPatience(t *testing.T) {
	h, watch, syncs := newHand(), newHand(), 0
	o := options(h)
	o.stopwatch = watch.read
	o.wrap = func(d journal.Disk) journal.Disk {
		return syncing{d, func() { syncs++; watch.move(time.Hour) }}
	}
	q := mustOpen(t, t.TempDir(), o)
	a, b := settle1(t, q, "a", 10, 0, 0, 0), settle1(t, q, "b", 10, 0, 0, 0)
	_, err := q.Acknowledge(t.Context(), ackOf(a))
	must(t, err)
	before, acked := syncs, make(chan error)
	go func() { _, err := q.Acknowledge(t.Context(), ackOf(b)); acked <- err }()
	for q.in.waiting() == 0 {
		runtime.Gosched()
	}
	settle1(t, q, "c", 10, 0, 0, 0)
	must(t, <-acked)
	if n := syncs - before; n != 1 {
		t.Errorf("%d syncs for an acknowledgement that waited and a settlement that did not", n)
	}
}

// syncing is a disk that tells of its syncs.
type syncing struct {
	journal.Disk
	told func()
}

func (d syncing) Sync() error { d.told(); return d.Disk.Sync() }

// TestInbox: many put while the writer waits for different numbers; nothing is lost, and
// no wait ends before what it is for is there.
func TestInbox(t *testing.T) {
	i, quit := newInbox(), make(chan struct{})
	const callers, each = 8, 500
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for n := range each {
				i.put(&op{patient: (c+n)%2 == 0})
			}
		})
	}
	for got, n := 0, 0; got < callers*each; n++ {
		w := want{all: 1 + n%7}
		if n%3 == 0 {
			w = want{all: callers * each, urgent: 1}
		}
		end := make(chan time.Time)
		if left := callers*each - got; left < 10 {
			close(end)
		}
		there := i.await(w, end, quit)
		i.mu.Lock()
		early := there && !i.has(w)
		i.mu.Unlock()
		if early {
			t.Fatalf("woken for %+v with %d", w, i.waiting())
		}
		ops := i.take(5)
		if len(ops) > 1 && n%2 == 0 {
			i.giveBack(ops[1:])
			ops = ops[:1]
		}
		got += len(ops)
	}
	all.Wait()
	if i.waiting() != 0 || i.urgent != 0 {
		t.Errorf("%d left, %d urgent", i.waiting(), i.urgent)
	}
}

// TestFullBatch: operations for which a batch has no room are not refused, they go into
// the next one.
func TestFullBatch(t *testing.T) {
	h, dir, d := newHand(), t.TempDir(), &faulty{}
	q := mustOpen(t, dir, d.options(h, dir))
	s := settle1(t, q, "k", 10, 0, 0, 0)
	d.mu.Lock()
	d.hold, d.in = make(chan struct{}), make(chan struct{}, 100)
	d.mu.Unlock()
	const n = 10
	message := make([]byte, maxMessage)
	for i := range message {
		message[i] = byte(i * i >> 7) // so that little can be saved
	}
	errs := make(chan error, n+1)
	go func() {
		_, _, err := q.Settle(t.Context(), bill(q, "first", version(t, q), 10, 0, 0, 0))
		errs <- err
	}()
	<-d.in
	for range n {
		go func() {
			errs <- q.later(t.Context(), func(turn *turn) error {
				ev := requested{Number: s.Number, MsgID: fmt.Sprintf("%030d", 1), Infno: "2207"}
				return turn.add(kindRequest, ev, nil, message, clerk)
			})
		}()
	}
	for q.in.waiting() < n {
		runtime.Gosched()
	}
	close(d.hold)
	for range n + 1 {
		must(t, <-errs)
	}
}

// TestGather: an operation is run when it comes, though the writer still waits for the
// company that it had the last time, and all of them share a sync. Who comes long after
// the others waits for nobody.
func TestGather(t *testing.T) {
	watch, syncs := newHand(), 0
	o := options(newHand())
	o.stopwatch = watch.read
	o.wrap = func(d journal.Disk) journal.Disk {
		return syncing{d, func() { syncs++; watch.move(time.Hour) }}
	}
	q := mustOpen(t, t.TempDir(), o)
	held, free, errs := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		errs <- q.do(t.Context(), func(*turn) error { close(held); <-free; return nil })
	}()
	<-held
	settleOf := func(key string) {
		c := bill(q, key, 0, 10, 0, 0, 0)
		c.Settlement.Person = q.Person(key)
		_, _, err := q.Settle(t.Context(), c)
		errs <- err
	}
	go settleOf("a")
	go settleOf("b")
	for q.in.waiting() < 2 {
		runtime.Gosched()
	}
	close(free)
	for range 3 {
		must(t, <-errs)
	}
	before, ran := syncs, make(chan struct{})
	watch.move(45 * time.Minute) // later than half of the last commit: they are still on their way
	go func() {
		errs <- q.do(t.Context(), func(turn *turn) error {
			defer close(ran)
			_, err := turn.msgID(clerk) // the first reserves some in the journal
			return err
		})
	}()
	select {
	case <-ran:
	case err := <-errs:
		t.Fatalf("answered without company: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("not run before the company comes")
	}
	go settleOf("c")
	for range 2 {
		must(t, <-errs)
	}
	if n := syncs - before; n != 1 {
		t.Errorf("%d syncs for two operations", n)
	}
	watch.move(61 * time.Minute)
	go settleOf("late")
	select {
	case err := <-errs:
		must(t, err)
	case <-time.After(time.Minute):
		t.Fatal("it waits for company that left an hour ago")
	}
}

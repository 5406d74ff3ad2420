package queue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"settled/queue/journal"
	"settled/settle"
)

// faulty is a disk that counts its syncs, makes them slow, or fails.
type faulty struct {
	journal.Disk
	file string

	mu    sync.Mutex
	fail  string        // "write lost", "write kept", "sync lost", "sync kept"
	hold  chan struct{} // if set, Sync waits for it
	size  int64
	syncs int
	in    chan struct{} // if set, told when a sync begins
}

var errFault = errors.New("input/output error")

func (d *faulty) set(fail string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = fail
}

func (d *faulty) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.syncs
}

func (d *faulty) WriteAt(p []byte, off int64) (int, error) {
	d.mu.Lock()
	fail := d.fail
	d.size = off
	d.mu.Unlock()
	switch fail {
	case "write lost":
		return 0, errFault
	case "write kept":
		n, _ := d.Disk.WriteAt(p, off)
		return n, errFault
	}
	return d.Disk.WriteAt(p, off)
}

func (d *faulty) Sync() error {
	d.mu.Lock()
	d.syncs++
	fail, hold, in := d.fail, d.hold, d.in
	d.mu.Unlock()
	if in != nil {
		in <- struct{}{}
	}
	if hold != nil {
		<-hold
	}
	switch fail {
	case "sync lost":
		return errors.Join(errFault, os.Truncate(d.file, d.size))
	case "sync kept":
		return errors.Join(errFault, d.Disk.Sync())
	}
	return d.Disk.Sync()
}

func (d *faulty) options(h *hand, dir string) Options {
	o := options(h)
	o.wrap = func(under journal.Disk) journal.Disk {
		d.Disk, d.file = under, filepath.Join(dir, journalDir, journal.FileName(1))
		return d
	}
	return o
}

// operations are all the kinds of writes there are, each on a settlement that is
// ready for it.
func operations() map[string]func(q *Queue, h *hand, number, msgid string) error {
	ctx := context.Background()
	return map[string]func(q *Queue, h *hand, number, msgid string) error{
		"settle": func(q *Queue, _ *hand, _, _ string) error {
			p, err := q.Position(child1(q), period)
			if err != nil {
				return err
			}
			_, _, err = q.Settle(ctx, bill(q, "again", p.Version, 10, 0, 10, 0))
			return err
		},
		"learn": func(q *Queue, h *hand, _, _ string) error {
			return q.Learn(ctx, entitled(q, childID, childName, 0, 5000, h.ago(0)), clerk)
		},
		"answer": func(q *Queue, _ *hand, number, msgid string) error {
			return q.Answer(ctx, Answer{Number: number, MsgID: msgid, Infno: "2207", Class: ClassOK, Chain: []byte(`{}`)})
		},
		"request": func(q *Queue, _ *hand, number, _ string) error {
			_, _, err := q.Request(ctx, number, "2601", func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
			return err
		},
		"acknowledge": func(q *Queue, _ *hand, number, _ string) error {
			_, err := q.Acknowledge(ctx, Ack{Number: number, SettlementID: "S", Amounts: Amounts{Total: 10, Fund: 10}})
			return err
		},
		"hold": func(q *Queue, _ *hand, number, _ string) error {
			return q.Hold(ctx, Held{Number: number, Code: "X", By: clerk})
		},
	}
}

// TestEachWriteTwice fails each kind of write, once lost and once kept though it was
// reported to have failed: the caller is told that nobody knows, nothing is visible,
// and the queue opened again tells the truth.
func TestEachWriteTwice(t *testing.T) {
	for name, operation := range operations() {
		for fail, kept := range map[string]bool{"write lost": false, "write kept": true, "sync lost": false, "sync kept": true} {
			t.Run(name+", "+fail, func(t *testing.T) {
				h, dir, d := newHand(), t.TempDir(), &faulty{}
				q := mustOpen(t, dir, d.options(h, dir))
				family(t, q, h)
				s := settle1(t, q, "k", 10, 0, 0, 0)
				msgid, _, err := q.Request(t.Context(), s.Number, "2207", func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
				must(t, err)
				before := picture(t, q)
				entry := verified(t, q).Entries
				d.set(fail)
				if err := operation(q, h, s.Number, msgid); !errors.Is(err, ErrUnknown) || !errors.Is(err, errFault) {
					t.Fatalf("failed write: %v", err)
				}
				same(t, "after the failure", picture(t, q), before)
				d.set("")
				if err := operation(q, h, s.Number, msgid); !errors.Is(err, ErrStopped) {
					t.Errorf("written after a failure: %v", err)
				}
				if st, err := q.Status(); err != nil || !errors.Is(st.Stopped, ErrStopped) || !errors.Is(st.Stopped, errFault) || st.Entry != entry {
					t.Errorf("status %+v, %v", st, err)
				}
				mustClose(t, q)

				q = mustOpen(t, dir, options(h))
				if now := verified(t, q).Entries; (now > entry) != kept {
					t.Errorf("%d entries, %d before", now, entry)
				}
				if !kept {
					same(t, "opened again", picture(t, q), before)
					must(t, operation(q, h, s.Number, msgid))
				} else if name == "settle" { // asking again with the key tells
					c := bill(q, "again", 0, 10, 0, 10, 0)
					if _, replayed, err := q.Settle(t.Context(), c); err != nil || !replayed {
						t.Errorf("asked again: %v %v", replayed, err)
					}
				}
				settle1(t, q, "goes on", 1, 0, 0, 0)
				verified(t, q)
			})
		}
	}
}

// TestGroupCommit: 32 callers that come while a sync runs share the next one.
func TestGroupCommit(t *testing.T) {
	h, dir, d := newHand(), t.TempDir(), &faulty{}
	q := mustOpen(t, dir, d.options(h, dir))
	settleOf := func(i int) error {
		c := bill(q, fmt.Sprint("k", i), 0, 10, 0, 0, 0)
		c.Settlement.Person = q.Person(fmt.Sprint(i))
		_, _, err := q.Settle(context.Background(), c)
		return err
	}
	before := d.count()
	d.mu.Lock()
	d.hold, d.in = make(chan struct{}), make(chan struct{}, 10)
	d.mu.Unlock()
	errs := make(chan error, 33)
	go func() { errs <- settleOf(0) }()
	<-d.in // the first is being synced
	for i := range 32 {
		go func() { errs <- settleOf(i + 1) }()
	}
	for q.in.waiting() < 32 { // all have come; nobody takes them
		runtime.Gosched()
	}
	if s, err := q.Status(); err != nil || s.Pending != 0 {
		t.Errorf("visible before it is durable: %+v, %v", s, err)
	}
	close(d.hold)
	for range 33 {
		must(t, <-errs)
	}
	if n := d.count() - before; n != 2 {
		t.Errorf("%d syncs for 1 + 32 settlements", n)
	}
	if s, err := q.Status(); err != nil || s.Pending != 33 {
		t.Errorf("status %+v, %v", s, err)
	}
}

// TestOneSyncASettlement: one caller, one sync each; refusals and replays cost none.
func TestOneSyncASettlement(t *testing.T) {
	h, dir, d := newHand(), t.TempDir(), &faulty{}
	q := mustOpen(t, dir, d.options(h, dir))
	before := d.count()
	for i := range 50 {
		settle1(t, q, fmt.Sprint(i), 10, 0, 0, 0)
	}
	_, _, err := q.Settle(t.Context(), bill(q, "0", 0, 10, 0, 0, 0))
	must(t, err)
	if _, _, err := q.Settle(t.Context(), bill(q, "new", 0, 10, 0, 0, 0)); !errors.Is(err, ErrStale) {
		t.Error(err)
	}
	if n := d.count() - before; n != 50 {
		t.Errorf("%d syncs for 50 settlements", n)
	}
}

// TestWithdrawn: a caller that gives up before its turn has written nothing; one that
// gives up in its turn is told that nobody knows.
func TestWithdrawn(t *testing.T) {
	h, dir, d := newHand(), t.TempDir(), &faulty{}
	q := mustOpen(t, dir, d.options(h, dir))
	d.mu.Lock()
	d.hold, d.in = make(chan struct{}), make(chan struct{}, 10)
	d.mu.Unlock()
	first, giveUpFirst := context.WithCancel(t.Context())
	second, giveUpSecond := context.WithCancel(t.Context())
	a, b := make(chan error, 1), make(chan error, 1)
	go func() { _, _, err := q.Settle(first, bill(q, "a", 0, 1, 0, 0, 0)); a <- err }()
	<-d.in
	go func() { _, _, err := q.Settle(second, bill(q, "b", 0, 1, 0, 0, 0)); b <- err }()
	for q.in.waiting() == 0 {
		runtime.Gosched()
	}
	giveUpFirst()
	giveUpSecond()
	if err := <-a; !errors.Is(err, ErrUnknown) {
		t.Errorf("in its turn: %v", err)
	}
	if err := <-b; errors.Is(err, ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("before its turn: %v", err)
	}
	close(d.hold)
	d.mu.Lock()
	d.hold, d.in = nil, nil
	d.mu.Unlock()
	p, err := q.Position(child1(q), "none")
	for err == nil && p.Version == 0 { // until the first is through
		runtime.Gosched()
		p, err = q.Position(child1(q), "none")
	}
	must(t, err)
	settle1(t, q, "c", 1, 0, 0, 0) // behind both
	list, err := q.List(Filter{})
	if err != nil || len(list) != 2 || list[0].Settlement.Key != "a" || list[1].Settlement.Key != "c" {
		t.Errorf("list %+v, %v", list, err)
	}
}

// TestChanged: the channel taken before a commit is closed by it.
func TestChanged(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	c := q.Changed()
	settle1(t, q, "k", 1, 0, 0, 0)
	<-c
	select {
	case <-q.Changed():
		t.Error("closed without a commit")
	default:
	}
}

// TestFailedOperation: an operation adds an entry and then fails. Nothing of it is
// written or visible, and its batch goes on.
func TestFailedOperation(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	settle1(t, q, "k", 1, 0, 0, 0)
	before := picture(t, q)
	err := q.do(t.Context(), func(t *turn) error {
		if err := t.add(kindLink, linked{Link: settle.Link{Beneficiary: child1(q), Donor: donor1(q), Kind: settle.MutualAid, From: 20200101}}, nil, nil, clerk); err != nil {
			return err
		}
		return errFault
	})
	if !errors.Is(err, errFault) {
		t.Errorf("failed operation: %v", err)
	}
	same(t, "after it", picture(t, q), before)
	settle1(t, q, "next", 1, 0, 0, 0)
	if p := verified(t, q); p.Entries != 3 {
		t.Errorf("%d entries", p.Entries)
	}
}

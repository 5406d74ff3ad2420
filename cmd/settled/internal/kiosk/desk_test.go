package kiosk_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/kiosk"
	"settled/cmd/settled/internal/sealed"
	"settled/queue"
	"settled/settle"
)

// till is a QR payment in memory that can be down.
type till struct {
	mu      sync.Mutex
	orders  map[string]kiosk.State
	refunds int
	down    bool
	stays   bool // Close closes nothing yet
	loses   bool // Refund finds nothing
}

var errDown = errors.New("down")

func (p *till) set(s kiosk.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ref := range p.orders {
		p.orders[ref] = s
	}
}

func (p *till) fail(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

func (p *till) stay(open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stays = open
}

func (p *till) lose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loses = true
}

// forget forgets all orders.
func (p *till) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.orders)
}

// all gives the state of the one order, and how often money went back.
func (p *till) all() (s kiosk.State, refunds int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s = range p.orders {
	}
	return s, p.refunds
}

func (p *till) do(ref string, change func(kiosk.State) kiosk.State) (kiosk.State, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return "", errDown
	}
	s, there := p.orders[ref]
	if !there {
		s = kiosk.None
	}
	p.orders[ref] = change(s)
	return p.orders[ref], nil
}

func (p *till) Order(_ context.Context, ref string, _ settle.Fen, _ string) (string, error) {
	_, err := p.do(ref, func(kiosk.State) kiosk.State { return kiosk.Waiting })
	return "weixin://pay/" + ref, err
}

func (p *till) State(_ context.Context, ref string) (kiosk.State, error) {
	return p.do(ref, func(s kiosk.State) kiosk.State { return s })
}

func (p *till) Close(_ context.Context, ref string) (kiosk.State, error) {
	return p.do(ref, func(s kiosk.State) kiosk.State {
		if s == kiosk.Waiting && !p.stays {
			return kiosk.Closed
		}
		return s
	})
}

func (p *till) Refund(_ context.Context, ref string) (kiosk.State, error) {
	return p.do(ref, func(s kiosk.State) kiosk.State {
		switch {
		case p.loses:
			return kiosk.None
		case s != kiosk.Paid:
			return s
		}
		p.refunds++
		return kiosk.Back
	})
}

// terminal is a desk at a window with the child's card in and its bill quoted.
type terminal struct {
	*countertest.Window
	till *till
	dir  string
	desk *kiosk.Desk
	stop func()
	cut  func() // without waiting
	paid chan string
	over kiosk.Window // before the window; nil: nothing is
}

func open(t *testing.T) *terminal { return opened(t, nil) }

func opened(t *testing.T, change func(*counter.Ports, *counter.Options)) *terminal {
	t.Helper()
	k := &terminal{Window: countertest.Open(t, change), till: &till{orders: map[string]kiosk.State{}}, dir: t.TempDir(), paid: make(chan string, 10)}
	k.start(t)
	return k
}

// start starts the desk, as the daemon does after a power cut.
func (k *terminal) start(t *testing.T) {
	t.Helper()
	folder, err := sealed.Open(k.dir, "kiosk", bytes.Repeat([]byte{1}, queue.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	window := kiosk.Window(k.Window)
	if k.over != nil {
		window = k.over
	}
	k.desk, err = kiosk.Open(kiosk.Options{
		Window: window, Payments: k.till, Folder: folder, Paid: func(bill string) { k.paid <- bill },
		Now: k.Clock.Now, Log: slog.New(slog.DiscardHandler), Look: 5 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	k.cut = cancel
	ended := make(chan error, 1)
	go func() { ended <- k.desk.Run(ctx) }()
	k.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(k.stop)
}

func (k *terminal) quote(t *testing.T) counter.Quote {
	t.Helper()
	q, err := k.Quote(t.Context(), countertest.Bill(t, countertest.Child(), nil), "0100")
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// await waits for a step, or for no attempt ("").
func (k *terminal) await(t *testing.T, want kiosk.Step) kiosk.Attempt {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		a, code := k.desk.Now()
		if a == nil && want == "" {
			return kiosk.Attempt{}
		}
		if a != nil && a.Step == want && (want != kiosk.Paying || code != "" || a.Interrupted) {
			return *a
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited for %q in vain, it is %+v", want, a)
		}
	}
}

func codeOf(err error) settle.Code {
	var r *settle.Refusal
	if errors.As(err, &r) && r.Cashier != "" {
		return r.Code
	}
	return ""
}

// TestPay: the code is shown, paid, settled, and gone with the card.
func TestPay(t *testing.T) {
	k := open(t)
	k.Insert(t, counter.Patient, countertest.Child())
	q := k.quote(t)
	if err := k.desk.Pay("q-other", "0100"); codeOf(err) != settle.QuoteUnknown {
		t.Errorf("another quote: %v", err)
	}
	if err := k.desk.Pay(q.ID, "0100"); err != nil {
		t.Fatal(err)
	}
	a := k.await(t, kiosk.Paying)
	if a.Cash != 2500 || a.Name != "张**" {
		t.Errorf("%+v", a)
	}
	if err := k.desk.Pay(q.ID, "0100"); codeOf(err) != kiosk.Busy {
		t.Errorf("twice: %v", err)
	}
	k.till.set(kiosk.Paid)
	if a := k.await(t, kiosk.Settled); a.Number == "" || <-k.paid != countertest.Key(1) {
		t.Errorf("%+v", a)
	}
	if st := k.Book.Written(); len(st) != 1 || st[0].Operator != "0100" {
		t.Errorf("%+v", st)
	}
	k.Pull(counter.Patient)
	k.await(t, "")
	if state, refunds := k.till.all(); state != kiosk.Paid || refunds != 0 {
		t.Errorf("%s, %d refunds", state, refunds)
	}
}

// TestNotPaid: what is given up, or breaks off before it is settled, leaves nothing taken:
// the order is closed, or the money goes back.
func TestNotPaid(t *testing.T) {
	for name, tt := range map[string]struct {
		do      func(t *testing.T, k *terminal)
		step    kiosk.Step
		state   kiosk.State
		refunds int
		left    bool // for the staff
	}{
		"cancelled": {func(t *testing.T, k *terminal) {
			if err := k.desk.Cancel(t.Context()); err != nil {
				t.Error(err)
			}
		}, kiosk.Cancelled, kiosk.Closed, 0, false},
		"cancelled when it was just paid": {func(t *testing.T, k *terminal) {
			k.stop()
			k.till.set(kiosk.Paid)
			if err := k.desk.Cancel(t.Context()); err != nil {
				t.Error(err)
			}
			k.start(t)
		}, kiosk.Refunded, kiosk.Back, 1, true},
		"card pulled":            {func(_ *testing.T, k *terminal) { k.Pull(counter.Patient) }, "", kiosk.Closed, 0, false},
		"expired":                {func(_ *testing.T, k *terminal) { k.till.set(kiosk.Closed) }, kiosk.Cancelled, kiosk.Closed, 0, false},
		"the amount has changed": {func(_ *testing.T, k *terminal) { k.Book.Touch(); k.till.set(kiosk.Paid) }, kiosk.Refunded, kiosk.Back, 1, false},
		"card pulled when paid": {func(_ *testing.T, k *terminal) {
			k.Cards.Take(counter.Patient)
			k.till.set(kiosk.Paid)
		}, kiosk.Refunded, kiosk.Back, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			k := open(t)
			k.Insert(t, counter.Patient, countertest.Child())
			if err := k.desk.Pay(k.quote(t).ID, "0100"); err != nil {
				t.Fatal(err)
			}
			k.await(t, kiosk.Paying)
			tt.do(t, k)
			a := k.await(t, tt.step)
			if state, refunds := k.till.all(); state != tt.state || refunds != tt.refunds || len(k.Book.Written()) != 0 {
				t.Errorf("%s, %d refunds, %d settled", state, refunds, len(k.Book.Written()))
			}
			if a.Interrupted != tt.left {
				t.Errorf("for the staff: %v, want %v", a.Interrupted, tt.left)
			}
		})
	}
}

// TestPowerCut cuts the power at every step: the next run finds out what happened, gives
// back what was not settled, gives nothing back twice, and shows it to the staff before
// it serves anybody.
func TestPowerCut(t *testing.T) {
	for name, tt := range map[string]struct {
		before func(t *testing.T, k *terminal)
		after  func(k *terminal)
		step   kiosk.Step
		state  kiosk.State
		taken  int
	}{
		"nobody had paid":         {nil, nil, kiosk.Cancelled, kiosk.Closed, 0},
		"paid, and not noticed":   {nil, func(k *terminal) { k.till.set(kiosk.Paid) }, kiosk.Refunded, kiosk.Back, 0},
		"payment down for a time": {nil, func(k *terminal) { k.till.set(kiosk.Paid); k.till.fail(true) }, kiosk.Refunded, kiosk.Back, 0},
		"settled, and not noted": {func(t *testing.T, k *terminal) {
			k.Book.FailNext(errors.New("power"), true) // written, but nobody heard
			release := k.Book.Hold()
			k.till.set(kiosk.Paid)
			<-k.Book.Started()
			k.cut() // nothing is tried again
			release()
		}, nil, kiosk.Settled, kiosk.Paid, 1},
	} {
		t.Run(name, func(t *testing.T) {
			k := open(t)
			k.Insert(t, counter.Patient, countertest.Child())
			q := k.quote(t)
			if err := k.desk.Pay(q.ID, "0100"); err != nil {
				t.Fatal(err)
			}
			k.await(t, kiosk.Paying)
			if tt.before != nil {
				tt.before(t, k)
			}
			k.stop()
			k.Pull(counter.Patient)
			if tt.after != nil {
				tt.after(k)
			}
			k.start(t)
			if k.till.down {
				k.await(t, kiosk.Paying)
				k.till.fail(false)
			}
			a := k.await(t, tt.step)
			state, refunds := k.till.all()
			if !a.Interrupted || a.Name != "张**" || state != tt.state || len(k.Book.Written()) != tt.taken || refunds > 1 || (refunds == 1) != (tt.state == kiosk.Back) {
				t.Errorf("%+v, %s, %d refunds, %d settled", a, state, refunds, len(k.Book.Written()))
			}
			if err := k.desk.Pay(q.ID, "0100"); codeOf(err) != kiosk.Busy {
				t.Errorf("the next patient: %v", err)
			}
			k.stop()
			k.start(t)
			k.await(t, tt.step) // still there
			if err := k.desk.Clear(); err != nil {
				t.Fatal(err)
			}
			k.stop()
			k.start(t)
			k.await(t, "")
		})
	}
}

// TestNoMoney: without a payment, and where it fails, the patient is sent to the window
// before anything is taken.
func TestNoMoney(t *testing.T) {
	k := open(t)
	k.Insert(t, counter.Patient, countertest.Child())
	k.till.fail(true)
	if err := k.desk.Pay(k.quote(t).ID, "0100"); err != nil {
		t.Fatal(err)
	}
	if a := k.await(t, kiosk.Refused); a.Why == "" || a.Interrupted {
		t.Errorf("%+v", a)
	}
	if len(k.Book.Written()) != 0 {
		t.Error("it was settled")
	}
}

package pcsc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"settled/devices/apdu"
	"settled/devices/bench"
)

// desk is the card bench of this package's tests.
var desk *bench.Bench

func TestMain(m *testing.M) {
	os.Exit(bench.Main(func(b *bench.Bench) int {
		desk = b
		return m.Run()
	}))
}

// patience is how long a test waits for what must happen: far more than it takes.
const patience = time.Minute

// hangs is the limit where something really hangs: the calls that don't keep to it as well.
const hangs = 1500 * time.Millisecond

// watch starts a watcher and checks at the end that it leaves nothing behind.
func watch(t *testing.T, o Options) *Watcher {
	t.Helper()
	before := goleak.IgnoreCurrent()
	o.Closing = patience // a busy machine is no stuck reader
	w, err := Watch(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		nothingLeft(t, before)
	})
	return w
}

// nothingLeft waits until no goroutine is there but those of before.
func nothingLeft(t *testing.T, before goleak.Option) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err = goleak.Find(before); err == nil { // it looks for a while itself
			return
		}
	}
	t.Error(err)
}

// expect takes events until one is of that kind and reader, and gives all of them.
func expect(t *testing.T, w *Watcher, kind Kind, reader string) []Event {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var events []Event
	for {
		select {
		case e, open := <-w.Events():
			if !open {
				t.Fatalf("watcher ended; want %s %s after %v", kind, reader, events)
			}
			events = append(events, e)
			if e.Kind == kind && e.Reader == reader {
				return events
			}
		case <-timer.C:
			t.Fatalf("no %s %s after %v", kind, reader, events)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// insert puts a card in until the end of the test.
func insert(t testing.TB, role, profile string, faults ...string) string {
	t.Helper()
	must(t, desk.Insert(role, profile, faults...))
	t.Cleanup(func() { vacate(t, role) })
	return desk.Reader(role)
}

// vacate takes the card out and waits until the service has seen that.
func vacate(t testing.TB, role string) {
	t.Helper()
	must(t, desk.Remove(role))
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		card, err := Open(context.Background(), desk.Reader(role))
		if errors.Is(err, NoSmartCard) {
			return
		}
		if err == nil {
			_ = card.Close()
		}
		<-again.C
	}
	t.Fatalf("the card stays in %s", role)
}

var (
	selectSSSE = apdu.Command{INS: apdu.InsSelect, P1: 4, Data: []byte("sx1.sh.\xC9\xE7\xBB\xE1\xB1\xA3\xD5\xCF")}
	selectEF05 = apdu.Command{INS: apdu.InsSelect, Data: []byte{0xEF, 0x05}}
	readCode   = apdu.Command{INS: apdu.InsReadRecord, P1: 1, Le: apdu.MaxLe}
)

// code reads the card's own number.
func code(ctx context.Context, card *Card) (string, error) {
	for _, c := range []apdu.Command{selectSSSE, selectEF05} {
		if _, err := apdu.Send(ctx, card, c); err != nil {
			return "", err
		}
	}
	r, err := apdu.Send(ctx, card, readCode)
	return fmt.Sprintf("%x", r.Data), err
}

// open connects to a card that has just been put in: vpcd takes up to a poll.
func open(t testing.TB, with func(context.Context, string) (*Card, error), reader string) *Card {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		card, err := with(t.Context(), reader)
		if err == nil {
			t.Cleanup(func() { _ = card.Close() })
			return card
		}
		if !errors.Is(err, apdu.ErrGone) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestEventsOfCards(t *testing.T) {
	w := watch(t, Options{})
	patient, guardian := desk.Reader("patient"), desk.Reader("guardian")
	first := expect(t, w, ReaderAppeared, guardian)
	if first[0].Kind != ServiceUp {
		t.Errorf("first event is %v", first[0])
	}
	must(t, desk.Insert("patient", "child-v2"))
	events := expect(t, w, CardInserted, patient)
	in := events[len(events)-1]
	if got := fmt.Sprintf("%X", in.ATR); !strings.HasPrefix(got, "3B6D000000") || in.Mute {
		t.Errorf("inserted %+v", in)
	}
	must(t, desk.Insert("guardian", "parent-v2"))
	expect(t, w, CardInserted, guardian)

	// A read raises no event: connect, exclusive use and power-down are no news.
	card := open(t, w.Open, patient)
	if _, err := code(t.Context(), card); err != nil {
		t.Error(err)
	}
	if fmt.Sprintf("%x", card.ATR()) != fmt.Sprintf("%x", in.ATR) {
		t.Errorf("ATR %x, by event %x", card.ATR(), in.ATR)
	}
	must(t, card.Close())
	must(t, desk.Remove("patient"))
	if events = expect(t, w, CardRemoved, patient); len(events) != 1 {
		t.Errorf("events %v", events)
	}
	must(t, desk.Remove("guardian"))
	if events = expect(t, w, CardRemoved, guardian); events[0].ATR != nil {
		t.Errorf("stale ATR in %v", events)
	}
}

func TestMalformedATR(t *testing.T) {
	w := watch(t, Options{})
	reader := insert(t, "patient", "mute")
	expect(t, w, CardInserted, reader)
	if _, err := w.Open(t.Context(), reader); !errors.Is(err, apdu.ErrMute) {
		t.Errorf("connected to a card without protocol: %v", err)
	}
}

func TestServiceDiesAndReturns(t *testing.T) {
	w := watch(t, Options{})
	reader := insert(t, "patient", "child-v2")
	expect(t, w, CardInserted, reader)
	card := open(t, w.Open, reader)

	must(t, desk.Kill())
	events := expect(t, w, ServiceDown, "")
	kinds := []Kind{}
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	if kinds[0] != CardRemoved || !slices.Contains(kinds, ReaderGone) {
		t.Errorf("events %v: card and readers go before the service", kinds)
	}
	if _, err := code(t.Context(), card); !errors.Is(err, apdu.ErrNoService) {
		t.Errorf("old connection: %v", err)
	}
	if _, err := w.Open(t.Context(), reader); !errors.Is(err, apdu.ErrNoService) {
		t.Errorf("open without service: %v", err)
	}

	must(t, desk.Launch())
	returned := time.Now()
	expect(t, w, CardInserted, reader)
	t.Logf("card seen %v after the service's return", time.Since(returned).Round(time.Millisecond))
	if _, err := code(t.Context(), open(t, w.Open, reader)); err != nil {
		t.Errorf("read after recovery: %v", err)
	}
}

func TestServiceHangs(t *testing.T) {
	w := watch(t, Options{Poll: 100 * time.Millisecond, Limit: 300 * time.Millisecond})
	expect(t, w, ReaderAppeared, desk.Reader("guardian"))
	must(t, desk.Stall())
	events := expect(t, w, ServiceDown, "")
	if err := events[len(events)-1].Err; !errors.Is(err, apdu.ErrNoService) {
		t.Errorf("down because of %v", err)
	}
	if _, err := w.Open(t.Context(), desk.Reader("patient")); !errors.Is(err, apdu.ErrNoService) {
		t.Errorf("open: %v", err)
	}
	must(t, desk.Resume())
	expect(t, w, ServiceUp, "")
	expect(t, w, ReaderAppeared, desk.Reader("guardian"))
}

func TestCloseWhileServiceHangs(t *testing.T) {
	before := goleak.IgnoreCurrent()
	w, err := Watch(t.Context(), Options{Limit: 200 * time.Millisecond})
	must(t, err)
	expect(t, w, ReaderAppeared, desk.Reader("guardian"))
	must(t, desk.Stall())
	expect(t, w, ServiceDown, "")
	if err := w.Close(); !errors.Is(err, apdu.ErrNoService) { // and returns, though the service hangs
		t.Errorf("close says nothing of the call it left: %v", err)
	}
	must(t, desk.Resume())
	nothingLeft(t, before) // the call returns and cleans up
	again := watch(t, Options{})
	expect(t, again, ServiceUp, "")
}

// Without the Cancel, this would end with a call left behind.
func TestCloseWakesTheWaiter(t *testing.T) {
	w := watch(t, Options{Poll: time.Minute, Limit: 2 * time.Second})
	expect(t, w, ReaderAppeared, desk.Reader("guardian"))
	must(t, desk.Insert("guardian", "child-v2"))
	t.Cleanup(func() { vacate(t, "guardian") })
	expect(t, w, CardInserted, desk.Reader("guardian")) // so it waits, or is about to
	must(t, w.Close())
}

func TestOneWatcherAProcess(t *testing.T) {
	w := watch(t, Options{})
	if _, err := Watch(t.Context(), Options{}); !errors.Is(err, ErrSecondWatcher) {
		t.Errorf("second watcher: %v", err)
	}
	expect(t, w, ServiceUp, "")
}

func TestPulledInMidRead(t *testing.T) {
	w := watch(t, Options{})
	reader := insert(t, "patient", "child-v2", "pull=3")
	expect(t, w, CardInserted, reader)
	card := open(t, w.Open, reader)
	if _, err := code(t.Context(), card); !errors.Is(err, apdu.ErrGone) {
		t.Errorf("pulled card: %v", err)
	}
	if _, err := card.Transmit(t.Context(), []byte{0, 0x84, 0, 0, 8}); !errors.Is(err, apdu.ErrGone) {
		t.Errorf("the connection goes on: %v", err)
	}
	expect(t, w, CardRemoved, reader)
	must(t, desk.Remove("patient"))
	must(t, desk.Insert("patient", "parent-v2"))
	expect(t, w, CardInserted, reader)
	if _, err := code(t.Context(), open(t, w.Open, reader)); err != nil {
		t.Errorf("next card: %v", err)
	}
}

func TestHungCard(t *testing.T) {
	w := watch(t, Options{Limit: hangs})
	patient, guardian := insert(t, "patient", "hung"), insert(t, "guardian", "parent-v2")
	expect(t, w, CardInserted, patient)
	card := open(t, w.Open, patient)
	failed := make(chan error, 1)
	go func() {
		_, err := code(t.Context(), card)
		failed <- err
	}()
	expect(t, w, ReaderStuck, patient)
	if err := <-failed; !errors.Is(err, apdu.ErrStuck) {
		t.Errorf("hung card: %v", err)
	}
	for range 20 { // nothing piles up behind it
		if _, err := w.Open(t.Context(), patient); !errors.Is(err, apdu.ErrStuck) {
			t.Fatalf("open of a stuck reader: %v", err)
		}
	}
	if _, err := code(t.Context(), open(t, w.Open, guardian)); err != nil {
		t.Errorf("other reader: %v", err)
	}
	must(t, desk.Remove("patient"))
	expect(t, w, ReaderFree, patient)
	must(t, desk.Insert("patient", "child-v2"))
	if _, err := code(t.Context(), open(t, w.Open, patient)); err != nil {
		t.Errorf("after the hung card: %v", err)
	}
}

func TestDeadlineOfTheRead(t *testing.T) {
	w := watch(t, Options{Limit: time.Minute})
	reader := insert(t, "patient", "hung")
	expect(t, w, CardInserted, reader)
	card := open(t, w.Open, reader)
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if _, err := code(ctx, card); !errors.Is(err, apdu.ErrStuck) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("at the deadline: %v", err)
	}
	expect(t, w, ReaderStuck, reader)
	must(t, desk.Remove("patient"))
	expect(t, w, ReaderFree, reader)
}

func TestCancelledRead(t *testing.T) {
	w := watch(t, Options{Busy: patience})
	reader := insert(t, "patient", "child-v2", "delay=150ms")
	expect(t, w, CardInserted, reader)
	ctx, stop := context.WithCancel(t.Context())
	card := open(t, w.Open, reader)
	failed := make(chan error, 1)
	go func() {
		_, err := code(ctx, card)
		failed <- err
	}()
	stop()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	must(t, card.Close())
	// The reader is free again as soon as the command in flight has come back.
	if _, err := code(t.Context(), open(t, w.Open, reader)); err != nil {
		t.Errorf("read after a cancelled one: %v", err)
	}
}

// A call that merely has not returned yet is no error of Close.
func TestCloseDuringRead(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		t.Run(fmt.Sprintf("cancelled=%t", cancelled), func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			w, err := Watch(t.Context(), Options{Closing: patience})
			must(t, err)
			reader := insert(t, "patient", "child-v2", "delay=150ms")
			expect(t, w, CardInserted, reader)
			card := open(t, w.Open, reader)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			failed := make(chan error, 1)
			go func() {
				var err error
				for err == nil {
					_, err = code(ctx, card)
				}
				failed <- err
			}()
			heard(t, "patient")
			if cancelled {
				stop()
			}
			if err := w.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			if err := <-failed; errors.Is(err, apdu.ErrStuck) {
				t.Errorf("the read: %v", err)
			}
			if _, err := w.Open(t.Context(), reader); !errors.Is(err, errEnded) {
				t.Errorf("open after close: %v", err)
			}
			nothingLeft(t, before)
		})
	}
}

func TestCloseWhileCardHangs(t *testing.T) {
	before := goleak.IgnoreCurrent()
	w, err := Watch(t.Context(), Options{Limit: patience})
	must(t, err)
	reader := insert(t, "patient", "hung")
	expect(t, w, CardInserted, reader)
	card := open(t, w.Open, reader)
	failed := make(chan error, 1)
	go func() {
		_, err := code(t.Context(), card)
		failed <- err
	}()
	heard(t, "patient")
	if err := w.Close(); !errors.Is(err, apdu.ErrStuck) || !strings.Contains(err.Error(), reader) {
		t.Errorf("close says nothing of the call it left: %v", err)
	}
	if err := <-failed; !errors.Is(err, errEnded) {
		t.Errorf("the read: %v", err)
	}
	must(t, desk.Remove("patient"))
	nothingLeft(t, before)
}

// heard waits until the card has been sent a command.
func heard(t *testing.T, role string) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(patience); ; <-again.C {
		commands, err := desk.APDUs(role)
		must(t, err)
		if len(commands) > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no command came")
		}
	}
}

func TestExclusiveElsewhere(t *testing.T) {
	reader := insert(t, "patient", "child-v2")
	t.Run("for long", func(t *testing.T) {
		w := watch(t, Options{Busy: 200 * time.Millisecond})
		expect(t, w, CardInserted, reader)
		other := open(t, Open, reader) // knows nothing of the watcher
		if _, err := w.Open(t.Context(), reader); !errors.Is(err, apdu.ErrBusy) {
			t.Errorf("card of another program: %v", err)
		}
		must(t, other.Close())
	})
	t.Run("for a moment", func(t *testing.T) {
		w := watch(t, Options{Busy: patience})
		expect(t, w, CardInserted, reader)
		other := open(t, Open, reader)
		time.AfterFunc(50*time.Millisecond, func() { _ = other.Close() })
		if _, err := code(t.Context(), open(t, w.Open, reader)); err != nil {
			t.Errorf("no second try: %v", err)
		}
	})
}

// More contexts than the service grants (200) are used one after another.
func TestContextsAreGivenBack(t *testing.T) {
	w := watch(t, Options{})
	reader := insert(t, "patient", "child-v2")
	expect(t, w, CardInserted, reader)
	for i := range 220 {
		card, err := w.Open(t.Context(), reader)
		if err != nil {
			t.Fatalf("open %d: %v", i, err)
		}
		must(t, card.Close())
	}
	if _, err := Readers(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestUnknownReader(t *testing.T) {
	for _, name := range []string{"", "no such reader", "a\x00b"} {
		if _, err := Open(t.Context(), name); !errors.Is(err, apdu.ErrNoReader) {
			t.Errorf("%q: %v", name, err)
		}
	}
	names, err := Readers(t.Context())
	if err != nil || !slices.Contains(names, desk.Reader("patient")) {
		t.Errorf("readers %q, %v", names, err)
	}
}

package pcsc

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"settled/devices/apdu"
)

// stressVariable says how long the stress lasts, such as PCSC_STRESS=10m.
const stressVariable = "PCSC_STRESS"

// Two readers at once, with cards that come and go. Without the gate, libpcsclite ends
// the process by a SIGSEGV, most often within a minute; the short form may miss it.
func TestTwoReadersAtOnce(t *testing.T) {
	lasts := 6 * time.Second
	if v := os.Getenv(stressVariable); v != "" {
		var err error
		lasts, err = time.ParseDuration(v)
		must(t, err)
	}
	w := watch(t, Options{Limit: patience})
	roles := []string{"patient", "guardian"}
	for _, role := range roles {
		expect(t, w, CardInserted, insert(t, role, "child-v2"))
	}
	for range 60 { // a longer list in the library makes the race likelier
		session, err := defaultBinding().Establish()
		must(t, err)
		t.Cleanup(func() { must(t, session.Release()) })
	}
	ctx, stop := context.WithTimeout(t.Context(), lasts)
	defer stop()
	var parts sync.WaitGroup
	parts.Go(func() { // who does not receive stops the watcher
		for {
			select {
			case e := <-w.Events():
				if e.Kind != CardInserted && e.Kind != CardRemoved {
					t.Errorf("event %+v", e)
				}
			case <-ctx.Done():
				return
			}
		}
	})
	var rounds [2]atomic.Int64
	for i, role := range roles {
		parts.Go(func() {
			for ctx.Err() == nil {
				if err := round(w, desk.Reader(role)); err == nil {
					rounds[i].Add(1)
				} else if !errors.Is(err, apdu.ErrGone) && !errors.Is(err, apdu.ErrMute) { // pulled, and while powered up
					t.Errorf("%s: %v", role, err)
					return
				}
			}
		})
	}
	parts.Go(func() { exchange(ctx, t, roles) })
	parts.Wait()
	for i, role := range roles {
		n := rounds[i].Load()
		t.Logf("%s: %d rounds in %v", role, n, lasts)
		if n < 10 {
			t.Errorf("%s: only %d rounds", role, n)
		}
	}
}

// round opens the card, sends one command and closes.
func round(w *Watcher, reader string) error {
	card, err := w.Open(context.Background(), reader)
	if err != nil {
		return err
	}
	_, err = card.Transmit(context.Background(), []byte{0, apdu.InsSelect, 4, 0})
	return errors.Join(err, card.Close())
}

// exchange changes the cards, now behind the reader's back and now by hand.
func exchange(ctx context.Context, t *testing.T, roles []string) {
	again := time.NewTicker(300 * time.Millisecond)
	defer again.Stop()
	profiles := []string{"parent-v2", "child-v2"}
	for i := 0; ; i++ {
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
		role, profile := roles[i%2], profiles[i/2%2]
		err := desk.Swap(role, profile)
		if i%9 == 8 {
			err = errors.Join(desk.Remove(role), desk.Insert(role, profile))
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}

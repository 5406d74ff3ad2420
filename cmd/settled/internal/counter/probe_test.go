package counter_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
)

// probing opens a window with Child's card in the reader for a while, which asks the
// platform anew for a share of the settlements.
func probing(t *testing.T, percent int, change func(*counter.Ports)) *countertest.Window {
	t.Helper()
	w := countertest.Open(t, func(p *counter.Ports, o *counter.Options) {
		o.Offline.Probe = counter.Probe{Percent: percent, Deadline: 50 * time.Millisecond}
		if change != nil {
			change(p)
		}
	})
	w.Insert(t, counter.Patient, countertest.Child())
	w.Clock.Move(5 * time.Minute)
	return w
}

// TestProbe: what the platform says when it is asked anew counts, whatever was thought of
// the line before.
func TestProbe(t *testing.T) {
	t.Run("a stopped insurance is noticed", func(t *testing.T) {
		w := probing(t, 100, nil)
		w.Platform.Fail(&settle.Refusal{Code: settle.PlatformRefused, Cashier: "已停保", Technician: "stopped"})
		bill := countertest.Bill(t, countertest.Child(), nil)
		for range 2 { // and not forgotten
			_, err := w.Quote(context.Background(), bill, "C01")
			wantCode(t, err, settle.PlatformRefused)
		}
		w.Platform.Fail(nil)
		w.Pull(counter.Patient)
		w.Insert(t, counter.Patient, countertest.Child())
		quote(t, w)
	})
	t.Run("a line that went down is noticed", func(t *testing.T) {
		w := probing(t, 100, nil)
		w.Platform.Fail(&counter.Down{Reason: settle.NetworkDown, Err: errors.New("no route")})
		if q := quote(t, w); !q.Settlement.Provisional || q.Settlement.OfflineWhy != string(settle.NetworkDown) {
			t.Errorf("%+v", q.Settlement)
		}
	})
	t.Run("a line that came back is noticed", func(t *testing.T) {
		w := probing(t, 100, nil)
		w.Pull(counter.Patient)
		w.Platform.Fail(&counter.Down{Reason: settle.PlatformDown, Err: errors.New("down")})
		w.Insert(t, counter.Patient, countertest.Child())
		w.Platform.Fail(nil)
		if q := quote(t, w); q.Settlement.Provisional {
			t.Errorf("%+v", q.Settlement)
		}
	})
	t.Run("no longer than the deadline", func(t *testing.T) {
		w := probing(t, 100, func(p *counter.Ports) { p.Platform = silent{p.Platform} })
		w.Platform.Fail(errAsked)
		if q := quote(t, w); !q.Settlement.Provisional || q.Settlement.OfflineWhy != string(settle.PlatformDown) {
			t.Errorf("%+v", q.Settlement)
		}
	})
	t.Run("just asked", func(t *testing.T) {
		w := probing(t, 100, nil)
		w.Pull(counter.Patient)
		w.Insert(t, counter.Patient, countertest.Child())
		w.Platform.Fail(&counter.Down{Reason: settle.PlatformDown, Err: errors.New("down")})
		now := countertest.Child()
		now.AsOf = w.Clock.Now().Format(time.RFC3339)
		w.Platform.Fail(nil)
		w.Platform.Forget()
		w.Platform.Knows(now)
		w.Pull(counter.Patient)
		w.Insert(t, counter.Patient, now)
		w.Platform.Fail(&counter.Down{Reason: settle.PlatformDown, Err: errors.New("down")})
		if q := quote(t, w); q.Settlement.Provisional {
			t.Errorf("asked again at once: %+v", q.Settlement)
		}
	})
}

// TestProbeShare: the share of bills that is drawn is the one that was asked for, and the
// same bills are drawn again.
func TestProbeShare(t *testing.T) {
	for _, percent := range []int{0, 10, 100} {
		drawn := map[int]bool{}
		for round := range 2 {
			w := probing(t, percent, nil)
			for n := range 200 {
				before := w.Platform.Asked()
				quoteOf(t, w, n)
				w.Clock.Move(2 * time.Second)
				if was := w.Platform.Asked() > before; round == 0 {
					drawn[n] = was
				} else if was != drawn[n] {
					t.Errorf("%d %%: bill %d is drawn %v, then %v", percent, n, drawn[n], was)
				}
			}
		}
		count := 0
		for _, was := range drawn {
			if was {
				count++
			}
		}
		if count < 200*percent/200 || count > max(percent*3, 0) && percent < 100 || percent == 100 && count != 200 {
			t.Errorf("%d %%: %d of 200 bills are drawn", percent, count)
		}
	}
}

// silent answers nothing once it fails with errAsked.
type silent struct{ counter.Platform }

var errAsked = errors.New("no answer")

func (s silent) Identify(ctx context.Context, who settle.Identity) (settle.Entitlement, error) {
	e, err := s.Platform.Identify(ctx, who)
	if errors.Is(err, errAsked) {
		<-ctx.Done()
		return e, &counter.Down{Err: ctx.Err()}
	}
	return e, err
}

package counter_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
)

// offline opens a window with the platform down, at which Child and Parent were known from
// before and the account of Parent pays for Child; change alters the bounds.
func offline(t *testing.T, change func(*counter.Offline)) *countertest.Window {
	t.Helper()
	w := countertest.Open(t, func(_ *counter.Ports, o *counter.Options) {
		o.Offline.Claim = counter.ClaimOffice{Where: "医保办", Bring: []string{"本凭条"}, Days: 365}
		if change != nil {
			change(&o.Offline)
		}
	})
	w.Insert(t, counter.Patient, countertest.Child())
	w.Insert(t, counter.Guardian, countertest.Parent())
	if _, err := w.FileLink(context.Background(), settle.RelationChild, "C01"); err != nil {
		t.Fatal(err)
	}
	w.Pull(counter.Guardian)
	w.Pull(counter.Patient)
	w.AwaitState(t, counter.Idle)
	w.Platform.Fail(&counter.Down{Reason: settle.PlatformDown, Err: errors.New("no route to host")})
	w.Platform.Break(settle.PlatformDown)
	return w
}

func codes(notices []counter.Notice) (list []settle.Code) {
	for _, n := range notices {
		list = append(list, n.Code)
	}
	return list
}

// selfPaid quotes the n-th bill, checks that nothing of it is granted and why, confirms it,
// and gives what was printed.
func selfPaid(t *testing.T, w *countertest.Window, n int, why settle.Code) counter.Receipt {
	t.Helper()
	q := quoteOf(t, w, n)
	wantSplit(t, q.Settlement.Split, 0, 0, 0, 10_000)
	if !slices.Contains(codes(q.Notices), why) || q.Settlement.SelfPaid == nil || q.Settlement.SelfPaid.Why != why {
		t.Fatalf("notices %v, claim %+v, want %s", q.Notices, q.Settlement.SelfPaid, why)
	}
	done, err := confirm(w, q, n)
	if err != nil {
		t.Fatal(err)
	}
	slip := <-w.Printer.Slips()
	c := slip.Settlement.SelfPaid
	if slip.Settlement.Number != done.Settlement.Number || c == nil || c.Where != "医保办" || len(c.Bring) != 1 || slip.Settlement.Provisional {
		t.Fatalf("slip %+v", slip.Settlement)
	}
	return slip
}

// TestBeyondLimits: what is beyond a hard limit is not granted but paid by the patient, with
// a slip to claim with; it uses nothing, and may be reversed whole.
func TestBeyondLimits(t *testing.T) {
	for name, change := range map[string]func(*counter.Offline){
		"person":  func(o *counter.Offline) { o.Person = counter.Bound{Warn: 7_500, Stop: 15_000} },
		"counter": func(o *counter.Offline) { o.Counter = counter.Bound{Warn: 7_500, Stop: 15_000} },
	} {
		t.Run(name, func(t *testing.T) {
			w := offline(t, change)
			w.Insert(t, counter.Patient, countertest.Child())
			for n := range 2 { // 75.00 of the fund each: the second is at the limit
				q := quoteOf(t, w, n)
				warned := slices.Contains(codes(q.Notices), counter.OfflineWarning)
				if warned != (n == 1) || slices.Contains(q.Settlement.Warnings, counter.OfflineWarning) != warned {
					t.Errorf("quote %d: notices %v, recorded %v", n, q.Notices, q.Settlement.Warnings)
				}
				if _, err := confirm(w, q, n); err != nil {
					t.Fatal(err)
				}
				<-w.Printer.Slips()
			}
			slip := selfPaid(t, w, 2, settle.OfflineLimit)
			if slip.Settlement.SelfPaid.Until != 20251105 || slip.Settlement.Split.UsageAfter != slip.Settlement.Usage {
				t.Errorf("slip %+v", slip.Settlement)
			}
			selfPaid(t, w, 3, settle.OfflineLimit)
			_, err := w.Refund(context.Background(), slip.Settlement.Number, []int{1})
			wantCode(t, err, counter.SelfPaidWhole)

			w.Platform.Fail(nil) // the line is back: the next one is granted
			w.Platform.Break("")
			w.Pull(counter.Patient)
			w.Insert(t, counter.Patient, countertest.Child())
			wantSplit(t, quoteOf(t, w, 4).Settlement.Split, 7_500, 0, 0, 2_500)
		})
	}
}

// TestTooOld: knowledge above the soft age warns, above the hard one nothing is granted.
func TestTooOld(t *testing.T) {
	w := offline(t, func(o *counter.Offline) { o.WarnAge = 24 * time.Hour })
	w.Clock.Move(25 * time.Hour)
	w.Insert(t, counter.Patient, countertest.Child())
	q := quoteOf(t, w, 0)
	if !slices.Equal(q.Settlement.Warnings, []settle.Code{counter.KnowledgeAging}) || q.Settlement.Split.Fund != 7_500 {
		t.Errorf("warnings %v, fund %s", q.Settlement.Warnings, q.Settlement.Split.Fund)
	}
	w.Clock.Move(48 * time.Hour)
	_, err := confirm(w, q, 0) // it became too old since
	var stale *counter.Stale
	if !errors.As(err, &stale) || stale.Quote.Settlement.SelfPaid == nil {
		t.Fatalf("%v, want a quote that the patient pays", err)
	}
	w.Pull(counter.Patient)
	w.Insert(t, counter.Patient, countertest.Child())
	selfPaid(t, w, 1, settle.KnowledgeTooOld)
}

// TestAccountLimit: an account over its limit is not drawn; the fund's part is granted.
func TestAccountLimit(t *testing.T) {
	w := offline(t, func(o *counter.Offline) { o.Account = counter.Bound{Warn: 2_500, Stop: 5_000} })
	w.Insert(t, counter.Patient, countertest.Child())
	w.Insert(t, counter.Guardian, countertest.Parent())
	for n := range 3 {
		q := quoteOf(t, w, n)
		family, cash := settle.Fen(2_500), settle.Fen(0)
		if n == 2 {
			family, cash = 0, 2_500
		}
		wantSplit(t, q.Settlement.Split, 7_500, 0, family, cash)
		if limited := slices.Contains(codes(q.Notices), counter.AccountLimit); limited != (n == 2) || limited != (q.Settlement.Guardian == settle.Identity{}) {
			t.Errorf("quote %d: notices %v, guardian %v", n, q.Notices, q.Settlement.Guardian)
		}
		if _, err := confirm(w, q, n); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLimitSinceQuote: a quote that was within the limits is made again if it no longer is.
func TestLimitSinceQuote(t *testing.T) {
	w := offline(t, func(o *counter.Offline) { o.Counter.Stop = 7_500 })
	w.Insert(t, counter.Patient, countertest.Child())
	q := quoteOf(t, w, 0)
	w.Book.Expose(1)
	_, err := confirm(w, q, 0)
	var stale *counter.Stale
	if !errors.As(err, &stale) || stale.Quote.Settlement.SelfPaid == nil || len(w.Book.Written()) > 0 {
		t.Fatalf("%v, %d written", err, len(w.Book.Written()))
	}
	if _, err := confirm(w, stale.Quote, 0); err != nil {
		t.Fatal(err)
	}
	w.Book.Expose(-1)
	q = quoteOf(t, w, 1)
	w.Book.Expose(1)
	w.Book.Expose(-1)
	if _, err := confirm(w, q, 1); err != nil {
		t.Fatal(err)
	}
}

// TestHardLimits holds [counter.Offline] to its guarantee: whatever is settled,
// acknowledged, lost and found in whatever order, a settlement made without the platform
// never brings an exposure above its hard limit; one made with it exceeds a limit only if
// that was not reached before.
func TestHardLimits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		bound := func(name string) counter.Bound {
			stop := settle.Fen(rapid.IntRange(0, 40_000).Draw(rt, name))
			return counter.Bound{Warn: stop / 2, Stop: stop}
		}
		var o counter.Offline
		w := offline(t, func(of *counter.Offline) {
			of.Person, of.Account, of.Counter = bound("person"), bound("account"), bound("counter")
			o = *of
		})
		defer w.Close()
		down := true
		for n := range rapid.IntRange(1, 12).Draw(rt, "steps") {
			who := rapid.SampledFrom([]settle.Entitlement{countertest.Child(), countertest.Parent()}).Draw(rt, "who")
			if rapid.Bool().Draw(rt, "the line turns") {
				down = !down
				w.Platform.Fail(nil)
				w.Platform.Break("")
				if down {
					w.Platform.Fail(&counter.Down{Reason: settle.PlatformDown, Err: errors.New("down")})
					w.Platform.Break(settle.PlatformDown)
				}
			}
			if rapid.IntRange(0, 5).Draw(rt, "acknowledge") == 0 {
				w.Book.Acknowledge()
			}
			w.Pull(counter.Guardian)
			w.Pull(counter.Patient)
			w.Insert(t, counter.Patient, who)
			if who.Who == countertest.Child().Who && rapid.Bool().Draw(rt, "guardian") {
				w.Insert(t, counter.Guardian, countertest.Parent())
			}
			price := rapid.IntRange(1, 300).Draw(rt, "price")
			bill := countertest.Bill(t, who, func(d *countertest.Document) {
				d.Head["key"], d.Head["total"] = countertest.Key(n), fmt.Sprintf("%d.00", price)
				d.Items = []map[string]any{countertest.Item("阿莫西林", fmt.Sprintf("%d.00", price), "1")}
			})
			q, err := w.Quote(context.Background(), bill, "C01")
			if err != nil {
				rt.Fatal(err)
			}
			before := exposures(w)
			done, err := confirm(w, q, n)
			if err != nil {
				rt.Fatal(err)
			}
			st, after := done.Settlement, exposures(w)
			for i, stop := range []settle.Fen{o.Person.Stop, o.Person.Stop, o.Account.Stop, o.Account.Stop, o.Counter.Stop} {
				grew := after[i] > before[i]
				if grew && (st.SelfPaid != nil || st.Provisional && after[i] > stop || before[i] > stop) {
					rt.Fatalf("settlement %d (down %v, paid by the patient %v): exposures %v, then %v, limits %+v", n, down, st.SelfPaid != nil, before, after, o)
				}
			}
			if st.SelfPaid != nil && st.Split.Cash != st.Split.Total {
				rt.Fatalf("%+v", st.Split)
			}
		}
	})
}

// TestTwoAtOnce: the cashier's page and the terminal's share a window. However their quotes
// and confirmations mix, no limit is passed, and the account is drawn no further than it is
// filled.
func TestTwoAtOnce(t *testing.T) {
	const stop, bills = 4*7_500 + 100, 12 // four of them fit
	w := offline(t, func(o *counter.Offline) { o.Counter = counter.Bound{Stop: stop} })
	w.Insert(t, counter.Patient, countertest.Child())
	w.Insert(t, counter.Guardian, countertest.Parent())
	var both sync.WaitGroup
	for _, by := range []string{"0001", "0100"} {
		both.Go(func() {
			for n := range bills {
				bill := countertest.Bill(t, countertest.Child(), func(d *countertest.Document) { d.Head["key"] = countertest.Key(n) })
				for settled := false; !settled && t.Context().Err() == nil; runtime.Gosched() {
					q, err := w.Quote(t.Context(), bill, by)
					if err != nil {
						continue
					}
					_, err = w.Confirm(t.Context(), counter.Confirmation{Quote: q.ID, Key: q.Key(), By: by})
					settled = err == nil
				}
			}
		})
	}
	both.Wait()
	all := exposures(w)
	if written := len(w.Book.Written()); written != bills || all[len(all)-1] > stop {
		t.Errorf("%d written, exposures %v", written, all)
	}
	for _, st := range w.Book.Written() {
		if len(st.Split.Draws) > 0 && st.Insured.Family[0].Balance < st.Split.Draws[0].Paid {
			t.Errorf("drew %s of %s", st.Split.Draws[0].Paid, st.Insured.Family[0].Balance)
		}
	}
}

// exposures are those of both persons, both accounts and the counter, of all that is not
// acknowledged.
func exposures(w *countertest.Window) (list []settle.Fen) {
	persons := []string{w.Book.Person(countertest.Child().Who.IDNumber), w.Book.Person(countertest.Parent().Who.IDNumber)}
	for _, of := range []func(context.Context, string) (settle.Fen, error){w.Book.OfPerson, w.Book.OfAccount} {
		for _, p := range persons {
			at, _ := of(context.Background(), p)
			list = append(list, at)
		}
	}
	all, _ := w.Book.OfCounter(context.Background())
	return append(list, all)
}

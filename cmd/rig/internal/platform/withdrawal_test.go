package platform_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"settled/cmd/rig/internal/platform"
	"settled/queue/nhsa"
)

// withdraw runs a withdrawal of a chain to its end, its state through JSON at every
// step.
func (d *desk) withdraw(c nhsa.Chain, v nhsa.Visit, before func(infno string)) *nhsa.Withdrawal {
	d.t.Helper()
	return d.finish(nhsa.NewWithdrawal(c, nil), v, before)
}

func (d *desk) finish(w *nhsa.Withdrawal, v nhsa.Visit, before func(infno string)) *nhsa.Withdrawal {
	d.t.Helper()
	for range 60 {
		infno, input, done := w.Next(v)
		if done {
			return w
		}
		if before != nil {
			before(infno)
		}
		msgid := d.msgid()
		reply, err := d.client.Send(d.t.Context(), infno, d.body(infno, msgid, input))
		d.sent++
		_ = w.Answer(v, infno, msgid, reply, err)
		stored, err := json.Marshal(w)
		if err != nil {
			d.t.Fatal(err)
		}
		w = &nhsa.Withdrawal{}
		if err := json.Unmarshal(stored, w); err != nil {
			d.t.Fatal(err)
		}
	}
	d.t.Fatalf("no end after 60 requests: %+v", w)
	return w
}

// nothingLeft checks that the platform's books are as before the settlement.
func (d *desk) nothingLeft(w *nhsa.Withdrawal, done bool) {
	d.t.Helper()
	if w.Done != done || w.Undone() == done {
		d.t.Fatalf("done %v, undone %v, held for %v, want done %v", w.Done, w.Undone(), w.Why(), done)
	}
	books := d.sim.Books.Page()
	got := fmt.Sprintf("%d live, father %s, used %s, msgids twice %d", books.Live, books.Balances[father], books.Used[child], len(books.Duplicates))
	if want := "0 live, father 5234.56, used 186.40, msgids twice 0"; got != want {
		d.t.Errorf("books: %s, want %s", got, want)
	}
	if !done && len(books.OpenVisits) != 0 {
		d.t.Errorf("visits %v are left", books.OpenVisits)
	}
}

// TestWithdrawalOutcomes: the answers to 2208 are lost before or after it was booked, and
// repeats are refused in words that nobody knows.
func TestWithdrawalOutcomes(t *testing.T) {
	busy := platform.Fault{Infno: "2208", Kind: platform.Refuse, Text: "FSI-数据状态不正确", Times: 1}
	for name, faults := range map[string][]platform.Fault{
		"straight":                       {},
		"lost before":                    {{Infno: "2208", Kind: platform.Cut, Times: 2}},
		"lost after":                     {{Infno: "2208", Kind: platform.Half, Booked: true, Times: 1}},
		"lost after, repeats lost":       {{Infno: "2208", Kind: platform.Rubbish, Booked: true, Times: 3}},
		"turned away":                    {{Infno: "2208", Kind: platform.Away, Times: 2}},
		"lost before, repeat refused":    {{Infno: "2208", Kind: platform.Cut, Times: 1}, busy},
		"lost after, repeat refused":     {{Infno: "2208", Kind: platform.Cut, Booked: true, Times: 1}, busy},
		"and its reversal lost, before":  {{Infno: "2208", Kind: platform.Cut, Booked: true, Times: 1}, busy, {Infno: "2601", Kind: platform.Cut, Times: 2}},
		"and its reversal lost, after":   {{Infno: "2208", Kind: platform.Cut, Booked: true, Times: 1}, busy, {Infno: "2601", Kind: platform.Cut, Booked: true, Times: 1}},
		"three lost, then refused twice": {{Infno: "2208", Kind: platform.Cut, Booked: true, Times: 3}, busy, busy}, // held
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, nil)
			v := visit(t)
			c := d.upload(v, nil)
			for _, f := range faults {
				d.fault(f)
			}
			w := d.withdraw(c, v, nil)
			if len(faults) > 2 && w.Held { // a clerk releases it
				w.Resume()
				w = d.finish(w, v, nil)
			}
			d.nothingLeft(w, true)
		})
	}
}

// TestLateCancel: a 2208 is still under way when its repeat is booked.
func TestLateCancel(t *testing.T) {
	d := open(t, func(o *nhsa.Options) { o.Total = 300 * time.Millisecond })
	v := visit(t)
	c := d.upload(v, nil)
	d.fault(platform.Fault{Infno: "2208", Kind: platform.Hold, Times: 1})
	n := 0
	w := d.withdraw(c, v, func(string) { n++ })
	d.sim.Release()
	d.nothingLeft(w, true)
	if n != 2 {
		t.Errorf("%d requests", n)
	}
}

// TestRefundAtThePlatform: after a cancel the kept lines go up in the same visit, under
// numbers of their own.
func TestRefundAtThePlatform(t *testing.T) {
	for _, mood := range []string{"refuse", "same", "new"} {
		d := open(t, nil)
		d.sim.Books.SetMood(platform.Mood{SameVisit: mood})
		v := visit(t)
		c := d.upload(v, nil)
		d.nothingLeft(d.withdraw(c, v, nil), true)
		again := bought(t, "012026112100019")
		again.Bill.Lines, again.Split.Lines = again.Bill.Lines[:2], again.Split.Lines[:2]
		again.Split.Total = 5500
		kept, err := nhsa.VisitOf(again, nhsa.Manner{})
		if err != nil {
			t.Fatal(err)
		}
		if c = d.upload(kept, nil); c.Step != nhsa.StepDone || c.Result.Total != 5500 {
			t.Fatalf("%s: %+v", mood, c)
		}
		if books := d.sim.Books.Page(); books.Live != 1 || len(books.Duplicates) != 0 {
			t.Errorf("%s: books %+v", mood, books)
		}
	}
}

// TestWithdrawalAnywhere gives a settlement up wherever its upload stands, and then any
// request may fail in any way, by seed: nothing of it is left.
func TestWithdrawalAnywhere(t *testing.T) {
	kinds := []string{platform.Cut, platform.Error, platform.Half, platform.Rubbish, platform.Away}
	undone := 0
	for seed := range uint64(120) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 2))
			d := open(t, nil)
			d.sim.Books.SetMood(platform.Mood{SameVisit: []string{"refuse", "same", "new"}[rnd.IntN(3)], Loose: rnd.IntN(2) == 0})
			trouble := func(string) {
				if d.sent < 40 && rnd.IntN(10) < 4 {
					kind := kinds[rnd.IntN(len(kinds))]
					booked := rnd.IntN(2) == 0 && kind != platform.Away // who is turned away was not heard
					d.fault(platform.Fault{Kind: kind, Booked: booked, Times: 1})
				}
			}
			v := visit(t)
			c := d.partly(v, 4+rnd.IntN(14), trouble)
			done := c.Step == nhsa.StepDone
			if !done {
				undone++
			}
			d.nothingLeft(d.withdraw(c, v, trouble), done)
		})
	}
	if undone < 20 || undone > 100 {
		t.Errorf("%d of 120 were given up before they were settled: the test proves little", undone)
	}
}

// partly runs a chain for some requests at most. The last may have been sent without an
// answer on record.
func (d *desk) partly(v nhsa.Visit, requests int, before func(infno string)) nhsa.Chain {
	d.t.Helper()
	var c nhsa.Chain
	for range requests {
		infno, input, done := c.Next(v)
		if done {
			return c
		}
		before(infno)
		msgid := d.msgid()
		reply, err := d.client.Send(d.t.Context(), infno, d.body(infno, msgid, input))
		d.sent++
		if requests%3 == 0 && d.sent == requests { // the process died here
			c.Lost(infno, msgid)
			return c
		}
		_ = c.Answer(v, infno, msgid, reply, err)
	}
	return c
}

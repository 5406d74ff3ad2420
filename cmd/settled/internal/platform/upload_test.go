package platform

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"settled/queue"
	"settled/settle"
)

// TestReverse reverses a settlement wherever its upload stands, and has the platform
// lose and refuse what follows. In the end the platform has what was kept, and nothing
// else.
func TestReverse(t *testing.T) {
	t.Parallel()
	stopAt := func(infno string) func(*window) { // the line turns everything away from there on
		return func(w *window) {
			w.faults(fault{Infno: infno, Kind: "away"})
			_ = w.pass()
			w.command("clear", struct{}{})
		}
	}
	lost := func(infno string, booked bool) func(*window) { // and the process dies
		return func(w *window) {
			w.faults(fault{Infno: infno, Kind: "cut", Booked: booked, Times: 1})
			_ = w.pass()
			w.restart()
		}
	}
	up := func(w *window) { w.passes() }
	for _, c := range []struct {
		name   string
		before func(*window)
		after  []fault // of what follows
		kinds  string  // transactions of what follows that must have been used
		never  string  // and must not
	}{
		{"never sent", func(*window) {}, nil, "", "2208 2601 2202 2205"},
		{"before the registration", stopAt("2201"), nil, "", "2208 2601 2202 2205"},
		{"registered", stopAt("2203"), nil, "2202", "2208 2601 2205"},
		{"registered, nobody knows", lost("2201", true), nil, "5201 2202", "2208"},
		{"fees are up", stopAt("2206"), nil, "2205 2202", "2208 2601"},
		{"fees are up, taking back is lost", stopAt("2206"), []fault{{Infno: "2205", Kind: "cut", Booked: true, Times: 1}, {Infno: "2202", Kind: "half", Booked: true, Times: 1}}, "2205 2202", "2208"},
		{"in flight, arrived", lost("2207", true), nil, "2601 2205 2202", "2208"},
		{"in flight, never arrived", lost("2207", false), nil, "2601 2205 2202", "2208"},
		{"in flight, reversal lost", lost("2207", true), []fault{{Infno: "2601", Kind: "cut", Booked: true, Times: 2}}, "2601 2205 2202", "2208"},
		{"acknowledged", up, nil, "2208", "2601 2202 2205"},
		{"acknowledged, cancel lost before", up, []fault{{Infno: "2208", Kind: "cut", Times: 1}}, "2208", "2601"},
		{"acknowledged, cancel lost after", up, []fault{{Infno: "2208", Kind: "rubbish", Booked: true, Times: 2}}, "2208", "2601"},
		{"acknowledged, cancel turned away", up, []fault{{Infno: "2208", Kind: "away", Times: 2}}, "2208", "2601"},
		{"acknowledged, cancel lost, repeat refused", up, []fault{{Infno: "2208", Kind: "cut", Booked: true, Times: 1}, {Infno: "2208", Kind: "refuse", Text: "FSI-状态", Times: 1}}, "2208 2601", ""},
	} {
		for _, kept := range []int{0, 2} {
			t.Run(fmt.Sprintf("%s, %d lines kept", c.name, kept), func(t *testing.T) {
				t.Parallel()
				w := openWindow(t)
				s := w.settle("MZ1", 4)
				c.before(w)
				w.reverse(s, kept)
				asked := w.books().Requests
				w.faults(c.after...)
				w.passes()
				w.agree()
				now := w.books().Requests
				for _, infno := range strings.Fields(c.kinds) {
					if now[infno] == asked[infno] {
						t.Errorf("%s was not used", infno)
					}
				}
				for _, infno := range strings.Fields(c.never) {
					if now[infno] != asked[infno] {
						t.Errorf("%s was used", infno)
					}
				}
			})
		}
	}
}

// TestReverseUnderWay reverses a settlement while its 2207 is at the platform, and
// between the platform's yes and its acknowledgement.
func TestReverseUnderWay(t *testing.T) {
	t.Parallel()
	for _, answered := range []bool{false, true} {
		t.Run(fmt.Sprint("answered ", answered), func(t *testing.T) {
			t.Parallel()
			w := openWindow(t)
			s := w.settle("MZ1", 4)
			if answered {
				w.changed = func(number string) { // after each answer on record: the sixth is to 2207
					if w.books().Live == 1 {
						w.changed = nil
						w.reverse(s, 2)
						must(t, w.queue.Close())
					}
				}
				if err := w.pass(); err == nil {
					t.Fatal("the queue was closed, yet all went well")
				}
				w.restart()
			} else {
				w.faults(fault{Infno: "2207", Kind: "hold", Times: 1})
				ended := make(chan error)
				go func() { ended <- w.upload.pass(t.Context()) }()
				for w.books().Requests["2207"] == 0 { // each look is a request: nothing else tells from outside
					must(t, t.Context().Err())
				}
				w.reverse(s, 2)
				w.command("release", struct{}{})
				must(t, <-ended)
			}
			w.passes()
			w.agree()
			if r, err := w.queue.Get(s.Number); err != nil || r.Ack == nil || r.State != queue.Voided || w.books().Requests["2208"] != 1 {
				t.Errorf("%+v, %v: was booked, and must have been cancelled", r.Ack, err)
			}
		})
	}
}

// TestHeldVoid: the platform refuses to cancel. What was kept waits until a clerk
// releases the void; others go on.
func TestHeldVoid(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	s := w.settle("MZ1", 4)
	w.passes()
	v := w.reverse(s, 2)
	w.faults(fault{Infno: "2208", Kind: "refuse", Text: "FSI-已清算", Times: 1})
	other := w.settle("MZ2", 1)
	w.passes()
	void, err := w.queue.Void(v.Number)
	must(t, err)
	if void.State != queue.OnHold || void.Held.Code != "PLATFORM_REFUSED" {
		t.Errorf("void %+v", void)
	}
	for number, want := range map[string]queue.State{v.Kept: queue.Blocked, other.Number: queue.Acknowledged} {
		if r, err := w.queue.Get(number); err != nil || r.State != want {
			t.Errorf("%s is %s, want %s, %v", number, r.State, want, err)
		}
	}
	must(t, w.queue.Release(t.Context(), v.Number, "", clerk))
	w.passes()
	w.agree()
	if void, err = w.queue.Void(v.Number); err != nil || void.State != queue.Acknowledged || void.Undone.SettlementID == "" || void.Undone.MsgID == "" {
		t.Errorf("void %+v, %v", void, err)
	}
}

// TestRandom settles and reverses at random, over a line that fails at random, with
// restarts; in the end both sides agree.
func TestRandom(t *testing.T) {
	t.Parallel()
	kinds := []string{"cut", "500", "half", "rubbish", "away"}
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 3))
			w := openWindow(t)
			var done []settle.Settlement
			for i := range 40 {
				switch rnd.IntN(6) {
				case 0:
					done = append(done, w.settle(fmt.Sprint("MZ", rnd.IntN(4)), 1+rnd.IntN(4)))
				case 1:
					if len(done) == 0 {
						continue
					}
					j := rnd.IntN(len(done))
					s := done[j]
					v := w.reverse(s, rnd.IntN(len(s.Bill.Lines)))
					done = append(done[:j], done[j+1:]...)
					if v.Kept != "" {
						r, err := w.queue.Get(v.Kept)
						must(t, err)
						done = append(done, r.Settlement)
					}
				case 2:
					kind := kinds[rnd.IntN(len(kinds))]
					w.faults(fault{Kind: kind, Booked: rnd.IntN(2) == 0 && kind != "away", Times: 1 + rnd.IntN(2)})
				case 3:
					w.restart()
				default:
					if err := w.pass(); err != nil && !lineTrouble(err) {
						t.Fatalf("step %d: %v", i, err)
					}
				}
			}
			w.command("clear", struct{}{})
			w.settleHolds()
			w.agree()
		})
	}
}

// settleHolds passes until nothing waits, and releases what was held on the way.
func (w *window) settleHolds() {
	w.t.Helper()
	for range 10 {
		w.passes()
		holds, err := w.queue.Holds(100, 0)
		must(w.t, err)
		if len(holds) == 0 {
			return
		}
		for _, h := range holds {
			must(w.t, w.queue.Release(w.t.Context(), h.Number, "again", clerk))
		}
	}
	w.t.Error("something is held for good")
}

// TestReverseBetweenRequests reverses a settlement between two requests of its upload,
// which then leaves it to the void, in the same pass.
func TestReverseBetweenRequests(t *testing.T) {
	t.Parallel()
	for after := 1; after <= 5; after++ { // answers on record
		w := openWindow(t)
		s := w.settle("MZ1", 4)
		n := 0
		w.changed = func(string) {
			n++
			if n == after {
				w.reverse(s, 0)
			}
		}
		must(t, w.pass())
		if pending, err := w.queue.Pending(10, 0); err != nil || len(pending) > 0 {
			t.Errorf("after %d answers %v wait, %v", after, pending, err)
		}
		w.agree()
		if books := w.books(); len(books.OpenVisits) > 0 || books.Requests["2207"] > 0 {
			t.Errorf("after %d answers: %+v", after, books)
		}
	}
}

// TestKeptOrder: what was kept of a settlement goes up before what the person settled
// later, though it must wait for its void; and so does what was kept of that.
func TestKeptOrder(t *testing.T) {
	t.Parallel()
	for _, times := range []int{1, 2} {
		w := openWindow(t)
		s := w.settle("MZ1", 4)
		w.passes()
		want := []string{s.Number}
		for n := range times {
			v := w.reverse(s, 3-n)
			r, err := w.queue.Get(v.Kept)
			must(t, err)
			s = r.Settlement
		}
		want = append(want, s.Number, w.settle("MZ2", 1).Number)
		must(t, w.pass())
		w.agree()
		all, _ := w.booked()
		all = slices.DeleteFunc(all, func(n string) bool { return !slices.Contains(want, n) })
		if got := slices.Compact(all); !slices.Equal(got, want) {
			t.Errorf("refunded %d times: the platform booked %v, want %v", times, got, want)
		}
	}
}

// TestRanOut: the platform books a settlement, and answers that something behind it was too
// slow. That is no refusal: it is reversed and settled anew, by itself.
func TestRanOut(t *testing.T) {
	t.Parallel()
	for _, infno := range []string{"2201", "2204", "2207"} {
		w := openWindow(t)
		s := w.settle("MZ1", 2)
		w.faults(fault{Infno: infno, Kind: "refuse", Booked: true, Times: 1, Text: "FSI-调用业务基础子系统超时"})
		w.passes()
		w.agree()
		if r, err := w.queue.Get(s.Number); err != nil || r.State != queue.Acknowledged {
			t.Errorf("%s: %s, %v", infno, r.State, err)
		}
	}
}

package readers

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// How much of a soak; `make soak-cards` sets them, and the seed.
const (
	plugsVariable = "SETTLED_PLUGS"
	killsVariable = "SETTLED_KILLS"
	seedVariable  = "SETTLED_SEED"
)

func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	must(t, err)
	return n
}

// soaked are cards and what they say: the number is printed on the card.
var soaked = []struct {
	profile string
	number  settle.Private
}{
	{"child-v1", "Z10000001"},
	{"child-v2", "Z10000002"},
	{"parent-v2", "Z10000003"},
	{"locked-v3", "Z10000004"},
	{"le-strict", "Z10000005"},
	{"p1-02", "Z10000006"},
	{"by-number", "Z10000007"},
}

// tally is what a soak counted.
type tally struct {
	mu                       sync.Mutex
	plugs, pulled, wrong     int
	flaps                    int // cards that pcscd lost for a moment while nobody touched them
	unseen, afterPull        int // cards that pcscd did not see at first; those of them after one pulled in mid-read
	seen, known, back, whole []time.Duration
}

func (s *tally) flap() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flaps++
}

// TestSoak plugs cards in and out of two readers at a time, and kills the card service,
// through the real pcscd: every read gives the card that is in or an error, and at the end
// no goroutine and no context is left (see open).
func TestSoak(t *testing.T) {
	plugs, kills := number(t, plugsVariable, 12), number(t, killsVariable, 4)
	seed := uint64(number(t, seedVariable, 1))
	w := open(t, both())
	events := w.byRole(t)
	var sums tally
	began := time.Now()
	var both sync.WaitGroup
	for i, role := range []counter.Role{counter.Patient, counter.Guardian} {
		dice := rand.New(rand.NewPCG(seed, uint64(i)))
		both.Go(func() {
			p := plugger{w, events[role], role, dice, &sums, false}
			for range plugs / 2 {
				if !p.plug(t) {
					return
				}
			}
		})
	}
	both.Wait()
	plugging := time.Since(began)
	if !t.Failed() {
		w.kill(t, events, kills, rand.New(rand.NewPCG(seed, 2)), &sums)
	}
	t.Logf("seed %d: %d plugs (%d pulled in mid-read) in %v, %d kills, %d wrong cards",
		seed, sums.plugs, sums.pulled, plugging.Round(time.Second), len(sums.back), sums.wrong)
	t.Logf("%d cards were lost by pcscd for a moment, and read when it told of them again", sums.flaps)
	t.Logf("%d cards were not seen by pcscd until they were put in again, %d of them after one pulled in mid-read", sums.unseen, sums.afterPull)
	t.Logf("insert to event       %s", spreadOf(sums.seen))
	t.Logf("event to identity     %s", spreadOf(sums.known))
	t.Logf("service's return to card known  %s", spreadOf(sums.back))
	t.Logf("kill to card read again         %s", spreadOf(sums.whole))
	if sums.wrong > 0 {
		t.Errorf("%d reads gave another card", sums.wrong)
	}
}

// byRole sorts the events of the session by role.
func (w *window) byRole(t *testing.T) map[counter.Role]chan counter.Event {
	events := map[counter.Role]chan counter.Event{counter.Patient: make(chan counter.Event, 100), counter.Guardian: make(chan counter.Event, 100)}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case e := <-w.events:
				events[e.Role] <- e
			case <-done:
				return
			}
		}
	}()
	t.Cleanup(func() { close(done) })
	return events
}

// await waits for a card's coming or going.
func await(t *testing.T, events <-chan counter.Event, inserted bool) bool {
	t.Helper()
	if !awaitFor(events, inserted, patience) {
		t.Errorf("no event inserted=%t", inserted)
		return false
	}
	return true
}

func awaitFor(events <-chan counter.Event, inserted bool, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case e := <-events:
			if e.Inserted == inserted {
				return true
			}
		case <-timer.C:
			return false
		}
	}
}

// plugger puts cards into one reader.
type plugger struct {
	w      *window
	events <-chan counter.Event
	role   counter.Role
	dice   *rand.Rand
	sums   *tally
	pulled bool // the last card was, in mid-read
}

// plug puts a card in, reads it, and takes it out; one in eight is pulled in the midst.
func (p *plugger) plug(t *testing.T) bool {
	card := soaked[p.dice.IntN(len(soaked))]
	var faults []string
	if p.dice.IntN(8) == 0 {
		faults = []string{fmt.Sprintf("pull=%d", 1+p.dice.IntN(20))}
	}
	took, ok := p.insert(t, card.profile, faults)
	if !ok {
		return false
	}
	seen := time.Now()
	got, err := p.w.Read(t.Context(), p.role)
	if len(faults) == 0 && isRemoved(err) && awaitFor(p.events, true, 3*time.Second) {
		p.sums.flap()
		seen = time.Now() // it is told of again, and read again
		got, err = p.w.Read(t.Context(), p.role)
	}
	known := time.Since(seen)
	p.sums.mu.Lock()
	p.sums.plugs++
	p.sums.seen = append(p.sums.seen, took)
	p.pulled = err != nil && len(faults) > 0
	switch {
	case err == nil && got.Who.CardNumber != card.number:
		p.sums.wrong++
	case err == nil:
		p.sums.known = append(p.sums.known, known)
	case p.pulled:
		p.sums.pulled++
	default:
		t.Errorf("%s: %v", card.profile, err)
	}
	p.sums.mu.Unlock()
	if err := desk.Remove(p.role.String()); err != nil {
		t.Error(err)
		return false
	}
	return await(t, p.events, false)
}

// isRemoved tells that a read ended because there was no card.
func isRemoved(err error) bool {
	var no *settle.Refusal
	return errors.As(err, &no) && no.Code == settle.CardRemoved
}

// insert puts a card in, and again if it is not seen, as a person would: pcscd does not
// see a card that follows, within one of its looks every 400 ms, one whose power-down
// failed.
func (p *plugger) insert(t *testing.T, profile string, faults []string) (time.Duration, bool) {
	for range 3 {
		began := time.Now()
		if err := desk.Insert(p.role.String(), profile, faults...); err != nil {
			t.Error(err)
			return 0, false
		}
		if awaitFor(p.events, true, 3*time.Second) {
			return time.Since(began), true
		}
		p.sums.mu.Lock()
		p.sums.unseen++
		if p.pulled {
			p.sums.afterPull++
		}
		p.sums.mu.Unlock()
		if err := desk.Remove(p.role.String()); err != nil {
			t.Error(err)
			return 0, false
		}
	}
	t.Errorf("%s: never seen", profile)
	return 0, false
}

// kill ends the card service under both cards, now idle, now in the midst of a read.
func (w *window) kill(t *testing.T, events map[counter.Role]chan counter.Event, kills int, dice *rand.Rand, sums *tally) {
	put(t, "patient", "child-v2")
	put(t, "guardian", "parent-v2")
	if !await(t, events[counter.Patient], true) || !await(t, events[counter.Guardian], true) {
		return
	}
	for n := range kills {
		var reads sync.WaitGroup
		if n%2 == 1 {
			reads.Go(func() {
				if got, err := w.Read(t.Context(), counter.Patient); err == nil && got.Who.CardNumber != "Z10000002" {
					t.Error("another card")
				}
			})
		}
		if n%4 == 3 {
			<-time.After(time.Duration(dice.IntN(3000)) * time.Microsecond) // somewhere in the read
		}
		killed := time.Now()
		must(t, desk.Kill())
		if n%5 == 4 {
			must(t, desk.Absent())
		}
		for _, role := range []counter.Role{counter.Patient, counter.Guardian} {
			if !await(t, events[role], false) {
				return
			}
		}
		must(t, desk.Launch())
		returned := time.Now()
		for _, role := range []counter.Role{counter.Patient, counter.Guardian} {
			if !await(t, events[role], true) {
				return
			}
		}
		sums.back = append(sums.back, time.Since(returned))
		reads.Wait()
		got, err := w.Read(t.Context(), counter.Patient)
		if err != nil {
			t.Errorf("kill %d: %v", n, err)
			return
		}
		sums.whole = append(sums.whole, time.Since(killed))
		if got.Who.CardNumber != "Z10000002" {
			sums.wrong++
		}
	}
}

// spreadOf says how durations are distributed.
func spreadOf(d []time.Duration) string {
	if len(d) == 0 {
		return "none"
	}
	slices.Sort(d)
	at := func(percent int) time.Duration { return d[(len(d)-1)*percent/100].Round(100 * time.Microsecond) }
	return fmt.Sprintf("n=%d min %v p50 %v p95 %v p99 %v max %v", len(d), at(0), at(50), at(95), at(99), at(100))
}

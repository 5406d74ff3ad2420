package nhsa_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"settled/queue/nhsa"
)

// walk is a settlement's way at random: its chain, from its void on the withdrawal.
type walk struct {
	*model
	rnd     *rand.Rand
	visit   nhsa.Visit
	chain   *nhsa.Chain
	void    *nhsa.Withdrawal // nil: it stands
	unheard *request         // it was stored, and the process died
	repairs uint64
	foul    bool // the line and the platform fail at random
	restore bool // there was one
}

// stored is the machine as a process finds it that starts.
func stored[T any](was *T) *T {
	data, err := json.Marshal(was)
	now := new(T)
	if err = errors.Join(err, json.Unmarshal(data, now)); err != nil {
		panic(err)
	}
	return now
}

// next gives the machine's next request.
func (w *walk) next() (infno string, input any, done bool) {
	if w.void != nil {
		return w.void.Next(w.visit)
	}
	return w.chain.Next(w.visit)
}

func (w *walk) lost() {
	if r := w.unheard; r != nil {
		w.unheard = nil
		if w.void != nil {
			w.void.Lost(r.infno, r.msgid)
		} else {
			w.chain.Lost(r.infno, r.msgid)
		}
	}
}

// delayed has a request arrive late; fees right after the next one. Else a visit that stays,
// as an admission or one that was settled does, could get fees and a settlement of them long
// after all is over, and nothing that a client sent before would keep them out.
func (w *walk) delayed(r request) {
	if r.infno == nhsa.InfoFees || r.infno == nhsa.InfoInpatientFees {
		w.soon = append(w.soon, r)
	} else {
		w.late = append(w.late, r)
	}
}

// step makes a request, and has something become of it.
func (w *walk) step(infno string, input any) {
	r := request{infno, w.id("m"), input}
	defer func(soon []request) {
		for _, r := range soon {
			_, no := w.do(r)
			w.say("late %s %s: %s", r.infno, r.msgid, no)
			w.soon = w.soon[1:]
		}
	}(w.soon)
	fate := 100
	if w.foul {
		fate = w.rnd.IntN(100)
	}
	var reply nhsa.Reply
	var err error
	lost := &nhsa.Unknown{Infno: infno, Err: errors.New("cut")}
	switch {
	case fate < 8: // before it arrived
		err = lost
	case fate < 18:
		w.do(r)
		err = lost
	case fate < 24:
		w.delayed(r)
		err = lost
	case fate < 28:
		err = &nhsa.BusinessRefusal{Infno: infno, Message: "系统繁忙"}
	case fate < 30:
		err = &nhsa.BusinessRefusal{Infno: infno, Message: "请重新签到"}
	case fate < 32:
		if infno == nhsa.InfoSettle || infno == nhsa.InfoInpatient {
			w.delayed(r)
		}
		err = &nhsa.AccessRefusal{Infno: infno}
	case fate < 36: // the process dies
		if w.rnd.IntN(2) == 0 {
			w.do(r)
		}
		w.unheard = &r
		w.say("%s %s, and the process dies", infno, r.msgid)
		return
	default:
		output, no := w.do(r)
		reply = nhsa.Reply{Infno: infno, Output: json.RawMessage(output)}
		if no != "" {
			err = &nhsa.BusinessRefusal{Infno: infno, Message: no}
		}
	}
	w.say("%s %s (%d): %v", infno, r.msgid, fate, err)
	if w.void != nil {
		_ = w.void.Answer(w.visit, infno, r.msgid, reply, err)
	} else {
		_ = w.chain.Answer(w.visit, infno, r.msgid, reply, err)
	}
}

// person does what people do meanwhile.
func (w *walk) person() {
	switch dice := w.rnd.IntN(100); {
	case dice < 3 && w.void == nil:
		w.lost()
		w.void = nhsa.NewWithdrawal(*w.chain, nil)
		w.say("voided at %q", w.chain.Step)
	case dice < 9 && w.void == nil && w.chain.Step == nhsa.StepHeld:
		w.lost()
		w.repairs++
		w.chain.Repaired(w.repairs)
		w.say("repaired, goes on at %q", w.chain.Step)
	case dice < 50:
		w.release()
	case dice < 53: // on a copy that knows all that was sent
		w.restore = true
		w.lost()
		if w.void != nil {
			w.void.Restored()
		} else {
			w.chain.Restored()
		}
		w.say("restored")
	case dice < 65:
		w.arrive(w.rnd, false)
	}
}

func (w *walk) release() {
	if w.void != nil {
		w.void.Resume()
	} else {
		w.chain.Resume()
	}
	w.lost()
	w.say("released")
}

// TestWalk sends settlements to a model of the platform, over a line that loses, delays and
// refuses, while people release, repair, void and restore. Once it is calm, each ends; what
// ended has exactly its one settlement at the platform, or none, whatever arrives yet.
// SETTLED_WALKS makes more walks than the tests.
func TestWalk(t *testing.T) {
	ends, walks := map[string]int{}, 1000
	if more := os.Getenv("SETTLED_WALKS"); more != "" {
		if _, err := fmt.Sscan(more, &walks); err != nil {
			t.Fatal(err)
		}
	}
	for seed := range uint64(walks) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		w := &walk{model: newModel(), rnd: rnd, chain: &nhsa.Chain{}, foul: true}
		if w.visit = visitOf(t, 1); seed%2 == 1 {
			w.visit = stayOf(t, 1)
		}
		end := w.run()
		ends[end]++
		w.arrive(rnd, true)
		live := w.live()
		switch {
		case len(live) > 1,
			end == "done" && (len(live) != 1 || live[0].id != w.chain.Result.SettlementID),
			(end == "withdrawn" || end == "undone") && len(live) != 0,
			end == "undone" && len(w.visits[admission].fees) > 0 && !strings.Contains(strings.Join(w.walkLog, " "), "late 2301"), // which no client can help
			end == "never", end == "held" && !w.restore:
			t.Fatalf("seed %d ends %s, live %v\n%s\n%+v\n%+v", seed, end, live, strings.Join(w.walkLog, "\n"), w.chain, w.void)
		}
	}
	t.Log(ends)
	for _, end := range []string{"done", "withdrawn", "undone"} {
		if ends[end] < walks/20 {
			t.Errorf("only %d of %d end %s: the test proves little", ends[end], walks, end)
		}
	}
}

// run walks until the end, and says which.
func (w *walk) run() string {
	for range 40 {
		w.person()
		w.chain, w.void = stored(w.chain), w.stored()
		w.lost()
		if infno, input, done := w.next(); !done {
			w.step(infno, input)
		}
	}
	w.foul = false
	w.say("calm")
	for range 12 {
		w.lost()
		for range 40 {
			infno, input, done := w.next()
			if done {
				break
			}
			w.step(infno, input)
		}
		switch {
		case w.void != nil && w.void.Done:
			return "withdrawn"
		case w.void != nil && w.void.Undone():
			return "undone"
		case w.void == nil && w.chain.Step == nhsa.StepDone:
			return "done"
		}
		if _, _, done := w.next(); !done {
			return "never"
		}
		w.release()
	}
	return "held"
}

func (w *walk) stored() *nhsa.Withdrawal {
	if w.void == nil {
		return nil
	}
	return stored(w.void)
}

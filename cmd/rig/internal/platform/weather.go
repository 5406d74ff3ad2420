package platform

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"
)

// Weather draws from a seed what goes wrong. What a request meets is a function of the
// seed, of whose request it is, and of how often that person's transaction came: the same
// seed gives the same faults, in whatever order the counters ask.
//
// Nothing waits: an answer says in headers of its own how long it would have taken
// ([HeaderTakes]) or that it never comes ([HeaderNever]), so that whoever lives in virtual
// time waits there.
type Weather struct {
	Seed    uint64         `json:"seed"`
	Kinds   map[string]int `json:"kinds,omitempty"`    // of a million requests, so many meet the kind of fault
	Rule    int            `json:"rule,omitempty"`     // of a million people, so many are refused by rule, always at the same transaction
	Differ  int            `json:"differ,omitempty"`   // of a million bills, of so many the fund pays a little more or less
	Storms  []Storm        `json:"storms,omitempty"`   // while one lasts, every request meets its kind
	Takes   int            `json:"takes,omitempty"`    // ms that an answer takes at most
	LateFor int            `json:"late_for,omitempty"` // s that a late request is on its way at most
}

// Storm is a time of one fault for all.
type Storm struct {
	From int64  `json:"from"` // Unix seconds
	To   int64  `json:"to"`   //
	Kind string `json:"kind"`
}

// Headers of an answer that is to be waited for by whoever asked.
const (
	HeaderTakes = "Rig-Takes" // ms until it would be there
	HeaderNever = "Rig-Never" // "answer": none comes; "dial": there is no connection
)

// Kinds of faults that only the weather has.
const (
	NoDial  = "dial"    // nobody listens
	Late    = "late"    // cut off; the request arrives a while later all the same
	Twice   = "twice"   // it arrives twice, and the answer is that to the second
	Mixed   = "mixed"   // the answer is somebody else's, to the same transaction, if it names anybody
	Restart = "restart" // the platform starts anew: it has forgotten who is signed in
)

// ByRule begins the words of a refusal by rule.
const ByRule = "FSI-业务规则"

// fate is what a request meets.
type fate struct {
	Fault
	takes, late time.Duration
	shape       uint64 // which rubbish
}

// weather is the Weather with what it has counted.
type weather struct {
	mu    sync.Mutex
	w     *Weather       // nil: none
	kinds []string       // in order
	came  map[string]int // by transaction and person
	met   map[string]int // by kind
	last  map[string][]byte
}

func (w *weather) set(to Weather) error {
	known := []string{Silent, Cut, Error, Rubbish, Half, Away, NoDial, Late, Twice, Mixed, Restart}
	for kind := range to.Kinds {
		if !slices.Contains(known, kind) {
			return fmt.Errorf("no weather of kind %q", kind)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.w, w.kinds = &to, slices.Sorted(maps.Keys(to.Kinds))
	w.came, w.met, w.last = map[string]int{}, map[string]int{}, map[string][]byte{}
	return nil
}

// clear ends the weather, and gives what was met.
func (w *weather) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.w = nil
}

// counted is how many requests met what.
func (w *weather) counted() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.met)
}

// draw gives what a request meets; ok: there is a weather.
func (w *weather) draw(infno string, body []byte, now time.Time) (f fate, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.w == nil {
		return fate{}, false
	}
	who := whose(body)
	key := infno + " " + who
	w.came[key]++
	dice := rolled(w.w.Seed, key, w.came[key])
	f = fate{
		takes: time.Duration(dice.below(w.w.Takes)) * time.Millisecond,
		late:  time.Duration(1+dice.below(w.w.LateFor)) * time.Second,
		shape: dice.next(),
	}
	f.Booked = dice.below(2) == 0
	f.Kind = w.kind(infno, who, &dice, now)
	if f.Kind == Refuse {
		f.Text = ByRule + "：该参保人的本次业务不予办理（" + infno + "）"
	}
	if f.Kind != "" {
		w.met[f.Kind]++
	}
	return f, true
}

func (w *weather) kind(infno, who string, dice *dice, now time.Time) string {
	for _, s := range w.w.Storms {
		if s.From <= now.Unix() && now.Unix() < s.To {
			return s.Kind
		}
	}
	at := dice.below(1_000_000)
	for _, kind := range w.kinds {
		if at -= w.w.Kinds[kind]; at < 0 {
			if kind == Mixed && !slices.Contains([]string{"2201", "2206", "2207", "2208"}, infno) {
				return ""
			}
			return kind
		}
	}
	if w.w.refused(infno, who) {
		return Refuse
	}
	return ""
}

// refused tells whether a rule refuses a transaction of a person.
func (w *Weather) refused(infno, who string) bool {
	ruled := []string{"2201", "2203", "2204", "2206", "2207", "2208"}
	dice := rolled(w.Seed, "rule "+who, 0)
	return dice.below(1_000_000) < w.Rule && ruled[dice.below(len(ruled))] == infno
}

// differs is how many fen more the fund pays of a bill.
func (w *weather) differs(batch string) yuan {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.w == nil {
		return 0
	}
	dice := rolled(w.w.Seed, "differ "+batch, 0)
	if dice.below(1_000_000) >= w.w.Differ {
		return 0
	}
	return yuan(dice.below(401) - 200)
}

// mixed keeps a yes, and gives the one before it to the same transaction: nobody can tell
// whom a refusal was meant for.
func (w *weather) mixed(infno string, answer []byte) (before []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before = w.last[infno]
	if w.last != nil && bytes.Contains(answer, []byte(`"infcode":0`)) {
		w.last[infno] = answer
	}
	return before
}

// whose is the person of a request: by number, or by card or id number.
func whose(body []byte) string {
	for _, field := range []string{`"psn_no":"`, `"mdtrt_cert_no":"`} {
		if _, value, ok := bytes.Cut(body, []byte(field)); ok {
			value, _, _ = bytes.Cut(value, []byte(`"`))
			return string(value)
		}
	}
	return ""
}

// dice are numbers of a seed (splitmix64).
type dice struct{ state uint64 }

func rolled(seed uint64, key string, n int) dice {
	h := fnv.New64a()
	_, _ = h.Write(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64([]byte(key), seed), uint64(n)))
	return dice{h.Sum64()}
}

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below gives a number from 0 to n-1, 0 if there is none.
func (d *dice) below(n int) int {
	if n <= 0 {
		return 0
	}
	return int(d.next() % uint64(n))
}

package queue

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// TestHistories has many goroutines work on one queue, over restarts, crashes and lost
// bbolt files, as windows, an uploader and a platform do. Afterwards the journal is the
// serial order, and a model goes through it:
//
//   - every entry is one that the model allows at its place;
//   - every answer that a caller was given, refusals included, is what the model says at
//     some moment between the call and the answer;
//   - at every entry the limit and the donor's balance are spent at most once, by what
//     stands and is not reversed, although what each window knew was late and partly lost;
//   - in the end the queue's counters are the model's, and the queue proves itself.
func TestHistories(t *testing.T) {
	rounds := 6
	if testing.Short() {
		rounds = 3
	}
	c := newCity(t)
	for round := range rounds {
		c.round(rand.New(rand.NewPCG(rand.Uint64(), uint64(round))))
		switch round % 3 {
		case 0:
			mustClose(t, c.q)
		case 1:
			crash(t, c.q)
		case 2:
			mustClose(t, c.q)
			must(t, os.Remove(filepath.Join(c.dir, storeName)))
		}
		c.q = mustOpen(t, c.dir, c.options)
	}
	c.explain()
	verified(t, c.q)
}

const (
	ceiling = 1000 // of a child's limit
	wallet  = 2000 // on the donor's account
)

// city is the queue, those who work on it, and the platform's own books.
type city struct {
	t       *testing.T
	dir     string
	options Options
	q       *Queue
	h       *hand
	who     []string     // two children and their donor
	squared atomic.Int64 // differences that were told as squared

	mu      sync.Mutex
	said    []saying
	numbers []string              // settlements and voids that were told
	used    map[string]settle.Fen // at the platform
	drawn   settle.Fen            // at the platform
	booked  map[string]doneOf     // at the platform, by settlement
	bills   map[string]settle.Settlement
	keys    int
}

// saying is what a caller was told, and between which entries.
type saying struct {
	what     string
	from, to uint64
	true     func(m *model, entry uint64) bool
}

func newCity(t *testing.T) *city {
	c := &city{
		t: t, dir: t.TempDir(), h: newHand(), used: map[string]settle.Fen{}, booked: map[string]doneOf{}, bills: map[string]settle.Settlement{},
	}
	c.options = lagging(c.h)
	c.q = mustOpen(t, c.dir, c.options)
	for i := range 3 {
		c.who = append(c.who, c.q.Person(fmt.Sprint("person ", i)))
	}
	for _, child := range c.who[:2] {
		must(t, c.q.Link(t.Context(), settle.Link{Beneficiary: child, Donor: c.who[2], Relation: settle.RelationChild, Kind: settle.MutualAid, From: 20200101}, clerk))
	}
	for i := range c.who {
		c.word(i)
	}
	return c
}

// round has eight goroutines do what they do, all kinds of things at once.
func (c *city) round(r *rand.Rand) {
	var wg sync.WaitGroup
	for worker := range 8 {
		own := rand.New(rand.NewPCG(r.Uint64(), uint64(worker)))
		wg.Go(func() {
			seat := By{Operator: "0001", Device: fmt.Sprintf("W%02d", worker%3)}
			for range 60 {
				c.h.move(time.Duration(own.IntN(3)) * time.Second)
				switch own.IntN(11) {
				case 0, 1, 2:
					c.settle(own, seat)
				case 3, 4:
					c.reverse(own, seat)
				case 5, 6, 7:
					c.upload(own)
				case 8:
					c.word(own.IntN(3))
				case 9:
					c.shift(own, seat)
					if own.IntN(3) == 0 {
						must(c.t, c.q.Flush(c.t.Context()))
					}
				case 10:
					c.square(own, seat)
				}
			}
		})
	}
	wg.Wait()
}

func (c *city) entry() uint64 {
	c.q.mu.RLock()
	defer c.q.mu.RUnlock()
	return c.q.head.N
}

// say keeps what was told; true is asked of the model at each entry from the call to the
// answer until it is.
func (c *city) say(from uint64, what string, isTrue func(m *model, entry uint64) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, saying{what: what, from: from, to: c.entry(), true: isTrue})
}

func refusedWith(err error, code settle.Code) bool {
	r, ok := errors.AsType[*settle.Refusal](err)
	return ok && r.Code == code
}

func (c *city) key() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys++
	return fmt.Sprint("key ", c.keys)
}

func (c *city) some(r *rand.Rand) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.numbers) == 0 {
		return ""
	}
	n := len(c.numbers)
	return c.numbers[max(0, n-1-r.IntN(min(n, 30)))]
}

func (c *city) told(numbers ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range numbers {
		if n != "" {
			c.numbers = append(c.numbers, n)
		}
	}
}

// settle reads the position, and takes as much of limit and account as there is.
func (c *city) settle(r *rand.Rand, seat By) {
	person := c.who[r.IntN(2)]
	from := c.entry()
	p, err := c.q.Position(person, period)
	must(c.t, err)
	c.say(from, fmt.Sprintf("position %+v", p), func(m *model, _ uint64) bool { return m.samePosition(&p, person, period) == nil })
	b := bill(c.q, c.key(), p.Version, 0, 0, 0, 7)
	s := &b.Settlement
	s.Person, s.Usage, b.By = person, p.Usage, seat
	s.Split.Fund = min(settle.Fen(r.IntN(400)), max(0, ceiling-p.Usage.Ordinary))
	s.Split.Family = min(settle.Fen(r.IntN(400)), p.Family[0].Balance)
	s.Split.Draws = []settle.Draw{{AccountID: c.who[2], Paid: s.Split.Family}}
	s.Split.UsageAfter.Ordinary = p.Usage.Ordinary + s.Split.Fund
	s.Split.Total = s.Split.Fund + s.Split.Family + s.Split.Cash
	from = c.entry()
	done, replayed, err := c.q.Settle(c.t.Context(), b)
	if errors.Is(err, ErrStale) {
		c.say(from, "stale "+fmt.Sprint(p.Version), func(m *model, _ uint64) bool { return m.at(person) > p.Version })
		return
	}
	must(c.t, err)
	c.say(from, "settled "+done.Number, func(m *model, _ uint64) bool { return !replayed && m.find(done.Number) != nil })
	c.mu.Lock()
	c.bills[done.Number] = done
	c.mu.Unlock()
	c.told(done.Number)
	if r.IntN(4) == 0 {
		c.again(b, done.Number)
	}
}

// again repeats a call: the same settlement, or that it was reversed since.
func (c *city) again(b Commit, number string) {
	from := c.entry()
	s, replayed, err := c.q.Settle(c.t.Context(), b)
	if refusedWith(err, CodeReversed) {
		c.say(from, "reversed since "+number, func(m *model, _ uint64) bool { return m.find(number).void != nil })
		return
	}
	must(c.t, err)
	c.say(from, "again "+number, func(m *model, _ uint64) bool {
		return replayed && s.Number == number && m.find(number).void == nil
	})
}

func (c *city) reverse(r *rand.Rand, seat By) {
	number := c.some(r)
	c.mu.Lock()
	s, ok := c.bills[number]
	c.mu.Unlock()
	if !ok {
		return
	}
	ask := Reversal{Number: number, Key: c.key(), ContentDigest: "d", By: seat}
	if r.IntN(2) == 0 {
		ask.Kept = keptOf(s, settle.Fen(r.IntN(int(s.Split.Fund)+1)), settle.Fen(r.IntN(int(s.Split.Family)+1)), settle.Fen(r.IntN(int(s.Split.Cash)+1)))
		ask.Kept.Operator, ask.Kept.Device = "", ""
	}
	from := c.entry()
	v, replayed, err := c.q.Reverse(c.t.Context(), ask)
	if refusedWith(err, settle.AlreadyVoided) {
		c.say(from, "reversed already "+number, func(m *model, _ uint64) bool { return m.find(number).void != nil })
		return
	}
	must(c.t, err)
	c.say(from, "reversed "+number, func(m *model, _ uint64) bool {
		d := m.find(v.Number)
		return !replayed && d != nil && d.of.number == number && d.back == v.Back
	})
	if v.Kept != "" {
		k, err := c.q.Get(v.Kept)
		must(c.t, err)
		c.mu.Lock()
		c.bills[v.Kept] = k.Settlement
		c.mu.Unlock()
	}
	c.told(v.Number, v.Kept)
}

// stateRefused keeps that something was refused because of a state, if it was.
func (c *city) stateRefused(from uint64, number string, err error, not ...State) bool {
	if err == nil {
		return false
	}
	if !refusedWith(err, CodeState) {
		c.t.Errorf("%s: %v", number, err)
	}
	c.say(from, fmt.Sprint(number, " is none of ", not), func(m *model, _ uint64) bool { return !slices.Contains(not, m.find(number).state) })
	return true
}

// upload moves a settlement or void on, as the uploader and the platform do: the
// platform books before it answers, and its answer may be lost.
func (c *city) upload(r *rand.Rand) {
	number := c.some(r)
	if number == "" {
		return
	}
	ctx := c.t.Context()
	from := c.entry()
	switch r.IntN(20) {
	case 0:
		err := c.q.Hold(ctx, Held{Number: number, Code: "X", By: clerk})
		c.stateRefused(from, number, err, Pending)
		return
	case 1, 2, 3:
		err := c.q.Release(ctx, number, "", clerk)
		c.stateRefused(from, number, err, OnHold)
		return
	}
	if v, err := c.q.Void(number); err == nil {
		c.takeBack(r, v)
		return
	}
	_, _, err := c.q.Request(ctx, number, "2207", func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
	if c.stateRefused(from, number, err, Pending) || r.IntN(3) == 0 { // it never arrives
		return
	}
	c.mu.Lock()
	s := c.bills[number]
	if _, ok := c.booked[number]; !ok {
		c.booked[number] = *doneBy(s, "")
		c.used[s.Person] += s.Split.Fund
		c.drawn += s.Split.Family
	}
	c.mu.Unlock()
	if r.IntN(3) == 0 { // the answer is lost
		return
	}
	from = c.entry()
	_, err = c.q.Acknowledge(ctx, answerTo(s))
	if err != nil {
		c.say(from, "not acknowledged "+number, func(m *model, _ uint64) bool { d := m.find(number); return d.void != nil && !d.void.unsure() })
	}
}

// answerTo is the platform's answer: of every other number another sum in cash, always the
// same.
func answerTo(s settle.Settlement) Ack {
	a, by := ackOf(s), settle.Fen(2)
	switch s.Number[len(s.Number)-1] % 4 {
	case 0, 2:
		return a
	case 1:
		by = -min(3, a.Cash)
	}
	a.Cash += by
	a.Total += by
	return a
}

// square squares what is owed of a settlement; of several who do at a time one does.
func (c *city) square(r *rand.Rand, seat By) {
	var number string
	var from uint64
	var is Record
	for try := 0; try < 20 && is.Owed == 0; try++ { // most owe nothing
		next, at := c.some(r), c.entry()
		row, err := c.q.Get(next)
		if next == "" || refusedWith(err, CodeNoSettlement) { // a void's
			continue
		}
		must(c.t, err)
		number, from, is = next, at, row
	}
	if number == "" {
		return
	}
	ask := Squared{Number: number, Cash: cmp.Or(is.Owed, 1), How: []string{ByCash, ByOther, Waived}[r.IntN(3)], By: seat, InShift: r.IntN(2) == 0}
	switch err := c.q.Square(c.t.Context(), ask); {
	case err == nil:
		c.squared.Add(1)
	case refusedWith(err, CodeSquared):
		c.say(from, "nothing is owed of "+number, func(m *model, _ uint64) bool { return m.find(number).owed() == 0 })
	case refusedWith(err, CodeOwed):
		c.say(from, fmt.Sprint("another sum than ", ask.Cash, " is owed of ", number), func(m *model, _ uint64) bool { return m.find(number).owed() != ask.Cash })
	case refusedWith(err, CodeNoShift):
		c.say(from, "no shift to collect in", func(m *model, _ uint64) bool { return m.shift(seat.Device) == nil })
	default:
		c.t.Error(err)
	}
}

func (d *doneOf) unsure() bool { return d.state == Pending || d.state == OnHold }

// takeBack is what an uploader does with a void: it finds out, and takes back.
func (c *city) takeBack(r *rand.Rand, v Void) {
	ctx := c.t.Context()
	c.mu.Lock()
	s := c.bills[v.Of]
	_, booked := c.booked[v.Of]
	c.mu.Unlock()
	infno := "2601"
	if v.Acknowledged != nil {
		infno = "2208"
	}
	from := c.entry()
	_, _, err := c.q.Request(ctx, v.Number, infno, func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
	if c.stateRefused(from, v.Number, err, Pending) {
		return
	}
	if booked && v.Acknowledged == nil { // it turns out that it arrived
		_, err := c.q.Acknowledge(ctx, answerTo(s))
		if err != nil && !refusedWith(err, CodeState) {
			c.t.Error(err)
		}
		return
	}
	c.mu.Lock()
	if _, still := c.booked[v.Of]; still && r.IntN(4) > 0 { // else it never arrives
		c.used[s.Person] -= s.Split.Fund
		c.drawn -= s.Split.Family
		delete(c.booked, v.Of)
	} else if still {
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	if r.IntN(3) > 0 {
		err := c.q.Undo(ctx, Undone{Number: v.Number, Withdrawn: v.Acknowledged != nil, By: clerk})
		if err != nil && !refusedWith(err, CodeState) { // another uploader was faster
			c.t.Error(err)
		}
	}
}

// word has the platform speak of a person. The clock moves while it does, as it would.
func (c *city) word(i int) {
	c.mu.Lock()
	c.h.move(time.Second)
	e := settle.Entitlement{
		Person: c.who[i], Period: period, Usage: settle.Usage{Ordinary: c.used[c.who[i]]}, AsOf: c.h.ago(0),
		Insured: settle.Insured{Category: settle.EmployeeTier1, Own: &settle.Account{}},
	}
	if i == 2 {
		e.Insured.Own.Balance = wallet - c.drawn
	}
	c.h.move(time.Second)
	c.mu.Unlock()
	must(c.t, c.q.Learn(c.t.Context(), e, clerk))
}

func (c *city) shift(r *rand.Rand, seat By) {
	from := c.entry()
	open := func(m *model, _ uint64) bool { return m.shift(seat.Device) != nil }
	if r.IntN(2) == 0 {
		if _, err := c.q.OpenShift(c.t.Context(), seat, 100); refusedWith(err, CodeShiftOpen) {
			c.say(from, "a shift is open", open)
		}
		return
	}
	s, err := c.q.CloseShift(c.t.Context(), seat, 100)
	if refusedWith(err, CodeNoShift) {
		c.say(from, "no shift is open", func(m *model, n uint64) bool { return !open(m, n) })
		return
	}
	must(c.t, err)
	c.say(from, "closed", func(m *model, _ uint64) bool {
		return slices.ContainsFunc(m.shifts, func(o *shiftOf) bool {
			return o.counted != nil && o.entry == s.Number && o.settled == s.Settled && o.voided == s.Voided && o.refunded == s.Refunded
		})
	})
}

// explain goes through the journal.
func (c *city) explain() {
	m := newModel()
	open := c.said
	kinds, explained := map[string]int{}, len(open)
	must(c.t, c.q.journal.Walk(journal.Pos{}, func(e journal.Entry) error {
		if err := m.apply(e); err != nil {
			return fmt.Errorf("entry %d (%s): %w", e.N, e.Kind, err)
		}
		kinds[e.Kind]++
		var left []saying
		for _, s := range open {
			switch {
			case s.from <= e.N && e.N <= s.to && s.true(&m, e.N):
			case s.to <= e.N:
				return fmt.Errorf("told between entries %d and %d: %s: at none of them is it so", s.from, s.to, s.what)
			default:
				left = append(left, s)
			}
		}
		open = left
		return c.spentOnce(&m)
	}))
	must(c.t, m.compare(c.q, c.who))
	c.t.Logf("%d answers explained by the journal's order: %v", explained, kinds)
	if n := int(c.squared.Load()); n != kinds[kindSquared] {
		c.t.Errorf("%d were told that it is squared, the journal has %d", n, kinds[kindSquared])
	}
	for _, kind := range []string{kindVoid, kindRefund, kindUndone, kindAck, kindHeld, kindShiftClose, kindSquared} {
		if kinds[kind] == 0 {
			c.t.Errorf("no entry of kind %s: the test proves little", kind)
		}
	}
}

// spentOnce holds what stands against limit and account: no more than there is.
func (c *city) spentOnce(m *model) error {
	spent, drawn := map[string]settle.Fen{}, settle.Fen(0)
	for _, d := range m.done {
		if d.of == nil && d.void == nil {
			spent[d.person] += d.use
			drawn += d.now.Family
		}
	}
	for person, sum := range spent {
		if sum > ceiling {
			return fmt.Errorf("%s of the limit is spent by one person (%s…)", sum, person[:4])
		}
	}
	if drawn > wallet {
		return fmt.Errorf("%s of the account is spent", drawn)
	}
	return nil
}

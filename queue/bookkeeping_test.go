package queue

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// model is the queue as one would explain it: lists, and sums over them. It changes by
// what is done; what cannot be done is an error.
type model struct {
	told    []toldOf  // the platform's words, in order
	done    []*doneOf // settlements and voids, in order
	links   []settle.Link
	touched map[string]int // changes of usage, links, what is known
	account map[string]int // changes of the account
	shifts  []*shiftOf

	touchedAt, accountAt map[string]uint64 // entries that last did, if entries are gone through
}

func newModel() model {
	return model{touched: map[string]int{}, account: map[string]int{}, touchedAt: map[string]uint64{}, accountAt: map[string]uint64{}}
}

// toldOf is a word of the platform.
type toldOf struct {
	person, period string
	used, own      settle.Fen
	asOf           time.Time
	contains       map[*doneOf]bool // settlements
	without        map[*doneOf]bool // settlements that it may have taken back by then
}

// doneOf is a settlement, or a void of one.
type doneOf struct {
	number, key, digest, person, period string
	local, now                          Amounts
	use                                 settle.Fen
	donor                               string
	state                               State
	ackedAt                             time.Time // zero: not yet
	order                               int
	requests                            int
	void                                *doneOf // that reversed it
	of                                  *doneOf // a void: what it reversed
	kept                                *doneOf // a void: what was kept
	after                               *doneOf // blocked by this void
	asked                               bool    // a void: the platform was asked to take it back
	back                                Amounts // a void: what was given back
	repaired                            string  // by the last repair
	repairs                             int
	moved                               settle.Fen // collected of the platform's difference, less what was given back
	waived                              bool
	told                                *Amounts // the platform's, where it differs; in a journal
	s                                   settle.Settlement
}

// shiftOf is a shift at a seat.
type shiftOf struct {
	entry                     uint64
	device                    string
	float                     settle.Fen
	settled, voided, refunded Tally
	collected, given          Tally       // differences
	counted                   *settle.Fen // nil: it is open
}

// last is the newest word on a person, in a period if it is not "".
func (m *model) last(person, period string) *toldOf {
	for i := len(m.told) - 1; i >= 0; i-- {
		if t := &m.told[i]; t.person == person && (period == "" || t.period == period) {
			return t
		}
	}
	return nil
}

// counts is how often d counts beside a word: once if it is not in it, and once less if
// it was reversed, unless the word may be of after that.
func (t *toldOf) counts(d *doneOf) (n settle.Fen) {
	in := t != nil && t.contains[d]
	if !in {
		n++
	}
	if d.void != nil && !(in && t.without[d]) {
		n--
	}
	return n
}

func (m *model) usage(person, period string) settle.Fen {
	t := m.last(person, period)
	var sum settle.Fen
	if t != nil {
		sum = t.used
	}
	for _, d := range m.done {
		if d.of == nil && d.person == person && d.period == period {
			sum += t.counts(d) * d.use
		}
	}
	return max(0, sum)
}

// balance is what is left on a person's account.
func (m *model) balance(person string) settle.Fen {
	t := m.last(person, "")
	if t == nil {
		return 0
	}
	left := t.own
	for _, d := range m.done {
		if d.of != nil {
			continue
		}
		if d.person == person {
			left -= t.counts(d) * d.now.Own
		}
		if d.donor == person {
			left -= t.counts(d) * d.now.Family
		}
	}
	return max(0, left)
}

// seen is all that a quote for a person is computed from, as counts of changes.
func (m *model) seen(person string) []int {
	s := []int{m.touched[person], m.account[person]}
	for _, l := range m.links {
		if l.Beneficiary == person {
			s = append(s, m.account[l.Donor])
		}
	}
	return s
}

// moved notes that what a settlement drew counts otherwise now.
func (m *model) moved(d *doneOf, own, family settle.Fen) {
	if own != 0 {
		m.account[d.person]++
	}
	if family != 0 {
		m.account[d.donor]++
	}
}

func (m *model) find(number string) *doneOf {
	if i := slices.IndexFunc(m.done, func(d *doneOf) bool { return d.number == number }); i >= 0 {
		return m.done[i]
	}
	return nil
}

func (m *model) learn(w toldOf) {
	w.contains, w.without = map[*doneOf]bool{}, map[*doneOf]bool{}
	for _, d := range m.done {
		w.contains[d] = !d.ackedAt.IsZero() && !d.ackedAt.After(w.asOf)
		w.without[d] = d.void != nil && d.void.asked
	}
	m.told = append(m.told, w)
	m.touched[w.person]++
	m.account[w.person]++
}

func (m *model) link(l settle.Link) {
	m.touched[l.Beneficiary]++
	same := func(o settle.Link) bool { return o.Beneficiary == l.Beneficiary && o.Donor == l.Donor }
	if i := slices.IndexFunc(m.links, same); i >= 0 {
		m.links[i] = l
	} else {
		m.links = append(m.links, l)
	}
}

// settle posts a settlement at a seat.
func (m *model) settle(d *doneOf, device string) error {
	if n := len(m.done); n > 0 && d.number <= m.done[n-1].number {
		return fmt.Errorf("number %s after %s", d.number, m.done[n-1].number)
	}
	if s := m.shift(device); s != nil && d.after == nil && d.order == 0 {
		s.settled.add(d.local)
	}
	if d.order == 0 {
		d.order = len(m.done) + 1
	}
	m.done = append(m.done, d)
	if d.state == SelfPaid { // nothing was used
		return nil
	}
	m.touched[d.person]++
	m.moved(d, d.now.Own, d.now.Family)
	return nil
}

func (t *Tally) add(a Amounts) {
	t.Count++
	t.Amounts = t.plus(a)
}

// reverse posts a void and, unless it is nil, what is kept.
func (m *model) reverse(v, kept *doneOf, device string) error {
	d := v.of
	if d == nil || d.of != nil || d.void != nil {
		return fmt.Errorf("%s reverses what cannot be", v.number)
	}
	if n := len(m.done); v.number <= m.done[n-1].number {
		return fmt.Errorf("number %s after %s", v.number, m.done[n-1].number)
	}
	if d.use > 0 {
		m.touched[d.person]++
	}
	m.moved(d, d.now.Own, d.now.Family)
	after := d.after
	if v.state = Voided; d.requests > 0 || !d.ackedAt.IsZero() {
		v.state, after = Pending, v
	}
	d.state, d.void, d.after = Voided, v, nil
	v.local, v.back, v.kept, v.order = d.local, d.local, kept, len(m.done)+1
	m.done = append(m.done, v)
	shift := m.shift(device)
	if kept == nil {
		if shift != nil {
			shift.voided.add(v.back)
		}
		return nil
	}
	v.back = d.local.less(kept.local)
	if shift != nil {
		shift.refunded.add(v.back)
	}
	kept.state, kept.after, kept.order = Pending, after, v.order
	if after != nil {
		kept.state = Blocked
	}
	return m.settle(kept, device)
}

func (m *model) request(d *doneOf) {
	d.requests++
	if d.of != nil && !d.of.ackedAt.IsZero() {
		d.asked = true
	}
}

// acknowledge takes the platform's word on a settlement; differs if it has other amounts.
func (m *model) acknowledge(d *doneOf, a Amounts, at time.Time) {
	if d.state != Voided {
		d.state = Acknowledged
	}
	d.ackedAt = at
	if a == d.now {
		return
	}
	m.touched[d.person]++
	if d.void == nil {
		m.moved(d, a.Own-d.now.Own, a.Family-d.now.Family)
	}
	if d.use > 0 || d.local.Fund == 0 {
		d.use = max(0, d.use+a.Fund-d.local.Fund)
	}
	d.now = a
}

// owed is what is still to be collected of what the platform split otherwise; negative: to
// be given back.
func (d *doneOf) owed() settle.Fen {
	switch {
	case d.of != nil || d.waived:
		return 0
	case d.state == Acknowledged:
		return d.now.Cash - d.local.Cash - d.moved
	}
	return -d.moved
}

// square collects, gives back or writes off what is owed.
func (m *model) square(d *doneOf, cash settle.Fen, how, device string) error {
	if d == nil || cash == 0 || cash != d.owed() {
		return fmt.Errorf("%s squared of %+v", cash, d)
	}
	if how == Waived {
		d.waived = true
		return nil
	}
	d.moved += cash
	switch s := m.shift(device); {
	case s == nil || how != ByCash:
	case cash > 0:
		s.collected.add(Amounts{Total: cash, Cash: cash})
	default:
		s.given.add(Amounts{Total: -cash, Cash: -cash})
	}
	return nil
}

// undo ends a void, and lets go what waits for it.
func (m *model) undo(v *doneOf, withdrawn bool) {
	if v.state = Voided; withdrawn {
		v.state, v.asked = Acknowledged, true
	}
	for _, d := range m.done {
		if d.after == v {
			d.state, d.after = Pending, nil
		}
	}
}

// shift is the open one at a seat.
func (m *model) shift(device string) *shiftOf {
	for _, s := range m.shifts {
		if s.device == device && s.counted == nil {
			return s
		}
	}
	return nil
}

func (s *shiftOf) cash() settle.Fen {
	return s.float + s.settled.Cash - s.voided.Cash - s.refunded.Cash + s.collected.Cash - s.given.Cash
}

// in lists the numbers of what is in a state, in the order of the outbox.
func (m *model) in(state State) (numbers []string) {
	list := slices.Clone(m.done)
	slices.SortStableFunc(list, func(a, b *doneOf) int { return cmp.Compare(a.order, b.order) })
	for _, d := range list {
		if d.state == state {
			numbers = append(numbers, d.number)
		}
	}
	return numbers
}

// exposed is the fund's money that nobody has acknowledged, of a person; "": of all.
func (m *model) exposed(person string) (sum settle.Fen) {
	for _, d := range m.done {
		if d.of == nil && (person == "" || d.person == person) && (d.state == Pending || d.state == OnHold || d.state == Blocked) {
			sum += d.local.Fund
		}
	}
	return sum
}

// drawn is what nobody has acknowledged of what was taken from an account.
func (m *model) drawn(person string) (sum settle.Fen) {
	for _, d := range m.done {
		if d.of != nil || d.void != nil || !d.ackedAt.IsZero() {
			continue
		}
		if d.person == person {
			sum += d.local.Own
		}
		if d.donor == person {
			sum += d.local.Family
		}
	}
	return sum
}

// compare tells where the queue is not as the model.
func (m *model) compare(q *Queue, who []string) error {
	for _, w := range who {
		for _, period := range modelPeriods {
			p, err := q.Position(w, period)
			if err != nil {
				return err
			}
			if err := m.samePosition(&p, w, period); err != nil {
				return err
			}
		}
		if is, all, err := q.Exposure(w); err != nil || is != m.exposed(w) || all != m.exposed("") {
			return fmt.Errorf("exposure %s of %s, model %s of %s, %w", is, all, m.exposed(w), m.exposed(""), err)
		}
	}
	for _, w := range who {
		if is, err := q.Drawn(w); err != nil || is != m.drawn(w) {
			return fmt.Errorf("%s drawn, model %s, %w", is, m.drawn(w), err)
		}
	}
	if err := m.compareWaiting(q); err != nil {
		return err
	}
	return m.compareShifts(q)
}

func (m *model) samePosition(p *Position, who, period string) error {
	if p.Usage.Ordinary != m.usage(who, period) {
		return fmt.Errorf("usage %s, model %s", p.Usage.Ordinary, m.usage(who, period))
	}
	if (p.Own != nil) != (m.last(who, "") != nil) || (p.Own != nil && p.Own.Balance != m.balance(who)) {
		return fmt.Errorf("own account %+v, model %s", p.Own, m.balance(who))
	}
	i := 0
	for _, l := range m.links {
		if l.Beneficiary != who {
			continue
		}
		if i >= len(p.Family) || p.Family[i].ID != l.Donor || p.Family[i].LinkFrom != l.From || p.Family[i].LinkTo != l.To || p.Family[i].Balance != m.balance(l.Donor) {
			return fmt.Errorf("family %+v, model %+v balance %s", p.Family, l, m.balance(l.Donor))
		}
		i++
	}
	return nil
}

func (m *model) compareWaiting(q *Queue) error {
	for state, read := range map[State]func(int, uint64) ([]Waiting, error){Pending: q.Pending, OnHold: q.Holds} {
		list, err := read(1000, 0)
		if err != nil {
			return err
		}
		var numbers []string
		for _, w := range list {
			numbers = append(numbers, w.Number)
			if d := m.find(w.Number); d != nil && w.Void != (d.of != nil) {
				return fmt.Errorf("%s waits as a void: %v", w.Number, w.Void)
			}
		}
		if want := m.in(state); !slices.Equal(numbers, want) {
			return fmt.Errorf("%s %v, model %v", state, numbers, want)
		}
	}
	s, err := q.Status()
	if err != nil {
		return err
	}
	if s.Pending != len(m.in(Pending)) || s.Held != len(m.in(OnHold)) || s.Exposed != m.exposed("") || s.OldestPending.IsZero() != (s.Pending == 0) {
		return fmt.Errorf("status %+v, model %d pending, %d held, %s exposed", s, len(m.in(Pending)), len(m.in(OnHold)), m.exposed(""))
	}
	return nil
}

func (m *model) compareShifts(q *Queue) error {
	list, err := q.Shifts("", 0, 1000)
	if err != nil {
		return err
	}
	if len(list) != len(m.shifts) {
		return fmt.Errorf("%d shifts, model %d", len(list), len(m.shifts))
	}
	for i, s := range list {
		is := m.shifts[i]
		if s.Settled != is.settled || s.Voided != is.voided || s.Refunded != is.refunded || s.Collected != is.collected || s.GivenBack != is.given || s.Cash != is.cash() || s.Opened.Device != is.device ||
			(s.Closed != nil) != (is.counted != nil) || (s.Closed != nil && (s.Closed.Counted != *is.counted || s.Closed.Over != *is.counted-is.cash())) {
			return fmt.Errorf("shift %+v %+v, model %+v", s, s.Closed, is)
		}
	}
	return nil
}

// at is the entry that last changed what a quote for a person is computed from.
func (m *model) at(person string) uint64 {
	last := max(m.touchedAt[person], m.accountAt[person])
	for _, l := range m.links {
		if l.Beneficiary == person {
			last = max(last, m.accountAt[l.Donor])
		}
	}
	return last
}

// apply goes through an entry of the journal.
func (m *model) apply(e journal.Entry) error {
	touched, account := maps.Clone(m.touched), maps.Clone(m.account)
	ev, err := decode(e)
	if err != nil {
		return err
	}
	if err := m.event(e, ev); err != nil {
		return err
	}
	for person, n := range m.touched {
		if n != touched[person] {
			m.touchedAt[person] = e.N
		}
	}
	for person, n := range m.account {
		if n != account[person] {
			m.accountAt[person] = e.N
		}
	}
	return nil
}

func (m *model) event(e journal.Entry, ev event) error {
	switch ev := ev.(type) {
	case ownerRow, reserved, answered:
	case known:
		asOf, err := time.Parse(time.RFC3339, ev.Entitlement.AsOf)
		m.learn(toldOf{person: ev.Entitlement.Person, period: ev.Entitlement.Period, used: ev.Entitlement.Usage.Ordinary, own: ev.Entitlement.Insured.Own.Balance, asOf: asOf})
		return err
	case linked:
		m.link(ev.Link)
	case settled:
		return m.settle(ev.done(), e.Device)
	case selfPaid:
		d := ev.done()
		d.state = SelfPaid
		return m.settle(d, e.Device)
	case voided:
		return m.reverse(&doneOf{number: ev.Number, of: m.find(ev.Of), person: m.find(ev.Of).person}, nil, e.Device)
	case refunded:
		kept := settled{Digest: ev.Digest, Settlement: ev.Settlement}.done()
		return m.reverse(&doneOf{number: ev.Number, of: m.find(ev.Of), person: m.find(ev.Of).person}, kept, e.Device)
	case squared:
		return m.square(m.find(ev.Number), ev.Cash, ev.How, e.Device)
	case Difference: // its acknowledgement is next
		d := m.find(ev.Number)
		if d == nil || d.local != ev.Local || !d.ackedAt.IsZero() {
			return fmt.Errorf("difference %+v", ev)
		}
		d.told = &ev.Platform
	case shiftOpened:
		if m.shift(e.Device) != nil {
			return errors.New("a shift is open")
		}
		m.shifts = append(m.shifts, &shiftOf{entry: e.N, device: e.Device, float: ev.Float})
	case shiftClosed:
		s := m.shift(e.Device)
		if s == nil || s.settled != ev.Settled || s.voided != ev.Voided || s.refunded != ev.Refunded || s.collected != ev.Collected || s.given != ev.GivenBack || s.cash() != ev.Cash {
			return fmt.Errorf("closes %+v", s)
		}
		s.counted = &ev.Counted
	default:
		return m.outcome(e, ev)
	}
	return nil
}

// outcome goes through an entry about one settlement or void.
func (m *model) outcome(e journal.Entry, ev event) error {
	var d *doneOf
	var want []State
	var do func()
	switch ev := ev.(type) {
	case requested:
		d, want, do = m.find(ev.Number), []State{Pending}, func() { m.request(d) }
	case acked:
		d, want, do = m.find(ev.Number), []State{Pending, OnHold, Voided}, func() { m.acknowledge(d, ev.Amounts, e.At) }
		if d != nil && (d.told == nil) != (ev.Amounts == d.local) || d.told != nil && *d.told != ev.Amounts {
			return fmt.Errorf("acknowledges %+v, difference %+v", ev.Amounts, d.told)
		}
	case held:
		d, want, do = m.find(ev.Number), []State{Pending}, func() { d.state = OnHold }
	case repaired:
		d, want, do = m.find(ev.Number), []State{OnHold}, func() { d.repairs++ }
	case released:
		d, want, do = m.find(ev.Number), []State{OnHold}, func() { d.state = Pending }
	case undone:
		d, want, do = m.find(ev.Number), []State{Pending, OnHold}, func() { m.undo(d, ev.Withdrawn) }
	default:
		return fmt.Errorf("no %T in this test", ev)
	}
	if d == nil || !slices.Contains(want, d.state) {
		return fmt.Errorf("of %+v", d)
	}
	do()
	return nil
}

// done is a settlement as its entry has it.
func (s settled) done() *doneOf {
	o := &s.Settlement
	d := &doneOf{
		number: o.Number, key: o.Key, digest: s.Digest, person: o.Person, period: o.Period,
		local: o.Split.Amounts, now: o.Split.Amounts, use: o.use().Ordinary, state: Pending,
	}
	for _, f := range o.family() {
		d.donor = f.Account
	}
	return d
}

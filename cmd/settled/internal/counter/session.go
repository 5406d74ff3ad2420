package counter

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"settled/settle"
)

// Ports is all that a session reaches outside. Catalogue, Form, Printer, ECodes and Used
// may be left out.
type Ports struct {
	Cards     Cards
	Rulebook  Rulebook
	Catalogue Catalogue // nil: bills state everything
	Platform  Platform
	People    People
	Book      Book
	Links     Links
	Returns   Returns
	Shifts    Shifts
	Exposure  Exposure
	Form      Form    // nil: everything fits
	Printer   Printer // nil: the seat has none
	ECodes    ECodes  // nil, or without Used: no 医保码 is taken
	Used      Used    //
	Clock     Clock
}

// Options of one window. Timeouts that are zero get defaults.
type Options struct {
	Seat            string             // names the window in settlements and events
	Institution     settle.Institution // where the window stands: bills do not say
	Offline         Offline
	ShiftRequired   bool          // nothing is settled or reversed without an open shift
	SecondOver      settle.Fen    // a second person stands for reversals that give back more of a bill (二人复核); 0: for none
	Paperless       bool          // slips are filed, and no printer is there
	ReadTimeout     time.Duration // of one card read; 10 s
	IdentifyTimeout time.Duration // of the platform's answer to who it is; 10 s
	CheckTimeout    time.Duration // of reading a card's code again; 5 s
	PrintTimeout    time.Duration // 30 s
}

// Event is a card that came or went. Why tells a removal by hand ("") from one
// because of the device: READER_MISSING.
type Event struct {
	Role     Role
	Inserted bool
	Why      settle.Code
}

// Session is one window. Its methods may be called from any goroutine.
type Session struct {
	ports   Ports
	options Options

	base     context.Context // ends with the session
	stop     context.CancelCauseFunc
	running  sync.WaitGroup         // reads and prints
	printing sync.Mutex             // one slip at a time
	shift    sync.RWMutex           // held to write money, whole to open or close a shift
	present  atomic.Pointer[uint64] // number of the open shift, 0: none is; nil: not known

	mu       sync.Mutex
	state    State
	holders  [roles]*holder
	reads    [roles]reading
	later    [roles]*event // card events that came while the book wrote
	quote    *Quote
	checks   context.Context // of the confirmation under way
	unchecks context.CancelCauseFunc
	slip     *slip // of the last settlement
	messages []Message
	readers  []Reader
	scanned  *Scanned
	expect   Role        // whose the next 医保码 is
	amiss    settle.Code // what was said of the guardian's card
	twice    bool        // the patient's card was not taken: the same person's lies in the guardian's reader
	tender   *Tender
	watchers map[*watcher]struct{}
	seq      uint64
}

// reading is the card read under way for a role; an answer of an older turn is not
// heard.
type reading struct {
	turn   uint64
	busy   bool
	cancel context.CancelFunc
}

// event is what the table is asked about.
type event struct {
	kind    kind
	holder  *holder
	quote   *Quote
	receipt *Receipt
	code    ECode
	why     *settle.Refusal // the reason, where the event has one
}

// New opens a session in state idle. Close ends it.
func New(p Ports, o Options) (*Session, error) {
	switch {
	case p.Cards == nil, p.Rulebook == nil, p.Platform == nil, p.People == nil, p.Book == nil, p.Links == nil, p.Returns == nil, p.Shifts == nil, p.Exposure == nil, p.Clock == nil:
		return nil, errors.New("counter: a port is missing")
	case o.Seat == "":
		return nil, errors.New("counter: the seat has no name")
	case o.Institution.ID == "":
		return nil, errors.New("counter: the institution is missing")
	case o.SecondOver < 0:
		return nil, errors.New("counter: the amount for a second person is negative")
	case o.Offline.MaxAge < 0 || min(o.Offline.Person.Stop, o.Offline.Account.Stop, o.Offline.Counter.Stop) < 0:
		return nil, errors.New("counter: an offline bound is negative")
	}
	orDefault(&o.ReadTimeout, 10*time.Second)
	orDefault(&o.IdentifyTimeout, 10*time.Second)
	orDefault(&o.CheckTimeout, 5*time.Second)
	orDefault(&o.PrintTimeout, 30*time.Second)
	orDefault(&o.Offline.Probe.Deadline, 3*time.Second)
	s := &Session{ports: p, options: o, watchers: map[*watcher]struct{}{}}
	s.base, s.stop = context.WithCancelCause(context.Background())
	return s, nil
}

func orDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// Close ends reads and prints under way and waits for them. A write that is under
// way is not stopped; its caller gets its result.
func (s *Session) Close() {
	s.mu.Lock()
	s.stop(refuse(Closed))
	for w := range s.watchers {
		s.unwatch(w)
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Handle takes a card event of a reader. It returns at once; what follows shows on
// the screen.
func (s *Session) Handle(e Event) {
	if e.Role >= roles {
		return
	}
	in, out := patientIn, patientOut
	if e.Role == Guardian {
		in, out = guardianIn, guardianOut
	}
	ev := event{kind: out}
	if e.Inserted {
		ev.kind = in
	}
	if e.Why != "" {
		ev.why = refuse(e.Why)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fire(ev); err != nil {
		s.say(refusalOr(err, Fault))
	}
	again := s.twice && e.Role == Guardian && s.state == Idle
	if again || e.Role == Patient {
		s.twice = false
	}
	if again { // that card went: this one is the patient's after all
		_ = s.fire(event{kind: askRead}) // allowed in Idle
	}
}

// Cancel drops what is under way before the write; by is the operator.
func (s *Session) Cancel() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fire(event{kind: askCancel}); err != nil {
		return s.refused(err)
	}
	return nil
}

// fire carries an event out: the table says what happens, run does it. The session
// is locked. A forbidden event changes nothing and gives a *settle.Refusal.
func (s *Session) fire(e event) error {
	if s.base.Err() != nil {
		return refuse(Closed)
	}
	if s.aside(e) {
		return nil
	}
	from := s.state
	c := table[from][e.kind]
	switch {
	case c.refuse != "":
		return refuseBecause(c.refuse, "%s while %s", e.kind, from)
	case c.later:
		s.later[roleOf(e.kind)] = &e
		return nil
	}
	if c.next != from {
		s.state, s.messages = c.next, nil
	}
	reason := e.why
	if reason == nil && c.say != "" {
		reason = refuse(c.say)
	}
	for _, do := range c.do {
		s.run(do, e, reason)
	}
	s.say(reason)
	if from == Committing && s.state != Committing {
		s.catchUp()
	}
	return nil
}

// catchUp handles the card events that came while the book wrote.
func (s *Session) catchUp() {
	late := s.later
	s.later = [roles]*event{}
	for role := range roles {
		if e := late[roles-1-role]; e != nil { // the guardian's first: the patient's may end it all
			_ = s.fire(*e) // card events are allowed in every state but Committing
		}
	}
}

func roleOf(k kind) Role {
	if k == guardianIn || k == guardianOut {
		return Guardian
	}
	return Patient
}

// run does one effect. reason is what the event gives as its cause, if anything.
func (s *Session) run(do effect, e event, reason *settle.Refusal) {
	switch do {
	case readPatient:
		s.startRead(Patient)
	case readGuardian:
		s.startRead(Guardian)
	case readCode:
		s.learnOf(Patient, func(ctx context.Context) (*holder, error) { return s.redeem(ctx, e.code) })
	case readGuardianCode:
		s.learnOf(Guardian, func(ctx context.Context) (*holder, error) { return s.redeem(ctx, e.code) })
	case dropPatient:
		s.forget(Patient)
		s.tender = nil
	case dropGuardian:
		s.forget(Guardian)
		s.unsay(s.amiss)
	case keepPatient:
		s.holders[Patient] = e.holder
	case keepGuardian:
		s.holders[Guardian] = e.holder
	case dropQuote:
		s.quote = nil
	case keepQuote:
		s.quote, s.tender = e.quote, nil
	case startChecks:
		s.checks, s.unchecks = context.WithCancelCause(s.base)
	case stopChecks:
		if reason == nil {
			reason = refuse(Cancelled)
		}
		s.unchecks(reason)
	case keepSlip:
		s.slip = &slip{receipt: *e.receipt}
		s.serve()
	case printSlip:
		s.startPrint(*e.receipt)
	case noteSlip:
		s.slip.note(e)
	}
}

func (s *Session) forget(role Role) {
	if r := &s.reads[role]; r.busy {
		r.cancel()
		r.busy = false
	}
	s.holders[role] = nil
	if role == Patient {
		s.expect = Patient
		if g := s.holders[Guardian]; g != nil && g.scanned {
			s.holders[Guardian] = nil // a code came for this patient
		}
	}
}

func (s *Session) startRead(role Role) {
	s.learnOf(role, func(ctx context.Context) (*holder, error) { return s.identify(ctx, role) })
}

// learnOf finds out beside the session who stands at the window; the answer is an event.
func (s *Session) learnOf(role Role, who func(context.Context) (*holder, error)) {
	ctx, cancel := context.WithCancel(s.base)
	turn := s.reads[role].turn + 1
	s.reads[role] = reading{turn: turn, busy: true, cancel: cancel}
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		defer cancel()
		h, err := who(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		if r := &s.reads[role]; r.turn != turn || !r.busy {
			return // the card is gone; this answer is about nobody
		}
		s.reads[role].busy = false
		s.readEnded(role, h, err)
	}()
}

func (s *Session) readEnded(role Role, h *holder, err error) {
	known, unknown := patientKnown, patientUnknown
	if role == Guardian {
		known, unknown = guardianKnown, guardianUnknown
	}
	e := event{kind: known, holder: h}
	other := s.holders[roles-1-role]
	switch {
	case err != nil:
		e = event{kind: unknown, why: refusalOr(err, ReadFailed)}
	case other != nil && other.known.Person == h.known.Person:
		e = event{kind: unknown, why: refuse(WrongReader)}
	}
	var wrong settle.Code
	if e.why != nil {
		wrong = e.why.Code
	}
	if role == Guardian {
		s.amiss = wrong
	} else {
		s.twice = wrong == WrongReader
	}
	if err := s.fire(e); err != nil {
		s.say(refusalOr(err, Fault))
	}
}

// answer brings the result of a confirmation's step to the session, unless the
// session has cancelled the confirmation: then the error is the reason.
func (s *Session) answer(try *attempt, e event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cause := context.Cause(try.ctx); cause != nil {
		return refusalOr(cause, Cancelled)
	}
	return s.conclude(e)
}

// conclude fires an event and gives back its reason.
func (s *Session) conclude(e event) error {
	if err := s.fire(e); err != nil {
		return err
	}
	if e.why != nil {
		return e.why
	}
	return nil
}

// refused shows why something cannot be done and gives it back as a *settle.Refusal.
func (s *Session) refused(err error) error {
	r := refusalOr(err, Fault)
	s.say(r)
	return r
}

// refusalOr gives the refusal that err is, or one with the code otherwise that names
// err to the technician.
func refusalOr(err error, otherwise settle.Code) *settle.Refusal {
	var r *settle.Refusal
	if errors.As(err, &r) {
		return r
	}
	return refuseBecause(otherwise, "%v", err)
}

package counter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"settled/settle"
)

// This file is the flow of a settlement from top to bottom: who is it (identify),
// who would pay what (Quote), and once that is confirmed, are the cards still the
// ones that were read, is it written, is it on paper (Confirm, print).

// holder is a person whose card lies in a reader, or whose 医保码 was scanned.
type holder struct {
	card    Card
	known   settle.Entitlement
	offline settle.Code     // why the platform was not asked; "": it was
	barred  *settle.Refusal // what the platform said when it was asked again; nil: nothing
	scanned bool            // known by a 医保码: no card lies in a reader
}

// identify reads the card of a role and finds out who holds it: the platform says,
// or, when it cannot be asked, what was last known of that person.
func (s *Session) identify(ctx context.Context, role Role) (*holder, error) {
	card, err := s.readCard(ctx, role)
	if err != nil {
		return nil, err
	}
	known, err := s.askPlatform(ctx, card)
	var no *settle.Refusal
	var down *Down
	switch {
	case err == nil:
		return s.learn(ctx, card, known)
	case errors.As(err, &no):
		return nil, no
	case errors.As(err, &down):
		return s.lastKnown(ctx, card, down.Reason)
	default:
		return s.lastKnown(ctx, card, settle.PlatformDown)
	}
}

func (s *Session) readCard(ctx context.Context, role Role) (Card, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.ReadTimeout)
	defer cancel()
	card, err := s.ports.Cards.Read(ctx, role)
	if err != nil {
		return Card{}, refusalOr(err, ReadFailed)
	}
	if card.Who.CardCode == "" || (card.Who.IDNumber == "" && card.Who.CardNumber == "") {
		return Card{}, refuseBecause(ReadFailed, "the card gave no code, or neither id nor card number")
	}
	return card, nil
}

func (s *Session) askPlatform(ctx context.Context, card Card) (settle.Entitlement, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.IdentifyTimeout)
	defer cancel()
	return s.ports.Platform.Identify(ctx, card.Who)
}

// learn keeps the platform's answer, so that it is there when the line is not.
func (s *Session) learn(ctx context.Context, card Card, e settle.Entitlement) (*holder, error) {
	known, err := Learn(ctx, s.ports.People, s.ports.Rulebook, s.ports.Clock(), card.Who, e)
	if err != nil {
		return nil, refusalOr(err, Fault)
	}
	return &holder{card: card, known: known}, nil
}

// Learn keeps what the platform said, at a time, of the person who was asked about: of a
// card's holder, or of somebody on a roster. It gives what is known then.
func Learn(ctx context.Context, people People, rules Rulebook, at time.Time, who settle.Identity, e settle.Entitlement) (settle.Entitlement, error) {
	said := e.Who.IDNumber
	if said == "" || (who.IDNumber != "" && who.IDNumber != said) {
		return e, refuseBecause(settle.WrongPerson, "the platform answered with another person than was asked about")
	}
	e.Who.CardNumber, e.Who.CardCode = who.CardNumber, who.CardCode
	e.Person = people.Person(said)
	if e.Period = rules.On(DayOf(at)).Period; e.Period == "" {
		return e, refuseBecause(settle.PolicyRowMissing, "the rules name no limit period for %s", DayOf(at))
	}
	if err := people.Learn(ctx, e); err != nil {
		return e, fmt.Errorf("keep the platform's answer: %w", err)
	}
	return e, nil
}

// Quote computes who would pay what of a bill (settle.DecodeBill says its form) for
// the patient whose card is in the reader, under the rules of the visit's day. It
// takes and writes nothing. by is the operator. The error is a *settle.Refusal.
func (s *Session) Quote(ctx context.Context, bill []byte, by string) (Quote, error) {
	a, err := s.decode(bill, by)
	if err == nil {
		err = s.probed(ctx, a.head.Key)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		return Quote{}, s.refused(err)
	}
	if s.gone() {
		return Quote{}, s.refused(refuse(settle.NoCard))
	}
	if err := s.fire(event{kind: askQuote}); err != nil {
		return Quote{}, s.refused(err)
	}
	q, err := s.compute(ctx, a)
	if err != nil {
		return Quote{}, s.refused(err)
	}
	if err := s.fire(event{kind: quoteMade, quote: q}); err != nil {
		return Quote{}, s.refused(err)
	}
	return *q, nil
}

// compute makes the quote of a bill as things stand now. The session is locked.
func (s *Session) compute(ctx context.Context, a ask) (*Quote, error) {
	patient, guardian := s.holders[Patient], s.holders[Guardian]
	if s.reads[Guardian].busy {
		return nil, refuse(GuardianReading)
	}
	if guardian != nil && guardian.scanned {
		guardian = nil // only a card consents to a payment
	}
	if err := s.fits(a, patient, guardian); err != nil {
		return nil, err
	}
	if patient.barred != nil {
		return nil, patient.barred
	}
	rules := s.ports.Rulebook.On(a.bill.Visit.Day)
	position, err := s.ports.Book.Position(ctx, patient.known.Person, rules.Period)
	if err != nil {
		return nil, fmt.Errorf("read the position: %w", err)
	}
	if !position.Told && rules.Period != "" && s.offlineNow(patient) == "" {
		return nil, refuseField(UsageUnknown, "visit.date", "nothing is known of the usage in period %s, what is known counts in %s", rules.Period, patient.known.Period)
	}
	bill, catalogue, err := s.completed(a.bill, patient)
	if err != nil {
		return nil, err
	}
	q := &Quote{
		ask: a, version: position.Version, told: position.Told || rules.Period == "",
		Settlement: settle.Settlement{
			Person: patient.known.Person, Who: patient.known.Who,
			Insured: patient.known.Insured, Bill: bill, Chart: a.chart, Catalogue: catalogue,
			Usage: position.Usage, Period: rules.Period, Rules: rules.Digest, Illustrative: rules.Illustrative,
			Operator: a.by, Device: s.options.Seat,
		},
	}
	split := func(own *settle.Account, family []settle.FamilyAccount) error {
		st := &q.Settlement
		st.Insured.Own, st.Insured.Family = own, family
		st.Guardian, st.OfflineWhy = settle.Identity{}, string(s.offlineNow(patient))
		var err error
		if st.Split, err = settle.Compute(rules, st.Insured, bill, position.Usage); err != nil {
			return fmt.Errorf("compute the split: %w", err)
		}
		q.withGuardian(guardian)
		return nil
	}
	if err := split(position.Own, consented(position.Family, guardian)); err != nil {
		return nil, err
	}
	if err := s.grant(ctx, q, patient, func() error { return split(nil, nil) }); err != nil {
		return nil, err
	}
	if err := s.sendable(q, guardian); err != nil {
		return nil, err
	}
	if err := q.sign(); err != nil {
		return nil, err
	}
	if err := s.notices(ctx, q, position, guardian); err != nil {
		return nil, err
	}
	q.draft(s.ports.Book) // whole by now
	return q, nil
}

// completed fills in what the bill leaves to the catalogue.
func (s *Session) completed(bill settle.Bill, patient *holder) (settle.Bill, string, error) {
	if s.ports.Catalogue == nil {
		return bill, "", nil
	}
	full, digest, err := s.ports.Catalogue.Complete(bill, patient.known.InsuranceType)
	if err != nil {
		return bill, "", refusalOr(fmt.Errorf("complete the bill: %w", err), Fault)
	}
	return full, digest, nil
}

// sendable refuses a quote that rests on a guardian's data that are too old, and one
// that the platform could not be told.
func (s *Session) sendable(q *Quote, guardian *holder) error {
	if q.Settlement.SelfPaid != nil || q.Settlement.Split.Status == settle.Refused {
		return nil
	}
	if len(q.Settlement.Insured.Family) > 0 {
		if err := s.young(guardian); err != nil {
			return err
		}
	}
	if s.ports.Form == nil {
		return nil
	}
	return s.ports.Form.Fits(q.Settlement)
}

// fits refuses a bill that is not for this person and a day that has come.
func (s *Session) fits(a ask, patient, guardian *holder) error {
	if today := s.today(); a.bill.Visit.Day > today {
		return refuseField(settle.FutureVisit, "visit.date", "the visit is on %s, today is %s", a.bill.Visit.Day, today)
	}
	switch want := a.head.Patient; {
	case want == "" || want == patient.known.Who.IDNumber:
		return nil
	case guardian != nil && want == guardian.known.Who.IDNumber:
		return refuseField(ReadersCrossed, "patient.id_number", "the bill's person is in the guardian's reader")
	default:
		return refuseField(settle.WrongPerson, "patient.id_number", "the bill's person is not the card's holder")
	}
}

// consented keeps the accounts of the person whose card is in the guardian's reader:
// the card there is the consent.
func consented(family []settle.FamilyAccount, guardian *holder) []settle.FamilyAccount {
	var with []settle.FamilyAccount
	for _, account := range family {
		if guardian != nil && account.ID == guardian.known.Person {
			account.Holder = guardian.known.Who.Name.String()
			with = append(with, account)
		}
	}
	return with
}

// Confirmation is what the operator confirms.
type Confirmation struct {
	Quote string // ID of the quote on the screen
	Key   string // idempotency key: the bill's own number, see [Quote.Key]
	By    string // operator
}

// Settled is a settlement that is durable.
type Settled struct {
	Settlement settle.Settlement
	Replayed   bool // this key had made it before; nothing was taken now
}

// Stale is the answer to the confirmation of a quote that no longer holds: nothing
// was taken, and Quote is what holds now.
type Stale struct {
	Quote Quote
}

// Error implements error.
func (e *Stale) Error() string { return "stale quote; the new one is " + e.Quote.ID }

// Confirm takes what the quote shows and returns when that is durable. The error is
// a *settle.Refusal or a *Stale; after either nothing was taken, except that after
// JOURNAL_STOPPED it is not known yet: confirming the same quote with the same key
// again is always safe and tells.
func (s *Session) Confirm(ctx context.Context, c Confirmation) (Settled, error) {
	before, err := s.replayed(ctx, c)
	if err != nil || before.Replayed {
		return before, err
	}
	try, err := s.begin(c)
	if err != nil {
		return Settled{}, err
	}
	if err := s.checkCards(try); err != nil {
		return Settled{}, err
	}
	return s.commit(ctx, try)
}

// replayed answers a key that has settled before with the first result, whatever
// the session has become since.
func (s *Session) replayed(ctx context.Context, c Confirmation) (Settled, error) {
	content, err := c.content()
	if err != nil {
		return Settled{}, err
	}
	first, found, err := s.ports.Book.Replay(ctx, c.Key, content)
	if err != nil {
		return Settled{}, refusalOr(err, settle.JournalStopped)
	}
	return Settled{Settlement: first, Replayed: found}, nil
}

// attempt is one confirmation on its way to the book.
type attempt struct {
	confirmed Confirmation
	quote     *Quote
	cards     [roles]settle.Private // 卡识别码 that must still be in the readers; "": not needed
	ctx       context.Context       // ended, with the reason as its cause, when the session cancels
}

// begin starts the confirmation of the quote on the screen, if that is the one.
func (s *Session) begin(c Confirmation) (*attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.quote; q != nil && (s.state == Quoted || s.state == Stopped) {
		if q.ID != c.Quote {
			return nil, s.refused(refuse(settle.QuoteUnknown))
		}
		if q.Key() != c.Key {
			return nil, s.refused(refuseField(OtherKey, "key", "the bill's is %q", q.Key()))
		}
		if q.Settlement.Split.Status == settle.Refused {
			return nil, s.refused(notPayable(q))
		}
	}
	if err := s.fire(event{kind: askConfirm}); err != nil {
		return nil, s.refused(err)
	}
	try := &attempt{confirmed: c, quote: s.quote, ctx: s.checks}
	try.cards[Patient] = s.holders[Patient].card.Who.CardCode
	if try.quote.Settlement.Guardian != (settle.Identity{}) {
		try.cards[Guardian] = s.holders[Guardian].card.Who.CardCode
	}
	return try, nil
}

// checkCards makes sure that the cards in the readers are the ones that were read. From
// its success on nothing cancels.
func (s *Session) checkCards(try *attempt) error {
	failed := [roles]kind{patientNotSame, guardianNotSame}
	for role, code := range try.cards {
		if code == "" {
			continue
		}
		if err := s.checkCard(try.ctx, Role(role), code); err != nil {
			return s.answer(try, event{kind: failed[role], why: refusalOr(err, settle.CardChanged)})
		}
	}
	return s.answer(try, event{kind: checksPassed})
}

func (s *Session) checkCard(ctx context.Context, role Role, code settle.Private) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.CheckTimeout)
	defer cancel()
	return s.ports.Cards.Check(ctx, role, code)
}

// commit has the book write the settlement and says what became of it. A client
// that hangs up does not stop the write.
func (s *Session) commit(ctx context.Context, try *attempt) (Settled, error) {
	ctx = context.WithoutCancel(ctx)
	s.shift.RLock()
	defer s.shift.RUnlock()
	if err := s.onShift(ctx); err != nil {
		return Settled{}, s.answer(try, event{kind: notTaken, why: refusalOr(err, Fault)})
	}
	switch turned, err := s.turned(ctx, try.quote); {
	case err != nil:
		return Settled{}, s.answer(try, event{kind: notTaken, why: refusalOr(err, Fault)})
	case turned:
		return Settled{}, s.quoteAgain(ctx, try)
	}
	written, replayed, err := try.quote.commit(ctx, s.ports.Book, try.confirmed.By)
	var no *settle.Refusal
	switch {
	case err == nil:
		shift, _ := s.openShift(ctx) // known by now
		slip := &Receipt{Settlement: written, At: s.ports.Clock(), Shift: shift}
		_ = s.answer(try, event{kind: durable, receipt: slip}) // it is durable, whatever the screen says
		return Settled{Settlement: written, Replayed: replayed}, nil
	case errors.Is(err, ErrStale):
		return Settled{}, s.quoteAgain(ctx, try)
	case errors.As(err, &no):
		return Settled{}, s.answer(try, event{kind: notTaken, why: no})
	default:
		unknown := refuseBecause(settle.JournalStopped, "%v", err)
		_ = s.answer(try, event{kind: outcomeUnknown, why: unknown}) // it is unknown, whatever ended the session
		return Settled{}, unknown
	}
}

// quoteAgain answers a stale quote with the one that holds now.
func (s *Session) quoteAgain(ctx context.Context, try *attempt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.compute(ctx, try.quote.ask)
	if err != nil {
		return s.conclude(event{kind: notTaken, why: refusalOr(err, Fault)})
	}
	if err := s.conclude(event{kind: stale, quote: q}); err != nil {
		return err
	}
	return &Stale{Quote: *q}
}

// print brings a slip to paper. It runs beside the session: the settlement is
// durable, and the patient may take the card and go.
func (s *Session) print(r Receipt) {
	e := event{kind: slipPrinted, receipt: &r}
	if err := s.printOne(r); err != nil {
		e = event{kind: slipFailed, receipt: &r, why: unprinted(PrintFailed, r.Name(), err)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.fire(e) // every state takes note of a slip
}

func (s *Session) today() settle.Date { return DayOf(s.ports.Clock()) }

// DayOf is the civil day of the rules.
func DayOf(t time.Time) settle.Date {
	t = t.In(Shanghai())
	d, _ := settle.NewDate(t.Year(), int(t.Month()), t.Day()) // a day of the calendar
	return d
}

// Shanghai is the civil time of the rules and the slips; it has no summer time.
func Shanghai() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

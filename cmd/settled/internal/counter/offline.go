package counter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"settled/settle"
)

// Offline bounds what is settled while the platform cannot be asked.
type Offline struct {
	MaxAge  time.Duration // how old may be what was last known of a person; 0: nothing is settled offline
	Person  Bound         // of one person, as patient or donor
	Counter Bound         // of this counter
}

// Bound is a soft and a hard limit of money that the platform has not confirmed.
type Bound struct {
	Warn settle.Fen // above it the cashier is warned; 0: never
	Stop settle.Fen // above it nothing more is granted
}

// lastKnown goes on without the platform, with what it last said of the card's
// holder, if that is young enough. A clock that went back makes nothing younger.
func (s *Session) lastKnown(ctx context.Context, card Card, why settle.Code) (*holder, error) {
	known, ok, err := s.ports.People.LastKnown(ctx, card.Who)
	if err != nil {
		return nil, refusalOr(fmt.Errorf("look up the person: %w", err), Fault)
	}
	if !ok {
		return nil, refuseBecause(settle.PersonUnknown, "the platform cannot be asked (%s) and nothing was learned before", why)
	}
	if why == "" {
		why = settle.PlatformDown
	}
	h := &holder{card: card, known: known, offline: why}
	return h, s.young(h)
}

// freshFor is how long an answer of the platform is used without a look at MaxAge: a
// card may lie in the reader while the queue at the window moves.
const freshFor = 15 * time.Minute

// young refuses what is known of a card's holder once it is too old to settle on. A
// clock that went back makes nothing younger.
func (s *Session) young(h *holder) error {
	asOf, err := time.Parse(time.RFC3339, h.known.AsOf)
	if err != nil {
		return refuseBecause(settle.PersonUnknown, "what is known has no time: %v", err)
	}
	most := s.options.Offline.MaxAge
	if h.offline == "" {
		most = max(most, freshFor)
	}
	switch age := s.ports.Clock().Sub(asOf); {
	case h.scanned && age > ecodeFor:
		return refuseBecause(ECodeOld, "scanned at %s, at most %s ago is taken", h.known.AsOf, ecodeFor)
	case age < 0:
		return refuseBecause(settle.ClockBehind, "the clock is before %s, when the person was learned", h.known.AsOf)
	case age > most:
		return refuseBecause(settle.KnowledgeTooOld, "known as of %s, at most %s old is used", h.known.AsOf, most)
	}
	return nil
}

// offlineNow is why a settlement for a holder is provisional at this moment: the
// platform was not asked who it is, or does not answer since. "": it is not.
func (s *Session) offlineNow(h *holder) settle.Code {
	if h.offline != "" {
		return h.offline
	}
	return s.ports.Platform.Trouble()
}

// turned tells that the line went down or came back since the quote, or that what the
// quote rests on has become too old: it has to be made again.
func (s *Session) turned(q *Quote) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	patient, guardian := s.holders[Patient], s.holders[Guardian]
	if patient == nil {
		return false // what was pulled is another matter
	}
	now := s.offlineNow(patient)
	old := s.young(patient) != nil
	if len(q.Settlement.Insured.Family) > 0 && guardian != nil {
		old = old || s.young(guardian) != nil
		if now == "" {
			now = guardian.offline
		}
	}
	return old || (now != "") != q.Settlement.Provisional
}

// notices says what the cashier should know of a quote.
func (s *Session) notices(ctx context.Context, q *Quote, p Position, guardian *holder) ([]Notice, error) {
	notices, err := s.exposed(ctx, q)
	if err != nil {
		return nil, err
	}
	_, settled, err := s.ports.Book.Replay(ctx, q.Key(), q.content)
	if err != nil {
		return nil, refusalOr(err, settle.JournalStopped)
	}
	if settled {
		notices = append(notices, notice(BillSettled))
	}
	switch err := s.onShift(ctx); {
	case errors.As(err, new(*settle.Refusal)):
		notices = append(notices, notice(settle.ShiftClosed))
	case err != nil:
		return nil, refusalOr(err, settle.JournalStopped)
	}
	if q.Settlement.Provisional {
		notices = append(notices, notice(settle.ProvisionalSettling))
	}
	if q.Settlement.Illustrative {
		notices = append(notices, notice(settle.IllustrativePolicy))
	}
	switch {
	case guardian != nil && len(q.Settlement.Insured.Family) == 0:
		notices = append(notices, notice(NoLink))
	case guardian == nil && len(p.Family) > 0:
		notices = append(notices, notice(settle.GuardianMissing))
	}
	if s.ports.Printer != nil {
		if why := s.ports.Printer.Trouble(); why != "" { // before the commit; it stops nothing
			notices = append(notices, notice(why))
		}
	}
	return notices, nil
}

// exposed holds a quote against the bounds of what the platform has not confirmed:
// what is at risk already, and for a provisional quote what it would add. It is asked
// again right before the write.
func (s *Session) exposed(ctx context.Context, q *Quote) ([]Notice, error) {
	st := &q.Settlement
	own, ok := settle.Sum(st.Split.Fund, st.Split.Own)
	family, draws := st.Split.Family, st.Split.Draws
	if !ok {
		return nil, refuse(settle.AmountTooLarge)
	}
	if !st.Provisional { // the platform will say so at once
		own, family, draws = 0, 0, nil
	}
	warn, err := s.within(ctx, st.Person, own)
	if err != nil {
		return nil, err
	}
	for _, draw := range draws {
		near, err := s.within(ctx, draw.AccountID, draw.Paid)
		if err != nil {
			return nil, err
		}
		warn = warn || near
	}
	at, err := s.ports.Exposure.OfCounter(ctx)
	if err != nil {
		return nil, fmt.Errorf("exposure of the counter: %w", err)
	}
	near, err := s.options.Offline.Counter.admit("counter", at, own, family)
	if err != nil {
		return nil, err
	}
	if warn || near {
		return []Notice{notice(OfflineWarning)}, nil
	}
	return nil, nil
}

func (s *Session) within(ctx context.Context, person string, more settle.Fen) (near bool, err error) {
	at, err := s.ports.Exposure.OfPerson(ctx, person)
	if err != nil {
		return false, fmt.Errorf("exposure of a person: %w", err)
	}
	return s.options.Offline.Person.admit("person", at, more)
}

// admit sums amounts and refuses a sum above the hard limit; near tells that it is
// above the soft one.
func (b Bound) admit(of string, amounts ...settle.Fen) (near bool, err error) {
	sum, ok := settle.Sum(amounts...)
	if !ok || sum > b.Stop {
		return false, refuseBecause(settle.OfflineLimit, "of the %s: %s would be unconfirmed, at most %s is granted", of, sum, b.Stop)
	}
	return b.Warn > 0 && sum > b.Warn, nil
}

package counter

import (
	"context"
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
	asOf, err := time.Parse(time.RFC3339, known.AsOf)
	if err != nil {
		return nil, refuseBecause(settle.PersonUnknown, "what is known has no time: %v", err)
	}
	switch age := s.ports.Clock().Sub(asOf); {
	case age < 0:
		return nil, refuseBecause(settle.ClockBehind, "the clock is before %s, when the person was learned", known.AsOf)
	case age > s.options.Offline.MaxAge:
		return nil, refuseBecause(settle.KnowledgeTooOld, "known as of %s, at most %s old is used", known.AsOf, s.options.Offline.MaxAge)
	}
	if why == "" {
		why = settle.PlatformDown
	}
	return &holder{card: card, known: known, offline: why}, nil
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
	return notices, nil
}

// exposed holds a provisional quote against the bounds of offline settling: what is
// at risk already plus what this quote would add. It is asked again right before the
// write.
func (s *Session) exposed(ctx context.Context, q *Quote) ([]Notice, error) {
	st := &q.Settlement
	if !st.Provisional {
		return nil, nil
	}
	own, ok := settle.Sum(st.Split.Fund, st.Split.Own)
	if !ok {
		return nil, refuse(settle.AmountTooLarge)
	}
	warn, err := s.within(ctx, st.Person, own)
	if err != nil {
		return nil, err
	}
	for _, draw := range st.Split.Draws {
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
	near, err := s.options.Offline.Counter.admit("counter", at, own, st.Split.Family)
	if err != nil {
		return nil, err
	}
	if warn || near {
		return []Notice{notice(OfflineWarning)}, nil
	}
	return nil, nil
}

func (s *Session) within(ctx context.Context, person string, more settle.Fen) (near bool, err error) {
	if more == 0 {
		return false, nil
	}
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

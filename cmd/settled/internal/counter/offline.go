package counter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"settled/settle"
)

// Offline bounds what is settled while the platform cannot be asked.
//
// What is at risk is the fund's money that was granted to a person, or by the counter, and
// what was drawn from an account, as long as the platform has not acknowledged it. With one
// window to a journal it holds that:
//
//   - A settlement made without the platform's answer is granted only if the exposures
//     with it are at most Stop: no sequence of them exceeds a hard limit, by any amount.
//   - One made while the platform answers is granted if the exposures before it are at most
//     Stop: they exceed it by at most one settlement, which the platform confirms or refuses
//     within seconds.
//   - Beyond that, and on knowledge older than MaxAge, nothing is granted: the patient pays
//     all, gets a slip to claim with, and the platform is never told ([settle.Reimbursement]).
//     An account over its limit is not drawn; the fund's part is granted then.
//
// A clock that went back extends nothing: Clock must not (cmd/settled's goes on from the
// journal's time), and what is younger than now is refused.
type Offline struct {
	WarnAge time.Duration // above it the cashier is warned of how old what is known is; 0: never
	MaxAge  time.Duration // how old may be what was last known of a person; 0: nothing is granted offline
	Person  Bound         // the fund's money granted to one person
	Account Bound         // drawn from one account, one's own or a relative's (家庭共济)
	Counter Bound         // the fund's money granted at this counter
	Probe   Probe
	Claim   ClaimOffice
}

// Bound is a soft and a hard limit of money that the platform has not confirmed.
type Bound struct {
	Warn settle.Fen // above it the cashier is warned, and the settlement says so; 0: never
	Stop settle.Fen // above it nothing more is granted
}

// ClaimOffice says how what was not granted is claimed.
type ClaimOffice struct {
	Where string
	Bring []string
	Days  int // within which; 0: none is known here
}

// lastKnown goes on without the platform, with what it last said of the card's holder. What
// is too old is known all the same: the bill is then the patient's, to be claimed.
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
	if _, err := s.age(h); err != nil {
		return nil, err
	}
	return h, nil
}

// freshFor is how long an answer of the platform is used without a look at MaxAge: a
// card may lie in the reader while the queue at the window moves.
const freshFor = 15 * time.Minute

// age is how old what is known of a card's holder is. What is younger than now is refused.
func (s *Session) age(h *holder) (time.Duration, error) {
	asOf, err := time.Parse(time.RFC3339, h.known.AsOf)
	if err != nil {
		return 0, refuseBecause(settle.PersonUnknown, "what is known has no time: %v", err)
	}
	age := s.ports.Clock().Sub(asOf)
	if age < 0 {
		return 0, refuseBecause(settle.ClockBehind, "the clock is before %s, when the person was learned", h.known.AsOf)
	}
	return age, nil
}

// young refuses what is known of a card's holder once it is too old to settle on. A
// clock that went back makes nothing younger.
func (s *Session) young(h *holder) error {
	age, err := s.age(h)
	if err != nil {
		return err
	}
	most := s.options.Offline.MaxAge
	if h.offline == "" {
		most = max(most, freshFor)
	}
	if h.scanned && age > ecodeFor {
		return refuseBecause(ECodeOld, "scanned at %s, at most %s ago is taken", h.known.AsOf, ecodeFor)
	}
	if age > most {
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

// denial is why nothing may be granted on what is known of the patient, "" if it may; told
// says that the platform has spoken of the limit's period. The error refuses the bill.
func (s *Session) denial(patient *holder, told bool) (settle.Code, error) {
	var no *settle.Refusal
	err := s.young(patient)
	old := errors.As(err, &no) && no.Code == settle.KnowledgeTooOld
	switch offline := s.offlineNow(patient) != ""; {
	case err != nil && !(old && offline): // with the line up the card is read again
		return "", err
	case offline && (old || !told): // of another period is as good as too old
		return settle.KnowledgeTooOld, nil
	}
	return "", nil
}

// turned tells that the line went down or came back since the quote, that what it rests on
// has become too old, or that what it asks for is granted no more, or again: it has to be
// made anew.
func (s *Session) turned(ctx context.Context, q *Quote) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	patient, guardian := s.holders[Patient], s.holders[Guardian]
	if patient == nil {
		return false, nil // what was pulled is another matter
	}
	now := s.offlineNow(patient)
	denied, err := s.denial(patient, q.told)
	old := err != nil
	if len(q.granted.Insured.Family) > 0 && guardian != nil {
		old = old || s.young(guardian) != nil
		if now == "" {
			now = guardian.offline
		}
	}
	if old || (now != "") != (q.Settlement.OfflineWhy != "") {
		return true, nil
	}
	if denied == "" {
		risk, err := s.exposed(ctx, &q.granted)
		if err != nil {
			return false, err
		}
		if risk.accounts && (q.granted.Split.Own > 0 || q.granted.Split.Family > 0) {
			return true, nil
		}
		denied = risk.denied
	}
	return (denied != "") != (q.Settlement.SelfPaid != nil), nil
}

// risk is what a settlement would do to the exposures.
type risk struct {
	denied   settle.Code // why the fund's part is not granted; "": it is
	accounts bool        // an account would be above its hard limit
	warn     bool        // something would be above a soft limit
}

// exposed holds a settlement against the bounds: what is at risk already, and for a
// provisional one what it would add. It is asked again right before the write.
func (s *Session) exposed(ctx context.Context, st *settle.Settlement) (r risk, err error) {
	add := func(amount settle.Fen) settle.Fen {
		if !st.Provisional { // the platform will say so at once
			return 0
		}
		return amount
	}
	o := s.options.Offline
	hold := func(b Bound, at settle.Fen, failed error, of string, more settle.Fen) bool {
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("exposure of %s: %w", of, failed))
			return false
		}
		sum, ok := settle.Sum(at, more)
		r.warn = r.warn || b.Warn > 0 && sum > b.Warn
		return !ok || sum > b.Stop
	}
	if st.Split.Fund > 0 {
		person, err1 := s.ports.Exposure.OfPerson(ctx, st.Person)
		counter, err2 := s.ports.Exposure.OfCounter(ctx)
		overPerson := hold(o.Person, person, err1, "a person", add(st.Split.Fund))
		if over := hold(o.Counter, counter, err2, "the counter", add(st.Split.Fund)); over || overPerson {
			r.denied = settle.OfflineLimit
		}
	}
	draws := map[string]settle.Fen{st.Person: st.Split.Own}
	for _, d := range st.Split.Draws {
		draws[d.AccountID] += d.Paid
	}
	for account, amount := range draws {
		if amount > 0 {
			at, failed := s.ports.Exposure.OfAccount(ctx, account)
			r.accounts = hold(o.Account, at, failed, "an account", add(amount)) || r.accounts
		}
	}
	return r, err
}

// grant decides what of a quote is granted: all; all but the accounts; or nothing, and the
// patient pays it whole. It records the soft limits that it is above. again computes the
// quote's settlement without accounts.
func (s *Session) grant(ctx context.Context, q *Quote, patient *holder, again func() error) error {
	st := &q.Settlement
	denied, err := s.denial(patient, q.told)
	if err != nil {
		return err
	}
	r, err := s.exposed(ctx, st)
	if err == nil && denied == "" && r.accounts {
		q.notice(AccountLimit)
		if err = again(); err == nil {
			r, err = s.exposed(ctx, st)
		}
	}
	if err != nil {
		return err
	}
	if denied == "" {
		denied = r.denied
	}
	q.granted = *st
	if denied != "" && st.Split.Status != settle.Refused {
		s.selfPay(q, denied)
		return nil
	}
	if r.warn {
		q.warn(OfflineWarning)
	}
	if age, err := s.age(patient); err == nil && st.Provisional && s.options.Offline.WarnAge > 0 && age > s.options.Offline.WarnAge {
		q.warn(KnowledgeAging)
	}
	return nil
}

// selfPay makes of a quote one that the patient pays whole, with how it is claimed.
func (s *Session) selfPay(q *Quote, why settle.Code) {
	st, office := &q.Settlement, s.options.Offline.Claim
	claim := &settle.Reimbursement{Why: why, Where: office.Where, Bring: office.Bring}
	if office.Days > 0 {
		claim.Until = DayOf(s.ports.Clock().AddDate(0, 0, office.Days))
	}
	st.SelfPaid, st.Split, st.Provisional = claim, st.Split.SelfPaid(st.Usage, why), false
	st.Guardian = settle.Identity{}
	q.notice(why)
}

// notice and warn say something of a quote; what is warned of is recorded.
func (q *Quote) notice(c settle.Code) { q.Notices = append(q.Notices, notice(c)) }

func (q *Quote) warn(c settle.Code) {
	q.Settlement.Warnings = append(q.Settlement.Warnings, c)
	q.notice(c)
}

// notices says what the cashier should know of a quote besides.
func (s *Session) notices(ctx context.Context, q *Quote, p Position, guardian *holder) error {
	_, settled, err := s.ports.Book.Replay(ctx, q.Key(), q.content)
	if err != nil {
		return refusalOr(err, settle.JournalStopped)
	}
	if settled {
		q.notice(BillSettled)
	}
	switch err := s.onShift(ctx); {
	case errors.As(err, new(*settle.Refusal)):
		q.notice(settle.ShiftClosed)
	case err != nil:
		return refusalOr(err, settle.JournalStopped)
	}
	if q.Settlement.Provisional {
		q.notice(settle.ProvisionalSettling)
	}
	if q.Settlement.Illustrative {
		q.notice(settle.IllustrativePolicy)
	}
	switch {
	case guardian != nil && len(consented(p.Family, guardian)) == 0:
		q.notice(NoLink)
	case guardian == nil && len(p.Family) > 0:
		q.notice(settle.GuardianMissing)
	}
	if s.ports.Printer != nil {
		if why := s.ports.Printer.Trouble(); why != "" { // before the commit; it stops nothing
			q.notice(why)
		}
	}
	return nil
}

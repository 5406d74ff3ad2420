package counter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"settled/settle"
)

// ECode is a scanned 医保码: a secret that is worth money for a short time. It prints,
// logs and encodes as nothing but its name, and is kept nowhere in clear.
type ECode struct{ text string }

// NewECode takes what was scanned.
func NewECode(text string) ECode { return ECode{text} }

// ClearSecret gives the code: for the platform's question and for nothing else.
func (c ECode) ClearSecret() string { return c.text }

// String hides the code.
func (ECode) String() string { return "[医保码]" }

// GoString hides the code.
func (c ECode) GoString() string { return c.String() }

// Format hides the code, whatever the verb.
func (c ECode) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, c.String()) }

// MarshalText hides the code.
func (c ECode) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue hides the code.
func (c ECode) LogValue() slog.Value { return slog.StringValue(c.String()) }

// ECodes redeems 医保码.
type ECodes interface {
	// Redeem asks the platform whose code it is, and what Platform.Identify gives of that
	// person. Its errors are Identify's; after a *Down the code may still be good.
	Redeem(ctx context.Context, code ECode) (settle.Entitlement, error)
}

// Used knows which 医保码 have served, at this counter and at those that share its
// knowledge.
type Used interface {
	// Claim says that the code serves now. A second time within its life is the
	// *settle.Refusal ECODE_USED, whoever asks. On any other error it is not known.
	Claim(ctx context.Context, code ECode) error
}

// ecodeFor is how long a settlement may begin after a 医保码 was scanned: nothing in a
// reader shows that its holder still stands there.
const ecodeFor = 10 * time.Minute

// Scan takes a 医保码 and returns at once; who it stands for shows on the screen, as with
// a card. The error is a *settle.Refusal.
func (s *Session) Scan(code ECode) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ports.ECodes == nil || s.ports.Used == nil {
		return s.refused(refuse(ECodeOff))
	}
	ask := askScan
	if s.expect == Guardian {
		ask, s.expect = askGuardianScan, Patient
	}
	if err := s.fire(event{kind: ask, code: code}); err != nil {
		return s.refused(err)
	}
	return nil
}

// ExpectGuardian says that the next 医保码 is the guardian's: for a link, and for nothing
// else. A code in a reader's place is no consent to a payment. The error is a
// *settle.Refusal.
func (s *Session) ExpectGuardian() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ports.ECodes == nil || s.ports.Used == nil:
		return s.refused(refuse(ECodeOff))
	case s.holders[Patient] == nil:
		return s.refused(refuse(settle.NoCard))
	}
	s.expect = Guardian
	return nil
}

// redeem finds out who a 医保码 stands for. Without the platform nobody can: a code says
// nothing by itself, and that it is still good only the platform knows.
func (s *Session) redeem(ctx context.Context, code ECode) (*holder, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.ReadTimeout+s.options.IdentifyTimeout)
	defer cancel()
	known, err := s.ports.ECodes.Redeem(ctx, code)
	var no *settle.Refusal
	switch {
	case errors.As(err, &no):
		return nil, no
	case err != nil:
		return nil, refuseBecause(ECodeOffline, "%v", err)
	}
	if err := s.ports.Used.Claim(ctx, code); err != nil {
		return nil, refusalOr(err, Fault)
	}
	h, err := s.learn(ctx, Card{Who: settle.Identity{IDNumber: known.Who.IDNumber}}, known)
	if err != nil {
		return nil, err
	}
	h.scanned = true
	return h, nil
}

// gone tells that a quote cannot be made because the patient was known by a 医保码 that
// has served: the next bill may be another person's.
func (s *Session) gone() bool {
	return (s.state == Committed || s.state == Printed) && s.holders[Patient] == nil
}

// serve drops a patient that was known by a 医保码, once it has served.
func (s *Session) serve() {
	if h := s.holders[Patient]; h != nil && h.scanned {
		s.holders[Patient] = nil
	}
}

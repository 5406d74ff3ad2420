package counter

import (
	"context"
	"errors"
	"time"

	"settled/settle"
)

// Probe has a share of the settlements confirmed by the platform although nothing seems to
// make that necessary: the person's entitlement is asked for anew (1101, 2001, 5302, 5206)
// before the quote is made. It bounds how long what is stale can be used: an entitlement
// that ended while the card lay in the reader, a line that came back unnoticed, or one that
// somebody unplugged to settle on old knowledge.
//
// Which ones is drawn by the bill's key: the same bill is drawn again however often it is
// quoted, and nobody can tell beforehand which ([People].Lot). An answer younger than
// justAsked is as good; a line that failed a moment ago is not asked.
//
// The platform's no stops the settlement. If it cannot be asked the window goes on as
// without the platform, within the bounds of [Offline]: it is never kept waiting for longer
// than Deadline.
type Probe struct {
	Percent  int           // of the settlements, 0 to 100
	Deadline time.Duration // for the platform's answer
}

// justAsked is how young an answer of the platform needs no probe.
const justAsked = time.Minute

// probed confirms the patient's entitlement if the bill is drawn for it.
func (s *Session) probed(ctx context.Context, key string) error {
	s.mu.Lock()
	h := s.holders[Patient]
	drawn := h != nil && table[s.state][askQuote].refuse == "" && s.drawn(h, key)
	s.mu.Unlock()
	if !drawn {
		return nil
	}
	now, err := s.askAgain(ctx, h)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holders[Patient] != h {
		return nil // another card: the quote is not for it
	}
	if err != nil {
		h.barred = refusalOr(err, Fault)
		return h.barred
	}
	s.holders[Patient] = now
	return nil
}

// drawn tells whether a bill is to be confirmed. The session is locked.
func (s *Session) drawn(h *holder, key string) bool {
	age, err := s.age(h)
	if err != nil || h.offline == "" && age < justAsked {
		return false
	}
	return s.ports.People.Lot(key)%100 < uint32(max(0, s.options.Offline.Probe.Percent))
}

// askAgain asks the platform anew who the card's holder is, and gives what is known after
// that; the error is its no.
func (s *Session) askAgain(ctx context.Context, h *holder) (*holder, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Offline.Probe.Deadline)
	defer cancel()
	known, err := s.ports.Platform.Identify(ctx, h.card.Who)
	var no *settle.Refusal
	var down *Down
	switch {
	case err == nil:
		return s.learn(context.WithoutCancel(ctx), h.card, known)
	case errors.As(err, &no):
		return nil, no
	}
	still := *h
	if still.offline = settle.PlatformDown; errors.As(err, &down) && down.Reason != "" {
		still.offline = down.Reason
	}
	return &still, nil
}

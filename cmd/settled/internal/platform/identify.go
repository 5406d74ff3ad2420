package platform

import (
	"context"
	"errors"

	"settled/cmd/settled/internal/counter"
	"settled/queue/nhsa"
	"settled/settle"
)

// Identify asks the platform who a card's holder is and what decides the benefits
// (1101, 2001, 5302, 5206). It is the counter's [counter.Platform]: the platform's no
// is a *settle.Refusal; not having been able to ask is a *[counter.Down].
func (l *Line) Identify(ctx context.Context, who settle.Identity) (settle.Entitlement, error) {
	inquiry := nhsa.Inquiry{
		Codes: l.options.Codes, Institution: l.options.Head.Institution, Registry: l.options.Registry, Now: l.options.Now(),
	}
	known, err := inquiry.Entitlement(ctx, who, l.ask)
	if err == nil {
		return known, nil
	}
	return settle.Entitlement{}, classify(err)
}

func classify(err error) error {
	var (
		refusal  *settle.Refusal
		business *nhsa.BusinessRefusal
		access   *nhsa.AccessRefusal
		unknown  *nhsa.Unknown
	)
	switch {
	case errors.As(err, &refusal):
		return refusal
	case errors.As(err, &business):
		return business.Refusal()
	case errors.As(err, &access):
		return &counter.Down{Reason: settle.PlatformAccess, Err: err}
	case errors.As(err, &unknown) && !unknown.NotSent:
		return &counter.Down{Reason: settle.PlatformUnknown, Err: err}
	default:
		return &counter.Down{Reason: settle.PlatformDown, Err: err}
	}
}

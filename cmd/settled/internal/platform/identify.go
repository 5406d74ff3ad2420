package platform

import (
	"context"
	"errors"
	"strings"

	"settled/cmd/settled/internal/counter"
	"settled/queue/nhsa"
	"settled/settle"
)

var errResting = errors.New("the line failed a moment ago and is not asked")

// Identify asks the platform who a card's holder is and what decides the benefits
// (1101, 2001, 5302, 5206). It is the counter's [counter.Platform]: the platform's no
// is a *settle.Refusal; not having been able to ask is a *[counter.Down].
func (l *Line) Identify(ctx context.Context, who settle.Identity) (settle.Entitlement, error) {
	if l.resting() {
		return settle.Entitlement{}, &counter.Down{Reason: l.Trouble(), Err: errResting}
	}
	inquiry := nhsa.Inquiry{
		Codes: l.options.Codes, Institution: l.options.Head.Institution, Registry: l.options.Registry, Now: l.options.Now(),
	}
	known, err := inquiry.Entitlement(ctx, who, l.ask)
	if err == nil {
		return known, nil
	}
	var unknown *nhsa.Unknown
	if errors.As(err, &unknown) && ctx.Err() != nil { // it took longer than a window can wait
		l.note(err, true)
	}
	return settle.Entitlement{}, classify(err, who)
}

// Redeem asks whose 医保码 was scanned (ec.query), and then the platform what Identify
// asks. The token that stands for the code goes no further than to 1101.
func (l *Line) Redeem(ctx context.Context, code counter.ECode) (settle.Entitlement, error) {
	if l.options.ECodes == nil {
		return settle.Entitlement{}, &settle.Refusal{Code: counter.ECodeOff, Cashier: counter.Sentence(counter.ECodeOff), Technician: "no service for the electronic code is configured"}
	}
	if l.resting() { // the code would be spent for nothing
		return settle.Entitlement{}, &counter.Down{Reason: l.Trouble(), Err: errResting}
	}
	holder, err := l.options.ECodes.Query(ctx, nhsa.Secret(code.ClearSecret()))
	who := settle.Identity{Name: holder.Name.Private()}
	if id := string(holder.IDNumber); !strings.Contains(id, "*") {
		who.IDNumber = holder.IDNumber.Private()
	}
	if err != nil {
		return settle.Entitlement{}, classify(err, who)
	}
	inquiry := nhsa.Inquiry{
		Codes: l.options.Codes, Institution: l.options.Head.Institution, Registry: l.options.Registry, Now: l.options.Now(), Token: holder.Token,
	}
	known, err := inquiry.Entitlement(ctx, who, l.ask)
	if err != nil {
		return settle.Entitlement{}, classify(err, who)
	}
	return known, nil
}

func classify(err error, who settle.Identity) error {
	var refusal *settle.Refusal
	var business *nhsa.BusinessRefusal
	switch {
	case errors.As(err, &refusal):
		return masked(refusal, who)
	case errors.As(err, &business):
		return masked(business.Refusal(), who)
	}
	down := &counter.Down{Reason: troubleOf(err), Err: err}
	if down.Reason == "" {
		down.Reason = settle.PlatformDown
	}
	return down
}

// masked gives a refusal without what is known of the person: the platform's own words
// may name people.
func masked(r *settle.Refusal, who settle.Identity) *settle.Refusal {
	m := *r
	for _, p := range []settle.Private{who.Name, who.IDNumber, who.CardNumber, who.CardCode, who.PersonNo} {
		if secret := p.ClearPersonalData(); secret != "" {
			m.Cashier = strings.ReplaceAll(m.Cashier, secret, p.String())
			m.Technician = strings.ReplaceAll(m.Technician, secret, p.String())
		}
	}
	return &m
}

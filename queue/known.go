package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

const (
	maxLinks   = 64              // accounts that may pay for one person
	maxClockAt = 5 * time.Minute // how far the platform's clock may be ahead of ours
)

// Learn keeps what the platform said of a person: identity (sealed), benefits, usage
// of the limit and the own account's balance. It replaces what was known if it is
// newer (AsOf); if it is older it does nothing.
func (q *Queue) Learn(ctx context.Context, e settle.Entitlement, by By) error {
	if id := e.Who.IDNumber.ClearPersonalData(); id != "" && q.Person(id) != e.Person {
		return malformed("person", "person is not the keyed hash of the identity's number")
	}
	ev := known{Entitlement: e, Cards: []string{}}
	for _, c := range []string{q.cardCode(e.Who.CardCode), q.cardNumber(e.Who.CardNumber)} {
		if c != "" {
			ev.Cards = append(ev.Cards, c)
		}
	}
	if err := ev.check(); err != nil {
		return malformed("entitlement", "%v", err)
	}
	sealed, err := q.vault.sealJSON(kindKnown, knownSeal{Who: bare(e.Who)})
	if err != nil {
		return err
	}
	return q.do(ctx, func(t *turn) error {
		if ev.asOf() > millis(t.now.Add(maxClockAt)) {
			return malformed("as_of", "as_of %s is ahead of the journal's time", e.AsOf)
		}
		p, ok, err := get(t.view, persons, e.Person)
		if err != nil || (ok && p.AsOf > ev.asOf()) {
			return err
		}
		return t.add(kindKnown, ev, nil, sealed, by)
	})
}

// Link keeps that a donor's account may pay for a beneficiary. A link of the same
// donor and kind is replaced and keeps its place in the order of drawing.
func (q *Queue) Link(ctx context.Context, l settle.Link, by By) error {
	ev := linked{Link: l}
	if err := ev.check(); err != nil {
		return malformed("link", "%v", err)
	}
	return q.do(ctx, func(t *turn) error {
		p, _, err := get(t.view, persons, l.Beneficiary)
		if err != nil {
			return err
		}
		if len(p.Links) >= maxLinks {
			return malformed("link", "the person has %d links", len(p.Links))
		}
		return t.add(kindLink, ev, nil, nil, by)
	})
}

// EndLink keeps the last day of a link that was filed. One that ends before it began is
// refused: file it anew with its days.
func (q *Queue) EndLink(ctx context.Context, beneficiary, donor string, kind settle.LinkKind, to settle.Date, by By) error {
	ev := unlinked{Beneficiary: beneficiary, Donor: donor, Kind: kind, To: to}
	if err := ev.check(); err != nil {
		return malformed("link", "%v", err)
	}
	return q.do(ctx, func(t *turn) error {
		p, _, err := get(t.view, persons, beneficiary)
		if err != nil {
			return err
		}
		switch i := ev.of(&p); {
		case i < 0:
			return noLink(donor)
		case to < p.Links[i].From:
			return malformed("to", "the link begins on %s and ends on %s", p.Links[i].From, to)
		}
		return t.add(kindLinkEnd, ev, nil, nil, by)
	})
}

func noLink(donor string) error {
	return &settle.Refusal{
		Code: CodeNoLink, Field: "link",
		Cashier: "没有登记这一家庭共济关系，未作改动；请核对后再办理。", Technician: fmt.Sprintf("no link to donor %q was filed", settle.Clip(donor)),
	}
}

// Known is the platform's last word on a person, ok is false if it never spoke.
func (q *Queue) Known(person string) (e settle.Entitlement, ok bool, err error) {
	var p personRow
	err = q.read(func(v *view) error {
		p, ok, err = get(v, persons, person)
		return err
	})
	if err != nil || !ok || p.Known.Length == 0 {
		return settle.Entitlement{}, false, err
	}
	e, err = q.entitlement(p)
	if errors.Is(err, journal.ErrArchived) { // too old to settle on
		return settle.Entitlement{}, false, nil
	}
	return e, err == nil, err
}

// KnownByCard finds a person by 卡识别码, else by card number: an offline card, also
// one whose personal data is locked, is found by what it shows.
func (q *Queue) KnownByCard(cardCode, cardNumber settle.Private) (settle.Entitlement, bool, error) {
	for _, c := range []string{q.cardCode(cardCode), q.cardNumber(cardNumber)} {
		var card cardRow
		var ok bool
		err := q.read(func(v *view) (err error) {
			card, ok, err = get(v, cards, c)
			return err
		})
		if err != nil {
			return settle.Entitlement{}, false, err
		}
		if ok {
			return q.Known(card.Person)
		}
	}
	return settle.Entitlement{}, false, nil
}

func (q *Queue) cardCode(c settle.Private) string {
	return q.vault.keyed("card code", c.ClearPersonalData())
}

func (q *Queue) cardNumber(c settle.Private) string {
	return q.vault.keyed("card number", c.ClearPersonalData())
}

// Lot draws a number by a key: uniform, always the same for the same key, and not to be told
// beforehand without the journal's key.
func (q *Queue) Lot(key string) uint32 {
	n, _ := strconv.ParseUint(q.vault.keyed("lot", fmt.Sprintf("%x", key))[:8], 16, 32) // it is hex
	return uint32(n)
}

func (q *Queue) entitlement(p personRow) (settle.Entitlement, error) {
	e, err := q.journal.Read(p.Known) // not of an archive: see Known
	if err != nil {
		return settle.Entitlement{}, err
	}
	var k known
	if err := json.Unmarshal(e.Body, &k); err != nil {
		return settle.Entitlement{}, fmt.Errorf("queue: entry %d: %w", e.N, err)
	}
	var s knownSeal
	if err := q.vault.openJSON(kindKnown, e.Seal, &s); err != nil {
		return settle.Entitlement{}, err
	}
	k.Entitlement.Who = s.Who.identity()
	return k.Entitlement, nil
}

package queue

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

type fen = settle.Fen

// personRow is what is kept of a person.
type personRow struct {
	Known    journal.Loc         `json:"known,omitzero"` // last "known" entry
	AsOf     int64               `json:"as_of,omitempty"`
	Category settle.Category     `json:"category,omitempty"`
	Own      *fen                `json:"own,omitempty"`     // the account's balance at AsOf; nil: no account known
	Periods  map[string]snapshot `json:"periods,omitempty"` // what the platform said was used, by limit period
	Uses     []use               `json:"uses,omitempty"`    // the person's settlements that are not in it
	Draws    []draw              `json:"draws,omitempty"`   // payments from the person's account that are not in Own
	Links    []settle.Link       `json:"links,omitempty"`   // accounts that may pay for the person, in the order of filing
	Exposed  fen                 `json:"exposed,omitempty"`
	Touched  uint64              `json:"touched,omitempty"` // entry that last changed usage, links or what is known
	Account  uint64              `json:"account,omitempty"` // entry that last changed the account
}

// snapshot is the platform's word on a limit period.
type snapshot struct {
	Usage settle.Usage `json:"usage"`
	AsOf  int64        `json:"as_of"` // Unix milliseconds
}

func (p personRow) check() error {
	for _, u := range p.Uses {
		if u.Entry == 0 || u.Period == "" || u.Usage.Ordinary < 0 || u.Usage.OrdinaryLevel2 < 0 {
			return fmt.Errorf("use of entry %d", u.Entry)
		}
		if u.Back > given {
			return fmt.Errorf("use of entry %d is %d", u.Entry, u.Back)
		}
	}
	for _, d := range p.Draws {
		if d.Entry == 0 || d.Amount <= 0 || d.Back > given {
			return fmt.Errorf("draw of entry %d", d.Entry)
		}
	}
	for _, l := range p.Links {
		if err := checkLink(l); err != nil {
			return err
		}
	}
	if p.Exposed < 0 {
		return errors.New("exposure is negative")
	}
	return nil
}

// used is the usage of a period: what the platform said, and what was added and taken
// back since. It is at least 0.
func (p *personRow) used(period string) settle.Usage {
	u := p.Periods[period].Usage
	for _, add := range p.Uses {
		if add.Period == period {
			u.Ordinary += add.Back.times() * add.Usage.Ordinary
			u.OrdinaryLevel2 += add.Back.times() * add.Usage.OrdinaryLevel2
		}
	}
	return settle.Usage{Ordinary: max(0, u.Ordinary), OrdinaryLevel2: max(0, u.OrdinaryLevel2)}
}

// balance is what is left in the account, at least 0; ok is false if none is known.
func (p *personRow) balance() (left fen, ok bool) {
	if p.Own == nil {
		return 0, false
	}
	left = *p.Own
	for _, d := range p.Draws {
		left -= d.Back.times() * d.Amount
	}
	return max(0, left), true
}

// known is the body of a "known" entry.
type known struct {
	Entitlement settle.Entitlement `json:"entitlement"`
	Cards       []string           `json:"cards"` // keyed hashes of card code and card number
}

// knownSeal is its sealed part.
type knownSeal struct {
	Who clearIdentity `json:"who"`
}

func (k known) check() error {
	if err := checkHash(k.Entitlement.Person); err != nil {
		return err
	}
	if _, err := time.Parse(time.RFC3339, k.Entitlement.AsOf); err != nil {
		return errors.New("as_of is not a time of RFC 3339")
	}
	u := k.Entitlement.Usage
	if u.Ordinary < 0 || u.OrdinaryLevel2 < 0 || k.Entitlement.Period == "" || len(k.Entitlement.Period) > 64 {
		return errors.New("usage is negative or has no period")
	}
	if len(k.Entitlement.Insured.Family) > 0 {
		return errors.New("family accounts are links, not part of an entitlement")
	}
	for _, c := range k.Cards {
		if err := checkHash(c); err != nil {
			return err
		}
	}
	return nil
}

func (k known) asOf() int64 {
	t, _ := time.Parse(time.RFC3339, k.Entitlement.AsOf) // checked
	return millis(t)
}

// reduce makes k the last word on the person. A settlement is contained in it if the
// platform had acknowledged it before it spoke: one acknowledged in between may be
// counted twice until the next word, but never not at all.
func (k known) reduce(v *view, e journal.Entry) error {
	p, _, err := get(v, persons, k.Entitlement.Person)
	if err != nil {
		return err
	}
	asOf, period := k.asOf(), k.Entitlement.Period
	p.Known, p.AsOf, p.Category = e.Loc, asOf, k.Entitlement.Insured.Category
	p.Own = nil
	if own := k.Entitlement.Insured.Own; own != nil {
		p.Own = &own.Balance
	}
	p.Periods = maps.Clone(p.Periods)
	if p.Periods == nil {
		p.Periods = map[string]snapshot{}
	}
	p.Periods[period] = snapshot{Usage: k.Entitlement.Usage, AsOf: asOf}
	p.spoken(period, asOf)
	p.Touched, p.Account = e.N, e.N
	for _, c := range k.Cards {
		if err := put(v, cards, c, cardRow{Person: k.Entitlement.Person}); err != nil {
			return err
		}
	}
	return put(v, persons, k.Entitlement.Person, p)
}

// linked is the body of a "link" entry.
type linked struct {
	Link settle.Link `json:"link"`
}

func (l linked) check() error { return checkLink(l.Link) }

func checkLink(l settle.Link) error {
	if err := errors.Join(checkHash(l.Beneficiary), checkHash(l.Donor)); err != nil {
		return err
	}
	if l.Beneficiary == l.Donor {
		return errors.New("link of a person to itself")
	}
	if l.From == 0 || (l.To != 0 && l.To < l.From) || (l.Kind != settle.MutualAid && l.Kind != settle.FamilyDisplay) {
		return errors.New("link without a kind or with days that are no period")
	}
	return nil
}

// reduce files the link; one of the same donor and kind keeps its place in the order.
func (l linked) reduce(v *view, e journal.Entry) error {
	p, _, err := get(v, persons, l.Link.Beneficiary)
	if err != nil {
		return err
	}
	p.Links = slices.Clone(p.Links)
	same := func(o settle.Link) bool { return o.Donor == l.Link.Donor && o.Kind == l.Link.Kind }
	if i := slices.IndexFunc(p.Links, same); i >= 0 {
		p.Links[i] = l.Link
	} else {
		p.Links = append(p.Links, l.Link)
	}
	p.Touched = e.N
	return put(v, persons, l.Link.Beneficiary, p)
}

// unlinked is the body of a "link_end" entry.
type unlinked struct {
	Beneficiary string          `json:"beneficiary"`
	Donor       string          `json:"donor"`
	Kind        settle.LinkKind `json:"link_type"`
	To          settle.Date     `json:"to"` // its last day
}

func (u unlinked) check() error {
	if u.To <= 0 {
		return errors.New("link ends on no day")
	}
	return errors.Join(checkHash(u.Beneficiary), checkHash(u.Donor))
}

// of finds the link among those of a person; -1: it was never filed.
func (u *unlinked) of(p *personRow) int {
	return slices.IndexFunc(p.Links, func(l settle.Link) bool { return l.Donor == u.Donor && l.Kind == u.Kind })
}

func (u unlinked) reduce(v *view, e journal.Entry) error {
	p, _, err := get(v, persons, u.Beneficiary)
	if err != nil {
		return err
	}
	i := u.of(&p)
	if i < 0 {
		return errors.New("no such link")
	}
	p.Links = slices.Clone(p.Links)
	p.Links[i].To = u.To
	p.Touched = e.N
	return put(v, persons, u.Beneficiary, p)
}

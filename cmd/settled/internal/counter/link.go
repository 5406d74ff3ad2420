package counter

import (
	"context"
	"fmt"

	"settled/settle"
)

// FileLink files that the person in the guardian's reader, or whose 医保码 was scanned
// there, lets the patient use the guardian's account (家庭共济); relation is what the
// patient is to the guardian. Both must be here: that is the consent. A quote on the screen
// is dropped, since it may now be another. The error is a *settle.Refusal.
func (s *Session) FileLink(ctx context.Context, relation settle.Relation, by string) (settle.Link, error) {
	if !isRelation(relation) {
		return settle.Link{}, refuseField(settle.BadField, "relation", "%q is not a relation", settle.Clip(string(relation)))
	}
	var link settle.Link
	err := s.overLink(ctx, Linked, func(patient, guardian *holder) error {
		rules := s.ports.Rulebook.On(s.today())
		if no := settle.Bars(settle.Binding(rules, patient.known.Insured, guardian.known.Insured, relation)); no != nil {
			return no
		}
		link = settle.Link{
			Beneficiary: patient.known.Person, Donor: guardian.known.Person,
			Relation: relation, Kind: settle.MutualAid, From: s.today(),
		}
		return s.ports.Links.Link(ctx, link, by)
	})
	if err != nil {
		return settle.Link{}, err
	}
	return link, nil
}

// EndLink files that the guardian's account pays for the patient no longer, and gives the
// last day on which it does: today. Who must be here and what it drops are FileLink's.
func (s *Session) EndLink(ctx context.Context, by string) (last settle.Date, err error) {
	last = s.today()
	err = s.overLink(ctx, Unlinked, func(patient, guardian *holder) error {
		return s.ports.Links.EndLink(ctx, patient.known.Person, guardian.known.Person, last, by)
	})
	return last, err
}

// overLink writes something of a link while both persons are here.
func (s *Session) overLink(ctx context.Context, done settle.Code, write func(patient, guardian *holder) error) error {
	patient, guardian, err := s.pair()
	if err != nil {
		return err
	}
	for role, h := range [roles]*holder{Patient: patient, Guardian: guardian} {
		if h.scanned {
			continue // no card
		}
		if err := s.checkCard(ctx, Role(role), h.card.Who.CardCode); err != nil {
			return s.showRefusal(refusalOr(err, settle.CardChanged))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holders[Patient] != patient || s.holders[Guardian] != guardian {
		return s.refused(refuse(settle.CardRemoved))
	}
	if err := s.fire(event{kind: askLink}); err != nil {
		return s.refused(err)
	}
	if err := write(patient, guardian); err != nil {
		return s.refused(fmt.Errorf("file the link: %w", err))
	}
	if guardian.scanned {
		s.holders[Guardian] = nil // a code serves once
	}
	s.say(refuse(done))
	return nil
}

// pair gives the two persons a link is about, if the state allows one.
func (s *Session) pair() (patient, guardian *holder, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	patient, guardian = s.holders[Patient], s.holders[Guardian]
	switch c := table[s.state][askLink]; {
	case c.refuse != "":
		return nil, nil, s.refused(refuseBecause(c.refuse, "%s while %s", askLink, s.state))
	case s.reads[Guardian].busy:
		return nil, nil, s.refused(refuse(GuardianReading))
	case guardian == nil:
		return nil, nil, s.refused(refuse(settle.GuardianMissing))
	}
	return patient, guardian, nil
}

func (s *Session) showRefusal(r *settle.Refusal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused(r)
}

func isRelation(r settle.Relation) bool {
	switch r {
	case settle.RelationChild, settle.RelationParent, settle.RelationSpouse,
		settle.RelationSibling, settle.RelationGrandparent, settle.RelationGrandchild:
		return true
	}
	return false
}

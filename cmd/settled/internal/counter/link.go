package counter

import (
	"context"
	"fmt"

	"settled/settle"
)

// FileLink files that the person whose card is in the guardian's reader lets the
// patient use the guardian's account (家庭共济); relation is what the patient is to
// the guardian. Both cards must be in their readers: that is the consent. A quote
// on the screen is dropped, since it may now be another. The error is a
// *settle.Refusal.
func (s *Session) FileLink(ctx context.Context, relation settle.Relation, by string) (settle.Link, error) {
	if !isRelation(relation) {
		return settle.Link{}, refuseField(settle.BadField, "relation", "%q is not a relation", settle.Clip(string(relation)))
	}
	patient, guardian, err := s.pair()
	if err != nil {
		return settle.Link{}, err
	}
	for role, h := range [roles]*holder{Patient: patient, Guardian: guardian} {
		if h.scanned {
			continue // no card
		}
		if err := s.checkCard(ctx, Role(role), h.card.Who.CardCode); err != nil {
			return settle.Link{}, s.showRefusal(refusalOr(err, settle.CardChanged))
		}
	}
	link := settle.Link{
		Beneficiary: patient.known.Person, Donor: guardian.known.Person,
		Relation: relation, Kind: settle.MutualAid, From: s.today(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holders[Patient] != patient || s.holders[Guardian] != guardian {
		return settle.Link{}, s.refused(refuse(settle.CardRemoved))
	}
	if err := s.fire(event{kind: askLink}); err != nil {
		return settle.Link{}, s.refused(err)
	}
	if err := s.ports.Links.Link(ctx, link, by); err != nil {
		return settle.Link{}, s.refused(fmt.Errorf("file the link: %w", err))
	}
	s.say(refuse(Linked))
	return link, nil
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
	case guardian.known.Insured.Own == nil:
		return nil, nil, s.refused(refuse(settle.DonorHasNoAccount))
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

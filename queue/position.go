package queue

import "settled/settle"

// Position is what a split is computed from beside the bill: usage and accounts.
type Position struct {
	Usage   settle.Usage           // of the period: the platform's word and what was settled here since
	Told    bool                   // the platform has said how much of the period's limit is used
	Family  []settle.FamilyAccount // accounts of the links, in the order of filing; ID is the donor's keyed hash
	Own     *settle.Account        // nil: no own account is known
	Version uint64                 // entry that last changed any of it
}

// Position returns what is known of a person for a limit period. All of it is of one
// moment. A balance is the last that the platform told, less what was drawn here
// since, and at least 0. Links that are over or not yet begun are among them: the
// day of the visit decides.
func (q *Queue) Position(person, period string) (Position, error) {
	var pos Position
	err := q.read(func(v *view) (err error) {
		pos, err = position(v, person, period)
		return err
	})
	return pos, err
}

func position(v *view, person, period string) (Position, error) {
	p, _, err := get(v, persons, person)
	if err != nil {
		return Position{}, err
	}
	pos := Position{Usage: p.used(period), Version: max(p.Touched, p.Account)}
	_, pos.Told = p.Periods[period]
	if left, ok := p.balance(); ok {
		pos.Own = &settle.Account{Balance: left}
	}
	for _, l := range p.Links {
		donor, _, err := get(v, persons, l.Donor)
		if err != nil {
			return Position{}, err
		}
		left, _ := donor.balance()
		pos.Family = append(pos.Family, settle.FamilyAccount{
			ID: l.Donor, Relation: l.Relation, DonorTier: donor.Category, Link: l.Kind,
			LinkFrom: l.From, LinkTo: l.To, Balance: left, RegisteredGuardian: l.RegisteredGuardian,
		})
		pos.Version = max(pos.Version, donor.Account)
	}
	return pos, nil
}

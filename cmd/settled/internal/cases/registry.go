package cases

import (
	"fmt"

	"settled/settle"
)

// registry is the institutions of the bundle by id.
type registry map[string]listed

// listed is an institution of the registry; fault says why it cannot be read, and is the
// error of the cases that name it.
type listed struct {
	settle.Institution
	fault error
}

// read reads the registry: an object of institutions by id.
func (g registry) read(r *reader) {
	r.object(func(id []byte) bool {
		var p place
		err := read(r.span(), p.read)
		if err == nil && p.ID != "" && p.ID != string(id) {
			err = fmt.Errorf("it calls itself %q", settle.Clip(p.ID))
		}
		if err != nil {
			err = fmt.Errorf("institutions.%s: %w", settle.Clip(string(id)), err)
		}
		p.ID = string(id)
		g[p.ID] = listed{p.Institution, err}
		return true
	})
}

// find gives an institution of the registry.
func (g registry) find(id string) (settle.Institution, error) {
	in, ok := g[id]
	if !ok {
		return in.Institution, fmt.Errorf("no institution %q", settle.Clip(id))
	}
	return in.Institution, in.fault
}

// complete puts the institutions into a case.
func (g registry) complete(k *kase) (err error) {
	if k.Bill.Visit.Institution, err = g.place(k); err != nil {
		return err
	}
	for i, id := range k.Selected {
		chosen, err := g.find(id)
		if err != nil {
			return fmt.Errorf("patient.selections[%d].institution_id: %w", i, err)
		}
		k.Person.Selections[i].Institution = chosen
	}
	return nil
}

// place gives the visited institution: the case's own object, or the registry's.
func (g registry) place(k *kase) (settle.Institution, error) {
	if k.Place == nil {
		in, err := g.find(k.PlaceID)
		if err != nil {
			return in, fmt.Errorf("institution_id: %w", err)
		}
		return in, nil
	}
	in := k.Place.Institution
	if in.ID == "" {
		in.ID = k.PlaceID
	}
	if k.PlaceID != "" && in.ID != k.PlaceID {
		return in, fmt.Errorf("institution.id %q is not institution_id %q", settle.Clip(in.ID), settle.Clip(k.PlaceID))
	}
	if inCity := k.Place.InCity; inCity != nil && *inCity != (in.City == settle.HomeCity) {
		return in, fmt.Errorf("institution.in_city contradicts city %q", settle.Clip(in.City))
	}
	if inProvince := k.Place.InProvince; inProvince != nil && *inProvince != (in.Province == settle.HomeProvince) {
		return in, fmt.Errorf("institution.in_province contradicts province %q", settle.Clip(in.Province))
	}
	return in, nil
}

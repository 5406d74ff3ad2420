package cases

import (
	"fmt"

	"settled/settle"
)

// registry is the institutions of the bundle by id.
type registry map[string]settle.Institution

// read reads the registry: an object of institutions by id.
func (g registry) read(r *reader) {
	r.object(func(id []byte) bool {
		var p place
		p.read(r)
		if p.ID != "" && p.ID != string(id) {
			r.fail("it calls itself %q", settle.Clip(p.ID))
		}
		p.ID = string(id)
		g[p.ID] = p.Institution
		return true
	})
}

// complete puts the institutions into a case.
func (g registry) complete(k *kase) (err error) {
	if k.Bill.Visit.Institution, err = g.place(k); err != nil {
		return err
	}
	for i, id := range k.Selected {
		chosen, ok := g[id]
		if !ok {
			return fmt.Errorf("patient.selections[%d].institution_id: no institution %q", i, settle.Clip(id))
		}
		k.Person.Selections[i].Institution = chosen
	}
	return nil
}

// place gives the visited institution: the case's own object, or the registry's.
func (g registry) place(k *kase) (settle.Institution, error) {
	if k.Place == nil {
		in, ok := g[k.PlaceID]
		if !ok {
			return in, fmt.Errorf("institution_id: no institution %q", settle.Clip(k.PlaceID))
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

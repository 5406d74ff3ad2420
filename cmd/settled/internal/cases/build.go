package cases

import (
	"fmt"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// registry is the institutions of the bundle by id.
type registry map[string]settle.Institution

// input is a case as the engine takes it.
type input struct {
	person settle.Insured
	bill   settle.Bill
	used   settle.Usage
}

// build makes the engine's input of a case.
func (g registry) build(k *kase) (input, error) {
	in := input{used: k.YTD}
	place, err := g.place(k)
	if err != nil {
		return in, err
	}
	in.bill.Visit = settle.Visit{
		Day: k.PolicyDate, Kind: k.Visit.Kind, Institution: place,
		ReferralInCity: k.Visit.Referral, Filing: k.Visit.Filing, AdmissionNo: k.Visit.Admission,
		ContinuousMonths: k.Visit.Continuous, Channel: k.Visit.Channel,
	}
	if in.bill.Lines, err = lines(k.Items); err != nil {
		return in, err
	}
	p := k.Patient
	in.person = settle.Insured{
		Category: p.Category, Retired: p.Retired, Birth: p.Birth, ShenzhenHukou: p.Hukou,
		Benefit: p.Benefit, DuplicateEnrolment: p.Duplicate, Own: k.Own,
	}
	for i, s := range p.Selections {
		chosen, ok := g[s.ID]
		if !ok {
			return in, fmt.Errorf("patient.selections[%d].institution_id: no institution %q", i, settle.Clip(s.ID))
		}
		in.person.Selections = append(in.person.Selections, settle.Selection{Institution: chosen, From: s.From, To: s.To})
	}
	for _, a := range k.Mutual {
		in.person.Family = append(in.person.Family, settle.FamilyAccount{
			ID: a.ID, Relation: a.Relation, DonorTier: a.DonorTier,
			Link: a.Link, LinkFrom: a.From, LinkTo: a.To, Balance: a.Balance, RegisteredGuardian: a.Guardian,
		})
	}
	return in, nil
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

func lines(items []item) ([]settle.Line, error) {
	if len(items) > settle.MaxLines {
		return nil, fmt.Errorf("items: %d lines, at most %d", len(items), settle.MaxLines)
	}
	out := make([]settle.Line, len(items))
	for i, it := range items {
		l := settle.Line{
			Name: it.Name, Grade: it.Category, Consultation: it.Consultation,
			LargeEquipment: it.LargeEquipment, Vaccination: it.Vaccination, Kind: it.Kind,
		}
		var err error
		if l.UnitPrice, err = settle.ParseDecimal(it.UnitPrice, 9, 4); err != nil {
			return nil, fmt.Errorf("items[%d].unit_price: %w", i, err)
		}
		if l.Quantity, err = settle.ParseDecimal(it.Quantity, 9, 4); err != nil {
			return nil, fmt.Errorf("items[%d].qty: %w", i, err)
		}
		if it.PriceCap != nil {
			limit, err := settle.ParseDecimal(*it.PriceCap, 9, 4)
			if err != nil {
				return nil, fmt.Errorf("items[%d].price_cap: %w", i, err)
			}
			l.PriceCap = decimal.NewNullDecimal(limit)
		}
		if it.FirstSelfPay != nil {
			if l.FirstSelfPay, err = settle.ParseDecimal(*it.FirstSelfPay, 1, 4); err != nil {
				return nil, fmt.Errorf("items[%d].first_self_pay_ratio: %w", i, err)
			}
		}
		out[i] = l
	}
	return out, nil
}

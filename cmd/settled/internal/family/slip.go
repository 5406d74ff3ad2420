package family

import (
	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Kin says what the patient is to whose account it is.
func Kin(r settle.Relation) string {
	word, ok := map[settle.Relation]string{
		settle.RelationChild: "子女", settle.RelationParent: "父母", settle.RelationSpouse: "配偶", settle.RelationSibling: "兄弟姐妹",
		settle.RelationGrandparent: "祖父母、外祖父母", settle.RelationGrandchild: "孙子女、外孙子女",
	}[r]
	if !ok {
		return string(r)
	}
	return word
}

// Slip is what was looked up about somebody, to be printed; without visits.
func (d *Desk) Slip(s Standing, who settle.Identity) counter.LookSlip {
	slip := counter.LookSlip{
		At: d.o.Now(), Institution: d.o.Here.Name, Seat: d.o.Seat, Who: who, AsOf: s.AsOf, Offline: s.Offline != "", Own: s.Own,
	}
	if a := s.Allowance; a != nil {
		slip.Period, slip.Limit, slip.Used, slip.Left, slip.Provisional = a.Period, a.Limit, a.Used, a.Left, a.Provisional
	}
	if s.Benefit.Now {
		slip.Benefit = Span(s.Benefit.From, s.Benefit.To)
	}
	for _, sel := range s.Selections {
		slip.Selected = append(slip.Selected, counter.LookTerm{What: sel.Name, Days: Span(sel.From, sel.To)})
	}
	for _, l := range s.Links {
		slip.Links = append(slip.Links, counter.LookTerm{What: l.Holder + "（患者是其" + Kin(l.Relation) + "）", Days: Span(l.From, l.To)})
	}
	return slip
}

// forever is the first year of an end that stands for none.
const forever = 2099

// Span says from when to when.
func Span(from, to settle.Date) string {
	if to == 0 || to.Year() >= forever {
		return from.String() + " 起"
	}
	return from.String() + " 至 " + to.String()
}

package cases

import (
	"github.com/shopspring/decimal"

	"settled/settle"
)

// kase is one case as it stands in the bundle, in the engine's words; institutions are
// still named by id alone.
type kase struct {
	ID   string
	Kind string

	Codes bool // lines may have a code and leave the rest to a catalogue
	lines bool // whether there is a list of lines, or of those that stay; empty or not

	Person   settle.Insured
	Bill     settle.Bill
	Used     settle.Usage
	Selected []string // institutions of Person.Selections
	PlaceID  string
	Place    *place

	Original string // refund: the case that it is of
	Keep     []int  // refund: lines that stay
}

// place is an institution with what the bundle says of it beside.
type place struct {
	settle.Institution
	InCity     *bool
	InProvince *bool
}

// What an exact number looks like: text, so that no program has passed it through a
// binary float.
const (
	anAmount = `an amount as text such as "12.30"`
	aNumber  = `a number as text such as "1.5"`
	aDay     = `a day as text such as "2024-11-05"`
)

// maxList is the most elements of a list that the engine bounds itself.
const maxList = 1000

// read reads a case; fields that only describe it or its expected outcome are passed
// over.
func (k *kase) read(r *reader) {
	r.object(func(name []byte) bool {
		switch string(name) {
		case "id":
			word(r, &k.ID)
		case "kind":
			word(r, &k.Kind)
		case "policy_date":
			r.day(&k.Bill.Visit.Day)
		case "patient":
			k.patient(r)
		case "institution_id":
			word(r, &k.PlaceID)
		case "institution":
			if !r.null() {
				k.Place = new(place)
				k.Place.read(r)
			}
		case "visit":
			readVisit(r, &k.Bill.Visit)
		case "items":
			k.lines = r.peek() == '['
			r.list(settle.MaxLines, func() {
				k.Bill.Lines = append(k.Bill.Lines, settle.Line{})
				readLine(r, &k.Bill.Lines[len(k.Bill.Lines)-1], k.Codes)
			})
		case "ytd":
			readUsage(r, &k.Used)
		case "own_account":
			if !r.null() {
				k.Person.Own = new(settle.Account)
				told := false
				r.object(func(name []byte) bool {
					told = string(name) == "balance" && r.told()
					return string(name) == "balance" && r.fen(&k.Person.Own.Balance)
				})
				r.need(told, "balance")
			}
		case "mutual_accounts":
			r.list(maxList, func() { k.account(r) })
		case "original_case":
			word(r, &k.Original)
		case "keep_item_indexes":
			k.lines = r.peek() == '['
			r.list(settle.MaxLines, func() {
				k.Keep = append(k.Keep, 0)
				r.count(&k.Keep[len(k.Keep)-1])
			})
		case "title", "rule_path", "why", "confidence", "expected", "expected_return",
			"contested", "method", "same_idempotency_key", "payload_changed":
			r.pass()
		default:
			return false
		}
		return true
	})
	switch k.Kind {
	case "settlement", "":
		r.need(k.Bill.Visit.Day != 0, "policy_date")
		r.need(k.lines, "items")
	case "refund":
		r.need(k.lines, "keep_item_indexes")
	}
}

// need refuses the object under way if a field is not there that nothing stands for.
func (r *reader) need(there bool, name string) {
	if !there {
		r.fail("%s is missing", name)
	}
}

// told tells whether the value under way is one, not null.
func (r *reader) told() bool { return r.peek() != 'n' }

func (k *kase) patient(r *reader) {
	p := &k.Person
	r.object(func(name []byte) bool {
		switch string(name) {
		case "category":
			word(r, &p.Category)
		case "retired":
			r.flag(&p.Retired)
		case "birth_date":
			r.day(&p.Birth)
		case "shenzhen_hukou":
			r.flag(&p.ShenzhenHukou)
		case "benefit":
			readBenefit(r, &p.Benefit)
		case "selections":
			r.list(maxList, func() { k.selection(r) })
		case "duplicate_enrolment":
			r.flag(&p.DuplicateEnrolment)
		default:
			return false
		}
		return true
	})
}

func readBenefit(r *reader, b *settle.Benefit) {
	r.object(func(name []byte) bool {
		switch string(name) {
		case "kind":
			word(r, &b.Kind)
		case "paid_school_year_start":
			r.count(&b.SchoolYear)
		case "registered_on":
			r.day(&b.RegisteredOn)
		case "paid_from_birth":
			r.flag(&b.PaidFromBirth)
		case "from":
			r.day(&b.From)
		case "to":
			r.end(&b.To)
		default:
			return false
		}
		return true
	})
	switch b.Kind {
	case settle.BenefitAnnual:
		r.need(b.SchoolYear != 0, "paid_school_year_start")
	case settle.BenefitNewborn:
		r.need(b.RegisteredOn != 0, "registered_on")
	case settle.BenefitExplicit:
		r.need(b.From != 0, "from")
	}
}

func (k *kase) selection(r *reader) {
	var s settle.Selection
	var id string
	r.object(func(name []byte) bool {
		switch string(name) {
		case "institution_id":
			word(r, &id)
		case "from":
			r.day(&s.From)
		case "to":
			r.end(&s.To)
		default:
			return false
		}
		return true
	})
	r.need(id != "", "institution_id")
	r.need(s.From != 0, "from")
	k.Person.Selections, k.Selected = append(k.Person.Selections, s), append(k.Selected, id)
}

func (p *place) read(r *reader) {
	r.object(func(name []byte) bool {
		switch string(name) {
		case "id":
			word(r, &p.ID)
		case "name":
			word(r, &p.Name)
		case "level":
			r.count(&p.Level)
		case "kind":
			word(r, &p.Kind)
		case "settlement_hospital":
			word(r, &p.SettlementHospital)
		case "city":
			word(r, &p.City)
		case "province":
			word(r, &p.Province)
		case "networked":
			r.flag(&p.Networked)
		case "in_city":
			p.InCity = r.choice()
		case "in_province":
			p.InProvince = r.choice()
		default:
			return false
		}
		return true
	})
}

func readVisit(r *reader, v *settle.Visit) {
	r.object(func(name []byte) bool {
		switch string(name) {
		case "kind":
			word(r, &v.Kind)
		case "referral_in_city":
			r.flag(&v.ReferralInCity)
		case "filing":
			word(r, &v.Filing)
		case "admission_no":
			r.count(&v.AdmissionNo)
		case "continuous_months":
			r.count(&v.ContinuousMonths)
		case "channel":
			word(r, &v.Channel)
		default:
			return false
		}
		return true
	})
}

// readLine reads a line; one with a code, where codes are known, may leave open what a
// catalogue says.
func readLine(r *reader, l *settle.Line, codes bool) {
	open := settle.Open{Ratio: true, Consultation: true}
	priced, counted := false, false
	r.object(func(name []byte) bool {
		switch string(name) {
		case "code":
			if codes {
				word(r, &l.Code)
			}
			return codes
		case "name":
			word(r, &l.Name)
		case "category":
			word(r, &l.Grade)
		case "unit_price":
			priced = r.decimal(&l.UnitPrice, 9)
		case "qty":
			counted = r.decimal(&l.Quantity, 9)
		case "price_cap":
			l.PriceCap.Valid = r.decimal(&l.PriceCap.Decimal, 9)
		case "first_self_pay_ratio":
			open.Ratio = !r.decimal(&l.FirstSelfPay, 1)
		case "consultation":
			if said := r.choice(); said != nil {
				l.Consultation, open.Consultation = *said, false
			}
		case "large_equipment":
			r.flag(&l.LargeEquipment)
		case "vaccination":
			r.flag(&l.Vaccination)
		case "kind":
			word(r, &l.Kind)
		default:
			return false
		}
		return true
	})
	r.need(priced, "unit_price")
	r.need(counted, "qty")
	if l.Code != "" {
		l.Open = open
	}
}

func readUsage(r *reader, u *settle.Usage) {
	r.object(func(name []byte) bool {
		switch string(name) {
		case "ordinary":
			r.fen(&u.Ordinary)
		case "ordinary_l2plus":
			r.fen(&u.OrdinaryLevel2)
		default:
			return false
		}
		return true
	})
}

// word reads a text of any kind.
func word[T ~string](r *reader, to *T) {
	if text, ok := r.text("text"); ok {
		*to = T(text)
	}
}

// choice reads true or false where it matters whether it is there.
func (r *reader) choice() *bool {
	if r.null() {
		return nil
	}
	var b bool
	r.flag(&b)
	return &b
}

// fen reads an amount; it is always true, for the use in a condition.
func (r *reader) fen(to *settle.Fen) bool {
	if text, ok := r.text(anAmount); ok {
		if err := to.UnmarshalText(text); err != nil {
			r.fail("%w", err)
		}
	}
	return true
}

func (r *reader) day(to *settle.Date) {
	if text, ok := r.text(aDay); ok {
		r.dated(to, text)
	}
}

// end reads the last day of a period. The last day that four digits can write is how many
// systems say that there is none.
func (r *reader) end(to *settle.Date) {
	if text, ok := r.text(aDay); ok && string(text) != "9999-12-31" {
		r.dated(to, text)
	}
}

func (r *reader) dated(to *settle.Date, text []byte) {
	if err := to.UnmarshalText(text); err != nil {
		r.fail("%w", err)
	}
}

// decimal reads a price, quantity or ratio with at most 4 decimals and tells whether
// there was one. Its form is checked before any arithmetic.
func (r *reader) decimal(to *decimal.Decimal, whole int) bool {
	text, ok := r.text(aNumber)
	if !ok {
		return false
	}
	v, err := settle.ParseDecimal(string(text), whole, 4)
	if err != nil {
		r.fail("%w", err)
	}
	*to = v
	return true
}

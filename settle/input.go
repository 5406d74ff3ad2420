package settle

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxFamily is the most family accounts that are looked at for one bill.
const MaxFamily = 20

// MaxSelections is the most selections, past and present, of one person.
const MaxSelections = 200

// refusal makes a refusal with the code's own sentences; detail follows the
// technician's.
func refusal(code Code, field string, line int, detail string) *Refusal {
	technician := code.Technician()
	if detail != "" {
		technician += ": " + detail
	}
	return &Refusal{Code: code, Field: field, Line: line, Cashier: code.Cashier(), Technician: technician}
}

func badLine(i int, field, detail string) *Refusal {
	r := refusal(BadField, "items["+strconv.Itoa(i)+"]."+field, i+1, detail)
	r.Cashier = fmt.Sprintf("账单第%d行的%s不正确；请在医院系统中改正后重新发送。", i+1, fieldChinese(field))
	return r
}

// openLine refuses what a bill left open and nothing completed.
func openLine(i int, field, detail string) *Refusal {
	r := refusal(MissingField, "items["+strconv.Itoa(i)+"]."+field, i+1, detail)
	r.Cashier = fmt.Sprintf("账单第%d行的%s：%s", i+1, fieldChinese(field), r.Cashier)
	return r
}

// checkInput refuses what cannot be computed with, however it came to be: the
// decoders check more, but callers also make bills and persons themselves.
func checkInput(r *Rules, p *Insured, b *Bill, u Usage) *Refusal {
	v := &b.Visit
	switch {
	case r == nil:
		return refusal(WrongRules, "rules", 0, "no rules were given")
	case v.Day == 0 || r.Day != v.Day:
		return refusal(WrongRules, "visit.date", 0, fmt.Sprintf("rules of %q for a visit on %q", r.Day, v.Day))
	case len(b.Lines) > MaxLines:
		return refusal(TooManyLines, "items", 0, strconv.Itoa(len(b.Lines)))
	case v.Institution.Level < 1 || v.Institution.Level > 3:
		return refusal(BadField, "visit.institution.level", 0, "a level is 1, 2 or 3")
	case v.Institution.ID == "" || v.Institution.City == "" || v.Institution.Province == "":
		return refusal(BadField, "visit.institution", 0, "id, city and province must be stated")
	case u.Ordinary < 0 || u.Ordinary > MaxFen:
		return refusal(BadField, "usage.ordinary", 0, "usage is out of bounds")
	case u.OrdinaryLevel2 < 0 || u.OrdinaryLevel2 > MaxFen:
		return refusal(BadField, "usage.ordinary_l2plus", 0, "usage is out of bounds")
	}
	if r := checkWords(v, p); r != nil {
		return r
	}
	if r := checkLines(b.Lines); r != nil {
		return r
	}
	return checkPerson(p, v.Day)
}

// checkWords refuses words that are in no list: an unknown kind of visit must not be
// taken for an ordinary one.
func checkWords(v *Visit, p *Insured) *Refusal {
	var field, word string
	switch {
	case !v.Kind.known():
		field, word = "visit.kind", string(v.Kind)
	case v.Filing != NoFiling && v.Filing != FilingLongTerm && v.Filing != FilingReferral:
		field, word = "visit.filing", string(v.Filing)
	case v.Channel != Counter && v.Channel != Mobile:
		field, word = "visit.channel", string(v.Channel)
	case !v.Institution.Kind.known():
		field, word = "visit.institution.kind", string(v.Institution.Kind)
	case !p.Category.known():
		field, word = "patient.category", string(p.Category)
	case !p.Benefit.Kind.known():
		field, word = "patient.benefit.kind", string(p.Benefit.Kind)
	case v.AdmissionNo < 0:
		field, word = "visit.admission_no", strconv.Itoa(v.AdmissionNo)
	case v.ContinuousMonths < 0:
		field, word = "visit.continuous_months", strconv.Itoa(v.ContinuousMonths)
	default:
		return nil
	}
	return refusal(BadField, field, 0, strconv.Quote(Clip(word)))
}

func (k VisitKind) known() bool {
	switch k {
	case Outpatient, Emergency, EmergencyRescue, Inpatient, SpecialDisease:
		return true
	}
	return false
}

func (k InstitutionKind) known() bool {
	return k == CommunityHealth || k == OtherPrimary || k == Hospital
}

func (k BenefitKind) known() bool {
	return k == BenefitAnnual || k == BenefitNewborn || k == BenefitExplicit
}

func checkLines(lines []Line) *Refusal {
	for i := range lines {
		l := &lines[i]
		switch {
		case l.Grade == "":
			return openLine(i, "category", "the bill leaves it to the catalogue, and none completed it")
		case l.Grade == GradeB && l.Open.Ratio:
			return openLine(i, "first_self_pay_ratio", "category B needs its ratio: there is no common one (B-1)")
		case l.Grade != GradeA && l.Grade != GradeB && l.Grade != GradeC:
			return badLine(i, "category", "the category is A, B or C, not "+strconv.Quote(Clip(string(l.Grade))))
		case l.UnitPrice.IsNegative():
			return badLine(i, "unit_price", "the price is negative")
		case !l.Quantity.IsPositive():
			return badLine(i, "qty", "the quantity is not positive")
		case l.PriceCap.Valid && l.PriceCap.Decimal.IsNegative():
			return badLine(i, "price_cap", "the price cap is negative")
		case !isRatio(l.FirstSelfPay):
			return badLine(i, "first_self_pay_ratio", "the ratio is not from 0 to 1")
		case l.Grade == GradeA && !l.FirstSelfPay.IsZero():
			return badLine(i, "first_self_pay_ratio", "category A has no first self-pay; an item with one is B")
		case l.Kind != "" && l.Kind != ServiceLine:
			return badLine(i, "kind", strconv.Quote(Clip(string(l.Kind))))
		}
	}
	return nil
}

func checkPerson(p *Insured, day Date) *Refusal {
	switch {
	case p.Birth == 0:
		return refusal(BadField, "patient.birth_date", 0, "the day of birth must be known")
	case p.Birth > day:
		return refusal(BadField, "patient.birth_date", 0, "born after the visit")
	case len(p.Selections) > MaxSelections:
		return refusal(BadField, "patient.selections", 0, "too many selections")
	case len(p.Family) > MaxFamily:
		return refusal(BadField, "family_accounts", 0, "too many accounts")
	case p.Own != nil && (p.Own.Balance < 0 || p.Own.Balance > MaxFen):
		return refusal(BadField, "own_account.balance", 0, "the balance is out of bounds")
	}
	if r := checkSelections(p.Selections, day); r != nil {
		return r
	}
	return checkFamily(p.Family, day)
}

// checkFamily refuses accounts that cannot be: a link to oneself, one of unknown age,
// and an account that would be drawn twice, each time up to its whole balance.
func checkFamily(list []FamilyAccount, day Date) *Refusal {
	for i := range list {
		at := "family_accounts[" + strconv.Itoa(i) + "]"
		switch a := &list[i]; {
		case a.Balance < 0 || a.Balance > MaxFen:
			return refusal(BadField, at+".balance", 0, "the balance is out of bounds")
		case a.Relation == RelationSelf:
			return refusal(BadField, at+".relation", 0, "a family account is another person's")
		case a.Link == MutualAid && a.LinkFrom == 0:
			return refusal(BadField, at+".link_from", 0, "the link's first day must be stated")
		case slices.ContainsFunc(list[:i], func(b FamilyAccount) bool { return a.shares(day) && b.shares(day) && a.ID == b.ID }):
			return refusal(BadField, at+".account_id", 0, "the account is linked twice on the same day")
		}
	}
	return nil
}

// shares tells whether the link lets the account pay for the relative on the day.
func (a *FamilyAccount) shares(day Date) bool {
	return a.Link == MutualAid && day.Within(a.LinkFrom, a.LinkTo)
}

// checkSelections refuses two institutions selected for the same day: it is one in the
// city (S-1), and one out of it (C-6).
func checkSelections(list []Selection, day Date) *Refusal {
	var home, away *Institution
	for i := range list {
		s, at := &list[i], &home
		if s.Institution.City != HomeCity {
			at = &away
		}
		fault := ""
		switch {
		case s.Institution.ID == "":
			fault = "the institution is not stated"
		case s.To != 0 && s.To < s.From:
			fault = "it ends before it begins"
		case !day.Within(s.From, s.To):
			continue
		case *at != nil && (*at).ID != s.Institution.ID:
			fault = "another one is in force on the same day"
		}
		if fault != "" {
			return refusal(BadField, "patient.selections["+strconv.Itoa(i)+"]", 0, fault)
		}
		*at = &s.Institution
	}
	return nil
}

func (c Category) known() bool {
	switch c {
	case ChildResident, Student, Resident, EmployeeTier1, EmployeeTier2:
		return true
	}
	return false
}

// namedChinese names the field at the end of a line's path, "的数量" of
// "items[3].qty"; "" for the line itself.
func namedChinese(path string) string {
	if _, field, ok := strings.Cut(path, "]."); ok {
		return "的" + fieldChinese(field)
	}
	return ""
}

// fieldChinese names a field of a line as a cashier knows it.
func fieldChinese(field string) string {
	switch field {
	case "name":
		return "名称"
	case "category":
		return "医保类别（甲乙丙）"
	case "unit_price":
		return "单价"
	case "qty":
		return "数量"
	case "price_cap":
		return "限价"
	case "first_self_pay_ratio":
		return "先自付比例"
	case "charge":
		return "收费类别"
	case "code":
		return "医保编码"
	}
	return "“" + field + "”一项"
}

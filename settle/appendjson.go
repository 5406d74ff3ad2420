package settle

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// This file encodes what a cashier waits for, as encoding/json does (a test holds the two
// against each other), in a fraction of its time.

// AppendJSON appends the settlement as JSON.
func (s *Settlement) AppendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"number":`...), s.Number)
	b = AppendText(append(b, `,"key":`...), s.Key)
	b = AppendText(append(b, `,"person":`...), s.Person)
	b = s.Insured.appendJSON(append(b, `,"insured":`...))
	b = s.Bill.Visit.appendJSON(append(b, `,"bill":{"visit":`...))
	b = appendList(append(b, `,"items":`...), s.Bill.Lines, (*Line).appendJSON)
	b = s.Chart.AppendJSON(append(b, `},"chart":`...))
	b = s.Usage.appendJSON(append(b, `,"usage":`...))
	b = AppendText(append(b, `,"period":`...), s.Period)
	b = s.Split.AppendJSON(append(b, `,"split":`...))
	b = AppendText(append(b, `,"rules":`...), s.Rules)
	b = appendIf(b, `,"catalogue":`, s.Catalogue)
	b = appendFlag(b, `,"illustrative":true`, s.Illustrative)
	b = strconv.AppendBool(append(b, `,"provisional":`...), s.Provisional)
	b = AppendText(append(b, `,"offline_why":`...), s.OfflineWhy)
	if len(s.Warnings) > 0 {
		b = appendList(append(b, `,"warnings":`...), s.Warnings, appendWord)
	}
	if s.SelfPaid != nil {
		b = s.SelfPaid.AppendJSON(append(b, `,"self_paid":`...))
	}
	b = AppendText(append(b, `,"operator":`...), s.Operator)
	b = AppendText(append(b, `,"device":`...), s.Device)
	return append(b, '}')
}

// AppendJSON appends the way to the money as JSON.
func (r *Reimbursement) AppendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"why":`...), string(r.Why))
	b = AppendText(append(b, `,"where":`...), r.Where)
	if len(r.Bring) > 0 {
		b = appendList(append(b, `,"bring":`...), r.Bring, appendWord)
	}
	if r.Until != 0 {
		b = r.Until.AppendJSON(append(b, `,"until":`...))
	}
	return append(b, '}')
}

func (p *Insured) appendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"category":`...), string(p.Category))
	b = appendFlag(b, `,"retired":true`, p.Retired)
	b = p.Birth.AppendJSON(append(b, `,"birth_date":`...))
	b = strconv.AppendBool(append(b, `,"shenzhen_hukou":`...), p.ShenzhenHukou)
	b = p.Benefit.appendJSON(append(b, `,"benefit":`...))
	b = appendList(append(b, `,"selections":`...), p.Selections, (*Selection).appendJSON)
	b = appendFlag(b, `,"duplicate_enrolment":true`, p.DuplicateEnrolment)
	if p.Own == nil {
		b = append(b, `,"own_account":null`...)
	} else {
		b = append(p.Own.Balance.AppendJSON(append(b, `,"own_account":{"balance":`...)), '}')
	}
	b = appendList(append(b, `,"family_accounts":`...), p.Family, (*FamilyAccount).appendJSON)
	return append(b, '}')
}

func (f *Benefit) appendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"kind":`...), string(f.Kind))
	b = appendCount(b, `,"paid_school_year_start":`, f.SchoolYear)
	b = appendDay(b, `,"registered_on":`, f.RegisteredOn)
	b = appendFlag(b, `,"paid_from_birth":true`, f.PaidFromBirth)
	b = appendDay(b, `,"from":`, f.From)
	b = appendDay(b, `,"to":`, f.To)
	return append(b, '}')
}

func (s *Selection) appendJSON(b []byte) []byte {
	b = s.Institution.appendJSON(append(b, `{"institution":`...))
	b = s.From.AppendJSON(append(b, `,"from":`...))
	return append(appendDay(b, `,"to":`, s.To), '}')
}

func (a *FamilyAccount) appendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"account_id":`...), a.ID)
	b = appendIf(b, `,"holder":`, a.Holder)
	b = AppendText(append(b, `,"relation":`...), string(a.Relation))
	b = AppendText(append(b, `,"donor_tier":`...), string(a.DonorTier))
	b = AppendText(append(b, `,"link_type":`...), string(a.Link))
	b = a.LinkFrom.AppendJSON(append(b, `,"link_from":`...))
	b = appendDay(b, `,"link_to":`, a.LinkTo)
	b = a.Balance.AppendJSON(append(b, `,"balance":`...))
	return append(appendFlag(b, `,"is_registered_guardian":true`, a.RegisteredGuardian), '}')
}

func (v *Visit) appendJSON(b []byte) []byte {
	b = v.Day.AppendJSON(append(b, `{"policy_date":`...))
	b = AppendText(append(b, `,"kind":`...), string(v.Kind))
	b = v.Institution.appendJSON(append(b, `,"institution":`...))
	b = appendFlag(b, `,"referral_in_city":true`, v.ReferralInCity)
	b = appendIf(b, `,"filing":`, string(v.Filing))
	b = appendCount(b, `,"admission_no":`, v.AdmissionNo)
	b = appendCount(b, `,"continuous_months":`, v.ContinuousMonths)
	b = appendIf(b, `,"channel":`, string(v.Channel))
	return append(b, '}')
}

func (i *Institution) appendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"id":`...), i.ID)
	b = AppendText(append(b, `,"name":`...), i.Name)
	b = strconv.AppendInt(append(b, `,"level":`...), int64(i.Level), 10)
	b = AppendText(append(b, `,"kind":`...), string(i.Kind))
	b = appendIf(b, `,"settlement_hospital":`, i.SettlementHospital)
	b = AppendText(append(b, `,"city":`...), i.City)
	b = AppendText(append(b, `,"province":`...), i.Province)
	return append(strconv.AppendBool(append(b, `,"networked":`...), i.Networked), '}')
}

// AppendJSON appends the chart as JSON.
func (c *Chart) AppendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"outpatient_no":`...), c.OutpatientNo)
	b = AppendText(append(b, `,"began":`...), c.Began)
	b = appendNamed(append(b, `,"department":`...), c.Department.Code, c.Department.Name)
	b = AppendText(append(b, `,"specialty":`...), c.Specialty)
	b = appendNamed(append(b, `,"doctor":`...), c.Doctor.Code, c.Doctor.Name)
	b = appendList(append(b, `,"diagnoses":`...), c.Diagnoses, func(d *Diagnosis, b []byte) []byte { return appendNamed(b, d.Code, d.Name) })
	return append(b, '}')
}

func appendNamed(b []byte, code, name string) []byte {
	b = AppendText(append(b, `{"code":`...), code)
	return append(AppendText(append(b, `,"name":`...), name), '}')
}

func (u *Usage) appendJSON(b []byte) []byte {
	b = u.Ordinary.AppendJSON(append(b, `{"ordinary":`...))
	return append(u.OrdinaryLevel2.AppendJSON(append(b, `,"ordinary_l2plus":`...)), '}')
}

// AppendLines appends lines of a bill as a JSON array.
func AppendLines(b []byte, lines []Line) []byte { return appendList(b, lines, (*Line).appendJSON) }

func (l *Line) appendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"name":`...), l.Name)
	b = appendIf(b, `,"code":`, l.Code)
	b = appendIf(b, `,"hospital_code":`, l.HospitalCode)
	b = appendIf(b, `,"charge":`, l.Charge)
	b = AppendText(append(b, `,"category":`...), string(l.Grade))
	b = appendDecimal(append(b, `,"unit_price":`...), l.UnitPrice)
	b = appendDecimal(append(b, `,"qty":`...), l.Quantity)
	b = append(b, `,"price_cap":`...)
	if l.PriceCap.Valid {
		b = appendDecimal(b, l.PriceCap.Decimal)
	} else {
		b = append(b, "null"...)
	}
	b = appendDecimal(append(b, `,"first_self_pay_ratio":`...), l.FirstSelfPay)
	b = appendFlag(b, `,"consultation":true`, l.Consultation)
	b = appendFlag(b, `,"large_equipment":true`, l.LargeEquipment)
	b = appendFlag(b, `,"vaccination":true`, l.Vaccination)
	b = appendIf(b, `,"kind":`, string(l.Kind))
	b = appendIf(b, `,"source":`, l.Source)
	return append(b, '}')
}

func appendList[T any](b []byte, list []T, one func(*T, []byte) []byte) []byte {
	if list == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(&list[i], b)
	}
	return append(b, ']')
}

func appendIf(b []byte, key, text string) []byte {
	if text == "" {
		return b
	}
	return AppendText(append(b, key...), text)
}

func appendFlag(b []byte, keyTrue string, is bool) []byte {
	if !is {
		return b
	}
	return append(b, keyTrue...)
}

func appendCount(b []byte, key string, n int) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, key...), int64(n), 10)
}

func appendDay(b []byte, key string, d Date) []byte {
	if d == 0 {
		return b
	}
	return d.AppendJSON(append(b, key...))
}

// AppendText appends a JSON string. It leaves to encoding/json what that would escape.
func AppendText(b []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c < ' ', c == 0x7f, c == '"', c == '\\', c == '<', c == '>', c == '&', c == 0xe2: // U+2028 begins with e2
			return appendEscaped(b, text)
		}
	}
	if !utf8.ValidString(text) {
		return appendEscaped(b, text)
	}
	return append(append(append(b, '"'), text...), '"')
}

func appendEscaped(b []byte, text string) []byte {
	escaped, err := json.Marshal(text)
	if err != nil { // it has none for a string
		return append(b, `""`...)
	}
	return append(b, escaped...)
}

// AppendJSON appends the amount as it stands in JSON: yuan with two decimals, a string.
func (f Fen) AppendJSON(b []byte) []byte { return append(f.append(append(b, '"')), '"') }

// AppendJSON appends the day as it stands in JSON.
func (d Date) AppendJSON(b []byte) []byte { return append(append(append(b, '"'), d.String()...), '"') }

// appendDecimal appends a number as a JSON string, without zeros at its end.
func appendDecimal(b []byte, d decimal.Decimal) []byte {
	c, places, ok := plain(d)
	if !ok {
		return append(append(append(b, '"'), d.String()...), '"')
	}
	for places > 0 && c%10 == 0 {
		c /= 10
		places--
	}
	b = strconv.AppendUint(append(b, '"'), c/pow10[places], 10)
	if places > 0 {
		b = append(b, '.')
		for places--; places >= 0; places-- {
			b = append(b, byte('0'+c/pow10[places]%10))
		}
	}
	return append(b, '"')
}

func appendWord[T ~string](word *T, b []byte) []byte { return AppendText(b, string(*word)) }

package nhsa

import (
	"context"
	"fmt"
	"strings"
	"time"

	"settled/settle"
)

// Codes are values that differ by city and are not in any public text for Shenzhen.
// The zero Codes are the defaults.
type Codes struct {
	Area        string // 参保地医保区划; "" is 440300
	MedType     string // med_type that 2001 asks about; "" is 11
	Apply       string // biz_appy_type of selections in 5302; "" is 03 就医定点. Zhuhai uses 99
	Used        string // cum_type_code of ordinary outpatient fund money in 5206; "" is [CumOrdinary]
	UsedLevel2  string // the same, of it at hospitals of level 2 and up; "" is [CumOrdinaryLevel2]
	Tier2Person string // psn_type that marks 职工二档; "": none, since 1101 does not tell the tiers apart
}

// Codes of accumulated sums (累计类别代码). No public text gives Guangdong's: these
// are the rig's, to be replaced by [Codes] in a hospital.
const (
	CumOrdinary       = "MZTC01"
	CumOrdinaryLevel2 = "MZTC02"
)

// Registry knows institutions by their platform code (定点医药机构编号).
type Registry interface {
	Institution(code string) (settle.Institution, bool)
}

// asOfLayout is RFC 3339 to the millisecond: what the platform booked a moment before
// it answered is told from what it booked a moment after.
const asOfLayout = "2006-01-02T15:04:05.000Z07:00"

// Ask sends one transaction and gives the answer: the caller makes the message id,
// keeps the journal and calls [Client.Send]. Errors are Send's.
type Ask func(ctx context.Context, infno string, input any) (Reply, error)

// Inquiry asks the platform who a person is, what they get, where, and how much of
// it is used: 1101, 2001, 5302, 5206, in that order.
type Inquiry struct {
	Codes       Codes
	Institution string    // fixmedins_code that asks
	Registry    Registry  //
	Now         time.Time // of the visit: decides the day and the year
	Token       Told      // of a 医保码 that was redeemed: asked instead of a card or an id number
}

// Entitlement asks and puts together what the platform says. Left to the caller are
// Person and Period. What the platform does not tell stays zero: whether the person
// has Shenzhen hukou, the tier of an employee (taken as one; a doubt, see [Codes]),
// family links.
//
// Nobody being covered is a *settle.Refusal; a failed transaction is its error.
func (q Inquiry) Entitlement(ctx context.Context, who settle.Identity, ask Ask) (settle.Entitlement, error) {
	person, row, err := q.person(ctx, who, ask)
	if err != nil {
		return settle.Entitlement{}, err
	}
	e := settle.Entitlement{
		Who: who, InsuranceType: string(row.Type), PersonType: string(row.PersonType), InsuredArea: row.Area(),
		AsOf: q.Now.In(Zone()).Format(asOfLayout),
	}
	e.Who.PersonNo = person.Base.PersonNo.Private()
	e.Who.IDNumber = settle.Private(or(string(person.Base.IDNumber), string(who.IDNumber)))
	e.Who.Name = settle.Private(or(string(person.Base.Name), string(who.Name)))
	if e.Insured, err = q.insured(person, row); err != nil {
		return settle.Entitlement{}, err
	}
	if e.Insured.Benefit, err = q.benefit(ctx, person, row, ask); err != nil {
		return settle.Entitlement{}, err
	}
	if e.Insured.Selections, err = q.selections(ctx, person, row, ask); err != nil {
		return settle.Entitlement{}, err
	}
	e.Usage, err = q.usage(ctx, person, row, ask)
	return e, err
}

func (q Inquiry) person(ctx context.Context, who settle.Identity, ask Ask) (Person, Insurance, error) {
	query, err := NewPersonQuery(who)
	if q.Token != "" {
		query, err = NewTokenQuery(q.Token), nil
	}
	if err != nil {
		return Person{}, Insurance{}, refuse("PLATFORM_NO_CERTIFICATE", "who", "没有卡号和卡识别码，也没有身份证号，无法查询医保平台。", err.Error())
	}
	reply, err := ask(ctx, InfoPerson, query)
	if err != nil {
		return Person{}, Insurance{}, err
	}
	p, err := ReadPerson(reply)
	if err != nil {
		return Person{}, Insurance{}, err
	}
	if err := p.same(who); err != nil {
		return Person{}, Insurance{}, err
	}
	row, err := p.Insured(or(q.Codes.Area, Shenzhen), "")
	return p, row, err
}

// same refuses an answer about somebody else than the card says. Masked or absent
// numbers prove nothing.
func (p Person) same(who settle.Identity) error {
	told, card := string(p.Base.IDNumber), who.IDNumber.ClearPersonalData()
	if told == "" || card == "" || strings.Contains(told, "*") || strings.EqualFold(told, card) {
		return nil
	}
	return refuse("PLATFORM_OTHER_PERSON", "certno", "医保平台返回的身份与卡内身份不一致，请核对持卡人。",
		"the id number in the answer to 1101 is not the card's")
}

func (q Inquiry) insured(p Person, row Insurance) (settle.Insured, error) {
	birth := birthOf(p.Base)
	if birth == 0 {
		return settle.Insured{}, refuse("PLATFORM_NO_BIRTH", "brdy", "医保平台没有返回出生日期，无法确定待遇。", "1101 has neither brdy nor an id number with a birthday")
	}
	in := settle.Insured{Birth: birth}
	psn := string(row.PersonType)
	switch {
	case row.Type == "310":
		in.Category, in.Retired = settle.EmployeeTier1, retired(psn)
		if q.Codes.Tier2Person != "" && psn == q.Codes.Tier2Person {
			in.Category = settle.EmployeeTier2
		}
		in.Own = &settle.Account{Balance: row.Balance.Fen}
	default:
		in.Category = residentCategory(psn, birth, q.day())
	}
	return in, nil
}

func birthOf(b Base) settle.Date {
	if d := DayOf(string(b.Birth)); d != 0 {
		return d
	}
	if id := string(b.IDNumber); len(id) == 18 {
		return DayOf(id[6:14])
	}
	return 0
}

// retired knows 退休 in the national table (12, 1204) and Jiangxi's (21).
func retired(psnType string) bool {
	return strings.HasPrefix(psnType, "12") || psnType == "21"
}

// residentCategory maps 人员类别 of insurance type 390 (interface 4), and goes by age
// where the type does not tell.
func residentCategory(psnType string, birth, day settle.Date) settle.Category {
	switch psnType {
	case "1401", "1402", "1403", "1405", "41", "42":
		return settle.ChildResident
	case "1404", "43":
		return settle.Student
	}
	switch {
	case strings.HasPrefix(psnType, "15"), strings.HasPrefix(psnType, "16"):
		return settle.Resident
	case day < birth.AddYears(18):
		return settle.ChildResident
	}
	return settle.Resident
}

func (q Inquiry) day() settle.Date {
	y, m, d := q.Now.In(Zone()).Date()
	day, _ := settle.NewDate(y, int(m), d)
	return day
}

// benefit asks 2001 and takes the widest period around today in which the basic
// fund's benefits are enjoyed. That the platform says so also settles whether a
// second enrolment elsewhere stands in the way.
func (q Inquiry) benefit(ctx context.Context, p Person, row Insurance, ask Ask) (settle.Benefit, error) {
	var query BenefitCheck
	d := &query.Data
	d.PersonNo, d.Type, d.Institution = p.Base.PersonNo, string(row.Type), q.Institution
	d.MedType, d.Began = or(q.Codes.MedType, "11"), q.Now.In(Zone()).Format(TimeLayout)
	reply, err := ask(ctx, InfoBenefit, query)
	if err != nil {
		return settle.Benefit{}, err
	}
	rows, err := ReadBenefits(reply)
	if err != nil {
		return settle.Benefit{}, err
	}
	return q.period(rows)
}

func (q Inquiry) period(rows []Benefit) (settle.Benefit, error) {
	b, found, why := settle.Benefit{Kind: settle.BenefitExplicit}, false, ""
	for _, r := range basic(rows) {
		from, to := DayOf(string(r.From)), DayOf(string(r.To))
		if r.Enjoyed != "1" || !q.day().Within(from, to) {
			why = or(why, string(r.Why))
			continue
		}
		if from == 0 {
			from = q.day()
		}
		if !found || from < b.From {
			b.From = from
		}
		if !found || to == 0 || (b.To != 0 && to > b.To) {
			b.To = to
		}
		found = true
	}
	if !found {
		return settle.Benefit{}, refuse("NO_BENEFIT", "trtinfo", "该参保人目前不能享受医保待遇："+or(maskNumbers(why), "平台未说明原因"),
			"2001 has no benefit that is enjoyed on "+q.day().String())
	}
	return b, nil
}

// basic leaves only the rows of the basic funds (310100, 390100), if there are any.
func basic(rows []Benefit) []Benefit {
	var out []Benefit
	for _, r := range rows {
		if r.FundType == "310100" || r.FundType == "390100" {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return rows
	}
	return out
}

// selections asks 5302. An institution that the registry does not know is kept by code and
// name, and the city if the code tells it, without kind and level: a computation that needs
// them refuses. A row that ends before it begins was taken back, and is none; of two
// that overlap the one that begins later has taken the other's place (S-7).
func (q Inquiry) selections(ctx context.Context, p Person, row Insurance, ask Ask) ([]settle.Selection, error) {
	var query SelectionQuery
	query.Data.PersonNo, query.Data.Apply = p.Base.PersonNo, or(q.Codes.Apply, "03")
	reply, err := ask(ctx, InfoSelections, query)
	if err != nil {
		return nil, err
	}
	rows, err := ReadSelections(reply)
	if err != nil {
		return nil, err
	}
	var out []settle.Selection
	for _, r := range rows {
		if r.Institution == "" || (r.Type != "" && r.Type != row.Type) {
			continue
		}
		s := settle.Selection{Institution: q.institution(string(r.Institution), string(r.Name)), From: DayOf(string(r.From)), To: DayOf(string(r.To))}
		if s.To == 0 || s.From <= s.To {
			out = append(out, s)
		}
	}
	for i := range out {
		out[i].To = untilNext(&out[i], out)
	}
	return out, nil
}

// institution gives what the registry has of a code, or what the code itself tells.
func (q Inquiry) institution(code, name string) settle.Institution {
	at, known := q.Registry.Institution(code)
	if !known {
		at = settle.Institution{ID: code, Name: name}
		if len(code) > 5 && code[1:5] == Shenzhen[:4] { // a letter and the 6 digits of the district
			at.City = settle.HomeCity
		}
	}
	return at
}

// untilNext is the last day of a selection: the day before the next one begins, in the city
// or out of it as this one, if that is earlier than what it says itself.
func untilNext(s *settle.Selection, all []settle.Selection) settle.Date {
	to, home := s.To, s.Institution.City == settle.HomeCity
	for i := range all {
		n := &all[i]
		if s.From != 0 && n.From > s.From && (n.Institution.City == settle.HomeCity) == home && (to == 0 || n.From <= to) {
			to = n.From.Prev()
		}
	}
	return to
}

// usage asks 5206 for what the fund has paid this year.
func (q Inquiry) usage(ctx context.Context, p Person, row Insurance, ask Ask) (settle.Usage, error) {
	var query UsageQuery
	query.Data.PersonNo = p.Base.PersonNo
	reply, err := ask(ctx, InfoUsage, query)
	if err != nil {
		return settle.Usage{}, err
	}
	rows, err := ReadUsage(reply)
	if err != nil {
		return settle.Usage{}, err
	}
	year := fmt.Sprintf("%04d", q.day().Year())
	return settle.Usage{
		Ordinary:       sumOf(rows, row.Type, year, or(q.Codes.Used, CumOrdinary)),
		OrdinaryLevel2: sumOf(rows, row.Type, year, or(q.Codes.UsedLevel2, CumOrdinaryLevel2)),
	}, nil
}

// sumOf adds the year's rows of one kind: the row for the whole year if there is
// one (cum_ym absent, the year alone, or with month 00), else its months.
func sumOf(rows []Accumulated, insutype Text, year, kind string) settle.Fen {
	var whole, months settle.Fen
	hasWhole := false
	for _, r := range rows {
		month := string(r.Month)
		if r.Type != insutype || string(r.Kind) != kind || or(string(r.Year), month[:min(4, len(month))]) != year {
			continue
		}
		switch {
		case month == "", month == year, month == year+"00":
			whole, hasWhole = whole+r.Sum.Fen, true
		default:
			months += r.Sum.Fen
		}
	}
	if hasWhole {
		return whole
	}
	return months
}

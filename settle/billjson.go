package settle

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// BillHead is what a hospital's bill says beside the bill itself.
type BillHead struct {
	Key     string  // idempotency key: the hospital's own bill number
	Patient Private // id number of the patient, "" if not stated
	Total   Fen     // as stated; equal to the sum of the lines
}

// maxKey is the most bytes of an idempotency key.
const maxKey = 64

// maxDiagnoses is the most diagnoses of a visit.
const maxDiagnoses = 30

// DecodeBill reads a bill as the hospital's system sends it, a JSON object:
//
//	{"key": "OP20261121-0001", "patient": {"id_number": "…"},
//	 "visit": {"date": "2026-11-21", "kind": "outpatient", "outpatient_no": "…",
//	   "began": "2026-11-21 09:12:30", "department": {"code": "…", "name": "儿科"},
//	   "specialty": "A07", "doctor": {"code": "…", "name": "…"},
//	   "diagnoses": [{"code": "J06.900", "name": "…"}]},
//	 "total": "128.40",
//	 "items": [{"name": "…", "code": "…", "hospital_code": "…", "charge": "09",
//	   "category": "B", "unit_price": "12.3456", "qty": "2", "price_cap": "12.00",
//	   "first_self_pay_ratio": "0.10", "consultation": false}]}
//
// A line with a code may leave name, category, price_cap, first_self_pay_ratio, charge
// and consultation to the catalogue ([Line.Open]).
//
// Amounts, prices, quantities and ratios are strings of plain decimals. Anything else
// than this is a [*Refusal] that names the field and, of an item, the line from 1:
// unknown, repeated and missing fields, wrong form, negative or zero quantities, a
// total that is not the sum of the lines. The bill does not say where it is: the
// caller sets Visit.Institution. Memory is bounded by [MaxBody].
//
// An inpatient's visit has the day of discharge as "date" (D-4), the admission as "began",
// and "visit_id" ([Chart.VisitID]), which no other visit may have.
func DecodeBill(data []byte) (Bill, Chart, BillHead, error) {
	d, refused := newDecoder(data)
	if refused != nil {
		return Bill{}, Chart{}, BillHead{}, refused
	}
	b := &billReader{decoder: d}
	b.object("", []field{
		{"key", true, b.key},
		{"patient", false, b.patient},
		{"visit", true, b.visit},
		{"total", true, b.fen(&b.head.Total)},
		{"items", true, b.items},
	})
	b.end()
	b.checkTotal()
	if b.failed != nil {
		return Bill{}, Chart{}, BillHead{}, b.failed
	}
	return b.bill, b.chart, b.head, nil
}

// billReader is a bill under way.
type billReader struct {
	*decoder
	bill  Bill
	chart Chart
	head  BillHead
}

func (b *billReader) key(path string) {
	b.text(&b.head.Key)(path)
	if len(b.head.Key) > maxKey {
		b.fail(BadField, path, "the key is over "+strconv.Itoa(maxKey)+" bytes")
	}
}

func (b *billReader) patient(path string) {
	var id string
	b.object(path, []field{{"id_number", true, b.text(&id)}})
	b.head.Patient = Private(id)
}

func (b *billReader) visit(path string) {
	v, c := &b.bill.Visit, &b.chart
	kind, filing, channel := "", "", ""
	b.object(path, []field{
		{"date", true, b.day(&v.Day)},
		{"kind", true, b.text(&kind)},
		{"referral_in_city", false, b.flag(&v.ReferralInCity)},
		{"filing", false, b.text(&filing)},
		{"admission_no", false, b.count(&v.AdmissionNo, 1000)},
		{"continuous_months", false, b.count(&v.ContinuousMonths, 1200)},
		{"channel", false, b.text(&channel)},
		{"outpatient_no", false, b.text(&c.OutpatientNo)},
		{"visit_id", false, b.text(&c.VisitID)},
		{"began", false, b.text(&c.Began)},
		{"department", false, b.named(&c.Department)},
		{"specialty", false, b.text(&c.Specialty)},
		{"doctor", false, b.named(&c.Doctor)},
		{"diagnoses", false, b.diagnoses},
	})
	v.Kind, v.Filing, v.Channel = VisitKind(kind), Filing(filing), Channel(channel)
	switch {
	case b.failed != nil:
	case !v.Kind.known():
		b.fail(BadField, path+".kind", strconv.Quote(Clip(kind)))
	case v.Filing != NoFiling && v.Filing != FilingLongTerm && v.Filing != FilingReferral:
		b.fail(BadField, path+".filing", strconv.Quote(Clip(filing)))
	case v.Channel != Counter && v.Channel != Mobile:
		b.fail(BadField, path+".channel", strconv.Quote(Clip(channel)))
	case v.Kind != Inpatient && c.VisitID != "":
		b.fail(BadField, path+".visit_id", "only an inpatient's visit is registered before the bill")
	case c.Began != "" && !began(c.Began, v):
		b.fail(BadField, path+".began", "\"2006-01-02 15:04:05\" on the visit's day, of an inpatient not after it, is expected, not "+strconv.Quote(Clip(c.Began)))
	}
}

// began tells whether s is a moment, "2006-01-02 15:04:05", at which the visit may have
// begun: on its day, and a stay on that of the discharge or before.
func began(s string, v *Visit) bool {
	text, clock, _ := strings.Cut(s, " ")
	day, err := ParseDate(text)
	if err != nil || day > v.Day || day < v.Day && v.Kind != Inpatient || len(clock) != 8 || clock[2] != ':' || clock[5] != ':' {
		return false
	}
	h, okH := number(clock[:2])
	m, okM := number(clock[3:5])
	sec, okS := number(clock[6:])
	return okH && okM && okS && h < 24 && m < 60 && sec < 60
}

func (b *billReader) named(to *Named) func(string) {
	return func(path string) {
		b.object(path, []field{{"code", true, b.text(&to.Code)}, {"name", true, b.text(&to.Name)}})
	}
}

func (b *billReader) diagnoses(path string) {
	b.list(path, maxDiagnoses, BadField, func(_ int, path string) {
		var d Diagnosis
		b.object(path, []field{{"code", true, b.text(&d.Code)}, {"name", true, b.text(&d.Name)}})
		b.chart.Diagnoses = append(b.chart.Diagnoses, d)
	})
}

func (b *billReader) items(path string) {
	b.list(path, MaxLines, TooManyLines, func(i int, path string) {
		b.line = i + 1
		b.item(path)
		b.line = 0
	})
	if b.failed == nil && len(b.bill.Lines) == 0 {
		b.fail(MissingField, path, "the bill has no line")
	}
}

func (b *billReader) item(path string) {
	var l Line
	l.Open = Open{Ratio: true, Consultation: true}
	grade, kind := "", ""
	b.object(path, []field{
		{"name", false, b.text(&l.Name)},
		{"code", false, b.text(&l.Code)},
		{"hospital_code", false, b.text(&l.HospitalCode)},
		{"charge", false, b.text(&l.Charge)},
		{"category", false, b.text(&grade)},
		{"unit_price", true, b.decimal(&l.UnitPrice, 9)},
		{"qty", true, b.decimal(&l.Quantity, 6)},
		{"price_cap", false, func(path string) {
			b.decimal(&l.PriceCap.Decimal, 9)(path)
			l.PriceCap.Valid = true
		}},
		{"first_self_pay_ratio", false, func(path string) {
			b.decimal(&l.FirstSelfPay, 1)(path)
			l.Open.Ratio = false
		}},
		{"consultation", false, func(path string) {
			b.flag(&l.Consultation)(path)
			l.Open.Consultation = false
		}},
		{"large_equipment", false, b.flag(&l.LargeEquipment)},
		{"vaccination", false, b.flag(&l.Vaccination)},
		{"kind", false, b.text(&kind)},
	})
	l.Grade, l.Kind = Grade(grade), LineKind(kind)
	b.checkItem(path, &l)
	b.bill.Lines = append(b.bill.Lines, l)
}

// checkItem checks what one field alone does not show.
func (b *billReader) checkItem(path string, l *Line) {
	switch {
	case b.failed != nil:
	case l.Code == "" && l.Grade == "":
		b.fail(MissingField, path+".category", "a line without a code states its category")
	case l.Name == "" && l.Grade != "":
		b.fail(MissingField, path+".name", "a line that states its category states its name")
	case l.Grade != "" && l.Grade != GradeA && l.Grade != GradeB && l.Grade != GradeC:
		b.fail(BadField, path+".category", "the category is A, B or C, not "+strconv.Quote(Clip(string(l.Grade))))
	case !l.Quantity.IsPositive():
		b.fail(BadField, path+".qty", "the quantity is not positive")
	case !isRatio(l.FirstSelfPay):
		b.fail(BadField, path+".first_self_pay_ratio", "the ratio is not from 0 to 1")
	case l.Grade == GradeB && l.Open.Ratio && l.Code == "":
		b.fail(MissingField, path+".first_self_pay_ratio", "category B needs its ratio: there is no common one (B-1)")
	case l.Grade == GradeA && !l.FirstSelfPay.IsZero():
		b.fail(BadField, path+".first_self_pay_ratio", "category A has no first self-pay; an item with one is B")
	case l.Kind != "" && l.Kind != ServiceLine:
		b.fail(BadField, path+".kind", strconv.Quote(Clip(string(l.Kind))))
	}
}

// checkTotal checks the stated total against the lines, each rounded to the fen (D-2).
func (b *billReader) checkTotal() {
	var sum Fen
	for i := range b.bill.Lines {
		if b.failed != nil {
			return
		}
		l := &b.bill.Lines[i]
		amount, ok := priced(l.UnitPrice, l.Quantity)
		if sum += amount; !ok || sum > MaxFen {
			b.line = i + 1
			b.fail(AmountTooLarge, "items["+strconv.Itoa(i)+"]", "")
			return
		}
	}
	if sum != b.head.Total {
		b.fail(TotalMismatch, "total", "the total says "+b.head.Total.String()+", the lines sum to "+sum.String())
		if b.failed.Code == TotalMismatch {
			b.failed.Cashier = "账单合计 " + b.head.Total.String() + " 元与各行之和 " + sum.String() + " 元不一致；请在医院系统中重新计价后发送。"
		}
	}
}

func (b *billReader) day(to *Date) func(string) {
	return func(path string) {
		var s string
		b.text(&s)(path)
		day, err := ParseDate(s)
		if err != nil {
			b.fail(BadField, path, err.Error())
		}
		*to = day
	}
}

// fen reads an amount of money, not negative.
func (b *billReader) fen(to *Fen) func(string) {
	return func(path string) {
		f, err := ParseFen(b.digits(path))
		switch {
		case err != nil:
			b.fail(BadField, path, err.Error())
		case f < 0:
			b.fail(BadField, path, "the amount is negative")
		}
		*to = f
	}
}

// decimal reads a price, quantity or ratio with at most 4 decimals.
func (b *billReader) decimal(to *decimal.Decimal, whole int) func(string) {
	return func(path string) {
		v, err := ParseDecimal(b.digits(path), whole, 4)
		if err != nil {
			b.fail(BadField, path, err.Error())
		}
		*to = v
	}
}

package settle_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"settled/settle"
)

func bill(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile("../testdata/bills/" + name + ".json")
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func TestDecodeBill(t *testing.T) {
	b, chart, head, err := settle.DecodeBill(bill(t, "child-visit"))
	if err != nil {
		t.Fatal(err)
	}
	if head.Key != "MZ20261121-000317" || head.Total != yuan("258.94") || head.Patient.ClearPersonalData() != "440304201806010019" {
		t.Errorf("head %+v", head)
	}
	if b.Visit.Day != date("2026-11-21") || b.Visit.Kind != settle.Outpatient || len(b.Lines) != 12 {
		t.Errorf("visit %+v, %d lines", b.Visit, len(b.Lines))
	}
	if chart.Department.Name != "儿科门诊" || chart.Began != "2026-11-21 09:12:30" || len(chart.Diagnoses) != 2 {
		t.Errorf("chart %+v", chart)
	}
	if l := b.Lines[8]; !l.PriceCap.Valid || l.PriceCap.Decimal.String() != "11.5" || l.HospitalCode != "YP1302" || l.Charge != "09" {
		t.Errorf("line 9 %+v", l)
	}
}

// TestDecodeStay: an inpatient's bill has the admission's number and moment; no other may.
func TestDecodeStay(t *testing.T) {
	b, chart, _, err := settle.DecodeBill(bill(t, "child-stay"))
	if err != nil {
		t.Fatal(err)
	}
	if v := b.Visit; v.Kind != settle.Inpatient || v.Day != date("2026-11-21") || v.AdmissionNo != 1 {
		t.Errorf("visit %+v", v)
	}
	if chart.VisitID != "44039100000000000001" || chart.Began != "2026-11-17 20:40:00" || chart.OutpatientNo != "ZY2611180042" {
		t.Errorf("chart %+v", chart)
	}
	for name, c := range map[string]struct{ old, replacement, field string }{
		"admitted after the discharge": {"2026-11-17 20:40:00", "2026-11-22 00:00:00", "visit.began"},
		"admitted on no day":           {"2026-11-17 20:40:00", "2026-02-30 20:40:00", "visit.began"},
		"admitted at no hour":          {"2026-11-17 20:40:00", "2026-11-17 24:00:00", "visit.began"},
		"admitted without an hour":     {"2026-11-17 20:40:00", "2026-11-17", "visit.began"},
		"no stay":                      {`"inpatient"`, `"emergency"`, "visit.visit_id"},
		"a number for a text":          {`"44039100000000000001"`, "44039100000000000001", "visit.visit_id"},
	} {
		_, _, _, err := settle.DecodeBill(bytes.Replace(bill(t, "child-stay"), []byte(c.old), []byte(c.replacement), 1))
		var r *settle.Refusal
		if !errors.As(err, &r) || r.Code != settle.BadField || r.Field != c.field {
			t.Errorf("%s: %v, want %s", name, err, c.field)
		}
	}
}

// TestBadBills: each bad bill is refused, with the field and the line.
func TestBadBills(t *testing.T) {
	good := string(bill(t, "child-visit"))
	edit := func(old, replacement string) []byte { return []byte(strings.Replace(good, old, replacement, 1)) }
	lines := func(n int) []byte {
		one := `{"name":"药","category":"A","unit_price":"0.01","qty":"1"}`
		return []byte(`{"key":"k","visit":{"date":"2026-11-21","kind":"outpatient"},"total":"1.00","items":[` + strings.Repeat(one+",", n-1) + one + `]}`)
	}
	for _, c := range []struct {
		name  string
		data  []byte
		code  settle.Code
		field string
		line  int
	}{
		{"unknown field", bill(t, "bad-unknown-field"), settle.UnknownField, "items[1].discount", 2},
		{"duplicate field", bill(t, "bad-duplicate-field"), settle.DuplicateField, "items[1].name", 2},
		{"GBK", bill(t, "bad-encoding"), settle.BadEncoding, "", 0},
		{"negative quantity", bill(t, "bad-negative-quantity"), settle.BadField, "items[3].qty", 4},
		{"zero quantity", bill(t, "bad-zero-quantity"), settle.BadField, "items[2].qty", 3},
		{"unknown category", bill(t, "bad-category"), settle.BadField, "items[1].category", 2},
		{"exponent in a string", bill(t, "bad-exponent-price"), settle.BadField, "items[2].unit_price", 3},
		{"exponent in a number", bill(t, "bad-exponent-number"), settle.BadField, "items[2].unit_price", 3},
		{"JSON number", bill(t, "bad-float"), settle.BadField, "items[1].unit_price", 2},
		{"wrong total", bill(t, "bad-total"), settle.TotalMismatch, "total", 0},
		{"no price", bill(t, "bad-missing-price"), settle.MissingField, "items[1].unit_price", 2},
		{"no ratio and no code", []byte(strings.Replace(string(bill(t, "bad-missing-ratio")), `"code": "002504030520000", `, "", 1)), settle.MissingField, "items[3].first_self_pay_ratio", 4},
		{"neither category nor code", edit(`"code": "002501010150000", "hospital_code": "HY0023", "charge": "04", "category": "A", `, ""), settle.MissingField, "items[1].category", 2},
		{"a category without a name", edit(`"name": "血常规（五分类）", `, ""), settle.MissingField, "items[1].name", 2},
		{"ratio over 1", bill(t, "bad-ratio"), settle.BadField, "items[3].first_self_pay_ratio", 4},
		{"30 February", bill(t, "bad-date"), settle.BadField, "visit.date", 0},
		{"cut off", bill(t, "bad-truncated"), settle.BadSyntax, "items[0]", 1},
		{"empty", nil, settle.BadSyntax, "", 0},
		{"null", []byte("null"), settle.BadField, "", 0},
		{"a list", []byte("[]"), settle.BadField, "", 0},
		{"two objects", []byte(good + good), settle.BadSyntax, "", 0},
		{"no lines", []byte(`{"key":"k","visit":{"date":"2026-11-21","kind":"outpatient"},"total":"0.00","items":[]}`), settle.MissingField, "items", 0},
		{"1,001 lines", lines(settle.MaxLines + 1), settle.TooManyLines, "items", 0},
		{"10,000 lines", lines(10_000), settle.TooManyLines, "items", 0},
		{"over 4 MiB", bytes.Repeat([]byte(" "), settle.MaxBody+1), settle.BodyTooLarge, "", 0},
		{"began on another day", edit("2026-11-21 09:12:30", "2026-11-20 09:12:30"), settle.BadField, "visit.began", 0},
		{"began without seconds", edit("2026-11-21 09:12:30", "2026-11-21 09:12"), settle.BadField, "visit.began", 0},
		{"unknown visit", edit(`"kind": "outpatient"`, `"kind": "OUTPATIENT"`), settle.BadField, "visit.kind", 0},
		{"five decimals", edit(`"5.2300"`, `"5.23001"`), settle.BadField, "items[5].unit_price", 6},
		{"a sign", edit(`"5.2300"`, `"+5.2300"`), settle.BadField, "items[5].unit_price", 6},
		{"a null price", edit(`"5.2300"`, `null`), settle.BadField, "items[5].unit_price", 6},
		{"a flag in quotes", edit(`"consultation": true`, `"consultation": "true"`), settle.BadField, "items[0].consultation", 1},
		{"an object as name", edit(`"name": "布洛芬混悬液"`, `"name": {"a": 1}`), settle.BadField, "items[8].name", 9},
		{"a broken surrogate", edit(`布洛芬混悬液`, `\ud800`), settle.BadEncoding, "items[8].name", 9},
		{"a control character", edit(`布洛芬混悬液`, `a\u0000b`), settle.BadField, "items[8].name", 9},
		{"a long name", edit(`布洛芬混悬液`, strings.Repeat("药", 400)), settle.BadField, "items[8].name", 9},
		{"a long key", edit("MZ20261121-000317", strings.Repeat("k", 65)), settle.BadField, "key", 0},
		{"an empty key", edit("MZ20261121-000317", " "), settle.BadField, "key", 0},
		{"A with a ratio", edit(`"category": "B"`, `"category": "A"`), settle.BadField, "items[3].first_self_pay_ratio", 4},
		{"huge amounts", edit(`"5.2300", "qty": "4"`, `"999999999", "qty": "999999"`), settle.AmountTooLarge, "items[5]", 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, _, err := settle.DecodeBill(c.data)
			var r *settle.Refusal
			if !errors.As(err, &r) {
				t.Fatalf("error %v, want a refusal", err)
			}
			if r.Code != c.code || r.Field != c.field || r.Line != c.line {
				t.Errorf("%s %q line %d, want %s %q line %d", r.Code, r.Field, r.Line, c.code, c.field, c.line)
			}
			if r.Cashier == "" || r.Technician == "" || len(r.Technician) > 400 {
				t.Errorf("texts %q, %q", r.Cashier, r.Technician)
			}
		})
	}
}

// TestOpenLines: a line with a code may leave fields to the catalogue, which the line
// tells from stated ones; a bill that nothing completed is refused.
func TestOpenLines(t *testing.T) {
	good := string(bill(t, "child-visit"))
	set := illustrative(t)
	for name, c := range map[string]struct{ old, field string }{
		"no ratio":    {`, "first_self_pay_ratio": "0.10"`, "items[3].first_self_pay_ratio"},
		"no category": {`"name": "普通门诊诊查费（儿科）", "code": "001102000010000", "hospital_code": "ZC0101", "charge": "02", "category": "A"`, "items[0].category"},
	} {
		b, _, _, err := settle.DecodeBill([]byte(strings.Replace(good, c.old, map[bool]string{true: `"code": "001102000010000"`}[name == "no category"], 1)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		b.Visit.Institution = centreA
		_, err = settle.Compute(set.On(b.Visit.Day), child(), b, settle.Usage{})
		var r *settle.Refusal
		if !errors.As(err, &r) || r.Code != settle.MissingField || r.Field != c.field || !strings.Contains(r.Cashier, "行的") {
			t.Errorf("%s: %v", name, err)
		}
	}
	b, _, _, err := settle.DecodeBill([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if l := b.Lines[0]; l.Open != (settle.Open{Ratio: true}) {
		t.Errorf("line 1 leaves open %+v", l.Open)
	}
	if l := b.Lines[3]; l.Open != (settle.Open{Consultation: true}) {
		t.Errorf("line 4 leaves open %+v", l.Open)
	}
}

// TestSource: the steps of a line say where its category, cap and ratio come from.
func TestSource(t *testing.T) {
	b, _, _, err := settle.DecodeBill(bill(t, "child-visit"))
	if err != nil {
		t.Fatal(err)
	}
	b.Visit.Institution = centreA
	for i := range b.Lines {
		b.Lines[i].Source = "catalogue " + b.Lines[i].Code
	}
	s := compute(t, illustrative(t), child(), b, settle.Usage{})
	seen := 0
	for _, step := range s.Steps {
		switch step.What {
		case settle.StepOverCap, settle.StepFirstSelfPay, settle.StepSelfFunded:
			seen++
			if want := "catalogue " + b.Lines[step.Line-1].Code; step.Source != want {
				t.Errorf("line %d: %s from %q, want %q", step.Line, step.What, step.Source, want)
			}
		}
	}
	if seen != 7 {
		t.Errorf("%d steps looked at", seen)
	}
}

// TestBillSettles: the bill of the demonstration settles by the illustrative rules.
func TestBillSettles(t *testing.T) {
	set, p := illustrative(t), child()
	b, _, head, err := settle.DecodeBill(bill(t, "child-visit"))
	if err != nil {
		t.Fatal(err)
	}
	b.Visit.Institution = centreA
	p.Family = []settle.FamilyAccount{parent("P1", "20.00"), parent("P2", "500.00")}
	s := compute(t, set, p, b, settle.Usage{})
	if s.Total != head.Total || s.Status != settle.Settled {
		t.Fatalf("%s, total %s of %s", s.Status, s.Total, head.Total)
	}
	// 25.00 × 80 % and, of 204.41 in scope, 75 %; 1.30 over the cap and 15.80 of
	// category C are cash.
	if s.Fund != yuan("173.31") || s.Family != yuan("68.53") || s.Cash != yuan("17.10") {
		t.Errorf("fund %s family %s cash %s", s.Fund, s.Family, s.Cash)
	}
	if !set.On(b.Visit.Day).Illustrative {
		t.Error("the rules do not say that they are illustrative")
	}
}

func FuzzDecodeBill(f *testing.F) {
	for _, name := range []string{"child-visit", "bad-unknown-field", "bad-duplicate-field", "bad-exponent-number", "bad-truncated", "bad-encoding"} {
		f.Add(bill(f, name))
	}
	f.Add([]byte(`{"key":"k","items":[{"unit_price":1E1000000000}]}`))
	f.Add([]byte(strings.Repeat("[", 10_000)))
	set := shipped(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		b, _, head, err := settle.DecodeBill(data)
		if err != nil {
			var r *settle.Refusal
			if !errors.As(err, &r) || r.Code == "" || r.Cashier == "" || r.Technician == "" {
				t.Fatalf("not a whole refusal: %v", err)
			}
			return
		}
		b.Visit.Institution = centreA
		s, err := settle.Compute(set.On(b.Visit.Day), child(), b, settle.Usage{})
		if err != nil {
			var r *settle.Refusal
			if !errors.As(err, &r) {
				t.Fatal(err)
			}
			return
		}
		if s.Total != head.Total {
			t.Fatalf("total %s, the bill says %s", s.Total, head.Total)
		}
	})
}

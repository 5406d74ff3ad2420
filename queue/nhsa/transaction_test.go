package nhsa

import (
	"bytes"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// TestRequestsAreClean encodes an example of every request, with all fields and with the
// required ones alone, and lets the inspector find nothing in it.
func TestRequestsAreClean(t *testing.T) {
	s := mustSpec(t)
	for _, infno := range Infnos() {
		for _, full := range []bool{true, false} {
			v := mustRequest(t, infno)
			example(s, reflect.ValueOf(v).Elem(), full)
			if err := CheckRequest(infno, v); err != nil {
				t.Errorf("%s: %v", infno, err)
			}
			body := mustEncode(t, infno, v)
			got := s.Inspect(body)
			odd := slices.DeleteFunc(got.Warnings, func(w string) bool { return strings.Contains(w, "price times quantity") }) // each is the longest of its form
			if got.Kind != KindRequest || got.Infno != infno || len(odd) > 0 {
				t.Errorf("%s: %q in %s", infno, odd, body)
			}
		}
	}
}

// TestRequestsAreHeldToTheirForms changes one field of an example at a time: leaves it out
// where it is required, makes it longer than its form.
func TestRequestsAreHeldToTheirForms(t *testing.T) {
	s := mustSpec(t)
	for _, infno := range Infnos() {
		for name, row := range nodesOf(reflect.TypeOf(mustRequest(t, infno)).Elem()) {
			for field, f := range visible(row) {
				wire := f.Tag.Get("wire")
				for _, value := range spoiled(wire, f.Type) {
					v := mustRequest(t, infno)
					example(s, reflect.ValueOf(v).Elem(), true)
					setField(reflect.ValueOf(v).Elem(), name, field, value)
					err := CheckRequest(infno, v)
					var fe *FieldError
					if !errors.As(err, &fe) || !strings.HasSuffix(fe.Field, "."+field) {
						t.Errorf("%s %s.%s (%s) = %v: error %v", infno, name, field, wire, value, err)
					}
				}
			}
		}
	}
}

// spoiled are values that a field must not take.
func spoiled(wire string, of reflect.Type) (values []any) {
	rule, required := strings.CutSuffix(wire, "*")
	if of == reflect.TypeFor[decimal.Decimal]() {
		values = append(values, decimal.New(1, -7), decimal.New(1, 16))
		if !strings.HasPrefix(rule, "-") {
			values = append(values, decimal.New(-1, 0))
		}
		return values
	}
	if of.Kind() != reflect.String {
		return nil
	}
	if required {
		values = append(values, "")
	}
	switch {
	case rule == "T", rule == "D":
		return append(values, "2026-13-01", "21.11.2026", "20261121")
	case strings.HasPrefix(rule, "C"):
		n, _ := strconv.Atoi(rule[1:])
		return append(values, strings.Repeat("长", n+1), "\xff")
	case strings.HasPrefix(rule, "N"):
		return append(values, "1e99", "-1", "x", "1.00001", "99999999999")
	}
	return values
}

func setField(v reflect.Value, node, field string, value any) {
	for i := range v.NumField() {
		if jsonName(v.Type().Field(i)) != node {
			continue
		}
		row := v.Field(i)
		if row.Kind() == reflect.Slice {
			row = row.Index(0)
		}
		for _, f := range reflect.VisibleFields(row.Type()) {
			if jsonName(f) == field {
				row.FieldByIndex(f.Index).Set(reflect.ValueOf(value).Convert(f.Type))
			}
		}
	}
}

// TestRequestsRoundTrip reads back what was encoded, and an input of another client's
// manners: a row for a list, numbers for text, JSON in a string, fields that are new.
func TestRequestsRoundTrip(t *testing.T) {
	s := mustSpec(t)
	for _, infno := range Infnos() {
		v := mustRequest(t, infno)
		example(s, reflect.ValueOf(v).Elem(), true)
		input, err := compact(v)
		if err != nil {
			t.Fatal(err)
		}
		quoted, err := compact(string(input))
		if err != nil {
			t.Fatal(err)
		}
		o, err := readObject(input)
		if err != nil {
			t.Fatal(err)
		}
		shaped, err := compact(mapRows(o, func(name string, rows []any) any { return rows[0] }, func(row map[string]any) { row["zz_new"] = []any{1} }))
		if err != nil {
			t.Fatal(err)
		}
		for what, in := range map[string][]byte{"as encoded": input, "in a string": quoted, "rows as objects": shaped} {
			back, err := ReadRequest(infno, in)
			if err != nil || !same1(back, v) {
				t.Errorf("%s %s: %v\n%+v\n%+v", infno, what, err, back, v)
			}
		}
	}
	check := mustRequest(t, InfoBenefit)
	example(s, reflect.ValueOf(check).Elem(), true)
	setField(reflect.ValueOf(check).Elem(), "data", "insutype", "ZZ9")
	if err := CheckRequest(InfoBenefit, check); err != nil {
		t.Errorf("a code that is new: %v", err)
	}
	if _, err := ReadRequest("7777", nil); err == nil {
		t.Error("a transaction that is none was read")
	}
	var fe *FieldError
	if err := CheckRequest(InfoSettle, NewSignIn("1", "m", "i")); !errors.As(err, &fe) || fe.Field != "input" {
		t.Errorf("a sign-in sent as a settlement: %v", err)
	}
	if err := CheckRequest("2207A", &struct {
		X string `json:"x" wire:"C1"`
	}{"1"}); err != nil {
		t.Errorf("a type of the caller's own: %v", err)
	}
}

// same1 compares as encoded: amounts and quantities by value.
func same1(a, b any) bool {
	x, err1 := compact(a)
	y, err2 := compact(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

// Null numbers are sent as 0, and fields of single provinces not at all.
func TestEmptyFields(t *testing.T) {
	got, err := compact(Diagnosed{})
	if err != nil || !strings.Contains(string(got), `"diag_srt_no":"0"`) || strings.Contains(string(got), "maindiag_flag") {
		t.Errorf("%s, %v", got, err)
	}
}

func TestTooManyLines(t *testing.T) {
	v := &InpatientFees{Fees: make([]InpatientFee, 101)}
	for i := range v.Fees {
		example(mustSpec(t), reflect.ValueOf(&v.Fees[i]).Elem(), true)
	}
	var fe *FieldError
	if err := CheckRequest(InfoInpatientFees, v); !errors.As(err, &fe) || fe.Field != "input.feedetail" {
		t.Errorf("101 lines: %v", err)
	}
	v.Fees = v.Fees[1:]
	v.Fees[0].Quantity = decimal.New(-1, 0)
	if err := CheckRequest(InfoInpatientFees, v); err != nil {
		t.Errorf("100 lines, one that takes another back: %v", err)
	}
}

func TestExtra(t *testing.T) {
	a := Admission{Stay: Admitted{PersonNo: "1", Extra: Extra{"med_type": "21", "adm_bed": `"1"`, "psn_no": "2"}}}
	got, err := compact(a)
	if want := `{"mdtrtinfo":{"psn_no":"1","adm_bed":"\"1\"","med_type":"21"}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// example fills an input: all fields, or the required ones alone.
func example(s *Spec, v reflect.Value, full bool) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		wire := f.Tag.Get("wire")
		rule, required := strings.CutSuffix(wire, "*")
		switch {
		case f.Type == reflect.TypeFor[settle.Fen]():
			v.Field(i).SetInt(123)
			if jsonName(f) == "medfee_sumamt" {
				v.Field(i).SetInt(4 * 123) // the four parts' sum
			}
		case !full && !required && f.Type.Kind() != reflect.Struct:
		case f.Type == reflect.TypeFor[decimal.Decimal]():
			v.Field(i).Set(reflect.ValueOf(decimal.RequireFromString(exampleText(rule))))
		case f.Type == reflect.TypeFor[FileBytes]():
			v.Field(i).Set(reflect.ValueOf(FileBytes{Bytes: []byte{0, 127, 128, 255}}))
		case f.Type.Kind() == reflect.Struct:
			example(s, v.Field(i), full)
		case f.Type.Kind() == reflect.Slice:
			v.Field(i).Set(reflect.MakeSlice(f.Type, 1, 1))
			example(s, v.Field(i).Index(0), full)
		case f.Type.Kind() == reflect.String:
			text := exampleText(rule)
			if codes := s.codes[jsonName(f)]; len(codes) > 0 {
				text = codes[0]
			}
			v.Field(i).SetString(text)
		}
	}
}

// exampleText is the longest text of a form.
func exampleText(form string) string {
	switch {
	case form == "T":
		return "2026-11-21 09:30:00"
	case form == "D":
		return "2026-11-21"
	case strings.HasPrefix(form, "C"):
		n, _ := strconv.Atoi(form[1:])
		return strings.Repeat(`"长\`, n)[:n/3*5] + strings.Repeat("a", n%3)
	case strings.Contains(form, "N"):
		digits, places, _ := strings.Cut(strings.TrimLeft(form, "-N"), ",")
		n, _ := strconv.Atoi(digits)
		p, _ := strconv.Atoi(places)
		whole := strings.Repeat("9", min(n-p, 9))
		if p == 0 {
			return whole
		}
		return whole + "." + strings.Repeat("9", p)
	}
	return "x"
}

func mustRequest(t testing.TB, infno string) any {
	t.Helper()
	v, err := NewRequest(infno)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustEncode(t testing.TB, infno string, input any) []byte {
	t.Helper()
	head := Head{Institution: "H44030500001", InstitutionName: "鹏湾医院", Operator: "0601", OperatorName: "收费员甲"}
	body, err := Encode(head, infno, "H44030500001202611210930000101", time.Date(2026, 11, 21, 1, 30, 0, 0, time.UTC), "S1", input)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// FuzzReadRequest looks for an input that ends the program, or that passes the check and
// is not clean to the inspector, but for codes.
func FuzzReadRequest(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(samples, "*-req*.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		msg, err := readObject(read(f, file))
		if err != nil {
			f.Fatal(err)
		}
		data, err := compact(msg["input"])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text1(msg, "infno"), data)
	}
	s, err := LoadSpec()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, infno string, data []byte) {
		v, err := ReadRequest(infno, data)
		if err != nil || CheckRequest(infno, v) != nil {
			return
		}
		for _, w := range s.Inspect(mustEncode(t, infno, v)).Warnings {
			if !strings.Contains(w, "unknown code") && !strings.Contains(w, "four parts") && !strings.Contains(w, "a day where a time") &&
				!strings.HasPrefix(w, "template") {
				t.Errorf("%s: %s", infno, w)
			}
		}
	})
}

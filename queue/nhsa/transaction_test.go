package nhsa

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
			if got := s.Inspect(body); got.Kind != KindRequest || got.Infno != infno || len(got.Warnings) > 0 {
				t.Errorf("%s: %q in %s", infno, got.Warnings, body)
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

// TestOutputsLoseNothing reads an example of every reply, made from the specification and
// not from the types, in the manners of several platforms, and looks for each field.
func TestOutputsLoseNothing(t *testing.T) {
	s := mustSpec(t)
	for _, infno := range Infnos() {
		tr := s.transaction(infno)
		if len(tr.reply) == 0 {
			continue
		}
		for how, output := range manners(t, exampleOutput(tr)) {
			r, err := ReadReply(infno, 200, fmt.Appendf(nil, `{"infcode":"0","output":%s}`, output))
			if err != nil {
				t.Fatal(err)
			}
			v, err := NewOutput(r)
			if err != nil {
				t.Errorf("%s, %s: %v", infno, how, err)
				continue
			}
			compareOutput(t, infno+", "+how, tr, exampleOutput(tr), v)
		}
	}
}

// TestSamplesLoseNothing reads every recorded message as its transaction's type and looks
// for each field of it; there is none that the specification does not know.
func TestSamplesLoseNothing(t *testing.T) {
	s := mustSpec(t)
	files, err := filepath.Glob(filepath.Join(samples, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	unknown := map[string]bool{}
	seen := 0
	for _, file := range files {
		infno := strings.Split(filepath.Base(file), "-")[1]
		msg, err := readObject(read(t, file))
		tr := s.transaction(infno)
		if err != nil || tr == nil {
			continue
		}
		if strings.Contains(file, "-req") {
			input := mapScalars(unwrapped(msg["input"]), func(name, value string) any {
				if strings.HasPrefix(value, "<") && numeric(tr.request, name) {
					return "1.25"
				}
				return value
			})
			data, err := compact(input)
			if err != nil {
				t.Fatal(err)
			}
			v, err := ReadRequest(infno, data)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			seen++
			compareNodes(t, file, tr.request, input, v, unknown)
			continue
		}
		r, err := ReadReply(infno, 200, read(t, file))
		if err != nil {
			continue // refusals, which TestSamples knows
		}
		v, err := NewOutput(r)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		seen++
		compareNodes(t, file, tr.reply, unwrapped(msg["output"]), v, unknown)
	}
	if seen < 26 {
		t.Errorf("only %d samples were read", seen)
	}
	if got := slices.Sorted(maps.Keys(unknown)); len(got) > 0 {
		t.Errorf("fields that the specification does not know: %q", got)
	}
}

func numeric(nodes map[string]node, field string) bool {
	for _, n := range nodes {
		if strings.HasPrefix(strings.TrimPrefix(n.fields[field], "-"), "N") {
			return true
		}
	}
	return false
}

func compareOutput(t *testing.T, at string, tr *transaction, want map[string]any, v any) {
	t.Helper()
	compareNodes(t, at, tr.reply, want, v, map[string]bool{})
}

// compareNodes looks in v, encoded again, for each field of o that the specification knows.
func compareNodes(t *testing.T, at string, nodes map[string]node, o, v any, unknown map[string]bool) {
	t.Helper()
	data, err := compact(v)
	if err != nil {
		t.Fatal(err)
	}
	var back any
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	for name, n := range nodes {
		from, to := rowsUnder(o, name), rowsUnder(back, name)
		if len(from) != len(to) {
			t.Errorf("%s %s: %d rows, were %d", at, name, len(to), len(from))
			continue
		}
		for i, row := range from {
			for field := range row {
				want, got := text1(row, field), text1(to[i], field)
				if form, known := n.fields[field]; !known {
					if name != "." && len(n.fields) > 0 {
						unknown[name+"."+field] = true
					}
				} else if want != got && !sameNumber(form, want, got) {
					t.Errorf("%s %s.%s: %q, was %q", at, name, field, got, want)
				}
			}
		}
	}
}

func rowsUnder(o any, name string) []map[string]any {
	switch name {
	case ".":
		return rowsOf(o)
	case "*":
		return rowsOf(nameless(unwrapped(o)))
	}
	m, _ := o.(map[string]any)
	return rowsOf(child(m, name))
}

func sameNumber(form, a, b string) bool {
	x, err1 := decimal.NewFromString(or(a, "0"))
	y, err2 := decimal.NewFromString(or(b, "0"))
	return strings.Contains(form, "N") && err1 == nil && err2 == nil && x.Equal(y)
}

// manners is an output as several platforms would write it.
func manners(t *testing.T, output map[string]any) map[string]string {
	t.Helper()
	list := func(_ string, rows []any) any { return append(rows, nil, map[string]any{}) }
	text := func(_ string, rows []any) any { data, _ := compact(rows[0]); return string(data) }
	extra := func(row map[string]any) { row["zz_new"], row["zz_null"] = []any{1, map[string]any{"a": "b"}}, nil }
	nothing := func(map[string]any) {}
	same := func(_ string, rows []any) any { return rows[0] }
	out := map[string]string{}
	for how, o := range map[string]any{
		"plain": output, "rows as lists": mapRows(output, list, nothing), "nodes in strings": mapRows(output, text, nothing),
		"new fields": mapRows(output, same, extra),
		"numbers": mapScalars(output, func(_, s string) any {
			if _, err := strconv.ParseFloat(s, 64); err == nil && !strings.HasPrefix(s, "0") && len(s) < 16 {
				return json.Number(s)
			}
			return s
		}),
	} {
		data, err := compact(o)
		if err != nil {
			t.Fatal(err)
		}
		out[how] = string(data)
	}
	quoted, err := compact(out["plain"])
	if err != nil {
		t.Fatal(err)
	}
	out["in a string"] = string(quoted)
	return out
}

// mapRows copies a message, with change made to each node's rows and to each row.
func mapRows(o map[string]any, change func(name string, rows []any) any, each func(map[string]any)) map[string]any {
	out := map[string]any{}
	for name, v := range o {
		rows := rowsOf(v)
		if len(rows) == 0 {
			out[name] = v
			continue
		}
		var list []any
		for _, row := range rows {
			row = maps.Clone(row)
			each(row)
			list = append(list, row)
		}
		out[name] = change(name, list)
	}
	return out
}

func mapScalars(v any, change func(name, value string) any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, one := range v {
			if s, ok := one.(string); ok {
				out[name] = change(name, s)
			} else {
				out[name] = mapScalars(one, change)
			}
		}
		return out
	case []any:
		var out []any
		for _, one := range v {
			out = append(out, mapScalars(one, change))
		}
		return out
	}
	return v
}

// TestOutputsOfNothing: a yes without data, or with nodes that are null, is no error to the
// reader, and no rows.
func TestOutputsOfNothing(t *testing.T) {
	s := mustSpec(t)
	for _, infno := range Infnos() {
		null := map[string]any{}
		for name := range s.transaction(infno).reply {
			if name != "*" && name != "." {
				null[name] = nil
			}
		}
		data, err := compact(null)
		if err != nil {
			t.Fatal(err)
		}
		for _, output := range []string{`null`, `{}`, `""`, `[]`, `"{}"`, string(data)} {
			r, err := ReadReply(infno, 200, []byte(`{"infcode":0,"output":`+output+`}`))
			if err != nil {
				t.Fatal(err)
			}
			v, err := NewOutput(r)
			if err != nil {
				t.Errorf("%s %s: %v", infno, output, err)
			}
			if zero := reflect.New(reflect.TypeOf(v).Elem()).Interface(); !same1(v, zero) {
				t.Errorf("%s %s: %+v", infno, output, v)
			}
		}
	}
}

// TestRows: what is no row, and lists under more than one name.
func TestRows(t *testing.T) {
	for output, want := range map[string]int{
		`[{"mdtrt_id":1},null,{"mdtrt_id":2}]`: 2, `{"data":[{"mdtrt_id":1}],"result":{"mdtrt_id":2}}`: 2, `{"total":0,"x":[1,2],"y":"z"}`: 0,
		`{"data":[null,{"mdtrt_id":1}]}`: 1, `{"data":"[{\"mdtrt_id\":1}]"}`: 1,
	} {
		rows, err := ReadVisits(Reply{Infno: InfoVisits, Output: json.RawMessage(output)})
		if err != nil || len(rows) != want {
			t.Errorf("%s: %d rows, want %d (%v)", output, len(rows), want, err)
		}
	}
	for _, output := range []string{`7`, `true`, `[1]`, `{"data":[{"mdtrt_id":1},7]}`} {
		if rows, err := ReadVisits(Reply{Infno: InfoVisits, Output: json.RawMessage(output)}); err == nil {
			t.Errorf("%s: %v, want an error", output, rows)
		}
	}
}

// A figure that cannot be read leaves the settlement readable; an amount does not.
func TestFigures(t *testing.T) {
	for detail, ok := range map[string]bool{
		`{"fund_payamt":"1","crt_payb_lmt_amt":"99999999999999.999999","inscp_scp_amt":[]}`: true,
		`{"fund_payamt":"1.001"}`: false,
	} {
		out := `{"setlinfo":{"setl_id":"1","medfee_sumamt":1},"setldetail":[` + detail + `]}`
		_, rows, err := ReadSettlement(Reply{Infno: InfoSettle, Output: json.RawMessage(out)})
		if (err == nil) != ok || ok && (len(rows) != 1 || rows[0].Limit.Known) {
			t.Errorf("%s: %+v, %v", detail, rows, err)
		}
	}
}

func TestExtra(t *testing.T) {
	a := Admission{Stay: Admitted{PersonNo: "1", Extra: Extra{"med_type": "21", "adm_bed": `"1"`, "psn_no": "2"}}}
	got, err := compact(a)
	if want := `{"mdtrtinfo":{"psn_no":"1","adm_bed":"\"1\"","med_type":"21"}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// exampleOutput fills an output from the specification alone.
func exampleOutput(tr *transaction) map[string]any {
	out := map[string]any{}
	for name, n := range tr.reply {
		row := map[string]any{}
		for field, form := range n.fields {
			row[field] = exampleText(strings.TrimSuffix(form, "*"))
		}
		switch {
		case name == ".":
			maps.Copy(out, row)
		case name == "*":
			out["anything"] = row
		case len(row) > 0:
			out[name] = row
		}
	}
	return out
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

// FuzzNewOutput looks for an output that ends the program, that fails as anything but an
// unknown outcome, or that is not the same when it is written and read again.
func FuzzNewOutput(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(samples, "*-resp*.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		msg, err := readObject(read(f, file))
		if err != nil {
			f.Fatal(err)
		}
		data, err := compact(msg["output"])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"setlinfo":[{"setl_id":{},"medfee_sumamt":1e30,"psn_pay":"x"}],"cuminfo":"[{\"cum\":\"-1\"}]","data":[[1]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, infno := range Infnos() {
			v, err := NewOutput(Reply{Infno: infno, Output: data})
			if err != nil {
				if _, ok := asUnknown(err); !ok {
					t.Fatalf("%s: an error of another kind: %v", infno, err)
				}
				continue
			}
			once, err := compact(v)
			if err != nil {
				t.Fatalf("%s: %v", infno, err)
			}
			again, err := NewOutput(Reply{Infno: infno, Output: once})
			if err != nil || !same1(v, again) {
				t.Fatalf("%s: %s is another when it is read again: %v", infno, once, err)
			}
		}
	})
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

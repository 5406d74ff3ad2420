package nhsa

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

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
			v, err := ReadOutput(r)
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
		v, err := ReadOutput(r)
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
			v, err := ReadOutput(r)
			if err != nil {
				t.Errorf("%s %s: %v", infno, output, err)
			}
			if zero := reflect.New(reflect.TypeOf(v).Elem()).Interface(); !same1(v, zero) {
				t.Errorf("%s %s: %+v", infno, output, v)
			}
		}
	}
}

// What comes with a yes that has nothing to say is not looked at.
func TestOutputOfNoneIsNotRead(t *testing.T) {
	for _, output := range []string{`7`, `"success"`, `[1]`} {
		if _, err := ReadOutput(Reply{Infno: InfoUnregister, Output: json.RawMessage(output)}); err != nil {
			t.Errorf("%s: %v", output, err)
		}
	}
	if _, err := ReadOutput(Reply{Infno: "7777"}); err == nil {
		t.Error("the output of a transaction that is none was read")
	}
}

// TestRows: what is no row, and lists under more than one name.
func TestRows(t *testing.T) {
	for output, want := range map[string]int{
		`[{"mdtrt_id":1},null,{"mdtrt_id":2}]`: 2, `{"data":[{"mdtrt_id":1}],"result":{"mdtrt_id":2}}`: 2, `{"total":0,"x":[null,{}],"y":"z"}`: 0,
		`{"data":[null,{"mdtrt_id":1}]}`: 1, `{"data":"[{\"mdtrt_id\":1}]"}`: 1,
	} {
		rows, err := ReadVisits(Reply{Infno: InfoVisits, Output: json.RawMessage(output)})
		if err != nil || len(rows) != want {
			t.Errorf("%s: %d rows, want %d (%v)", output, len(rows), want, err)
		}
	}
	for _, output := range []string{`7`, `true`, `[1]`, `{"data":[{"mdtrt_id":1},7]}`, `{"x":[1,2]}`} {
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

// Only a trial has no settlement id.
func TestTrialsHaveNoSettlement(t *testing.T) {
	for infno, trial := range map[string]bool{
		"2206": true, "2206A": true, "2303": true, "2207": false, "2207A": false, "2208": false, "2304": false, "2305": false,
	} {
		_, _, err := ReadSettlement(Reply{Infno: infno, Output: json.RawMessage(`{"setlinfo":{"medfee_sumamt":1}}`)})
		if (err == nil) != trial {
			t.Errorf("%s: %v", infno, err)
		}
	}
}

func TestUpToDate(t *testing.T) {
	for words, want := range map[string]bool{"FSI-已经是最新数据": true, "FSI-文件查询号不能为空": false} {
		if got := (&BusinessRefusal{Infno: "1301", Message: words}).UpToDate(); got != want {
			t.Errorf("%s: %v", words, got)
		}
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

// FuzzReadOutput looks for an output that ends the program, that fails as anything but an
// unknown outcome, or that is not the same when it is written and read again.
func FuzzReadOutput(f *testing.F) {
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
			v, err := ReadOutput(Reply{Infno: infno, Output: data})
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
			again, err := ReadOutput(Reply{Infno: infno, Output: once})
			if err != nil || !same1(v, again) {
				t.Fatalf("%s: %s is another when it is read again: %v", infno, once, err)
			}
		}
	})
}

package nhsa

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// form is the specification's notation.
var form = regexp.MustCompile(`^(C\d+|N\d+,\d+|T|D)?\*?$`)

func TestSpecReads(t *testing.T) {
	s := mustSpec(t)
	for _, infno := range []string{
		"9001", "9002", "1101", "1201", "2001", "2201", "2202", "2203", "2203A", "2204", "2205", "2206", "2206A",
		"2207", "2207A", "2208", "2301", "2302", "2303", "2304", "2305", "2401", "2402", "2403", "2404", "2405",
		"2505", "2506", "5302", "2601", "3201", "3202", "3203", "5201", "5202", "5203", "5204", "5205", "5206",
		"9101", "9102", "1301", "1302", "1312", "1318", "1319",
	} {
		tr := s.transaction(infno)
		if tr == nil || tr.name == "" || len(tr.request) == 0 {
			t.Errorf("%s is not there, or has no name or request", infno)
		}
	}
	for _, infno := range s.Infnos() {
		tr := s.transaction(infno)
		for _, nodes := range []map[string]node{tr.request, tr.reply} {
			for name, n := range nodes {
				for f, text := range n.fields {
					if !form.MatchString(text) {
						t.Errorf("%s %s.%s: form %q", infno, name, f, text)
					}
				}
			}
		}
	}
}

// TestTypesAreTheSpec holds the Go types of requests against the specification: a field
// that one has and the other not, or with a looser form, fails.
func TestTypesAreTheSpec(t *testing.T) {
	s := mustSpec(t)
	for infno, v := range map[string]any{
		"9001": SignIn{}, "1101": PersonQuery{}, "2201": Register{}, "2202": Unregister{}, "2203": VisitUpload{},
		"2204": FeeUpload{}, "2205": DropFees{}, "2206": Trial{}, "2207": Final{}, "2208": Cancel{}, "2601": Reverse{},
	} {
		tr := s.transaction(infno)
		rt := reflect.TypeOf(v)
		for i := range rt.NumField() {
			f := rt.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			n, ok := tr.request[name]
			if !ok {
				t.Errorf("%s: node %s is not in the specification", infno, name)
				continue
			}
			row := f.Type
			if row.Kind() == reflect.Slice {
				row = row.Elem()
			}
			compareFields(t, infno+" "+name, row, n.fields)
		}
	}
}

func compareFields(t *testing.T, at string, row reflect.Type, want fields) {
	t.Helper()
	for i := range row.NumField() {
		name, _, _ := strings.Cut(row.Field(i).Tag.Get("json"), ",")
		spec, ok := want[name]
		if !ok {
			t.Errorf("%s.%s is not in the specification", at, name)
			continue
		}
		wire := row.Field(i).Tag.Get("wire")
		if wire == "" { // settle.Fen, which is always N16,2 and always there
			wire = "N16,2*"
		}
		if !within(strings.TrimSuffix(wire, "*"), strings.TrimSuffix(spec, "*")) {
			t.Errorf("%s.%s: sent as %s, the specification has %s", at, name, wire, spec)
		}
		if strings.HasSuffix(spec, "*") && !strings.HasSuffix(wire, "*") {
			t.Errorf("%s.%s: required, but may be sent empty", at, name)
		}
	}
	for name, spec := range want {
		if strings.HasSuffix(spec, "*") && !hasField(row, name) {
			t.Errorf("%s.%s: required, but not sent", at, name)
		}
	}
}

// within tells whether what form wire lets through is of form spec: the same, or
// shorter text. Numbers may be sent as text.
func within(wire, spec string) bool {
	if wire == spec || spec == "" || strings.HasPrefix(spec, "N") {
		return true
	}
	ours, err1 := strconv.Atoi(strings.TrimPrefix(wire, "C"))
	theirs, err2 := strconv.Atoi(strings.TrimPrefix(spec, "C"))
	return err1 == nil && err2 == nil && ours <= theirs
}

func hasField(row reflect.Type, name string) bool {
	for i := range row.NumField() {
		if key, _, _ := strings.Cut(row.Field(i).Tag.Get("json"), ","); key == name {
			return true
		}
	}
	return false
}

func mustSpec(t *testing.T) *Spec {
	t.Helper()
	s, err := LoadSpec()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

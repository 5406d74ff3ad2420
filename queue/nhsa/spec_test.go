package nhsa

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"settled/settle"
)

// form is the specification's notation.
var form = regexp.MustCompile(`^(C\d+|-?N\d+,\d+|T|D)?\*?$`)

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

// TestTypesAreTheSpec holds the Go types of every transaction against the specification,
// in both directions: a transaction, a node or a field that one has and the other not, a
// looser form, or a field that may be left out and is required, fails.
func TestTypesAreTheSpec(t *testing.T) {
	s := mustSpec(t)
	if got := Infnos(); !slices.Equal(got, s.Infnos()) {
		t.Errorf("types for %v, the specification has %v", got, s.Infnos())
	}
	sent := reflect.TypeFor[envelope]()
	compareSent(t, "head", visible(sent), s.head)
	for name := range s.replyHead {
		if !has(visible(reflect.TypeFor[answer]()), name) {
			t.Errorf("reply head.%s is not read", name)
		}
	}
	replies := map[reflect.Type]map[string]fields{} // all that the specification has for a type
	for _, m := range messages() {
		for _, infno := range m.infnos {
			tr := s.transaction(infno)
			if tr == nil {
				t.Errorf("%s: not in the specification", infno)
				continue
			}
			types := nodesOf(m.request)
			sameNames(t, infno+" request", types, tr.request)
			for name, row := range types {
				compareSent(t, infno+" "+name, visible(row), tr.request[name].fields)
			}
			types = nodesOf(m.output)
			sameNames(t, infno+" reply", types, tr.reply)
			for name, row := range types {
				compareRead(t, infno+" "+name, row, tr.reply[name].fields)
				if replies[row] == nil {
					replies[row] = map[string]fields{}
				}
				replies[row][infno] = tr.reply[name].fields
			}
		}
	}
	for row, specs := range replies { // one type may serve several transactions
		for name, f := range visible(row) {
			found := f.Type.Kind() == reflect.Slice // a node beside fields
			for _, want := range specs {
				found = found || has(want, name)
			}
			if !found {
				t.Errorf("%v.%s is read, and not in the specification of %v", row, name, slices.Sorted(maps.Keys(specs)))
			}
		}
	}
}

// nodesOf are the nodes of an input's or output's type, each with the type of its rows.
func nodesOf(of reflect.Type) map[string]reflect.Type {
	nodes := map[string]reflect.Type{}
	if of.Kind() == reflect.Slice { // Rows
		nodes["*"] = of.Elem()
		return nodes
	}
	for name, f := range visible(of) {
		switch kind := f.Type.Kind(); {
		case f.Type == reflect.TypeFor[List[json.RawMessage]]():
			nodes[name] = reflect.TypeFor[none]()
		case kind == reflect.Slice:
			nodes[name] = f.Type.Elem()
		case kind == reflect.Struct:
			nodes[name] = f.Type
		default:
			nodes["."] = of
		}
	}
	return nodes
}

// visible are a struct's fields by their names on the wire.
func visible(row reflect.Type) map[string]reflect.StructField {
	list := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(row) {
		if name := jsonName(f); name != "" && name != "-" && name != "input" {
			list[name] = f
		}
	}
	return list
}

func sameNames(t *testing.T, at string, types map[string]reflect.Type, nodes map[string]node) {
	t.Helper()
	if got, want := slices.Sorted(maps.Keys(types)), slices.Sorted(maps.Keys(nodes)); !slices.Equal(got, want) {
		t.Errorf("%s: the type has the nodes %q, the specification %q", at, got, want)
	}
}

// compareSent: what is sent must be the specification's, or stricter.
func compareSent(t *testing.T, at string, row map[string]reflect.StructField, want fields) {
	t.Helper()
	for name, f := range row {
		spec, ok := want[name]
		if !ok {
			t.Errorf("%s.%s is not in the specification", at, name)
			continue
		}
		wire := f.Tag.Get("wire")
		if f.Type == reflect.TypeFor[settle.Fen]() {
			wire = spec[:len(spec)-len(strings.TrimPrefix(spec, "-"))] + "N16,2*" // always there, of either sign
		}
		if !within(strings.TrimSuffix(wire, "*"), strings.TrimSuffix(spec, "*")) {
			t.Errorf("%s.%s: sent as %s, the specification has %s", at, name, wire, spec)
		}
		if !strings.HasSuffix(spec, "*") {
			continue
		}
		if !strings.HasSuffix(wire, "*") || strings.Contains(f.Tag.Get("json"), "omitempty") {
			t.Errorf("%s.%s: required, but may be sent empty", at, name)
		}
	}
	for name := range want {
		if !has(row, name) {
			t.Errorf("%s.%s: in the specification, but not in the type", at, name)
		}
	}
	private(t, at, row)
}

// within tells whether what form wire lets through is of form spec: the same, or
// shorter text.
func within(wire, spec string) bool {
	if wire == spec || spec == "" {
		return true
	}
	ours, err1 := strconv.Atoi(strings.TrimPrefix(wire, "C"))
	theirs, err2 := strconv.Atoi(strings.TrimPrefix(spec, "C"))
	return err1 == nil && err2 == nil && ours <= theirs
}

// compareRead: what is read must be of a kind that loses nothing.
func compareRead(t *testing.T, at string, of reflect.Type, want fields) {
	t.Helper()
	row := visible(of)
	for name, spec := range want {
		f, ok := row[name]
		if !ok {
			t.Errorf("%s.%s: in the specification, but not in the type", at, name)
			continue
		}
		kinds := []reflect.Type{reflect.TypeFor[Text](), reflect.TypeFor[Told]()}
		if strings.HasPrefix(spec, "N16,2") {
			kinds = []reflect.Type{reflect.TypeFor[Amount](), reflect.TypeFor[Figure]()}
		}
		if !slices.Contains(kinds, f.Type) {
			t.Errorf("%s.%s: read as %v, the specification has %s", at, name, f.Type, spec)
		}
	}
	private(t, at, row)
}

// private: what identifies a person is of the type that never prints.
func private(t *testing.T, at string, row map[string]reflect.StructField) {
	t.Helper()
	for _, name := range []string{
		"psn_no", "psn_name", "certno", "mdtrt_cert_no", "card_sn", "brdy", "tel", "addr", "emp_name", "hcard_basinfo",
		"hcard_chkinfo", "agnter_name", "agnter_certno", "agnter_tel", "agnter_addr",
	} {
		if f, ok := row[name]; ok && f.Type != reflect.TypeFor[Told]() {
			t.Errorf("%s.%s is personal, and of type %v", at, name, f.Type)
		}
	}
}

func mustSpec(t *testing.T) *Spec {
	t.Helper()
	s, err := LoadSpec()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

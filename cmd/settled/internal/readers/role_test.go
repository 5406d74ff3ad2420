package readers

import (
	"strings"
	"testing"
)

func TestAssign(t *testing.T) {
	const (
		a0, a1 = "ACS ACR38U 00 00", "ACS ACR38U 01 00"
		s7     = "Twin Reader (7) 00 00"
		s7at3  = "Twin Reader (7) 03 00"
		s9     = "Twin Reader (9) 01 00"
		dual0  = "Feitian R502 (5) 02 00"
		dual1  = "Feitian R502 (5) 02 01"
	)
	tests := []struct {
		name    string
		config  string   // role=text;…
		present []string // one list of readers after another, by "|"
		want    string   // role=reader…, after the last
	}{
		{"by a part of the name", "patient=ACR38U", []string{a0}, "patient=" + a0},
		{"the index moves", "patient=ACS ACR38U 00 00", []string{a0, "", a1}, "patient=" + a1},
		{"serial numbers, plugged in elsewhere", "patient=(7);guardian=(9)", []string{s7 + "|" + s9, s9, s9 + "|" + s7at3}, "patient=" + s7at3 + ";guardian=" + s9},
		{"whole names with a serial number", "patient=Twin Reader (7) 00 00;guardian=Twin Reader (9) 01 00", []string{s7at3 + "|Twin Reader (9) 00 00"}, "patient=" + s7at3 + ";guardian=Twin Reader (9) 00 00"},
		{"two that nothing tells apart", "patient=ACR38U", []string{a0 + "|" + a1}, "patient=2 rivals"},
		{"the second plugged in later takes nothing", "patient=ACR38U", []string{a0, a0 + "|" + a1}, "patient=" + a0},
		{"and has the role when the first goes", "patient=ACR38U", []string{a0, a0 + "|" + a1, a1}, "patient=" + a1},
		{"a whole name among equals", "patient=ACS ACR38U 01 00", []string{a0 + "|" + a1}, "patient=" + a1},
		{"twins by index", "patient=ACS ACR38U 00 00;guardian=ACS ACR38U 01 00", []string{a1 + "|" + a0}, "patient=" + a0 + " twin;guardian=" + a1 + " twin"},
		{"one of the twins is never taken for the other", "patient=ACS ACR38U 00 00;guardian=ACS ACR38U 01 00", []string{a1}, "guardian=" + a1 + " twin"},
		{"slots of one device", "patient=Feitian R502;psam=Feitian R502 #1", []string{dual1 + "|" + dual0}, "patient=" + dual0 + ";psam=" + dual1},
		{"nothing there", "patient=ACR38U;guardian=R502", []string{s7}, ""},
	}
	for _, tt := range tests {
		wants := map[Role]want{}
		for _, one := range strings.Split(tt.config, ";") {
			role, text, _ := strings.Cut(one, "=")
			wants[Role(role)] = parseWant(text)
		}
		var places map[Role]place
		for _, present := range tt.present {
			places = assign(wants, strings.FieldsFunc(present, func(r rune) bool { return r == '|' }), places)
		}
		if got := render(places); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func render(places map[Role]place) string {
	var parts []string
	for _, role := range allRoles {
		p := places[role]
		switch {
		case p.rivals > 1:
			parts = append(parts, string(role)+"=2 rivals")
		case p.reader != "" && p.twin:
			parts = append(parts, string(role)+"="+p.reader+" twin")
		case p.reader != "":
			parts = append(parts, string(role)+"="+p.reader)
		}
	}
	return strings.Join(parts, ";")
}

func TestCheckRoles(t *testing.T) {
	for _, tt := range []struct {
		patient, guardian string
		good              bool
	}{
		{"ACR38U", "", true},
		{"ACR38U", "Twin", true},
		{"ACR38U", "ACR38U", false},
		{"ACS ACR38U", "ACR38U", false},
		{"ACS ACR38U 00 00", "ACS ACR38U 01 00", true},
		{"ACS ACR38U 00 00", "ACS ACR38U 00 00", false},
		{"ACS ACR38U 00 00", "ACR38U", false},
		{"Feitian", "Feitian #1", true},
		{"Feitian 00 00", "Feitian 00 01", true},
		{"Twin Reader (7)", "Twin Reader (9)", true},
	} {
		if err := Check(map[Role]string{Patient: tt.patient, Guardian: tt.guardian}); (err == nil) != tt.good {
			t.Errorf("%q and %q: %v", tt.patient, tt.guardian, err)
		}
	}
}

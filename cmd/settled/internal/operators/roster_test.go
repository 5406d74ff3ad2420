package operators_test

import (
	"strings"
	"testing"

	"settled/cmd/settled/internal/operators"
)

func stanza(t *testing.T, id, role, password string) string {
	t.Helper()
	text, err := operators.Stanza(id, "收费员", role, password)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestRoster: the right password of the right operator, and nothing else, signs in.
func TestRoster(t *testing.T) {
	text := stanza(t, "0001", "cashier", "246810") + stanza(t, "0009", "supervisor", "correct horse")
	r, err := operators.Parse(text)
	if err != nil || r.Size() != 2 {
		t.Fatalf("%v %v", r, err)
	}
	for _, tt := range []struct {
		id, password string
		want         bool
	}{
		{"0001", "246810", true},
		{"0009", "correct horse", true},
		{"0001", "246811", false},
		{"0001", "", false},
		{"0009", "246810", false},
		{"", "", false},
		{"0002", "246810", false},
		{"0001", strings.Repeat("2", 10_000), false},
	} {
		if got := r.Check(tt.id, tt.password); got != tt.want {
			t.Errorf("%q %q: %v", tt.id, tt.password, got)
		}
	}
	if strings.Contains(text, "246810") {
		t.Error("the file holds a password")
	}
}

// TestMark: another password or role ends the sessions of before.
func TestMark(t *testing.T) {
	a, _ := operators.Parse(stanza(t, "0001", "cashier", "246810"))
	b, _ := operators.Parse(stanza(t, "0001", "cashier", "246810"))
	if a.Find("0001").Mark() == b.Find("0001").Mark() {
		t.Error("a password that was set anew leaves the mark")
	}
	o := *a.Find("0001")
	o.Role = "supervisor"
	if o.Mark() == a.Find("0001").Mark() {
		t.Error("another role leaves the mark")
	}
}

// TestBadRosters: a slip of the pen is told, not taken for nobody.
func TestBadRosters(t *testing.T) {
	good := stanza(t, "0001", "cashier", "246810")
	for name, text := range map[string]string{
		"no TOML": "[[operator", "twice": good + good, "a word too much": good + "admin = true\n",
		"role":       strings.Replace(good, "cashier", "king", 1),
		"password":   strings.Replace(good, "pbkdf2-sm3", "plain", 1),
		"too cheap":  strings.Replace(good, "$60000$", "$1$", 1),
		"no name":    strings.Replace(good, "收费员", "", 1),
		"no id":      strings.Replace(good, "0001", "", 1),
		"cut digest": strings.Replace(good, "password = \"", "password = \"x", 1),
	} {
		if _, err := operators.Parse(text); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := operators.Digest("12345"); err == nil {
		t.Error("a short password was taken")
	}
	if _, err := operators.Stanza("1", "x", "king", "246810"); err == nil {
		t.Error("a role that is none was taken")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("[[operator]]\nid = \"1\"\nname = \"x\"\nrole = \"cashier\"\npassword = \"pbkdf2-sm3$60000$AAAA$AAAA\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := operators.Parse(text); err == nil && r.Find("") != nil {
			t.Error("an operator without an id")
		}
	})
}

package cards

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"settled/devices/apdu"
)

// The people are invented, and their numbers are well formed (GB 11643).
func TestPeople(t *testing.T) {
	all, err := Profiles()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, p := range all {
		if names[p.Name] {
			t.Errorf("%s: twice", p.Name)
		}
		names[p.Name] = true
		if _, err := p.card(); err != nil {
			t.Error(err)
		}
		if p.Person.ID == "" {
			continue
		}
		id := p.Person.ID
		if len(id) != 18 || id[:6] != "440305" || id[6:14] != p.Person.Birth || id[17] != checkDigit(id) {
			t.Errorf("%s: identity number %s", p.Name, id)
		}
		if odd := (id[16]-'0')%2 == 1; odd != (p.Person.Sex == "1") {
			t.Errorf("%s: sex %s against %s", p.Name, p.Person.Sex, id)
		}
	}
}

// checkDigit is ISO 7064 MOD 11-2.
func checkDigit(id string) byte {
	sum := 0
	for _, c := range []byte(id[:17]) {
		sum = (sum + int(c-'0')) * 2
	}
	return "10X98765432"[sum%11]
}

func TestCardSystem(t *testing.T) {
	const ssse = "00A404000F" + dfSSSE
	const code = "0110440300D15600000500"
	tests := []struct {
		profile string
		steps   string // command>answer, answers by their beginning
	}{
		{"child-v1", ssse + ">9000 00A4000002EF05>9000 00B2010000>" + code + " 00B2010400>" + code + " 00B2012800>" + code},
		{"child-v1", "00B2010000>6986 00A4000002EF05>6A82 " + ssse + ">9000 00A4000002EF09>6A82 00A4020002EF05>6A86"},
		{"child-v1", ssse + ">9000 00A4000002EF06>9000 00B24E0000>6A83 00B2070400>6A83 00B2010600>6A81 00B20104>6700"},
		{"child-v2", ssse + ">6118 00C0000005>6C18 00C0000018>6F16840F" + dfSSSE + " 00C0000000>6985"},
		{"locked-v3", ssse + ">61 00A4000002EF05>9000 00B2070000>6C0B 00B207000B>07095A3130303030303034 00A4000002EF06>9000 00B2080000>6982"},
		{"p1-02", ssse + ">9000 00A4000002EF05>6A86 00A4020002EF05>9000"},
		{"by-number", ssse + ">9000 00A4000002EF06>9000 00B2080000>6A86 00B2010400>0812"},
		{"tag-ignored", ssse + ">61 00A4000002EF06>9000 00B20D0000>0812"},
		{"bank", ssse + ">6A82 00A404000E" + dfPSE + ">9000"},
		{"child-v1", "0084000008> 0084000003>6700 0020000003123456>6D00 00A4>6700 00A40900>6A86"},
		{"blank", ssse + ">9000 00A4000002EF06>9000 00B2010400>6A83 00B2010500>6A83 00A4000002EF05>9000 00B2010500>" + code},
	}
	for _, tt := range tests {
		p, err := find(tt.profile)
		if err != nil {
			t.Fatal(err)
		}
		c, err := p.card()
		if err != nil {
			t.Fatal(err)
		}
		for step := range strings.FieldsSeq(tt.steps) {
			command, want, _ := strings.Cut(step, ">")
			b, err := hex.DecodeString(command)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.ToUpper(hex.EncodeToString(c.answer(b))); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s answered %s, want %s", tt.profile, command, got, want)
			}
		}
	}
}

func FuzzCard(f *testing.F) {
	f.Add([]byte{0, 0xB2, 1, 4, 0})
	f.Add([]byte{0, 0xA4, 0, 0, 2, 0xEF, 5})
	f.Add([]byte{0, 0xC0, 0, 0, 1})
	p, err := find("child-v2")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := p.card()
		if err != nil {
			t.Fatal(err)
		}
		c.answer(append([]byte{0, apdu.InsSelect, 4, 0, 15}, mustHex(dfSSSE)...))
		c.answer([]byte{0, apdu.InsSelect, 0, 0, 2, 0xEF, 6})
		if a := c.answer(b); len(a) < 2 || len(a) > 258 {
			t.Fatalf("%x answered with %d bytes", b, len(a))
		}
	})
}

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestFaultWords(t *testing.T) {
	var f Faults
	for _, w := range []string{"pull=3", "hang=4", "swap=5:bank", "delay=20ms"} {
		if err := f.set(w); err != nil {
			t.Error(err)
		}
	}
	if f.Pull != 3 || f.Hang != 4 || f.Swap != 5 || f.SwapTo != "bank" || f.Delay.Milliseconds() != 20 {
		t.Errorf("%+v", f)
	}
	for _, w := range []string{"pull", "pull=x", "swap=1:nobody", "delay=1", "burn=1"} {
		if f.set(w) == nil {
			t.Errorf("%q is taken", w)
		}
	}
}

// The bench changes mounts: outside of a namespace of its own it must not start.
func TestConsoleStaysOutOfTheMachine(t *testing.T) {
	var out bytes.Buffer
	err := Console(t.Context(), t.TempDir()+"/s", []string{"patient"}, strings.NewReader("quit\n"), &out, nil)
	if err == nil || !strings.Contains(err.Error(), "namespace of its own") || errors.Is(err, errNotInstalled) {
		t.Errorf("%v", err)
	}
}

// A desk that cannot be laid out is an error, and leaves nothing behind.
func TestNoDesk(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	if _, err := newDesk(folder+"/s", []string{"Patient"}); err == nil {
		t.Error("a desk with a reader that has no proper name")
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

package sscard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"settled/devices/apdu"
)

func TestPersonalIsMasked(t *testing.T) {
	r := Record{Code: "440300D156000005000000004403050002", Name: "张小满", IDNumber: "44030520190501058X", Ethnicity: "01"}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("read", "name", r.Name, "record", r)
	encoded, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{log.String(), string(encoded)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%08.3f"} {
		texts = append(texts, fmt.Sprintf(verb, r), fmt.Sprintf(verb, r.Name), fmt.Sprintf(verb, r.IDNumber), fmt.Sprintf(verb, []Personal{r.Name, r.IDNumber}))
	}
	for _, text := range texts {
		for _, bare := range []string{"小满", "E5B08F", "e5b08f", "0520190501", `"01"`} {
			if strings.Contains(text, bare) {
				t.Errorf("%q in %s", bare, text)
			}
		}
	}
	if r.Name.String() != "张**" || r.IDNumber.String() != "440****8X" || r.Ethnicity.String() != "**" {
		t.Errorf("masked as %s %s %s", r.Name, r.IDNumber, r.Ethnicity)
	}
}

func TestDay(t *testing.T) {
	tests := []struct {
		b    string
		want string
		err  error
	}{
		{"\x20\x19\x05\x01", "2019-05-01", nil},
		{"2012", "2012", nil},
		{"20190501", "2019-05-01", nil},
		{"\x00\x00\x00\x00", "", nil},
		{"\xFF\xFF\xFF\xFF", "", nil},
		{"", "", nil},
		{"\x20\x19\x13\x01", "", errValue},
		{"\x20\x19\x05\x00", "", errValue},
		{"\x20\x1A\x05\x01", "", errValue},
		{"\x20\x19", "2019", nil},
		{"201905", "", errValue},
		{"0999", "", errValue},
	}
	for _, tt := range tests {
		d, err := day([]byte(tt.b))
		if d.String() != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%x: %s, %v; want %s", tt.b, d, err, tt.want)
		}
	}
}

func TestFullName(t *testing.T) {
	tests := []struct {
		first, extension string
		want             Personal
		damaged          bool
	}{
		{"\xD5\xC5\xC8\xFD\x00\x00", "", "张三", false},
		{"\xD5\xC5\xC8\xFD  \x00", "\xFF\xFF", "张三", false},
		{"\xD5\xC5\xC8", "\xFD\x00", "张三", false},         // cut through a character
		{"\x95\x34", "\xB2\x35\x00\x00", "𠮷", false},      // cut through four bytes
		{"\xD5\xC5\x00\x00", "\xC8\xFD\x00", "张三", false}, // padded before the extension
		{"A B", "", "A B", false},
		{"\x00\x00", "\x00", "", false},
		{"\xFF\xFF", "\x00", "", false},
		{"\xD5\xC5\xC8\x00", "", "张\uFFFD", true},
		{"\xD5\xC5\x1B@", "", "张\uFFFD@", true}, // an escape sequence for the printer
	}
	for _, tt := range tests {
		name, damaged := fullName([]byte(tt.first), []byte(tt.extension))
		if name != tt.want || damaged != tt.damaged {
			t.Errorf("%x %x: %q, %t; want %q", tt.first, tt.extension, name.ClearPersonalData(), damaged, tt.want.ClearPersonalData())
		}
	}
}

func TestIdentity(t *testing.T) {
	for in, want := range map[string]Personal{
		"44030520190501058x":  "44030520190501058X",
		"440305190501058\x00": "440305190501058",
		"\xFF\xFF":            "",
	} {
		if got, err := identity([]byte(in)); got != want || err != nil {
			t.Errorf("%q: %q, %v", in, got.ClearPersonalData(), err)
		}
	}
	for _, in := range []string{"4403052019050105 8", "440305201905010581X", "张", "44\x1B@"} {
		if got, err := identity([]byte(in)); err == nil {
			t.Errorf("%q: taken as %q", in, got.ClearPersonalData())
		}
	}
}

func TestEveryKindHasItsSentences(t *testing.T) {
	for _, k := range []Kind{BankCard, OtherCard, Blank, Incomplete, Malformed, Blocked, Mute, Pulled, Swapped, InUse, Stuck, NoReader, NoService, Unread} {
		if k.find().chinese == "" || (k != Unread && k.Chinese() == Unread.Chinese()) || k.English() == "" {
			t.Errorf("%s: %q, %q", string(k), k.Chinese(), k.English())
		}
	}
	if f := Explain(fmt.Errorf("open: %w", apdu.ErrMute)); f.Kind != Mute || !errors.Is(f, apdu.ErrMute) {
		t.Errorf("%v", f)
	}
	if Explain(nil) != nil {
		t.Error("no error is explained")
	}
}

// script is a card whose answers are given one after another.
type script struct {
	answers [][]byte
	asked   int
}

func (s *script) Transmit(_ context.Context, command []byte) ([]byte, error) {
	if _, err := apdu.ParseCommand(command); err != nil {
		panic(err)
	}
	s.asked++
	if len(s.answers) == 0 {
		return []byte{0x6A, 0x83}, nil
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	if len(a) == 0 {
		return nil, apdu.ErrGone
	}
	return a, nil
}

// split cuts fuzz input into answers: a length byte before each.
func split(b []byte) (answers [][]byte) {
	for len(b) > 0 {
		n := min(int(b[0]), len(b)-1)
		answers = append(answers, b[1:1+n])
		b = b[1+n:]
	}
	return answers
}

func join(answers ...string) (b []byte) {
	for _, a := range answers {
		b = append(append(b, byte(len(a))), a...)
	}
	return b
}

func FuzzRead(f *testing.F) {
	const ok = "\x90\x00"
	code := "\x01\x10\x44\x03\x00\xD1\x56\x00\x00\x05\x00\x00\x00\x00\x44\x03\x05\x00" + ok
	f.Add(join(ok, ok, code, "\x02\x013"+ok, "\x03\x042.00"+ok, "\x6A\x83", "\x6A\x83", "\x6A\x83", "\x07\x09Z10000001"+ok,
		ok, "\x08\x1244030520190501058X"+ok, "\x09\x04\xD5\xC5\xC8\xFD"+ok, "\x6A\x83", "\x6A\x83", "\x6A\x83", "\x6A\x83", "\x6A\x83",
		ok, ok, code))
	f.Add(join(ok, ok, code, "\x01\x10", "\x6C\x12", "\x61\x10", "\x69\x82"))
	f.Add(join("\x6A\x82", ok))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &script{answers: split(b)}
		r, err := Read(t.Context(), s, nil)
		if s.asked > 2000 {
			t.Fatalf("%d commands", s.asked)
		}
		var fault *Fault
		if err != nil {
			if !errors.As(err, &fault) || fault.Chinese() == "" {
				t.Fatalf("no fault: %v", err)
			}
			return
		}
		if len(r.Code) != 2*codeLength || len(r.IDNumber) > 18 || len(r.Name) > 12*longestValue {
			t.Fatalf("a record out of bounds: %v", r)
		}
		if !r.Locked && (r.IDNumber == "" || r.Name == "") || r.Locked && r.Number == "" {
			t.Fatalf("a record without identity: %v", r)
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte("\x09\x04\xD5\xC5\xC8\xFD"), []byte("\x4E\x02\x00\x00"))
	f.Add([]byte("\x05\x04\x20\x19\x05\x01\x00\xFF"), []byte{})
	f.Fuzz(func(_ *testing.T, a, b []byte) {
		_, v, err := parseRecord(a)
		_, w, werr := parseRecord(b)
		if err != nil || werr != nil {
			return
		}
		_, _ = fullName(v, w)
		_, _ = day(v)
		_, _ = identity(v)
		_, _ = sex(v)
		_ = digits(v)
	})
}

func TestParseRecordRefuses(t *testing.T) {
	for name, b := range map[string]string{
		"nothing":          "",
		"tag only":         "\x09",
		"cut short":        "\x09\x04abc",
		"something behind": "\x09\x01ab",
		"too long":         "\x09\x41" + strings.Repeat("a", 65),
	} {
		if _, _, err := parseRecord([]byte(b)); !errors.Is(err, errTLV) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, v, err := parseRecord([]byte("\x09\x01a\x00\x00\xFF")); err != nil || got != tagName || string(v) != "a" {
		t.Errorf("padding: %v %q %v", got, v, err)
	}
}

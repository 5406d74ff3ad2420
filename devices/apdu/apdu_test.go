package apdu

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func TestCommandCases(t *testing.T) {
	tests := []struct {
		name string
		c    Command
		want string
	}{
		{"case 1", Command{INS: 0x84}, "00840000"},
		{"case 2", Command{INS: 0xB2, P1: 1, P2: 4, Le: 11}, "00b201040b"},
		{"case 2, all", Command{INS: 0xB2, P1: 8, Le: MaxLe}, "00b2080000"},
		{"case 3", Command{INS: 0xA4, P2: 0, Data: []byte{0xEF, 5}}, "00a4000002ef05"},
		{"case 4", Command{INS: 0xA4, Data: []byte{0xEF, 5}, Le: MaxLe}, "00a4000002ef0500"},
	}
	for _, tt := range tests {
		b, err := tt.c.Bytes()
		if err != nil || hex.EncodeToString(b) != tt.want {
			t.Errorf("%s: %x, %v; want %s", tt.name, b, err, tt.want)
		}
		back, err := ParseCommand(b)
		if err != nil || back.Le != tt.c.Le || !bytes.Equal(back.Data, tt.c.Data) || back.INS != tt.c.INS {
			t.Errorf("%s: decoded to %+v, %v", tt.name, back, err)
		}
	}
	for _, bad := range []Command{{Data: make([]byte, 256)}, {Le: 257}, {Le: -1}} {
		if _, err := bad.Bytes(); !errors.Is(err, ErrForm) {
			t.Errorf("Le %d, %d bytes: %v", bad.Le, len(bad.Data), err)
		}
	}
}

// script answers each command with the next line: "command>answer".
type script struct {
	t     *testing.T
	lines []string
}

func (s *script) Transmit(_ context.Context, command []byte) ([]byte, error) {
	if len(s.lines) == 0 {
		s.t.Fatalf("unexpected command %x", command)
	}
	want, answer, _ := strings.Cut(s.lines[0], ">")
	s.lines = s.lines[1:]
	if got := hex.EncodeToString(command); got != want {
		s.t.Fatalf("command %s, want %s", got, want)
	}
	return hex.DecodeString(answer)
}

func TestSend(t *testing.T) {
	read := Command{INS: InsReadRecord, P1: 9, Le: MaxLe}
	tests := []struct {
		name  string
		c     Command
		lines []string
		data  string
		err   error
	}{
		{"plain", read, []string{"00b2090000>0901419000"}, "090141", nil},
		{"wrong Le", read, []string{"00b2090000>6c03", "00b2090003>0901419000"}, "090141", nil},
		{"wrong Le twice", read, []string{"00b2090000>6c03", "00b2090003>6c03"}, "", Status(0x6C03)},
		{"more to fetch", read, []string{"00b2090000>09016102", "00c0000002>41429000"}, "09014142", nil},
		{"6C while fetching", read, []string{"00b2090000>6104", "00c0000004>6c02", "00c0000002>41429000"}, "4142", nil},
		{"short record", read, []string{"00b2090000>0901416282"}, "090141", nil},
		{"no record", read, []string{"00b2090000>6a83"}, "", RecordNotFound},
		{"nothing", read, []string{"00b2090000>"}, "", ErrShort},
		{"one byte", read, []string{"00b2090000>90"}, "", ErrShort},
		{"proprietary class", Command{CLA: 0x80, INS: 0xCA}, []string{"80ca0000>6101", "00c0000001>ff9000"}, "ff", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{t, tt.lines}
			r, err := Send(t.Context(), s, tt.c)
			if !errors.Is(err, tt.err) || hex.EncodeToString(r.Data) != tt.data {
				t.Errorf("%x, %v; want %s, %v", r.Data, err, tt.data, tt.err)
			}
			if len(s.lines) > 0 {
				t.Errorf("never asked: %v", s.lines)
			}
		})
	}
}

// endless is a card that always has more to say.
type endless struct {
	answer []byte
	asked  int
}

func (e *endless) Transmit(context.Context, []byte) ([]byte, error) {
	e.asked++
	return e.answer, nil
}

func TestEndlessAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		answer []byte
		most   int
	}{
		"without data": {[]byte{0x61, 0x00}, maxSteps},
		"with data":    {append(make([]byte, 256), 0x61, 0x00), MaxAnswer/256 + 1},
	} {
		e := &endless{answer: tt.answer}
		if _, err := Send(t.Context(), e, Command{INS: InsSelect}); !errors.Is(err, ErrLong) || e.asked > tt.most {
			t.Errorf("%s: %v after %d commands", name, err, e.asked)
		}
	}
}

func TestStatusTexts(t *testing.T) {
	for s, want := range map[Status]string{
		SecurityStatus: "6982: security status not satisfied (ISO 7816-4 5.6 table 6)",
		0x63C2:         "2 tries left",
		LockedForGood:  "9303: application or card locked for good (social-security",
		0x6234:         "card says 6234",
	} {
		if !strings.Contains(s.Error(), want) {
			t.Errorf("%04X: %s; want %s", uint16(s), s.Error(), want)
		}
	}
	if _, ok := Status(0x6300).Tries(); ok {
		t.Error("6300 has no tries")
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add([]byte{0, 0xB2, 1, 4, 0})
	f.Add([]byte{0, 0xA4, 0, 0, 2, 0xEF, 5, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCommand(b)
		if err != nil {
			return
		}
		back, err := c.Bytes()
		if err != nil || !bytes.Equal(back, b) {
			t.Fatalf("%x came back as %x, %v", b, back, err)
		}
	})
}

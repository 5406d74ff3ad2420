package scanner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"settled/devices/scanner"
	"settled/devices/serialport"
)

const (
	ecode = "4240000000000000001230440000" // made up
	mini  = "opc0000000000000001230440000"
	long  = time.Minute
)

func TestClassify(t *testing.T) {
	for text, want := range map[string]scanner.Kind{
		ecode: scanner.ECode, mini: scanner.ECode, " " + ecode + " ": scanner.ECode,
		"SETTLE:012026112200001:258.94:127.43:0.00:114.41:17.10": scanner.Slip,
		"HIS-20261122-111240-1":                                  scanner.Bill, "MZ0001": scanner.Bill, "012026112200001": scanner.Bill,
		"9990000000000000001230440000": scanner.Unknown, // as long as a 医保码, of nobody known
		ecode[1:]:                      scanner.Bill,    // 27 digits are none
		ecode[:27]:                     scanner.Unknown, // and these may be one without its end
		mini[:20]:                      scanner.Unknown,
		ecode[:19]:                     scanner.Bill,
		"opc000000000000000123044000x": scanner.Bill,
		"":                             scanner.Unknown, "张三": scanner.Unknown, "a b": scanner.Unknown, "http://x?y=1": scanner.Unknown,
		strings.Repeat("1", 65): scanner.Unknown,
		ecode + ecode:           scanner.Unknown, mini + "\t" + mini: scanner.Unknown, mini + mini: scanner.Unknown, // two that ran together
		"28" + ecode: scanner.Unknown, "]Q0" + ecode: scanner.Unknown, "A" + mini: scanner.Unknown, // the scanner's own words before it
	} {
		if got := scanner.Classify(text, nil).Kind(); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	if got := scanner.Classify(ecode, []string{}).Kind(); got != scanner.ECode {
		t.Errorf("an empty list of prefixes: %s", got)
	}
	if got := scanner.Classify("999"+ecode[3:], []string{"999"}).Kind(); got != scanner.ECode {
		t.Errorf("a prefix of the configuration: %s", got)
	}
}

// A code is in no print, log or message, however it is asked for.
func TestSecret(t *testing.T) {
	c := scanner.Classify(ecode, nil)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "code", c, "in", struct{ C scanner.Code }{c})
	encoded, err := json.Marshal(map[string]any{"c": c, "p": &c})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		c.String(), fmt.Sprintf("%v %+v %#v %s %q %x %d", c, c, c, c, c, c, c), fmt.Sprintf("%v %#v", struct{ C scanner.Code }{c}, []scanner.Code{c}),
		fmt.Errorf("scanned %v", c).Error(), log.String(), string(encoded), fmt.Sprintf("at %v", &c),
	} {
		if strings.Contains(text, "0000000") || strings.Contains(text, fmt.Sprintf("%x", "00000")) {
			t.Errorf("%s", text)
		}
	}
	if c.ClearSecret() != ecode {
		t.Error("it is lost, too")
	}
}

func TestFramer(t *testing.T) {
	for _, test := range []struct {
		name, sent string
		want       []string // "|" in sent is a pause
	}{
		{"CR", "a1\rb2\r", []string{"a1", "b2"}},
		{"LF", "a1\nb2\n", []string{"a1", "b2"}},
		{"CRLF", "a1\r\nb2\r\n", []string{"a1", "b2"}},
		{"TAB", "a1\tb2\t", []string{"a1", "b2"}},
		{"EOT", "a1\x04", []string{"a1"}},
		{"STX ETX", "\x02a1\x03\x02b2\x03", []string{"a1", "b2"}},
		{"STX ETX CR", "\x02a1\x03\r\n\x02b2\x03\r\n", []string{"a1", "b2"}},
		{"CR within", "\x02a1\r\x03", []string{"a1"}},
		{"a pause", "a1|b2|", []string{"a1", "b2"}},
		{"a pause within STX", "\x02a1|", []string{"a1"}},
		{"STX without an end", "\x02a1\x02b2\x03", []string{"b2"}},
		{"nothing", "\r\n\r\n||\x02\x03", nil},
		{"noise", "a\x00b\rc\r", []string{"", "c"}},
		{"a group separator", "a\x1Db\rc\r", []string{"", "c"}},
		{"too long", strings.Repeat("x", 513) + "\rc\r", []string{"", "c"}},
		{"UTF-8", "张\r", []string{"张"}},
	} {
		var f scanner.Framer
		var got []string
		for i := range len(test.sent) {
			var frame []byte
			if b := test.sent[i]; b == '|' {
				frame = f.Idle()
			} else {
				frame = f.Feed(b)
			}
			if frame != nil {
				got = append(got, string(frame))
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(test.want) || f.Open() {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func FuzzFramer(f *testing.F) {
	f.Add([]byte("\x02a1\x03\r\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		var framer scanner.Framer
		for _, b := range sent {
			frame := framer.Feed(b)
			if len(frame) > 512 {
				t.Errorf("%d bytes", len(frame))
			}
			_ = scanner.Classify(string(frame), nil)
		}
	})
}

// TestScanner: codes in pieces, with and without an end, the same one twice, a scanner
// that is pulled, and an end that waits for nothing.
func TestScanner(t *testing.T) {
	device, ours, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	name := t.TempDir() + "/scanner"
	must(t, os.Symlink(ours.Name(), name))
	codes := make(chan scanner.Code, 10)
	s, err := scanner.Open(scanner.Options{
		Line: serialport.Line{Path: name}, Take: func(c scanner.Code) { codes <- c },
		Idle: time.Second, Now: func() time.Time { return time.Time{} }, // a busy machine makes no pause within a code
	})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	await(t, s, true)
	next := func(want string) {
		t.Helper()
		select {
		case c := <-codes:
			if c.ClearSecret() != want {
				t.Fatalf("%q, want %q", c.ClearSecret(), want)
			}
		case <-time.After(long):
			t.Fatalf("no %q", want)
		}
	}
	for _, piece := range []string{ecode[:5], ecode[5:20], ecode[20:] + "\r", "\n"} {
		_, err := device.WriteString(piece)
		must(t, err)
	}
	next(ecode)
	_, err = device.WriteString(ecode + "\r\n" + "MZ0001")
	must(t, err)
	next("MZ0001") // the code again was one reading, and this one ended by a pause
	if s.State().Codes != 2 {
		t.Errorf("%+v", s.State())
	}
	must(t, device.Close())
	ours.Close()
	await(t, s, false)
	device, ours, err = pty.Open()
	must(t, err)
	defer device.Close()
	defer ours.Close()
	must(t, os.Remove(name))
	must(t, os.Symlink(ours.Name(), name))
	await(t, s, true)
	_, err = device.WriteString(ecode + "\r") // another opening: the reading before is forgotten
	must(t, err)
	next(ecode)
	awaitSo(t, s, func(s scanner.State) bool {
		_, err := device.WriteString("\x00") // no text, and without an end
		must(t, err)
		return s.Noise
	})
	_, err = device.WriteString("\rHIS-1\r")
	must(t, err)
	next("") // what was no text is told as unknown
	next("HIS-1")
	if s.State().Noise {
		t.Errorf("%+v", s.State())
	}
	cancel()
	select {
	case <-done:
	case <-time.After(long):
		t.Fatal("it does not end")
	}
}

func await(t *testing.T, s *scanner.Scanner, up bool) {
	t.Helper()
	awaitSo(t, s, func(s scanner.State) bool { return s.Line.Up == up })
}

func awaitSo(t *testing.T, s *scanner.Scanner, so func(scanner.State) bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(long)
	for !so(s.State()) {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%+v", s.State())
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

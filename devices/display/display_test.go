package display_test

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"settled/devices/display"
	"settled/devices/serialport"
)

const long = time.Minute

var (
	toPay  = display.View{What: display.ToPay, Total: "258.94", Amount: "17.10"}
	change = display.View{What: display.Change, Total: "20.00", Amount: "2.90"}
)

func TestDialects(t *testing.T) {
	for _, test := range []struct {
		dialect string
		view    display.View
		want    string
	}{
		{"cd5220", display.View{}, "\x0C"},
		{"cd5220", display.View{What: display.Welcome}, "\x0C\x1BQAWELCOME\r"},
		{"cd5220", toPay, "\x0C\x1BQATOTAL         258.94\r\x1BQBTO PAY         17.10\r"},
		{"cd5220", change, "\x0C\x1BQARECEIVED       20.00\r\x1BQBCHANGE          2.90\r"},
		{"cd5220", display.View{What: display.Paid, Amount: "17.10"}, "\x0C\x1BQAPAID           17.10\r\x1BQBTHANK YOU\r"},
		{"cd5220", display.View{What: display.Change, Total: "123456789012.34", Amount: "99999999999.99"}, "\x0C\x1BQARECE 123456789012.34\r\x1BQBCHANG 99999999999.99\r"},
		{"led8", toPay, "\x1BQA17.10\r\x1Bs2"},
		{"led8_raw", toPay, "\x1BQA17.10\r\x1Bs\x02"},
		{"led8", change, "\x1BQA2.90\r\x1Bs4"},
		{"led8", display.View{}, "\x1BQA0.00\r\x1Bs0"},
		{"led8", display.View{What: display.ToPay, Amount: "1234567.89"}, "\x1BQA0.00\r\x1Bs0"}, // more than it can show
		{"voice", toPay, "17.10J"},
		{"voice", change, "20.00Y2.90Z"},
		{"voice", display.View{What: display.Paid, Amount: "17.10"}, "X"},
		{"voice", display.View{}, ""},
	} {
		dialect, err := display.DialectOf(test.dialect)
		must(t, err)
		got := string(dialect(test.view))
		if got != test.want {
			t.Errorf("%s %+v: %q, want %q", test.dialect, test.view, got, test.want)
		}
		for _, line := range strings.Split(got, "\r") {
			if _, text, ok := strings.Cut(line, "\x1BQ"); ok && len(text) > 21 {
				t.Errorf("%s: %q is longer than the display", test.dialect, text)
			}
		}
	}
	if _, err := display.DialectOf("vfd"); err == nil {
		t.Error("a dialect that nobody knows")
	}
	for _, bad := range []string{"1", "1.5", ".50", "-1.00", "1.00\r", "a.00", strings.Repeat("1", 13) + ".00"} {
		if (display.View{Amount: bad}).Check() == nil {
			t.Errorf("%q passes for an amount", bad)
		}
	}
}

// TestDisplay: views come as they are set, the same one once; one that was set while the
// display was away is shown when it is back; one that takes nothing hangs nobody.
func TestDisplay(t *testing.T) {
	device, ours, err := pty.Open()
	must(t, err)
	name := t.TempDir() + "/display"
	must(t, os.Symlink(ours.Name(), name))
	var d *display.Display
	var away atomic.Int32 // times that the line was lost
	d, err = display.Open(display.Options{Line: serialport.Line{Path: name}, Dialect: "led8", Changed: func() {
		if !d.State().Line.Up {
			away.Add(1)
		}
	}})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	expect(t, device, "\x1BQA0.00\r\x1Bs0")
	must(t, d.Show(toPay))
	expect(t, device, "\x1BQA17.10\r\x1Bs2")
	must(t, d.Show(toPay))
	must(t, d.Show(change))
	expect(t, device, "\x1BQA2.90\r\x1Bs4")
	must(t, device.Close())
	ours.Close()
	await(t, d, func(s display.State) bool { return !s.Line.Up })
	must(t, d.Show(toPay))
	device, ours, err = pty.Open()
	must(t, err)
	defer device.Close()
	defer ours.Close()
	must(t, os.Remove(name))
	must(t, os.Symlink(ours.Name(), name))
	expect(t, device, "\x1BQA17.10\r\x1Bs2")
	lost := away.Load()
	if lost == 0 {
		t.Error("nobody was told that it was away")
	}
	// It takes no more bytes.
	fd := int(ours.Fd())
	must(t, unix.SetNonblock(fd, true))
	for err = nil; err == nil; _, err = unix.Write(fd, make([]byte, 1024)) { // until it is full
	}
	n := 0
	await(t, d, func(s display.State) bool { // the system may still find room for a few views
		n++
		must(t, d.Show([]display.View{toPay, change}[n%2]))
		return s.Slow
	})
	if !d.State().Line.Up {
		t.Errorf("%+v", d.State())
	}
	if away.Load() != lost {
		t.Error("a display that takes nothing counts as away")
	}
	if d.Show(display.View{Amount: "x"}) == nil {
		t.Error("shows what is no amount")
	}
	cancel()
	select {
	case <-done:
	case <-time.After(long):
		t.Fatal("it does not end")
	}
}

// A box that speaks does not repeat what is old when it is plugged in.
func TestVoice(t *testing.T) {
	device, ours, err := pty.Open()
	must(t, err)
	defer device.Close()
	defer ours.Close()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	late := now
	d, err := display.Open(display.Options{Line: serialport.Line{Path: ours.Name()}, Dialect: "voice", Now: func() time.Time { return late }})
	must(t, err)
	must(t, d.Show(toPay))
	late = now.Add(4 * time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	await(t, d, func(s display.State) bool { return s.Line.Up })
	must(t, d.Show(change))
	expect(t, device, "20.00Y2.90Z")
	cancel()
	<-done
}

func expect(t *testing.T, device *os.File, want string) {
	t.Helper()
	got := make(chan string, 1)
	go func() {
		b := make([]byte, len(want))
		n := 0
		for n < len(b) {
			more, err := device.Read(b[n:])
			if n += more; err != nil {
				break
			}
		}
		got <- string(b[:n])
	}()
	select {
	case text := <-got:
		if text != want {
			t.Fatalf("%q, want %q", text, want)
		}
	case <-time.After(long):
		t.Fatalf("no %q", want)
	}
}

func await(t *testing.T, d *display.Display, so func(display.State) bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(long)
	for !so(d.State()) {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%+v", d.State())
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

package serialport_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"settled/devices/serialport"
)

const (
	soon = 200 * time.Millisecond
	long = time.Minute // a limit that only a fault reaches
)

// pair gives the two ends of a line: the device's, and the path of ours.
func pair(t *testing.T) (device *os.File, path string) {
	t.Helper()
	device, ours, err := pty.Open()
	must(t, err)
	t.Cleanup(func() { device.Close(); ours.Close() })
	return device, ours.Name()
}

func open(t *testing.T, path string) *serialport.Port {
	t.Helper()
	p, err := serialport.Open(serialport.Line{Path: path, Baud: 115200})
	must(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("%v, want %v", err, kind)
	}
}

// All 256 values pass both ways: no XON, XOFF, CR, or signal is taken for itself.
func TestEveryByte(t *testing.T) {
	device, path := pair(t)
	p := open(t, path)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	_, err := device.Write(all)
	must(t, err)
	var got []byte
	b := make([]byte, 64)
	for len(got) < len(all) {
		n, err := p.Read(b, long)
		must(t, err)
		got = append(got, b[:n]...)
	}
	if !bytes.Equal(got, all) {
		t.Errorf("in: % x", got)
	}
	_, err = p.Write(all, long)
	must(t, err)
	back := make([]byte, 0, 256)
	for len(back) < len(all) {
		n, err := device.Read(b)
		must(t, err)
		back = append(back, b[:n]...)
	}
	if !bytes.Equal(back, all) {
		t.Errorf("out: % x", back)
	}
}

// Nothing there yet is not an end: what comes later is read.
func TestIdle(t *testing.T) {
	device, path := pair(t)
	p := open(t, path)
	b := make([]byte, 8)
	for range 5 {
		_, err := p.Read(b, time.Millisecond)
		want(t, err, serialport.ErrIdle)
	}
	_, err := device.WriteString("x")
	must(t, err)
	if n, err := p.Read(b, long); err != nil || n != 1 {
		t.Errorf("%d %v", n, err)
	}
}

// A close ends a read that waits for ever. The library's own does not.
func TestCloseEndsRead(t *testing.T) {
	_, path := pair(t)
	p := open(t, path)
	ended := make(chan error, 1)
	go func() {
		_, err := p.Read(make([]byte, 1), time.Hour)
		ended <- err
	}()
	must(t, p.Close())
	select {
	case err := <-ended:
		want(t, err, os.ErrClosed)
	case <-time.After(long):
		t.Fatal("the read goes on")
	}
	must(t, p.Close())
}

// A peer that stops reading costs the time that was given and no more, and neither a
// close nor the next write waits for it.
func TestSlow(t *testing.T) {
	device, path := pair(t)
	p := open(t, path)
	n, err := p.Write(make([]byte, 1<<20), soon)
	want(t, err, serialport.ErrSlow)
	if n == 0 || n == 1<<20 {
		t.Errorf("%d bytes were taken", n)
	}
	_, err = p.Write(make([]byte, 1<<20), soon)
	want(t, err, serialport.ErrSlow)
	// It reads again: what is written next arrives.
	sink := make([]byte, 1<<16)
	go func() {
		for {
			if _, err := device.Read(sink); err != nil {
				return
			}
		}
	}()
	_, err = p.Write(make([]byte, 1<<18), long)
	must(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := p.Write(make([]byte, 1<<28), time.Hour)
		ended <- err
	}()
	must(t, p.Close())
	want(t, <-ended, os.ErrClosed)
}

// The adapter is pulled: a PTY's other end closes.
func TestUnplugged(t *testing.T) {
	device, path := pair(t)
	p := open(t, path)
	ended := make(chan error, 1)
	go func() {
		_, err := p.Read(make([]byte, 1), time.Hour)
		ended <- err
	}()
	must(t, device.Close())
	want(t, <-ended, serialport.ErrGone)
	_, err := p.Read(make([]byte, 1), soon)
	want(t, err, serialport.ErrGone)
	_, err = p.Write([]byte("x"), soon)
	want(t, err, serialport.ErrGone)
	must(t, p.Close())
}

// The line hangs up, as it does when a USB adapter is pulled: reads end with 0 bytes
// at once and for ever, which looks like a time-out to who counts only bytes.
func TestHangUp(t *testing.T) {
	_, path := pair(t)
	p := open(t, path)
	ended := make(chan error, 1)
	go func() {
		_, err := p.Read(make([]byte, 1), time.Hour)
		ended <- err
	}()
	hangUp(t, path)
	want(t, <-ended, serialport.ErrGone)
	_, err := p.Read(make([]byte, 1), time.Hour)
	want(t, err, serialport.ErrGone)
	_, err = p.Write([]byte("x"), time.Hour)
	want(t, err, serialport.ErrGone)
	must(t, p.Close())
}

func hangUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("only root may hang a line up: %v", err)
	}
	defer f.Close()
	if err := unix.IoctlSetInt(int(f.Fd()), unix.TIOCVHANGUP, 0); err != nil {
		t.Skipf("only root may hang a line up: %v", err)
	}
}

// A second opening is refused, in this process and, by the lock, in others; after the
// close it is free.
func TestAlone(t *testing.T) {
	_, path := pair(t)
	p := open(t, path)
	_, err := serialport.Open(serialport.Line{Path: path})
	want(t, err, serialport.ErrBusy)
	link := filepath.Join(t.TempDir(), "by-id")
	must(t, os.Symlink(path, link))
	_, err = serialport.Open(serialport.Line{Path: link})
	want(t, err, serialport.ErrBusy)
	if out, err := exec.Command("flock", "--nonblock", "--exclusive", path, "true").CombinedOutput(); err == nil {
		t.Errorf("another program has the lock: %s", out)
	}
	must(t, p.Close())
	must(t, open(t, path).Close())
}

func TestAbsent(t *testing.T) {
	_, err := serialport.Open(serialport.Line{Path: filepath.Join(t.TempDir(), "none")})
	want(t, err, serialport.ErrAbsent)
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if _, err := serialport.Open(serialport.Line{Path: file}); err == nil || errors.Is(err, serialport.ErrAbsent) {
		t.Errorf("a file is no line: %v", err)
	}
}

func TestLine(t *testing.T) {
	for _, test := range []struct {
		line serialport.Line
		ok   bool
		rate int
	}{
		{serialport.Line{Path: "x"}, true, 960},
		{serialport.Line{Path: "x", Baud: 115200}, true, 11520},
		{serialport.Line{Path: "x", Baud: 9600, Parity: "even"}, true, 872},
		{serialport.Line{Path: "x", Baud: 9600, Bits: 7, Parity: "odd", Stop: 2}, true, 872},
		{serialport.Line{}, false, 0},
		{serialport.Line{Path: "x", Baud: -1}, false, 0},
		{serialport.Line{Path: "x", Baud: 14400}, false, 0}, // the library does not know it
		{serialport.Line{Path: "x", Bits: 9}, false, 0},
		{serialport.Line{Path: "x", Parity: "mark"}, false, 0},
		{serialport.Line{Path: "x", Stop: 3}, false, 0},
	} {
		if err := test.line.Check(); (err == nil) != test.ok || test.line.BytesPerSecond() != test.rate {
			t.Errorf("%+v: %v, %d bytes a second", test.line, err, test.line.BytesPerSecond())
		}
	}
	_, path := pair(t)
	if _, err := serialport.Open(serialport.Line{Path: path, Baud: 14400}); err == nil {
		t.Error("a speed that the library does not know was set")
	}
}

// The port is found again by its name: gone, absent, and up with another device behind
// the name. What is gone does not spin.
func TestKeep(t *testing.T) {
	device, path := pair(t)
	name := filepath.Join(t.TempDir(), "usb-scanner")
	must(t, os.Symlink(path, name))
	ctx, cancel := context.WithCancel(t.Context())
	states := make(chan serialport.State, 10)
	lines := make(chan string, 10)
	reads := 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		serialport.Keep(ctx, serialport.Line{Path: name}, func(s serialport.State) { states <- s }, func(_ context.Context, p *serialport.Port) error {
			b := make([]byte, 64)
			for {
				reads++
				n, err := p.Read(b, time.Hour)
				if err != nil {
					return err
				}
				lines <- string(b[:n])
			}
		})
	}()
	next := func(up bool, why string) {
		t.Helper()
		select {
		case s := <-states:
			if s.Up != up || s.Why != why || s.Path != name {
				t.Fatalf("%+v, want up %v %s", s, up, why)
			}
		case <-time.After(long):
			t.Fatalf("no change to up %v %s", up, why)
		}
	}
	next(true, "")
	must(t, device.Close())
	must(t, os.Remove(name))
	next(false, "gone")
	next(false, "absent")
	other, path := pair(t)
	must(t, os.Symlink(path, name))
	next(true, "")
	_, err := other.WriteString("hello")
	must(t, err)
	for got := ""; got != "hello"; {
		if got += <-lines; len(got) > 5 {
			t.Fatalf("%q", got)
		}
	}
	cancel()
	select {
	case <-done:
	case <-time.After(long):
		t.Fatal("it goes on after its context ended")
	}
	if reads > 10 {
		t.Errorf("%d reads", reads)
	}
}

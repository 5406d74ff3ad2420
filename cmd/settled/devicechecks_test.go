package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"

	"settled/cmd/settled/internal/doctor"
	"settled/devices/display"
	"settled/devices/printer"
	"settled/devices/scanner"
	"settled/devices/serialport"
)

// TestDeviceChecks: every state has a word for programs, sentences for both readers, and
// if it is not well something that mends it.
func TestDeviceChecks(t *testing.T) {
	line := func(why string) serialport.State {
		return serialport.State{Path: "/dev/x", Up: why == "up", Why: strings.TrimSuffix(why, "up")}
	}
	up := line("up")
	paper := func(s printer.State) doctor.Check {
		s.Line = up
		return printerCheck(s)
	}
	for _, test := range []struct {
		f     doctor.Check
		state string
		level doctor.Level
		says  string
	}{
		{lineCheck(doctor.Scanner, up), "up", doctor.OK, "已接通"},
		{lineCheck(doctor.Scanner, line("")), "opening", doctor.Warn, "正在打开"},
		{lineCheck(doctor.Scanner, line("absent")), "absent", doctor.Fail, "没有接上"},
		{lineCheck(doctor.Scanner, line("gone")), "gone", doctor.Fail, "没有接上"},
		{lineCheck(doctor.Scanner, line("busy")), "busy", doctor.Fail, "占用"},
		{lineCheck(doctor.Scanner, line("denied")), "denied", doctor.Fail, "没有权限"},
		{lineCheck(doctor.Scanner, line("inappropriate ioctl")), "error", doctor.Fail, "打不开"},
		{scannerCheck(scanner.State{Line: up, Noise: true}), "noise", doctor.Warn, "乱码"},
		{scannerCheck(scanner.State{Line: up}), "up", doctor.OK, "已接通"},
		{scannerCheck(scanner.State{Line: line("gone"), Noise: true}), "gone", doctor.Fail, "没有接上"},
		{displayCheck(doctor.Voice, display.State{Line: up}), "up", doctor.OK, "已接通"},
		{displayCheck(doctor.Display, display.State{Line: up, Slow: true}), "slow", doctor.Warn, "不收数据"},
		{displayCheck(doctor.Display, display.State{Line: line("gone"), Slow: true}), "gone", doctor.Fail, "没有接上"},
		{paper(printer.State{}), "up", doctor.OK, "已接通"},
		{paper(printer.State{Waiting: 1}), "up", doctor.OK, "1 张凭条待打印"},
		{paper(printer.State{Lacking: "𠮷䶮"}), "lacking", doctor.Warn, "2 个生僻字"},
		{paper(printer.State{Trouble: printer.PaperLow}), "paper_low", doctor.Warn, "纸将用完"},
		{paper(printer.State{Trouble: printer.PaperOut, Waiting: 2, Lacking: "𠮷"}), "paper_out", doctor.Fail, "请换纸；2 张凭条待打印"},
		{paper(printer.State{Trouble: printer.CoverOpen}), "cover_open", doctor.Fail, "上盖"},
		{paper(printer.State{Trouble: printer.Silent}), "silent", doctor.Fail, "没有应答"},
		{paper(printer.State{Trouble: printer.Failing}), "error", doctor.Fail, "切刀"},
		{paper(printer.State{Trouble: printer.Offline}), "offline", doctor.Fail, "脱机"},
	} {
		f := test.f
		if f.State != test.state || f.Level != test.level || !strings.Contains(f.Chinese, test.says) || f.Name != "/dev/x" || f.English == "" {
			t.Errorf("%+v, want %s %s", f, test.state, test.says)
		}
		if (f.Mend == "") != (f.Level == doctor.OK || f.State == "opening") || strings.ContainsAny(f.English+f.Mend, "𠮷䶮") {
			t.Errorf("%+v", f)
		}
	}
}

// TestLineChecks looks at real lines that no daemon has open: one that is well, one that
// another program has, what is no line, and nothing.
func TestLineChecks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	device, line, err := pty.Open()
	must(t, err)
	defer device.Close()
	defer line.Close()
	var c config
	c.Printer.Device, c.Scanner.Device, c.Display.Device, c.Voice.Device = line.Name(), file, file+".none", line.Name()
	held, err := serialport.Open(c.Scanner.line())
	if err == nil {
		t.Errorf("a file opens as a line: %v", held.Close())
	}
	check := func(want ...string) {
		t.Helper()
		got := c.lineChecks(t.Context())
		for i, f := range got {
			if i >= len(want) || string(f.Kind)+" "+f.State != want[i] {
				t.Errorf("%+v, want %q", f, want)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d checks, want %d", len(got), len(want))
		}
	}
	check("printer silent", "scanner error", "display absent", "voice up") // nobody is at its other end
	held, err = serialport.Open(c.Printer.line())
	must(t, err)
	defer held.Close()
	check("printer busy", "scanner error", "display absent", "voice busy")
	silent := false
	c.Voice.Sound, c.Scanner.Device = &silent, ""
	check("printer busy", "display absent")
}

// A device that is there and that the daemon does not find is hidden by the unit.
func TestUnhidden(t *testing.T) {
	there := filepath.Join(t.TempDir(), "usb-printer")
	must(t, os.WriteFile(there, nil, 0o600))
	list := unhidden([]doctor.Check{
		lineCheck(doctor.Printer, serialport.State{Path: there, Why: "absent"}),
		lineCheck(doctor.Scanner, serialport.State{Path: there + ".none", Why: "absent"}),
		lineCheck(doctor.Display, serialport.State{Path: there, Why: "busy"}),
		{Kind: doctor.Disk, Name: there, State: "absent"},
	})
	for i, want := range []string{"hidden", "absent", "busy", "absent"} {
		if f := list[i]; f.State != want || (want == "hidden") != strings.Contains(f.Mend, "PrivateDevices=no") {
			t.Errorf("%+v, want %s", f, want)
		}
	}
}

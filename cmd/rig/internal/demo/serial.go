package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"settled/cmd/rig/internal/escpos"
	"settled/cmd/rig/internal/pole"
	"settled/cmd/rig/internal/tty"
)

// serial are the counter's simulated serial devices.
type serial struct {
	printer *escpos.Printer // nil: none
	display *pole.Display
	lines   map[string]*tty.Line // by device
}

func (s *serial) close() (err error) {
	for _, line := range s.lines {
		err = errors.Join(err, line.Close())
	}
	return err
}

// startSerial starts scanner, display and, if its slips are wanted, printer. Without a
// font for that the demo goes on without.
func (s *stage) startSerial() error {
	s.serial = serial{display: pole.New(), lines: map[string]*tty.Line{}}
	for _, device := range []string{"scanner", "display", "printer"} {
		line, err := tty.Open(at(s.folder, device))
		if err != nil {
			return err
		}
		s.serial.lines[device] = line
	}
	s.serial.plugged("display")
	if s.Slips == "" {
		return nil
	}
	kind, err := escpos.Ordinary(48)
	if errors.Is(err, fs.ErrNotExist) {
		s.say("（没有打印机：%v）", err)
		return nil
	}
	if err == nil {
		err = s.emptySlips()
	}
	if err != nil {
		return err
	}
	if s.serial.printer, err = escpos.New(kind, s.Slips); err != nil {
		return err
	}
	s.serial.plugged("printer")
	return nil
}

// plugged lets a device work at its line, until that is pulled or closed.
func (s *serial) plugged(device string) {
	line := s.lines[device]
	switch {
	case device == "display":
		go func() { _ = s.display.Serve(line) }()
	case device == "printer" && s.printer != nil:
		go func() { _ = s.printer.Serve(line) }()
	}
}

// emptySlips removes the slips of the last run, and nothing else.
func (s *stage) emptySlips() error {
	old, err := filepath.Glob(filepath.Join(s.Slips, "slip-*.png"))
	for _, path := range old {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

func (s *stage) serialConfig() string {
	text := fmt.Sprintf("\n[scanner]\ndevice = %q\n\n[display]\ndevice = %q\ndialect = \"cd5220\"\n",
		s.serial.lines["scanner"].Name(), s.serial.lines["display"].Name())
	if s.serial.printer != nil {
		text += fmt.Sprintf("\n[printer]\ndevice = %q\nfonts = [%q]\n", s.serial.lines["printer"].Name(), filepath.Join(s.Testdata, "fonts/rare.ttf"))
	}
	return text
}

// onPaper waits for the n-th slip and says where its picture is.
func (s *stage) onPaper(ctx context.Context, n int) {
	if s.serial.printer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if !s.serial.printer.Await(n, ctx.Done()) {
		s.say("（第%d张凭条没有打出）", n)
		return
	}
	s.say("（热敏纸上：%s；客显：%s）", s.serial.printer.Slips()[n-1], strings.Join(s.serial.display.Lines(), " | "))
}

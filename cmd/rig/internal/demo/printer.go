package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"settled/cmd/rig/internal/escpos"
	"settled/cmd/rig/internal/tty"
)

// printer is the counter's simulated receipt printer.
type printer struct {
	*escpos.Printer
	line *tty.Line
}

// startPrinter starts the printer, if its slips are wanted. Without a font for it the
// demo goes on without.
func (s *stage) startPrinter() error {
	if s.Slips == "" {
		return nil
	}
	kind, err := escpos.Ordinary(48)
	if errors.Is(err, fs.ErrNotExist) {
		s.say("（没有打印机：%v）", err)
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.emptySlips(); err != nil {
		return err
	}
	p := &printer{}
	if p.Printer, err = escpos.New(kind, s.Slips); err != nil {
		return err
	}
	if p.line, err = tty.Open(at(s.folder, "printer")); err != nil {
		return err
	}
	go func() { _ = p.Serve(p.line) }() // until the line is closed
	s.printer = p
	return nil
}

// emptySlips removes the slips of the last run, and nothing else.
func (s *stage) emptySlips() error {
	old, err := filepath.Glob(filepath.Join(s.Slips, "slip-*.png"))
	for _, path := range old {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

func (s *stage) printerConfig() string {
	if s.printer == nil {
		return ""
	}
	return fmt.Sprintf("\n[printer]\ndevice = %q\nfonts = [%q]\n", s.printer.line.Name(), filepath.Join(s.Testdata, "fonts/rare.ttf"))
}

// paperLimit is how long the demo waits for paper.
const paperLimit = 10 * time.Second

// onPaper waits for the n-th slip and says where its picture is.
func (s *stage) onPaper(ctx context.Context, n int) {
	if s.printer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, paperLimit)
	defer cancel()
	if !s.printer.Await(n, ctx.Done()) {
		s.say("（第%d张凭条没有打出）", n)
		return
	}
	slips := s.printer.Slips()
	s.say("（热敏纸上：%s）", strings.Join(slips[n-1:n], " "))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"settled/cmd/settled/internal/counter"
	"settled/devices/glyph"
	"settled/devices/printer"
	"settled/devices/serialport"
	"settled/settle"
)

// counterDevices are the devices at the counter's serial lines, each with a worker of
// its own. What is not configured is nil.
type counterDevices struct {
	printer *paperPrinter
}

// openDevices makes the devices that are configured; nothing is opened yet, and a
// device that is not there is no error.
func (d *daemon) openDevices() (err error) {
	files, err := newSpool(filepath.Join(d.config.State, "receipts"), d.config.Receipt.Columns)
	if err != nil {
		return err
	}
	d.devices = &counterDevices{printer: &paperPrinter{files: files, log: d.log}}
	if d.config.Printer.Device == "" {
		return nil
	}
	fonts, err := openFonts(d.config.Printer.Fonts, d.log)
	if err != nil {
		return err
	}
	o := d.config.printerOptions(d.config.State, fonts)
	o.Log = d.log
	o.Out = func(name string) { d.window.Printed(name) }
	d.devices.printer.device, err = printer.Open(o)
	return err
}

// run keeps the devices' workers going until ctx ends. None of them can fail: a device
// that is lost is looked for again.
func (c *counterDevices) run(ctx context.Context) error {
	var workers sync.WaitGroup
	if c.printer.device != nil {
		workers.Go(func() { c.printer.device.Run(ctx) })
	}
	<-ctx.Done()
	workers.Wait()
	return nil
}

// notices say what is wrong with the devices, for /readyz.
func (c *counterDevices) notices() (list []counter.Notice) {
	if why := c.printer.Trouble(); why != "" {
		list = append(list, counter.Notice{Code: why, Text: counter.Sentence(why)})
	}
	return list
}

// paperPrinter puts each slip as text into a directory and, where there is a printer,
// on paper. It is the counter's [counter.Printer].
type paperPrinter struct {
	files  *spool
	device *printer.Printer // nil: none
	log    *slog.Logger
}

// Print implements counter.Printer.
func (p *paperPrinter) Print(ctx context.Context, paper counter.Paper) error {
	filed := p.files.Print(ctx, paper)
	if p.device == nil || errors.Is(filed, errNoName) {
		return filed
	}
	if filed != nil { // paper is what counts
		p.log.Error("a slip is not filed", "slip", paper.Name(), "cause", filed)
	}
	var rows []printer.Row
	for _, row := range paper.Rows(p.files.columns) {
		rows = append(rows, printer.Row(row))
	}
	err := p.device.Print(ctx, paper.Name(), rows)
	var kept *printer.Kept
	if errors.As(err, &kept) {
		return &counter.Kept{Why: troubleCode(kept.Trouble), Err: err}
	}
	return err
}

// Trouble implements counter.Printer.
func (p *paperPrinter) Trouble() settle.Code {
	if p.device == nil {
		return ""
	}
	return troubleCode(p.device.State().Trouble)
}

func troubleCode(t printer.Trouble) settle.Code {
	return map[printer.Trouble]settle.Code{
		printer.Absent: counter.PrinterAbsent, printer.Silent: counter.PrinterSilent, printer.CoverOpen: counter.PrinterOpen,
		printer.PaperOut: counter.PrinterPaperOut, printer.Failing: counter.PrinterFailing, printer.Offline: counter.PrinterOffline,
		printer.PaperLow: counter.PrinterPaperLow,
	}[t]
}

// printerConfig is the table [printer] of the configuration.
type printerConfig struct {
	Device   string   `toml:"device"`    // best of /dev/serial/by-id; empty: slips are files only
	Baud     int      `toml:"baud"`      // 115200
	Parity   string   `toml:"parity"`    // none, even, odd
	Charset  string   `toml:"charset"`   // what its own font has: gb2312, gbk, gb18030; none: all is drawn
	CodePage int      `toml:"code_page"` // sent by ESC t; 0: nothing is sent
	Cut      string   `toml:"cut"`       // partial, full, esc_m, esc_i, none
	Feed     int      `toml:"feed"`      // lines between the last row and the knife
	Codes    string   `toml:"codes"`     // QR codes: native, none
	Confirm  string   `toml:"confirm"`   // how it says that a slip is out: processed, status, none
	Fonts    []string `toml:"fonts"`     // files that characters are drawn from which its own font lacks
}

// usualFonts are where Debian's packages fonts-wqy-microhei and fonts-hanazono put
// theirs; those that are not there are passed by.
func usualFonts() []string {
	return []string{"/usr/share/fonts/truetype/hanazono/HanaMinA.ttf", "/usr/share/fonts/truetype/hanazono/HanaMinB.ttf", "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"}
}

func (c *config) printerOptions(state string, fonts []*glyph.Font) printer.Options {
	p := c.Printer
	return printer.Options{
		Line: serialport.Line{Path: p.Device, Baud: p.Baud, Parity: p.Parity},
		Manner: printer.Manner{
			Columns: c.Receipt.Columns, Charset: p.Charset, CodePage: p.CodePage, Cut: p.Cut, Feed: p.Feed, Codes: p.Codes, Confirm: p.Confirm, Fonts: fonts,
		},
		Spool: filepath.Join(state, "spool"),
		Again: []printer.Row{{Text: "【补打：前一张可能没有打完】"}, {}},
	}
}

// checkDevices checks what the configuration says of the serial devices.
func (c *config) checkDevices() error {
	if c.Printer.Device == "" {
		return nil
	}
	o := c.printerOptions("", nil)
	if err := o.Line.Check(); err != nil {
		return fmt.Errorf("printer: %w", err)
	}
	if err := o.Manner.Check(); err != nil {
		return fmt.Errorf("printer.%w", err)
	}
	return nil
}

// openFonts opens the fonts; they are read while the daemon runs, whenever a character
// is needed. A font that is named must be there, the usual ones need not.
func openFonts(names []string, log *slog.Logger) (fonts []*glyph.Font, err error) {
	named := names != nil
	if !named {
		names = usualFonts()
	}
	for _, name := range names {
		file, err := os.Open(name) // for as long as the daemon runs
		if errors.Is(err, os.ErrNotExist) && !named {
			continue
		}
		if err != nil {
			return nil, usagef("printer.fonts: %w", err)
		}
		font, err := glyph.Parse(file, 0)
		if err != nil {
			return nil, errors.Join(usagef("printer.fonts: %s: %w", name, err), file.Close())
		}
		fonts = append(fonts, font)
	}
	if len(fonts) == 0 {
		log.Warn("no font to draw rare characters from: they are printed as 〓; apt-get install fonts-hanazono")
	}
	return fonts, nil
}

package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/doctor"
	"settled/cmd/settled/internal/slipseal"
	"settled/devices/display"
	"settled/devices/glyph"
	"settled/devices/printer"
	"settled/devices/scanner"
	"settled/settle"
)

// counterDevices are the devices at the counter's serial lines, each with a worker of
// its own. What is not configured is nil.
type counterDevices struct {
	printer *paperPrinter
	scanner *scanner.Scanner
	shows   []shower
}

// shower is what shows the patient something.
type shower struct {
	*display.Display
	kind doctor.Kind // Display, or Voice for the box that speaks
}

// openDevices makes the devices that are configured; nothing is opened yet, and a
// device that is not there is no error.
func (d *daemon) openDevices() (err error) {
	files, err := newSpool(filepath.Join(d.config.State, "receipts"), d.config.Receipt.Columns)
	if err != nil {
		return err
	}
	slips, err := d.config.slipKeys()
	if err != nil {
		return err
	}
	d.devices = &counterDevices{printer: &paperPrinter{files: files, slips: slips, log: d.log}}
	if d.config.Printer.Device != "" {
		if err := d.openPrinter(); err != nil {
			return err
		}
	}
	if d.config.Scanner.Device != "" {
		d.devices.scanner, err = scanner.Open(scanner.Options{Line: d.config.Scanner.line(), Prefixes: d.config.ECode.Prefixes, Take: d.scanned, Changed: d.changes.Changed})
	}
	return errors.Join(err, d.openDisplays())
}

func (d *daemon) openDisplays() error {
	for kind, c := range d.config.displays() {
		one, err := display.Open(display.Options{Line: c.line(), Dialect: c.Dialect, Changed: d.changes.Changed})
		if err != nil {
			return err
		}
		d.devices.shows = append(d.devices.shows, shower{one, kind})
	}
	return nil
}

// showScreens has the displays show what concerns the patient, until the session ends.
func (c *counterDevices) showScreens(ctx context.Context, window *counter.Session) {
	for ctx.Err() == nil { // one that fell behind begins again
		screens, leave := window.Subscribe()
		for screen := range screens {
			v := viewOf(screen)
			for _, one := range c.shows {
				_ = one.Show(v) // the amounts are ours
			}
		}
		leave()
	}
}

// viewOf is what the patient is shown of a screen: never a name or a number.
func viewOf(s counter.Screen) display.View {
	last := s.Slip != nil && (s.State == counter.Committed.String() || s.State == counter.Printed.String())
	switch {
	case s.Tender != nil && (s.Quote != nil || last):
		return display.View{What: display.Change, Total: s.Tender.Received.String(), Amount: s.Tender.Change.String()}
	case s.Quote != nil && s.Quote.Status != settle.Refused:
		return display.View{What: display.ToPay, Total: s.Quote.Total.String(), Amount: s.Quote.Cash.String()}
	case last:
		return display.View{What: display.Paid, Amount: s.Slip.Figures.Cash.String()}
	case s.Patient != nil:
		return display.View{What: display.Welcome}
	}
	return display.View{}
}

func (d *daemon) openPrinter() error {
	fonts, err := openFonts(d.config.Printer.Fonts, d.log)
	if err != nil {
		return err
	}
	o := d.config.printerOptions(d.config.State, fonts)
	o.Log, o.Changed = d.log, d.changes.Changed
	o.Out = func(name string) { d.window.Printed(name) }
	d.devices.printer.device, err = printer.Open(o)
	return err
}

// scanned takes a code of the scanner: a 医保码 is an event as a card is, others are
// shown for a page to take up.
func (d *daemon) scanned(code scanner.Code) {
	switch code.Kind() {
	case scanner.ECode:
		_ = d.window.Scan(counter.NewECode(code.ClearSecret())) // a refusal is on the screen
	case scanner.Bill, scanner.Slip:
		d.window.Show(string(code.Kind()), code.ClearSecret())
	default:
		d.log.Info("scanned what is no known code", "code", code)
		d.window.ShowUnknown()
	}
}

// run keeps the devices' workers going until ctx ends. None of them can fail: a device
// that is lost is looked for again.
func (c *counterDevices) run(ctx context.Context, window *counter.Session) error {
	var workers sync.WaitGroup
	for _, one := range c.shows {
		workers.Go(func() { one.Run(ctx) })
	}
	if len(c.shows) > 0 {
		go c.showScreens(ctx, window) // ends with the session, after this
	}
	if c.printer.device != nil {
		workers.Go(func() { c.printer.device.Run(ctx) })
	}
	if c.scanner != nil {
		workers.Go(func() { c.scanner.Run(ctx) })
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
	slips  *slipseal.Keys   // seal the codes; nil: none does
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
	err := p.device.Print(ctx, paper.Name(), rowsOf(paper, p.files.columns, p.slips))
	var kept *printer.Kept
	if errors.As(err, &kept) {
		return &counter.Kept{Why: troubleCode(kept.Trouble), Err: err}
	}
	return err
}

// rowsOf lays a slip out for the printer, with its code sealed.
func rowsOf(paper counter.Paper, columns int, keys *slipseal.Keys) (rows []printer.Row) {
	for _, row := range paper.Rows(columns) {
		if row.Code != "" {
			row.Code = keys.Seal(row.Code)
		}
		rows = append(rows, printer.Row(row))
	}
	return rows
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

// openFonts opens the fonts; they are read while the daemon runs, whenever a character
// is needed. A font that is named must be there, the usual ones need not.
func openFonts(names []string, log *slog.Logger) (fonts []*glyph.Font, err error) {
	named := len(names) > 0
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

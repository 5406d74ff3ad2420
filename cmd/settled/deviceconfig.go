package main

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"settled/cmd/settled/internal/doctor"
	"settled/cmd/settled/internal/usedcodes"
	"settled/devices/display"
	"settled/devices/glyph"
	"settled/devices/printer"
	"settled/devices/serialport"
	"settled/queue/nhsa"
)

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

// scannerConfig is the table [scanner] of the configuration.
type scannerConfig struct {
	Device string `toml:"device"` // best of /dev/serial/by-id; empty: none, or one that acts as a keyboard
	Baud   int    `toml:"baud"`   // 9600
	Parity string `toml:"parity"` // none, even, odd
}

func (p printerConfig) line() serialport.Line {
	return serialport.Line{Path: p.Device, Baud: p.Baud, Parity: p.Parity}
}

func (s scannerConfig) line() serialport.Line {
	return serialport.Line{Path: s.Device, Baud: s.Baud, Parity: s.Parity}
}

// displayConfig is the table [display] of the configuration: the patient's display.
type displayConfig struct {
	Device  string `toml:"device"`  // best of /dev/serial/by-id; empty: none
	Baud    int    `toml:"baud"`    // 9600
	Parity  string `toml:"parity"`  // none, even, odd
	Dialect string `toml:"dialect"` // cd5220, led8, led8_raw
}

func (d displayConfig) line() serialport.Line {
	return serialport.Line{Path: d.Device, Baud: d.Baud, Parity: d.Parity}
}

func (d displayConfig) check() error {
	if d.Device == "" {
		return nil
	}
	if _, err := display.DialectOf(d.Dialect); err != nil {
		return err
	}
	return d.line().Check()
}

// voiceConfig is the table [voice] of the configuration: a box that speaks.
type voiceConfig struct {
	Device string `toml:"device"` // empty: none
	Baud   int    `toml:"baud"`   // 9600
	Sound  *bool  `toml:"sound"`  // false: it is there, and silent
}

// display is the box as a display; none if it is silent.
func (v voiceConfig) display() displayConfig {
	if v.Sound != nil && !*v.Sound {
		return displayConfig{}
	}
	return displayConfig{Device: v.Device, Baud: v.Baud, Dialect: display.Voice}
}

// displays are the displays that are configured.
func (c *config) displays() iter.Seq2[doctor.Kind, displayConfig] {
	return func(yield func(doctor.Kind, displayConfig) bool) {
		if c.Display.Device != "" && !yield(doctor.Display, c.Display) {
			return
		}
		if v := c.Voice.display(); v.Device != "" {
			yield(doctor.Voice, v)
		}
	}
}

// ecodeConfig is the table [ecode] of the configuration: who redeems 医保码, and where
// it is remembered which have served.
type ecodeConfig struct {
	URL      string   `toml:"url"`      // of the province's localQrCodeQuery; empty: no 医保码 is taken
	Prefixes []string `toml:"prefixes"` // of a 医保码; "424" and "opc" when empty
	Life     duration `toml:"life"`     // how long one counts as used
	Used     string   `toml:"used"`     // file that counters may share; one in the state directory when empty
}

// ecodes makes the line to who redeems 医保码, nil if there is none.
func (c *config) ecodes() (*nhsa.ECodes, error) {
	if c.ECode.URL == "" {
		return nil, nil
	}
	codes, err := nhsa.NewECodes(nhsa.ECodeOptions{
		URL: c.ECode.URL, Institution: c.Institution.Code, Operator: c.Counter.Operator, OperatorName: cmp.Or(c.Counter.OperatorName, c.Counter.Operator),
	})
	if err != nil {
		return nil, usagef("ecode.url: %w", err)
	}
	return codes, nil
}

// usedCodes is the memory of 医保码 that have served.
func (c *config) usedCodes() *usedcodes.File {
	return &usedcodes.File{Path: cmp.Or(c.ECode.Used, filepath.Join(c.State, "ecode.used")), Life: c.ECode.Life.Duration, Now: time.Now}
}

// usualFonts are where Debian's packages fonts-wqy-microhei and fonts-hanazono put
// theirs; those that are not there are passed by.
func usualFonts() []string {
	return []string{"/usr/share/fonts/truetype/hanazono/HanaMinA.ttf", "/usr/share/fonts/truetype/hanazono/HanaMinB.ttf", "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"}
}

func (c *config) printerOptions(state string, fonts []*glyph.Font) printer.Options {
	p := c.Printer
	return printer.Options{
		Line: p.line(),
		Manner: printer.Manner{
			Columns: c.Receipt.Columns, Charset: p.Charset, CodePage: p.CodePage, Cut: p.Cut, Feed: p.Feed, Codes: p.Codes, Confirm: p.Confirm, Fonts: fonts,
		},
		Spool: filepath.Join(state, "spool"),
		Again: []printer.Row{{Text: "【补打：前一张可能没有打完】"}, {}},
	}
}

// checkDevices checks what the configuration says of the serial devices.
func (c *config) checkDevices() error {
	if c.Scanner.Device != "" {
		if err := c.Scanner.line().Check(); err != nil {
			return fmt.Errorf("scanner.%w", err)
		}
	}
	if err := c.Display.check(); err != nil {
		return fmt.Errorf("display.%w", err)
	}
	if err := c.Voice.display().check(); err != nil {
		return fmt.Errorf("voice.%w", err)
	}
	if err := c.checkPorts(); err != nil {
		return err
	}
	if c.ECode.Life.Duration <= 0 {
		return errors.New("ecode.life: it must be positive")
	}
	if c.Printer.Device == "" {
		return nil
	}
	o := c.printerOptions("", nil)
	if err := o.Line.Check(); err != nil {
		return fmt.Errorf("printer.%w", err)
	}
	if err := o.Manner.Check(); err != nil {
		return fmt.Errorf("printer.%w", err)
	}
	return nil
}

// checkPorts refuses two devices at one port.
func (c *config) checkPorts() error {
	taken := map[string]string{}
	for _, d := range []struct{ name, port string }{
		{"printer", c.Printer.Device}, {"scanner", c.Scanner.Device}, {"display", c.Display.Device}, {"voice", c.Voice.Device},
	} {
		if other := taken[d.port]; other != "" && d.port != "" {
			return fmt.Errorf("%s.device: %s is the port of the %s, too", d.name, d.port, other)
		}
		taken[d.port] = d.name
	}
	return nil
}

package serialport

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tarm/serial"
)

// Line says where a device is and how it speaks. Zero fields take the value that is
// named: 9600 8N1.
type Line struct {
	Path   string // best a name that stays: /dev/serial/by-id/…
	Baud   int    // 9600
	Bits   int    // 8; 5 to 8
	Parity string // "none"; "even", "odd"
	Stop   int    // 1; 1 or 2
}

// Check says what is wrong with a line as it is configured, or gives nil.
func (l Line) Check() error {
	_, err := l.config()
	return err
}

// BytesPerSecond is the most that the line carries: a byte has its bits, a start bit,
// the stop bits and, if there is one, a parity bit.
func (l Line) BytesPerSecond() int {
	c, err := l.config()
	if err != nil {
		return 0
	}
	bits := 1 + int(c.Size) + int(c.StopBits)
	if c.Parity != serial.ParityNone {
		bits++
	}
	return c.Baud / bits
}

// speeds are those of devices at counters that the library sets.
func speeds() []int {
	return []int{1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600}
}

// config is the line in the library's words.
func (l Line) config() (*serial.Config, error) {
	c := &serial.Config{Name: l.Path, Baud: l.Baud, Size: byte(l.Bits), Parity: serial.ParityNone, StopBits: serial.StopBits(l.Stop), ReadTimeout: shortest}
	switch {
	case l.Path == "":
		return nil, errors.New("no path")
	case l.Baud == 0:
		c.Baud = 9600
	case !slices.Contains(speeds(), l.Baud):
		return nil, fmt.Errorf("baud %d: want one of %v", l.Baud, speeds())
	}
	switch {
	case l.Bits == 0:
		c.Size = serial.DefaultSize
	case l.Bits < 5 || l.Bits > 8:
		return nil, fmt.Errorf("%d data bits: want 5 to 8", l.Bits)
	}
	switch {
	case l.Stop == 0:
		c.StopBits = serial.Stop1
	case l.Stop != 1 && l.Stop != 2:
		return nil, fmt.Errorf("%d stop bits: want 1 or 2", l.Stop)
	}
	switch l.Parity {
	case "", "none":
	case "even":
		c.Parity = serial.ParityEven
	case "odd":
		c.Parity = serial.ParityOdd
	default:
		return nil, fmt.Errorf("parity %q: want none, even or odd", l.Parity)
	}
	return c, nil
}

package escpos

import (
	"encoding/binary"

	"github.com/skip2/go-qrcode"
)

// command carries out one of ESC, FS or GS; 0: more must come.
func (m *Machine) command(c byte, b []byte) int {
	switch string([]byte{c, b[1]}) {
	case "\x1B@":
		m.reset()
		return 2
	case "\x1C&":
		m.chinese = true
		return 2
	case "\x1C.":
		m.chinese = false
		return 2
	case "\x1Bm", "\x1Bi":
		m.finish()
		return 2
	case "\x1DV":
		return m.knife(b)
	case "\x1Dv":
		return m.raster(b)
	case "\x1D(":
		return m.function(b)
	case "\x1B3", "\x1Ba", "\x1Bd", "\x1Bt", "\x1D!", "\x1C!", "\x1Dr":
		if len(b) < 3 {
			return 0
		}
		m.set(c, b[1], b[2])
		return 3
	}
	m.fault("unknown command % x", b[:2])
	return 2
}

// set carries out a command with one argument.
func (m *Machine) set(c, name, n byte) {
	switch string([]byte{c, name}) {
	case "\x1B3":
		m.spacing = int(n)
	case "\x1Ba":
		m.align = n & 3
	case "\x1Bd":
		for range n {
			m.endLine()
		}
	case "\x1D!":
		m.tall[0], m.tall[1] = n&0x0F == 1, n&0x0F == 1
		if n&0xFE != 0 {
			m.fault("size %02x", n)
		}
	case "\x1C!":
		m.tall[1] = n&0x08 != 0
	case "\x1Dr":
		if m.answer != nil {
			m.answer(m.paperOK())
		}
	}
}

func (m *Machine) knife(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	n := 3
	if b[2] == 65 || b[2] == 66 {
		n = 4
	}
	if len(b) < n {
		return 0
	}
	if n == 4 {
		m.y += int(b[3])
	}
	m.finish()
	return n
}

// raster is GS v 0 m xL xH yL yH d1…dk.
func (m *Machine) raster(b []byte) int {
	if len(b) < 8 {
		return 0
	}
	wide, high := int(binary.LittleEndian.Uint16(b[4:])), int(binary.LittleEndian.Uint16(b[6:]))
	if b[2] != '0' || b[3] != 0 || wide*8 > m.kind.Dots || len(m.line) > 0 {
		m.fault("a picture of %d bytes across in the middle of %d characters", wide, len(m.line))
	}
	n := 8 + wide*high
	if len(b) < n {
		return 0
	}
	m.need(high)
	x := m.left(8 * wide)
	for i, dots := range b[8:n] {
		for bit := range 8 {
			if dots&(0x80>>bit) != 0 {
				m.dot(x+8*(i%wide)+bit, m.y+i/wide)
			}
		}
	}
	m.y += high
	m.lines++
	return n
}

// function is GS ( k pL pH cn fn …, for QR codes.
func (m *Machine) function(b []byte) int {
	if len(b) < 5 {
		return 0
	}
	n := 5 + int(binary.LittleEndian.Uint16(b[3:]))
	if len(b) < n {
		return 0
	}
	body := b[5:n]
	if b[2] != 'k' || len(body) < 3 || body[0] != '1' {
		m.fault("unknown function % x", b[:min(n, 8)])
		return n
	}
	switch body[1] {
	case 'A', 'E': // model, correction: as this one draws
	case 'C':
		m.module = int(body[2])
	case 'P':
		m.code = append([]byte{}, body[3:]...)
	case 'Q':
		m.printCode()
	default:
		m.fault("unknown function % x", b[:min(n, 8)])
	}
	return n
}

func (m *Machine) printCode() {
	q, err := qrcode.New(string(m.code), qrcode.Medium)
	if err != nil {
		m.fault("QR code: %v", err)
		return
	}
	q.DisableBorder = true
	grid := q.Bitmap()
	size := len(grid) * m.module
	m.need(size)
	x := m.left(size)
	for i := range size {
		for j := range size {
			if grid[i/m.module][j/m.module] {
				m.dot(x+j, m.y+i)
			}
		}
	}
	m.y += size
	m.lines++
}

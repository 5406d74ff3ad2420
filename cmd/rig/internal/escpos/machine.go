// Package escpos is a receipt printer of its own: it takes the bytes of ESC/POS that a
// program sends, and gives the paper as a picture. It was written from the printers'
// manuals and shares nothing with the program that makes the bytes but the drawing of
// characters.
package escpos

import (
	"fmt"
	"image"

	"golang.org/x/text/encoding/simplifiedchinese"

	"settled/devices/glyph"
)

// Type is a kind of printer.
type Type struct {
	Dots    int           // across the paper: 576 (80 mm), 384 (58 mm)
	GB2312  bool          // its font has no more than GB 2312; all else is printed as a box
	Letters *glyph.Font   // half-width characters
	Hanzi   []*glyph.Font // full-width ones
}

// Machine is the printer's works: what is written moves the paper.
type Machine struct {
	kind    Type
	paper   *image.Gray
	y       int // where the next line begins
	line    []cell
	chinese bool
	spacing int
	align   byte
	tall    [2]bool // of half-width, of full-width characters
	code    []byte
	module  int
	lines   int // printed since the start
	faults  []string
	known   map[rune]*image.Alpha // drawn before
	cut     func(*image.Gray)
	answer  func(byte)
	paperOK func() byte // GS r
}

// cell is a character that waits for the end of its line.
type cell struct {
	dots *image.Alpha
	wide int
	tall bool
}

const (
	cellWidth  = 12
	cellHeight = 24
	margin     = 24 // of a picture
)

func newMachine(k Type) *Machine {
	m := &Machine{kind: k, known: map[rune]*image.Alpha{}}
	m.reset()
	m.fresh()
	return m
}

func (m *Machine) reset() {
	m.chinese, m.spacing, m.align, m.tall, m.line, m.module = false, 30, 0, [2]bool{}, nil, 3
}

func (m *Machine) fresh() {
	m.paper, m.y = image.NewGray(image.Rect(0, 0, m.kind.Dots+2*margin, 0)), margin
}

func (m *Machine) fault(format string, args ...any) {
	if len(m.faults) < 50 {
		m.faults = append(m.faults, fmt.Sprintf(format, args...))
	}
}

// step carries out the command or character at the start of b and gives how many bytes
// it had; 0: more must come.
func (m *Machine) step(b []byte) int {
	switch c := b[0]; {
	case c == 0x1B || c == 0x1C || c == 0x1D:
		if len(b) < 2 {
			return 0
		}
		return m.command(c, b)
	case c == '\n':
		m.endLine()
		return 1
	case c == '\r':
		return 1
	case c < 0x20 || c == 0x7F:
		m.fault("control byte %02x", c)
		return 1
	case c < 0x80:
		m.letter(rune(c), false)
		return 1
	}
	return m.hanzi(b)
}

// hanzi takes a character of two or, of GB 18030, four bytes.
func (m *Machine) hanzi(b []byte) int {
	n := 2
	if len(b) >= 2 && b[1] >= 0x30 && b[1] <= 0x39 {
		n = 4
	}
	if len(b) < n {
		return 0
	}
	if !m.chinese {
		m.fault("a Chinese character outside of FS &")
	}
	if m.kind.GB2312 && (n == 4 || b[0] < 0xA1 || b[0] > 0xF7 || b[1] < 0xA1) {
		m.fault("a character that the font lacks: % x", b[:n])
		m.letter('\u25A1', true)
		return n
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b[:n])
	r := []rune(string(text))
	if err != nil || len(r) != 1 {
		m.fault("no character: % x", b[:n])
		return n
	}
	m.letter(r[0], true)
	return n
}

// letter puts a character on the line; one that is full begins the next.
func (m *Machine) letter(r rune, wide bool) {
	c := cell{wide: cellWidth, tall: m.tall[0]}
	fonts, em := []*glyph.Font{m.kind.Letters}, 20
	if wide {
		c = cell{wide: 2 * cellWidth, tall: m.tall[1]}
		fonts, em = m.kind.Hanzi, 24
	}
	if r != ' ' {
		c.dots = m.drawn(r, c.wide, em, fonts)
	}
	if m.used()+c.wide > m.kind.Dots {
		m.fault("a line is too long at %c", r)
		m.endLine()
	}
	m.line = append(m.line, c)
}

// drawn gives a character's dots; nil if no font has it.
func (m *Machine) drawn(r rune, wide, em int, fonts []*glyph.Font) *image.Alpha {
	if dots := m.known[r]; dots != nil {
		return dots
	}
	for _, f := range fonts {
		if f == nil {
			continue
		}
		if dots, ok := f.Draw(r, wide, cellHeight, em); ok {
			m.known[r] = dots
			return dots
		}
	}
	m.fault("nothing draws %c", r)
	return nil
}

func (m *Machine) used() (dots int) {
	for _, c := range m.line {
		dots += c.wide
	}
	return dots
}

// endLine prints the line and moves the paper on.
func (m *Machine) endLine() {
	high := cellHeight
	for _, c := range m.line {
		if c.tall {
			high = 2 * cellHeight
		}
	}
	x := m.left(m.used())
	m.need(high)
	for _, c := range m.line {
		if c.dots != nil {
			m.stamp(c, x, high)
		}
		x += c.wide
	}
	m.y += max(m.spacing, high+(m.spacing-cellHeight))
	m.line, m.lines = nil, m.lines+1
}

func (m *Machine) stamp(c cell, x, high int) {
	times := 1
	if c.tall {
		times = 2
	}
	top := m.y + high - cellHeight*times
	for y := range cellHeight * times {
		for dx := range c.wide {
			if c.dots.Pix[(y/times)*c.dots.Stride+dx] >= 96 {
				m.dot(x+dx, top+y)
			}
		}
	}
}

// left is where something of that width begins.
func (m *Machine) left(wide int) int {
	return margin + (m.kind.Dots-wide)*int(m.align)/2
}

// need has the paper reach that far below the present line.
func (m *Machine) need(high int) {
	size := m.paper.Rect.Size()
	if want := m.y + high + margin; want > size.Y {
		longer := image.NewGray(image.Rect(0, 0, size.X, want+500))
		for i := range longer.Pix {
			longer.Pix[i] = 0xFF
		}
		copy(longer.Pix, m.paper.Pix)
		m.paper = longer
	}
}

func (m *Machine) dot(x, y int) {
	if x >= margin && x < margin+m.kind.Dots {
		m.paper.Pix[y*m.paper.Stride+x] = 0
	}
}

// finish hands the paper out up to the knife.
func (m *Machine) finish() {
	m.need(0)
	slip := m.paper.SubImage(image.Rect(0, 0, m.paper.Rect.Dx(), m.y+margin))
	if gray, ok := slip.(*image.Gray); ok && m.cut != nil {
		m.cut(gray)
	}
	m.fresh()
}

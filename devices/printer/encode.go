package printer

import (
	"bytes"
	"strings"

	"golang.org/x/text/width"
)

// Commands of ESC/POS that are used, after the printers' manuals (Epson TM-T88 and
// those that follow it; FS for Chinese: SPRT, Birch).
const (
	initialise  = "\x1B@"
	chinese     = "\x1C&"
	spacing     = "\x1B3\x1E" // 30 dots a line
	tallOn      = "\x1D!\x01\x1C!\x08"
	tallOff     = "\x1D!\x00\x1C!\x00"
	centred     = "\x1Ba\x01"
	flushLeft   = "\x1Ba\x00"
	codePage    = "\x1Bt"
	rasterImage = "\x1Dv0\x00"
	ordered     = "\x1Dr\x01" // GS r 1: paper, answered in its turn
	realTime    = "\x10\x04"  // DLE EOT n: answered at once
)

// QR codes (GS ( k): model 2, dots of a module, correction M, store, print.
const (
	codeModel = "\x1D(k\x04\x001A2\x00"
	codeSize  = "\x1D(k\x03\x001C\x05"
	codeLevel = "\x1D(k\x03\x001E1"
	codeStore = "\x1D(k"
	codePrint = "\x1D(k\x03\x001Q0"
)

// mostCode bounds the text of a QR code.
const mostCode = 512

// Job is a slip as the printer takes it: whole commands in each part, so that something
// may be asked between two. Lacking are the characters that nothing here can print; each
// is 〓 on the paper.
type Job struct {
	Parts   [][]byte
	Lacking []rune
}

// add ends a part.
func (j *Job) add(b *bytes.Buffer) {
	j.Parts = append(j.Parts, bytes.Clone(b.Bytes()))
	b.Reset()
}

// Encode makes a slip's bytes, cut included. Manner.Check has passed.
func (m *Manner) Encode(rows []Row) Job {
	var j Job
	var b bytes.Buffer
	b.WriteString(initialise)
	if m.CodePage > 0 {
		b.WriteString(codePage)
		b.WriteByte(byte(m.CodePage))
	}
	b.WriteString(chinese + spacing)
	j.add(&b)
	for _, row := range rows {
		switch {
		case row.Code != "":
			m.code(&b, row.Code)
		case m.has(row.Text):
			m.text(&b, row)
		default:
			j.Lacking = append(j.Lacking, m.draw(&b, row)...)
		}
		j.add(&b)
	}
	m.cut(&b)
	j.add(&b)
	return j
}

// has tells whether the printer's own font has all of a text.
func (m *Manner) has(text string) bool {
	for _, r := range text {
		if _, ok := m.encode(r); !ok {
			return false
		}
	}
	return true
}

func (m *Manner) text(b *bytes.Buffer, row Row) {
	if row.Tall {
		b.WriteString(tallOn)
	}
	for _, r := range strings.TrimRight(row.Text, " ") {
		code, _ := m.encode(r) // has said so
		b.Write(code)
	}
	b.WriteByte('\n')
	if row.Tall {
		b.WriteString(tallOff)
	}
}

// code prints a QR code, or its text where the printer draws none.
func (m *Manner) code(b *bytes.Buffer, text string) {
	if m.Codes == "none" || len(text) > mostCode {
		for _, part := range split(text, m.Columns) {
			b.WriteString(part + "\n")
		}
		return
	}
	n := len(text) + 3
	b.WriteString("\n" + centred + codeModel + codeSize + codeLevel + codeStore)
	b.Write([]byte{byte(n), byte(n >> 8), '1', 'P', '0'})
	b.WriteString(text)
	b.WriteString(codePrint + flushLeft + "\n") // a line of white above and below, or scanners miss it
}

// split cuts a text of ASCII into lines.
func split(text string, columns int) (lines []string) {
	for len(text) > columns {
		lines, text = append(lines, text[:columns]), text[columns:]
	}
	return append(lines, text)
}

func (m *Manner) cut(b *bytes.Buffer) {
	b.WriteString("\x1Bd")
	b.WriteByte(byte(m.Feed))
	b.WriteString(map[string]string{"partial": "\x1DVB\x00", "full": "\x1DVA\x00", "esc_m": "\x1Bm", "esc_i": "\x1Bi"}[m.Cut])
}

// columnsOf is how many columns a character takes: two for hanzi and for all that a
// Chinese printer draws full width.
func columnsOf(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
		return 2
	}
	return 1
}

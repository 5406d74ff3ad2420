// Package printer prints slips on a receipt printer (ESC/POS) at a serial line: rows in,
// paper out, and a state that says why none comes.
//
// A slip is kept in a spool on disk until the printer says that it is through. What the
// printer answers is of two kinds. DLE EOT n is answered at once, also by one that
// stands still: it says why. GS r n is answered in its turn, after all that was sent
// before it was printed: it is the confirmation, and, asked every few bytes, keeps the
// printer's buffer from running over on a line without flow control.
package printer

import (
	"fmt"

	"settled/devices/glyph"
)

// Row is one line of a slip, laid out for the paper's columns: a column is a half-width
// character, a Chinese one takes two.
type Row struct {
	Text string `json:"text,omitempty"`
	Tall bool   `json:"tall,omitempty"` // double height, the width is the same
	Code string `json:"code,omitempty"` // a QR code of this text, in the middle; Text is left out
}

// Manner is what a kind of printer can do and wants. Zero fields take the value that is
// named.
type Manner struct {
	Columns  int           // 48 (80 mm); 32 (58 mm)
	Charset  string        // what its own font has: "gb2312"; "gbk", "gb18030", "none". All else is drawn
	CodePage int           // sent by ESC t n when positive; the printer's own
	Cut      string        // "partial"; "full", "esc_m", "esc_i" (older), "none"
	Feed     int           // lines between the last row and the knife: 4
	Codes    string        // QR codes: "native" (GS ( k); "none": its text is printed instead
	Confirm  string        // how it says that a slip is out: "processed" (GS r); "status" (DLE EOT), "none"
	Fonts    []*glyph.Font // where characters are drawn from that its own font lacks; the first that has it
}

// Check fills in what is left open and says what is wrong.
func (m *Manner) Check() error {
	if m.Columns == 0 {
		m.Columns = 48
	}
	if m.Feed == 0 {
		m.Feed = 4
	}
	if m.Columns != 48 && m.Columns != 32 {
		return fmt.Errorf("columns: %d is neither 48 (80 mm) nor 32 (58 mm)", m.Columns)
	}
	if m.Feed < 0 || m.Feed > 20 {
		return fmt.Errorf("feed: %d is not from 0 to 20 lines", m.Feed)
	}
	if m.CodePage < 0 || m.CodePage > 255 {
		return fmt.Errorf("code_page: %d is not from 0 to 255", m.CodePage)
	}
	for _, choice := range []struct {
		name  string
		value *string
		known []string // the first is the default
	}{
		{"charset", &m.Charset, []string{"gb2312", "gbk", "gb18030", "none"}},
		{"cut", &m.Cut, []string{"partial", "full", "esc_m", "esc_i", "none"}},
		{"codes", &m.Codes, []string{"native", "none"}},
		{"confirm", &m.Confirm, []string{"processed", "status", "none"}},
	} {
		if err := choose(choice.name, choice.value, choice.known); err != nil {
			return err
		}
	}
	return nil
}

func choose(name string, value *string, known []string) error {
	if *value == "" {
		*value = known[0]
	}
	for _, k := range known {
		if *value == k {
			return nil
		}
	}
	return fmt.Errorf("%s: %q is none of %q", name, *value, known)
}

// Dots of a column of text and of the paper: font A of 203 dots an inch.
const (
	cellWidth  = 12
	cellHeight = 24
	lineHeight = 30
)

func (m *Manner) dots() int { return m.Columns * cellWidth }

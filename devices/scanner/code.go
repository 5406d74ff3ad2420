// Package scanner reads a barcode scanner at a serial line: bytes become codes, and a
// code says of what kind it is. Who a 医保码 stands for is not known here.
package scanner

import (
	"fmt"
	"log/slog"
	"regexp"
	"strings"
)

// Kind is what a code is.
type Kind string

// Kinds of codes.
const (
	ECode   Kind = "ecode"   // 医保码: a secret that is worth money for a short time
	Slip    Kind = "slip"    // the code of one of our slips
	Bill    Kind = "bill"    // a bill's number in the hospital's system
	Unknown Kind = "unknown" // none of these; as secret as the first, since it may be one of a new form
)

// Code is what was scanned. It prints, logs and encodes only as its kind.
type Code struct {
	kind Kind
	text string
}

// Kind tells what the code is.
func (c Code) Kind() Kind { return c.kind }

// ClearSecret gives what was scanned: for the platform's question and for nothing that
// is shown, kept or logged, unless the kind is Slip or Bill.
func (c Code) ClearSecret() string { return c.text }

// String is the kind and the length.
func (c Code) String() string { return fmt.Sprintf("[%s, %d bytes]", c.kind, len(c.text)) }

// GoString is String.
func (c Code) GoString() string { return c.String() }

// Format is String, whatever the verb: %x of a struct would print the text.
func (c Code) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, c.String()) }

// MarshalText is String.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue is String.
func (c Code) LogValue() slog.Value { return slog.StringValue(c.String()) }

// A 医保码 is 28 characters: a prefix, 17 random digits, 2 more, the province, and 4
// digits that are 0000 so far; "opc" is the one of the national mini-program. All three
// parts are from published programs, not from a specification.
const (
	ecodeLength = 28
	cutLength   = 20
	billLength  = 64
)

// SlipPrefix begins the codes of our slips.
const SlipPrefix = "SETTLE:"

var (
	digits   = regexp.MustCompile(`^\d+$`)
	billForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._/:+-]*$`)
)

// Classify tells what a text is that was scanned, or typed by a scanner that acts as a
// keyboard. prefixes are those of a 医保码; none: "424" and "opc".
func Classify(text string, prefixes []string) Code {
	text = strings.TrimSpace(text)
	c := Code{kind: Unknown, text: text}
	switch {
	case isECode(text, prefixes):
		c.kind = ECode
	case cutECode(text, prefixes):
	case holdsECode(text, prefixes): // two that ran together, or one with the scanner's own words before it
	case strings.HasPrefix(text, SlipPrefix):
		c.kind = Slip
	case len(text) == ecodeLength && digits.MatchString(text): // of an issuer that is not known here
	case len(text) <= billLength && billForm.MatchString(text):
		c.kind = Bill
	}
	return c
}

// cutECode tells whether a text may be a 医保码 that lost its end: what is left of it can
// be completed by whoever knows the region.
func cutECode(text string, prefixes []string) bool {
	return len(text) >= cutLength && len(text) < ecodeLength && isECode(text+strings.Repeat("0", ecodeLength-len(text)), prefixes)
}

// holdsECode tells whether there is a 医保码 somewhere in a text: whatever else it is, it
// is not to be shown as a bill's number is.
func holdsECode(text string, prefixes []string) bool {
	for i := range max(0, len(text)-ecodeLength+1) {
		if isECode(text[i:i+ecodeLength], prefixes) {
			return true
		}
	}
	return false
}

func isECode(text string, prefixes []string) bool {
	if len(prefixes) == 0 {
		prefixes = []string{"424", "opc"}
	}
	if len(text) != ecodeLength {
		return false
	}
	for _, prefix := range prefixes {
		if rest, ok := strings.CutPrefix(text, prefix); ok && digits.MatchString(rest) {
			return true
		}
	}
	return false
}

package sscard

import (
	"fmt"
	"io"
)

// Personal is a piece of personal data read from a card. Every ordinary way to
// print, log or encode it masks it; the clear text comes only from
// [Personal.ClearPersonalData].
type Personal string

// ClearPersonalData gives the unmasked text.
func (p Personal) ClearPersonalData() string { return string(p) }

// String masks: a long text keeps its first 3 and last 2 characters, a short one its
// first, a code of one or two letters or digits nothing.
func (p Personal) String() string {
	r := []rune(string(p))
	switch {
	case len(r) == 0:
		return ""
	case len(r) >= 9:
		return string(r[:3]) + "****" + string(r[len(r)-2:])
	case len(r) <= 2 && r[0] < 0x80:
		return "**"
	default:
		return string(r[:1]) + "**"
	}
}

// Format masks under every verb, also those that fmt would complain of with the
// value.
func (p Personal) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// MarshalText masks, so that JSON, TOML and logs get the masked form.
func (p Personal) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

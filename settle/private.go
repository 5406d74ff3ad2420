package settle

import "fmt"

// Private is a piece of personal data: a name, an id number, a card number. Every
// ordinary way to print, log or encode it masks it; the clear text comes only from
// [Private.ClearPersonalData].
type Private string

// ClearPersonalData gives the unmasked text: for the platform's messages, for
// sealing at rest, and for nothing that is logged.
func (p Private) ClearPersonalData() string { return string(p) }

// String masks: a long text keeps its first 3 and last 2 characters, a short one
// its first.
func (p Private) String() string {
	r := []rune(string(p))
	switch {
	case len(r) == 0:
		return ""
	case len(r) >= 9:
		return string(r[:3]) + "****" + string(r[len(r)-2:])
	default:
		return string(r[:1]) + "**"
	}
}

// GoString masks %#v.
func (p Private) GoString() string { return fmt.Sprintf("settle.Private(%q)", p.String()) }

// MarshalText masks, so that JSON, TOML and logs get the masked form.
func (p Private) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText takes the text as it is.
func (p *Private) UnmarshalText(text []byte) error {
	*p = Private(text)
	return nil
}

package nhsa

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"settled/settle"
)

// Told is personal data in a message of the platform: a person number, a name, a
// card number. It prints and logs masked, but encodes in clear, since messages and
// the chain's state need it so: seal at rest what contains one.
type Told string

// String masks.
func (t Told) String() string { return settle.Private(t).String() }

// GoString masks %#v.
func (t Told) GoString() string { return fmt.Sprintf("nhsa.Told(%q)", t.String()) }

// LogValue masks in logs.
func (t Told) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON gives the clear text, which is the point of a message.
func (t Told) MarshalJSON() ([]byte, error) { return compact(string(t)) }

// UnmarshalJSON reads leniently.
func (t *Told) UnmarshalJSON(data []byte) error {
	s, err := looseText(data)
	*t = Told(s)
	return err
}

// Private is the same as the settlement's type.
func (t Told) Private() settle.Private { return settle.Private(t) }

// Text is text in a reply: a string, or a number or truth value in its own
// spelling; null is "". An object or a list in its place is "" as well.
type Text string

// UnmarshalJSON reads leniently.
func (t *Text) UnmarshalJSON(data []byte) error {
	s, err := looseText(data)
	*t = Text(s)
	return err
}

func looseText(data []byte) (string, error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || bytes.Equal(data, []byte("null")) {
		return "", nil
	}
	switch data[0] {
	case '"':
		if plain := bytes.TrimSuffix(data[1:], []byte{'"'}); len(plain) == len(data)-2 && !bytes.ContainsAny(plain, `"\`) && utf8.Valid(plain) {
			return strings.TrimSpace(string(plain)), nil // no escapes to resolve
		}
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return "", err
		}
		return strings.TrimSpace(s), nil
	case '{', '[':
		return "", nil
	}
	return string(data), nil
}

// Number is a number in a request that nothing computes with: "3", "0.5". An empty one is
// sent as "0" (interface 1.3).
type Number string

// MarshalJSON writes the number as a string.
func (n Number) MarshalJSON() ([]byte, error) { return compact(or(string(n), "0")) }

// Amount is an amount in a reply. Null, "" and absence are not Known and count as
// nothing.
type Amount struct {
	Fen   settle.Fen
	Known bool
}

// UnmarshalJSON reads an amount in yuan as a number or as a string.
func (a *Amount) UnmarshalJSON(data []byte) error {
	s, err := looseText(data)
	if err != nil || s == "" {
		*a = Amount{}
		return err
	}
	fen, err := parseYuan(s)
	if err != nil {
		return err
	}
	*a = Amount{Fen: fen, Known: true}
	return nil
}

// MarshalJSON writes yuan as a string, and null for what is not known.
func (a Amount) MarshalJSON() ([]byte, error) {
	if !a.Known {
		return []byte("null"), nil
	}
	return json.Marshal(a.Fen.String())
}

// Figure is an amount in a reply that nothing is computed from. What cannot be read, such
// as a limit that stands for none, is not Known and no error: it must not turn a
// settlement that was booked into an unknown outcome.
type Figure struct{ Amount }

// UnmarshalJSON reads what can be read.
func (f *Figure) UnmarshalJSON(data []byte) error {
	if f.Amount.UnmarshalJSON(data) != nil {
		f.Amount = Amount{}
	}
	return nil
}

var errYuan = errors.New("not an amount of whole fen")

// parseYuan reads what platforms write for an amount, exactly: "4.52", 4.520000,
// -25.1, and the 2.693388E4 that some of them print for 26933.88. A fraction of a
// fen is an error.
func parseYuan(s string) (settle.Fen, error) {
	mantissa, exponent, err := splitExponent(s)
	if err != nil {
		return 0, err
	}
	digits, negative := strings.CutPrefix(mantissa, "-")
	whole, frac, _ := strings.Cut(digits, ".")
	whole, frac = shift(whole, frac, exponent)
	if strings.Trim(frac[min(2, len(frac)):], "0") != "" {
		return 0, fmt.Errorf("%w: %q", errYuan, settle.Clip(s))
	}
	plain := or(strings.TrimLeft(whole, "0"), "0")
	if frac = frac[:min(2, len(frac))]; frac != "" {
		plain += "." + frac
	}
	if negative {
		plain = "-" + plain
	}
	return settle.ParseFen(plain)
}

// splitExponent checks -digits[.digits][E±digits] and takes it apart; bounds come
// before any arithmetic.
func splitExponent(s string) (mantissa string, exponent int, err error) {
	if len(s) > 64 {
		return "", 0, fmt.Errorf("%w: %q", errYuan, settle.Clip(s))
	}
	mantissa = s
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa = s[:i]
		exponent, err = strconv.Atoi(s[i+1:])
		if err != nil || exponent < -30 || exponent > 30 {
			return "", 0, fmt.Errorf("%w: %q", errYuan, settle.Clip(s))
		}
	}
	points, digits := 0, 0
	for i, c := range []byte(mantissa) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.':
			points++
		case c == '-' && i == 0:
		default:
			return "", 0, fmt.Errorf("%w: %q", errYuan, settle.Clip(s))
		}
	}
	if digits == 0 || points > 1 {
		return "", 0, fmt.Errorf("%w: %q", errYuan, settle.Clip(s))
	}
	return mantissa, exponent, nil
}

// shift moves the point of whole.frac by n places to the right.
func shift(whole, frac string, n int) (w, f string) {
	switch {
	case n > 0:
		frac += strings.Repeat("0", max(0, n-len(frac)))
		return whole + frac[:n], frac[n:]
	case n < 0:
		whole = strings.Repeat("0", max(0, -n-len(whole))) + whole
		cut := len(whole) + n
		return whole[:cut], whole[cut:] + frac
	}
	return whole, frac
}

// List is a list in a reply: an array, or an object for a single row, either of them in
// a string too; null, "" and {} are no rows.
type List[T any] []T

// UnmarshalJSON reads leniently.
func (l *List[T]) UnmarshalJSON(data []byte) error {
	*l = nil
	data = bytes.TrimSpace(unwrap(bytes.TrimSpace(data)))
	if hollow(data) {
		return nil
	}
	if data[0] == '{' {
		var one T
		if err := json.Unmarshal(data, &one); err != nil {
			return err
		}
		*l = List[T]{one}
		return nil
	}
	var rows []json.RawMessage
	if err := json.Unmarshal(data, &rows); err != nil {
		return err
	}
	for _, row := range rows {
		if hollow(row) {
			continue
		}
		var one T
		if err := json.Unmarshal(row, &one); err != nil {
			return err
		}
		*l = append(*l, one)
	}
	return nil
}

// Rows is the output of a query whose node has no certain name: a list, or an object with
// the list under some name, or under several.
type Rows[T any] []T

// UnmarshalJSON reads leniently. An object without rows is none.
func (r *Rows[T]) UnmarshalJSON(data []byte) error {
	*r = nil
	data = bytes.TrimSpace(unwrap(bytes.TrimSpace(data)))
	if hollow(data) {
		return nil
	}
	if data[0] == '[' {
		return json.Unmarshal(data, (*List[T])(r))
	}
	var nodes map[string]json.RawMessage
	if err := json.Unmarshal(data, &nodes); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		if v := bytes.TrimSpace(unwrap(nodes[name])); v[0] != '[' && v[0] != '{' {
			continue // the number of rows, and the like
		}
		var rows List[T]
		if err := json.Unmarshal(nodes[name], &rows); err != nil {
			return err
		}
		*r = append(*r, rows...)
	}
	return nil
}

// hollow tells whether a value says nothing: absent, null, "", {} or [].
func hollow(data []byte) bool {
	if len(data) > 16 {
		return false
	}
	switch s := string(bytes.Join(bytes.Fields(data), nil)); s {
	case "", "null", `""`, "{}", "[]":
		return true
	}
	return false
}

// isTime tells an instant of the interface: T, or a day alone.
func isTime(s string) bool {
	for _, layout := range []string{TimeLayout, "2006-01-02 15:04:05.000", "2006-01-02"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

// DayOf reads the civil day at the start of a day or instant of the platform, with or
// without hyphens; 0 if there is none.
func DayOf(text string) settle.Date {
	if len(text) == 8 || (len(text) == 14 && !strings.Contains(text, "-")) {
		text = text[:4] + "-" + text[4:6] + "-" + text[6:8]
	}
	if len(text) < 10 {
		return 0
	}
	d, err := settle.ParseDate(text[:10])
	if err != nil {
		return 0
	}
	return d
}

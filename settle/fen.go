package settle

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Fen is an amount of money in whole fen (分), 1/100 yuan. A fraction of a fen
// cannot be held. As text and JSON it is yuan with two places: "12.30".
type Fen int64

// MaxFen is the largest amount that is read: ten billion yuan. A bill has at most
// [MaxLines] lines, so no sum of amounts that were read overflows a Fen.
const MaxFen Fen = 1_000_000_000_000

var (
	errFenForm  = errors.New("not an amount in yuan with at most two decimals")
	errFenRange = errors.New("amount is over ten billion yuan")
)

// ParseFen reads yuan such as "12", "12.3" or "12.30", with an optional leading
// minus. Exponents, more than two decimals, spaces and signs other than minus
// are refused, as is anything beyond [MaxFen].
func ParseFen(yuan string) (Fen, error) {
	digits, negative := yuan, false
	if len(digits) > 0 && digits[0] == '-' {
		digits, negative = digits[1:], true
	}
	whole, frac, err := splitDecimal(digits, 2)
	if err != nil {
		return 0, fmt.Errorf("%w: %q", errFenForm, Clip(yuan))
	}
	if len(whole) > 12 {
		return 0, fmt.Errorf("%w: %q", errFenRange, Clip(yuan))
	}
	for len(frac) < 2 {
		frac += "0"
	}
	n, err := strconv.ParseInt(whole+frac, 10, 64)
	if err != nil || Fen(n) > MaxFen {
		return 0, fmt.Errorf("%w: %q", errFenRange, Clip(yuan))
	}
	if negative {
		n = -n
	}
	return Fen(n), nil
}

// String gives yuan with two places, "-0.05" for minus five fen.
func (f Fen) String() string { return string(f.append(nil)) }

func (f Fen) append(b []byte) []byte {
	n := uint64(f)
	if f < 0 {
		b = append(b, '-')
		n = -n
	}
	b = strconv.AppendUint(b, n/100, 10)
	return append(b, '.', byte('0'+n/10%10), byte('0'+n%10))
}

// MarshalText implements encoding.TextMarshaler.
func (f Fen) MarshalText() ([]byte, error) { return f.append(make([]byte, 0, 16)), nil }

// UnmarshalText implements encoding.TextUnmarshaler by [ParseFen].
func (f *Fen) UnmarshalText(text []byte) error {
	v, err := ParseFen(string(text))
	if err != nil {
		return err
	}
	*f = v
	return nil
}

// Sum adds amounts; ok is false if the sum does not fit a Fen.
func Sum(amounts ...Fen) (sum Fen, ok bool) {
	for _, a := range amounts {
		if (a > 0 && sum > math.MaxInt64-a) || (a < 0 && sum < math.MinInt64-a) {
			return 0, false
		}
		sum += a
	}
	return sum, true
}

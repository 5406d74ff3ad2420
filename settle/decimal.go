package settle

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"
)

var errDecimalForm = errors.New("not a plain decimal number")

// ParseDecimal reads a plain, unsigned decimal such as a price or a rate, with at
// most whole digits before and frac digits after the point. The form is checked
// before any arithmetic, so an exponent such as "1E1000000000" costs nothing.
func ParseDecimal(s string, whole, frac int) (decimal.Decimal, error) {
	w, _, err := splitDecimal(s, frac)
	if err != nil || len(w) > whole {
		return decimal.Zero, fmt.Errorf("%w with at most %d digits before and %d after the point: %q", errDecimalForm, whole, frac, Clip(s))
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return decimal.Zero, fmt.Errorf("%w: %q", errDecimalForm, Clip(s))
	}
	return d, nil
}

// splitDecimal checks digits[.digits] and returns both runs of digits.
func splitDecimal(s string, maxFrac int) (whole, frac string, err error) {
	point := -1
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
		case c == '.' && point < 0:
			point = i
		default:
			return "", "", errDecimalForm
		}
		if i > 40 {
			return "", "", errDecimalForm
		}
	}
	whole = s
	if point >= 0 {
		whole, frac = s[:point], s[point+1:]
		if frac == "" {
			return "", "", errDecimalForm
		}
	}
	if whole == "" || len(frac) > maxFrac {
		return "", "", errDecimalForm
	}
	return whole, frac, nil
}

// Clip shortens untrusted input for an error text.
func Clip(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

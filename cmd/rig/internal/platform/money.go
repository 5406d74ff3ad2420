package platform

import (
	"fmt"
	"math/big"
	"strings"
)

// yuan is an amount in whole fen. It reads and writes "12.30".
type yuan int64

// String gives "12.30".
func (y yuan) String() string {
	sign, n := "", int64(y)
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// MarshalText writes "12.30".
func (y yuan) MarshalText() ([]byte, error) { return []byte(y.String()), nil }

// UnmarshalText reads "12.30"; "" is nothing.
func (y *yuan) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*y = 0
		return nil
	}
	r, ok := fraction(string(text))
	if !ok {
		return fmt.Errorf("not an amount: %q", text)
	}
	*y = roundYuan(r)
	return nil
}

// fraction reads a plain decimal number of at most 30 characters.
func fraction(s string) (*big.Rat, bool) {
	if s == "" || len(s) > 30 || strings.Trim(s, "0123456789.-") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// roundYuan rounds to the fen, halves away from zero.
func roundYuan(r *big.Rat) yuan {
	cents := new(big.Rat).Mul(r, big.NewRat(100, 1))
	half := big.NewRat(int64(cents.Sign()), 2)
	cents.Add(cents, half)
	n := new(big.Int).Quo(cents.Num(), cents.Denom()) // truncates toward zero
	return yuan(n.Int64())
}

// of gives the part of an amount, not rounded.
func (y yuan) of(part *big.Rat) *big.Rat {
	return new(big.Rat).Mul(big.NewRat(int64(y), 100), part)
}

// isFen tells whether a fraction is a whole number of fen.
func isFen(r *big.Rat) bool { return new(big.Rat).Mul(r, big.NewRat(100, 1)).IsInt() }

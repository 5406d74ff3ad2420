package settle

import (
	"math/bits"

	"github.com/shopspring/decimal"
)

// This file is the only place where a product becomes fen: exact integers, 128-bit
// products, one rounding, half up (D-1, D-5).

// micros is one in millionths: rates have at most 4 decimals, multipliers 2.
const micros = 1_000_000

// maxDigits bounds the coefficient of a price, quantity or ratio, so that a product
// of two fits 128 bits.
const maxDigits = 15

var pow10 = [...]uint64{1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// plain gives d as coefficient / 10^places; ok is false for a negative number, one
// of more than maxDigits digits and one with more than 8 places.
func plain(d decimal.Decimal) (coefficient uint64, places int, ok bool) {
	exp := int(d.Exponent())
	if d.IsNegative() || exp < -8 || exp > 8 || d.NumDigits() > maxDigits {
		return 0, 0, false
	}
	coefficient = uint64(d.CoefficientInt64())
	if exp > 0 {
		if d.NumDigits()+exp > maxDigits {
			return 0, 0, false
		}
		return coefficient * pow10[exp], 0, true
	}
	return coefficient, -exp, true
}

// toMicro gives a ratio from 0 to 1 in millionths; ok is false if it is none or
// has more than 6 places.
func toMicro(d decimal.Decimal) (int64, bool) {
	c, places, ok := plain(d)
	if !ok || places > 6 {
		return 0, false
	}
	c *= pow10[6-places]
	return int64(c), c <= micros
}

// priced is price × quantity in fen, rounded half up (D-1); ok is false if a
// factor is out of bounds or the amount is over [MaxFen].
func priced(price, quantity decimal.Decimal) (Fen, bool) {
	p, pPlaces, okP := plain(price)
	q, qPlaces, okQ := plain(quantity)
	if !okP || !okQ {
		return 0, false
	}
	places := pPlaces + qPlaces // of yuan
	if places < 2 {
		if p > uint64(MaxFen) {
			return 0, false
		}
		p *= pow10[2-places]
		places = 2
	}
	return productOver(p, q, pow10[places-2])
}

// isRatio tells whether d is a number from 0 to 1 that can be computed with.
func isRatio(d decimal.Decimal) bool {
	c, places, ok := plain(d)
	return ok && c <= pow10[places]
}

// share is amount × ratio in fen, rounded half up, for a ratio from 0 to 1.
func share(amount Fen, ratio decimal.Decimal) (Fen, bool) {
	c, places, ok := plain(ratio)
	if !ok || amount < 0 || c > pow10[places] {
		return 0, false
	}
	return productOver(uint64(amount), c, pow10[places])
}

// productOver is a×b/divisor, rounded half up, if it is at most [MaxFen].
func productOver(a, b, divisor uint64) (Fen, bool) {
	hi, lo := bits.Mul64(a, b)
	lo, carry := bits.Add64(lo, divisor/2, 0)
	hi += carry
	if hi >= divisor {
		return 0, false
	}
	quotient, _ := bits.Div64(hi, lo, divisor)
	return Fen(quotient), quotient <= uint64(MaxFen)
}

// roundMicro rounds millionths of a fen half up to fen.
func roundMicro(weight uint64) Fen { return Fen((weight + micros/2) / micros) }

// portion is fund × weight / sum, rounded down, and the remainder, for weight ≤ sum.
func portion(fund Fen, weight, sum uint64) (Fen, uint64) {
	hi, lo := bits.Mul64(uint64(fund), weight)
	quotient, remainder := bits.Div64(hi, lo, sum)
	return Fen(quotient), remainder
}

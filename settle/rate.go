package settle

import "github.com/shopspring/decimal"

// rate is the fund's share of what is in scope: a number, with what other rules add
// to it or multiply it by.
type rate struct {
	by    *Number // the number that it started from
	value decimal.Decimal
	micro int64 // value in millionths
	text  string
}

// rate reads a rate in force, times the multiplier out of town (C); ok is false if a
// row is missing, and then the split is refused.
func (w *work) rate(p Param, key Key) (r rate, ok bool) {
	if r, ok = w.inCityRate(p, key); ok {
		r = r.times(w.multiplier)
	}
	return r, ok
}

func (w *work) inCityRate(p Param, key Key) (r rate, ok bool) {
	n := w.rules.Number(p, key)
	if !n.known() {
		w.missing(n, p, key)
		return r, false
	}
	return rate{n, n.Decimal, n.micro, n.Text}, true
}

// levelRate reads a rate of the visited institution's own level (D-6).
func (w *work) levelRate(p Param) (r rate, ok bool) {
	return w.rate(p, level(w.bill.Visit.Institution.Level))
}

// plus adds percentage points; the fund never pays more than all.
func (r rate) plus(n *Number) rate { return r.of(min(micros, r.micro+n.micro)) }

// times multiplies; points are never subtracted (C). Rates have at most 4 decimals and
// multipliers 2, so that nothing is lost (D-5).
func (r rate) times(n *Number) rate {
	if n == nil || n.micro == micros {
		return r
	}
	return r.of(r.micro * n.micro / micros)
}

func (r rate) of(micro int64) rate {
	value := decimal.New(micro, -6)
	return rate{r.by, value, micro, value.String()}
}

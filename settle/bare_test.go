package settle_test

import (
	"cmp"
	"math/bits"
	"slices"

	"settled/settle"
)

// bare is a bill of a child at its centre in machine integers, for BenchmarkQuoteOverBare:
// prices, quantities, ratios and rates in 1/10000, money in fen.
type bare struct {
	lines    []bareLine
	rest     []bareRest // room to sort in
	limit    int64
	balances []int64
}

type bareLine struct {
	price, cap, quantity, ratio, rate uint64
	bucket                            int // 0: ordinary, 1: consultation
	gradeC                            bool
	scope, fund                       int64
}

type bareRest struct {
	line int
	rest uint64
}

type bareSplit struct{ total, fund, family, cash int64 }

func bareBill(bill settle.Bill, accounts []settle.FamilyAccount) *bare {
	raw := &bare{limit: 247131}
	for _, l := range bill.Lines {
		one := bareLine{
			price: uint64(l.UnitPrice.Shift(4).IntPart()), cap: uint64(l.PriceCap.Decimal.Shift(4).IntPart()),
			quantity: uint64(l.Quantity.Shift(4).IntPart()), ratio: uint64(l.FirstSelfPay.Shift(4).IntPart()),
			rate: 7500, gradeC: l.Grade == settle.GradeC,
		}
		if l.Consultation {
			one.rate, one.bucket = 8000, 1
		}
		raw.lines = append(raw.lines, one)
	}
	for _, a := range accounts {
		raw.balances = append(raw.balances, int64(a.Balance))
	}
	return raw
}

// times is a×b/divisor, rounded half up.
func times(a, b, divisor uint64) int64 {
	hi, lo := bits.Mul64(a, b)
	lo, carry := bits.Add64(lo, divisor/2, 0)
	quotient, _ := bits.Div64(hi+carry, lo, divisor)
	return int64(quotient)
}

// split works the bill out (D-1 to D-3, A-1).
func (raw *bare) split(used int64) (s bareSplit) {
	var weights [2]uint64
	eligible := int64(0)
	for i := range raw.lines {
		l := &raw.lines[i]
		amount := times(l.price, l.quantity, 1_000_000)
		s.total += amount
		if l.gradeC {
			continue
		}
		if l.cap > 0 && l.price > l.cap {
			amount = times(l.cap, l.quantity, 1_000_000)
		}
		l.scope = amount - times(uint64(amount), l.ratio, 10_000)
		eligible += amount
		weights[l.bucket] += uint64(l.scope) * l.rate
	}
	for bucket, weight := range weights {
		fund := int64((weight + 5_000) / 10_000)
		if bucket == 0 {
			fund = min(fund, raw.limit-used)
		}
		s.fund += fund
		raw.spread(bucket, fund, weight)
	}
	for _, balance := range raw.balances {
		s.family += min(balance, eligible-s.fund-s.family)
	}
	s.cash = s.total - s.fund - s.family
	return s
}

// spread gives each line of a bucket its part, by largest remainder.
func (raw *bare) spread(bucket int, fund int64, weight uint64) {
	raw.rest = raw.rest[:0]
	left := fund
	for i := range raw.lines {
		l := &raw.lines[i]
		if l.gradeC || l.bucket != bucket {
			continue
		}
		hi, lo := bits.Mul64(uint64(fund), uint64(l.scope)*l.rate)
		quotient, remainder := bits.Div64(hi, lo, weight)
		l.fund = int64(quotient)
		left -= l.fund
		raw.rest = append(raw.rest, bareRest{i, remainder})
	}
	slices.SortFunc(raw.rest, func(a, b bareRest) int {
		return cmp.Or(cmp.Compare(b.rest, a.rest), cmp.Compare(a.line, b.line))
	})
	for _, r := range raw.rest[:left] {
		raw.lines[r.line].fund++
	}
}

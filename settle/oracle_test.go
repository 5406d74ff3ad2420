package settle_test

import (
	"fmt"
	"slices"
	"sort"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"settled/settle"
)

// The oracle works the money of an in-city outpatient visit out a second time, with
// decimals everywhere and none of the engine's code: lines, buckets, limit and the
// spread over the lines.

type oracleLine struct {
	amount, overCap, first, self, scope, fund decimal.Decimal
	bucket                                    string
}

func oracle(b settle.Bill, pays bool, rate, consult, remain decimal.Decimal) (lines []oracleLine, fund decimal.Decimal) {
	for _, l := range b.Lines {
		o := oracleLine{amount: l.UnitPrice.Mul(l.Quantity).Round(2)}
		inner := o.amount
		if l.PriceCap.Valid && l.PriceCap.Decimal.Cmp(l.UnitPrice) < 0 {
			inner = l.PriceCap.Decimal.Mul(l.Quantity).Round(2)
		}
		if l.Grade == settle.GradeC {
			o.self = o.amount
		} else {
			o.overCap = o.amount.Sub(inner)
			o.first = inner.Mul(l.FirstSelfPay).Round(2)
			o.scope = inner.Sub(o.first)
			if l.Consultation {
				o.bucket = "c"
			} else if pays {
				o.bucket = "o"
			}
		}
		lines = append(lines, o)
	}
	consultation := spread(lines, "c", consult, decimal.New(1, 15))
	return lines, consultation.Add(spread(lines, "o", rate, remain))
}

// spread pays one bucket and spreads it by largest remainder.
func spread(lines []oracleLine, bucket string, rate, most decimal.Decimal) decimal.Decimal {
	scope, members := decimal.Zero, []int(nil)
	for i, l := range lines {
		if l.bucket == bucket {
			scope, members = scope.Add(l.scope), append(members, i)
		}
	}
	fund := decimal.Min(scope.Mul(rate).Round(2), most)
	if scope.IsZero() {
		return decimal.Zero
	}
	type claim struct {
		line int
		rest decimal.Decimal
	}
	left, claims := fund, []claim(nil)
	for _, i := range members {
		exact := fund.Shift(2).Mul(lines[i].scope) // × scope, to be divided by the whole scope
		fen, rest := exact.QuoRem(scope, 0)
		lines[i].fund = fen.Shift(-2)
		left = left.Sub(lines[i].fund)
		claims = append(claims, claim{i, rest})
	}
	sort.SliceStable(claims, func(a, b int) bool { return claims[a].rest.GreaterThan(claims[b].rest) })
	for i := 0; left.IsPositive(); i++ {
		lines[claims[i].line].fund = lines[claims[i].line].fund.Add(decimal.New(1, -2))
		left = left.Sub(decimal.New(1, -2))
	}
	return fund
}

// anyLine draws a line of a bill.
func anyLine(t *rapid.T) settle.Line {
	l := settle.Line{
		Name: "药", Grade: rapid.SampledFrom([]settle.Grade{settle.GradeA, settle.GradeA, settle.GradeB, settle.GradeC}).Draw(t, "grade"),
		UnitPrice:    decimal.New(rapid.Int64Range(0, 9_999_999).Draw(t, "price"), -4),
		Quantity:     decimal.New(rapid.Int64Range(1, 100_000).Draw(t, "qty"), -rapid.Int32Range(0, 4).Draw(t, "places")),
		Consultation: rapid.IntRange(0, 9).Draw(t, "consultation") == 0,
	}
	if l.Grade == settle.GradeB {
		l.FirstSelfPay = decimal.New(rapid.Int64Range(0, 10_000).Draw(t, "ratio"), -4)
	}
	if rapid.IntRange(0, 3).Draw(t, "capped") == 0 {
		l.PriceCap = decimal.NewNullDecimal(decimal.New(rapid.Int64Range(0, 9_999_999).Draw(t, "cap"), -4))
	}
	return l
}

func anyBill(t *rapid.T) settle.Bill {
	at := rapid.SampledFrom([]settle.Institution{centreA, hospital2, hospital3, stranger}).Draw(t, "at")
	day := rapid.SampledFrom([]string{"2023-10-01", "2024-05-05", "2025-12-31"}).Draw(t, "day")
	return visit(day, at, rapid.SliceOfN(rapid.Custom(anyLine), 0, 25).Draw(t, "lines")...)
}

func anyPerson(t *rapid.T) settle.Insured {
	p := child()
	p.Selections[0].Institution = rapid.SampledFrom([]settle.Institution{centreA, hospital2, centreB}).Draw(t, "selected")
	for i := range rapid.IntRange(0, 3).Draw(t, "accounts") {
		a := parent(fmt.Sprintf("P%d", i), "0.00")
		a.Balance = settle.Fen(rapid.Int64Range(0, 500_000).Draw(t, "balance"))
		p.Family = append(p.Family, a)
	}
	return p
}

func anyUsage(t *rapid.T) settle.Usage {
	return settle.Usage{Ordinary: settle.Fen(rapid.Int64Range(0, 300_000).Draw(t, "used"))}
}

func TestOracle(t *testing.T) {
	set := shipped(t)
	limits := map[string]string{"2023-10-01": "2333.45", "2024-05-05": "2471.31", "2025-12-31": "2619.60"}
	rates := map[int][2]string{1: {"0.75", "0.80"}, 2: {"0.65", "0.70"}, 3: {"0.55", "0.60"}}
	rapid.Check(t, func(t *rapid.T) {
		p, b, u := anyPerson(t), anyBill(t), anyUsage(t)
		s, err := settle.Compute(set.On(b.Visit.Day), p, b, u)
		if err != nil {
			t.Fatal(err)
		}
		rate := rates[b.Visit.Institution.Level]
		remain := decimal.RequireFromString(limits[b.Visit.Day.String()]).Sub(decimal.RequireFromString(u.Ordinary.String()))
		lines, fund := oracle(b, *s.Selected, decimal.RequireFromString(rate[0]), decimal.RequireFromString(rate[1]), decimal.Max(remain, decimal.Zero))
		if s.Fund.String() != fund.StringFixed(2) {
			t.Fatalf("fund %s, the oracle says %s", s.Fund, fund)
		}
		for i, o := range lines {
			l := s.Lines[i]
			got := []string{l.Amount.String(), l.OverCap.String(), l.FirstSelfPay.String(), l.SelfFunded.String(), l.InScope.String(), l.Fund.String()}
			var want []string
			for _, d := range []decimal.Decimal{o.amount, o.overCap, o.first, o.self, o.scope, o.fund} {
				want = append(want, d.StringFixed(2))
			}
			if !slices.Equal(got, want) {
				t.Fatalf("line %d: %v, the oracle says %v", i+1, got, want)
			}
		}
	})
}

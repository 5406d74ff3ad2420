package policy

import (
	"strconv"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// param is the parameter that a base names a year of, the amount that it states, and
// how often that is taken.
func (b *Base) param() (p settle.Param, stated string, times int64) {
	if b.Income != "" {
		return settle.ParamResidentIncome, b.Income, 12
	}
	return settle.ParamAverageWage, b.Wage, 1
}

// Formula is how the amount comes from the base: "6060.00 × 12 × 0.6 %".
func (b *Base) Formula() string {
	_, stated, times := b.param()
	if times > 1 {
		stated += " × " + strconv.FormatInt(times, 10)
	}
	return stated + " × " + b.Percent + " %"
}

// derive checks that an amount with a base comes from that base to the fen, half up,
// and that the base is what its own parameter says of the year.
func (l *loader) derive(r *Row) error {
	if r.Base == nil {
		return nil
	}
	param, stated, times := r.Base.param()
	year, ok := settle.NewDate(r.Base.Year, 12, 31)
	amount, err := settle.ParseDecimal(stated, 9, 2)
	percent, err2 := settle.ParseDecimal(r.Base.Percent, 3, 4)
	if !ok || err != nil || err2 != nil {
		return problem(r.File, r.Line, "base is not a year, an amount and a percentage")
	}
	known := l.lines[place{param: param}].on(year)
	if known == nil || known.Status == settle.Unknown {
		return problem(r.File, r.Line, "no %s is known for the base year %d", param, r.Base.Year)
	}
	if known.Value != stated {
		return problem(r.File, r.Line, "the %s of %d is %s (%s:%d), not %s", param, r.Base.Year, known.Value, known.File, known.Line, stated)
	}
	derived := amount.Mul(decimal.New(times, 0)).Mul(percent).Div(decimal.New(100, 0)).Round(2).StringFixed(2)
	if derived != r.Value {
		return problem(r.File, r.Line, "%s is %s, not %s", r.Base.Formula(), derived, r.Value)
	}
	return nil
}

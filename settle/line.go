package settle

import "github.com/shopspring/decimal"

var (
	one  = decimal.New(1, 0)
	zero = decimal.New(0, 0)
)

// line works out the four parts of line i, which always sum to its amount (D-2).
// Before 2023-10-01 there is no first self-pay: category B has a rate of its own
// (O256-1).
func (w *work) line(i int) *Refusal {
	l, o := &w.bill.Lines[i], &w.out.Lines[i]
	o.Name, o.Bucket, o.Rate = l.Name, BucketNone, zero
	var ok bool
	if o.Amount, ok = priced(l.UnitPrice, l.Quantity); !ok {
		return badLine(i, "unit_price", "price × quantity is out of bounds")
	}
	if l.Grade == GradeC {
		o.SelfFunded = o.Amount
		w.note(Step{What: StepSelfFunded, Line: i + 1, Rule: "B-3", Source: l.Source, Amount: o.Amount})
		return nil
	}
	inner := o.Amount
	if l.PriceCap.Valid && l.UnitPrice.GreaterThan(l.PriceCap.Decimal) {
		if inner, ok = priced(l.PriceCap.Decimal, l.Quantity); !ok {
			return badLine(i, "price_cap", "price cap × quantity is out of bounds")
		}
		o.OverCap = o.Amount - inner
		w.note(Step{What: StepOverCap, Line: i + 1, Rule: "B-2", Source: l.Source, Amount: o.OverCap})
	}
	if !l.FirstSelfPay.IsZero() && !w.old {
		if o.FirstSelfPay, ok = share(inner, l.FirstSelfPay); !ok {
			return badLine(i, "first_self_pay_ratio", "the ratio is not from 0 to 1")
		}
		w.note(Step{What: StepFirstSelfPay, Line: i + 1, Rule: "B-1", Source: l.Source, Number: w.ratioText(l.FirstSelfPay), Amount: o.FirstSelfPay})
	}
	o.InScope = inner - o.FirstSelfPay
	if l.Vaccination {
		w.note(Step{What: StepVaccination, Line: i + 1, Rule: "A-5", Amount: o.InScope})
	}
	return nil
}

// ratioText writes a ratio; most bills have few different ones.
func (w *work) ratioText(ratio decimal.Decimal) string {
	micro, _ := toMicro(ratio)
	if w.ratio.text == "" || w.ratio.micro != micro {
		w.ratio.micro, w.ratio.text = micro, ratio.String()
	}
	return w.ratio.text
}

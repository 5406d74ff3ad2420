package settle

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"
)

// remainder is what rounding down left over of a line's portion (D-3).
type remainder struct {
	line int
	rest uint64
}

// assign puts line i into a bucket at a rate. The rate is the number's, times the
// multiplier out of town.
func (w *work) assign(i int, b Bucket, rate decimal.Decimal, micro int64) {
	l := &w.out.Lines[i]
	l.Bucket, l.Rate = b, rate
	w.weight[i] = uint64(l.InScope) * uint64(micro)
}

// bucket sums the lines of one bucket: what is in scope, and the fund's share in
// millionths of a fen. Neither overflows: a bill is at most MaxFen.
func (w *work) bucket(b Bucket) (scope Fen, weight uint64, any bool) {
	for i := range w.out.Lines {
		if l := &w.out.Lines[i]; l.Bucket == b {
			scope += l.InScope
			weight += w.weight[i]
			any = true
		}
	}
	return scope, weight, any
}

// pay spreads the bucket's fund over its lines by largest remainder on in scope ×
// rate, ties by line order, never above the line's in scope (D-3), and adds it to
// the split.
func (w *work) pay(b Bucket, fund Fen, weight uint64) {
	w.out.Buckets = append(w.out.Buckets, BucketFund{b, fund})
	w.out.Fund += fund
	if fund == 0 || weight == 0 {
		return
	}
	left := fund
	w.rest = w.rest[:0]
	for i := range w.out.Lines {
		l := &w.out.Lines[i]
		if l.Bucket != b {
			continue
		}
		whole, rest := portion(fund, w.weight[i], weight)
		l.Fund = min(whole, l.InScope)
		left -= l.Fund
		w.rest = append(w.rest, remainder{i, rest})
	}
	if left == 0 {
		return
	}
	slices.SortFunc(w.rest, func(a, b remainder) int {
		return cmp.Or(cmp.Compare(b.rest, a.rest), cmp.Compare(a.line, b.line))
	})
	w.payRemainder(left)
}

// payRemainder gives the fen that rounding down left, one a line.
func (w *work) payRemainder(left Fen) {
	for given := true; given && left > 0; {
		given = false
		for _, r := range w.rest {
			if l := &w.out.Lines[r.line]; left > 0 && l.Fund < l.InScope {
				l.Fund++
				left--
				given = true
			}
		}
	}
}

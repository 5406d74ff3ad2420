package settle

import (
	"cmp"
	"slices"
)

// claim is what a line asks of its bucket.
type claim struct {
	weight uint64 // in scope × rate, in millionths of a fen
	rate   string // as the steps write it
	by     *Number
}

// remainder is what rounding down left over of a line's portion (D-3).
type remainder struct {
	line int
	rest uint64
}

// open makes room for the lines' claims, and for what rounding leaves of them.
func (w *work) open() {
	n := len(w.out.Lines)
	w.claim, w.rest = make([]claim, n), make([]remainder, 0, n)
}

// assign puts line i into a bucket at a rate.
func (w *work) assign(i int, b Bucket, r rate) {
	l := &w.out.Lines[i]
	l.Bucket, l.Rate = b, r.value
	w.claim[i] = claim{uint64(l.InScope) * uint64(r.micro), r.text, r.by}
}

// payBucket pays a bucket whose lines share one rate, within what is left of the limit
// if it counts to it (D-1).
func (w *work) payBucket(b Bucket, r rate, limited bool) {
	scope, weight, any := w.bucket(b)
	if !any {
		return
	}
	fund := roundMicro(weight)
	w.citeRate(r, Step{What: StepFund, Bucket: b, Base: scope, Amount: fund})
	if limited {
		fund = w.cut(b, fund)
	}
	w.pay(b, fund, weight)
}

// bucket sums the lines of one bucket: what is in scope, and the fund's share in
// millionths of a fen. Neither overflows: a bill is at most MaxFen.
func (w *work) bucket(b Bucket) (scope Fen, weight uint64, any bool) {
	for i := range w.out.Lines {
		if l := &w.out.Lines[i]; l.Bucket == b {
			scope += l.InScope
			weight += w.claim[i].weight
			any = true
		}
	}
	return scope, weight, any
}

// pay spreads the bucket's fund over its lines by largest remainder on in scope ×
// rate, ties by line order, never above the line's in scope (D-3), and adds it to
// the split, with a step a line.
func (w *work) pay(b Bucket, fund Fen, weight uint64) {
	w.out.Buckets = append(w.out.Buckets, BucketFund{b, fund})
	w.out.Fund += fund
	if fund > 0 && weight > 0 {
		w.spread(b, fund, weight)
	}
	for i := range w.out.Lines {
		if w.out.Lines[i].Bucket == b {
			w.noteLine(i)
		}
	}
}

// noteLine adds the step of a line's part of the fund. It rests on the spread, and in
// the community pool, whose lines have rates of their own, on the line's rate.
func (w *work) noteLine(i int) {
	l, c := &w.out.Lines[i], &w.claim[i]
	s := Step{What: StepLine, Line: i + 1, Bucket: l.Bucket, Rule: "D-3", Number: c.rate, Base: l.InScope, Amount: l.Fund}
	if l.Bucket == BucketCommunityPool {
		w.citeRate(rate{by: c.by, text: c.rate}, s)
		return
	}
	w.note(s)
}

func (w *work) spread(b Bucket, fund Fen, weight uint64) {
	left := fund
	w.rest = w.rest[:0]
	for i := range w.out.Lines {
		l := &w.out.Lines[i]
		if l.Bucket != b {
			continue
		}
		whole, rest := portion(fund, w.claim[i].weight, weight)
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

package policy

import (
	"slices"

	"settled/settle"
)

// timeline is the rows of one parameter and key, oldest first, without gap or
// overlap.
type timeline []*Row

// add appends a row of the shipped data; rows stand in a file oldest first.
func (l timeline) add(r *Row) (timeline, error) {
	if len(l) == 0 {
		return append(l, r), nil
	}
	last := l[len(l)-1]
	switch {
	case last.To == 0 || r.From <= last.To:
		if r.From <= last.From {
			return nil, problem(r.File, r.Line, "row from %s stands after the row from %s (line %d): newest last", r.From, last.From, last.Line)
		}
		return nil, problem(r.File, r.Line, "row from %s overlaps the row from %s (line %d)", r.From, last.From, last.Line)
	case r.From != last.To.Next():
		return nil, problem(r.File, r.Line, "gap: the row before (line %d) ends on %s, this one starts on %s; a day without a value needs a row of status unknown", last.Line, last.To, r.From)
	}
	return append(l, r), nil
}

// closed checks that the last row is open, or ends where the parameter does.
func (l timeline) closed(until settle.Date) error {
	last := l[len(l)-1]
	if last.To != until {
		if until == 0 {
			return problem(last.File, last.Line, "gap: nothing after %s; leave to out, or add a row of status unknown", last.To)
		}
		return problem(last.File, last.Line, "the parameter ends on %s, the last row on %q", until, last.To)
	}
	return nil
}

// supersede lays a row of an overlay over the timeline: what it covers gives way.
func (l timeline) supersede(r *Row) timeline {
	var next timeline
	for _, old := range l {
		if old.From < r.From {
			next = append(next, cutTo(old, r.From.Prev()))
		}
		if r.To != 0 && (old.To == 0 || old.To > r.To) {
			next = append(next, cutFrom(old, r.To.Next()))
		}
	}
	next = append(next, r)
	slices.SortFunc(next, func(a, b *Row) int { return int(a.From) - int(b.From) })
	return next
}

func cutTo(r *Row, to settle.Date) *Row {
	if r.To != 0 && r.To <= to {
		return r
	}
	c := *r
	c.To = to
	return &c
}

func cutFrom(r *Row, from settle.Date) *Row {
	if r.From >= from {
		return r
	}
	c := *r
	c.From = from
	return &c
}

// whole checks a timeline that overlays have changed: an overlay before the first
// or after the last row may have left a gap.
func (l timeline) whole() error {
	for i := 1; i < len(l); i++ {
		if r, before := l[i], l[i-1]; before.To == 0 || r.From != before.To.Next() {
			at := r
			if r.Overlay == nil && before.Overlay != nil {
				at = before // what the hospital can mend
			}
			return problem(at.File, at.Line, "gap between %q and %s", before.To, r.From)
		}
	}
	return nil
}

// on gives the row in force on a day, nil if there is none.
func (l timeline) on(day settle.Date) *Row {
	for _, r := range l {
		if day.Within(r.From, r.To) {
			return r
		}
	}
	return nil
}

package policy

import (
	"settled/settle"
)

// readOverlay reads one file of a hospital's policy directory: who approved it and
// when, sources of its own, and rows of any parameters, which supersede the rows
// that hold on the same days.
func (l *loader) readOverlay(file string, data []byte) error {
	top, arrays, err := parse(file, data)
	if err != nil {
		return err
	}
	approval, err := readApproval(top)
	if err != nil {
		return err
	}
	for name := range arrays {
		if name != "row" && name != "source" {
			return problem(file, arrays[name][0].line, "unknown table %q", name)
		}
	}
	for _, t := range arrays["source"] {
		if _, err := l.readSource(t); err != nil {
			return err
		}
	}
	if len(arrays["row"]) == 0 {
		return problem(file, 1, "the overlay has no row")
	}
	var laid []*Row
	for _, t := range arrays["row"] {
		r, err := l.overlayRow(approval, t)
		if err != nil {
			return err
		}
		for _, other := range laid {
			if overlap(other, r) {
				return problem(file, r.Line, "row from %s overlaps the row in line %d", r.From, other.Line)
			}
		}
		laid = append(laid, r)
		at := place{r.Param, r.Key}
		l.lines[at] = l.lines[at].supersede(r)
	}
	return nil
}

func readApproval(t *table) (*Approval, error) {
	if err := t.only("approved_by", "approved_on", "illustrative", "note"); err != nil {
		return nil, err
	}
	by, err := t.required("approved_by")
	if err != nil {
		return nil, err
	}
	if _, err := t.required("approved_on"); err != nil {
		return nil, err
	}
	on, err := t.day("approved_on")
	if err != nil {
		return nil, err
	}
	illustrative, err := t.flag("illustrative")
	return &Approval{By: by, On: on, Illustrative: illustrative}, err
}

func (l *loader) overlayRow(a *Approval, t *table) (*Row, error) {
	name, err := t.required("parameter")
	if err != nil {
		return nil, err
	}
	base, ok := l.headers[settle.Param(name)]
	if !ok {
		return nil, t.problem("parameter", "unknown parameter %q", settle.Clip(name))
	}
	h := *base
	h.overlay = a
	return l.readRow(&h, t)
}

func overlap(a, b *Row) bool {
	if a.Param != b.Param || a.Key != b.Key {
		return false
	}
	return (a.To == 0 || b.From <= a.To) && (b.To == 0 || a.From <= b.To)
}

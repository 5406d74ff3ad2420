package policy

import (
	"io/fs"
	"strings"

	"settled/settle"
)

// layer is one directory of overlays while it is read.
type layer struct {
	*loader
	stated map[statement]*Row
}

// statement is what only one row of a directory may say: what holds from a day on.
type statement struct {
	place
	from settle.Date
}

// lay reads a directory of overlays.
func (l *loader) lay(dir fs.FS) error {
	o := &layer{loader: l, stated: map[statement]*Row{}}
	return each(dir, o.read)
}

// read reads one file of a hospital's policy directory: who approved it and when,
// sources, rules and conflicts of its own, and rows of any parameters, which supersede
// the rows that hold on the same days.
func (o *layer) read(file string, data []byte) error {
	top, arrays, err := parse(file, data)
	if err != nil {
		return err
	}
	approval, err := readApproval(top)
	if err != nil {
		return err
	}
	o.approvals = append(o.approvals, approval)
	if err := o.declare(file, arrays); err != nil {
		return err
	}
	if len(arrays["row"]) == 0 {
		return problem(file, 1, "the overlay has no row")
	}
	var laid []*Row
	for _, t := range arrays["row"] {
		r, err := o.row(approval, t)
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
		o.lines[at] = o.lines[at].supersede(r)
	}
	o.laid = append(o.laid, laid...)
	return nil
}

// declare takes in what a file brings along for its rows to cite.
func (o *layer) declare(file string, arrays map[string][]*table) error {
	for name, tables := range arrays {
		switch name {
		case "row", "source", "rule", "conflict":
		default:
			return problem(file, tables[0].line, "unknown table %q", name)
		}
	}
	for _, t := range arrays["source"] {
		if _, err := o.readSource(t); err != nil {
			return err
		}
	}
	for _, t := range arrays["rule"] {
		if err := o.readID(t, "rule", o.rules); err != nil {
			return err
		}
	}
	for _, t := range arrays["conflict"] {
		if err := o.readID(t, "conflict", o.conflicts); err != nil {
			return err
		}
	}
	return nil
}

// readID reads a rule's or conflict's id with what it says.
func (o *layer) readID(t *table, what string, known map[string]bool) error {
	if err := t.only("id", "title"); err != nil {
		return err
	}
	id, err := t.required("id")
	if err != nil {
		return err
	}
	if _, err := t.required("title"); err != nil {
		return err
	}
	switch {
	case !idForm(id):
		return t.problem("id", "%s is %q, not an id such as R-1", what, settle.Clip(id))
	case known[id]:
		return t.problem("id", "%s %q is known already", what, id)
	}
	known[id] = true
	return nil
}

// row reads a row and checks it against all that the rules have by now.
func (o *layer) row(a *Approval, t *table) (*Row, error) {
	name, err := t.required("parameter")
	if err != nil {
		return nil, err
	}
	base, ok := o.headers[settle.Param(name)]
	if !ok {
		return nil, t.problem("parameter", "unknown parameter %q", settle.Clip(name))
	}
	h := *base
	h.overlay = a
	r, err := o.readRow(&h, t)
	if err != nil {
		return nil, err
	}
	switch {
	case !o.rules[r.Rule]:
		return nil, t.problem("rule", "no rule %q; mend it, or declare it in a [[rule]] table with id and title", r.Rule)
	case r.Conflict != "" && !o.conflicts[r.Conflict]:
		return nil, t.problem("conflict", "no conflict %q; mend it, or declare it in a [[conflict]] table with id and title", r.Conflict)
	}
	says := statement{place{r.Param, r.Key}, r.From}
	if other, twice := o.stated[says]; twice && other.File != r.File {
		return nil, problem(r.File, r.Line, "states the same row as %s:%d, %s from %s; only one file may", other.File, other.Line, named(r), r.From)
	}
	o.stated[says] = r
	return r, nil
}

// named is a row's parameter with its keys.
func named(r *Row) string {
	return strings.TrimSpace(string(r.Param) + " " + r.Key[0] + " " + r.Key[1])
}

func overlap(a, b *Row) bool {
	if a.Param != b.Param || a.Key != b.Key {
		return false
	}
	return (a.To == 0 || b.From <= a.To) && (b.To == 0 || a.From <= b.To)
}

// idForm tells whether a text can be the id of a rule or a conflict: capital letters
// and digits, a hyphen, a number, and perhaps a small letter.
func idForm(id string) bool {
	group, number, ok := strings.Cut(id, "-")
	if n := len(number); n > 1 && number[n-1] >= 'a' && number[n-1] <= 'z' {
		number = number[:n-1]
	}
	return ok && len(id) <= 12 && group != "" && number != "" &&
		strings.Trim(group, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "" && strings.Trim(number, "0123456789") == ""
}

package policy

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/sm3"

	"settled/settle"
)

// Set is every row of the rules, shipped and overlaid. It is never written to after
// it was loaded and may be shared.
type Set struct {
	rows    []*Row // by schema, key, day
	sources map[string]Source
	digest  string
	from    []settle.Date   // first day of each stretch on which the same rows are in force
	rules   []*settle.Rules // of each stretch

	approvals []*Approval // of the overlays
	laid      []*Row      // rows of the overlays, as they stand in the files
}

// Digest is the SM3 of all rows in canonical form, in hex: two sets with the same
// digest settle alike on every day.
func (s *Set) Digest() string { return s.digest }

// Source gives a source that a row cites.
func (s *Set) Source(id string) (Source, bool) {
	source, ok := s.sources[id]
	return source, ok
}

// On gives the rules of a day. A day without rows has rules that refuse.
func (s *Set) On(day settle.Date) *settle.Rules {
	i, exact := slices.BinarySearch(s.from, day)
	if !exact {
		i--
	}
	if i < 0 {
		return settle.NewRules(day, s.digest, nil)
	}
	return s.rules[i].On(day)
}

// InForce lists the rows in force on a day, in the order of the parameters.
func (s *Set) InForce(day settle.Date) []Row {
	var rows []Row
	for _, r := range s.rows {
		if day.Within(r.From, r.To) {
			rows = append(rows, *r)
		}
	}
	return rows
}

// Rows lists all rows, by parameter, key and day.
func (s *Set) Rows() []Row {
	rows := make([]Row, len(s.rows))
	for i, r := range s.rows {
		rows[i] = *r
	}
	return rows
}

// set makes the finished set.
func (l *loader) set() *Set {
	s := &Set{sources: l.sources, approvals: l.approvals, laid: l.laid}
	for i := range l.schemas {
		for _, key := range l.schemas[i].combinations() {
			s.rows = append(s.rows, l.lines[place{l.schemas[i].param, key}]...)
		}
	}
	h := sm3.New()
	for _, r := range s.rows {
		_, _ = fmt.Fprintln(h, r.canonical()) // a hash never fails to write
		s.from = append(s.from, r.From)
		if r.To != 0 {
			s.from = append(s.from, r.To.Next())
		}
	}
	s.digest = hex.EncodeToString(h.Sum(nil))
	slices.Sort(s.from)
	s.from = slices.Compact(s.from)
	numbers := make(map[*Row]*settle.Number, len(s.rows))
	for _, r := range s.rows {
		numbers[r] = l.number(r)
	}
	for _, day := range s.from {
		s.rules = append(s.rules, s.stretch(day, numbers))
	}
	return s
}

// stretch makes the rules of the days from one on.
func (s *Set) stretch(day settle.Date, numbers map[*Row]*settle.Number) *settle.Rules {
	var inForce []*settle.Number
	illustrative := false
	for _, r := range s.rows {
		if day.Within(r.From, r.To) {
			inForce = append(inForce, numbers[r])
			illustrative = illustrative || (r.Overlay != nil && r.Overlay.Illustrative)
		}
	}
	rules := settle.NewRules(day, s.digest, inForce)
	rules.Illustrative = illustrative
	return rules
}

// number is the row as the engine reads it. The value was read once before, when
// the row was checked.
func (l *loader) number(r *Row) *settle.Number {
	n := settle.Number{}
	if schema, ok := find(l.schemas, r.Param); ok && r.Status != settle.Unknown {
		n, _ = schema.number(r.Value)
	}
	n.Param, n.Key, n.Rule, n.Standing, n.Conflict, n.From, n.To = r.Param, r.Key, r.Rule, r.Status, r.Conflict, r.From, r.To
	n.Source = r.Source
	if r.Article != "" {
		n.Source += " " + r.Article
	}
	n.Where = fmt.Sprintf("%s:%d", r.File, r.Line)
	if r.Status == settle.Unknown {
		n.Where = r.remedy()
	}
	return &n
}

// remedy says of an unknown row what is missing and which file to add.
func (r *Row) remedy() string {
	note := r.Note
	if note == "" {
		note = r.Quote
	}
	keys := ""
	for _, k := range r.Key {
		if k != "" {
			keys += ", " + k
		}
	}
	return fmt.Sprintf("%s:%d states it as unknown (%s); once it is published, add a file such as %s-%d.toml to the policy directory with a row of parameter %s%s from %s",
		r.File, r.Line, note, r.Param, r.From.Year(), r.Param, keys, r.From)
}

// canonical is the row as one line of text: what decides a settlement and where it
// comes from, and nothing of the file that it stood in.
func (r *Row) canonical() string {
	base := ""
	if r.Base != nil {
		base = fmt.Sprintf("%d/%s/%s/%s", r.Base.Year, r.Base.Wage, r.Base.Income, r.Base.Percent)
	}
	overlay := ""
	if r.Overlay != nil {
		overlay = fmt.Sprintf("%s/%s/%t", r.Overlay.By, r.Overlay.On, r.Overlay.Illustrative)
	}
	fields := []string{
		string(r.Param), r.Key[0], r.Key[1], r.Unit, r.Rule, r.Value, r.From.String(), r.To.String(),
		r.Source, r.Article, r.Quote, r.Confidence, string(r.Status), r.Conflict, r.Alternative, base, r.Note, overlay,
	}
	for i, f := range fields {
		fields[i] = strings.ReplaceAll(f, "\x1f", "")
	}
	return strings.Join(fields, "\x1f")
}

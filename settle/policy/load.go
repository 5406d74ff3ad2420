package policy

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"settled/settle"
)

//go:embed data
var shipped embed.FS

// Source is what rows cite.
type Source struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	Publisher string `json:"publisher"`
	Date      string `json:"date"`
	Kind      string `json:"kind"` // official, press, secondary, decision
	Note      string `json:"note"`
}

// Load reads the shipped rules and lays the overlays over them, in the order given;
// within one, files come in the order of their names. An error names file and line,
// and then nothing of it is in force.
func Load(overlays ...fs.FS) (*Set, error) {
	data, err := fs.Sub(shipped, "data")
	if err != nil {
		return nil, fmt.Errorf("shipped policy data: %w", err)
	}
	return load(data, overlays...)
}

// loader is a rule set in the making.
type loader struct {
	schemas []schema
	sources map[string]Source
	headers map[settle.Param]*header
	lines   map[place]timeline

	rules, conflicts map[string]bool // ids that rows of an overlay may name

	approvals []*Approval // of the overlays
	laid      []*Row      // rows of the overlays, as they stand in the files
}

// place is where a timeline belongs.
type place struct {
	param settle.Param
	key   settle.Key
}

func load(data fs.FS, overlays ...fs.FS) (*Set, error) {
	l := &loader{
		schemas: schemas(), sources: map[string]Source{}, headers: map[settle.Param]*header{}, lines: map[place]timeline{},
		rules: map[string]bool{}, conflicts: map[string]bool{},
	}
	if err := l.readSources(data); err != nil {
		return nil, err
	}
	if err := each(data, l.readParameter); err != nil {
		return nil, err
	}
	if err := l.complete(); err != nil {
		return nil, err
	}
	for _, o := range overlays {
		if err := l.lay(o); err != nil {
			return nil, fmt.Errorf("overlay: %w", err)
		}
	}
	if err := l.consistent(); err != nil {
		return nil, err
	}
	return l.set(), nil
}

// each calls read for every TOML file of a directory, in the order of the names.
func each(dir fs.FS, read func(file string, data []byte) error) error {
	entries, err := fs.ReadDir(dir, ".") // not Glob, which passes over what cannot be read
	if err != nil {
		return fmt.Errorf("policy directory: %w", err)
	}
	for _, e := range entries {
		if path.Ext(e.Name()) != ".toml" {
			continue
		}
		data, err := readFile(dir, e.Name())
		if err != nil {
			return err
		}
		if err := read(e.Name(), data); err != nil {
			return err
		}
	}
	return nil
}

// readFile reads a file of bounded size; a device or pipe of that name could hang it.
func readFile(dir fs.FS, file string) ([]byte, error) {
	info, err := fs.Stat(dir, file)
	switch {
	case err != nil:
		return nil, fmt.Errorf("policy file: %w", err)
	case !info.Mode().IsRegular():
		return nil, problem(file, 1, "not a regular file")
	case info.Size() > maxFile:
		return nil, problem(file, 1, "file is over %d bytes", maxFile)
	}
	data, err := fs.ReadFile(dir, file)
	if err != nil {
		return nil, fmt.Errorf("policy file: %w", err)
	}
	return data, nil
}

func (l *loader) readSources(data fs.FS) error {
	dir, err := fs.Sub(data, "sources")
	if err != nil {
		return fmt.Errorf("policy sources: %w", err)
	}
	return each(dir, func(file string, data []byte) error {
		file = path.Join("sources", file)
		top, arrays, err := parse(file, data)
		if err != nil {
			return err
		}
		for name := range arrays {
			return problem(file, arrays[name][0].line, "unknown table %q", name)
		}
		s, err := l.readSource(top)
		if err == nil && s.ID+".toml" != path.Base(file) {
			err = top.problem("id", "id %q is not the file's name", s.ID)
		}
		return err
	})
}

func (l *loader) readSource(t *table) (s Source, err error) {
	if err := t.only("id", "title", "publisher", "date", "kind", "note"); err != nil {
		return s, err
	}
	for _, f := range []struct {
		key string
		to  *string
	}{{"id", &s.ID}, {"title", &s.Title}, {"publisher", &s.Publisher}, {"date", &s.Date}, {"kind", &s.Kind}} {
		if *f.to, err = t.required(f.key); err != nil {
			return s, err
		}
	}
	if s.Note, err = t.text("note"); err != nil {
		return s, err
	}
	if err := oneOf(s.Kind, []string{"official", "press", "secondary", "decision"}); err != nil {
		return s, t.problem("kind", "kind: %v", err)
	}
	if !dateForm(s.Date) {
		return s, t.problem("date", "date %q is not a year, month or day, such as 2024-08", settle.Clip(s.Date))
	}
	if _, twice := l.sources[s.ID]; twice {
		return s, t.problem("id", "source %q twice", s.ID)
	}
	l.sources[s.ID] = s
	return s, nil
}

// dateForm tells whether a text is a year, a month or a day.
func dateForm(text string) bool {
	if len(text) < 4 || len(text) > 10 {
		return false
	}
	_, err := settle.ParseDate(text + "2024-01-01"[len(text):])
	return err == nil
}

// readParameter reads one file of the shipped data.
func (l *loader) readParameter(file string, data []byte) error {
	top, arrays, err := parse(file, data)
	if err != nil {
		return err
	}
	h, err := l.readHeader(top)
	if err != nil {
		return err
	}
	for name := range arrays {
		if name != "row" {
			return problem(file, arrays[name][0].line, "unknown table %q", name)
		}
	}
	for _, t := range arrays["row"] {
		r, err := l.readRow(h, t)
		if err != nil {
			return err
		}
		at := place{r.Param, r.Key}
		if l.lines[at], err = l.lines[at].add(r); err != nil {
			return err
		}
		l.rules[h.rule], l.rules[r.Rule], l.conflicts[r.Conflict] = true, true, true
	}
	return nil
}

func (l *loader) readHeader(t *table) (*header, error) {
	if err := t.only("parameter", "title", "title_zh", "unit", "rule", "keys", "until"); err != nil {
		return nil, err
	}
	name, err := t.required("parameter")
	if err != nil {
		return nil, err
	}
	s, ok := find(l.schemas, settle.Param(name))
	if !ok {
		return nil, t.problem("parameter", "unknown parameter %q", settle.Clip(name))
	}
	if name+".toml" != t.file {
		return nil, t.problem("parameter", "parameter %q is not the file's name", name)
	}
	h := &header{schema: s}
	unit := ""
	for _, f := range []struct {
		key string
		to  *string
	}{{"title", &h.title}, {"title_zh", &h.titleChinese}, {"rule", &h.rule}, {"unit", &unit}} {
		if *f.to, err = t.required(f.key); err != nil {
			return nil, err
		}
	}
	if unit != string(s.unit) {
		return nil, t.problem("unit", "unit is %q; %s is counted in %q", settle.Clip(unit), name, s.unit)
	}
	if err := checkKeys(t, s); err != nil {
		return nil, err
	}
	h.until, err = t.day("until")
	l.headers[s.param] = h
	return h, err
}

func checkKeys(t *table, s *schema) error {
	list, _ := t.values["keys"].([]any)
	ok := len(list) == len(s.keys)
	for i := 0; ok && i < len(list); i++ {
		ok = list[i] == s.keys[i].name
	}
	if !ok {
		return t.problem("keys", "the keys of %s are %v", s.param, keyNames(s))
	}
	return nil
}

func keyNames(s *schema) []string {
	var names []string
	for _, k := range s.keys {
		names = append(names, k.name)
	}
	return names
}

// readRow reads a row and checks that its source exists.
func (l *loader) readRow(h *header, t *table) (*Row, error) {
	r, err := h.row(t)
	if err != nil {
		return nil, err
	}
	if _, ok := l.sources[r.Source]; !ok {
		return nil, t.problem("source", "no source %q", settle.Clip(r.Source))
	}
	return r, nil
}

// complete checks that every parameter and key of the engine has rows, to the end.
func (l *loader) complete() error {
	for i := range l.schemas {
		s := &l.schemas[i]
		h, ok := l.headers[s.param]
		if !ok {
			return problem(string(s.param)+".toml", 1, "no file for parameter %s", s.param)
		}
		for _, key := range s.combinations() {
			rows := l.lines[place{s.param, key}]
			if len(rows) == 0 {
				return problem(string(s.param)+".toml", 1, "no row for %s %s", s.param, strings.TrimSpace(key[0]+" "+key[1]))
			}
			if err := errors.Join(l.begins(rows[0]), rows.closed(h.until)); err != nil {
				return err
			}
		}
	}
	return nil
}

// begins checks that a first row does not leave out days at its regime's beginning. What
// others derive from begins with the first year that they need.
func (l *loader) begins(first *Row) error {
	if first.Param == settle.ParamAverageWage || first.Param == settle.ParamResidentIncome {
		return nil
	}
	var days []string
	for _, regime := range l.lines[place{param: settle.ParamRegime}] {
		if first.From == regime.From {
			return nil
		}
		days = append(days, regime.From.String())
	}
	return problem(first.File, first.Line, "the first row of %s is from %s; no regime begins on that day, they do on %s", named(first), first.From, strings.Join(days, ", "))
}

// consistent checks the whole set once the overlays are laid over it.
func (l *loader) consistent() error {
	var errs []error
	for i := range l.schemas {
		for _, key := range l.schemas[i].combinations() {
			rows := l.lines[place{l.schemas[i].param, key}]
			if err := rows.whole(); err != nil {
				errs = append(errs, err)
			}
			for _, r := range rows {
				if err := l.derive(r); err != nil {
					errs = append(errs, err)
				}
			}
		}
	}
	return errors.Join(errs...)
}

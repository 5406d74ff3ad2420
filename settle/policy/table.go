package policy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"

	"settled/settle"
)

// maxFile bounds a policy file.
const maxFile = 1 << 20

// Problem is an error in a policy file, at a line.
type Problem struct {
	File string
	Line int
	Key  string // "": of the table as a whole
	Text string
}

func (p *Problem) Error() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text) }

func problem(file string, line int, format string, args ...any) error {
	return &Problem{File: file, Line: line, Text: fmt.Sprintf(format, args...)}
}

// table is one table of a TOML file, with the line of each of its keys: what the
// TOML package does not keep.
type table struct {
	file   string
	line   int // of its header; 1 for the top of the file
	values map[string]any
	lines  map[string]int
}

// at gives the line of a key, or of the table if it lacks the key.
func (t *table) at(key string) int {
	if n, ok := t.lines[key]; ok {
		return n
	}
	return t.line
}

func (t *table) problem(key, format string, args ...any) error {
	return &Problem{File: t.file, Line: t.at(key), Key: key, Text: fmt.Sprintf(format, args...)}
}

// text gives the string under a key; absent gives "".
func (t *table) text(key string) (string, error) {
	v, ok := t.values[key]
	if !ok {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", t.problem(key, "%s is a %s; write it as a string", key, kind(v))
	}
	if s == "" || strings.TrimSpace(s) != s {
		return "", t.problem(key, "%s is empty or has spaces around it", key)
	}
	return s, nil
}

// required is text that must be there.
func (t *table) required(key string) (string, error) {
	s, err := t.text(key)
	if err == nil && s == "" {
		err = t.problem(key, "%s is missing", key)
	}
	return s, err
}

// day reads a date; absent gives the zero date.
func (t *table) day(key string) (settle.Date, error) {
	s, err := t.text(key)
	if err != nil || s == "" {
		return 0, err
	}
	d, err := settle.ParseDate(s)
	if err != nil {
		return 0, t.problem(key, "%s: %v", key, err)
	}
	return d, nil
}

// flag reads a boolean; absent gives false.
func (t *table) flag(key string) (bool, error) {
	v, ok := t.values[key]
	if !ok {
		return false, nil
	}
	b, ok := v.(bool)
	if !ok {
		return false, t.problem(key, "%s is a %s, not true or false", key, kind(v))
	}
	return b, nil
}

// only refuses every key that is not in the list.
func (t *table) only(known ...string) error {
	for key, v := range t.values {
		found := false
		for _, k := range known {
			found = found || k == key
		}
		if !found {
			return t.problem(key, "unknown key %q", settle.Clip(key))
		}
		if _, ok := v.(float64); ok {
			return t.problem(key, "%s is a float; write it as a string", key)
		}
	}
	return nil
}

func kind(v any) string {
	switch v.(type) {
	case float64:
		return "float"
	case int64:
		return "number"
	case string:
		return "string"
	case bool:
		return "boolean"
	case map[string]any:
		return "table"
	default:
		return "date or list"
	}
}

// parse reads a TOML file into its top table and the tables of each array.
func parse(file string, data []byte) (top *table, arrays map[string][]*table, err error) {
	var values map[string]any
	if _, err := toml.Decode(string(data), &values); err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return nil, nil, problem(file, syntax.Position.Line, "%s", syntax.Message)
		}
		return nil, nil, problem(file, 1, "%v", err)
	}
	top = &table{file: file, line: 1, values: values, lines: map[string]int{}}
	arrays = map[string][]*table{}
	for key, v := range values {
		list, ok := v.([]map[string]any)
		if !ok {
			continue
		}
		delete(values, key)
		for _, entry := range list {
			arrays[key] = append(arrays[key], &table{file: file, line: 1, values: entry, lines: map[string]int{}})
		}
	}
	locate(top, arrays, string(data))
	return top, arrays, nil
}

// locate finds the line of each header and key: one key a line, as these files are
// written. What it cannot find is reported at its table's header.
func locate(top *table, arrays map[string][]*table, text string) {
	current, next := top, map[string]int{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "[["); ok {
			name, _, _ = strings.Cut(name, "]]")
			name = strings.TrimSpace(name)
			if n := next[name]; n < len(arrays[name]) {
				current = arrays[name][n]
				current.line = i + 1
				next[name] = n + 1
			}
			continue
		}
		key, _, ok := strings.Cut(line, "=")
		key = strings.Trim(strings.TrimSpace(key), `"'`)
		if _, known := current.lines[key]; ok && !known {
			current.lines[key] = i + 1
		}
	}
}

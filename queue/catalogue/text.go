package catalogue

import (
	"bufio"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// readText reads TAB-separated text, UTF-8, a row a line: with a first line of field
// names, or in the order of the transaction's output table, which the file's name must
// then tell.
func readText(in *bufio.Reader, name string, each emit) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var table Table
	var order []string
	at := Place{File: name}
	for lines.Scan() {
		at.Line++
		line := strings.TrimSuffix(lines.Text(), "\r")
		if line == "" {
			continue
		}
		cells := strings.Split(line, "\t")
		if order == nil {
			var header bool
			if table, order, header = layout(cells, name); header {
				continue
			}
		}
		if table == "" {
			return &Fault{Place: at, Why: "which table is it? The file needs a first line of field names, or one of 1312, 1318, 1319 in its name"}
		}
		fields, fault := byName(cells, table, order)
		if fault != nil {
			fault.Place = at
			return fault
		}
		if err := each(at, table, fields); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		why := err.Error()
		if errors.Is(err, bufio.ErrTooLong) {
			why = fmt.Sprintf("the line is over %d bytes", maxLine)
		}
		return &Fault{Place: Place{File: name, Line: at.Line + 1}, Why: why}
	}
	return nil
}

// layout finds table and columns of a text file from its first line or its name.
func layout(first []string, name string) (t Table, order []string, header bool) {
	if slices.Contains(first, fieldCode) {
		has := func(field string) bool { return slices.Contains(first, field) }
		return tableOf(has), slices.Clone(first), true
	}
	for _, one := range tables() {
		if strings.Contains(name, string(one)) {
			if t != "" {
				return "", []string{}, false // two tables in one name
			}
			t = one
		}
	}
	return t, t.order(), false
}

// byName gives the cells that are looked at by their fields' names.
func byName(cells []string, t Table, order []string) (map[string]string, *Fault) {
	if len(cells) < len(order) && t.column(order[len(cells)]) != nil {
		return nil, &Fault{Field: order[len(cells)], Why: fmt.Sprintf("the line ends after %d columns", len(cells))}
	}
	fields := make(map[string]string, len(t.columns()))
	for i, cell := range cells {
		if i >= len(order) || t.column(order[i]) == nil {
			continue
		}
		if _, twice := fields[order[i]]; twice {
			return nil, &Fault{Field: order[i], Why: "the column is there twice"}
		}
		if cell = strings.TrimSpace(cell); cell == "null" {
			cell = ""
		}
		fields[order[i]] = cell
	}
	return fields, nil
}

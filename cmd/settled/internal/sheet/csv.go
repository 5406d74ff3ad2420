package sheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// CSV writes the table in UTF-8 with a byte order mark, which Excel needs to know it by,
// and lines that end in CR LF (RFC 4180).
func (t *Table) CSV(w io.Writer) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return fmt.Errorf("csv: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	heads := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = plain(c.Head)
	}
	if err := out.Write(heads); err != nil {
		return fmt.Errorf("csv: %w", err)
	}
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			if cells[i] = cell; t.Columns[i].Kind == Text || !number(cell) {
				cells[i] = plain(cell)
			}
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("csv: %w", err)
	}
	return nil
}

// plain is a text that a spreadsheet takes for nothing else: one that begins as a formula
// gets an apostrophe in front, and long figures, such as the number of a settlement, a tab,
// or they would lose their zeros and last digits.
func plain(text string) string {
	switch {
	case text == "":
		return text
	case strings.ContainsAny(text[:1], "=+-@\t\r\n|%"), strings.HasPrefix(text, "＝"), strings.HasPrefix(text, "＋"),
		strings.HasPrefix(text, "－"), strings.HasPrefix(text, "＠"):
		return "'" + text
	case digits(text) && (len(text) > 11 || text[0] == '0' && len(text) > 1):
		return "\t" + text
	}
	return text
}

func digits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// number tells whether a text is a plain decimal number, or nothing.
func number(text string) bool {
	whole, part, point := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	return text == "" || digits(whole) && (!point || digits(part))
}

// Package sheet writes tables for spreadsheets: CSV, which Excel opens as it is, and XLSX
// (ECMA-376). No cell of either is ever computed: a patient may be called "=1+1".
package sheet

// Kind tells what is in a column.
type Kind int

// Kinds of columns.
const (
	Text   Kind = iota
	Amount      // yuan with two decimals, as settle.Fen prints it; or empty
	Count       // a whole number; or empty
)

// Column is one with its head.
type Column struct {
	Head string
	Kind Kind
}

// Table is rows of as many cells as there are columns.
type Table struct {
	Name    string // of the sheet, at most 31 characters
	Columns []Column
	Rows    [][]string
}

// Add adds a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

package catalogue

import (
	"strconv"
	"strings"
)

// Place is where a row stands in a file.
type Place struct {
	File string `json:"file"`          // as it was named, "catalogue.zip/1312.txt" inside an archive
	Line int    `json:"line"`          // from 1
	Row  int    `json:"row,omitempty"` // of a reply, where many rows may share a line, from 1
}

// String gives "1312.json:1: row 3".
func (p Place) String() string {
	s := p.File + ":" + strconv.Itoa(p.Line)
	if p.Row > 0 {
		s += ": row " + strconv.Itoa(p.Row)
	}
	return s
}

// Fault says what is wrong with a file. Nothing of the load was kept.
type Fault struct {
	Place
	Field string // of the row; "": the file as a whole
	Why   string
}

// Error gives "1312.json:1: row 3: chrgitm_lv: …".
func (f *Fault) Error() string {
	parts := []string{f.Place.String()}
	if f.Field != "" {
		parts = append(parts, f.Field)
	}
	return strings.Join(append(parts, f.Why), ": ")
}

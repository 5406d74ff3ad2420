// Package glyph draws characters of a TrueType font as dots, for printers whose own
// font lacks them. It reads outlines (glyf) of single fonts (.ttf) and of collections
// (.ttc), by the OpenType specification 1.9; no hints, no kerning, no CFF. A file that
// is damaged gives an error or no glyph.
package glyph

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Font is a font that was opened. Its outlines stay in the file; it may be used from
// several goroutines.
type Font struct {
	file     io.ReaderAt
	units    float64 // per em
	glyphs   int
	metrics  int // long horizontal metrics
	wideLoca bool
	glyf     table
	loca     []byte
	hmtx     []byte
	segments []segment
}

// segment maps runes from first to last to glyphs, counted from glyph on.
type segment struct {
	first, last rune
	glyph       int
	each        []byte // where it is not nil: a glyph for each rune, 2 bytes, big-endian
	delta       int    // added to each
}

// table is where a table of the font lies in the file.
type table struct{ offset, length int64 }

// Bounds of what is read at a time: real fonts stay far below.
const (
	mostTables = 256
	mostTable  = 32 << 20
	mostGlyph  = 1 << 20
)

var errShort = errors.New("a table is too short")

// Parse opens the n-th font, from 0 on, of a file.
func Parse(file io.ReaderAt, n int) (*Font, error) {
	f := &Font{file: file}
	tables, err := f.directory(n)
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	if err := f.heads(tables); err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	if err := f.charmap(tables["cmap"]); err != nil {
		return nil, fmt.Errorf("font: cmap: %w", err)
	}
	return f, nil
}

// directory finds the tables of the n-th font.
func (f *Font) directory(n int) (map[string]table, error) {
	head, err := f.read(table{0, 12})
	if err != nil {
		return nil, err
	}
	start := int64(0)
	if string(head[:4]) == "ttcf" {
		if n < 0 || uint32(n) >= binary.BigEndian.Uint32(head[8:]) {
			return nil, fmt.Errorf("the collection has no font %d", n)
		}
		at, err := f.read(table{12 + 4*int64(n), 4})
		if err != nil {
			return nil, err
		}
		start = int64(binary.BigEndian.Uint32(at))
		if head, err = f.read(table{start, 12}); err != nil {
			return nil, err
		}
	} else if n != 0 {
		return nil, errors.New("the file is no collection")
	}
	if v := binary.BigEndian.Uint32(head); v != 0x00010000 && string(head[:4]) != "true" {
		return nil, errors.New("no TrueType outlines")
	}
	count := int64(binary.BigEndian.Uint16(head[4:]))
	if count > mostTables {
		return nil, fmt.Errorf("%d tables", count)
	}
	rows, err := f.read(table{start + 12, 16 * count})
	if err != nil {
		return nil, err
	}
	tables := map[string]table{}
	for ; len(rows) >= 16; rows = rows[16:] {
		tables[string(rows[:4])] = table{int64(binary.BigEndian.Uint32(rows[8:])), int64(binary.BigEndian.Uint32(rows[12:]))}
	}
	return tables, nil
}

func (f *Font) read(t table) ([]byte, error) {
	if t.length < 0 || t.length > mostTable {
		return nil, fmt.Errorf("a table of %d bytes", t.length)
	}
	data := make([]byte, t.length)
	if n, err := f.file.ReadAt(data, t.offset); n < len(data) {
		return nil, fmt.Errorf("%w: %w", errShort, err)
	}
	return data, nil
}

// heads reads what the other tables are measured by.
func (f *Font) heads(tables map[string]table) error {
	need := map[string]int{"head": 54, "maxp": 6, "hhea": 36, "hmtx": 0, "loca": 0}
	got := map[string][]byte{}
	for name, least := range need {
		data, err := f.read(tables[name])
		if err == nil && len(data) < max(least, 1) {
			err = errShort
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		got[name] = data
	}
	f.units = float64(binary.BigEndian.Uint16(got["head"][18:]))
	f.wideLoca = binary.BigEndian.Uint16(got["head"][50:]) != 0
	f.glyphs = int(binary.BigEndian.Uint16(got["maxp"][4:]))
	f.metrics = int(binary.BigEndian.Uint16(got["hhea"][34:]))
	f.hmtx, f.loca, f.glyf = got["hmtx"], got["loca"], tables["glyf"]
	if f.units < 16 || f.metrics == 0 || f.glyf.length == 0 {
		return errors.New("it has no size or no outlines")
	}
	return nil
}

// advance is how far a glyph moves on, in parts of the em.
func (f *Font) advance(glyph int) float64 {
	at := 4 * min(glyph, f.metrics-1)
	if at+2 > len(f.hmtx) {
		return 1
	}
	return float64(binary.BigEndian.Uint16(f.hmtx[at:])) / f.units
}

// outline gives the bytes of a glyph; none if it is blank.
func (f *Font) outline(glyph int) ([]byte, error) {
	size, scale := 2, int64(2)
	if f.wideLoca {
		size, scale = 4, 1
	}
	if glyph < 0 || glyph >= f.glyphs || (glyph+2)*size > len(f.loca) {
		return nil, errors.New("no such glyph")
	}
	at := func(i int) int64 {
		if f.wideLoca {
			return int64(binary.BigEndian.Uint32(f.loca[4*i:]))
		}
		return scale * int64(binary.BigEndian.Uint16(f.loca[2*i:]))
	}
	from, to := at(glyph), at(glyph+1)
	if from == to {
		return nil, nil
	}
	if from > to || to > f.glyf.length || to-from > mostGlyph {
		return nil, errShort
	}
	return f.read(table{f.glyf.offset + from, to - from})
}

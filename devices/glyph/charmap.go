package glyph

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
)

// charmap reads the best of the font's maps from Unicode to glyphs: format 12, which
// has all planes, or format 4.
func (f *Font) charmap(t table) error {
	data, err := f.read(t)
	if err != nil || len(data) < 4 {
		return errors.Join(err, errShort)
	}
	best := 0
	for i := range int(binary.BigEndian.Uint16(data[2:])) {
		at := 4 + 8*i
		if at+8 > len(data) {
			return errShort
		}
		start := int(binary.BigEndian.Uint32(data[at+4:]))
		if start+8 > len(data) {
			continue
		}
		format := int(binary.BigEndian.Uint16(data[start:]))
		if (format != 4 && format != 12) || format <= best {
			continue
		}
		best = format
		if f.segments, err = segmentsOf(format, data[start:]); err != nil {
			return err
		}
	}
	if best == 0 {
		return errors.New("no map of a known format")
	}
	slices.SortFunc(f.segments, func(a, b segment) int { return cmp.Compare(a.first, b.first) })
	return nil
}

func segmentsOf(format int, data []byte) ([]segment, error) {
	if format == 12 {
		return groups(data)
	}
	return ranges(data)
}

// groups reads format 12.
func groups(data []byte) (list []segment, err error) {
	if len(data) < 16 {
		return nil, errShort
	}
	n := int(binary.BigEndian.Uint32(data[12:]))
	if rows := data[16:]; n > len(rows)/12 {
		return nil, errShort
	}
	for i := range n {
		row := data[16+12*i:]
		list = append(list, segment{
			first: rune(binary.BigEndian.Uint32(row)), last: rune(binary.BigEndian.Uint32(row[4:])), glyph: int(binary.BigEndian.Uint32(row[8:])),
		})
	}
	return list, nil
}

// ranges reads format 4.
func ranges(data []byte) (list []segment, err error) {
	if len(data) < 16 {
		return nil, errShort
	}
	twice := int(binary.BigEndian.Uint16(data[6:])) &^ 1
	ends, starts, deltas, offsets := 14, 16+twice, 16+2*twice, 16+3*twice
	if offsets+twice > len(data) {
		return nil, errShort
	}
	for i := 0; i < twice; i += 2 {
		s := segment{
			first: rune(binary.BigEndian.Uint16(data[starts+i:])), last: rune(binary.BigEndian.Uint16(data[ends+i:])),
			delta: int(binary.BigEndian.Uint16(data[deltas+i:])),
		}
		if offset := int(binary.BigEndian.Uint16(data[offsets+i:])); offset == 0 {
			s.glyph = (int(s.first) + s.delta) & 0xFFFF
			if s.glyph+int(s.last-s.first) > 0xFFFF { // it wraps around: one by one
				continue
			}
		} else if at := offsets + i + offset; at <= len(data) {
			s.each = data[at:]
		}
		if s.first <= s.last {
			list = append(list, s)
		}
	}
	return list, nil
}

// find gives the glyph of a rune; ok is false if the font has none.
func (f *Font) find(r rune) (glyph int, ok bool) {
	i, exact := slices.BinarySearchFunc(f.segments, r, func(s segment, r rune) int { return cmp.Compare(s.first, r) })
	if !exact {
		i--
	}
	if i < 0 || r > f.segments[i].last {
		return 0, false
	}
	s := f.segments[i]
	nth := int(r - s.first)
	if s.each == nil {
		return s.glyph + nth, s.glyph+nth > 0
	}
	if 2*nth+2 > len(s.each) {
		return 0, false
	}
	if glyph = int(binary.BigEndian.Uint16(s.each[2*nth:])); glyph != 0 {
		glyph = (glyph + s.delta) & 0xFFFF
	}
	return glyph, glyph != 0
}

// Has tells whether the font has the character.
func (f *Font) Has(r rune) bool {
	_, ok := f.find(r)
	return ok
}

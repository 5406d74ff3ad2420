package glyph

import (
	"encoding/binary"
	"errors"
)

// point is a point of an outline, in units of the font; curve tells that it bends the
// line and is not on it.
type point struct {
	x, y  float64
	curve bool
}

// Bounds of an outline: of glyphs within glyphs, and of points.
const (
	deepest    = 6
	mostPoints = 20_000
)

var errOutline = errors.New("an outline is damaged")

// contours gives the closed lines of a glyph.
func (f *Font) contours(glyph, depth int) ([][]point, error) {
	data, err := f.outline(glyph)
	if err != nil || data == nil {
		return nil, err
	}
	if len(data) < 10 || depth > deepest {
		return nil, errOutline
	}
	n := int(int16(binary.BigEndian.Uint16(data)))
	if n < 0 {
		return f.composite(data[10:], depth)
	}
	return simple(data[10:], n)
}

// Flags of a simple glyph's points.
const (
	onLine = 0x01
	shortX = 0x02
	shortY = 0x04
	repeat = 0x08
	sameX  = 0x10 // or, of a short one, positive
	sameY  = 0x20
)

// simple reads a glyph that is drawn by points.
func simple(data []byte, n int) ([][]point, error) {
	if len(data) < 2*n+2 {
		return nil, errOutline
	}
	ends := make([]int, n)
	total := 0
	for i := range ends {
		ends[i] = int(binary.BigEndian.Uint16(data[2*i:])) + 1
		if ends[i] < total {
			return nil, errOutline
		}
		total = ends[i]
	}
	skip := 2*n + 2 + int(binary.BigEndian.Uint16(data[2*n:]))
	if skip > len(data) || total > mostPoints {
		return nil, errOutline
	}
	flags, data, err := flagsOf(data[skip:], total)
	if err != nil {
		return nil, err
	}
	points := make([]point, total)
	for i, flag := range flags {
		points[i].curve = flag&onLine == 0
	}
	data, err = axis(data, flags, shortX, sameX, func(i, v int) { points[i].x = float64(v) })
	if err != nil {
		return nil, err
	}
	if _, err = axis(data, flags, shortY, sameY, func(i, v int) { points[i].y = float64(v) }); err != nil {
		return nil, err
	}
	var list [][]point
	from := 0
	for _, to := range ends {
		list, from = append(list, points[from:to]), to
	}
	return list, nil
}

func flagsOf(data []byte, total int) (flags, rest []byte, err error) {
	for len(flags) < total {
		if len(data) < 1 {
			return nil, nil, errOutline
		}
		flag, times := data[0], 1
		data = data[1:]
		if flag&repeat != 0 {
			if len(data) < 1 {
				return nil, nil, errOutline
			}
			times += int(data[0])
			data = data[1:]
		}
		for range min(times, total-len(flags)) {
			flags = append(flags, flag)
		}
	}
	return flags, data, nil
}

// axis reads one coordinate of all points.
func axis(data, flags []byte, short, same byte, set func(i, value int)) ([]byte, error) {
	value := 0
	for i, flag := range flags {
		switch {
		case flag&short != 0:
			if len(data) < 1 {
				return nil, errOutline
			}
			step := int(data[0])
			if flag&same == 0 {
				step = -step
			}
			value += step
			data = data[1:]
		case flag&same == 0:
			if len(data) < 2 {
				return nil, errOutline
			}
			value += int(int16(binary.BigEndian.Uint16(data)))
			data = data[2:]
		}
		set(i, value)
	}
	return data, nil
}

// Flags of a part of a composite glyph.
const (
	wideArgs = 0x0001
	areXY    = 0x0002
	oneScale = 0x0008
	more     = 0x0020
	twoScale = 0x0040
	matrix   = 0x0080
)

// composite reads a glyph that is put together of others.
func (f *Font) composite(data []byte, depth int) ([][]point, error) {
	var list [][]point
	count := 0
	for {
		if len(data) < 4 {
			return nil, errOutline
		}
		flags, glyph := binary.BigEndian.Uint16(data), int(binary.BigEndian.Uint16(data[2:]))
		move, rest, err := placed(flags, data[4:])
		if err != nil {
			return nil, err
		}
		data = rest
		parts, err := f.contours(glyph, depth+1)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			moved := make([]point, len(part))
			for i, p := range part {
				moved[i] = move.apply(p)
			}
			list = append(list, moved)
			if count += len(part); count > mostPoints {
				return nil, errOutline
			}
		}
		if flags&more == 0 {
			return list, nil
		}
	}
}

// transform is where a part of a composite glyph goes.
type transform struct{ xx, yx, xy, yy, dx, dy float64 }

func (t transform) apply(p point) point {
	return point{t.xx*p.x + t.xy*p.y + t.dx, t.yx*p.x + t.yy*p.y + t.dy, p.curve}
}

func placed(flags uint16, data []byte) (t transform, rest []byte, err error) {
	t = transform{xx: 1, yy: 1}
	size := 2
	if flags&wideArgs != 0 {
		size = 4
	}
	numbers := map[bool]int{flags&oneScale != 0: 1, flags&twoScale != 0: 2, flags&matrix != 0: 4}[true]
	if len(data) < size+2*numbers {
		return t, nil, errOutline
	}
	if flags&areXY != 0 {
		t.dx, t.dy = float64(int8(data[0])), float64(int8(data[1]))
		if size == 4 {
			t.dx, t.dy = float64(int16(binary.BigEndian.Uint16(data))), float64(int16(binary.BigEndian.Uint16(data[2:])))
		}
	}
	scale := func(i int) float64 { return float64(int16(binary.BigEndian.Uint16(data[size+2*i:]))) / (1 << 14) }
	switch numbers {
	case 1:
		t.xx, t.yy = scale(0), scale(0)
	case 2:
		t.xx, t.yy = scale(0), scale(1)
	case 4:
		t.xx, t.yx, t.xy, t.yy = scale(0), scale(1), scale(2), scale(3)
	}
	return t, data[size+2*numbers:], nil
}

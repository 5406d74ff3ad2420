package glyph

import (
	"cmp"
	"image"
	"math"
	"slices"
)

// baseline is how far below the top of the em square letters stand, in parts of it, as
// Chinese fonts have it.
const baseline = 0.88

// fine is how many lines a row of dots is measured by.
const fine = 5

// Draw gives the character in a box of that many dots, with the em as high as em says:
// how much of each dot is covered, 0 to 255. What is narrower than the box stands in its
// middle. ok is false if the font has no such character, or a damaged one.
func (f *Font) Draw(r rune, width, height, em int) (dots *image.Alpha, ok bool) {
	glyph, ok := f.find(r)
	if !ok || width <= 0 || height <= 0 || em <= 0 || width > 1024 || height > 1024 || em > 1024 {
		return nil, false
	}
	contours, err := f.contours(glyph, 0)
	if err != nil {
		return nil, false
	}
	scale := float64(em) / f.units
	left := (float64(width) - f.advance(glyph)*float64(em)) / 2
	bottom := (float64(height)-float64(em))/2 + baseline*float64(em)
	var edges []edge
	for _, c := range contours {
		flatten(c, func(a, b point) {
			edges = append(edges, edge{left + a.x*scale, bottom - a.y*scale, left + b.x*scale, bottom - b.y*scale})
		})
	}
	dots = image.NewAlpha(image.Rect(0, 0, width, height))
	for y := range height {
		fillRow(dots.Pix[y*dots.Stride:][:width], edges, float64(y))
	}
	return dots, true
}

// edge is a straight piece of an outline, in dots, with y downwards.
type edge struct{ x0, y0, x1, y1 float64 }

// flatten gives the straight pieces of a closed line of quadratic curves. Between two
// points that bend it, the line goes through their middle.
func flatten(c []point, line func(a, b point)) {
	if len(c) < 2 {
		return
	}
	start := slices.IndexFunc(c, func(p point) bool { return !p.curve })
	first := middle(c[0], c[len(c)-1])
	if start >= 0 {
		first = c[start]
	}
	from := first
	var bend *point
	to := func(p point) {
		if bend == nil {
			line(from, p)
		} else {
			curve(from, *bend, p, line)
		}
		from, bend = p, nil
	}
	for i := range c {
		p := c[(start+1+i)%len(c)]
		if !p.curve {
			to(p)
			continue
		}
		if bend != nil {
			to(middle(*bend, p))
		}
		bend = &p
	}
	to(first)
}

func middle(a, b point) point { return point{x: (a.x + b.x) / 2, y: (a.y + b.y) / 2} }

// pieces is into how many straight lines a curve is cut: enough for 100 dots.
const pieces = 6

func curve(a, c, b point, line func(a, b point)) {
	last := a
	for i := 1; i <= pieces; i++ {
		t := float64(i) / pieces
		u := 1 - t
		p := point{x: u*u*a.x + 2*u*t*c.x + t*t*b.x, y: u*u*a.y + 2*u*t*c.y + t*t*b.y}
		line(last, p)
		last = p
	}
}

// crossing is where a line meets the outline, and which way that goes.
type crossing struct {
	x   float64
	way int
}

// fillRow covers a row of dots by the nonzero winding rule.
func fillRow(row []byte, edges []edge, y float64) {
	cover := make([]float64, len(row))
	for i := range fine {
		at := y + (float64(i)+0.5)/fine
		var met []crossing
		for _, e := range edges {
			way := 1
			if e.y0 > e.y1 {
				e, way = edge{e.x1, e.y1, e.x0, e.y0}, -1
			}
			if at >= e.y0 && at < e.y1 {
				met = append(met, crossing{e.x0 + (at-e.y0)*(e.x1-e.x0)/(e.y1-e.y0), way})
			}
		}
		slices.SortFunc(met, func(a, b crossing) int { return cmp.Compare(a.x, b.x) })
		winding := 0
		for j := range met {
			if winding != 0 {
				span(cover, met[j-1].x, met[j].x)
			}
			winding += met[j].way
		}
	}
	for i, c := range cover {
		row[i] = byte(min(255, math.Round(c*255/fine)))
	}
}

// span adds what the piece from a to b covers of each dot.
func span(cover []float64, a, b float64) {
	a, b = max(a, 0), min(b, float64(len(cover)))
	for x := int(a); x < len(cover) && float64(x) < b; x++ {
		cover[x] += max(0, min(b, float64(x+1))-max(a, float64(x)))
	}
}

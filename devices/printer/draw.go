package printer

import (
	"bytes"
	"image"
)

// black is how much of a dot an outline must cover to be printed: little, since the
// thin strokes of a Song typeface would break otherwise.
const black = 72

// draw prints a row as a picture, every character of it from the fonts, since a picture
// begins at the left edge. It gives the characters that no font has.
func (m *Manner) draw(b *bytes.Buffer, row Row) (lacking []rune) {
	high := 1
	if row.Tall {
		high = 2
	}
	picture := image.NewAlpha(image.Rect(0, 0, m.dots(), lineHeight*high))
	x := 0
	for _, r := range row.Text {
		w := cellWidth * columnsOf(r)
		if x+w > m.dots() {
			break // rows are laid out to fit; a character of another width than thought
		}
		if r != ' ' && !m.place(picture, r, x, w, high) {
			lacking = append(lacking, r)
			m.place(picture, geta, x, w, high)
		}
		x += w
	}
	raster(b, picture)
	return lacking
}

// place draws one character into a row's picture.
func (m *Manner) place(picture *image.Alpha, r rune, x, w, high int) bool {
	em := cellHeight
	if w == cellWidth {
		em = 20 // letters are wider than half their height
	}
	for _, font := range m.Fonts {
		dots, ok := font.Draw(r, w, cellHeight, em)
		if !ok {
			continue
		}
		for y := range lineHeight * high {
			from := y/high - (lineHeight-cellHeight)/2
			for dx := range w {
				if from >= 0 && from < cellHeight && dots.Pix[from*dots.Stride+dx] >= black {
					picture.Pix[y*picture.Stride+x+dx] = 0xFF
				}
			}
		}
		return true
	}
	if r == geta { // drawn by hand, so that there is always a sign
		for dx := 2; dx < w-2; dx++ {
			for _, y := range []int{8, 9, 20, 21} {
				picture.Pix[y*high*picture.Stride+x+dx] = 0xFF
			}
		}
	}
	return false
}

// raster prints a picture (GS v 0).
func raster(b *bytes.Buffer, picture *image.Alpha) {
	size := picture.Rect.Size()
	wide := size.X / 8
	b.WriteString(rasterImage)
	b.Write([]byte{byte(wide), byte(wide >> 8), byte(size.Y), byte(size.Y >> 8)})
	last := byte(0)
	for y := range size.Y {
		for i := range wide {
			var dots byte
			for bit := range 8 {
				if picture.Pix[y*picture.Stride+8*i+bit] != 0 {
					dots |= 0x80 >> bit
				}
			}
			if last == realTime[0] && dots == realTime[1] {
				dots |= 0x80 // or a printer takes it for DLE EOT in the middle of a picture
			}
			b.WriteByte(dots)
			last = dots
		}
	}
}

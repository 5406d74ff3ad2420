package glyph_test

import (
	"bytes"
	"image"
	"os"
	"strings"
	"testing"

	"settled/devices/glyph"
)

// rare is a font of thirty characters that GB2312 lacks.
func rare(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../../testdata/fonts/rare.ttf")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse(t testing.TB, data []byte) *glyph.Font {
	t.Helper()
	f, err := glyph.Parse(bytes.NewReader(data), 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// picture is a character as a person reads it: two dots a letter high.
func picture(dots *image.Alpha) string {
	var b strings.Builder
	for y := 0; y < dots.Rect.Dy(); y++ {
		for x := range dots.Rect.Dx() {
			b.WriteByte(" .#"[min(2, int(dots.AlphaAt(x, y).A)/100)])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// 𠮷 has two levels of strokes, a short one below a long one, over a box: its shape
// is checked by hand. Outside of the basic plane, so of the map of format 12.
func TestDraw(t *testing.T) {
	f := parse(t, rare(t))
	dots, ok := f.Draw('𠮷', 24, 24, 24)
	if !ok {
		t.Fatal("not drawn")
	}
	at := func(x, y int) bool { return dots.AlphaAt(x, y).A >= 90 }
	inked := func(x0, x1, y int) (n int) {
		for x := x0; x < x1; x++ {
			if at(x, y) {
				n++
			}
		}
		return n
	}
	long := 0
	for y := range 24 {
		if inked(0, 24, y) > 14 {
			long++
		}
	}
	if long < 1 || inked(11, 14, 6) == 0 || inked(0, 24, 23) > 0 && inked(0, 24, 0) > 0 {
		t.Errorf("this is no 𠮷:\n%s", picture(dots))
	}
	t.Logf("\n%s", picture(dots))
	for _, r := range "䶮㙓𬱖𡐓镕喆堃赟玥珺祎垚翀頔犇𪚥𨭎䲟㼆䝉邨㛃𬭎鿍旻昇" {
		dots, ok := f.Draw(r, 24, 24, 24)
		covered := 0
		for _, v := range dots.Pix {
			covered += int(v)
		}
		if share := covered * 100 / (255 * 24 * 24); !ok || share < 8 || share > 60 {
			t.Errorf("%c: %v, %d %% black\n%s", r, ok, share, picture(dots))
		}
	}
	if f.Has('张') || f.Has('ж') || f.Has(-1) {
		t.Error("the font has what it lacks")
	}
	if _, ok := f.Draw('张', 24, 24, 24); ok {
		t.Error("drew what the font lacks")
	}
}

// A file that is cut short or changed is refused, or lacks characters; it never panics.
func TestDamaged(t *testing.T) {
	data := rare(t)
	for n := 0; n < len(data); n += 911 {
		try(data[:n])
	}
	for i := 0; i < len(data); i += 1 + i/40 {
		broken := bytes.Clone(data)
		broken[i] ^= 0xFF
		try(broken)
	}
	if _, err := glyph.Parse(strings.NewReader("ttcf"), 0); err == nil {
		t.Error("four bytes are a font")
	}
	if _, err := glyph.Parse(bytes.NewReader(data), 1); err == nil {
		t.Error("a single font has a second one")
	}
}

func try(data []byte) {
	f, err := glyph.Parse(bytes.NewReader(data), 0)
	if err != nil {
		return
	}
	for _, r := range "𠮷镕" {
		_, _ = f.Draw(r, 12, 12, 12)
	}
}

func FuzzFont(f *testing.F) {
	f.Add(rare(f))
	f.Fuzz(func(_ *testing.T, data []byte) { try(data) })
}

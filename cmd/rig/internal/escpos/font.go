package escpos

import (
	"bytes"
	"fmt"
	"os"

	"settled/devices/glyph"
)

// FontFile is where Debian's package fonts-wqy-microhei puts its font.
const FontFile = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"

// Ordinary is a printer as most counters have one, for paper of that many columns: its
// font has no more than GB 2312, with the shapes of the font of [FontFile].
func Ordinary(columns int) (Type, error) {
	if columns != 48 && columns != 32 {
		return Type{}, fmt.Errorf("paper of %d columns: want 48 (80 mm) or 32 (58 mm)", columns)
	}
	data, err := os.ReadFile(FontFile)
	if err != nil {
		return Type{}, fmt.Errorf("the simulated printer's font (apt-get install fonts-wqy-microhei): %w", err)
	}
	hanzi, err := glyph.Parse(bytes.NewReader(data), 0)
	if err != nil {
		return Type{}, err
	}
	letters, err := glyph.Parse(bytes.NewReader(data), 1) // of one width
	return Type{Dots: columns * cellWidth, GB2312: true, Letters: letters, Hanzi: []*glyph.Font{hanzi}}, err
}

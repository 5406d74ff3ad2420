package printer

import (
	"slices"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// geta stands for a character that neither the printer nor a font has.
const geta = '〓'

// encode gives a character's bytes if the printer's own font has it.
func (m *Manner) encode(r rune) ([]byte, bool) {
	if r >= ' ' && r < 0x7F {
		return []byte{byte(r)}, true
	}
	if r < 0x80 || m.Charset == "none" {
		return nil, false
	}
	// There is no error but that it cannot be encoded.
	code, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(string(r)))
	if err != nil || columnsOf(r) != 2 { // it would be printed wider than it was laid out
		return nil, false
	}
	switch m.Charset {
	case "gb18030":
		return code, true
	case "gbk":
		return code, len(code) == 2
	default:
		return code, inGB2312(code)
	}
}

// inGB2312 tells whether a code of GBK is one of GB 2312-80: 682 signs in rows 1 to 9,
// 3755 and 3008 hanzi in rows 16 to 55 and 56 to 87.
func inGB2312(code []byte) bool {
	if len(code) != 2 || code[0] < 0xA1 || code[1] < 0xA1 {
		return false
	}
	row, cell := code[0]-0xA0, code[1]-0xA0
	if row >= 16 && row <= 87 {
		return row != 55 || cell <= 89
	}
	signs := map[byte][]span{
		1: {{1, 94}}, 2: {{17, 66}, {69, 78}, {81, 92}}, 3: {{1, 94}}, 4: {{1, 83}}, 5: {{1, 86}},
		6: {{1, 24}, {33, 56}}, 7: {{1, 33}, {49, 81}}, 8: {{1, 26}, {37, 73}}, 9: {{4, 79}},
	}
	return slices.ContainsFunc(signs[row], func(s span) bool { return s.from <= cell && cell <= s.to })
}

// span is a run of cells in a row of GB 2312.
type span struct{ from, to byte }

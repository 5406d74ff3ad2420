package printer

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"settled/devices/serialport"
)

// The own font's characters are those of GB 2312: 7445, of which 6763 hanzi.
func TestCharset(t *testing.T) {
	count := map[string]int{}
	hanzi := 0
	for _, charset := range []string{"gb2312", "gbk", "gb18030", "none"} {
		m := Manner{Charset: charset}
		step := rune(1)
		if charset != "gb2312" {
			step = 16 // of the others it is about the size
		}
		for r := rune(0x80); r < 0x10000; r += step {
			if _, ok := m.encode(r); ok {
				count[charset]++
				if charset == "gb2312" && r >= 0x4E00 && r <= 0x9FFF {
					hanzi++
				}
			}
		}
		if code, ok := m.encode('A'); !ok || string(code) != "A" {
			t.Errorf("%s: A is %x", charset, code)
		}
		if _, ok := m.encode('\x1b'); ok {
			t.Errorf("%s takes a control character for text", charset)
		}
	}
	if count["gb2312"] != 7445 || hanzi != 6763 || count["gbk"] < 21000/16 || count["gb18030"] < 50000/16 || count["none"] != 0 {
		t.Errorf("%v, %d hanzi", count, hanzi)
	}
	for charset, want := range map[string]string{"gb2312": "张￥×【（", "gbk": "镕喆堃", "gb18030": "䶮𠮷"} {
		for _, r := range want {
			if _, ok := (&Manner{Charset: charset}).encode(r); !ok {
				t.Errorf("%s lacks %c", charset, r)
			}
		}
	}
	for _, r := range "镕䶮𠮷¥" {
		if _, ok := (&Manner{Charset: "gb2312"}).encode(r); ok {
			t.Errorf("GB 2312 has %c", r)
		}
	}
}

func TestManner(t *testing.T) {
	var m Manner
	if err := m.Check(); err != nil || m.Columns != 48 || m.Charset != "gb2312" || m.Cut != "partial" || m.Confirm != "processed" || m.Feed != 4 {
		t.Errorf("%+v %v", m, err)
	}
	for _, bad := range []Manner{{Columns: 40}, {Charset: "utf-8"}, {Cut: "x"}, {Feed: -1}, {Feed: 21}, {CodePage: 256}, {Codes: "x"}, {Confirm: "x"}} {
		if err := bad.Check(); err == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}

func TestTrouble(t *testing.T) {
	for _, test := range []struct {
		a    answers
		want Trouble
	}{
		{answers{0x12, 0x12, 0x12}, ""},
		{answers{0x12, 0x12, 0x1E}, PaperLow},
		{answers{0x1A, 0x32, 0x7E}, PaperOut},
		{answers{0x12, 0x12, 0x72}, PaperOut},
		{answers{0x1A, 0x16, 0x12}, CoverOpen},
		{answers{0x1A, 0x36, 0x7E}, CoverOpen},
		{answers{0x1A, 0x52, 0x12}, Failing},
		{answers{0x1A, 0x12, 0x12}, Offline},
	} {
		if got := test.a.trouble(); got != test.want || got.Stops() != (test.want != "" && test.want != PaperLow) {
			t.Errorf("% x: %q, want %q", test.a, got, test.want)
		}
	}
}

// Both kinds of answers can be told apart, whatever bits are set.
func TestAnswers(t *testing.T) {
	for b := range 256 {
		if isRealTime(byte(b)) && isOrdered(byte(b)) {
			t.Errorf("%02x is both", b)
		}
	}
	for _, b := range []byte{0x00, 0x03, 0x0C, 0x0F, 0x60} {
		if !isOrdered(b) {
			t.Errorf("%02x is no answer to GS r", b)
		}
	}
}

// A picture never holds what a printer takes for a question.
func TestNoQuestionInPicture(t *testing.T) {
	m := Manner{}
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	for _, r := range "〓䶮一" { // no font: 〓 by hand
		job := m.Encode([]Row{{Text: string(r) + "𠮷", Tall: true}})
		for _, part := range job.Parts {
			if bytes.Contains(part, []byte(realTime)) {
				t.Errorf("%c: % x", r, part)
			}
		}
	}
}

// What the spool was given is there after it is opened again, in order; what is out is
// not; too much is refused; what cannot be read is put aside.
func TestSpool(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "spool")
	s, err := openSpool(folder)
	must(t, err)
	for _, name := range []string{"a", "b", "c"} {
		_, err := s.add(name, []Row{{Text: name}})
		must(t, err)
	}
	must(t, s.slips[1].begin())
	must(t, s.out(s.slips[0]))
	must(t, os.WriteFile(filepath.Join(folder, "000000000009.slip"), []byte("{"), 0o600))
	must(t, os.WriteFile(filepath.Join(folder, "000000000010.part"), []byte("{"), 0o600))
	s, err = openSpool(folder)
	must(t, err)
	if len(s.slips) != 2 || s.slips[0].Name != "b" || !s.slips[0].Begun || s.slips[1].Name != "c" || s.slips[1].Begun || s.slips[1].Rows[0].Text != "c" {
		t.Errorf("%+v", s.slips)
	}
	one, err := s.add("d", nil)
	must(t, err)
	if filepath.Base(one.path) != "000000000004.slip" {
		t.Errorf("%s: an earlier slip is written over", one.path)
	}
	s.slips = make([]*slip, mostWaiting)
	if _, err := s.add("e", nil); !errors.Is(err, ErrFull) {
		t.Errorf("%v", err)
	}
	if _, err := Open(Options{Line: serialport.Line{Path: "x"}, Spool: filepath.Join(folder, "000000000004.slip")}); err == nil {
		t.Error("a spool that is a file opens")
	}
}

// A slip that came out is out, though the paper ended right behind it, or nobody waits
// any more: nothing would ever tell the cashier otherwise.
func TestOutBeforeTrouble(t *testing.T) {
	p, err := Open(Options{Line: serialport.Line{Path: "x"}, Spool: t.TempDir()})
	must(t, err)
	one, err := p.spool.add("a", nil)
	must(t, err)
	late, cancel := context.WithCancel(t.Context())
	cancel()
	var kept *Kept
	if err := p.wait(late, one); !errors.As(err, &kept) || kept.Trouble != "" {
		t.Errorf("not out yet: %v", err)
	}
	p.out(one)
	for range 20 { // which of two that are there is seen first is chance
		must(t, p.wait(late, one))
	}
	p.note(PaperOut)
	must(t, p.wait(t.Context(), one))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkEncode makes the bytes of an ordinary slip, and says how long 115,200 baud
// takes for them.
func BenchmarkEncode(b *testing.B) {
	m := Manner{}
	if err := m.Check(); err != nil {
		b.Fatal(err)
	}
	rows := []Row{{Text: "                医疗保险结算凭条", Tall: true}}
	for range 12 {
		rows = append(rows, Row{Text: "普通门诊诊查费（儿科）"}, Row{Text: "  25.00×1                                 25.00"}, Row{Text: "  统筹15.00"})
	}
	for range 5 {
		rows = append(rows, Row{Text: "统筹基金                                ￥127.43", Tall: true})
	}
	rows = append(rows, Row{Code: "SETTLE:012026112200001:258.94:127.43:0.00:114.41:17.10"})
	size := 0
	for b.Loop() {
		size = 0
		for _, part := range m.Encode(rows).Parts {
			size += len(part)
		}
	}
	line := serialport.Line{Path: "x", Baud: 115200}
	b.ReportMetric(float64(size), "bytes/slip")
	b.ReportMetric(float64(size)*1000/float64(line.BytesPerSecond()), "line-ms/slip")
}

// What the printer's own font prints is as wide as it was laid out: two bytes or four are
// two columns.
func TestWidths(t *testing.T) {
	for _, charset := range []string{"gb2312", "gbk", "gb18030"} {
		m := Manner{Charset: charset}
		var wrong []rune
		for r := rune(0x80); r < 0x30000; r++ {
			if code, ok := m.encode(r); ok && len(code) > 1 && columnsOf(r) != 2 {
				wrong = append(wrong, r)
			}
		}
		if len(wrong) > 0 {
			t.Errorf("%s: %d characters, %q", charset, len(wrong), string(wrong[:min(len(wrong), 40)]))
		}
	}
}

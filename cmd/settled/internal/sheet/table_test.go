package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"
)

func sample() *Table {
	t := &Table{Name: "挂起 <1>", Columns: []Column{{"姓名", Text}, {"现金", Amount}, {"笔数", Count}, {"单号", Text}}}
	t.Add("=1+1", "-12.50", "3", "012026112200001")
	t.Add(`张"三, <b>&`, "1234567.89", "", "0")
	t.Add("+86", "=1+1", "x", "-")
	t.Add("@x", "", "0", "第一\n第二\x01")
	return t
}

// TestCSV: Excel knows it by its mark, money stays numbers, and nothing is a formula.
func TestCSV(t *testing.T) {
	var b bytes.Buffer
	if err := sample().CSV(&b); err != nil {
		t.Fatal(err)
	}
	text, marked := strings.CutPrefix(b.String(), "\ufeff")
	if !marked || !strings.Contains(text, "\r\n") {
		t.Errorf("%q", b.String())
	}
	got, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	want := [][]string{
		{"姓名", "现金", "笔数", "单号"},
		{"'=1+1", "-12.50", "3", "\t012026112200001"},
		{`张"三, <b>&`, "1234567.89", "", "0"},
		{"'+86", "'=1+1", "x", "'-"},
		{"'@x", "", "0", "第一\n第二\x01"},
	}
	if err != nil || !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%q, %v\nwant %q", got, err, want)
	}
}

// cell is one of a sheet as it is read back.
type cell struct {
	Style   string  `xml:"s,attr"`
	Kind    string  `xml:"t,attr"`
	Number  *string `xml:"v"`
	Text    *string `xml:"is>t"`
	Formula *string `xml:"f"`
}

func readSheet(t *testing.T, data []byte) [][]cell {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var rows struct {
		Rows []struct {
			Cells []cell `xml:"c"`
		} `xml:"sheetData>row"`
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		into := any(&struct{}{})
		if f.Name == "xl/worksheets/sheet1.xml" {
			into = &rows
		}
		if err := xml.Unmarshal(text, into); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if len(z.File) != 6 {
		t.Errorf("%d parts", len(z.File))
	}
	var cells [][]cell
	for _, r := range rows.Rows {
		cells = append(cells, r.Cells)
	}
	return cells
}

// TestXLSX: money and counts are numbers, all else is text and never a formula.
func TestXLSX(t *testing.T) {
	var b bytes.Buffer
	if err := sample().XLSX(&b); err != nil {
		t.Fatal(err)
	}
	rows := readSheet(t, b.Bytes())
	if len(rows) != 5 || len(rows[1]) != 4 {
		t.Fatalf("%+v", rows)
	}
	text := func(c cell) string {
		if c.Text == nil || c.Kind != "inlineStr" || c.Formula != nil {
			return "no text"
		}
		return *c.Text
	}
	if text(rows[1][0]) != "=1+1" || text(rows[2][0]) != `张"三, <b>&` || text(rows[1][3]) != "012026112200001" || text(rows[3][1]) != "=1+1" || text(rows[4][3]) != "第一\n第二\ufffd" {
		t.Errorf("%+v", rows)
	}
	if rows[1][1].Number == nil || *rows[1][1].Number != "-12.50" || rows[1][1].Style != "2" || rows[1][2].Style != "3" || rows[2][2].Number != nil {
		t.Errorf("%+v", rows[1])
	}
}

// FuzzCells: whatever is in a cell, it reads back, begins no formula, and the workbook is
// well formed.
func FuzzCells(f *testing.F) {
	for _, s := range []string{"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "\r=1", "", "张三", "0001", "\x00", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		table := &Table{Name: "x", Columns: []Column{{"a", Text}, {"b", Amount}, {"c", Count}}}
		table.Add(s, s, s)
		var b bytes.Buffer
		if err := table.CSV(&b); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff"))).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%q %v", b.String(), err)
		}
		for i, c := range rows[1] {
			if c != "" && strings.ContainsAny(c[:1], "=+@") || strings.HasPrefix(c, "-") && (i == 0 || !number(c)) {
				t.Errorf("%q may be computed", c)
			}
		}
		b.Reset()
		if err := table.XLSX(&b); err != nil {
			t.Fatal(err)
		}
		readSheet(t, b.Bytes())
	})
}

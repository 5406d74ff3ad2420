package chart

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// drawn is what is read back of a picture.
type drawn struct {
	Title string `xml:"title"`
	Rects []struct {
		X      float64 `xml:"x,attr"`
		Y      float64 `xml:"y,attr"`
		Width  string  `xml:"width,attr"`
		Height string  `xml:"height,attr"`
		Fill   string  `xml:"fill,attr"`
	} `xml:"rect"`
	Texts []string `xml:"text"`
}

func read(t *testing.T, svg []byte) (d drawn) {
	t.Helper()
	if err := xml.Unmarshal(svg, &d); err != nil {
		t.Fatalf("%v: %s", err, svg)
	}
	if strings.Contains(string(svg), "style=") || strings.Contains(string(svg), "<script") {
		t.Error("the picture has a style sheet or a script")
	}
	return d
}

// TestColumns: bars are as long as their values, what is to be noticed is marked in
// writing too, and hostile words are text.
func TestColumns(t *testing.T) {
	d := read(t, Columns("当日 <b>", []Bar{{"08", "10", 10, false}, {"09", "40", 40, true}, {`"<script>`, "0", 0, false}, {"11", "−", -5, false}}))
	if d.Title != "当日 <b>" || len(d.Rects) != 5 {
		t.Fatalf("%+v", d)
	}
	tall := func(i int) string { return d.Rects[i].Height }
	if tall(1) != "44.0" || tall(2) != "176.0" || tall(3) != "0.0" || tall(4) != "0.0" || d.Rects[2].Fill != alert || d.Rects[1].Fill != fill {
		t.Errorf("%+v", d.Rects)
	}
	for _, want := range []string{"10", "! 40", "08", `"<script>`} {
		if !slices.Contains(d.Texts, want) {
			t.Errorf("%q is not written: %q", want, d.Texts)
		}
	}
}

// TestMany: of many bars not all are labelled, and the longest has its value.
func TestMany(t *testing.T) {
	var bars []Bar
	for i := range 92 {
		bars = append(bars, Bar{Label: fmt.Sprintf("d%d", i), Text: fmt.Sprintf("value %d", i%50), Value: int64(i % 50)})
	}
	d := read(t, Columns("x", bars))
	labels := 0
	for _, text := range d.Texts {
		if strings.HasPrefix(text, "d") {
			labels++
		}
	}
	if labels > mostLabelled || !slices.Contains(d.Texts, "value 49") {
		t.Errorf("%d labels, %q", labels, d.Texts)
	}
}

func TestRows(t *testing.T) {
	d := read(t, Rows("按级别", []Bar{{"三级 少儿", "￥300.00（3 笔）", 30000, false}, {"一级以下", "￥100.00", 10000, false}}))
	if len(d.Rects) != 3 || d.Rects[1].Width != "650.0" || d.Rects[2].Width != "216.7" || d.Rects[2].Y <= d.Rects[1].Y {
		t.Errorf("%+v", d)
	}
	if d := read(t, Rows("没有", nil)); len(d.Rects) != 1 {
		t.Errorf("%+v", d)
	}
}

// Package chart draws bars as SVG, for pages and paper: plain shapes with their values in
// writing, without style sheet or script. It knows neither money nor days; what it draws
// also stands in a table beside it.
package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bar is one bar.
type Bar struct {
	Label string // below it, or at its left
	Text  string // its value in writing
	Value int64  // its length; below nothing is nothing
	Alert bool   // it is to be noticed: another colour, and a mark in writing
}

// Sizes in dots.
const (
	wide, tall   = 960, 240
	top, bottom  = 40, 24
	left, right  = 150, 160
	rowTall      = 34
	fewestBars   = 8 // fewer are not drawn wider
	mostLabelled = 16
)

const (
	ink   = "#14202b"
	faint = "#c3ced8"
	fill  = "#0b5cad"
	alert = "#a8101f"
)

// Columns draws bars that stand, from left to right.
func Columns(title string, bars []Bar) []byte {
	var b bytes.Buffer
	begin(&b, title, tall)
	step := (wide - 20.0) / float64(max(len(bars), fewestBars))
	room := float64(tall - top - bottom)
	fmt.Fprintf(&b, `<path d="M10 %d H%d" stroke="%s"/>`, tall-bottom, wide-10, faint)
	every := (len(bars) + mostLabelled - 1) / mostLabelled
	for i, bar := range bars {
		x, long := 10+step*float64(i), length(bars, bar)*room
		y := float64(tall-bottom) - long
		fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, x+step*0.12, y, step*0.76, long, colour(bar))
		if i%max(every, 1) == 0 {
			write(&b, x+step/2, tall-8, "middle", bar.Label)
		}
		if bar.Value > 0 && (float64(utf8.RuneCountInString(bar.Text))*7 < step*1.2 || peak(bars, i)) {
			write(&b, x+step/2, y-5, "middle", mark(bar))
		}
	}
	b.WriteString("</svg>")
	return b.Bytes()
}

// Rows draws bars that lie, from top to bottom, for labels that are long.
func Rows(title string, bars []Bar) []byte {
	var b bytes.Buffer
	begin(&b, title, top+rowTall*max(len(bars), 1))
	for i, bar := range bars {
		y, long := float64(top+rowTall*i), length(bars, bar)*(wide-left-right)
		write(&b, left-8, y+18, "end", bar.Label)
		fmt.Fprintf(&b, `<rect x="%d" y="%.1f" width="%.1f" height="%d" fill="%s"/>`, left, y+2, max(long, 1), rowTall-12, colour(bar))
		write(&b, left+long+6, y+18, "start", mark(bar))
	}
	b.WriteString("</svg>")
	return b.Bytes()
}

func begin(b *bytes.Buffer, title string, high int) {
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img" font-family="Noto Sans CJK SC, Microsoft YaHei, sans-serif" font-size="13"><title>`, wide, high)
	_ = xml.EscapeText(b, []byte(title)) // a buffer takes all
	b.WriteString(`</title><rect width="100%" height="100%" fill="#ffffff"/>`)
	fmt.Fprintf(b, `<text x="10" y="18" font-size="14" font-weight="bold" fill="%s">`, ink)
	_ = xml.EscapeText(b, []byte(title))
	b.WriteString("</text>")
}

func write(b *bytes.Buffer, x, y float64, anchor, text string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">`, x, y, anchor, ink)
	_ = xml.EscapeText(b, []byte(strings.TrimSpace(text)))
	b.WriteString("</text>")
}

// length is a bar's share of the longest.
func length(bars []Bar, bar Bar) float64 {
	return float64(max(bar.Value, 0)) / float64(max(longest(bars), 1))
}

func longest(bars []Bar) (most int64) {
	for _, b := range bars {
		most = max(most, b.Value)
	}
	return most
}

// peak tells whether a bar is the first of the longest: of many it is written on that one.
func peak(bars []Bar, i int) bool {
	most := longest(bars)
	for j := range i {
		if bars[j].Value == most {
			return false
		}
	}
	return bars[i].Value == most
}

func colour(b Bar) string {
	if b.Alert {
		return alert
	}
	return fill
}

func mark(b Bar) string {
	if b.Alert {
		return "! " + b.Text
	}
	return b.Text
}

package counter

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// columnsOf is how many print columns a character takes: two for hanzi, full-width
// forms and the characters that GB18030 printers draw full width (× ￥ …).
func columnsOf(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
		return 2
	}
	return 1
}

// Columns is how many print columns a text takes.
func Columns(text string) int {
	n := 0
	for _, r := range text {
		n += columnsOf(r)
	}
	return n
}

// printable drops what could steer a printer or break a line: control and format
// characters of names that come from outside.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}

// cut splits text after as many characters as fit the columns, at least one.
func cut(text string, columns int) (head, rest string) {
	used := 0
	for i, r := range text {
		used += columnsOf(r)
		if used > columns && i > 0 {
			return text[:i], text[i:]
		}
	}
	return text, ""
}

// wrap breaks text into lines of at most columns, every one but the first indented. A
// space at a break is left out.
func wrap(text string, columns, indent int) []string {
	head, rest := cut(text, columns)
	lines := []string{head}
	for rest = strings.TrimLeft(rest, " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		head, rest = cut(rest, columns-indent)
		lines = append(lines, strings.Repeat(" ", indent)+head)
	}
	return lines
}

// centre puts text in the middle of the columns.
func centre(text string, columns int) string {
	return strings.Repeat(" ", max(0, (columns-Columns(text))/2)) + text
}

// spread puts left and right at the two edges; if both do not fit a line, left is
// wrapped and right stands on the last line.
func spread(left, right string, columns int) []string {
	lines := wrap(left, columns, 0)
	last := lines[len(lines)-1]
	if Columns(last)+1+Columns(right) > columns {
		lines, last = append(lines, ""), ""
	}
	gap := max(0, columns-Columns(last)-Columns(right))
	lines[len(lines)-1] = last + strings.Repeat(" ", gap) + right
	return lines
}

// fill puts words on indented lines, as many as fit on each.
func fill(words []string, columns, indent int) []string {
	var lines []string
	for _, word := range words {
		last := len(lines) - 1
		if last >= 0 && Columns(lines[last])+1+Columns(word) <= columns {
			lines[last] += " " + word
			continue
		}
		lines = append(lines, strings.Repeat(" ", indent)+word)
	}
	return lines
}

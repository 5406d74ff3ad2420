package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Parts of a workbook (ECMA-376, part 1: 18.2 workbook, 18.3 worksheet, 18.8 styles; part
// 2: packages) that are the same in each.
const (
	xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

	contentTypes = xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>`

	packageRels = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`

	workbookRels = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`

	// styles: 0 text, 1 head, 2 amount (format 4: #,##0.00), 3 count (format 1: 0).
	styles = xmlHead + `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
		`<fonts count="2"><font><sz val="11"/><name val="宋体"/></font><font><b/><sz val="11"/><name val="宋体"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border/></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="4"><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>` +
		`<xf numFmtId="4" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="1" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>`
)

const (
	styleText = iota
	styleHead
	styleAmount
	styleCount
)

// XLSX writes the table as a workbook of one sheet, whose first row stays in sight.
func (t *Table) XLSX(w io.Writer) error {
	z := zip.NewWriter(w)
	for _, part := range []struct {
		name string
		text string
	}{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", packageRels},
		{"xl/_rels/workbook.xml.rels", workbookRels},
		{"xl/styles.xml", styles},
		{"xl/workbook.xml", t.workbook()},
		{"xl/worksheets/sheet1.xml", t.sheet()},
	} {
		f, err := z.Create(part.name)
		if err != nil {
			return fmt.Errorf("xlsx: %w", err)
		}
		if _, err := io.WriteString(f, part.text); err != nil {
			return fmt.Errorf("xlsx: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("xlsx: %w", err)
	}
	return nil
}

func (t *Table) workbook() string {
	return xmlHead + `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
		`<sheets><sheet name="` + escaped(t.Name) + `" sheetId="1" r:id="rId1"/></sheets></workbook>`
}

func (t *Table) sheet() string {
	var b strings.Builder
	b.WriteString(xmlHead + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0">` +
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`)
	for i := range t.Columns {
		fmt.Fprintf(&b, `<col min="%d" max="%[1]d" width="%d" customWidth="1"/>`, i+1, t.width(i))
	}
	b.WriteString("</cols><sheetData><row>")
	for _, c := range t.Columns {
		writeText(&b, c.Head, styleHead)
	}
	b.WriteString("</row>")
	for _, row := range t.Rows {
		b.WriteString("<row>")
		for i, cell := range row {
			t.write(&b, t.Columns[i].Kind, cell)
		}
		b.WriteString("</row>")
	}
	b.WriteString("</sheetData></worksheet>")
	return b.String()
}

// write writes a cell; what is in a column of numbers and is none is text.
func (*Table) write(b *strings.Builder, kind Kind, cell string) {
	switch {
	case cell == "":
		b.WriteString("<c/>")
	case kind == Amount && number(cell):
		fmt.Fprintf(b, `<c s="%d"><v>%s</v></c>`, styleAmount, cell)
	case kind == Count && number(cell):
		fmt.Fprintf(b, `<c s="%d"><v>%s</v></c>`, styleCount, cell)
	default:
		writeText(b, cell, styleText)
	}
}

func writeText(b *strings.Builder, text string, style int) {
	fmt.Fprintf(b, `<c s="%d" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, style, escaped(text))
}

// escaped is text within XML; what XML cannot hold becomes U+FFFD.
func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes all
	return b.String()
}

// width of a column in characters: Chinese ones are twice as wide.
func (t *Table) width(column int) int {
	const least, most = 8, 60
	widest := wide(t.Columns[column].Head)
	for _, row := range t.Rows {
		widest = max(widest, wide(row[column]))
	}
	return min(max(widest+2, least), most)
}

func wide(text string) int { return (len(text) + utf8.RuneCountInString(text)) / 2 }

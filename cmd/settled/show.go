package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"settled/settle"
)

// figures are the amounts and reasons that the API gives of a quote or settlement.
type figures struct {
	ID           string        `json:"id"`
	Number       string        `json:"number"`
	Status       settle.Status `json:"status"`
	Replayed     bool          `json:"replayed"`
	Provisional  bool          `json:"provisional"`
	Illustrative bool          `json:"illustrative"`
	Notices      []said        `json:"notices"`
	Reasons      []said        `json:"reasons"`
	Rules        string        `json:"rules"`
	Split        settle.Split  `json:"split"`
}

// said is a code with its sentence.
type said struct {
	Code settle.Code `json:"code"`
	Text string      `json:"text"`
}

// newTable makes a table whose columns from first on are amounts, right-aligned.
func newTable(out io.Writer, first, columns int, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row(header))
	var right []table.ColumnConfig
	for i := first; i <= columns; i++ {
		right = append(right, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(right)
	return t
}

// showSplit prints who pays what, line by line and in total, and why.
func showSplit(out io.Writer, f figures) error {
	t := newTable(out, 2, 8, "项目", "金额", "超限价", "先自付", "自费", "范围内", "比例", "统筹")
	for _, l := range f.Split.Lines {
		t.AppendRow(table.Row{l.Name, l.Amount, dash(l.OverCap), dash(l.FirstSelfPay), dash(l.SelfFunded), l.InScope, percent(l), l.Fund})
	}
	t.Render()
	if err := showTotals(out, f); err != nil {
		return err
	}
	return showSteps(out, f.Split.Steps)
}

func showTotals(out io.Writer, f figures) error {
	s := f.Split
	_, err := fmt.Fprintf(out, "总额 ￥%s = 统筹基金 ￥%s + 个人账户 ￥%s + 家庭共济 ￥%s + 现金 ￥%s\n", s.Total, s.Fund, s.Own, s.Family, s.Cash)
	for _, n := range append(f.Reasons, f.Notices...) {
		if err == nil {
			_, err = fmt.Fprintf(out, "  %s（%s）\n", n.Text, n.Code)
		}
	}
	return err
}

// showSteps prints the reason of every amount.
func showSteps(out io.Writer, steps []settle.Step) error {
	for _, s := range steps {
		if _, err := fmt.Fprintf(out, "  %s\n", s.Chinese); err != nil {
			return err
		}
	}
	return nil
}

func dash(f settle.Fen) string {
	if f == 0 {
		return "–"
	}
	return f.String()
}

func percent(l settle.LineSplit) string {
	if l.Bucket == settle.BucketNone {
		return "–"
	}
	return strings.TrimSuffix(l.Rate.Shift(2).String(), ".0") + "%"
}

package main

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/reconcile"
)

// bookedDays is what GET /v1/reconciliations answers.
type bookedDays struct {
	Days []reconcile.Day `json:"days"`
}

func newReconcileDays() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "days",
		Short: "The platform's days on which it booked something, and how each was reconciled",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var answer bookedDays
			ask := url.Values{"from": {from}, "to": {to}}
			if err := get(cmd, "/v1/reconciliations?"+ask.Encode(), &answer); err != nil || asJSON(cmd) {
				return err
			}
			return showDays(cmd.OutOrStdout(), answer.Days)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "first day, 2026-11-01; default: 30 days ago")
	cmd.Flags().StringVar(&to, "to", "", "last day; default: today")
	return cmd
}

func showDays(out io.Writer, days []reconcile.Day) error {
	t := newTable(out, 2, 3, "日期", "结算笔数", "撤销笔数", "对账", "对账时间", "对账单")
	for _, d := range days {
		state, at := "未对账", ""
		if d.At != nil {
			state, at = stateOfBooks(d.State), d.At.Format(time.DateTime)
		}
		if d.At != nil && d.Due && (d.State == reconcile.Equal || d.State == reconcile.Accounted) {
			state += "，之后又有结算，请再对"
		}
		t.AppendRow(table.Row{d.Day, d.Settled, d.Withdrawn, state, at, d.Report})
	}
	t.Render()
	return askToReconcile(out, days)
}

// askToReconcile names the days that are due, and the command.
func askToReconcile(out io.Writer, days []reconcile.Day) error {
	var due []string
	for _, d := range days {
		if d.Due {
			due = append(due, d.Day.String())
		}
	}
	if len(due) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(out, "待对账 %d 天：%s。请逐日运行 settled reconcile --day %s\n", len(due), strings.Join(due, "、"), due[0])
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/reconcile"
	"settled/settle"
)

func newDifferences() *cobra.Command {
	var day string
	var all bool
	cmd := &cobra.Command{
		Use:   "differences [--day DATE] [--all]",
		Short: "What to collect from patients or give back, because the platform split otherwise",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := "/v1/differences?state=open"
			if all {
				path = "/v1/differences?state=all"
			}
			if day != "" {
				if _, err := dayFlag("day", day); err != nil {
					return err
				}
				path += "&from=" + day + "&to=" + day
			}
			var answer struct {
				Debts []reconcile.Debt `json:"debts"`
			}
			if err := get(cmd, path, &answer); err != nil || asJSON(cmd) {
				return err
			}
			return showDebts(cmd.OutOrStdout(), answer.Debts)
		},
	}
	cmd.Flags().StringVar(&day, "day", "", "day of settling, 2026-11-22; default: all")
	cmd.Flags().BoolVar(&all, "all", false, "also what is done, and what nobody is asked for")
	cmd.AddCommand(newDifferencesMark())
	addClientFlags(cmd)
	return cmd
}

func showDebts(out io.Writer, debts []reconcile.Debt) error {
	t := newTable(out, 4, 4, "患者", "结算单号", "本地 → 平台", "现金", "处理", "经办")
	for _, d := range debts {
		for _, item := range d.Items {
			t.AppendRow(table.Row{d.Name.String() + " " + d.ID.String(), item.Number, changes(item), item.Cash, item.Chinese(), doneBy(item.Done)})
		}
		if sum := (reconcile.Difference{Cash: d.Cash, Open: d.Cash != 0}); len(d.Items) > 1 {
			t.AppendRow(table.Row{d.Name.String() + " " + d.ID.String(), "合计", "", d.Cash, sum.Chinese(), ""})
		}
	}
	t.Render()
	_, err := fmt.Fprintf(out, "%d 人。\n", len(debts))
	return err
}

// owed sums what is to be collected and given back; "" if nothing is, or if
// the token may not see it.
func (c *client) owed(ctx context.Context) (string, error) {
	var answer struct {
		Debts []reconcile.Debt `json:"debts"`
	}
	err := c.get(ctx, "/v1/differences", &answer)
	if no, ok := errors.AsType[*settle.Refusal](err); ok && (no.Code == settle.NotAllowed || no.Code == api.NoSuchPath) {
		return "", nil
	}
	count, collect, back := 0, settle.Fen(0), settle.Fen(0)
	for _, d := range reconcile.Unsettled(answer.Debts) {
		for _, item := range d.Items {
			count++
			collect, back = collect+max(0, item.Cash), back+max(0, -item.Cash)
		}
	}
	if count == 0 {
		return "", err
	}
	return fmt.Sprintf("%d 笔，应补收 ￥%s，应退还 ￥%s（逐人见 differences）", count, collect, back), err
}

// changes says each amount that differs.
func changes(d reconcile.Difference) string {
	var list []string
	for _, a := range []struct {
		name            string
		local, platform settle.Fen
	}{
		{"统筹", d.Local.Fund, d.Platform.Fund},
		{"账户", d.Local.Own, d.Platform.Own},
		{"共济", d.Local.Family, d.Platform.Family},
		{"现金", d.Local.Cash, d.Platform.Cash},
		{"总额", d.Local.Total, d.Platform.Total},
	} {
		if a.local != a.platform {
			list = append(list, fmt.Sprintf("%s %s → %s", a.name, a.local, a.platform))
		}
	}
	return strings.Join(list, "，")
}

// doneBy says who did what is done, and when.
func doneBy(d *reconcile.Done) string {
	if d == nil {
		return ""
	}
	return strings.TrimSpace(d.Operator + " " + d.At.In(counter.Shanghai()).Format("2006-01-02 15:04") + " " + d.Why)
}

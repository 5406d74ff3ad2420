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
	"settled/cmd/settled/internal/reconcile"
	"settled/settle"
)

func newDifferences() *cobra.Command {
	var day string
	cmd := &cobra.Command{
		Use:   "differences [--day DATE]",
		Short: "What to collect from patients or give back, because the platform split otherwise",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := "/v1/differences"
			if day != "" {
				if _, err := dayFlag("day", day); err != nil {
					return err
				}
				path += "?from=" + day + "&to=" + day
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
	addClientFlags(cmd)
	return cmd
}

func showDebts(out io.Writer, debts []reconcile.Debt) error {
	t := newTable(out, 4, 4, "患者", "结算单号", "本地 → 平台", "现金", "处理")
	for _, d := range debts {
		for _, item := range d.Items {
			t.AppendRow(table.Row{d.Name.String() + " " + d.ID.String(), item.Number, changes(item), item.Cash, cashText(item.Cash, item.Tolerated)})
		}
		if len(d.Items) > 1 {
			t.AppendRow(table.Row{d.Name.String() + " " + d.ID.String(), "合计", "", d.Cash, cashText(d.Cash, false)})
		}
	}
	t.Render()
	_, err := fmt.Fprintf(out, "%d 人。\n", len(debts))
	return err
}

// owed sums what the platform split otherwise, for people; "" if it did so nowhere, or if
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
	for _, d := range answer.Debts {
		for _, item := range d.Items {
			count++
			switch {
			case item.Tolerated:
			case item.Cash > 0:
				collect += item.Cash
			default:
				back -= item.Cash
			}
		}
	}
	if count == 0 {
		return "", err
	}
	return fmt.Sprintf("%d 笔，应补收 ￥%s，应退还 ￥%s（逐笔见 queue list --state differs，逐人见 differences）", count, collect, back), err
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

func cashText(cash settle.Fen, tolerated bool) string {
	switch {
	case cash == 0:
		return "无现金差额"
	case tolerated:
		return "在容差内，不处理"
	case cash > 0:
		return "应补收 " + cash.String()
	}
	return "应退还 " + (-cash).String()
}

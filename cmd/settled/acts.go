package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/api"
	"settled/queue"
	"settled/settle"
)

// acts is who did what in the journal, as the API wants it: [api.Acts].
type acts struct{ queue *queue.Queue }

// Keep implements api.Acts.
func (a acts) Keep(ctx context.Context, act api.Act) error {
	return told(a.queue.Act(ctx, queue.Act{
		About: act.Kind, Of: act.Of, Role: string(act.Role), Person: act.Person, Refused: act.Refused, What: act.What, Text: act.Text,
		By: queue.By{Operator: act.Operator, Device: act.Seat},
	}))
}

// Each implements api.Acts.
func (a acts) Each(ctx context.Context, day settle.Date, fn func(api.Act) error) error {
	return told(a.queue.Did(day, func(d queue.Did) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(api.Act{
			Entry: d.Entry, At: d.At, Seat: d.By.Device, Operator: d.By.Operator, Second: d.By.Second, Kind: d.Kind, Number: d.Number,
			Of: d.Of, Role: api.Role(d.Role), Patient: a.patient(d.Person), Refused: d.Refused, What: d.What, Text: d.Text, Person: d.Person,
		})
	}))
}

// patient is a person masked; "" if nobody is known by the keyed hash.
func (a acts) patient(person string) string {
	if person == "" {
		return ""
	}
	known, ok, err := a.queue.Known(person)
	if err != nil || !ok {
		return ""
	}
	return known.Who.Name.String() + " " + known.Who.IDNumber.String()
}

func newActs() *cobra.Command {
	var day, operator string
	var limit int
	cmd := &cobra.Command{
		Use:   "acts [--day DATE] [--operator ID]",
		Short: "Who did what on a day: money, sign-ins, what was shown unmasked, changes of operators",
		Long: `Who did what on a day, as the journal has it, the newest first (操作记录). It needs the
token of operations (--token-file operations.token). The back office has the same, and as a
table for a spreadsheet.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var answer struct {
				Acts []struct {
					api.Act
					Words  string `json:"words"`
					Detail string `json:"detail"`
				} `json:"acts"`
				More int `json:"more"`
			}
			ask := url.Values{"operator": {operator}, "limit": {strconv.Itoa(limit)}}
			if limit < 1 || limit > 5000 {
				return usagef("--limit: %d is not from 1 to 5000", limit)
			}
			if day != "" {
				if _, err := dayFlag("day", day); err != nil {
					return err
				}
				ask.Set("day", day)
			}
			if err := get(cmd, "/v1/acts?"+ask.Encode(), &answer); err != nil || asJSON(cmd) {
				return err
			}
			t := newTable(cmd.OutOrStdout(), 8, 8, "时间", "窗口", "工号", "复核", "操作", "单号", "说明", "账本条目")
			for _, a := range answer.Acts {
				t.AppendRow(table.Row{a.At.Format(time.DateTime), a.Seat, cmp.Or(a.Operator, "—"), a.Second, a.Words, a.Number, a.Detail, a.Entry})
			}
			t.Render()
			unlisted := "。"
			if answer.More > 0 {
				unlisted = fmt.Sprintf("，更早的 %d 条没有列出（--limit）。", answer.More)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%d 条%s\n", len(answer.Acts), unlisted)
			return err
		},
	}
	cmd.Flags().StringVar(&day, "day", "", "2026-11-22; default: today")
	cmd.Flags().StringVar(&operator, "operator", "", "what this one did, or what is about this one; default: everybody")
	cmd.Flags().IntVar(&limit, "limit", 500, "the newest, at most 5000")
	addClientFlags(cmd)
	return cmd
}

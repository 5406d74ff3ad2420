package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/settle"
)

func newQueue() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "queue",
		Short: "What has still to reach the platform",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newQueueList(), newQueueShow())
	addClientFlags(cmd)
	return cmd
}

// queued is a settlement on its way to the platform, as the API gives it.
type queued struct {
	Number      string          `json:"number"`
	Kind        string          `json:"kind"`
	Of          string          `json:"of"`
	Void        string          `json:"void"`
	From        string          `json:"from"`
	At          time.Time       `json:"at"`
	Total       settle.Fen      `json:"total"`
	Fund        settle.Fen      `json:"fund"`
	Provisional bool            `json:"provisional"`
	State       string          `json:"state"`
	Attempts    int             `json:"attempts"`
	Reason      *settle.Refusal `json:"reason"`
	Cash        settle.Fen      `json:"cash"`
	Platform    *struct {
		Fund   settle.Fen `json:"fund"`
		Own    settle.Fen `json:"own"`
		Family settle.Fen `json:"mutual"`
		Cash   settle.Fen `json:"cash"`
	} `json:"platform"`
}

// why says in one line what keeps a settlement from being settled for good.
func (q queued) why() string {
	switch p := q.Platform; {
	case p != nil && p.Cash > q.Cash:
		return fmt.Sprintf("平台：统筹 %s 账户 %s 共济 %s 现金 %s；应补收现金 %s", p.Fund, p.Own, p.Family, p.Cash, p.Cash-q.Cash)
	case p != nil:
		return fmt.Sprintf("平台：统筹 %s 账户 %s 共济 %s 现金 %s；应退现金 %s", p.Fund, p.Own, p.Family, p.Cash, q.Cash-p.Cash)
	case q.Reason != nil:
		return q.Reason.Cashier
	}
	return q.kin()
}

// kin says which other number belongs to this one.
func (q queued) kin() string {
	switch {
	case q.Kind == "void":
		return "撤销 " + q.Of
	case q.Kind == "refund":
		return "退费 " + q.Of
	case q.Void != "":
		return "由 " + q.Void + " 撤销"
	case q.From != "":
		return q.From + " 退费后保留"
	}
	return ""
}

func newQueueList() *cobra.Command {
	var state, after string
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List settlements and reversals on their way to the platform, or those in one state",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > 1000 {
				return usagef("--limit: %d is not from 1 to 1000", limit)
			}
			if _, known := stateTexts[state]; state != "" && !known {
				return usagef("--state: there is no state %q", settle.Clip(state))
			}
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			if state != "" {
				query.Set("state", state)
			}
			if after != "" {
				query.Set("after", after)
			}
			return queueAnswer(cmd, "/v1/queue?"+query.Encode(), func(raw []byte) ([]queued, error) {
				var page struct {
					Entries []queued `json:"entries"`
				}
				err := decodeAnswer(raw, &page)
				return page.Entries, err
			})
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "pending, unknown, acknowledged, differs, held, blocked, voided or withdrawn")
	cmd.Flags().StringVar(&after, "after", "", "number of the last settlement seen")
	cmd.Flags().IntVar(&limit, "limit", 100, "how many at most")
	return cmd
}

func newQueueShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show NUMBER",
		Short: "One settlement's or reversal's way to the platform",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return queueAnswer(cmd, "/v1/queue/"+url.PathEscape(given[0]), func(raw []byte) ([]queued, error) {
				var one queued
				err := decodeAnswer(raw, &one)
				return []queued{one}, err
			})
		},
	}
}

func queueAnswer(cmd *cobra.Command, path string, read func([]byte) ([]queued, error)) error {
	c, err := newClient(cmd)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := c.get(cmd.Context(), path, &raw); err != nil {
		return err
	}
	if asJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), raw)
	}
	rows, err := read(raw)
	if err != nil {
		return err
	}
	t := newTable(cmd.OutOrStdout(), 3, 4, "结算单号", "时间", "总额", "统筹", "状态", "已发报文", "原因")
	for _, q := range rows {
		t.AppendRow(table.Row{q.Number, q.At.Format(time.DateTime), q.Total, q.Fund, stateText(q), q.Attempts, q.why()})
	}
	t.Render()
	return nil
}

// stateTexts says where a settlement stands.
var stateTexts = map[string]string{
	"pending": "待上传", "unknown": "结果未知，核对中", "acknowledged": "平台已收", "differs": "平台已收，金额有差异", "held": "挂起，待处理",
	"blocked": "等原单撤回", "voided": "已撤销", "withdrawn": "平台已撤回",
}

func stateText(q queued) string {
	text := stateTexts[q.State]
	switch {
	case q.Of != "" && q.State == "pending":
		text = "待平台撤回"
	case q.Of != "" && q.State == "voided":
		text = "平台无此笔"
	}
	if q.Provisional && q.State != "acknowledged" && q.State != "voided" {
		text += "（离线）"
	}
	return firstOf(text, q.State)
}

package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/api"
)

func newStatus() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "What waits, since when, and how much of the fund's money is at risk",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			var raw json.RawMessage
			if err := c.get(cmd.Context(), "/v1/status", &raw); err != nil {
				return err
			}
			if asJSON(cmd) {
				return printJSON(cmd.OutOrStdout(), raw)
			}
			var s api.Status
			if err := decodeAnswer(raw, &s); err != nil {
				return err
			}
			owed, err := c.owed(cmd.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.Join(statusLines(s, owed, time.Now()), "\n"))
			return err
		},
	}
	addClientFlags(cmd)
	return cmd
}

// statusLines says the status to people; owed is what the platform split otherwise,
// "" for nothing.
func statusLines(s api.Status, owed string, now time.Time) []string {
	waits := func(since time.Time) string {
		if since.IsZero() {
			return ""
		}
		return "，最早一笔已等候" + age(now.Sub(since))
	}
	lines := []string{
		fmt.Sprintf("待上传    %d 笔%s", s.Pending, waits(s.OldestPending)),
		fmt.Sprintf("挂起      %d 笔%s", s.Held, waits(s.OldestHeld)),
		fmt.Sprintf("垫付风险  统筹基金 ￥%s（平台尚未确认）", s.Exposed),
		fmt.Sprintf("账本      第 %d 条 %s", s.Entry, s.Hash),
	}
	lines = append(lines, riskLines(s.Risk)...)
	if owed != "" {
		lines = append(lines, "金额差异  "+owed)
	}
	if !s.At.IsZero() {
		lines = append(lines, "最近写入  "+s.At.Format(time.DateTime))
	}
	for _, n := range s.Notices {
		lines = append(lines, "注意      "+n)
	}
	if s.Stopped != "" {
		lines = append(lines, "已停止    "+s.Stopped)
	}
	return lines
}

package main

import (
	"encoding/json"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/settle/policy"
)

func newPolicyStale() *cobra.Command {
	var on, overlays string
	var months int
	cmd := &cobra.Command{
		Use:   "stale --on DATE",
		Short: "Which values are missing on a day, or run out soon",
		Long: `List the values that someone has to look after: those that are missing on a day, so
that what needs them is refused; those that run out within some months; and those that
are in force for demonstration alone. Each says what to add where.`,
		Example: `  settled policy stale --on 2025-11-01
  settled policy stale --on 2025-11-01 --months 6 --policy /etc/settled/policy.d`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			day, err := dayFlag("on", on)
			if err != nil {
				return err
			}
			if months < 0 || months > 120 {
				return usagef("--months: 0 to 120")
			}
			rules, err := loadRules(overlays)
			if err != nil {
				return err
			}
			if len(rules.InForce(day)) == 0 && !asJSON(cmd) {
				return showNoRules(cmd.OutOrStdout(), rules, day)
			}
			return showStale(cmd, len(rules.InForce(day)), rules.Stale(day, day.AddMonths(months)))
		},
	}
	cmd.Flags().StringVar(&on, "on", "", "day, 2006-01-02")
	cmd.Flags().IntVar(&months, "months", 3, "how far to look ahead")
	cmd.Flags().StringVar(&overlays, "policy", "", "directory of rules to lay over the built-in ones")
	return cmd
}

func showStale(cmd *cobra.Command, inForce int, list []policy.Stale) error {
	out := cmd.OutOrStdout()
	if asJSON(cmd) {
		if list == nil {
			list = []policy.Stale{}
		}
		return json.NewEncoder(out).Encode(map[string]any{"in_force": inForce, "stale": list})
	}
	if len(list) == 0 {
		_, err := io.WriteString(out, "没有缺失或即将到期的数值。\n")
		return err
	}
	t := newTable(out, 0, 0, "情况", "后果", "参数", "自", "来源", "处理")
	why := map[string]string{
		policy.StaleMissing: "缺失", policy.StaleEnding: "即将到期", policy.StaleIllustrative: "演示值",
	}
	for _, s := range list {
		t.AppendRow(table.Row{why[s.Why], consequence(s), parameter(s.Row), s.On, cited(s.Row), s.Do})
	}
	t.Render()
	return nil
}

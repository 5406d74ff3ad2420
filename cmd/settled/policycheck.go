package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/settle"
	"settled/settle/policy"
)

func newPolicyCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check DIR",
		Short: "Would a directory of rules load?",
		Long: `Lay a directory of rules over the built-in ones, as the daemon would, and say whether
they load: no overlap, no gap, a source for every row, amounts that re-derive. What is
wrong is named with file and line. Nothing is put into force.`,
		Example: `  settled policy check /etc/settled/policy.d`,
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			shipped, laid, err := bothRules(given[0])
			if err != nil {
				return err
			}
			changes := policy.Diff(shipped, laid)
			if asJSON(cmd) {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"digest": laid.Digest(), "changes": len(changes)})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: 可用，改变 %d 处（settled policy diff 可查看）。\n规则摘要 %s\n", given[0], len(changes), laid.Digest())
			return err
		},
	}
}

func newPolicyDiff() *cobra.Command {
	return &cobra.Command{
		Use:   "diff DIR",
		Short: "What a directory of rules changes, and from when to when",
		Long: `List each value that a directory of rules adds to the built-in ones or supersedes,
with the days on which it does, and what held before.`,
		Example: `  settled policy diff /etc/settled/policy.d`,
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			shipped, laid, err := bothRules(given[0])
			if err != nil {
				return err
			}
			return showDiff(cmd, policy.Diff(shipped, laid))
		},
	}
}

// bothRules loads the built-in rules, alone and with a directory over them. A directory
// that does not load is not a mistake of the command line.
func bothRules(dir string) (shipped, laid *policy.Set, err error) {
	if shipped, err = loadRules(""); err != nil {
		return nil, nil, err
	}
	at, err := os.Stat(dir)
	if err != nil {
		return nil, nil, usagef("policy: %w", err)
	}
	if !at.IsDir() {
		return nil, nil, usagef("policy: %s is not a directory", dir)
	}
	if laid, err = policy.Load(os.DirFS(dir)); err != nil {
		return nil, nil, fmt.Errorf("policy: %w", err)
	}
	return shipped, laid, nil
}

func showDiff(cmd *cobra.Command, changes []policy.Change) error {
	out := cmd.OutOrStdout()
	if asJSON(cmd) {
		if changes == nil {
			changes = []policy.Change{}
		}
		return json.NewEncoder(out).Encode(map[string]any{"changes": changes})
	}
	if len(changes) == 0 {
		_, err := io.WriteString(out, "没有改变。\n")
		return err
	}
	t := newTable(out, 2, 3, "参数", "原值", "新值", "自", "至", "来源", "状态", "文件")
	for _, c := range changes {
		row := firstRow(c.After, c.Before)
		t.AppendRow(table.Row{
			parameter(*row), valueOf(c.Before), valueOf(c.After), c.From, firstOf(c.To.String(), "…"),
			cited(*row), standing(*row), fmt.Sprintf("%s:%d", row.File, row.Line),
		})
	}
	t.Render()
	return nil
}

func firstRow(after, before *policy.Row) *policy.Row {
	if after != nil {
		return after
	}
	return before
}

func valueOf(r *policy.Row) string {
	switch {
	case r == nil:
		return "—"
	case r.Status == settle.Unknown:
		return "未知"
	}
	return r.Value
}

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

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
they load: no overlap, no gap, a source for every row, amounts that re-derive, rules
and conflicts that are known, no approval of a day to come. What is wrong is named with
file and line. Told besides: rows that hold from a day before their approval, and files
that are not read because their name does not end in .toml. Nothing is put into force.`,
		Example: `  settled policy check /etc/settled/policy.d`,
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			shipped, laid, err := bothRules(given[0])
			if err != nil {
				return err
			}
			if err := laid.CheckApproved(today()); err != nil {
				return fmt.Errorf("policy: %w", err)
			}
			read, others, err := filesOf(given[0])
			if err != nil {
				return err
			}
			return showChecked(cmd, checked{
				Directory: given[0], Digest: laid.Digest(), Changes: len(policy.Diff(shipped, laid)),
				Files: read, Ignored: others, Retroactive: append([]policy.Row{}, laid.Retroactive()...),
			})
		},
	}
}

// checked is a directory of rules that loads.
type checked struct {
	Directory   string       `json:"directory"`
	Digest      string       `json:"digest"`      // of the built-in rules with it
	Changes     int          `json:"changes"`     // as `policy diff` lists them
	Files       []string     `json:"files"`       // that were read
	Ignored     []string     `json:"ignored"`     // that were not
	Retroactive []policy.Row `json:"retroactive"` // in force before they were approved
}

// filesOf lists the names in a directory of rules: files that are read, and others.
func filesOf(dir string) (read, others []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("policy: %w", err)
	}
	read, others = []string{}, []string{}
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".toml" {
			read = append(read, e.Name())
		} else {
			others = append(others, e.Name())
		}
	}
	return read, others, nil
}

func showChecked(cmd *cobra.Command, c checked) error {
	if asJSON(cmd) {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(c)
	}
	text := fmt.Sprintf("%s: 可用，读入 %d 个文件，改变 %d 处（settled policy diff 可查看）。\n", c.Directory, len(c.Files), c.Changes)
	if len(c.Files) == 0 {
		text = fmt.Sprintf("%s: 没有 .toml 文件，内置规则不变。\n", c.Directory)
	}
	for _, name := range c.Ignored {
		text += fmt.Sprintf("  未读入 %s：文件名不以 .toml 结尾\n", name)
	}
	for _, r := range c.Retroactive {
		text += fmt.Sprintf("  %s:%d %s：自 %s 起生效，%s 才批准；其间已按原规则结算的，可用 settled policy backtest 查看差额\n", r.File, r.Line, parameter(r), r.From, r.Overlay.On)
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s规则摘要 %s\n", text, c.Digest)
	return err
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
	if err := isDirectory(dir); err != nil {
		return nil, nil, err
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
			parameter(*row), valueOf(c.Before), valueOf(c.After), c.From, cmp.Or(c.To.String(), "…"),
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

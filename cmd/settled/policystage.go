package main

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/overlays"
	"settled/settle"
)

// stagedFile is what these verbs read of the API's answers.
type stagedFile struct {
	ID        string          `json:"id"`
	File      string          `json:"file"`
	State     overlays.State  `json:"state"`
	By        overlays.Signer `json:"by"`
	At        time.Time       `json:"at"`
	Decided   overlays.Signer `json:"decided"`
	DecidedAt time.Time       `json:"decided_at"`
	Why       string          `json:"why"`
	Problem   *settle.Refusal `json:"problem"`
	Rules     string          `json:"rules"`
	Changes   []struct {
		Title         string
		From, To      settle.Date
		Before, After *struct{ Value, Source string }
	} `json:"changes"`
	Trial *overlays.Trial `json:"backtest"`
}

// signature is who acts; the token is nobody's.
type signature struct {
	Operator string `json:"operator"`
	Password string `json:"password"`
}

const overlaysPath = "/v1/policy/overlays"

const twoPersons = `
The daemon does it, through its local API with the token of operations; who acts says so
with --operator and the password, which is read from standard input. Staging and deciding
are for the roles insurance and operations.`

func newPolicyStage() *cobra.Command {
	var who string
	cmd := &cobra.Command{
		Use:   "stage FILE --operator ID",
		Short: "Stage a file of rules for a second person to approve",
		Long: `Give the daemon a file of rules that waits for a second person. It must load beside the
rules in force, and change something; what is wrong is named with field and line. The
daemon then computes what it would have made of past settlements.` + twoPersons,
		Example: `  settled policy stage outpatient_limit-2026.toml --operator 0003`,
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			text, err := os.ReadFile(given[0])
			if err != nil {
				return usagef("%w", err)
			}
			as, err := sign(cmd, who)
			if err != nil {
				return err
			}
			return decide(cmd, overlaysPath, map[string]any{"file": filepath.Base(given[0]), "text": string(text), "as": as}, "已暂存，请另一位批准")
		},
	}
	cmd.Flags().StringVar(&who, "operator", "", "who stages it (经办人编号)")
	addClientFlags(cmd)
	return cmd
}

func newPolicyStaged() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "staged [ID]",
		Short: "Which files of rules were staged, and what one of them changes",
		Args:  args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if len(given) == 0 {
				var list struct {
					Overlays []stagedFile `json:"overlays"`
				}
				if err := get(cmd, overlaysPath, &list); err != nil || asJSON(cmd) {
					return err
				}
				return showStaged(cmd.OutOrStdout(), list.Overlays)
			}
			var one stagedFile
			if err := get(cmd, overlaysPath+"/"+url.PathEscape(given[0]), &one); err != nil || asJSON(cmd) {
				return err
			}
			return showOverlay(cmd, &one)
		},
	}
	addClientFlags(cmd)
	return cmd
}

func newPolicyDecide(verb, short, done string) *cobra.Command {
	var who, why string
	cmd := &cobra.Command{
		Use:   verb + " ID --operator ID --why REASON",
		Short: short,
		Long:  short + "." + twoPersons,
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if why == "" {
				return usagef("--why: say the reason")
			}
			path := overlaysPath + "/" + url.PathEscape(given[0])
			ask := map[string]any{"why": why}
			if verb == "approve" {
				seen, err := approvable(cmd, path)
				if err != nil {
					return err
				}
				ask["seen"] = seen
			}
			as, err := sign(cmd, who)
			if err != nil {
				return err
			}
			ask["as"] = as
			return decide(cmd, path+"/"+verb, ask, done)
		},
	}
	cmd.Flags().StringVar(&who, "operator", "", "who decides (经办人编号)")
	cmd.Flags().StringVar(&why, "why", "", "the reason, which is kept")
	addClientFlags(cmd)
	return cmd
}

// approvable shows what is to be approved, before anybody signs for it, and gives the digest
// of the rules with it.
func approvable(cmd *cobra.Command, path string) (seen string, err error) {
	c, err := newClient(cmd)
	if err != nil {
		return "", err
	}
	var one stagedFile
	if err := c.get(cmd.Context(), path, &one); err != nil || asJSON(cmd) {
		return one.Rules, err
	}
	return one.Rules, showOverlay(cmd, &one)
}

// sign reads the password of who acts.
func sign(cmd *cobra.Command, who string) (signature, error) {
	if who == "" {
		return signature{}, usagef("--operator: say who you are")
	}
	password, err := askPassword(cmd, "password: ")
	return signature{who, password}, err
}

// decide moves a staged file.
func decide(cmd *cobra.Command, path string, ask map[string]any, done string) error {
	var o stagedFile
	if err := post(cmd, path, ask, &o); err != nil || asJSON(cmd) {
		return err
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s %s：%s。\n", o.ID, o.File, done)
	return err
}

func showStaged(out io.Writer, list []stagedFile) error {
	if len(list) == 0 {
		_, err := io.WriteString(out, "没有暂存的规则文件。\n")
		return err
	}
	words := map[overlays.State]string{
		overlays.Staged: "待批准", overlays.Approved: "正在启用", overlays.InForce: "已启用", overlays.Rejected: "已退回",
	}
	t := newTable(out, 0, 0, "编号", "文件", "状态", "暂存", "处理", "原因")
	for _, o := range list {
		decided := ""
		if o.Decided.ID != "" {
			decided = personText(o.Decided) + " " + o.DecidedAt.Format(time.DateTime)
		}
		t.AppendRow(table.Row{o.ID, o.File, words[o.State], personText(o.By) + " " + o.At.Format(time.DateTime), decided, o.Why})
	}
	t.Render()
	return nil
}

func personText(p overlays.Signer) string { return strings.TrimSpace(p.Name + " " + p.ID) }

func showOverlay(cmd *cobra.Command, o *stagedFile) error {
	out := cmd.OutOrStdout()
	if err := showStaged(out, []stagedFile{*o}); err != nil {
		return err
	}
	if o.Problem != nil {
		_, err := fmt.Fprintf(out, "现在不能启用：%s\n%s\n", o.Problem.Cashier, o.Problem.Technician)
		return err
	}
	t := newTable(out, 2, 3, "参数", "原值", "新值", "自", "至", "来源")
	for _, c := range o.Changes {
		before, after, source := "—", "—", ""
		if c.Before != nil {
			before = cmp.Or(c.Before.Value, "未知")
		}
		if c.After != nil {
			after, source = cmp.Or(c.After.Value, "未知"), c.After.Source
		}
		t.AppendRow(table.Row{c.Title, before, after, c.From, cmp.Or(c.To.String(), "…"), source})
	}
	t.Render()
	if o.Trial == nil {
		_, err := io.WriteString(out, "回测：尚未算完。\n")
		return err
	}
	if o.Trial.Cut != "" {
		if _, err := fmt.Fprintf(out, "回测没有算完：%s\n", o.Trial.Cut); err != nil {
			return err
		}
	}
	return showBacktest(cmd, o.File, &o.Trial.Report)
}

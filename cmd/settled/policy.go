package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
	"settled/settle/policy"
)

func newPolicy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "The rules of settlement, dated and cited",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPolicyShow(), newPolicyCheck(), newPolicyDiff(), newPolicyStale(), newPolicyPremium(), newPolicyBacktest(),
		newPolicyStage(), newPolicyStaged(),
		newPolicyDecide("approve", "Put a staged file of rules into force, as another person than staged it", "已批准并启用"),
		newPolicyDecide("reject", "Put a staged file of rules away", "已退回"))
	return cmd
}

func newPolicyShow() *cobra.Command {
	var on, overlays, person string
	cmd := &cobra.Command{
		Use:   "show --on DATE",
		Short: "Which values hold on a day, from which source, how sure",
		Long: `List every value of the rules that holds on a day, with its rule id, source and
status: official, derived (worked out from a published base), provisional (sources
differ or are thin; it settles and says so) or unknown (whatever needs it is refused).
With --for only what can bear on a bill of such a person.`,
		Example: `  settled policy show --on 2025-03-01
  settled policy show --on 2025-03-01 --for tier1-retired
  settled policy show --on 2026-11-21 --policy /etc/settled/policy.d`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			day, err := dayFlag("on", on)
			if err != nil {
				return err
			}
			rules, err := loadRules(overlays)
			if err != nil {
				return err
			}
			return showPolicy(cmd, rules, day, person)
		},
	}
	cmd.Flags().StringVar(&on, "on", "", "day, 2006-01-02")
	cmd.Flags().StringVar(&overlays, "policy", "", "directory of rules to lay over the built-in ones")
	cmd.Flags().StringVar(&person, "for", "", "kind of person: "+strings.Join(persons[:], ", "))
	return cmd
}

// dayFlag reads the day that a flag must give.
func dayFlag(name, text string) (settle.Date, error) {
	if text == "" {
		return 0, usagef("want --%s DATE, such as --%s 2025-03-01", name, name)
	}
	day, err := settle.ParseDate(text)
	if err != nil {
		return 0, usagef("--%s: %w", name, err)
	}
	return day, nil
}

func showPolicy(cmd *cobra.Command, rules *policy.Set, day settle.Date, person string) error {
	rows, err := only(rules.InForce(day), person)
	if err != nil {
		return err
	}
	missing, err := missingOn(rules, day, person)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if asJSON(cmd) {
		return json.NewEncoder(out).Encode(map[string]any{"on": day, "digest": rules.Digest(), "rows": append([]policy.Row{}, rows...), "missing": missing})
	}
	if len(rows) == 0 {
		return showNoRules(out, rules, day)
	}
	t := newTable(out, 3, 3, "规则", "参数", "数值", "单位", "自", "至", "来源", "状态", "争议")
	for _, r := range rows {
		t.AppendRow(table.Row{r.Rule, parameter(r), cmp.Or(r.Value, "未知"), r.Unit, r.From, cmp.Or(r.To.String(), "…"), cited(r), standing(r), r.Conflict})
	}
	t.Render()
	for _, s := range missing {
		if _, err := fmt.Fprintf(out, "缺 %s，%s：%s\n", parameter(s.Row), consequence(s), s.Do); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "规则摘要 %s\n", rules.Digest())
	return err
}

// consequence says what the want of a value means.
func consequence(s policy.Stale) string {
	if s.Bills {
		return "用到它的账单不予结算"
	}
	return "账单不受影响"
}

// missingOn lists the values that are unknown on a day, as far as they concern a person.
func missingOn(rules *policy.Set, day settle.Date, person string) ([]policy.Stale, error) {
	missing := []policy.Stale{}
	for _, s := range rules.Stale(day, day) {
		rows, err := only([]policy.Row{s.Row}, person)
		if err != nil {
			return nil, err
		}
		if s.Why == policy.StaleMissing && len(rows) > 0 {
			missing = append(missing, s)
		}
	}
	return missing, nil
}

// showNoRules says of a day before all rules what that means, and when they begin.
func showNoRules(out io.Writer, rules *policy.Set, day settle.Date) error {
	first := day
	for _, r := range rules.Rows() {
		if r.Param == settle.ParamRegime && (first == day || r.From < first) {
			first = r.From
		}
	}
	_, err := fmt.Fprintf(out, "%s：没有规则，当日的账单一律不予结算；规则自 %s 起。\n", day, first)
	return err
}

func parameter(r policy.Row) string {
	name := cmp.Or(r.TitleChinese, string(r.Param))
	for _, key := range r.Key {
		if key != "" {
			name += " · " + key
		}
	}
	return name
}

func cited(r policy.Row) string { return strings.TrimSpace(r.Source + " " + r.Article) }

func standing(r policy.Row) string {
	text := map[settle.Standing]string{
		settle.Official: "公布", settle.Derived: "推算", settle.Provisional: "暂定", settle.Unknown: "未知",
	}[r.Status]
	if r.Overlay != nil {
		text += "，" + r.Overlay.By + "批"
		if r.Overlay.Illustrative {
			text += "（演示）"
		}
	}
	return text
}

// loadRules loads the built-in rules with a directory of overlays, if there is one.
func loadRules(overlays string) (*policy.Set, error) {
	var over []fs.FS
	if overlays != "" {
		if err := isDirectory(overlays); err != nil {
			return nil, err
		}
		over = append(over, os.DirFS(overlays))
	}
	rules, err := policy.Load(over...)
	if err != nil {
		return nil, usagef("policy: %w", err)
	}
	return rules, nil
}

// isDirectory refuses what cannot be a directory of rules: a file named in its place
// would be passed over.
func isDirectory(path string) error {
	at, err := os.Stat(path)
	if err != nil {
		return usagef("policy: %w", err)
	}
	if !at.IsDir() {
		return usagef("policy: %s is not a directory", path)
	}
	return nil
}

// today is the civil day in Shenzhen.
func today() settle.Date { return counter.DayOf(time.Now()) }

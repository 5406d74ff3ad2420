package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/reconcile"
	"settled/settle"
)

func newReconcile() *cobra.Command {
	var day string
	cmd := &cobra.Command{
		Use:   "reconcile --day DATE",
		Short: "Hold a day's books against the platform's and the till's (对账)",
		Long: `Hold a day's books against the platform's and the till's (对账).

The day is the platform's (setl_time). Totals are asked for by insurance type, clearing type
and office (3201); where one is unequal, the settlements are stated (3202), and each that
differs is named with what to do. With institution.books the other counters' books of the
day are counted in, as they were when they were last reconciled. Nothing is repaired before a person says so:
settled reconcile apply. It may be run again at any time, days later too; the journal
keeps each result (settled reconcile days).`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := dayFlag("day", day); err != nil {
				return err
			}
			var report reconcile.Report
			if err := post(cmd, "/v1/reconciliations", map[string]any{"day": day}, &report); err != nil || asJSON(cmd) {
				return err
			}
			return showReport(cmd.OutOrStdout(), &report)
		},
	}
	cmd.Flags().StringVar(&day, "day", "", "day of the platform's setl_time, 2026-11-22")
	cmd.AddCommand(newReconcileDays(), newReconcileApply(), newReconcileMonth())
	addClientFlags(cmd)
	return cmd
}

// post asks the daemon for something and prints the answer as it is if JSON was asked for. It
// waits as long as that takes: the daemon bounds each message to the platform.
func post(cmd *cobra.Command, path string, ask map[string]any, into any) error {
	c, err := newClient(cmd)
	if err != nil {
		return err
	}
	c.http.Timeout = 0
	answer, _, err := c.send(cmd.Context(), path, ask)
	if err != nil {
		return err
	}
	if asJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), answer)
	}
	return decodeAnswer(answer, into)
}

func newReconcileApply() *cobra.Command {
	var day, report, why string
	var item int
	cmd := &cobra.Command{
		Use:   "apply --day DATE --item N --why REASON",
		Short: "Do what a reconciliation proposes for one of its items",
		Long: `Do what a reconciliation proposes for one of its items, after a person has looked.

Only what an operation of the queue does is done; else it is refused and says where to do
it. It needs the token of operations (credential operations.token).`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := dayFlag("day", day); err != nil {
				return err
			}
			if item < 1 || why == "" {
				return usagef("--item and --why: say which, and the reason")
			}
			var f reconcile.Finding
			ask := map[string]any{"day": day, "report": report, "item": item, "why": why}
			if err := seconded(cmd, ask); err != nil {
				return err
			}
			if err := post(cmd, "/v1/reconciliations/repair", ask, &f); err != nil || asJSON(cmd) {
				return howToSecond(err)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "第 %d 项：%s %s；稍后请再对一次账。\n", item, f.Target, repairTexts(f.Repair))
			return err
		},
	}
	cmd.Flags().StringVar(&day, "day", "", "day of the reconciliation")
	cmd.Flags().StringVar(&report, "report", "", "id of the report; default: the day's last")
	cmd.Flags().IntVar(&item, "item", 0, "number of the item in it")
	cmd.Flags().StringVar(&why, "why", "", "the reason, for whoever reads the journal")
	addSecond(cmd)
	return cmd
}

func repairTexts(r reconcile.Repair) string {
	if r == reconcile.Hold {
		return "已挂起"
	}
	return "已放行"
}

func newReconcileMonth() *cobra.Command {
	var month string
	cmd := &cobra.Command{
		Use:   "month --month 2026-11",
		Short: "Draft a month's claim (清算申请, 3203); it is not sent",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := time.Parse("2006-01", month); err != nil {
				return usagef("--month: %q is not a month such as 2026-11", settle.Clip(month))
			}
			var answer reconcile.Month
			if err := get(cmd, "/v1/claims?month="+month+"-01", &answer); err != nil || asJSON(cmd) {
				return err
			}
			return showClaims(cmd.OutOrStdout(), answer)
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "month of the platform's setl_time, 2026-11")
	return cmd
}

// get asks the daemon for something, as post does.
func get(cmd *cobra.Command, path string, into any) error {
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
	return decodeAnswer(raw, into)
}

func showClaims(out io.Writer, month reconcile.Month) error {
	t := newTable(out, 4, 9, "清算类别", "清算方式", "清算年月", "人次", "医疗费总额", "医保认可费用", "申请基金", "现金", "个人账户")
	for _, c := range month.Claims {
		t.AppendRow(table.Row{c.Clearing, cmp.Or(c.Way, "待填"), c.Month, c.Persons, c.Total, c.InScope, c.Fund, c.Cash, c.Account})
	}
	t.Render()
	if month.Undated > 0 {
		_, _ = fmt.Fprintf(out, "另有 %d 笔平台已记而日期不明，未计入任何月份：请查 5203 核对。\n", month.Undated)
	}
	_, err := fmt.Fprintln(out, "清算申请（3203）草稿，按平台结算时间，仅本窗口；未发送。")
	return err
}

// stateOfBooks says how books stand.
func stateOfBooks(s reconcile.State) string {
	return map[reconcile.State]string{
		reconcile.Equal: "平", reconcile.Accounted: "不平，已说明", reconcile.Unequal: "不平", reconcile.Late: "平台结果未到，稍后再对",
	}[s]
}

func kindOfFinding(k reconcile.Kind) string {
	return map[reconcile.Kind]string{
		reconcile.OnlyHere: "仅本地有", reconcile.OnlyThere: "仅平台有", reconcile.Differs: "金额不符",
		reconcile.Unclear: "不明", reconcile.OtherDay: "不在当日", reconcile.Elsewhere: "其他窗口",
	}[k]
}

func showReport(out io.Writer, r *reconcile.Report) error {
	t := newTable(out, 4, 9, "险种", "清算类别", "经办机构", "结算笔数", "撤销笔数", "总额", "基金", "个人账户", "现金", "对账")
	for _, b := range r.Books {
		net := b.Net()
		t.AppendRow(table.Row{b.Type, b.Clearing, b.Office, b.Positive.Count, b.Negative.Count, net.Total, net.Fund, net.Account, net.Cash, stateOfBooks(b.State)})
	}
	t.Render()
	for _, o := range r.Others {
		_, _ = fmt.Fprintf(out, "已并入 %s 号窗口 %d 笔（截至 %s）\n", o.Counter, o.Rows, o.At.Format(time.DateTime))
	}
	if r.Apart != "" {
		_, _ = fmt.Fprintln(out, r.Apart)
	}
	for i := range r.Details {
		showDetail(out, r, &r.Details[i])
	}
	showBridge(out, r)
	_, err := fmt.Fprintf(out, "%s %s　对账单 %s\n", r.Day, verdict(r), r.ID)
	return err
}

// verdict says how the day stands, and what is to be done next.
func verdict(r *reconcile.Report) string {
	detail := map[reconcile.State]bool{}
	for _, d := range r.Details {
		detail[d.State] = true
	}
	equal := !slices.ContainsFunc(r.Books, func(b reconcile.Books) bool { return b.State != reconcile.Equal })
	const unexplained = "对账不平，平台明细没有指出差异；请稍后再对，仍不平请联系医保经办机构。"
	late := fmt.Sprintf("平台结果未到，请稍后再对（reconcile --day %s）。", r.Day)
	switch unequal := fmt.Sprintf("对账不平，待处理 %d 项", r.Open()); {
	case equal:
		return "对账平。"
	case detail[reconcile.Unequal] && r.Open() == 0:
		return unexplained
	case detail[reconcile.Unequal] && detail[reconcile.Late]:
		return unequal + "；另有" + late
	case detail[reconcile.Unequal]:
		return unequal + "，请逐项办理。"
	case detail[reconcile.Late]:
		return "对账不平，" + late
	case detail[reconcile.Accounted]:
		return "对账不平，差异均已说明，无需处理。"
	}
	return unexplained
}

func showDetail(out io.Writer, r *reconcile.Report, d *reconcile.Detail) {
	_, _ = fmt.Fprintf(out, "明细对账 清算类别 %s 经办机构 %s：%s\n", d.Clearing, d.Office, cmp.Or(d.Words, stateOfBooks(d.State)))
	if d.Unread > 0 {
		_, _ = fmt.Fprintf(out, "  平台结果文件有 %d 行读不出\n", d.Unread)
	}
	for _, f := range d.Findings {
		_, _ = fmt.Fprintf(out, "  第 %d 项 %s　%s %s　结算ID %s　报文 %s　%s\n    %s\n", f.Item, kindOfFinding(f.Kind),
			cmp.Or(f.Number, "本地无单号"), f.Person, cmp.Or(f.SettlementID, "–"), cmp.Or(f.MsgID, "–"), sumsText(&f), f.Do)
		if f.Repair != "" {
			_, _ = fmt.Fprintf(out, "    %s %s：settled reconcile apply --day %s --report %s --item %d --why 原因\n", repairNames(f.Repair), f.Target, r.Day, r.ID, f.Item)
		}
	}
}

func repairNames(r reconcile.Repair) string {
	if r == reconcile.Hold {
		return "挂起"
	}
	return "放行"
}

// sumsText says what both sides have.
func sumsText(f *reconcile.Finding) string {
	side := func(name string, s *reconcile.Sums) string {
		if s == nil {
			return ""
		}
		return fmt.Sprintf("%s 总额 %s 基金 %s 账户 %s　", name, s.Total, s.Fund, s.Account)
	}
	return side("本地", f.Here) + side("平台", f.There)
}

func showBridge(out io.Writer, r *reconcile.Report) {
	b := &r.Bridge
	t := newTable(out, 2, 6, "窗口与平台", "笔数", "总额", "基金", "个人账户", "现金")
	for _, line := range []struct {
		name string
		reconcile.Subtotal
	}{
		{"窗口当日", b.Here},
		{"减：未到平台", b.Waiting},
		{"减：平台记在他日", b.Later},
		{"加：他日办理，平台记在当日", b.Earlier},
		{"加：平台金额差异", b.Differ},
		{"平台当日", b.There},
	} {
		t.AppendRow(table.Row{line.name, line.Count, line.Total, line.Fund, line.Account, line.Cash})
	}
	t.Render()
	for _, d := range r.Drawers {
		name := fmt.Sprintf("班次 %d", d.Shift)
		if d.Shift == 0 {
			name = "未开班"
		}
		_, _ = fmt.Fprintf(out, "现金 %s：当日 %s", name, d.OnDay)
		if d.Shift != 0 && d.Taken != d.OnDay {
			_, _ = fmt.Fprintf(out, "，全班 %s（跨日）", d.Taken)
		}
		if d.Squared != 0 {
			_, _ = fmt.Fprintf(out, "，另收退差额 %s", d.Squared)
		}
		if d.Over != nil {
			_, _ = fmt.Fprintf(out, "，点款 %s，长短款 %s", *d.Counted, *d.Over)
		}
		_, _ = fmt.Fprintln(out)
	}
}

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/backtest"
	"settled/settle"
)

func showBacktest(cmd *cobra.Command, dir string, r *backtest.Report) error {
	out := cmd.OutOrStdout()
	if asJSON(cmd) {
		return json.NewEncoder(out).Encode(r)
	}
	if err := showRecomputed(out, r); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "按 %s 的规则（摘要 %.16s…）：%d 笔可比，其中 %d 笔分文不变。\n", dir, r.Rules, r.Compared, r.Same); err != nil {
		return err
	}
	showSources(out, r)
	showGroups(out, r)
	if err := showRefused(out, r); err != nil {
		return err
	}
	if len(r.Largest) > 0 {
		showLargest(out, r)
	}
	return nil
}

// showRecomputed says whether the past comes out as it was recorded.
func showRecomputed(out io.Writer, r *backtest.Report) error {
	text := fmt.Sprintf("共 %d 笔。按原规则重算 %d 笔，%d 笔与记录分文不差。\n", r.Settlements, r.Checked, r.Checked-r.Unlike.Count)
	for _, m := range r.Unchecked {
		text += fmt.Sprintf("  %d 笔由规则 %.16s… 结算，手边没有该规则，未能核对（--in-force 可指定）\n", m.Count, cmp.Or(m.Rules, "（其他）"))
	}
	text += namedText("与记录不符", r.Unlike) + namedText("无法计算", r.Failed)
	_, err := io.WriteString(out, text)
	return err
}

func namedText(what string, n backtest.Named) (text string) {
	for _, name := range n.First {
		text += fmt.Sprintf("  %s %s：%s\n", what, cmp.Or(name.ID, "（无编号）"), name.Why)
	}
	if more := n.Count - len(n.First); more > 0 {
		text += fmt.Sprintf("  %s：另有 %d 笔\n", what, more)
	}
	return text
}

func showSources(out io.Writer, r *backtest.Report) {
	names := [...]string{"统筹基金", "个人账户", "家庭共济", "现金"}
	t := newTable(out, 2, 7, "付款方", "原付", "改付", "差额", "增加笔数", "减少笔数", "不变笔数")
	for i, s := range r.Sources {
		t.AppendRow(table.Row{names[i], s.Before, s.After, signed(s.Difference), s.More, s.Less, s.Same})
	}
	t.Render()
}

func showGroups(out io.Writer, r *backtest.Report) {
	t := newTable(out, 2, 6, "参保人（得自统筹）", "差额", "增加笔数", "减少笔数", "不变笔数", "不予结算")
	for _, g := range r.Persons {
		t.AppendRow(table.Row{categoryText(g.Category, g.Retired), signed(g.Difference), g.More, g.Less, g.Same, g.Refused})
	}
	t.Render()
}

func categoryText(c settle.Category, retired bool) string {
	text := map[settle.Category]string{
		settle.ChildResident: "少儿", settle.Student: "大学生", settle.Resident: "成年居民",
		settle.EmployeeTier1: "职工一档", settle.EmployeeTier2: "职工二档",
	}[c]
	if retired {
		text += "（退休）"
	}
	return cmp.Or(text, string(c))
}

func showRefused(out io.Writer, r *backtest.Report) error {
	text := ""
	for _, x := range r.Refused {
		text += fmt.Sprintf("改为不予结算 %d 笔（%s），原由统筹基金支付 ￥%s，不计入上表\n", x.Count, x.Code, x.Fund)
	}
	if r.Admitted.Count > 0 {
		text += fmt.Sprintf("原不予结算、改为可结算 %d 笔，不计入上表\n", r.Admitted.Count) + namedText("可结算", r.Admitted)
	}
	if r.StillNot > 0 {
		text += fmt.Sprintf("前后均不予结算 %d 笔\n", r.StillNot)
	}
	_, err := io.WriteString(out, text)
	return err
}

func showLargest(out io.Writer, r *backtest.Report) {
	t := newTable(out, 4, 8, "差额最大", "参保人", "就诊日", "变动", "统筹", "个人账户", "家庭共济", "现金")
	for _, d := range r.Largest {
		t.AppendRow(table.Row{
			d.ID, cmp.Or(d.Who, "–"), d.Day, d.Moved, change(d.Before.Fund, d.After.Fund), change(d.Before.Own, d.After.Own),
			change(d.Before.Family, d.After.Family), change(d.Before.Cash, d.After.Cash) + refusedText(d),
		})
	}
	t.Render()
}

func refusedText(d backtest.Difference) string {
	if d.After.Status == settle.Refused {
		return "（不予结算）"
	}
	return ""
}

func change(before, after settle.Fen) string {
	if before == after {
		return before.String()
	}
	return before.String() + " → " + after.String()
}

// signed writes a plus before a gain.
func signed(f settle.Fen) string {
	if f > 0 {
		return "+" + f.String()
	}
	return f.String()
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/family"
	"settled/queue"
	"settled/settle"
)

func newFamily() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "family",
		Short: "What a family does beside paying: look up, unlink, select an institution",
		Long: `All is about the person in the patient's reader. "link" files that the guardian's
account pays; it is a verb of its own.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		familyVerb("show", "What is used and left, selected and linked", cobra.NoArgs, func([]string) (string, string, any) { return http.MethodGet, "/v1/family", nil }, showStanding),
		familyVerb("mobile", "The conditions of mobile payment (少儿医保移动支付)", cobra.NoArgs, func([]string) (string, string, any) { return http.MethodGet, "/v1/family/mobile", nil }, showConditions),
		familyVerb("unlink", "End that the guardian's account pays for the patient; both cards must be in", cobra.NoArgs, func([]string) (string, string, any) { return http.MethodDelete, "/v1/links", nil }, showUnlinked),
		familyVerb("places [NAME]", "The institutions that the patient may select, with the day from which each holds", cobra.MaximumNArgs(1), func(given []string) (string, string, any) {
			return http.MethodGet, "/v1/family/places?search=" + url.QueryEscape(append(given, "")[0]), nil
		}, showPlaces),
		familyVerb("select CODE DAY", "Select an institution from the day that \"places\" shows, and file it (2505)", cobra.ExactArgs(2), func(given []string) (string, string, any) {
			return http.MethodPost, "/v1/family/selection", map[string]string{"institution": given[0], "from": given[1]}
		}, showChoice),
		familyVerb("undo", "Take the last selection back while nobody has reviewed it (2506)", cobra.NoArgs, func([]string) (string, string, any) { return http.MethodDelete, "/v1/family/selection", nil }, showChoice),
	)
	addClientFlags(cmd)
	return cmd
}

// familyVerb asks the daemon one thing, and shows the answer.
func familyVerb(use, short string, check cobra.PositionalArgs, ask func([]string) (method, path string, body any), show func(io.Writer, []byte) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args(check),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			method, path, body := ask(given)
			answer, err := c.ask(cmd.Context(), method, path, body)
			if err != nil {
				return err
			}
			if asJSON(cmd) {
				return printJSON(cmd.OutOrStdout(), answer)
			}
			return show(cmd.OutOrStdout(), answer)
		},
	}
}

// ask calls with a JSON body, if there is one.
func (c *client) ask(ctx context.Context, method, path string, body any) ([]byte, error) {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	answer, _, err := c.do(ctx, method, path, data)
	return answer, err
}

func showStanding(out io.Writer, answer []byte) error {
	var s family.Standing
	if err := decodeAnswer(answer, &s); err != nil {
		return err
	}
	rows := [][2]string{{"待遇享受期", family.Span(s.Benefit.From, s.Benefit.To)}}
	if !s.Benefit.Now {
		rows[0][1] = "目前不能享受（" + s.Benefit.Rule + "）"
	}
	if a := s.Allowance; a != nil {
		rows = append(rows, [2]string{"年度限额", fmt.Sprintf("￥%s，已用 ￥%s，剩余 ￥%s（%s）", a.Limit, a.Used, a.Left, a.Rule)})
	}
	if s.Own != nil {
		rows = append(rows, [2]string{"个人账户余额", "￥" + s.Own.String()})
	}
	for _, sel := range s.Selections {
		rows = append(rows, [2]string{"选定机构", sel.Name + "，" + family.Span(sel.From, sel.To)})
	}
	for _, l := range s.Links {
		rows = append(rows, [2]string{"家庭共济", fmt.Sprintf("%s 的%s，%s", l.Holder, family.Kin(l.Relation), family.Span(l.From, l.To))})
	}
	if c := s.Choice; c != nil {
		rows = append(rows, [2]string{"选定申报", choiceLine(c)})
	}
	return printRows(out, rows, false)
}

func choiceLine(c *family.Choice) string {
	state := map[queue.ChoiceState]string{
		queue.ChoiceWaiting: "待申报", queue.ChoiceFiled: "平台已受理", queue.ChoiceRefused: "平台未受理", queue.ChoiceUndone: "已撤销",
	}[c.State]
	if c.Undo && c.State == queue.ChoiceWaiting {
		state = "待撤销"
	}
	if c.Told != "" {
		state += "（" + c.Told + "）"
	}
	return fmt.Sprintf("%s，%s 起：%s", c.Name, c.From, state)
}

func showChoice(out io.Writer, answer []byte) error {
	var c family.Choice
	if err := decodeAnswer(answer, &c); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, choiceLine(&c))
	return err
}

func showConditions(out io.Writer, answer []byte) error {
	var list struct {
		Conditions []settle.Condition `json:"conditions"`
	}
	if err := decodeAnswer(answer, &list); err != nil {
		return err
	}
	word := map[settle.Finding]string{settle.Met: "✓", settle.Unmet: "✕", settle.Unclear: "？"}
	for _, c := range list.Conditions {
		if _, err := fmt.Fprintf(out, "%s %s〔%s〕\n", word[c.Finding], needs(c.Need), c.Rule); err != nil {
			return err
		}
	}
	return nil
}

// needs says a condition in Chinese.
func needs(n settle.Need) string {
	return map[settle.Need]string{
		settle.NeedMinor: "少儿或大学生（成年人用自己的医保码）", settle.NeedChannelExists: "已开通少儿医保移动支付", settle.NeedInsured: "患者在深圳正常参保",
		settle.NeedCard: "患者持有效金融社保卡", settle.NeedPhone: "监护人手机已绑定电子社保卡并关联患者（本机看不到）", settle.NeedLink: "监护人与患者已绑定家庭账户（亲情账户不算）",
		settle.NeedRegistered: "监护人与参保登记的一致（本机看不到）", settle.NeedBalance: "监护人的个人账户有可用余额",
	}[n]
}

func showUnlinked(out io.Writer, answer []byte) error {
	var a struct {
		Last settle.Date `json:"last"`
	}
	if err := decodeAnswer(answer, &a); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "家庭共济已解绑，最后一天是 %s；全市的绑定请在“深圳医保”公众号解绑。\n", a.Last)
	return err
}

func showPlaces(out io.Writer, answer []byte) error {
	var list struct {
		Places []family.Place `json:"places"`
	}
	if err := decodeAnswer(answer, &list); err != nil {
		return err
	}
	for _, p := range list.Places {
		if _, err := fmt.Fprintf(out, "%s  %s  %s 起生效〔%s〕\n", p.ID, p.Name, p.From, p.Rule); err != nil {
			return err
		}
	}
	return nil
}

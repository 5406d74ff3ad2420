package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/api"
	"settled/settle"
)

func newQueue() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "queue",
		Short: "What has still to reach the platform",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newQueueList(), newQueueShow(), newQueueExport(),
		newQueueMove("hold", "Take pending settlements out of the queue, so that they are not sent", "已挂起"),
		newQueueMove("release", "Put held settlements back into the queue", "已放行"),
		newQueueRepair(),
	)
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
	Own         settle.Fen      `json:"own"`
	Family      settle.Fen      `json:"mutual"`
	Cash        settle.Fen      `json:"cash"`
	Provisional bool            `json:"provisional"`
	State       string          `json:"state"`
	Attempts    int             `json:"attempts"`
	Reason      *settle.Refusal `json:"reason"`
	Platform    *api.Amounts    `json:"platform"`
	Deadline    *time.Time      `json:"deadline"`
	Degraded    *api.Degraded   `json:"degraded"`
}

// why says in one line what keeps a settlement from being settled for good.
func (q queued) why() string {
	switch p := q.Platform; {
	case p != nil && p.Cash > q.Cash:
		return fmt.Sprintf("平台：统筹 %s 账户 %s 共济 %s 现金 %s；应补收现金 %s", p.Fund, p.Own, p.Family, p.Cash, p.Cash-q.Cash)
	case p != nil && p.Cash == q.Cash:
		return fmt.Sprintf("平台：统筹 %s 账户 %s 共济 %s 现金 %s；现金不变，无需补退", p.Fund, p.Own, p.Family, p.Cash)
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

// queueFilter says which settlements a verb is about.
type queueFilter struct {
	state, code, day, from, to, after string
	older                             time.Duration
	limit                             int
}

func (f *queueFilter) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.state, "state", "", "pending, unknown, acknowledged, differs, held, blocked, voided, withdrawn, or self_paid: to be claimed by the patient (default: all that are not done)")
	cmd.Flags().StringVar(&f.code, "code", "", "code of the reason, such as UPLOAD_HELD")
	cmd.Flags().StringVar(&f.day, "day", "", "day of settling, 2026-11-21")
	cmd.Flags().StringVar(&f.from, "from", "", "first day of settling")
	cmd.Flags().StringVar(&f.to, "to", "", "last day of settling")
	cmd.Flags().DurationVar(&f.older, "older", 0, "settled at least so long ago: 90m, 48h")
	cmd.Flags().StringVar(&f.after, "after", "", "number of the last settlement seen")
}

// query is the filter as the API takes it.
func (f *queueFilter) query(now time.Time) (url.Values, error) {
	if f.limit < 1 || f.limit > 1000 {
		return nil, usagef("--limit: %d is not from 1 to 1000", f.limit)
	}
	if _, known := stateTexts[f.state]; f.state != "" && !known {
		return nil, usagef("--state: there is no state %q", settle.Clip(f.state))
	}
	if f.day != "" && (f.from != "" || f.to != "") {
		return nil, usagef("--day goes without --from and --to")
	}
	for _, day := range []string{f.day, f.from, f.to} {
		if _, err := settle.ParseDate(day); day != "" && err != nil {
			return nil, usagef("%w", err)
		}
	}
	if from, to := cmp.Or(f.day, f.from), cmp.Or(f.day, f.to); from != "" && to != "" && from > to {
		return nil, usagef("--from %s is after --to %s", from, to)
	}
	if f.older < 0 {
		return nil, usagef("--older: %s is negative", f.older)
	}
	query := url.Values{"limit": {strconv.Itoa(f.limit)}}
	for name, value := range map[string]string{
		"state": f.state, "code": f.code, "from": cmp.Or(f.day, f.from), "to": cmp.Or(f.day, f.to), "after": f.after,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if f.older > 0 {
		query.Set("before", now.Add(-f.older).Format(time.RFC3339))
	}
	return query, nil
}

// queuePage is a page of the list.
type queuePage struct {
	Entries []json.RawMessage `json:"entries"`
	Next    string            `json:"next,omitempty"`
}

// page asks for a page, and gives its entries decoded as well.
func (c *client) page(ctx context.Context, query url.Values) (page queuePage, rows []queued, err error) {
	if err := c.get(ctx, "/v1/queue?"+query.Encode(), &page); err != nil {
		return page, nil, err
	}
	rows = make([]queued, len(page.Entries))
	for i, entry := range page.Entries {
		if err := decodeAnswer(entry, &rows[i]); err != nil {
			return page, nil, err
		}
	}
	return page, rows, nil
}

func newQueueList() *cobra.Command {
	var f queueFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List settlements and reversals on their way to the platform, or those that a filter takes",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			query, err := f.query(time.Now())
			if err != nil {
				return err
			}
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			page, rows, err := c.page(cmd.Context(), query)
			if err != nil {
				return err
			}
			if asJSON(cmd) {
				raw, err := json.Marshal(page)
				return errors.Join(err, printJSON(cmd.OutOrStdout(), raw))
			}
			showQueue(cmd.OutOrStdout(), rows, time.Now())
			if page.Next != "" {
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "还有更多：--after %s\n", page.Next)
			}
			if f.state != "" {
				return nil
			}
			owed, err := c.owed(cmd.Context())
			if owed != "" {
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "另有平台已收、金额有差异的 %s。\n", owed)
			}
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&f.limit, "limit", 100, "how many at most")
	return cmd
}

func newQueueShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show NUMBER",
		Short: "One settlement's or reversal's way to the platform",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			var raw json.RawMessage
			if err := c.get(cmd.Context(), "/v1/queue/"+url.PathEscape(given[0]), &raw); err != nil {
				return err
			}
			if err := showQueued(cmd, raw); err != nil || asJSON(cmd) {
				return err
			}
			return showMendable(cmd.Context(), cmd.OutOrStdout(), c, given[0])
		},
	}
}

// newQueueMove makes the verbs that move settlements by hand.
func newQueueMove(verb, short, done string) *cobra.Command {
	var why string
	cmd := &cobra.Command{
		Use:   verb + " NUMBER... --why REASON",
		Short: short,
		Long: short + `.

Who did it and why are entries of the journal. It needs the token of operations
(credential operations.token), and where the configuration says so (second_person.release)
another operator, named by --second.`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if why == "" {
				return usagef("--why: say the reason")
			}
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			ask := map[string]any{"why": why}
			if err := seconded(cmd, ask); err != nil {
				return err
			}
			if len(given) == 1 {
				return howToSecond(move(cmd, c, given[0], verb, ask, done))
			}
			left := 0
			for _, number := range given {
				if err := move(cmd, c, number, verb, ask, done); err != nil {
					left++
					_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s 未办理：%s\n", number, inChinese(err))
				}
			}
			if left > 0 {
				return fmt.Errorf("共 %d 笔，%d 笔未办理，见上", len(given), left)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&why, "why", "", "the reason, for whoever reads the journal")
	addSecond(cmd)
	return cmd
}

// inChinese is what an error says to the cashier, if it is a refusal.
func inChinese(err error) string {
	if no, ok := errors.AsType[*settle.Refusal](err); ok {
		return no.Cashier
	}
	return err.Error()
}

func move(cmd *cobra.Command, c *client, number, verb string, ask map[string]any, done string) error {
	answer, _, err := c.send(cmd.Context(), "/v1/queue/"+url.PathEscape(number)+"/"+verb, ask)
	if err != nil {
		return err
	}
	if asJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), answer)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", number, done)
	return err
}

func showQueued(cmd *cobra.Command, raw json.RawMessage) error {
	if asJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), raw)
	}
	var one queued
	if err := decodeAnswer(raw, &one); err != nil {
		return err
	}
	showQueue(cmd.OutOrStdout(), []queued{one}, time.Now())
	return showTerms(cmd.OutOrStdout(), one)
}

func showQueue(out io.Writer, rows []queued, now time.Time) {
	t := newTable(out, 4, 5, "结算单号", "时间", "等候", "总额", "统筹", "状态", "已发报文", "原因")
	for _, q := range rows {
		waits := "–"
		if !slices.Contains([]string{"acknowledged", "differs", "voided", "withdrawn", "self_paid"}, q.State) {
			waits = age(now.Sub(q.At))
		}
		t.AppendRow(table.Row{q.Number, q.At.Format(time.DateTime), waits, q.Total, q.Fund, stateText(q), q.Attempts, q.why()})
	}
	t.Render()
}

// age says a time span to people.
func age(d time.Duration) string {
	switch d = max(0, d); {
	case d < time.Minute:
		return "不足1分钟"
	case d < time.Hour:
		return fmt.Sprintf("%d分钟", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d小时%d分", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d天", d/(24*time.Hour))
}

// stateTexts says where a settlement stands.
var stateTexts = map[string]string{
	"pending": "待上传", "unknown": "结果未知，核对中", "acknowledged": "平台已收", "differs": "平台已收，金额有差异", "held": "挂起，待处理",
	"blocked": "等原单撤回", "voided": "已撤销", "withdrawn": "平台已撤回", "self_paid": "先自费，待零星报销",
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
	return cmp.Or(text, q.State)
}

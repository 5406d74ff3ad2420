package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/platform"
	"settled/queue"
	"settled/settle"
)

// repairs is the line as the API shows what may be mended: [api.Repairs].
type repairs struct {
	line   *platform.Line
	ledger *ledger
}

// Mendable implements api.Repairs.
func (r *repairs) Mendable(_ context.Context, number string) ([]api.Mend, error) {
	list, err := r.line.Mendable(number)
	if no, ok := errors.AsType[*settle.Refusal](err); ok && no.Code == queue.CodeNoSettlement {
		return nil, nil // a reversal has nothing to mend
	}
	var fields []api.Mend
	for _, m := range list {
		fields = append(fields, api.Mend{Name: m.Name, Chinese: m.Chinese, Wire: m.Wire, Value: m.Value, Why: m.Why})
	}
	return fields, told(err)
}

// Repair implements api.Repairs.
func (r *repairs) Repair(ctx context.Context, ask api.Repair, by api.Grant) error {
	if err := r.ledger.seconded(by); err != nil {
		return err
	}
	return r.ledger.kept(ask.Number, r.line.Repair(ctx, queue.Repair{
		Number: ask.Number, Set: ask.Set, Why: ask.Why, By: queue.By{Operator: by.Operator, Device: by.Seat, Second: by.Second},
	}))
}

func newQueueRepair() *cobra.Command {
	var why string
	var set []string
	cmd := &cobra.Command{
		Use:   "repair NUMBER --set FIELD=VALUE... --why REASON",
		Short: "Mend what the platform is told of a held settlement, and put it back into the queue",
		Long: `Mend what the platform is told of a held settlement, and put it back into the queue.

"settled queue show NUMBER" lists the fields that may be mended: those whose change
alters nothing of what was taken from the patient. The settlement itself stays as it was
written; the repair is an entry of the journal, with who did it and why. What the
platform has of the settlement is taken back first, and sent anew under new message ids.
The same command again changes nothing. It needs the token of operations (credential
operations.token).`,
		Example: `  settled queue repair 012026112200017 --set doctor.code=D440300000002 --why 医师编码已更换`,
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			ask := api.Repair{Set: map[string]string{}, Why: why}
			for _, s := range set {
				field, value, ok := strings.Cut(s, "=")
				if _, twice := ask.Set[field]; !ok || twice {
					return usagef("--set %s: want FIELD=VALUE, each field once", s)
				}
				ask.Set[field] = value
			}
			switch {
			case len(set) == 0:
				return usagef("--set: say what to mend; see `settled queue show %s`", given[0])
			case why == "":
				return usagef("--why: say the reason")
			}
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			body := map[string]any{"set": ask.Set, "why": ask.Why}
			if err := seconded(cmd, body); err != nil {
				return err
			}
			answer, _, err := c.send(cmd.Context(), "/v1/queue/"+url.PathEscape(given[0])+"/repair", body)
			if err != nil {
				return fmt.Errorf("%s: %w", given[0], howToSecond(err))
			}
			if asJSON(cmd) {
				return printJSON(cmd.OutOrStdout(), answer)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s 已修改并放行，将重新上传\n", given[0])
			return err
		},
	}
	cmd.Flags().StringArrayVar(&set, "set", nil, "FIELD=VALUE; may be given more than once")
	cmd.Flags().StringVar(&why, "why", "", "the reason, for whoever reads the journal")
	addSecond(cmd)
	return cmd
}

// showMendable lists what may be mended of a held settlement.
func showMendable(ctx context.Context, out io.Writer, c *client, number string) error {
	var raw json.RawMessage
	err := c.get(ctx, "/v1/queue/"+url.PathEscape(number)+"/mendable", &raw)
	if no, ok := errors.AsType[*settle.Refusal](err); ok && no.Code == api.NoSuchPath {
		return nil // without a platform there is nobody for whom to mend it
	}
	if err != nil {
		return err
	}
	var answer struct {
		Fields []api.Mend `json:"fields"`
	}
	if err := decodeAnswer(raw, &answer); err != nil || len(answer.Fields) == 0 {
		return err
	}
	_, _ = fmt.Fprintf(out, "可修改后重新上传（已收金额不变）：settled queue repair %s --set 项目=新值 --why 原因\n", number)
	t := newTable(out, 1, 0, "项目", "名称", "现值", "平台字段", "为何可改")
	for _, f := range answer.Fields {
		t.AppendRow(table.Row{f.Name, f.Chinese, f.Value, f.Wire, f.Why})
	}
	t.Render()
	return nil
}

// showTerms says why the platform was not there, and by when one that waits is to be there.
func showTerms(out io.Writer, q queued) error {
	if d := q.Degraded; d != nil {
		when := "取号前"
		if d.Phase == "after" {
			when = "取号后"
		}
		if _, err := fmt.Fprintf(out, "离线原因（%s）：%s（%s）\n", when, counter.Sentence(d.Code), d.Code); err != nil {
			return err
		}
	}
	if q.Deadline == nil {
		return nil
	}
	_, err := fmt.Fprintf(out, "请于 %s 前上传：此后计入下月清算（3203）\n", q.Deadline.Format(time.DateOnly))
	return err
}

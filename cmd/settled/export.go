package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func newQueueExport() *cobra.Command {
	var f queueFilter
	var format string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write all settlements that a filter takes, as CSV or JSON lines",
		Long: `Write all settlements that a filter takes, for a spreadsheet (--format csv, with a
byte order mark, so that Excel takes the Chinese for what it is) or for a program
(--format jsonl, one object a line). Who was treated is in neither.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.limit = 1000
			if asJSON(cmd) && !cmd.Flags().Changed("format") {
				format = "jsonl"
			}
			query, err := f.query(time.Now())
			if err != nil {
				return err
			}
			write, ok := map[string]func(io.Writer) func(json.RawMessage, queued) error{"csv": exportCSV, "jsonl": exportLines}[format]
			if !ok {
				return usagef("--format: %q is neither csv nor jsonl", format)
			}
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			row := write(cmd.OutOrStdout())
			for {
				page, rows, err := c.page(cmd.Context(), query)
				if err != nil {
					return err
				}
				for i, q := range rows {
					if err := row(page.Entries[i], q); err != nil {
						return err
					}
				}
				if page.Next == "" {
					return nil
				}
				query.Set("after", page.Next)
			}
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&format, "format", "csv", "csv or jsonl; with --json jsonl")
	return cmd
}

func exportLines(out io.Writer) func(json.RawMessage, queued) error {
	return func(raw json.RawMessage, _ queued) error { return printJSON(out, raw) }
}

func exportCSV(out io.Writer) func(json.RawMessage, queued) error {
	w := csv.NewWriter(out)
	w.UseCRLF = true
	flush := func(err error) error {
		w.Flush()
		return errors.Join(err, w.Error())
	}
	_, failed := io.WriteString(out, "\ufeff")
	failed = errors.Join(failed, flush(w.Write([]string{
		"结算单号", "时间", "状态", "离线", "总额", "统筹", "个人账户", "家庭共济", "现金", "已发报文", "原因代码", "原因",
		"平台统筹", "平台个人账户", "平台家庭共济", "平台现金",
	})))
	return func(_ json.RawMessage, q queued) error {
		if failed != nil {
			return failed
		}
		record := []string{
			q.Number, q.At.Format(time.DateTime), q.State, strconv.FormatBool(q.Provisional), q.Total.String(), q.Fund.String(),
			q.Own.String(), q.Family.String(), q.Cash.String(), strconv.Itoa(q.Attempts),
		}
		code := ""
		if q.Reason != nil {
			code = string(q.Reason.Code)
		}
		record = append(record, code, inert(q.why()))
		if p := q.Platform; p != nil {
			record = append(record, p.Fund.String(), p.Own.String(), p.Family.String(), p.Cash.String())
		} else {
			record = append(record, "", "", "", "")
		}
		return flush(w.Write(record))
	}
}

// inert keeps a spreadsheet from taking a text for a formula.
func inert(text string) string {
	if strings.IndexAny(text, "=+-@\t\r") == 0 {
		return "'" + text
	}
	return text
}

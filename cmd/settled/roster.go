package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/text/encoding/simplifiedchinese"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/roster"
)

// rosters is the loader as the API shows it: [api.Rosters].
type rosters struct{ loader *roster.Loader }

// What a load is that nobody says otherwise of.
const (
	rosterRate  = 60 // persons a minute
	rosterFresh = 12 * time.Hour
)

// StartRoster implements api.Rosters.
func (r *rosters) StartRoster(_ context.Context, o api.RosterOrder) (api.Roster, error) {
	list, err := roster.Read(o.List)
	if err != nil {
		return api.Roster{}, err
	}
	order := roster.Order{PerMinute: rosterRate, Fresh: rosterFresh}
	if o.PerMinute > 0 {
		order.PerMinute = o.PerMinute
	}
	if o.Fresh > 0 {
		order.Fresh = time.Duration(o.Fresh) * time.Minute
	}
	p, err := r.loader.Start(list, order)
	return rosterOf(p), err
}

// StopRoster implements api.Rosters.
func (r *rosters) StopRoster(context.Context) (api.Roster, error) {
	return rosterOf(r.loader.Stop()), nil
}

// Roster implements api.Rosters.
func (r *rosters) Roster(context.Context) (api.Roster, error) {
	return rosterOf(r.loader.Progress()), nil
}

func rosterOf(p roster.Progress) api.Roster {
	r := api.Roster{
		ID: p.ID, Began: p.Began, Ended: p.Ended, Why: p.Why, Total: p.Total, Learned: p.Learned,
		Fresh: p.Fresh, Refused: p.Refused, Left: p.Left, Trouble: p.Trouble, Lines: []api.RosterLine{},
	}
	for _, l := range p.Lines {
		r.Lines = append(r.Lines, api.RosterLine{Line: l.Line, Code: l.Code, Text: cmp.Or(l.Words, counter.Sentence(l.Code))})
	}
	return r
}

func newRoster() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "roster",
		Short: "Make tomorrow's patients known before the line goes down",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRosterLoad(), newRosterStop())
	addClientFlags(cmd)
	return cmd
}

func newRosterLoad() *cobra.Command {
	var rate string
	var fresh time.Duration
	cmd := &cobra.Command{
		Use:   "load FILE",
		Short: "Have the daemon ask the platform about everybody on a list, and follow it",
		Long: `Have the running daemon ask the platform about everybody on a list (1101, 2001, 5302,
5206, as for a card), one at a time, and follow it to its end. Offline, such a person is
settled with what the platform said then; so is a card whose personal data are locked,
if the list has its number.

FILE ("-": standard input) is CSV whose first line names its columns, or a JSON object a
line, in UTF-8 or GB18030 (GBK): id_number (社会保障号码), and if known card_number (社保卡卡号), card_code
(卡识别码), name. A list with a bad line is refused whole, with line and field.

The list is not kept. What was learned is in the journal, sealed: the same command again,
also after a kill of the daemon, asks only about those who are not known from within
--fresh. There is one load at a time: the same list again follows it, another one is refused
until it ends. It needs the token of operations (credential operations.token).

The exit status is 1 if not everybody was asked about.`,
		Example: `  settled roster load /srv/his/appointments-tomorrow.csv --rate 60/min`,
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			order := api.RosterOrder{Fresh: int(fresh / time.Minute)}
			var err error
			if order.PerMinute, err = perMinute(rate); err != nil {
				return err
			}
			if fresh < time.Minute || fresh > 7*24*time.Hour {
				return usagef("--fresh: %s is not from 1m to 168h", fresh)
			}
			if order.List, err = readList(cmd, given[0]); err != nil {
				return err
			}
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			return loadRoster(cmd, c, order)
		},
	}
	cmd.Flags().StringVar(&rate, "rate", "60/min", "persons asked about at most")
	cmd.Flags().DurationVar(&fresh, "fresh", rosterFresh, "who is known from within it is not asked about again")
	return cmd
}

// mostList is the largest list that is read, bytes.
const mostList = 3 << 20

func readList(cmd *cobra.Command, path string) (string, error) {
	in := cmd.InOrStdin()
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return "", usagef("%w", err)
		}
		defer func() { _ = file.Close() }() // only read
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, mostList+1))
	switch {
	case err != nil:
		return "", err
	case len(text) > mostList:
		return "", usagef("%s: more than %d bytes: load it in parts", path, mostList)
	case utf8.Valid(text):
		return string(text), nil
	}
	list, err := simplifiedchinese.GB18030.NewDecoder().Bytes(text) // as Excel writes CSV here
	if err != nil || bytes.ContainsRune(list, utf8.RuneError) {
		return "", usagef("%s: 名单既不是 UTF-8 也不是 GB18030 编码，请另存后重新导入: the list is neither UTF-8 nor GB18030", path)
	}
	return string(list), nil
}

// rosterLook is how often a load is looked at.
const rosterLook = time.Second

// loadRoster begins a load and follows it.
func loadRoster(cmd *cobra.Command, c *client, order api.RosterOrder) error {
	answer, _, err := c.send(cmd.Context(), "/v1/roster", order)
	if err != nil {
		return err
	}
	tick := time.NewTicker(rosterLook)
	defer tick.Stop()
	told, id := time.Now(), int64(0) // of the load that is followed
	for {
		var r api.Roster
		if err := decodeAnswer(answer, &r); err != nil {
			return err
		}
		switch {
		case id == 0:
			id = r.ID
		case r.ID != id: // the daemon was started anew: who is known by now is not asked about again
			id = 0
			if answer, _, err = c.send(cmd.Context(), "/v1/roster", order); err != nil {
				return err
			}
			continue
		}
		if !r.Ended.IsZero() {
			return showRoster(cmd, answer, r)
		}
		if since := time.Since(told); since > 30*time.Second {
			told = time.Now()
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "名单 %d 人，还有 %d 人\n", r.Total, r.Left)
		}
		select {
		case <-cmd.Context().Done():
			return errors.New("interrupted; the daemon goes on loading: the same command follows it again")
		case <-tick.C:
		}
		if answer, _, err = c.do(cmd.Context(), http.MethodGet, "/v1/roster", nil); err != nil {
			return err
		}
	}
}

// rosterEnds says why a load ended.
func rosterEnds(why string) string {
	switch why {
	case roster.Done:
		return "已完成"
	case roster.Line:
		return "平台长时间不通，已停止；请稍后用同一命令继续"
	case roster.Stopped:
		return "已停止；用同一命令可继续"
	}
	return "账本不能写入，已停止；请联系信息科"
}

func showRoster(cmd *cobra.Command, raw json.RawMessage, r api.Roster) error {
	out := cmd.OutOrStdout()
	if asJSON(cmd) {
		if err := printJSON(out, raw); err != nil {
			return err
		}
	} else {
		_, _ = fmt.Fprintf(out, "名单 %d 人：新查询 %d，已有 %d，平台拒绝或不符 %d，未查 %d。%s\n", r.Total, r.Learned, r.Fresh, r.Refused, r.Left, rosterEnds(r.Why))
		for _, l := range r.Lines {
			_, _ = fmt.Fprintf(out, "  第%d行：%s（%s）\n", l.Line, l.Text, l.Code)
		}
	}
	if r.Left > 0 {
		return errors.New("not everybody was asked about")
	}
	return nil
}

func newRosterStop() *cobra.Command {
	return &cobra.Command{
		Use:   "stop",
		Short: "End the load that runs; what was learned stays",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			_, _, err = c.do(cmd.Context(), http.MethodDelete, "/v1/roster", nil)
			return err
		},
	}
}

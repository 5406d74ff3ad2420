package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
)

func newUpload() *cobra.Command {
	var window, rate string
	var inFlight int
	var stop bool
	cmd := &cobra.Command{
		Use:   "upload",
		Short: "Have the daemon bring all that waits to the platform, and follow it",
		Long: `Have the running daemon bring all that waits to the platform, at a pace of its own, and
follow it to its end. It needs the token of operations (credential operations.token).

There is one batch at a time: a second call follows the one that runs, at its pace. The
batch is the daemon's: when this command is interrupted or killed the batch goes on, and
the same call follows it again; --stop ends it. It ends when all that waits was brought
on, when the window closes, or, without a window, when the line has been down for two
minutes. A daemon that is started anew gets its batch again from this command. The
summary is kept in the journal.

The exit status is 1 if the batch ended before all was brought on.`,
		Example: `  settled upload --window 22:00-06:00 --rate 600/min --in-flight 8
  settled upload --json
  settled upload --stop`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			order, err := orderOf(window, rate, inFlight, time.Now())
			if err != nil {
				return err
			}
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			f := &follower{client: c, order: order, out: cmd.ErrOrStderr(), terminal: isTerminal(cmd.ErrOrStderr())}
			if stop {
				return f.stop(cmd)
			}
			b, err := f.follow(cmd.Context())
			if err != nil {
				return err
			}
			return showBatch(cmd, b)
		},
	}
	cmd.Flags().StringVar(&window, "window", "", "hours in which it may run, 22:00-06:00 (default: until nothing more can be done)")
	cmd.Flags().StringVar(&rate, "rate", "", "settlements begun at most: 600/min, 10/s or 5000/h (default: no bound)")
	cmd.Flags().IntVar(&inFlight, "in-flight", 0, "requests on their way at a time (default: platform.in_flight)")
	cmd.Flags().BoolVar(&stop, "stop", false, "end the batch that runs")
	addClientFlags(cmd)
	return cmd
}

func orderOf(window, rate string, inFlight int, now time.Time) (o api.BatchOrder, err error) {
	if inFlight < 0 || inFlight > mostInFlight {
		return o, usagef("--in-flight: %d is not from 1 to %d", inFlight, mostInFlight)
	}
	o.InFlight = inFlight
	if o.PerMinute, err = perMinute(rate); err != nil {
		return o, err
	}
	if window == "" {
		return o, nil
	}
	until, err := closes(window, now.In(counter.Shanghai()))
	o.Until = &until
	return o, err
}

// mostPerMinute bounds a rate.
const mostPerMinute = 60_000

// perMinute reads "600/min", "10/s", "5000/h"; "" is 0.
func perMinute(rate string) (int, error) {
	if rate == "" {
		return 0, nil
	}
	number, unit, _ := strings.Cut(rate, "/")
	n, err := strconv.Atoi(number)
	n = min(n, 100*mostPerMinute) // nothing overflows
	switch unit {
	case "s":
		n *= 60
	case "h":
		n /= 60
	case "min":
	default:
		err = strconv.ErrSyntax
	}
	if err != nil || n < 1 || n > mostPerMinute {
		return 0, usagef("--rate: %q is not from 1/min to %d/min", rate, mostPerMinute)
	}
	return n, nil
}

// closes is when a window such as 22:00-06:00 closes that is open now.
func closes(window string, now time.Time) (time.Time, error) {
	from, to, _ := strings.Cut(window, "-")
	opens, err := time.Parse("15:04", from)
	shuts, err2 := time.Parse("15:04", to)
	if errors.Join(err, err2) != nil || opens.Equal(shuts) {
		return time.Time{}, usagef("--window: %q is not like 22:00-06:00", window)
	}
	for _, day := range []int{-1, 0} {
		begin := time.Date(now.Year(), now.Month(), now.Day()+day, opens.Hour(), opens.Minute(), 0, 0, now.Location())
		end := time.Date(now.Year(), now.Month(), now.Day()+day, shuts.Hour(), shuts.Minute(), 0, 0, now.Location())
		if !shuts.After(opens) {
			end = end.AddDate(0, 0, 1)
		}
		if !now.Before(begin) && now.Before(end) {
			return end, nil
		}
	}
	return time.Time{}, fmt.Errorf("现在不在时段 %s 内，未上传：it is %s, outside of the window", window, now.Format("15:04"))
}

// follower follows a batch.
type follower struct {
	client   *client
	order    api.BatchOrder
	out      io.Writer // of the progress
	terminal bool
	told     time.Time
	id       int64 // of the batch; 0: not begun
}

const (
	tellEvery = 30 * time.Second // a line, where it goes to a file
	waitFor   = time.Minute      // for a daemon that does not answer
	tryEvery  = time.Second
)

// follow begins or joins the batch and follows it to its end, also over a restart of the
// daemon.
func (f *follower) follow(ctx context.Context) (b api.Batch, err error) {
	var lost time.Time // since when the daemon does not answer
	for {
		b, err = f.once(ctx)
		switch {
		case ctx.Err() != nil:
			return b, errors.New("批量上传在后台继续：the batch goes on in the daemon; `settled upload` follows it again, `settled upload --stop` ends it")
		case err == nil && !b.Ended.IsZero():
			return b, nil
		case err == nil: // the stream ended
			lost = time.Time{}
		case f.id == 0:
			return b, err
		case lost.IsZero():
			lost = time.Now()
		case time.Since(lost) > waitFor:
			return b, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(tryEvery):
		}
	}
}

// once follows the batch as long as the daemon tells of it.
func (f *follower) once(ctx context.Context) (b api.Batch, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, err := f.client.stream(ctx, "/v1/events")
	if err != nil {
		return b, err
	}
	defer func() { _ = events.Close() }()
	if err := f.client.get(ctx, "/v1/batch", &b); err != nil {
		return b, err
	}
	if f.id == 0 || b.ID != f.id { // ours is not known any more: the daemon was started anew
		running := b.ID
		b = api.Batch{} // of another one nothing stays
		answer, _, err := f.client.send(ctx, "/v1/batch", f.order)
		if err != nil {
			return b, err
		}
		if err := decodeAnswer(answer, &b); err != nil {
			return b, err
		}
		if f.id == 0 && b.ID == running {
			_, _ = fmt.Fprintf(f.out, "已有批量上传在运行（%s 开始），跟随它；本命令的时段和速率不起作用：a batch runs already, and goes on at its own pace\n", b.Began.In(counter.Shanghai()).Format(time.TimeOnly))
		}
		f.id = b.ID
	}
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 1<<20)
	ours := false
	for b.Ended.IsZero() && lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case name == "event":
			ours = value == "batch"
		case name == "data" && ours:
			var next api.Batch
			if err := decodeAnswer([]byte(value), &next); err != nil {
				return b, err
			}
			if next.ID == f.id {
				b = next
				f.tell(b, time.Now())
			}
		}
	}
	if f.terminal {
		_, _ = fmt.Fprintln(f.out)
	}
	return b, nil
}

// tell shows the progress: as a bar on a terminal, else a line now and then.
func (f *follower) tell(b api.Batch, now time.Time) {
	through, all := b.Acknowledged+b.Held+b.Withdrawn, max(b.Waiting, 1)
	took := now.Sub(b.Began)
	speed := float64(through) / max(took.Minutes(), 1.0/60)
	rest := "?"
	if through > 0 {
		rest = age(time.Duration(float64(max(0, b.Waiting-through)) / speed * float64(time.Minute)))
	}
	text := fmt.Sprintf("%d/%d 笔，挂起 %d，每分钟 %.0f 笔，约剩 %s", through, b.Waiting, b.Held, speed, rest)
	switch {
	case f.terminal:
		done := min(20, 20*through/all)
		_, _ = fmt.Fprintf(f.out, "\r\x1b[K[%s%s] %s", strings.Repeat("#", done), strings.Repeat(".", 20-done), text)
	case now.Sub(f.told) >= tellEvery:
		f.told = now
		_, _ = fmt.Fprintln(f.out, text)
	}
}

func (f *follower) stop(cmd *cobra.Command) error {
	answer, _, err := f.client.do(cmd.Context(), http.MethodDelete, "/v1/batch", nil)
	if err != nil {
		return err
	}
	if asJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), answer)
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), "批量上传将在已发出的报文有结果后停止。")
	return err
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

var errUnfinished = errors.New("the batch ended before all was brought on")

// endTexts says why a batch ended.
func endTexts(why string) string {
	return map[string]string{"done": "已完成", "window": "时段已过", "stopped": "已停止", "line": "平台线路不通"}[why]
}

func showBatch(cmd *cobra.Command, b api.Batch) error {
	if asJSON(cmd) {
		raw, err := json.Marshal(b)
		if err == nil {
			err = printJSON(cmd.OutOrStdout(), raw)
		}
		if err != nil {
			return err
		}
	} else if _, err := fmt.Fprintln(cmd.OutOrStdout(), strings.Join(batchLines(b), "\n")); err != nil {
		return err
	}
	if b.Why != "done" {
		return errUnfinished
	}
	return nil
}

// batchLines says the summary to people.
func batchLines(b api.Batch) []string {
	lines := []string{
		fmt.Sprintf("批量上传  %s，用时 %s", endTexts(b.Why), age(b.Ended.Sub(b.Began))),
		fmt.Sprintf("待上传    %d 笔，已发送 %d 笔", b.Waiting, b.Sent),
		fmt.Sprintf("平台已收  %d 笔，其中金额有差异 %d 笔；已撤回 %d 笔", b.Acknowledged, b.Differ, b.Withdrawn),
		fmt.Sprintf("挂起      %d 笔", b.Held),
	}
	for _, h := range b.HeldFor {
		lines = append(lines, fmt.Sprintf("          %d 笔 %s %s", h.Count, h.Code, h.Text))
	}
	left := fmt.Sprintf("剩余      %d 笔，其中结果未知 %d 笔（自动核对）", b.Left, b.Unclear)
	if b.Left > 0 && b.Trouble != "" {
		left += "；" + b.Trouble.Cashier()
	}
	return append(lines, left)
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/doctor"
	"settled/cmd/settled/internal/readers"
	"settled/settle"
)

// attached is what is attached to the counter: the readers, and whatever else can say
// how it is. It is the API's.
type attached struct {
	*readers.Readers
	others []doctor.Source
}

// Checks implements doctor.Source.
func (d *attached) Checks(ctx context.Context) []doctor.Check {
	list := d.Readers.Checks(ctx)
	for _, o := range d.others {
		list = append(list, o.Checks(ctx)...)
	}
	return list
}

// Checks implements doctor.Source.
func (s *spool) Checks(context.Context) []doctor.Check {
	return []doctor.Check{{
		Kind: doctor.Printer, Name: s.folder, State: "spool", Level: doctor.OK,
		Chinese: "未接打印机，凭条存为文件", English: "no printer: slips are written as files to " + s.folder,
	}}
}

// seenDevices is the answer of /v1/devices.
type seenDevices struct {
	Devices []doctor.Check `json:"devices"`
}

func newDevices() *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use:   "devices",
		Short: "List the counter's devices: readers with their roles, what lies in them, how they are",
		Long: `List the counter's devices as the running daemon sees them: card readers with their
roles and what lies in them, PSAM or HSM, scanner, printer, displays. With --watch the
list is printed again whenever something changes, also over a restart of the daemon.
Without the daemon the readers' names are listed: by these the configuration gives them
their roles.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(cmd)
			if watch {
				if err == nil {
					err = watchDevices(cmd, c)
				}
				return err
			}
			var seen seenDevices
			if err == nil {
				c.http.Timeout = askWithin
				err = c.get(cmd.Context(), "/v1/devices", &seen)
			}
			if err != nil {
				_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "settled: %v; looking without it\n", err)
				ctx, cancel := context.WithTimeout(cmd.Context(), cardDeadline)
				defer cancel()
				seen.Devices = readers.Look(ctx, readers.Options{}, false)
			}
			return showDevices(cmd, seen)
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "print again whenever something changes, until interrupted")
	addClientFlags(cmd)
	return cmd
}

// watchAgain is the pause before a daemon that went away is asked again.
const watchAgain = time.Second

// watchDevices follows the daemon's events until it is interrupted: a daemon that was
// there once is waited for when it is started anew.
func watchDevices(cmd *cobra.Command, c *client) error {
	ctx := cmd.Context()
	for there, told := false, false; ctx.Err() == nil; {
		body, err := c.stream(ctx, "/v1/events")
		if err == nil {
			there, told = true, false
			err = followDevices(cmd, body)
		}
		_, refused := errors.AsType[*settle.Refusal](err)
		switch {
		case refused || !there:
			return err
		case !told && ctx.Err() == nil:
			told = true
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "settled: %v; waiting for it\n", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchAgain):
		}
	}
	return nil
}

// followDevices prints the devices whenever something changes, until the stream ends.
func followDevices(cmd *cobra.Command, body io.ReadCloser) error {
	defer func() { _ = body.Close() }()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, mostAnswer)
	event, before := "", ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		if name == "event" {
			event = value
		}
		if name != "data" || event != "devices" || value == before {
			continue
		}
		before = value
		var seen seenDevices
		if err := decodeAnswer([]byte(value), &seen); err != nil {
			return err
		}
		if err := showDevices(cmd, seen); err != nil {
			return err
		}
	}
	return errors.Join(errors.New("the daemon has ended the stream"), lines.Err())
}

func showDevices(cmd *cobra.Command, seen seenDevices) error {
	out := cmd.OutOrStdout()
	if asJSON(cmd) {
		return json.NewEncoder(out).Encode(seen)
	}
	t := newTable(out, 0, 0, "时间", "设备", "用途", "名称", "情况")
	now := time.Now().Format(time.TimeOnly)
	for _, f := range seen.Devices {
		t.AppendRow([]any{now, kindChinese(f.Kind), readers.Role(f.Role).Short(), settle.Clip(f.Name), mark(f.Level) + f.Chinese})
	}
	t.Render()
	return nil
}

// mark stands before what is not well.
func mark(l doctor.Level) string {
	return map[doctor.Level]string{doctor.OK: "", doctor.Warn: "! ", doctor.Fail: "✗ "}[l]
}

func kindChinese(k doctor.Kind) string {
	names := map[doctor.Kind]string{
		doctor.Daemon: "服务", doctor.Config: "配置", doctor.CardService: "读卡服务", doctor.Reader: "读卡器", doctor.Module: "卡认证",
		doctor.Scanner: "扫码枪", doctor.Printer: "打印机", doctor.Display: "客显", doctor.Voice: "语音盒", doctor.Platform: "医保平台",
		doctor.Clock: "时钟", doctor.Disk: "磁盘", doctor.Permissions: "权限", doctor.Policy: "政策",
	}
	if n := names[k]; n != "" {
		return n
	}
	return string(k)
}

// line writes one line of text.
func line(out io.Writer, format string, a ...any) error {
	_, err := fmt.Fprintf(out, format+"\n", a...)
	return err
}

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/doctor"
	"settled/cmd/settled/internal/readers"
	"settled/settle"
)

// doctorWithin bounds all of a look: a card that answers slowly is the longest of it.
const doctorWithin = 15 * time.Second

// askWithin bounds a question to a daemon that may hang.
const askWithin = 5 * time.Second

// unwell ends a verb with a status of its own; what there is to say is said.
type unwell struct{ status int }

// Error implements error.
func (u unwell) Error() string { return fmt.Sprintf("status %d", u.status) }

func newDoctor() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "What is wrong at this counter, and the command or cable that mends it",
		Long: `Look at all that the counter needs, and say of each that it is well, or what is wrong
and what mends it: the daemon, card service, readers and what lies in them, PSAM or HSM,
serial devices, the printer, the platform, the clock against it, disk, permissions, rules.

The running daemon is asked about its devices; when it does not run, the readers are
looked at and the cards in them read (masked). Best run as root: credentials are root's.

Exit status: 0 all is well, 1 there are warnings, 2 something does not work.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), doctorWithin)
			defer cancel()
			list := examine(ctx, cmd, path)
			doctor.Sort(list)
			if err := showChecks(cmd, list); err != nil {
				return err
			}
			status := map[doctor.Level]int{doctor.OK: exitOK, doctor.Warn: 1, doctor.Fail: 2}[doctor.Worst(list)]
			if status != exitOK {
				return unwell{status}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&path, "config", "/etc/settled/settled.toml", "configuration file")
	addClientFlags(cmd)
	return cmd
}

// examine makes all checks.
func examine(ctx context.Context, cmd *cobra.Command, path string) []doctor.Check {
	c, err := readInstalled(path)
	if err != nil {
		list := []doctor.Check{{
			Kind: doctor.Config, Name: path, State: "bad", Level: doctor.Fail,
			Chinese: "配置文件有误或读不到", English: err.Error(), Mend: "改正该行，或 settled doctor --config 文件 / mend the line that is named",
		}}
		return append(list, readers.Look(ctx, readers.Options{}, false)...)
	}
	list := []doctor.Check{{Kind: doctor.Config, Name: path, State: "good", Level: doctor.OK, Chinese: "配置文件正常", English: path + " loads"}}
	running, said := askDaemon(ctx, cmd, c)
	list = append(list, said...)
	if !running {
		list = append(list, readers.Look(ctx, c.readers(), true)...)
		list = append(list, c.lineChecks(ctx)...)
	}
	if roots, err := c.roots(); err != nil {
		list = append(list, doctor.Check{
			Kind: doctor.Platform, Name: c.Platform.CA, State: "settings", Level: doctor.Fail,
			Chinese: "平台证书文件读不到", English: err.Error(), Mend: "放好该文件，或改正配置项 platform.ca / put the file there, or mend platform.ca",
		})
	} else {
		list = append(list, doctor.Reach(ctx, c.Platform.URL, roots, time.Now)...)
	}
	if len(c.Readers.HSM) > 0 {
		list = append(list, doctor.CommandOf(c.Readers.HSM[0]))
	}
	list = append(list, doctor.DiskOf(c.State))
	list = append(list, doctor.PermissionsOf(c.State, c.Credentials, []string{"journal.key", "platform.secret", "api.token"})...)
	return append(list, rulesCheck(c))
}

func rulesCheck(c *config) doctor.Check {
	rules, err := loadRules(c.Policy.Overlays)
	if err == nil {
		err = rules.CheckApproved(today())
	}
	if err != nil {
		return doctor.Check{
			Kind: doctor.Policy, Name: c.Policy.Overlays, State: "bad", Level: doctor.Fail,
			Chinese: "政策数据不能载入", English: err.Error(), Mend: "settled policy check " + c.Policy.Overlays,
		}
	}
	f := doctor.PolicyOn(rules, today())
	if f.Mend != "" && c.Policy.Overlays != "" {
		f.Mend += " --policy " + c.Policy.Overlays
	}
	return f
}

// askDaemon asks the daemon how it and its devices are.
func askDaemon(ctx context.Context, cmd *cobra.Command, c *config) (running bool, list []doctor.Check) {
	base := cmp.Or(flag(cmd, "api"), os.Getenv("SETTLED_API"), "http://"+c.API.Listen)
	d := &client{base: strings.TrimRight(base, "/"), http: &http.Client{Timeout: askWithin}}
	answer, status, err := d.do(ctx, http.MethodGet, "/readyz", nil)
	if status == 0 {
		f := doctor.Check{
			Kind: doctor.Daemon, Name: base, State: "down", Level: doctor.Fail,
			Chinese: "结算服务未运行", English: err.Error(), Mend: "systemctl start settled; journalctl -u settled -n 50",
		}
		if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
			f.State, f.Chinese, f.Mend = "hung", "结算服务无应答", "systemctl restart settled; journalctl -u settled -n 50"
		}
		return false, []doctor.Check{f}
	}
	list = healthChecks(answer, status)
	token := cmp.Or(flag(cmd, "token-file"), os.Getenv("SETTLED_TOKEN_FILE"), filepath.Join(c.Credentials, "api.token"))
	text, err := os.ReadFile(token) //nolint:gosec // the operator names a file of his own
	var seen seenDevices
	if err == nil {
		d.token = strings.TrimSpace(string(text))
		err = d.get(ctx, "/v1/devices", &seen)
	}
	if refusal, ok := errors.AsType[*settle.Refusal](err); ok && strings.HasPrefix(string(refusal.Code), "JOURNAL_") {
		return true, append(list, readers.Look(ctx, c.readers(), false)...) // it knows of no devices; why is said
	}
	if err != nil {
		list = append(list, doctor.Check{
			Kind: doctor.Daemon, Name: token, State: "no_token", Level: doctor.Warn,
			Chinese: "没有接口令牌，无法询问服务中的设备状态", English: err.Error(), Mend: "sudo settled doctor；或 --token-file 文件",
		})
		return true, append(list, readers.Look(ctx, c.readers(), false)...)
	}
	return true, append(list, unhidden(seen.Devices)...)
}

func flag(cmd *cobra.Command, name string) string {
	v, _ := cmd.Flags().GetString(name)
	return v
}

// healthChecks makes checks of what /readyz says: the reasons why it cannot settle,
// and what to look after. What devices have to say comes from them.
func healthChecks(answer []byte, status int) (list []doctor.Check) {
	var h struct {
		Reasons []counter.Notice `json:"reasons"`
		Notices []counter.Notice `json:"notices"`
		Outage  struct {
			Why string   `json:"why"`
			Do  []string `json:"do"`
		} `json:"outage"`
	}
	if err := json.Unmarshal(answer, &h); err != nil {
		return []doctor.Check{{
			Kind: doctor.Daemon, State: "strange", Level: doctor.Fail, Chinese: "结算服务的应答无法识别",
			English: fmt.Sprintf("/readyz answered %d with something else: another program on this port?", status), Mend: "ss -ltnp",
		}}
	}
	for level, notices := range map[doctor.Level][]counter.Notice{doctor.Fail: h.Reasons, doctor.Warn: h.Notices} {
		for _, n := range notices {
			said, how := "/readyz says "+string(n.Code), "见 docs/operations.md“What can go wrong” / see there"
			switch {
			case level == doctor.Fail && len(h.Outage.Do) > 0:
				said, how = said+": "+h.Outage.Why, strings.Join(h.Outage.Do, "；")
			case n.Code == settle.ReaderMissing:
				how = "见下面的读卡服务和读卡器 / see card service and readers below"
			case strings.HasPrefix(string(n.Code), "PRINTER_"):
				how = "见下面的打印机 / see the printer below"
			case n.Code == settle.PlatformAccess:
				how = "[platform] url, gateway, paasid；凭据 platform.secret；timedatectl"
			}
			list = append(list, doctor.Check{
				Kind: doctor.Daemon, State: string(n.Code), Level: level, Chinese: n.Text,
				English: said, Mend: how,
			})
		}
	}
	if len(h.Reasons) == 0 {
		list = append(list, doctor.Check{Kind: doctor.Daemon, State: "ready", Level: doctor.OK, Chinese: "结算服务运行正常", English: "the daemon is ready"})
	}
	return list
}

// showChecks prints one line of each that is well, and three of each that is not.
func showChecks(cmd *cobra.Command, list []doctor.Check) error {
	out := cmd.OutOrStdout()
	worst := doctor.Worst(list)
	if asJSON(cmd) {
		return json.NewEncoder(out).Encode(map[string]any{"level": worst, "checks": list})
	}
	signs := map[doctor.Level]string{doctor.OK: "✓", doctor.Warn: "!", doctor.Fail: "✗"}
	for _, f := range list {
		title := kindChinese(f.Kind)
		if err := line(out, "%s %s%s %s", signs[f.Level], title, pad(title), f.Chinese+named(f)); err != nil {
			return err
		}
		if f.Level == doctor.OK {
			continue
		}
		if err := line(out, "             %s", firstLine(f.English)); err != nil {
			return err
		}
		if err := mend(out, f.Mend); err != nil {
			return err
		}
	}
	return line(out, "%s", map[doctor.Level]string{
		doctor.OK: "全部正常。All is well.", doctor.Warn: "可以结算，有需要留意的事项。It settles; there are warnings.", doctor.Fail: "有故障，请按 → 处理。Something does not work: see →.",
	}[worst])
}

// mostEnglish is how much of a technician's sentence fits a line; --json has all of it.
const mostEnglish = 120

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	if r := []rune(s); len(r) > mostEnglish {
		return string(r[:mostEnglish]) + "…"
	}
	return s
}

func mend(out io.Writer, how string) error {
	if how == "" {
		return nil
	}
	return line(out, "           → %s", how)
}

// named adds a device's name where the sentence has none.
func named(f doctor.Check) string {
	if f.Kind != doctor.Reader || f.Name == "" {
		return ""
	}
	return " [" + f.Name + "]"
}

// pad brings titles of Chinese characters to one width.
func pad(title string) string {
	return strings.Repeat(" ", max(0, 8-text.RuneWidthWithoutEscSequences(title)))
}

package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"settled/cmd/rig/internal/platform"
)

// examined is what "settled doctor --json" prints.
type examined struct {
	Level  string    `json:"level"`
	Checks []symptom `json:"checks"`
}

type symptom struct {
	Kind    string `json:"kind"`
	Role    string `json:"role"`
	State   string `json:"state"`
	Level   string `json:"level"`
	Chinese string `json:"chinese"`
	English string `json:"english"`
	Mend    string `json:"mend"`
}

// doctor runs the verb, which ends with the status of what it found.
func (s *stage) doctor(t *testing.T) (r examined, status int) {
	t.Helper()
	err := s.daemon.runJSON(t.Context(), &r, "doctor", "--config", s.daemon.config)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status, err = exit.ExitCode(), nil
		out, _ := s.daemon.run(t.Context(), "doctor", "--config", s.daemon.config, "--json")
		must(t, json.Unmarshal([]byte(out), &r))
	}
	must(t, err)
	return r, status
}

func (r examined) of(kind, role string) symptom {
	i := slices.IndexFunc(r.Checks, func(f symptom) bool { return f.Kind == kind && f.Role == role })
	if i < 0 {
		return symptom{}
	}
	return r.Checks[i]
}

// TestDoctor breaks one thing after another, and looks whether it is named with what
// mends it.
func TestDoctor(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.bothCards(t.Context()))
	r, status := s.doctor(t)
	if status != 1 || r.Level != "warn" { // the demo's rules are made up
		t.Errorf("a good counter: %d %+v", status, r)
	}
	for _, f := range r.Checks {
		if f.Level != "ok" && f.Kind != "policy" {
			t.Errorf("a good counter: %+v", f)
		}
	}
	if f := r.of("policy", ""); !strings.HasSuffix(f.Mend, " --policy "+filepath.Join(s.Testdata, "policy.d")) {
		t.Errorf("the command would look at other rules: %+v", f)
	}
	if f := r.of("reader", "guardian"); !strings.Contains(f.Chinese, "社保卡 2.00") {
		t.Errorf("%+v", f)
	}
	check := func(name, kind, role, state string, want int) {
		t.Helper()
		r, status := s.doctor(t)
		if f := r.of(kind, role); f.State != state || f.Level == "ok" || f.Mend == "" || f.English == "" || status != want {
			t.Errorf("%s: status %d, %+v", name, status, f)
		}
	}
	must(t, s.cards.Kill())
	must(t, s.daemon.awaitState(t.Context(), "idle", func(sc screen) bool { return sc.Patient == nil }))
	check("card service killed", "card_service", "", "dead", 2)
	must(t, s.cards.Launch())
	must(t, s.daemon.awaitState(t.Context(), "identified", func(sc screen) bool { return sc.Patient != nil && sc.Guardian != nil }))

	s.platform.Down()
	check("platform down", "platform", "", "unreachable", 2)
	must(t, s.platform.Up())

	must(t, os.Chmod(at(s.folder, "credentials/platform.secret"), 0o644))
	check("open credentials", "permissions", "", "open", 2)
	must(t, os.Chmod(at(s.folder, "credentials/platform.secret"), 0o600))

	must(t, s.daemon.cmd.Process.Signal(syscall.SIGSTOP))
	check("daemon hung", "daemon", "", "hung", 2)
	must(t, s.daemon.cmd.Process.Signal(syscall.SIGCONT))

	must(t, s.daemon.stop())
	check("daemon down", "daemon", "", "down", 2)
	r, _ = s.doctor(t)
	if f := r.of("reader", "patient"); f.Level != "ok" || !strings.Contains(f.Chinese, "社保卡 2.00") {
		t.Errorf("without the daemon the card is looked at: %+v", f)
	}
	// A version 3.00 card, opened by the command that asks the region's HSM.
	must(t, s.cards.Remove("patient"))
	config, err := os.ReadFile(s.daemon.config)
	must(t, err)
	with := strings.Replace(string(config), "[platform]", fmt.Sprintf("hsm = [%q, \"hsm\"]\n\n[platform]", s.Rig), 1)
	must(t, os.WriteFile(s.daemon.config, []byte(with), 0o600))
	must(t, s.cards.Insert("patient", "locked-v3"))
	for range 200 { // until pcscd has seen it
		if r, _ = s.doctor(t); strings.Contains(r.of("reader", "patient").Chinese, "3.00") {
			break
		}
	}
	if f := r.of("reader", "patient"); !strings.Contains(f.Chinese, "社保卡 3.00") || strings.Contains(f.Chinese, "受卡保护") || r.of("module", "").Level != "ok" {
		t.Errorf("opened by the HSM: %+v %+v", f, r.of("module", ""))
	}
	text, _ := s.daemon.run(t.Context(), "doctor", "--config", s.daemon.config)
	if lines := strings.Count(text, "\n"); lines > 40 {
		t.Errorf("%d lines are no screen:\n%s", lines, text)
	}
	for _, secret := range []string{childID, "张小满", "F18060102"} {
		if strings.Contains(text, secret) {
			t.Errorf("doctor prints %q", secret)
		}
	}
}

// TestDevices follows what is plugged in.
func TestDevices(t *testing.T) {
	t.Parallel()
	s := open(t)
	out, err := s.daemon.run(t.Context(), "devices")
	if err != nil || !strings.Contains(out, "患者") || !strings.Contains(out, "正常，无卡") {
		t.Errorf("%s %v", out, err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, s.daemon.program, "devices", "--watch", "--json")
	cmd.Env = append(os.Environ(), "SETTLED_API="+s.daemon.base, "SETTLED_TOKEN_FILE="+s.daemon.tokenFile)
	pipe, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	defer func() { _ = cmd.Wait() }()
	lines := bufio.NewScanner(pipe)
	until := func(what string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), what) {
				return
			}
		}
		t.Fatalf("the watch ended without %q: %v", what, lines.Err())
	}
	until(`"state":"ready"`)
	must(t, s.cards.Insert("patient", "bank"))
	until("银行卡")
	must(t, s.cards.Remove("patient"))
	until(`"role":"patient","name":"Patient","state":"ready"`)
	must(t, s.serial.lines["scanner"].Unplug())
	until(`"kind":"scanner","name":"` + s.serial.lines["scanner"].Name() + `","state":"absent","level":"fail"`)
	must(t, s.serial.lines["scanner"].Plug())
	until(`"kind":"scanner","name":"` + s.serial.lines["scanner"].Name() + `","state":"up"`)
	must(t, s.daemon.stop())
	must(t, s.cards.Insert("patient", "blank"))
	must(t, s.daemon.start(t.Context()))
	until("未写入")
	stop()
}

// TestEndsWithEverythingStuck ends the daemon while printer and display take no bytes and a
// slip waits, the platform leaves an upload without an answer, both cards hang, a
// confirmation waits for one of them, and somebody follows the events. Until then, a window
// whose other devices are stuck settles.
func TestEndsWithEverythingStuck(t *testing.T) { // by itself: it measures a time
	s := openSerial(t)
	must(t, s.bothCards(t.Context()))
	must(t, s.serial.printer.Set("stuck=yes"))
	must(t, s.serial.lines["display"].Stop())
	must(t, s.platform.Add(platform.Fault{Kind: platform.Silent}))
	if status, a, err := s.settle(t, 1); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	must(t, s.platform.Waiting(t.Context()))
	s.awaitReadyz(t, "PRINTER_SILENT")
	s.awaitAt(t, "/v1/devices", `"state":"slow"`) // the display
	bill, err := s.visit("child-visit.json", 2)
	must(t, err)
	status, quote, err := s.post(t, "/v1/quotes", bill)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %+v %v", status, quote, err)
	}
	watcher, err := s.daemon.get(t.Context(), "/v1/events")
	must(t, err)
	defer func() { _ = watcher.Body.Close() }()
	must(t, s.cards.Stall()) // no call into the card service returns
	confirmed := make(chan answer, 1)
	go func() {
		_, a, _ := s.post(t, "/v1/settlements", []byte(`{"quote":"`+quote.ID+`","key":"`+quote.Key+`"}`))
		confirmed <- a
	}()
	must(t, s.daemon.awaitState(t.Context(), "checking", func(screen) bool { return true }))
	began := time.Now()
	must(t, s.daemon.stop())
	took := time.Since(began)
	t.Logf("ended %v after SIGTERM", took.Round(time.Millisecond))
	if took > 10*time.Second { // 2 s on a machine that has nothing else to do
		t.Errorf("the end took %v", took)
	}
	if a := <-confirmed; a.Number != "" {
		t.Errorf("settled with a card that was not read again: %+v", a)
	}
	must(t, s.cards.Resume())
}

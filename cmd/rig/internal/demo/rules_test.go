package demo

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ownRules lets the daemon read its rules from a directory of the test's.
func (s *stage) ownRules(t *testing.T) (dir string) {
	t.Helper()
	dir = at(s.folder, "policy.d")
	must(t, os.CopyFS(dir, os.DirFS(filepath.Join(s.Testdata, "policy.d"))))
	config, err := os.ReadFile(s.daemon.config)
	must(t, err)
	config = bytes.ReplaceAll(config, []byte(filepath.Join(s.Testdata, "policy.d")), []byte(dir))
	must(t, os.WriteFile(s.daemon.config, config, 0o600))
	must(t, s.daemon.stop())
	must(t, s.daemon.start(t.Context()))
	return dir
}

// TestReload: rules that do not load, or are approved for a day to come, change
// nothing, and /readyz says so until they load.
func TestReload(t *testing.T) {
	t.Parallel()
	s := open(t)
	dir := s.ownRules(t)
	must(t, s.bothCards(t.Context()))
	const row = "\n[[row]]\nparameter = \"outpatient_rate\"\nlevel = \"3\"\nvalue = \"0.60\"\nfrom = \"2026-01-01\"\nsource = \"decision\"\nnote = \"a trial\"\nconfidence = \"low\"\nstatus = \"provisional\"\n"
	broken, good := "approved_by = \"test\"\n"+row, "approved_by = \"test\"\napproved_on = \"2026-01-01\"\n"+row
	before := s.quoted(t)
	for _, c := range []struct{ text, notice string }{
		{broken, "trial.toml:1: approved_on is missing"},
		{strings.Replace(good, "2026-01-01", "2999-01-01", 1), "trial.toml:2: approved_on 2999-01-01 is in the future"},
	} {
		must(t, os.WriteFile(filepath.Join(dir, "trial.toml"), []byte(c.text), 0o600))
		must(t, s.daemon.cmd.Process.Signal(syscall.SIGHUP))
		s.awaitNotice(t, "RULES_NOT_RELOADED", c.notice)
		if now := s.quoted(t); now != before {
			t.Errorf("%s: the quote is %s, %s before", c.notice, now, before)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "trial.toml"), []byte(good), 0o600))
	must(t, s.daemon.cmd.Process.Signal(syscall.SIGHUP))
	s.awaitNotice(t, "", "")
	if now := s.quoted(t); now == before {
		t.Errorf("the new rules are not in force: %s", now)
	}
}

// quoted is the id of a quote for a visit, which names the rules that it rests on.
func (s *stage) quoted(t *testing.T) string {
	t.Helper()
	bill, err := s.visit("child-visit.json", 1)
	must(t, err)
	status, quote, err := s.post(t, "/v1/quotes", bill)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %+v %v", status, quote, err)
	}
	return quote.ID
}

// awaitNotice waits until /readyz, which stays ready, has one notice, or none for "".
func (s *stage) awaitNotice(t *testing.T, code, text string) {
	t.Helper()
	late := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		res, err := s.daemon.get(t.Context(), "/readyz")
		must(t, err)
		var h struct {
			Status  string `json:"status"`
			Notices []struct{ Code, Text string }
		}
		body, err := io.ReadAll(res.Body)
		must(t, err)
		must(t, res.Body.Close())
		must(t, json.Unmarshal(body, &h))
		if h.Status == "ok" && (len(h.Notices) == 0 && code == "" || len(h.Notices) == 1 && h.Notices[0].Code == code && strings.Contains(h.Notices[0].Text, text)) {
			return
		}
		select {
		case <-late:
			t.Fatalf("waited in vain for %q %q: %s", code, text, body)
		case <-tick.C:
		}
	}
}

// TestBacktest computes what a running daemon has settled again, as it was and by
// other rules.
func TestBacktest(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.bothCards(t.Context()))
	for n := 1; n <= 3; n++ {
		if status, a, err := s.settle(t, n); err != nil || status != http.StatusCreated {
			t.Fatalf("%d %+v %v", status, a, err)
		}
	}
	var report struct {
		Settlements, Checked, Compared, Same int
		Unlike                               struct{ Count int }
		Largest                              []struct{ ID, Who string }
	}
	inForce := filepath.Join(s.Testdata, "policy.d")
	past := []string{"--state", at(s.folder, "state"), "--credentials", at(s.folder, "credentials"), "--in-force", inForce}
	must(t, s.daemon.runJSON(t.Context(), &report, append([]string{"policy", "backtest", inForce}, past...)...))
	if report.Settlements != 3 || report.Checked != 3 || report.Unlike.Count != 0 || report.Compared != 3 || report.Same != 3 {
		t.Errorf("by the rules in force: %+v", report)
	}
	must(t, s.daemon.runJSON(t.Context(), &report, append([]string{"policy", "backtest", t.TempDir()}, past...)...))
	if report.Checked != 3 || report.Compared != 0 || len(report.Largest) != 3 || !strings.HasPrefix(report.Largest[0].Who, "张** 440****") {
		t.Errorf("without the illustrative limit: %+v", report)
	}
	if status, a, err := s.settle(t, 4); err != nil || status != http.StatusCreated {
		t.Fatalf("the daemon was disturbed: %d %+v %v", status, a, err)
	}
}

// says runs a verb with the token of operations and a password on its standard input.
func (s *stage) says(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.daemon.program, append(args, "--token-file", at(s.folder, "credentials/operations.token"))...)
	cmd.Env = append(os.Environ(), "SETTLED_API="+s.daemon.base)
	cmd.Stdin = strings.NewReader("demo-1234\n")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestStagedRules: one stages a file of rules, another approves it, and the daemon, killed
// at that moment, has it in force; the journal says who both were.
func TestStagedRules(t *testing.T) {
	s := open(t)
	dir := s.ownRules(t)
	must(t, s.bothCards(t.Context()))
	if status, a, err := s.settle(t, 2); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	before := s.quoted(t)
	file := at(s.folder, "rate.toml")
	const text = "approved_by = \"医保办 王敏\"\napproved_on = \"2026-07-10\"\n\n[[row]]\nparameter = \"outpatient_rate\"\nlevel = \"3\"\nvalue = \"%s\"\nfrom = \"2026-01-01\"\nsource = \"decision\"\nnote = \"a trial\"\nconfidence = \"low\"\nstatus = \"provisional\"\n"
	must(t, os.WriteFile(file, []byte(strings.Replace(text, "%s", "60", 1)), 0o600))
	if out, err := s.says(t, "policy", "stage", file, "--operator", "0003"); err == nil || !strings.Contains(out, "第 7 行的 value 不对") || !strings.Contains(out, "rate.toml:7") {
		t.Errorf("%v %s", err, out)
	}
	must(t, os.WriteFile(file, []byte(strings.Replace(text, "%s", "0.60", 1)), 0o600))
	if out, err := s.says(t, "policy", "stage", file, "--operator", "0001"); err == nil || !strings.Contains(out, "权限") {
		t.Errorf("a cashier stages: %v %s", err, out)
	}
	out, err := s.says(t, "policy", "stage", file, "--operator", "0003")
	if err != nil {
		t.Fatalf("%v %s", err, out)
	}
	id := strings.Fields(strings.TrimPrefix(out, "password: "))[0]
	for !strings.Contains(out, "1 笔可比") {
		if out, err = s.says(t, "policy", "staged", id); err != nil || t.Context().Err() != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	if !strings.Contains(out, "0.55") || !strings.Contains(out, "0.60") || !strings.Contains(out, "待批准") {
		t.Error(out)
	}
	if out, err := s.says(t, "policy", "approve", id, "--operator", "0003", "--why", "好"); err == nil || !strings.Contains(out, "暂存的人不能自己批准") {
		t.Errorf("%v %s", err, out)
	}
	if now := s.quoted(t); now != before {
		t.Error("what is staged is in force")
	}
	if out, err := s.says(t, "policy", "approve", id, "--operator", "0004", "--why", "与文件核对无误"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	must(t, s.daemon.cmd.Process.Kill())
	_ = s.daemon.stop()
	must(t, s.daemon.start(t.Context()))
	must(t, s.takeCards(t.Context()))
	must(t, s.bothCards(t.Context()))
	if now := s.quoted(t); now == before {
		t.Error("the approved rules are not in force")
	}
	if got, err := os.ReadFile(filepath.Join(dir, "rate.toml")); err != nil || !strings.Contains(string(got), "0.60") {
		t.Errorf("%s %v", got, err)
	}
	lines, err := os.ReadFile(at(s.folder, "state/journal/journal-000000000001.jsonl"))
	must(t, err)
	if !strings.Contains(string(lines), `"kind":"rules","op":"0004"`) || !strings.Contains(string(lines), `"staged":"0003"`) {
		t.Error("the journal does not name both")
	}
}

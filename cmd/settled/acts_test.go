package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"settled/cmd/settled/internal/operators"
	"settled/queue"
)

// staffed is a counter where operators sign in: each "number role", with "pass-" and the
// number as the password.
func staffed(t *testing.T, list ...string) *site {
	t.Helper()
	s := newSite(t)
	must(t, os.WriteFile(s.at("credentials", "operations.token"), []byte("operations-token-0123456789"), 0o600))
	s.staff(list...)
	return s
}

// staff writes who may sign in.
func (s *site) staff(list ...string) {
	s.t.Helper()
	text := ""
	for _, o := range list {
		f := strings.Fields(o + " pass-" + o[:4])
		stanza, err := operators.Stanza(f[0], "操作员"+f[0], f[1], f[2])
		must(s.t, err)
		text += stanza
	}
	must(s.t, os.WriteFile(s.at("credentials", "operators.toml"), []byte(text), 0o600))
}

// page makes a request as the daemon's own page does.
func (s *site) page(method, path, body, cookie string) (int, string, http.Header) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.listen+path, strings.NewReader(body))
	must(s.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", "http://"+s.listen)
	r.Header.Set("Cookie", cookie)
	res, err := http.DefaultClient.Do(r)
	must(s.t, err)
	text, err := io.ReadAll(res.Body)
	must(s.t, err)
	must(s.t, res.Body.Close())
	return res.StatusCode, string(text), res.Header
}

// signIn signs an operator in, or tries to, and gives the cookie.
func (s *site) signIn(want int, id, password string) string {
	s.t.Helper()
	status, text, h := s.page(http.MethodPost, "/v1/sign-in", fmt.Sprintf(`{"operator":%q,"password":%q}`, id, password), "")
	if status != want {
		s.t.Fatalf("%s: %d %s", id, status, text)
	}
	cookie, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
	return cookie
}

// acts asks as an engineer does, until the newest is a kind of thing about whom; each is
// "operator: what, more".
func (s *site) acts(newest string, more ...string) (list []string) {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(30 * time.Second); ; {
		var out, errOut bytes.Buffer
		args := append([]string{"acts", "--json", "--api", "http://" + s.listen, "--token-file", s.at("credentials", "operations.token")}, more...)
		if got := run(s.t.Context(), args, strings.NewReader(""), &out, &errOut); got != 0 {
			s.t.Fatalf("%d %s", got, &errOut)
		}
		var answer struct {
			Acts []struct{ Operator, Words, Detail string }
		}
		must(s.t, json.Unmarshal(out.Bytes(), &answer))
		list = nil
		for _, a := range answer.Acts {
			list = append(list, strings.TrimSuffix(a.Operator+": "+a.Words+"，"+a.Detail, "，"))
		}
		slices.Reverse(list)
		if len(list) > 0 && strings.Contains(list[len(list)-1], newest) {
			return list
		}
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatalf("%q does not end with %s", list, newest)
		}
	}
}

// TestWhoIsInTheJournal: the real daemon keeps who may sign in, who did, and who guessed,
// over a change of operators while it runs and while it does not; the list says who did
// what, the journal fits for both checkers, and holds neither names nor what was guessed.
func TestWhoIsInTheJournal(t *testing.T) {
	t.Parallel()
	s := staffed(t, "0001 cashier", "0002 cashier", "0003 insurance")
	s.start()
	s.health("/readyz", noJournalReason)
	s.signIn(http.StatusUnauthorized, "0001", "hunter-2")
	cookie := s.signIn(http.StatusOK, "0001", "pass-0001")
	for range 5 {
		s.signIn(http.StatusUnauthorized, "0002", "guess")
	}
	s.signIn(http.StatusTooManyRequests, "0002", "pass-0002")
	s.acts("0002 连续 5 次被拒")
	s.signIn(http.StatusUnauthorized, "hunter-2", "0001")
	s.acts("没有这个工号，1 次")
	s.page(http.MethodPost, "/v1/sign-out", "", cookie)
	s.staff("0001 supervisor", "0003 insurance new-password", "0004 operations")
	must(t, s.cmd.Process.Signal(syscall.SIGHUP))
	s.acts("0004，信息科")
	office := s.signIn(http.StatusOK, "0003", "new-password")
	const unmasked = "/v1/exports/settlements?clear=true"
	if status, text, _ := s.page(http.MethodGet, unmasked, "", office); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	must(t, s.stop())
	s.staff("0003 insurance new-password", "0004 operations") // 0003 has another salt: as if the password were another
	s.start()
	s.health("/readyz", noJournalReason)
	want := []string{
		": 启用政策", ": 新增操作员，工号 0001，收费员，操作员0001", ": 新增操作员，工号 0002，收费员，操作员0002", ": 新增操作员，工号 0003，医保办，操作员0003",
		": 登录被拒，工号 0001 密码不对", "0001: 登录，收费员，此前 1 次被拒", ": 登录被拒，工号 0002 密码不对", ": 登录锁定，工号 0002 连续 5 次被拒，须等一分钟",
		": 登录被拒，没有这个工号，1 次", "0001: 退出",
		": 操作员变更，工号 0001，改了角色、密码，收费组长，操作员0001", ": 停用操作员，工号 0002，收费员", ": 操作员变更，工号 0003，改了密码，医保办，操作员0003", ": 新增操作员，工号 0004，信息科，操作员0004",
		"0003: 登录，医保办", "0003: 导出姓名证件，结算 " + time.Now().In(time.FixedZone("", 8*3600)).Format(time.DateOnly) + "，0 行",
		": 停用操作员，工号 0001，收费组长", ": 操作员变更，工号 0003，改了密码，医保办，操作员0003", ": 操作员变更，工号 0004，改了密码，信息科，操作员0004",
	}
	if got := s.acts("0004，改了密码"); !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := s.acts("0004", "--operator", "0004"); len(got) != 2 {
		t.Errorf("0004's alone: %q", got)
	}
	must(t, s.stop())
	s.fits("操作员", "hunter-2", "new-password")
}

// fits holds the site's journal against both checkers, and tells that some words are
// nowhere in clear in the state directory.
func (s *site) fits(secret ...string) {
	s.t.Helper()
	if _, err := queue.VerifyDir(s.t.Context(), s.at("state"), queue.VerifyOptions{Key: s.key()}); err != nil {
		s.t.Error(err)
	}
	if python, err := exec.LookPath("python3"); err == nil {
		out, err := exec.CommandContext(s.t.Context(), python, "../../docs/check_journal.py", s.at("state", "journal")).CombinedOutput()
		if err != nil {
			s.t.Errorf("%v: %s", err, out)
		}
	}
	must(s.t, filepath.WalkDir(s.at("state"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, word := range secret {
			if bytes.Contains(data, []byte(word)) {
				s.t.Errorf("%q stands in %s", word, path)
			}
		}
		return err
	}))
}

// TestSignInWithoutJournal: the real daemon lets people in, and changes of operators take
// effect, when the journal takes nothing more; the log says what is missing, nothing is
// shown unmasked, and the next start writes what changed meanwhile.
func TestSignInWithoutJournal(t *testing.T) {
	t.Parallel()
	s := staffed(t, "0001 cashier", "0003 insurance")
	s.start()
	s.health("/readyz", noJournalReason)
	s.acts("0003，医保办")
	full := unix.Rlimit{Cur: 1, Max: unix.RLIM_INFINITY}
	must(t, unix.Prlimit(s.cmd.Process.Pid, unix.RLIMIT_FSIZE, &full, nil)) // as a disk that takes no more
	office := s.signIn(http.StatusOK, "0003", "pass-0003")
	s.signIn(http.StatusOK, "0001", "pass-0001")
	s.health("/readyz", func(_ int, a answerOfHealth) bool {
		return len(a.Reasons) > 0 && a.Reasons[0].Code == "JOURNAL_STOPPED"
	})
	if status, text, _ := s.page(http.MethodGet, "/v1/exports/settlements?clear=true", "", office); status != http.StatusServiceUnavailable {
		t.Errorf("shown unmasked: %d %s", status, text)
	}
	if status, text, _ := s.page(http.MethodGet, "/v1/status", "", office); status != http.StatusOK {
		t.Errorf("whoever signed in sees nothing: %d %s", status, text)
	}
	s.staff("0001 supervisor", "0003 insurance")
	must(t, s.cmd.Process.Signal(syscall.SIGHUP))
	s.health("/livez", func(int, answerOfHealth) bool {
		status, _, _ := s.page(http.MethodGet, "/v1/me", "", office) // the salt is another: the session ends
		return status == http.StatusUnauthorized
	})
	s.signIn(http.StatusOK, "0001", "pass-0001")
	_ = s.stop() // it failed
	for _, want := range []string{`"act":"sign_in","operator":"0003"`, `"act":"sign_in","operator":"0001"`, "changes of operators are not in the journal"} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("%s is not in the log: %s", want, s.log.String())
		}
	}
	s.start()
	s.health("/readyz", noJournalReason)
	list := s.acts("0003，改了密码")
	if !slices.Contains(list, ": 操作员变更，工号 0001，改了角色、密码，收费组长，操作员0001") || slices.Contains(list, "0001: 登录，收费员") {
		t.Errorf("%q", list)
	}
	must(t, s.stop())
	s.fits("操作员")
}

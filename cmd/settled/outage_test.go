package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"settled/devices/bench"
	"settled/queue"
	"settled/settle"
)

// site is a counter's directory, with a daemon that may run on it.
type site struct {
	t      *testing.T
	dir    string
	listen string
	log    bytes.Buffer
	cmd    *exec.Cmd
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newSite(t *testing.T) *site {
	t.Helper()
	listen, err := bench.FreeAddress(t.Context())
	must(t, err)
	s := &site{t: t, dir: t.TempDir(), listen: listen}
	must(t, os.Mkdir(s.at("credentials"), 0o700))
	for name, value := range map[string]string{"journal.key": hex.EncodeToString(s.key()), "api.token": "0123456789abcdef", "platform.secret": "0123456789abcdef"} {
		must(t, os.WriteFile(s.at("credentials", name), []byte(value), 0o600))
	}
	registry, err := filepath.Abs("../../testdata/demo/institutions.toml")
	must(t, err)
	must(t, os.WriteFile(s.at("settled.toml"), fmt.Appendf(nil, `state = "state"
credentials = "credentials"
[institution]
code = "H44030500001"
registry = %q
[counter]
number = "01"
operator = "0001"
[api]
listen = %q
[readers]
patient = "no such reader"
[platform]
url = "http://127.0.0.1:1"
paasid = "test"
`, registry, s.listen), 0o600))
	return s
}

func (s *site) at(names ...string) string { return filepath.Join(append([]string{s.dir}, names...)...) }

func (s *site) key() []byte { return []byte("0123456789abcdef0123456789abcdef") }

// write gives the site a journal of some entries, and leaves bbolt as the journal says.
func (s *site) write(entries int) {
	s.t.Helper()
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	q, err := queue.Open(s.at("state"), queue.Options{
		Institution: "H44030500001", Counter: "01", Key: s.key(), Now: func() time.Time { return now },
	})
	must(s.t, err)
	for range entries { // an entry reserves ids for a minute
		now = now.Add(2 * time.Minute)
		_, err := q.MsgID(s.t.Context())
		must(s.t, err)
	}
	must(s.t, q.Close())
}

// journal is the site's only file of the journal.
func (s *site) journal() string { return s.at("state", "journal", "journal-000000000001.jsonl") }

// start starts the real daemon.
func (s *site) start() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	s.cmd = exec.CommandContext(ctx, os.Args[0], "serve", "--config", s.at("settled.toml"))
	s.cmd.Args[0] = "settled" // the verb of TestMain
	s.cmd.Stderr, s.cmd.Stdout = &s.log, &s.log
	must(s.t, s.cmd.Start())
	s.t.Cleanup(func() {
		if s.cmd != nil {
			_ = s.cmd.Process.Kill()
			_ = s.cmd.Wait()
		}
		cancel()
	})
}

// stop ends it as a service manager does.
func (s *site) stop() error {
	err := s.cmd.Process.Signal(os.Interrupt)
	err = errors.Join(err, s.cmd.Wait())
	s.cmd = nil
	return err
}

// answerOfHealth is what /readyz and /livez say.
type answerOfHealth struct {
	Status  string
	Reasons []struct {
		Code settle.Code
		Text string
	}
	Outage struct {
		Why, File, LastHash string
		Offset              int64
		Entry               uint64
		LastEntry           uint64 `json:"last_entry"`
		Do                  []string
	}
}

// health asks until fn is content with the answer.
func (s *site) health(path string, fn func(status int, a answerOfHealth) bool) (a answerOfHealth) {
	s.t.Helper()
	deadline, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for {
		if status, text, err := s.get(path); err == nil {
			last = text
			a = answerOfHealth{}
			must(s.t, json.Unmarshal([]byte(text), &a))
			if fn(status, a) {
				return a
			}
		}
		select {
		case <-deadline.Done():
			s.t.Fatalf("%s: %s\n%s", path, last, s.log.String())
		case <-tick.C:
		}
	}
}

func (s *site) get(path string) (int, string, error) {
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.listen+path, http.NoBody)
	must(s.t, err)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), errors.Join(err, res.Body.Close())
}

func isReason(code settle.Code) func(int, answerOfHealth) bool {
	return func(status int, a answerOfHealth) bool {
		return status == http.StatusServiceUnavailable && a.Status == "not_ready" && len(a.Reasons) > 0 && a.Reasons[0].Code == code && a.Reasons[0].Text == code.Cashier()
	}
}

// noJournalReason tells that the journal is well: what is missing here is the reader.
func noJournalReason(_ int, a answerOfHealth) bool {
	for _, r := range a.Reasons {
		if strings.HasPrefix(string(r.Code), "JOURNAL") {
			return false
		}
	}
	return len(a.Reasons) > 0
}

// TestServeOnABadJournal starts the real daemon on a journal with a changed line, and on
// one that is cut short. It stays, is not ready, says where and what to do, writes
// nothing, and ends in order; with the journal put back it starts.
func TestServeOnABadJournal(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code   settle.Code
		change func(t *testing.T, file string, data []byte)
		last   uint64
	}{
		"damaged": {settle.JournalDamaged, func(t *testing.T, file string, data []byte) {
			bad := bytes.Clone(data)
			bad[bytes.Index(bad, []byte(`{"n":4,`))+30] ^= 1
			must(t, os.WriteFile(file, bad, 0o600))
		}, 3},
		"lost": {settle.JournalLost, func(t *testing.T, file string, data []byte) {
			kept, _, _ := bytes.Cut(data, []byte(`{"n":5,`))
			must(t, os.WriteFile(file, kept, 0o600))
		}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.write(6)
			good, err := os.ReadFile(s.journal())
			must(t, err)
			test.change(t, s.journal(), good)
			if name == "damaged" { // the mark of a start that reads all of it
				must(t, os.Remove(s.at("state", "queue.bolt")))
			}
			before, err := os.ReadFile(s.journal())
			must(t, err)
			s.start()
			a := s.health("/readyz", isReason(test.code))
			if a.Outage.LastEntry != test.last || a.Outage.Entry != test.last+1 || a.Outage.Why == "" || len(a.Outage.Do) == 0 ||
				!strings.Contains(strings.Join(a.Outage.Do, "\n"), "settled restore 备份文件 "+s.at("state")) {
				t.Errorf("outage %+v", a.Outage)
			}
			if at := int64(bytes.Index(good, []byte(`{"n":4,`))); name == "damaged" && (a.Outage.File != filepath.Base(s.journal()) || a.Outage.Offset != at) {
				t.Errorf("outage %+v, the line is at %d", a.Outage, at)
			}
			if alive := s.health("/livez", func(status int, _ answerOfHealth) bool { return status == http.StatusOK }); alive.Outage.Why != a.Outage.Why {
				t.Errorf("alive %+v", alive)
			}
			if status, text, err := s.get("/v1/queue"); err != nil || status != http.StatusServiceUnavailable || !strings.Contains(text, string(test.code)) {
				t.Errorf("queue: %d %s %v", status, text, err)
			}
			var out, errOut bytes.Buffer
			run(t.Context(), []string{"doctor", "--json", "--config", s.at("settled.toml")}, strings.NewReader(""), &out, &errOut)
			if !strings.Contains(out.String(), "settled restore 备份文件 "+s.at("state")) || strings.Contains(out.String(), "no_token") {
				t.Errorf("doctor: %s%s", &out, &errOut)
			}
			must(t, s.stop())
			if after, err := os.ReadFile(s.journal()); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the journal was written to: %v", err)
			}
			must(t, os.WriteFile(s.journal(), good, 0o600)) // what it said to do
			s.start()
			s.health("/readyz", noJournalReason)
			must(t, s.stop())
		})
	}
}

// TestServeBesideAStrangeFile starts the real daemon on a journal beside whose files lies
// one that somebody copied there. It names the file, and goes on once it is moved away.
func TestServeBesideAStrangeFile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write(2)
	strange := s.at("state", "journal", "journal-copy.jsonl")
	must(t, os.WriteFile(strange, nil, 0o600))
	s.start()
	a := s.health("/readyz", isReason(settle.JournalUnavailable))
	if !strings.Contains(a.Outage.Why, strange) || !strings.Contains(a.Outage.Why, "move it out") {
		t.Errorf("outage %+v", a.Outage)
	}
	must(t, os.Remove(strange))
	s.health("/readyz", noJournalReason)
	must(t, s.stop())
}

// TestServeSaysWhatMends starts a daemon where it cannot run: it ends with the status of a
// mistake in the settings or of a failure, and says what to do.
func TestServeSaysWhatMends(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write(2)
	s.start()
	s.health("/readyz", noJournalReason)
	other := newSite(t)
	other.write(2)
	text, err := os.ReadFile(other.at("settled.toml"))
	must(t, err)
	must(t, os.WriteFile(other.at("port.toml"), bytes.Replace(text, []byte(other.listen), []byte(s.listen), 1), 0o600))
	must(t, os.WriteFile(other.at("counter.toml"), bytes.Replace(text, []byte(`number = "01"`), []byte(`number = "02"`), 1), 0o600))
	lacks := func(name string) string {
		dir := newSite(t)
		dir.write(2)
		must(t, os.Remove(dir.at("credentials", name)))
		return dir.at("settled.toml")
	}
	shown := newSite(t)
	must(t, os.Chmod(shown.at("credentials", "api.token"), 0o644))
	for name, test := range map[string]struct {
		config string
		status int
		says   []string
	}{
		"a second daemon":         {s.at("settled.toml"), 1, []string{"another process has it open", "systemctl status settled"}},
		"a port that is taken":    {other.at("port.toml"), 1, []string{"address already in use", "ss -ltnp"}},
		"another counter":         {other.at("counter.toml"), 1, []string{"counter 02", "mend institution.code and counter.number"}},
		"no key":                  {lacks("journal.key"), 2, []string{"credential journal.key", "the copy that is kept elsewhere"}},
		"no token":                {lacks("api.token"), 2, []string{"credential api.token", "openssl rand -hex 32"}},
		"a token that all read":   {shown.at("settled.toml"), 2, []string{"mode 0644", "chmod 600 " + shown.at("credentials", "api.token")}},
		"no secret of the line's": {lacks("platform.secret"), 2, []string{"credential platform.secret", "put it there, mode 0600"}},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "serve", "--config", test.config)
		cmd.Args[0] = "settled"
		out, err := cmd.CombinedOutput()
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok || exit.ExitCode() != test.status {
			t.Errorf("%s: %v, want status %d\n%s", name, err, test.status, out)
		}
		for _, want := range test.says {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: %q is not in\n%s", name, want, out)
			}
		}
	}
	must(t, s.stop())
}

// TestServeOnABadDisk starts the real daemon where no journal can be made. It says so,
// and goes on by itself when it can be.
func TestServeOnABadDisk(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	must(t, os.Mkdir(s.at("state"), 0o700))
	must(t, os.WriteFile(s.at("state", "journal"), nil, 0o600)) // where the directory should be
	s.start()
	a := s.health("/readyz", isReason(settle.JournalUnavailable))
	if !strings.Contains(a.Outage.Why, "not a directory") || len(a.Outage.Do) == 0 {
		t.Errorf("outage %+v", a.Outage)
	}
	must(t, os.Remove(s.at("state", "journal")))
	s.health("/readyz", noJournalReason)
	must(t, s.stop())
}

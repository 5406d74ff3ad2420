package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/queue"
	"settled/settle"
)

// kept is a counter's state directory with its configuration.
type kept struct {
	dir, state, config, key string
	now                     time.Time
}

const keptID, keptName, keptCard = "440301201501011234", "王小明", "A12345678"

func newKept(t *testing.T) *kept {
	t.Helper()
	dir := t.TempDir()
	k := &kept{dir: dir, state: filepath.Join(dir, "state"), config: filepath.Join(dir, "settled.toml"), key: filepath.Join(dir, "journal.key")}
	k.now = time.Date(2026, 11, 21, 9, 30, 0, 0, time.FixedZone("", 8*3600))
	k.write(t, k.key, strings.Repeat("ab", queue.KeySize)+"\n")
	k.write(t, k.config, fmt.Sprintf("state = %q\ncredentials = %q\n[institution]\ncode = \"H44030000001\"\nregistry = \"r.toml\"\n"+
		"[counter]\nnumber = \"01\"\noperator = \"0001\"\n[platform]\nurl = \"http://127.0.0.1:1\"\n[readers]\npatient = \"P\"\n", k.state, dir))
	return k
}

func (k *kept) write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// open opens the queue, as the daemon does.
func (k *kept) open(t *testing.T) *queue.Queue {
	t.Helper()
	key, err := hex.DecodeString(strings.Repeat("ab", queue.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	q, err := queue.Open(k.state, queue.Options{
		Institution: "H44030000001", Counter: "01", Key: key, Rules: "r1",
		Now: func() time.Time { return k.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// settle settles n bills of one person; every second one is acknowledged.
func (k *kept) settle(t *testing.T, q *queue.Queue, name string, n int) []string {
	t.Helper()
	var numbers []string
	by := queue.By{Operator: "0001", Device: "W01"}
	for i := range n {
		person := q.Person(keptID)
		pos, err := q.Position(person, "2026")
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := q.Settle(t.Context(), queue.Commit{
			ContentDigest: "d", Version: pos.Version, By: by,
			Settlement: settle.Settlement{
				Key: fmt.Sprint(name, i), Person: person, Period: "2026", Rules: "r1", Usage: pos.Usage,
				Who:   settle.Identity{IDNumber: keptID, Name: keptName, CardNumber: keptCard},
				Split: settle.Split{Status: settle.Settled, Total: 150, Fund: 100, Cash: 50, UsageAfter: settle.Usage{Ordinary: pos.Usage.Ordinary + 100}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, s.Number)
		if i%2 == 1 {
			_, err = q.Acknowledge(t.Context(), queue.Ack{
				Number: s.Number, SettlementID: "S" + s.Number, VisitID: "M1", MsgID: "x", By: by,
				Amounts: queue.Amounts{Total: 150, Fund: 100, Cash: 50},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		k.now = k.now.Add(time.Minute)
	}
	return numbers
}

// verb runs a verb as a person would, and gives what it printed.
func (k *kept) verb(t *testing.T, want int, args ...string) (out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	if got := run(t.Context(), args, strings.NewReader(""), &o, &e); got != want {
		t.Fatalf("settled %s: exit status %d, want %d\n%s%s", strings.Join(args, " "), got, want, &o, &e)
	}
	return o.String(), e.String()
}

func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

// TestVerifyVerb: beside an open queue, with the configured key, a given one and none,
// for people and for programs; what does not fit is named, with the exit status.
func TestVerifyVerb(t *testing.T) {
	k := newKept(t)
	q := k.open(t)
	k.settle(t, q, "a", 3)
	out, _ := k.verb(t, 0, "verify", "--config", k.config)
	contains(t, out, "proved", "entries 1 to 5,", "3 parts opened", "queue.bolt")
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	out, _ = k.verb(t, 0, "verify", k.state, "--config", filepath.Join(k.dir, "none"))
	contains(t, out, "not opened", "rows, all as the entries make them")
	out, _ = k.verb(t, 0, "verify", k.state, "--key-file", k.key, "--json")
	var p proof
	if err := json.Unmarshal([]byte(out), &p); err != nil || !p.Proved || p.Entries != 5 || p.Sealed != 3 || p.Store != "proved" {
		t.Errorf("%v: %s", err, out)
	}
	if err := os.Chmod(k.key, 0o644); err != nil {
		t.Fatal(err)
	}
	_, errOut := k.verb(t, 2, "verify", k.state, "--key-file", k.key)
	contains(t, errOut, "mode 0644 lets others read it")

	file := filepath.Join(k.state, "journal", "journal-000000000001.jsonl")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	k.write(t, file, string(data[:bytes.LastIndexByte(data[:len(data)-1], '\n')+1]))
	_, errOut = k.verb(t, 1, "verify", k.state, "--config", filepath.Join(k.dir, "none"))
	contains(t, errOut, "Restore "+k.state+"/journal from the backup")
	k.write(t, file, strings.Replace(string(data), `"fund":"1.00"`, `"fund":"2.00"`, 1))
	out, errOut = k.verb(t, 1, "verify", k.state, "--json", "--config", filepath.Join(k.dir, "none"))
	contains(t, errOut, "entry 2 at offset")
	p = proof{}
	if err := json.Unmarshal([]byte(out), &p); err != nil || p.Proved || p.Entry != 2 || p.Offset == nil || p.File == "" || p.Why == "" {
		t.Errorf("%v: %s", err, out)
	}
}

// serve lets the verbs reach a queue through the real API. It gives the flags with which
// the operations and the cashier call.
func (k *kept) serve(t *testing.T, q *queue.Queue) (operations, cashier []string) {
	t.Helper()
	l := newLedger(q, "01", slog.New(slog.DiscardHandler))
	const ops, desk = "operations-token-0123456789", "cashier-token-0123456789"
	server, err := api.New(api.Options{
		Windows: map[string]api.Window{countertest.Seat: countertest.Open(t, nil)},
		Tokens: map[string]api.Grant{
			ops:  {Seat: countertest.Seat, Role: api.Operations, Operator: "operations"},
			desk: {Seat: countertest.Seat, Role: api.Cashier, Operator: "0001"},
		},
		Ledger: l, Keeper: l, Uploads: l, Ready: readyAlways{},
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	k.write(t, filepath.Join(k.dir, "ops"), ops)
	k.write(t, filepath.Join(k.dir, "desk"), desk)
	flags := func(token string) []string {
		return []string{"--api", web.URL, "--token-file", filepath.Join(k.dir, token)}
	}
	return flags("ops"), flags("desk")
}

type readyAlways struct{}

func (readyAlways) Ready(context.Context) []counter.Notice { return nil }

func (readyAlways) Notices(context.Context) []counter.Notice { return nil }

// TestQueueVerbs: list with every filter, hold and release with who and why in the
// journal, export, and the status.
func TestQueueVerbs(t *testing.T) {
	k := newKept(t)
	q := k.open(t)
	numbers := k.settle(t, q, "a", 4) // the second and the fourth are acknowledged
	k.now = k.now.Add(24 * time.Hour)
	numbers = append(numbers, k.settle(t, q, "b", 1)...)
	ops, desk := k.serve(t, q)
	ask := func(want int, flags []string, verb ...string) (string, string) {
		t.Helper()
		return k.verb(t, want, append(verb, flags...)...)
	}
	listed := func(filter ...string) (got []string) {
		t.Helper()
		out, _ := ask(0, desk, append([]string{"queue", "list", "--json"}, filter...)...)
		var page struct {
			Entries []queued `json:"entries"`
		}
		if err := json.Unmarshal([]byte(out), &page); err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			got = append(got, e.Number)
		}
		return got
	}
	reason := "=等患者补材料"
	out, _ := ask(0, ops, "queue", "hold", numbers[2], "--why", reason)
	contains(t, out, numbers[2], "已挂起")
	for _, tt := range []struct {
		filter string
		want   []int
	}{
		{"", []int{0, 2, 4}},
		{"--state pending", []int{0, 4}},
		{"--state held", []int{2}},
		{"--state acknowledged", []int{1, 3}},
		{"--code UPLOAD_HELD", []int{2}},
		{"--code OTHER", nil},
		{"--day 2026-11-21", []int{0, 2}},
		{"--from 2026-11-22", []int{4}},
		{"--to 2026-11-21 --state acknowledged", []int{1, 3}},
		{"--older 1h --day 2026-11-22", nil},
		{"--limit 1", []int{0}},
		{"--after " + numbers[0], []int{2, 4}},
		{"--limit 2 --after " + numbers[0], []int{2, 4}},
	} {
		var want []string
		for _, i := range tt.want {
			want = append(want, numbers[i])
		}
		if tt.filter == "--older 1h --day 2026-11-22" && time.Now().After(k.now.Add(time.Hour)) {
			continue // the machine's clock is beyond the test's
		}
		if got := listed(strings.Fields(tt.filter)...); !slices.Equal(got, want) {
			t.Errorf("list %s: %q, want %q", tt.filter, got, want)
		}
	}
	_, errOut := ask(1, desk, "queue", "release", numbers[2], "--why", "x")
	contains(t, errOut, "NOT_ALLOWED")
	_, errOut = ask(1, ops, "queue", "hold", numbers[1], "--why", "x")
	contains(t, errOut, "SETTLEMENT_STATE")
	ask(2, ops, "queue", "release", numbers[2])
	out, _ = ask(0, desk, "queue", "export", "--format", "csv")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 4 || rows[2][0] != numbers[2] || rows[2][2] != "held" || rows[2][10] != "UPLOAD_HELD" || !strings.Contains(rows[2][11], reason) {
		t.Errorf("%v: %q", err, rows)
	}
	out, _ = ask(0, desk, "queue", "export", "--format", "jsonl", "--state", "acknowledged")
	if got := strings.Count(out, "\n"); got != 2 {
		t.Errorf("%d lines: %s", got, out)
	}
	if same, _ := ask(0, desk, "queue", "export", "--json", "--state", "acknowledged"); same != out {
		t.Errorf("--json: %s", same)
	}
	out, _ = ask(0, desk, "queue", "list")
	contains(t, out, numbers[0], "待上传", "挂起", reason)
	out, _ = ask(0, ops, "status")
	contains(t, out, "待上传    2 笔", "挂起      1 笔", "￥3.00")
	out, _ = ask(0, ops, "queue", "release", numbers[2], "--why", "材料已补")
	contains(t, out, "已放行")
	r, err := q.Get(numbers[2])
	if err != nil || r.State != queue.Pending || r.Held.By.Operator != "operations" || !strings.Contains(r.Held.Technician, reason) {
		t.Errorf("%+v, %v", r.Held, err)
	}
	if strings.Contains(out, keptName) || strings.Contains(out, keptID) {
		t.Error("a person is named")
	}
}

// TestBackupVerbs: into a directory with rotation and to a file; restored only by who
// names the head, over nothing or with what was there set aside and fenced.
func TestBackupVerbs(t *testing.T) {
	k := newKept(t)
	q := k.open(t)
	k.settle(t, q, "a", 3)
	store := filepath.Join(k.dir, "backups")
	if err := os.Mkdir(store, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{"20260101T000000", "20260102T000000"} {
		k.write(t, filepath.Join(store, "settled-backup-01-"+old+".tar.gz"), "")
	}
	out, _ := k.verb(t, 0, "backup", store, "--config", k.config, "--keep", "2", "--json")
	var w written
	if err := json.Unmarshal([]byte(out), &w); err != nil || len(w.Removed) != 1 || w.Entries != 5 || len(w.Hash) != 64 {
		t.Fatalf("%v: %s", err, out)
	}
	out, _ = k.verb(t, 0, "backup", "--state", k.state, store, "--config", filepath.Join(k.dir, "none"), "--keep", "9", "--json")
	var second written
	if err := json.Unmarshal([]byte(out), &second); err != nil || !strings.Contains(second.Path, "settled-backup-01-") || second.Path == w.Path || len(second.Removed) > 0 {
		t.Fatalf("%v: %s", err, out)
	}
	out, _ = k.verb(t, 0, "backup", filepath.Join(k.dir, "one.tar.gz"), "--config", k.config)
	contains(t, out, "one.tar.gz", "entries   to 5", w.Hash)
	out, _ = k.verb(t, 0, "verify", w.Path, "--key-file", k.key)
	contains(t, out, "entries 1 to 5", w.Hash, "3 parts opened", "not in a parcel")
	k.nowhere(t)

	_, errOut := k.verb(t, 1, "restore", w.Path, "--config", k.config)
	contains(t, errOut, w.Hash)
	_, errOut = k.verb(t, 1, "restore", w.Path, filepath.Join(k.dir, "new"), "--config", k.config, "--take-over", w.Hash, "--fence", k.state)
	contains(t, errOut, "is running")
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	k.oldRuns(t, w)
	out, _ = k.verb(t, 0, "restore", w.Path, filepath.Join(k.dir, "new"), "--config", k.config, "--take-over", w.Hash, "--fence", k.state)
	contains(t, out, "restored to entry 5")
	if _, err := queue.Open(k.state, queue.Options{Institution: "H44030000001", Counter: "01", Key: bytes.Repeat([]byte{0xab}, queue.KeySize)}); !errors.Is(err, queue.ErrFenced) {
		t.Errorf("the old copy opens: %v", err)
	}
	k.verb(t, 1, "restore", w.Path, "--config", k.config, "--take-over", w.Hash)
	k.verb(t, 0, "restore", w.Path, "--config", k.config, "--take-over", w.Hash, "--replace")
	q = k.open(t)
	k.settle(t, q, "b", 1)
}

// nowhere: a backup is not made where no directory is, nor over a file that is no backup.
func (k *kept) nowhere(t *testing.T) {
	t.Helper()
	away := filepath.Join(k.dir, "not-mounted")
	for _, to := range []string{away, away + "/", filepath.Join(away, "b.tar.gz"), k.key} {
		_, errOut := k.verb(t, 2, "backup", to, "--config", k.config)
		contains(t, errOut, "install -d")
		if _, err := os.Stat(away); err == nil {
			t.Fatalf("%s was made", away)
		}
	}
	if text, err := os.ReadFile(k.key); err != nil || len(text) != 2*queue.KeySize+1 {
		t.Errorf("%v: the key was written over", err)
	}
}

// oldRuns: a restore that comes to nothing does not fence the old copy off.
func (k *kept) oldRuns(t *testing.T, w written) {
	t.Helper()
	whole, err := os.ReadFile(w.Path)
	if err != nil {
		t.Fatal(err)
	}
	torn := filepath.Join(k.dir, "torn.tar.gz")
	k.write(t, torn, string(whole[:len(whole)/2]))
	to := filepath.Join(k.dir, "nothing")
	held := filepath.Join(k.dir, "held")
	if err := os.MkdirAll(filepath.Join(held, "journal"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		status int
		says   string
		args   []string
	}{
		"a torn backup":         {1, "unexpected EOF", []string{torn, to, "--take-over", w.Hash, "--fence", k.state}},
		"another head":          {1, w.Hash, []string{w.Path, to, "--take-over", "abc", "--fence", k.state}},
		"a directory in use":    {1, "holds a queue already", []string{w.Path, held, "--take-over", w.Hash, "--fence", k.state}},
		"no old copy":           {1, "no such file", []string{w.Path, to, "--take-over", w.Hash, "--fence", to}},
		"the old copy's place":  {2, "--replace", []string{w.Path, k.state, "--take-over", w.Hash, "--fence", k.state}},
		"no directory by links": {2, "--replace", []string{w.Path, k.state + "/../state", "--take-over", w.Hash, "--fence", k.state}},
	} {
		_, errOut := k.verb(t, test.status, append([]string{"restore", "--config", k.config}, test.args...)...)
		if !strings.Contains(errOut, test.says) || strings.Contains(errOut, "running") {
			t.Errorf("%s: %s", name, errOut)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%s: it left a directory", name)
		}
		if err := k.open(t).Close(); err != nil {
			t.Errorf("%s: the old copy does not open: %v", name, err)
		}
	}
}

// TestRootHandsOver: what root restores or archives belongs to the directory's owner, who
// runs the daemon; what a link in it names stays root's.
func TestRootHandsOver(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root: nobody else's directories can be made here")
	}
	const owner = 54321
	k := newKept(t)
	k.now = time.Now().In(k.now.Location()).AddDate(0, 0, -100)
	q := k.open(t)
	for range 3 {
		k.settle(t, q, k.now.Format(time.DateOnly), 2)
		k.now = k.now.AddDate(0, 0, 1)
	}
	for _, p := range pending(t, q) {
		_, err := q.Acknowledge(t.Context(), queue.Ack{Number: p, SettlementID: "S", Amounts: queue.Amounts{Total: 150, Fund: 100, Cash: 50}})
		if err != nil {
			t.Fatal(err)
		}
	}
	before := k.now.Format(time.DateOnly)
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	archives, copied := filepath.Join(k.dir, "archives"), filepath.Join(k.dir, "copied")
	for _, dir := range []string{archives, copied, k.state} {
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.Lchown(dir, owner, owner)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(k.key, filepath.Join(copied, "link")); err != nil {
		t.Fatal(err)
	}
	out, _ := k.verb(t, 0, "backup", filepath.Join(k.dir, "b.tar.gz"), "--config", k.config, "--json")
	var w written
	if err := json.Unmarshal([]byte(out), &w); err != nil {
		t.Fatal(err)
	}
	k.verb(t, 0, "restore", w.Path, copied, "--config", k.config, "--take-over", w.Hash)
	k.verb(t, 0, "archive", archives, "--config", k.config, "--before", before)
	for _, dir := range []string{archives, copied, k.state} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			info, statErr := os.Lstat(path)
			if err := errors.Join(err, statErr); err != nil {
				return err
			}
			if of, ok := info.Sys().(*syscall.Stat_t); !ok || of.Uid != owner || of.Gid != owner {
				t.Errorf("%s belongs to %+v", path, of)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(k.key)
	if err != nil {
		t.Fatal(err)
	}
	if of, ok := info.Sys().(*syscall.Stat_t); !ok || of.Uid != 0 {
		t.Errorf("the key was given away to %+v", of)
	}
}

// pending are the numbers of what waits for the platform.
func pending(t *testing.T, q *queue.Queue) (numbers []string) {
	t.Helper()
	list, err := q.Pending(100, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range list {
		numbers = append(numbers, w.Number)
	}
	return numbers
}

// TestKeyVerbs: a new key is added to the file, and the daemon's next start seals with
// it; a file that others can read is refused.
func TestKeyVerbs(t *testing.T) {
	k := newKept(t)
	q := k.open(t)
	k.settle(t, q, "a", 1)
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	out, _ := k.verb(t, 0, "key", "list", k.key)
	contains(t, out, "seals, makes the keyed hashes")
	other := filepath.Join(k.dir, "platform.secret")
	k.write(t, other, strings.Repeat("cd", queue.KeySize)+"\n")
	_, errOut := k.verb(t, 2, "key", "rotate", other)
	contains(t, errOut, other+": 只有 journal.key 是账本密钥文件，未作改动；请核对文件名")
	if text, err := os.ReadFile(other); err != nil || string(text) != strings.Repeat("cd", queue.KeySize)+"\n" {
		t.Errorf("%v: it was changed", err)
	}
	out, _ = k.verb(t, 0, "key", "rotate", k.key)
	contains(t, out, "was added")
	info, err := os.Stat(k.key)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info.Mode(), err)
	}
	out, _ = k.verb(t, 0, "key", "list", k.key)
	contains(t, out, "opens what it sealed, makes the keyed hashes", "  seals\n")
	var ofKeys struct{ Marks []string }
	out, _ = k.verb(t, 0, "key", "list", k.key, "--json")
	if err := json.Unmarshal([]byte(out), &ofKeys); err != nil || len(ofKeys.Marks) != 2 {
		t.Errorf("%v: %s", err, out)
	}
	ring, err := readKey(k.key)
	if err != nil || len(ring) != 2*queue.KeySize {
		t.Fatal(len(ring), err)
	}
	q, err = queue.Open(k.state, queue.Options{Institution: "H44030000001", Counter: "01", Key: ring})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	out, _ = k.verb(t, 0, "verify", "--config", k.config)
	contains(t, out, "proved")
	if err := os.Chmod(k.key, 0o640); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"list", "rotate"} {
		_, errOut := k.verb(t, 2, "key", verb, k.key)
		contains(t, errOut, "mode 0640 lets others read it")
	}
	k.write(t, k.key, "nonsense\n")
	if err := os.Chmod(k.key, 0o600); err != nil {
		t.Fatal(err)
	}
	k.verb(t, 2, "key", "rotate", k.key)
}

// TestArchiveVerb: what is done goes into an archive; with it the proof goes back to the
// first entry, with another one it does not.
func TestArchiveVerb(t *testing.T) {
	k := newKept(t)
	today := time.Now().In(counter.Shanghai()) // as the journal counts days
	k.now = today.AddDate(0, 0, -100)
	q := k.open(t)
	for day := range 4 {
		numbers := k.settle(t, q, fmt.Sprint("d", day), 1)
		if day < 3 {
			_, err := q.Acknowledge(t.Context(), queue.Ack{Number: numbers[0], SettlementID: "S", Amounts: queue.Amounts{Total: 150, Fund: 100, Cash: 50}})
			if err != nil {
				t.Fatal(err)
			}
		}
		k.now = k.now.AddDate(0, 0, 1)
	}
	before := k.now.Format(time.DateOnly)
	_, errOut := k.verb(t, 1, "archive", k.dir, "--config", k.config, "--before", before)
	contains(t, errOut, "stop the daemon first")
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	_, errOut = k.verb(t, 1, "archive", k.dir, "--config", k.config, "--before", today.Format(time.DateOnly))
	contains(t, errOut, "stay in the journal")
	var one, two written
	for _, a := range []struct {
		before string
		into   *written
	}{{k.now.AddDate(0, 0, -3).Format(time.DateOnly), &one}, {before, &two}} {
		out, _ := k.verb(t, 0, "archive", k.dir, "--config", k.config, "--before", a.before, "--json")
		if err := json.Unmarshal([]byte(out), a.into); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := k.verb(t, 0, "verify", "--config", k.config)
	contains(t, out, fmt.Sprintf("entries %d to", two.Entries+1))
	out, _ = k.verb(t, 0, "verify", "--config", k.config, "--with", one.Path, "--with", two.Path)
	contains(t, out, "entries 1 to")
	k.verb(t, 1, "verify", "--config", k.config, "--with", one.Path)
	out, _ = k.verb(t, 0, "verify", two.Path, "--key-file", k.key)
	contains(t, out, fmt.Sprintf("entries %d to %d", one.Entries+1, two.Entries))
}

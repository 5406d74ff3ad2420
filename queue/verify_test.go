package queue

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"settled/queue/journal"
	"settled/settle"
)

// twoDays writes two days of everything that a counter does, and closes the queue.
func twoDays(t *testing.T) string {
	t.Helper()
	dir, h := t.TempDir(), newHand()
	q := mustOpen(t, dir, options(h))
	some(t, q, h, "a", 8)
	uploaded(t, q, "up")
	h.move(24 * time.Hour)
	some(t, q, h, "b", 8)
	must(t, q.Release(t.Context(), firstHeld(t, q), "mended", clerk))
	mustClose(t, q)
	return dir
}

func firstHeld(t *testing.T, q *Queue) string {
	t.Helper()
	held, err := q.Holds(1, 0)
	must(t, err)
	return held[0].Number
}

// TestVerifyDir: a whole directory is proved, with and without the key, bbolt behind or
// away, and beside a queue that is open and writes; nothing is changed.
func TestVerifyDir(t *testing.T) {
	dir := twoDays(t)
	key := options(newHand()).Key
	before := tree(t, dir)
	p, err := VerifyDir(t.Context(), dir, VerifyOptions{Key: key})
	must(t, err)
	if p.Store != "proved" || p.Rows == 0 || p.Sealed == 0 || p.Entries < 50 || p.Tail != nil {
		t.Errorf("proof %+v", p)
	}
	sameTree(t, "verify", before, tree(t, dir))
	told := uint64(0)
	p, err = VerifyDir(t.Context(), dir, VerifyOptions{Progress: func(n uint64) { told = n }})
	must(t, err)
	if p.Sealed != 0 || told != p.Entries {
		t.Errorf("without the key %+v, told of %d", p, told)
	}
	if _, err = VerifyDir(t.Context(), dir, VerifyOptions{Key: bytes.Repeat([]byte{1}, KeySize)}); err == nil {
		t.Error("another key opened the seals")
	}

	h := newHand()
	h.move(48 * time.Hour)
	q := mustOpen(t, dir, lagging(h))
	some(t, q, h, "c", 4) // only in the journal yet
	p, err = VerifyDir(t.Context(), dir, VerifyOptions{Key: key})
	must(t, err)
	status, err := q.Status()
	must(t, err)
	if p.Store != "proved" || p.Entries != status.Entry || p.Hash != status.Hash {
		t.Errorf("beside an open queue: %+v, head %+v", p, status)
	}
	mustClose(t, q)
	must(t, os.Remove(filepath.Join(dir, storeName)))
	if p, err = VerifyDir(t.Context(), dir, VerifyOptions{}); err != nil || p.Store != "absent" {
		t.Errorf("without bbolt: %+v, %v", p, err)
	}
}

// TestVerifyRows: a row of bbolt that the entries do not make, whole and counted as it
// is, is found and named; so is one that is missing.
func TestVerifyRows(t *testing.T) {
	whole := twoDays(t)
	for name, rows := range map[string]layer{
		"totals":   {cell{totals.name, one}: totalsRow{Pending: 1}},
		"persons":  {cell{persons.name, strings.Repeat("a", 32)}: personRow{Exposed: 1}},
		"epoch":    {cell{epochs.name, one}: epochRow{Epoch: 1, Entry: 3}},
		"outbox":   {cell{outbox.name, seqKey(1)}: waitRow{Number: "012026112100001"}},
		"keys":     {cell{keys.name, "a0"}: nil},
		"owner":    {cell{owners.name, one}: ownerRow{Format: format, Institution: "H44030000002", Counter: "01", KeyMark: "x"}},
		"archives": {cell{archives.name, seqKey(1)}: nil, cell{cards.name, strings.Repeat("b", 32)}: cardRow{Person: strings.Repeat("a", 32)}},
	} {
		dir := t.TempDir()
		must(t, os.CopyFS(dir, os.DirFS(whole)))
		db, at, err := openStore(filepath.Join(dir, storeName), doubtful.rows())
		must(t, err)
		must(t, errors.Join(write(db, rows, at.Pos), db.Close()))
		_, err = VerifyDir(t.Context(), dir, VerifyOptions{})
		if !isCorrupt(err) || !strings.Contains(err.Error(), "table ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVerifyStore: a row that the entries do not make is named.
func TestVerifyStore(t *testing.T) {
	dir := twoDays(t)
	journalFile := filepath.Join(dir, journalDir, journal.FileName(1))
	whole, err := os.ReadFile(journalFile)
	must(t, err)
	// Another journal of the same form under the same bbolt file.
	lines := bytes.SplitAfter(whole, []byte("\n"))
	forged := forge(t, lines, 9, func(s string) string { return strings.Replace(s, `"op":"0001"`, `"op":"0002"`, 1) })
	must(t, os.WriteFile(journalFile, forged, 0o600))
	second, err := os.ReadFile(filepath.Join(dir, journalDir, fileNames(t, dir)[1]))
	must(t, err)
	rest := forge(t, append(bytes.SplitAfter(forged, []byte("\n"))[:len(lines)-1], bytes.SplitAfter(second, []byte("\n"))...), len(lines), nil)
	must(t, os.WriteFile(filepath.Join(dir, journalDir, fileNames(t, dir)[1]), rest[len(forged):], 0o600))
	_, err = VerifyDir(t.Context(), dir, VerifyOptions{})
	if damage, ok := errors.AsType[*journal.Damage](err); !ok || !strings.Contains(damage.Why, "knows an entry of this number") {
		t.Errorf("exchanged journal: %v", err)
	}
}

func fileNames(t *testing.T, dir string) []string {
	t.Helper()
	list, err := journal.Files(filepath.Join(dir, journalDir))
	must(t, err)
	var names []string
	for _, first := range list {
		names = append(names, journal.FileName(first))
	}
	return names
}

var hashes = regexp.MustCompile(`"prev":"[0-9a-f]{64}"`)

// forge edits a line and makes it and all behind it follow again, as one would who wants
// to hide it.
func forge(t testing.TB, lines [][]byte, at int, edit func(string) string) []byte {
	t.Helper()
	var out []byte
	prev := ""
	for i, line := range lines {
		s := string(line)
		if i+1 >= at && s != "" {
			s = s[:len(s)-76] // ,"hash":"…"} and the newline
			if was := s; i+1 == at && edit != nil {
				if s = edit(s); s == was {
					t.Fatal("the edit changed nothing")
				}
			}
			if prev != "" {
				s = hashes.ReplaceAllLiteralString(s, `"prev":"`+prev+`"`)
			}
			sum := sm3.Sum([]byte(s))
			s += `,"hash":"` + hex.EncodeToString(sum[:]) + "\"}\n"
		}
		if len(s) > 67 {
			prev = s[len(s)-67 : len(s)-3]
		}
		out = append(out, s...)
	}
	return out
}

// mutation is one way to spoil a journal of one file.
type mutation struct {
	name  string
	entry int // that must be refused
	spoil func(lines [][]byte) []byte
}

// lineOf is the number of the nth line of a kind.
func lineOf(t *testing.T, lines [][]byte, kind string, n int) int {
	t.Helper()
	for i, l := range lines {
		if bytes.Contains(l, []byte(`"kind":"`+kind+`"`)) {
			n--
			if n == 0 {
				return i + 1
			}
		}
	}
	t.Fatalf("no such %s", kind)
	return 0
}

func mutations(t *testing.T, lines [][]byte) []mutation {
	join := func(parts ...[][]byte) []byte {
		var out []byte
		for _, p := range parts {
			out = append(out, bytes.Join(p, nil)...)
		}
		return out
	}
	settled, ack := lineOf(t, lines, kindSettlement, 3), lineOf(t, lines, kindAck, 2)
	replace := func(from, to string) func(string) string {
		return func(s string) string { return strings.Replace(s, from, to, 1) }
	}
	forged := func(name string, at int, edit func(string) string) mutation {
		return mutation{name, at, func(l [][]byte) []byte { return forge(t, l, at, edit) }}
	}
	changed := func(l [][]byte, at int, from, to string) [][]byte {
		out := append([][]byte{}, l...)
		out[at-1] = bytes.Replace(l[at-1], []byte(from), []byte(to), 1)
		return out
	}
	return []mutation{
		{"a byte", settled, func(l [][]byte) []byte { return join(changed(l, settled, "0001", "0002")) }},
		{"a hash digit", 7, func(l [][]byte) []byte { return join(changed(l, 7, `"hash":"`, `"hash":"0`)) }},
		{"a line left out", 6, func(l [][]byte) []byte { return join(l[:5], l[6:]) }},
		{"a line twice", 7, func(l [][]byte) []byte { return join(l[:6], l[5:]) }},
		{"two lines exchanged", 6, func(l [][]byte) []byte { return join(l[:5], l[6:7], l[5:6], l[7:]) }},
		{"the first line left out", 1, func(l [][]byte) []byte { return join(l[1:]) }},
		{"one line forged alone", settled + 1, func(l [][]byte) []byte {
			b := forge(t, l[:settled], settled, replace(`"op":"0001"`, `"op":"0009"`))
			return append(b, join(l[settled:])...)
		}},
		forged("a total", settled, replace(`"total":"1.15"`, `"total":"1.16"`)),
		forged("a fund part", settled, replace(`"fund":"1.00"`, `"fund":"1.01"`)),
		forged("a negative part", settled, func(s string) string {
			return replace(`"fund":"1.00"`, `"fund":"-1.00"`)(replace(`"cash":"0.05"`, `"cash":"2.05"`)(s))
		}),
		forged("a draw", settled, replace(`"paid":"0.10"`, `"paid":"0.20"`)),
		forged("a number again", settled, replace(`00003"`, `00002"`)),
		forged("a number skipped", 8, replace(`{"n":8,`, `{"n":9,`)),
		forged("time goes back", 9, replace(`"at":"2026`, `"at":"2025`)),
		forged("a base ahead", 9, replace(`"base":8`, `"base":9`)),
		forged("a base of no batch", 9, replace(`"base":8`, `"base":3`)),
		forged("a kind from nowhere", 9, func(s string) string {
			return regexp.MustCompile(`"kind":"[a-z]+"`).ReplaceAllString(s, `"kind":"gift"`)
		}),
		forged("a void of more", lineOf(t, lines, kindVoid, 1), func(s string) string {
			return replace(`"total":"1.15"`, `"total":"9.15"`)(replace(`"cash":"0.05"`, `"cash":"8.05"`)(s))
		}),
		forged("a void of nothing", lineOf(t, lines, kindVoid, 1), replace(`"of":"01`, `"of":"02`)),
		forged("a bill that patient and fund paid", lineOf(t, lines, kindSelfPaid, 1), func(s string) string {
			return replace(`"fund":"0.00"`, `"fund":"1.00"`)(replace(`"cash":"1.15"`, `"cash":"0.15"`)(s))
		}),
		forged("a repair of nothing", lineOf(t, lines, kindRepair, 1), replace(`"number":"01`, `"number":"02`)),
		forged("a void by one person", lineOf(t, lines, kindVoid, 1), replace(`"second":"0002"`, `"second":"0001"`)),
		forged("a repair by one person", lineOf(t, lines, kindRepair, 1), replace(`"second":"0002"`, `"second":"0001"`)),
		forged("a release by one person", lineOf(t, lines, kindRelease, 1), replace(`"second":"0002"`, `"second":"0001"`)),
		forged("an ack of nothing", ack, replace(`"number":"01`, `"number":"02`)),
		forged("an ack of more", ack, replace(`"cash":"0`, `"cash":"9`)),
		forged("another owner on the way", 9, func(s string) string {
			return regexp.MustCompile(`"kind":"[a-z]+"(.*)"body":.*`).ReplaceAllString(s, `"kind":"owner"$1"body":{"format":1,"institution":"H44030000001","counter":"01","key_mark":"0"}`)
		}),
		{"a bad line that a later one vouches for", len(lines) - 4, func(l [][]byte) []byte {
			return join(changed(l, len(l)-4, `"kind":"`, `"kind":"x`))
		}},
		{"a file that begins elsewhere", 2, func(l [][]byte) []byte { return nil }},
	}
}

// pythonChecker runs the checker that shares no code with this module. It returns the
// entry that it refuses, 0 if it refuses none.
func pythonChecker(t *testing.T, dir string) (entry int, said string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	out, err := exec.CommandContext(t.Context(), python, "../docs/check_journal.py", filepath.Join(dir, journalDir)).CombinedOutput()
	if err == nil {
		return 0, string(out)
	}
	m := regexp.MustCompile(` entry (\d+) at offset`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("the checker: %v\n%s", err, out)
	}
	entry, err = strconv.Atoi(string(m[1]))
	must(t, err)
	return entry, string(out)
}

// TestCheckerSeesNoJournal: the other checker proves nothing where no journal is, such as
// in the state directory above it.
func TestCheckerSeesNoJournal(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	dir := t.TempDir()
	mustClose(t, mustOpen(t, dir, options(newHand())))
	for _, where := range []string{dir, filepath.Join(dir, "nowhere"), filepath.Join(dir, journalDir, journal.FileName(1))} {
		out, err := exec.CommandContext(t.Context(), python, "../docs/check_journal.py", where).CombinedOutput()
		if err == nil || strings.Contains(string(out), "Traceback") || !strings.Contains(string(out), "DIR") && !strings.Contains(string(out), "no journal") {
			t.Errorf("%s: %v\n%s", where, err, out)
		}
	}
}

// TestMutations: whatever is done to a journal, verify and a checker in another language
// refuse it at the same entry; what is as it was written, both accept.
func TestMutations(t *testing.T) {
	dir := t.TempDir()
	h := newHand()
	q := mustOpen(t, dir, options(h))
	some(t, q, h, "a", 8)
	list, err := q.List(Filter{})
	must(t, err)
	_, _, err = q.Reverse(t.Context(), Reversal{Number: list[1].Settlement.Number, Key: "v", ContentDigest: "d", Reason: "x", By: two})
	must(t, err)
	paid := bill(q, "paid", version(t, q), 0, 0, 0, 115)
	paid.Settlement.SelfPaid, paid.Settlement.Split.UsageAfter = &settle.Reimbursement{Why: settle.OfflineLimit, Where: "here"}, settle.Usage{}
	_, _, err = q.Settle(t.Context(), paid)
	must(t, err)
	must(t, q.Repair(t.Context(), Repair{Number: list[2].Settlement.Number, Set: map[string]string{"doctor.code": "D9"}, Why: "a typo", By: two}))
	uploaded(t, q, "up")
	mustClose(t, q)
	name := filepath.Join(dir, journalDir, journal.FileName(1))
	whole, err := os.ReadFile(name)
	must(t, err)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	lines = lines[:len(lines)-1]
	if entry, said := pythonChecker(t, dir); entry != 0 || !strings.Contains(said, fmt.Sprintf("entries to %d fit", len(lines))) {
		t.Fatalf("as written: %s", said)
	}
	must(t, os.Remove(filepath.Join(dir, storeName)))
	for _, m := range mutations(t, lines) {
		t.Run(m.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.Mkdir(filepath.Join(dir, journalDir), 0o700))
			file := filepath.Join(dir, journalDir, journal.FileName(1))
			spoiled := m.spoil(lines)
			if spoiled == nil { // cut into two files in the wrong place
				must(t, os.WriteFile(file, lines[0], 0o600))
				file, spoiled = filepath.Join(dir, journalDir, journal.FileName(3)), bytes.Join(lines[1:], nil)
			}
			must(t, os.WriteFile(file, spoiled, 0o600))
			_, err := VerifyDir(t.Context(), dir, VerifyOptions{})
			damage, ok := errors.AsType[*journal.Damage](err)
			if !ok || int(damage.Entry) != m.entry {
				t.Errorf("verify: %v, want entry %d", err, m.entry)
			}
			if entry, said := pythonChecker(t, dir); entry != m.entry {
				t.Errorf("the checker refuses entry %d, want %d: %s", entry, m.entry, said)
			}
		})
	}
}

// TestTornIsNoDamage: what was never durable is told, not refused, by both.
func TestTornIsNoDamage(t *testing.T) {
	dir := twoDays(t)
	names := fileNames(t, dir)
	file := filepath.Join(dir, journalDir, names[len(names)-1])
	whole, err := os.ReadFile(file)
	must(t, err)
	must(t, os.Remove(filepath.Join(dir, storeName)))
	for _, cut := range []int{1, 2, 80, 200} {
		must(t, os.WriteFile(file, whole[:len(whole)-cut], 0o600))
		p, err := VerifyDir(t.Context(), dir, VerifyOptions{})
		if err != nil || p.Tail == nil {
			t.Errorf("cut by %d: %+v, %v", cut, p, err)
		}
		if entry, said := pythonChecker(t, dir); entry != 0 || !strings.Contains(said, "never durable") {
			t.Errorf("cut by %d, the checker: %s", cut, said)
		}
	}
}

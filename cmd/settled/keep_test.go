package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	k.write(t, file, strings.Replace(string(data), `"fund":"1.00"`, `"fund":"2.00"`, 1))
	out, errOut = k.verb(t, 1, "verify", k.state, "--json", "--config", filepath.Join(k.dir, "none"))
	contains(t, errOut, "entry 2 at offset")
	p = proof{}
	if err := json.Unmarshal([]byte(out), &p); err != nil || p.Proved || p.Entry != 2 || p.Offset == nil || p.File == "" || p.Why == "" {
		t.Errorf("%v: %s", err, out)
	}
}

package queue

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"settled/queue/journal"
)

// childMark is the environment variable that makes the test binary a child of
// TestKill, with the queue in its working directory.
const childMark = "SETTLED_QUEUE_TEST_CHILD"

// child settles, asks and acknowledges from four goroutines until it is killed, and
// prints what it was told is durable, only after it was told.
func child() {
	o := Options{Institution: "H44030000001", Counter: "01", Key: []byte("0123456789abcdef0123456789abcdef"), applyAfter: time.Millisecond, applyMany: 5}
	q, err := Open(".", o)
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	var out sync.Mutex
	say := func(words ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(words...)
	}
	say("open")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { life(q, say) })
	}
	wg.Wait()
	os.Exit(1)
}

func life(q *Queue, say func(...any)) {
	ctx := context.Background()
	for {
		key := fmt.Sprintf("%x", rand.Uint64())
		person := q.Person(key[:1])
		pos, err := q.Position(person, period)
		if err != nil {
			say("failed", err)
			return
		}
		c := bill(q, key, pos.Version, 100, 0, 10, 5)
		c.Settlement.Person = person
		c.Settlement.Usage = pos.Usage
		c.Settlement.Split.UsageAfter.Ordinary = pos.Usage.Ordinary + 100
		s, _, err := q.Settle(ctx, c)
		if err != nil { // stale: another goroutine was faster
			continue
		}
		say("settled", s.Number, key)
		if id, _, err := q.Request(ctx, s.Number, "2207", func(id string) ([]byte, error) { return []byte(id), nil }, clerk); err == nil {
			say("msgid", id)
		}
		if _, err := q.Acknowledge(ctx, ackOf(s)); err == nil {
			say("acked", s.Number)
		}
	}
}

// TestKill kills a process that settles, at any moment, again and again. Whatever it
// was told is durable is in the journal exactly once, no message id comes twice, the
// chain is whole, the state is as the journal says, and the next one goes on.
func TestKill(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	dir := t.TempDir()
	told := map[string]string{} // what was printed, by key
	acks := map[string]bool{}
	ids := map[string]bool{}
	for round := range rounds {
		if round%15 == 14 { // sometimes bbolt is lost as well
			_ = os.Remove(filepath.Join(dir, storeName))
		}
		opening := round%5 == 4 // killed while it opens, as well
		for _, line := range killed(t, dir, opening, time.Duration(rand.IntN(80_000))*time.Microsecond) {
			switch w := strings.Fields(line); {
			case w[0] == "failed":
				t.Fatalf("round %d: %s", round, line)
			case w[0] == "settled":
				told[w[2]] = w[1]
			case w[0] == "acked":
				acks[w[1]] = true
			case w[0] == "msgid" && ids[w[1]]:
				t.Fatalf("round %d: message id %s came twice", round, w[1])
			case w[0] == "msgid":
				ids[w[1]] = true
			}
		}
	}
	q := mustOpen(t, dir, options(newHand()))
	verified(t, q)
	inJournal, acknowledged := map[string]int{}, map[string]int{}
	must(t, q.journal.Walk(journal.Pos{}, func(e journal.Entry) error {
		ev, err := decode(e)
		switch ev := ev.(type) {
		case settled:
			inJournal[ev.Settlement.Key+" "+ev.Settlement.Number]++
		case acked:
			acknowledged[ev.Number]++
		}
		return err
	}))
	for key, number := range told {
		if n := inJournal[key+" "+number]; n != 1 {
			t.Errorf("settlement %s with key %s is %d times in the journal", number, key, n)
		}
		if r, err := q.Get(number); err != nil || r.Settlement.Key != key || (acks[number] && r.State != Acknowledged) {
			t.Errorf("settlement %s: %+v, %v", number, r.State, err)
		}
	}
	for number := range acks {
		if acknowledged[number] != 1 {
			t.Errorf("settlement %s is acknowledged %d times", number, acknowledged[number])
		}
	}
	if len(told) < 10 || len(ids) == 0 { // how many there are is a matter of the machine
		t.Errorf("only %d settlements and %d message ids in %d rounds: the test proves little", len(told), len(ids), rounds)
	}
	settle1(t, q, "goes on", 1, 0, 0, 0)
	t.Logf("%d kills: %d settlements told, %d in the journal, %d acknowledged", rounds, len(told), len(inJournal), len(acks))
}

// killed runs a child on dir, kills it some time after it has opened the queue (or
// after its start), and returns the whole lines it printed.
func killed(t *testing.T, dir string, opening bool, after time.Duration) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env, cmd.Dir = append(os.Environ(), childMark+"=1"), dir
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	r := bufio.NewReader(out)
	if !opening {
		if first, err := r.ReadString('\n'); err != nil || first != "open\n" {
			t.Fatalf("child: %q, %v", first, err)
		}
	}
	// The moment of the kill is what is random here; nothing is waited for.
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	data, err := io.ReadAll(r)
	must(t, err)
	_ = cmd.Wait() // killed
	lines := strings.Split(string(data), "\n")
	return lines[:len(lines)-1] // the last is empty, or was not printed to its end
}

// TestIDs draws message ids while the clock jumps and the process restarts.
func TestIDs(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	last, seen := "", 0
	for seen < n {
		switch r := rand.IntN(10_000); {
		case r == 0:
			crash(t, q)
			q = mustOpen(t, dir, options(h))
		case r < 5:
			h.move(-time.Duration(rand.IntN(100)) * time.Minute)
		case r < 100:
			h.move(time.Duration(rand.IntN(3000)) * time.Millisecond)
		}
		id, err := q.MsgID(t.Context())
		must(t, err)
		if len(id) != 30 || id[:12] != "H44030000001" || id[26:28] != "01" {
			t.Fatalf("id %q", id)
		}
		if id <= last { // one counter: ids go up, so none comes twice
			t.Fatalf("id %s after %s", id, last)
		}
		last = id
		seen++
	}
	reservations, first := 0, time.Time{}
	must(t, q.journal.Walk(journal.Pos{}, func(e journal.Entry) error {
		if first.IsZero() {
			first = e.At
		}
		if e.Kind == kindIDs {
			reservations++
		}
		return nil
	}))
	end, err := time.ParseInLocation("20060102150405", last[12:26], zone())
	must(t, err)
	if most := int(end.Sub(first)/time.Minute) + 2; reservations > most {
		t.Errorf("%d reservations, at most %d expected", reservations, most)
	}
}

// TestNumbersUsedUp: the 100,000th settlement of a day is refused, the next day's
// first is not.
func TestNumbersUsedUp(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	q.publish(layer{{ids.name, one}: idsRow{Day: 20261121, Serial: maxSerial}}, q.head)
	_, _, err := q.Settle(t.Context(), bill(q, "k", 0, 1, 0, 0, 0))
	wantRefusal(t, err, CodeNumbers)
	h.move(24 * time.Hour)
	s, _, err := q.Settle(t.Context(), bill(q, "k", 0, 1, 0, 0, 0))
	if err != nil || !strings.HasSuffix(s.Number, "00001") {
		t.Errorf("%s %v", s.Number, err)
	}
}

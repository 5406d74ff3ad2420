package demo

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"settled/cmd/rig/internal/platform"
)

// TestKill kills the daemon at random moments of settling and uploading, ten times,
// and starts it again. Whatever a client was told is there, once; a client that was
// told nothing learns the truth by asking again; the platform ends with the same.
func TestKill(t *testing.T) {
	t.Parallel()
	s := open(t)
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	must(t, s.bothCards(t.Context()))
	if status, a, err := s.post(t, "/v1/links", []byte(`{"relation":"child"}`)); err != nil || status != http.StatusCreated {
		t.Fatalf("link: %d %+v %v", status, a, err)
	}
	told := map[int]string{} // by visit: the number a client was told
	n := 0
	for range 10 {
		killed := make(chan error, 1)
		after, process := time.Duration(random.Int64N(int64(60*time.Millisecond))), s.daemon.cmd.Process
		time.AfterFunc(after, func() { killed <- process.Kill() })
		for broken := false; !broken; {
			n++
			status, a, err := s.settle(t, n)
			switch {
			case err != nil:
				broken = true // n may or may not be there
			case status == http.StatusCreated:
				told[n] = a.Number
			default:
				t.Fatalf("visit %d: %d %+v", n, status, a)
			}
		}
		must(t, <-killed)
		if err := <-s.daemon.ended; err == nil {
			t.Fatal("the daemon was killed, yet ended well")
		}
		if random.IntN(3) == 0 {
			must(t, os.Remove(at(s.folder, "state/queue.bolt")))
		}
		must(t, s.daemon.start(t.Context()))
		must(t, s.daemon.awaitState(t.Context(), "identified", func(sc screen) bool { return sc.Patient != nil && sc.Guardian != nil }))
		// The client that saw the connection break asks again with the same key.
		status, a, err := s.settle(t, n)
		if err != nil || status/100 != 2 {
			t.Fatalf("visit %d again: %d %+v %v", n, status, a, err)
		}
		told[n] = a.Number
	}
	numbers := slices.Sorted(maps.Values(told))
	if distinct := slices.Compact(slices.Clone(numbers)); len(distinct) != n {
		t.Errorf("%d visits have %d numbers", n, len(distinct))
	}
	s.awaitCount(t, "acknowledged", n)
	for i, e := range s.count(t, "acknowledged") {
		if e.Number != numbers[i] {
			t.Errorf("settlement %d is %s, the client was told %s", i, e.Number, numbers[i])
		}
	}
	s.sameBooks(t)
	t.Logf("%d settlements through 10 kills", n)
}

// TestLine spoils the platform's answers at every transaction of an upload; each time
// the settlement arrives all the same, once.
func TestLine(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.bothCards(t.Context()))
	n := 0
	for _, infno := range []string{"1101", "2201", "2203", "2204", "2206", "2207"} {
		for _, fault := range []platform.Fault{{Kind: platform.Cut, Booked: true}, {Kind: platform.Away, Text: "签名时间戳超时!"}} {
			fault.Infno, fault.Times = infno, 1
			must(t, s.platform.Add(fault))
		}
		n++
		if status, a, err := s.settle(t, n); err != nil || status != http.StatusCreated {
			t.Fatalf("%s: %d %+v %v", infno, status, a, err)
		}
	}
	s.awaitCount(t, "acknowledged", n)
	s.sameBooks(t)
	if page := s.platform.Books.Page(); page.Requests["2601"] == 0 {
		t.Error("no unknown outcome of 2207 was reversed")
	}
}

// TestOneBad has the platform answer rubbish for one person only: another person's
// settlement is not held up by it, and the first one arrives when the rubbish ends.
func TestOneBad(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.platform.Add(platform.Fault{Infno: "2206", Kind: platform.Rubbish, Body: "44030000000000000100000001"}))
	must(t, s.bothCards(t.Context()))
	for n := range 3 {
		if status, a, err := s.settle(t, n+1); err != nil || status != http.StatusCreated {
			t.Fatalf("%d %+v %v", status, a, err)
		}
	}
	must(t, s.takeCards(t.Context()))
	must(t, s.cards.Insert("patient", "demo-student"))
	must(t, s.daemon.awaitState(t.Context(), "identified", func(sc screen) bool { return sc.Patient != nil }))
	bill, err := s.visit("child-visit.json", 4)
	must(t, err)
	bill = bytes.ReplaceAll(bill, []byte(childID), []byte("440305200408081075"))
	status, quote, err := s.post(t, "/v1/quotes", bill)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %+v %v", status, quote, err)
	}
	status, student, err := s.post(t, "/v1/settlements", []byte(`{"quote":"`+quote.ID+`","key":"`+quote.Key+`"}`))
	if err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, student, err)
	}
	s.awaitCount(t, "acknowledged", 1)
	if first := s.count(t, "acknowledged")[0]; first.Number != student.Number {
		t.Errorf("%s arrived, want the student's %s", first.Number, student.Number)
	}
	s.platform.Clear()
	s.awaitCount(t, "acknowledged", 4)
	s.sameBooks(t)
}

// TestOrder loses one answer about a person: what was settled later for the same
// person waits, so that limit and balances are used in the order of the journal.
func TestOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.platform.Add(platform.Fault{Infno: "2206", Kind: platform.Rubbish, Times: 1}))
	must(t, s.bothCards(t.Context()))
	for n := range 3 {
		if status, a, err := s.settle(t, n+1); err != nil || status != http.StatusCreated {
			t.Fatalf("%d %+v %v", status, a, err)
		}
	}
	s.awaitCount(t, "acknowledged", 3)
	var order []string
	for _, one := range s.platform.Books.Page().Settlements {
		order = append(order, one.Batch)
	}
	if !slices.IsSorted(order) {
		t.Errorf("the platform booked %v", order)
	}
}

// TestAway has the gateway turn a 2207 away: nothing happened, so the stored request
// is sent again as it is and nothing is reversed.
func TestAway(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.platform.Add(platform.Fault{Infno: "2207", Kind: platform.Away, Text: "签名时间戳超时!", Times: 2}))
	must(t, s.bothCards(t.Context()))
	if status, a, err := s.settle(t, 1); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	s.awaitCount(t, "acknowledged", 1)
	if asked := s.platform.Books.Page().Requests; asked["2601"] != 0 || asked["2207"] != 3 {
		t.Errorf("the platform was asked %v", asked)
	}
}

// TestUnfit sends bills that cannot be put into the platform's messages: they are
// refused at the quote, with the message's field, and the counter goes on.
func TestUnfit(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.bothCards(t.Context()))
	bill, err := s.visit("child-visit.json", 1)
	must(t, err)
	for name, change := range map[string][2]string{
		"department":   {"儿科门诊", strings.Repeat("儿科门诊", 40)},
		"code":         {"C99010000000000000031", strings.Repeat("C", 51)},
		"no doctor":    {"陈敏", ""},
		"no diagnosis": {"J20.900", strings.Repeat("J", 31)},
	} {
		status, a, err := s.post(t, "/v1/quotes", bytes.ReplaceAll(bill, []byte(change[0]), []byte(change[1])))
		if err != nil || status/100 != 4 || a.Code == "" || a.Cashier == "" {
			t.Errorf("%s: %d %+v %v", name, status, a, err)
		}
	}
	if status, a, err := s.settle(t, 2); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	s.awaitCount(t, "acknowledged", 1)
}

// TestHeld lets the platform refuse one settlement: it is held with the reason, and
// the next one goes through.
func TestHeld(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.bothCards(t.Context()))
	must(t, s.platform.Add(platform.Fault{Infno: "2206", Kind: platform.Refuse, Text: "该参保人张小满（440305201806010023，F18060102）的参保信息为空", Times: 1}))
	for n := range 2 {
		if status, a, err := s.settle(t, n+1); err != nil || status != http.StatusCreated {
			t.Fatalf("%d %+v %v", status, a, err)
		}
	}
	s.awaitCount(t, "held", 1)
	s.awaitCount(t, "acknowledged", 1)
	out, err := s.daemon.run(t.Context(), "queue", "show", s.count(t, "held")[0].Number)
	must(t, err)
	if !strings.Contains(out, "挂起") || !strings.Contains(out, "的参保信息为空") {
		t.Errorf("the held settlement does not say why:\n%s", out)
	}
	log, err := os.ReadFile(s.daemon.log)
	must(t, err)
	for _, secret := range []string{"张小满", childID, "F18060102"} {
		if strings.Contains(out, secret) || bytes.Contains(log, []byte(secret)) {
			t.Errorf("the platform's words name the person: %s\n%s\n%s", secret, out, log)
		}
	}
	if open := s.platform.Books.Page().OpenVisits; len(open) > 0 {
		t.Errorf("the refused visit was left registered: %v", open)
	}
}

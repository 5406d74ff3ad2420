package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"settled/cmd/rig/internal/platform"
)

// answer is what the API says, of whatever kind.
type answer struct {
	ID       string      `json:"id"`
	Key      string      `json:"key"`
	Number   string      `json:"number"`
	Replayed bool        `json:"replayed"`
	Code     string      `json:"code"`
	Field    string      `json:"field"`
	Line     int         `json:"line"`
	Cashier  string      `json:"cashier"`
	Fund     json.Number `json:"fund"`
}

// post sends a request and gives status and answer; err is a connection that broke.
func (s *stage) post(t testing.TB, path string, body []byte) (int, answer, error) {
	t.Helper()
	res, err := s.daemon.ask(t.Context(), http.MethodPost, path, body)
	if err != nil {
		return 0, answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, answer{}, err
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatalf("%s: %s: %v", path, text, err)
	}
	return res.StatusCode, a, nil
}

// settle quotes and confirms the n-th visit, and quotes again while the quote is
// stale, as it becomes when an acknowledgement moves what it was computed from.
func (s *stage) settle(t *testing.T, n int) (status int, a answer, err error) {
	t.Helper()
	for {
		status, a, err = s.settleOnce(t, n)
		if err != nil || a.Code != "STALE_QUOTE" {
			return status, a, err
		}
	}
}

func (s *stage) settleOnce(t *testing.T, n int) (status int, a answer, err error) {
	t.Helper()
	bill, err := s.visit("child-follow-up.json", n)
	must(t, err)
	status, quote, err := s.post(t, "/v1/quotes", bill)
	if err != nil || status != http.StatusOK {
		return status, quote, err
	}
	var head struct {
		Key string `json:"key"`
	}
	must(t, json.Unmarshal(bill, &head))
	body, err := json.Marshal(map[string]string{"quote": quote.ID, "key": head.Key})
	must(t, err)
	return s.post(t, "/v1/settlements", body)
}

// count gives how many settlements are in a state.
func (s *stage) count(t *testing.T, state string) []row {
	t.Helper()
	var page struct {
		Entries []row `json:"entries"`
	}
	must(t, s.daemon.runJSON(t.Context(), &page, "queue", "list", "--limit", "1000", "--state", state))
	return page.Entries
}

// awaitCount waits until n settlements are in a state.
func (s *stage) awaitCount(t *testing.T, state string, n int) {
	t.Helper()
	must(t, s.daemon.await(t.Context(), "", func([]byte) bool { return len(s.count(t, state)) >= n }))
}

// sameBooks checks that the platform holds exactly the settlements of the journal,
// once each and to the fen.
func (s *stage) sameBooks(t *testing.T) {
	t.Helper()
	theirs, err := s.platformBooks()
	must(t, err)
	ours := s.count(t, "acknowledged")
	for _, e := range ours {
		a, err := s.journalBooks(t.Context(), e.Number)
		must(t, err)
		if got, want := theirs[e.Number].list(), a.list(); !slices.Equal(got, want) {
			t.Errorf("settlement %s: platform %v, journal %v", e.Number, got, want)
		}
		delete(theirs, e.Number)
	}
	for number := range theirs {
		t.Errorf("the platform holds %s, the journal does not have it acknowledged", number)
	}
	page := s.platform.Books.Page()
	if page.Live != len(ours) {
		t.Errorf("the platform holds %d settlements, the journal %d", page.Live, len(ours))
	}
	if len(page.Duplicates) > 0 {
		t.Errorf("message ids were used twice: %v", slices.Collect(maps.Keys(page.Duplicates)))
	}
}

// TestKill kills the daemon at random moments of settling and uploading, ten times,
// and starts it again. Whatever a client was told is there, once; a client that was
// told nothing learns the truth by asking again; the platform ends with the same.
func TestKill(t *testing.T) {
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

// TestUnfit settles a bill that cannot be put into the platform's form: it is held,
// and the daemon goes on.
func TestUnfit(t *testing.T) {
	s := open(t)
	must(t, s.bothCards(t.Context()))
	bill, err := s.visit("child-visit.json", 1)
	must(t, err)
	bill = bytes.ReplaceAll(bill, []byte("儿科门诊"), bytes.Repeat([]byte("儿科门诊"), 40)) // 100 characters at most
	status, quote, err := s.post(t, "/v1/quotes", bill)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %+v %v", status, quote, err)
	}
	if status, a, err := s.post(t, "/v1/settlements", []byte(`{"quote":"`+quote.ID+`","key":"`+quote.Key+`"}`)); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	s.awaitCount(t, "held", 1)
	if status, a, err := s.settle(t, 2); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	s.awaitCount(t, "acknowledged", 1)
}

// TestHeld lets the platform refuse one settlement: it is held with the reason, and
// the next one goes through.
func TestHeld(t *testing.T) {
	s := open(t)
	must(t, s.bothCards(t.Context()))
	must(t, s.platform.Add(platform.Fault{Infno: "2206", Kind: platform.Refuse, Text: "该参保人的参保信息为空", Times: 1}))
	for n := range 2 {
		if status, a, err := s.settle(t, n+1); err != nil || status != http.StatusCreated {
			t.Fatalf("%d %+v %v", status, a, err)
		}
	}
	s.awaitCount(t, "held", 1)
	s.awaitCount(t, "acknowledged", 1)
	out, err := s.daemon.run(t.Context(), "queue", "show", s.count(t, "held")[0].Number)
	must(t, err)
	if !strings.Contains(out, "挂起") || !strings.Contains(out, "该参保人的参保信息为空") {
		t.Errorf("the held settlement does not say why:\n%s", out)
	}
	if open := s.platform.Books.Page().OpenVisits; len(open) > 0 {
		t.Errorf("the refused visit was left registered: %v", open)
	}
}

// TestCardPulled pulls a card at each state of the window: it goes back with the
// reason on screen, and nothing is taken.
func TestCardPulled(t *testing.T) {
	s := open(t)
	must(t, s.bothCards(t.Context()))
	bill, err := s.visit("child-visit.json", 1)
	must(t, err)
	status, quote, err := s.post(t, "/v1/quotes", bill)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %+v %v", status, quote, err)
	}
	must(t, s.cards.Remove("guardian"))
	must(t, s.daemon.awaitState(t.Context(), "identified", func(sc screen) bool { return sc.Guardian == nil && sc.Patient != nil }))
	if status, a, err := s.post(t, "/v1/settlements", []byte(`{"quote":"`+quote.ID+`","key":"k1"}`)); err != nil || status != http.StatusConflict {
		t.Errorf("confirmed a quote whose guardian is gone: %d %+v %v", status, a, err)
	}
	must(t, s.cards.Remove("patient"))
	must(t, s.daemon.awaitState(t.Context(), "idle", func(sc screen) bool { return len(sc.Messages) > 0 }))
	if status, a, err := s.post(t, "/v1/quotes", bill); err != nil || status != http.StatusConflict || a.Cashier == "" {
		t.Errorf("quoted without a card: %d %+v %v", status, a, err)
	}
	// Pulled in the middle of the read: the card answers no more after the fourth command.
	must(t, s.cards.Insert("patient", childCard, "pull=4"))
	must(t, s.daemon.awaitState(t.Context(), "idle", func(sc screen) bool { return len(sc.Messages) > 0 }))
	if pending := s.count(t, "pending"); len(pending) > 0 {
		t.Errorf("something was taken: %v", pending)
	}
}

// TestWrongCards says what is wrong with each card.
func TestWrongCards(t *testing.T) {
	s := open(t)
	for profile, want := range map[string]string{"bank": "银行卡", "blank": "未写入", "mute": "芯片"} {
		must(t, s.cards.Insert("patient", profile))
		must(t, s.daemon.await(t.Context(), "screen", func(data []byte) bool { return bytes.Contains(data, []byte(want)) }))
		must(t, s.cards.Remove("patient"))
		must(t, s.daemon.awaitState(t.Context(), "idle", func(sc screen) bool { return sc.Patient == nil }))
	}
}

// TestBadBills sends each bad bill of testdata to the daemon: refused with field and
// line, and the journal is not written.
func TestBadBills(t *testing.T) {
	s := open(t)
	must(t, s.bothCards(t.Context()))
	before := s.journalBytes(t)
	bad, err := filepath.Glob(filepath.Join(s.Testdata, "bills", "bad-*.json"))
	must(t, err)
	if len(bad) < 10 {
		t.Fatalf("only %d bad bills", len(bad))
	}
	for _, path := range bad {
		data, err := os.ReadFile(path)
		must(t, err)
		status, a, err := s.post(t, "/v1/quotes", data)
		must(t, err)
		if status/100 != 4 || a.Code == "" || a.Cashier == "" {
			t.Errorf("%s: %d %+v", filepath.Base(path), status, a)
		}
		t.Logf("%s: %s %s line %d: %s", filepath.Base(path), a.Code, a.Field, a.Line, a.Cashier)
	}
	good, err := s.visit("child-visit.json", 1)
	must(t, err)
	today := s.began
	var bill struct {
		Items []json.RawMessage `json:"items"`
	}
	must(t, json.Unmarshal(good, &bill))
	for name, bad := range map[string]struct {
		old, new, code, field string
	}{
		"tomorrow":       {today.Format(time.DateOnly), today.AddDate(0, 0, 1).Format(time.DateOnly), "FUTURE_VISIT", "visit.date"},
		"another person": {childID, "440305198805051021", "WRONG_PERSON", "patient.id_number"},
		"10,000 lines":   {`"items": [`, `"items": [` + strings.Repeat(string(bill.Items[0])+",", 10_000), "TOO_MANY_LINES", "items"},
	} {
		status, a, err := s.post(t, "/v1/quotes", bytes.ReplaceAll(good, []byte(bad.old), []byte(bad.new)))
		must(t, err)
		if status != http.StatusUnprocessableEntity || a.Code != bad.code || a.Field != bad.field || a.Cashier == "" {
			t.Errorf("%s: %d %+v", name, status, a)
		}
	}
	if after := s.journalBytes(t); after != before {
		t.Errorf("the journal grew from %d to %d bytes", before, after)
	}
}

func (s *stage) journalBytes(t *testing.T) (size int64) {
	t.Helper()
	must(t, filepath.WalkDir(at(s.folder, "state"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".jsonl") {
			var info fs.FileInfo
			if info, err = e.Info(); err == nil {
				size += info.Size()
			}
		}
		return err
	}))
	if size == 0 {
		t.Fatal("no journal found")
	}
	return size
}

// TestClean reads every file that the daemon wrote for personal data in clear.
func TestClean(t *testing.T) {
	s := open(t)
	must(t, s.bothCards(t.Context()))
	if status, a, err := s.settle(t, 1); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	s.awaitCount(t, "acknowledged", 1)
	must(t, s.daemon.stop())
	must(t, filepath.WalkDir(s.folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || strings.HasPrefix(e.Name(), "bill-") {
			return err
		}
		data, err := os.ReadFile(path)
		for _, secret := range []string{childID, "440305198805051013", "张小满", "张建国", "F18060102", "44030000000000000100000001"} {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %q in clear", e.Name(), secret)
			}
		}
		return err
	}))
}

// TestTerm ends the daemon while settlements are under way: it ends with status 0,
// and everything it had answered is on disk.
func TestTerm(t *testing.T) {
	s := open(t)
	must(t, s.bothCards(t.Context()))
	told := []string{}
	stopped := make(chan error, 1)
	for n := 1; ; n++ {
		status, a, err := s.settle(t, n)
		if err != nil || status == http.StatusServiceUnavailable {
			break
		}
		if status != http.StatusCreated {
			t.Fatalf("%d %+v", status, a)
		}
		if told = append(told, a.Number); n == 3 {
			go func() { stopped <- s.daemon.stop() }()
		}
	}
	if err := <-stopped; err != nil {
		t.Fatalf("SIGTERM: %v", err)
	}
	must(t, s.daemon.start(t.Context()))
	for _, number := range told {
		if _, err := s.daemon.run(t.Context(), "explain", number); err != nil {
			t.Error(err)
		}
	}
}

// TestTwice starts a second daemon on the same state: it ends at once and says why,
// and the first one goes on.
func TestTwice(t *testing.T) {
	s := open(t)
	out, err := exec.CommandContext(t.Context(), s.daemon.program, "serve", "--config", s.daemon.config).CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("queue: ")) {
		t.Errorf("two daemons on one journal: %v\n%s", err, out)
	}
	must(t, s.daemon.awaitReady(t.Context()))
}

// TestCardService kills pcscd under the running daemon: the window goes idle and says
// why it is not ready, and comes back by itself with the card that still lies there.
func TestCardService(t *testing.T) {
	s := open(t)
	must(t, s.bothCards(t.Context()))
	must(t, s.cards.Kill())
	must(t, s.daemon.awaitState(t.Context(), "idle", func(sc screen) bool { return sc.Patient == nil }))
	res, err := s.daemon.get(t.Context(), "/readyz")
	must(t, err)
	text, err := io.ReadAll(res.Body)
	must(t, errors.Join(err, res.Body.Close()))
	if res.StatusCode != http.StatusServiceUnavailable || !bytes.Contains(text, []byte("READER_MISSING")) {
		t.Errorf("without pcscd: %d %s", res.StatusCode, text)
	}
	must(t, s.cards.Launch())
	must(t, s.daemon.awaitState(t.Context(), "identified", func(sc screen) bool { return sc.Patient != nil && sc.Guardian != nil }))
	must(t, s.daemon.awaitReady(t.Context()))
	if status, a, err := s.settle(t, 1); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
}

package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCardPulled pulls a card at each state of the window: it goes back with the
// reason on screen, and nothing is taken.
func TestCardPulled(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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
		for _, secret := range []string{childID, "440305198805051013", "张小满", "张建国", "F18060102", "44030000000000000100000001", "急性支气管炎", "陈敏"} {
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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

// TestDownWithCardsIn takes the platform away while the cards lie in the readers: what is
// settled after the first is provisional, marked on paper, and bounded by person and
// counter. Beyond the bound the patient pays, with a slip to claim with, and the platform is
// never told.
func TestDownWithCardsIn(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.bothCards(t.Context()))
	s.platform.Down()
	granted, marked, claims := 0, 0, 0
	for n := 1; n <= 45; n++ {
		a := s.settled(t, n)
		if n == 1 { // its upload finds out
			must(t, s.daemon.await(t.Context(), "standing", func(data []byte) bool { return bytes.Contains(data, []byte("PLATFORM_DOWN")) }))
		}
		slip := s.slip(t, a.Number)
		switch {
		case strings.Contains(slip, "先自费后报销凭条"):
			claims++
			if !strings.Contains(slip, "医保未支付 凭此条报销") || !strings.Contains(slip, "本院医保办") || a.Fund != "0.00" {
				t.Errorf("%+v\n%s", a, slip)
			}
		case claims > 0:
			t.Errorf("granted again without the platform:\n%s", slip)
		default:
			granted++
			if strings.Contains(slip, "【离线结算 待上传】") {
				marked++
			}
		}
	}
	// The limit of a person is 1000.00, a visit brings 24 to 31 yuan of the fund.
	if granted < 1000/31 || granted > 1000/24 || granted-marked > 1 {
		t.Errorf("%d settlements without the platform, %d of them marked, %d claims", granted, marked, claims)
	}
	listed := s.count(t, "self_paid")
	out, err := s.daemon.run(t.Context(), "status")
	must(t, err)
	if len(listed) != claims || !strings.Contains(out, "损失承担  定点医药机构") {
		t.Errorf("%d claims, listed %d\n%s", claims, len(listed), out)
	}
	given(t, http.StatusCreated)(s.void(t, listed[0].Number, "back"))
	if left := s.count(t, "self_paid"); len(left) != claims-1 {
		t.Errorf("%d claims are left of %d", len(left), claims)
	}
	must(t, s.platform.Up())
	s.awaitCount(t, "acknowledged", granted)
	s.sameBooks(t)
	if asked := s.platform.Books.Page().Requests; asked["2207"] != granted {
		t.Errorf("%d settlements, the platform was asked %v", granted, asked)
	}
}

// slip is the original slip of a settlement.
func (s *stage) slip(t *testing.T, number string) string {
	t.Helper()
	res, err := s.daemon.get(t.Context(), "/v1/settlements/"+number+"/receipt?copy=0")
	must(t, err)
	text, err := io.ReadAll(res.Body)
	must(t, errors.Join(err, res.Body.Close()))
	return string(text)
}

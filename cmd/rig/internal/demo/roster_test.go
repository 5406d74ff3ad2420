package demo

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"settled/cmd/rig/internal/platform"
)

const studentID = "440305200408081075"

// keeper is the daemon as the holder of the token of operations sees it.
func (s *stage) keeper() *daemon {
	keeper := *s.daemon
	keeper.tokenFile = at(s.folder, "credentials/operations.token")
	return &keeper
}

// TestRoster loads tomorrow's patients, with the daemon killed on the way and the list
// loaded again; then the line goes down, and a card that shows nothing but its number is
// settled with what the platform said of its holder.
func TestRoster(t *testing.T) {
	t.Parallel()
	s := open(t)
	list := at(t.TempDir(), "tomorrow.csv")
	must(t, os.WriteFile(list, []byte("id_number,card_number,name\n"+childID+",F18060102,张小满\n440305198805051013,F88050510,\n440305195802121035,F58021210,王五\n"+studentID+",F04080810,\n"), 0o600))
	bad := at(t.TempDir(), "bad.csv")
	must(t, os.WriteFile(bad, []byte("id_number\n"+childID+"\n440305200408081076\n"), 0o600))
	before := s.journalBytes(t)
	if _, err := s.keeper().run(t.Context(), "roster", "load", bad); err == nil || !strings.Contains(err.Error(), "第3行的 id_number") {
		t.Errorf("a bad line: %v", err)
	}
	if _, err := s.daemon.run(t.Context(), "roster", "load", list); err == nil || !strings.Contains(err.Error(), "NOT_ALLOWED") {
		t.Errorf("with the cashier's token: %v", err)
	}
	if after := s.journalBytes(t); after != before {
		t.Errorf("refused lists wrote %d bytes", after-before)
	}

	// Killed at the third person's 2001: two are known.
	must(t, s.platform.Add(platform.Fault{Infno: "2001", Kind: platform.Hold, Skip: 2, Times: 1}))
	loading := make(chan error, 1)
	go func() {
		_, err := s.keeper().run(t.Context(), "roster", "load", list, "--rate", "6000/min")
		loading <- err
	}()
	must(t, s.platform.Waiting(t.Context()))
	must(t, s.daemon.cmd.Process.Kill())
	if err := <-s.daemon.ended; err == nil {
		t.Fatal("the daemon was killed, yet ended well")
	}
	if err := <-loading; err == nil {
		t.Error("the command did not notice that the daemon is gone")
	}
	s.platform.Release()
	must(t, s.daemon.start(t.Context()))
	out, err := s.keeper().run(t.Context(), "roster", "load", list, "--rate", "6000/min")
	if err != nil || !strings.Contains(out, "名单 4 人：新查询 1，已有 2，平台拒绝或不符 1，未查 0") || !strings.Contains(out, "第4行") {
		t.Fatalf("again: %v\n%s", err, out)
	}

	s.platform.Down()
	must(t, s.cards.Insert("patient", "demo-locked"))
	must(t, s.daemon.awaitState(t.Context(), "identified", func(sc screen) bool { return sc.Patient != nil && sc.Patient.Offline != "" }))
	bill, err := s.visit("child-visit.json", 1)
	must(t, err)
	bill = bytes.ReplaceAll(bill, []byte(childID), []byte(studentID))
	status, quote, err := s.post(t, "/v1/quotes", bill)
	if err != nil || status != http.StatusOK || quote.Fund == "0.00" {
		t.Fatalf("%d %+v %v", status, quote, err)
	}
	status, done, err := s.post(t, "/v1/settlements", fmt.Appendf(nil, `{"quote":%q,"key":%q}`, quote.ID, quote.Key))
	if err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, done, err)
	}
	must(t, s.platform.Up())
	s.awaitCount(t, "acknowledged", 1)
	s.sameBooks(t)

	must(t, s.daemon.stop())
	must(t, filepath.WalkDir(s.folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, secret := range []string{studentID, childID, "李思远", "张小满", "F04080810"} {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %q in clear", e.Name(), secret)
			}
		}
		return err
	}))
}

// TestRepair: the platform refuses a settlement because of the doctor's code. The operator
// is told what may be mended, mends that, and it arrives; what would alter what was taken is
// refused.
func TestRepair(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.bothCards(t.Context()))
	must(t, s.platform.Add(platform.Fault{Infno: "2203", Kind: platform.Refuse, Body: "D440301003218", Text: "FSI-医师编码不存在"}))
	bill, err := s.visit("child-follow-up.json", 1)
	must(t, err)
	if !bytes.Contains(bill, []byte("D440301003218")) {
		t.Fatalf("the bill has another doctor: %s", bill)
	}
	a := s.settled(t, 1)
	s.awaitUpload(t, a.Number, "held")
	out, err := s.keeper().run(t.Context(), "queue", "show", a.Number)
	if err != nil || !strings.Contains(out, "前上传：此后计入下月清算") || !strings.Contains(out, "doctor.code") || !strings.Contains(out, "D440301003218") || strings.Contains(out, "unit_price") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := s.daemon.run(t.Context(), "queue", "show", a.Number); err != nil || !strings.Contains(out, "doctor.code") || strings.Contains(out, "D440301003218") {
		t.Errorf("the cashier: %v\n%s", err, out)
	}
	for set, want := range map[string]string{"items.1.unit_price=1.00": "撤销后重新结算", "doctor.code=" + strings.Repeat("D", 31): "PLATFORM_FIELD", "tel=1": "FIELD_UNKNOWN"} {
		if _, err := s.keeper().run(t.Context(), "queue", "repair", a.Number, "--set", set, "--why", "x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", set, err, want)
		}
	}
	args := []string{"queue", "repair", a.Number, "--set", "doctor.code=D440300100099", "--why", "医师编码已更换"}
	if _, err := s.daemon.run(t.Context(), args...); err == nil || !strings.Contains(err.Error(), "NOT_ALLOWED") {
		t.Errorf("with the cashier's token: %v", err)
	}
	for range 2 { // the second call is of one whose answer was lost
		if _, err := s.keeper().run(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
	}
	s.awaitUpload(t, a.Number, "acknowledged")
	s.sameBooks(t)
	must(t, s.daemon.stop())
	if out, err := s.daemon.run(t.Context(), "verify", at(s.folder, "state")); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

package demo

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"settled/cmd/rig/internal/platform"
)

// stay is a stage where the child is in hospital and the father has let his account pay.
type stay struct {
	*stage
	id string // of the visit
}

// admitted has the hospital admit the child three days ago, and gives the visit's number.
func (s *stage) admitted(t *testing.T) string {
	t.Helper()
	id, err := s.platform.Books.Admit(platform.Admission{
		PsnNo: "44030000000000000100000001", Insutype: "390", Institution: "H44030500001", IPT: "ZY01",
		Began: s.began.AddDate(0, 0, -3).Format(time.DateTime),
	})
	must(t, err)
	return id
}

// bill is the child's bill at discharge, the n-th of today.
func (s *stay) bill(t *testing.T, n int) []byte {
	t.Helper()
	data, err := s.visit("child-stay.json", n)
	must(t, err)
	var bill, visit map[string]json.RawMessage
	must(t, json.Unmarshal(data, &bill))
	must(t, json.Unmarshal(bill["visit"], &visit))
	for name, value := range map[string]string{
		"visit_id": s.id, "began": s.began.AddDate(0, 0, -3).Format(time.DateTime), "outpatient_no": "ZY01",
	} {
		visit[name], err = json.Marshal(value)
		must(t, err)
	}
	bill["visit"], err = json.Marshal(visit)
	must(t, err)
	data, err = json.Marshal(bill)
	must(t, err)
	return data
}

func openStay(t *testing.T) *stay {
	t.Helper()
	s := family(t)
	return &stay{s, s.admitted(t)}
}

// settled settles the n-th bill of the stay.
func (s *stay) settled(t *testing.T, n int) answer {
	t.Helper()
	bill := s.bill(t, n)
	for {
		status, quote, err := s.post(t, "/v1/quotes", bill)
		if err != nil || status != http.StatusOK {
			t.Fatalf("quote %d: %d %+v %v", n, status, quote, err)
		}
		body, err := json.Marshal(map[string]string{"quote": quote.ID, "key": quote.Key})
		must(t, err)
		status, a, err := s.post(t, "/v1/settlements", body)
		switch {
		case err == nil && status == http.StatusCreated:
			return a
		case err != nil || a.Code != "STALE_QUOTE":
			t.Fatalf("bill %d: %d %+v %v", n, status, a, err)
		}
	}
}

// books checks what the platform has: live settlements, of the child's stay, and the
// admission with no open line.
func (s *stay) books(t *testing.T, live int, fund, family, cash string) {
	t.Helper()
	page := s.platform.Books.Page()
	text, err := json.Marshal(page)
	must(t, err)
	var sums struct{ Fund, Mutual, Cash string }
	must(t, json.Unmarshal(text, &sums))
	if page.Live != live || sums.Fund != fund || sums.Mutual != family || sums.Cash != cash || len(page.Stays) != 1 || page.Stays[s.id] != 0 || len(page.Duplicates) > 0 {
		t.Errorf("the platform has %d live, %+v, open lines %v, twice %v; want %d live, %s %s %s", page.Live, sums, page.Stays, page.Duplicates, live, fund, family, cash)
	}
}

// TestStay settles a child's stay, voids it after the platform took it, settles the next
// bill of the same stay, and refunds a line of it; the books of the day agree, and the
// admission is as the hospital made it.
func TestStay(t *testing.T) {
	t.Parallel()
	s := openStay(t)
	day := s.began.Format(time.DateOnly)
	unadmitted := bytes.Replace(s.bill(t, 1), []byte(`"visit_id":"`+s.id+`",`), nil, 1)
	unadmitted = bytes.Replace(unadmitted, []byte(`,"visit_id":"`+s.id+`"`), nil, 1)
	if status, a, err := s.post(t, "/v1/quotes", unadmitted); err != nil || status/100 != 4 || a.Code != "PLATFORM_NO_ADMISSION" || !strings.Contains(a.Cashier, "mdtrt_id") {
		t.Errorf("without an admission: %d %+v %v", status, a, err)
	}
	first := s.settled(t, 1)
	s.awaitUpload(t, first.Number, "acknowledged") // and does not differ
	s.books(t, 1, "690.40", "715.28", "120.00")
	if slip := s.slip(t, first.Number); !strings.Contains(slip, "起付线（患者负担）") || !strings.Contains(slip, "￥600.00") || !strings.Contains(slip, "住院号 ZY01") {
		t.Errorf("slip:\n%s", slip)
	}
	v := given(t, http.StatusCreated)(s.void(t, first.Number, "v"))
	s.awaitUpload(t, v.Number, "withdrawn")
	s.books(t, 0, "0.00", "0.00", "0.00")
	if r := s.reconciled(t, day).of("21"); r.states() != "310 equal, 390 equal" || r.Books[1].Positive.Count != 1 || r.Books[1].Negative.Count != 1 {
		t.Errorf("after the void: %+v", r)
	}
	second := s.settled(t, 2)
	s.awaitUpload(t, second.Number, "acknowledged")
	refund := given(t, http.StatusCreated)(s.refund(t, second.Number, "r", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11))
	s.awaitUpload(t, refund.Kept, "acknowledged")
	s.books(t, 1, "690.40", "715.28", "40.00")
	if r := s.reconciled(t, day).of("21"); r.states() != "310 equal, 390 equal" || r.Books[1].Positive.Count != 3 || r.Books[1].Negative.Count != 2 {
		t.Errorf("at the end: %+v", r)
	}
}

// slip gives the receipt of a settlement.
func (s *stay) slip(t *testing.T, number string) string {
	t.Helper()
	res, err := s.daemon.get(t.Context(), "/v1/settlements/"+number+"/receipt")
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	must(t, err)
	return string(text)
}

// TestStayKilled kills the daemon while 2304 is at the platform, which books it; the daemon
// that starts again finds out, and has it there once.
func TestStayKilled(t *testing.T) {
	t.Parallel()
	for _, infno := range []string{"2301", "2304"} {
		s := openStay(t)
		must(t, s.platform.Add(platform.Fault{Infno: infno, Kind: platform.Silent, Booked: true, Times: 1}))
		a := s.settled(t, 1)
		must(t, s.platform.Waiting(t.Context()))
		must(t, s.daemon.cmd.Process.Kill())
		if err := <-s.daemon.ended; err == nil {
			t.Fatal("the daemon was killed, yet ended well")
		}
		s.platform.Clear()
		must(t, s.daemon.start(t.Context()))
		s.awaitUpload(t, a.Number, "acknowledged")
		s.books(t, 1, "690.40", "715.28", "120.00")
		if asked := s.platform.Books.Page().Requests; asked["2601"] == 0 && asked["2302"] == 0 || asked["2201"]+asked["2208"] > 0 {
			t.Errorf("%s: asked %v", infno, asked)
		}
	}
}

// TestStayRestoreForgotten settles a stay after the backup; the restored copy knows nothing
// of it. Brought again it is not settled a second time, but held.
func TestStayRestoreForgotten(t *testing.T) {
	t.Parallel()
	s := openStay(t)
	var kept struct{ Path, Hash string }
	must(t, s.daemon.runJSON(t.Context(), &kept, "backup", t.TempDir(), "--config", s.daemon.config))
	s.awaitUpload(t, s.settled(t, 1).Number, "acknowledged")
	must(t, s.daemon.stop())
	_, err := s.daemon.run(t.Context(), "restore", kept.Path, "--config", s.daemon.config, "--take-over", kept.Hash, "--replace")
	must(t, err)
	must(t, s.daemon.start(t.Context()))
	must(t, s.daemon.awaitState(t.Context(), "identified", func(sc screen) bool { return sc.Patient != nil && sc.Guardian != nil }))
	again := s.settled(t, 1)
	s.awaitUpload(t, again.Number, "held")
	var one struct{ Reason struct{ Code string } }
	must(t, s.daemon.runJSON(t.Context(), &one, "queue", "show", again.Number))
	if page := s.platform.Books.Page(); page.Live != 1 || one.Reason.Code != "RESTORED_SETTLED" {
		t.Errorf("held for %q, the platform holds %d settlements of one stay", one.Reason.Code, page.Live)
	}
}

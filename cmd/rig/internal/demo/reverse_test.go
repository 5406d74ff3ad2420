package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"settled/cmd/rig/internal/platform"
)

// reversal is a void or refund as the API gives it.
type reversal struct {
	answer
	Kind string  `json:"kind"`
	Of   string  `json:"of"`
	Kept string  `json:"kept"`
	Back amounts `json:"back"`
}

// void reverses a settlement whole.
func (s *stage) void(t *testing.T, number, key string) (int, reversal, error) {
	t.Helper()
	return s.giveBack(t, "/v1/settlements/"+number+"/void", map[string]any{"key": key, "reason": "测试"})
}

// refund asks what would go back and reverses a settlement by line.
func (s *stage) refund(t *testing.T, number, key string, keep ...int) (int, reversal, error) {
	t.Helper()
	path := "/v1/settlements/" + number + "/refund"
	status, quote, err := s.giveBack(t, path+"/quote", map[string]any{"keep": keep})
	if err != nil || status != http.StatusOK {
		return status, quote, err
	}
	status, done, err := s.giveBack(t, path, map[string]any{"key": key, "reason": "测试", "keep": keep, "quote": quote.ID})
	if err == nil && status/100 == 2 && strings.Join(quote.Back.list(), " ") != strings.Join(done.Back.list(), " ") {
		t.Errorf("shown %v, given back %v", quote.Back.list(), done.Back.list())
	}
	return status, done, err
}

func (s *stage) giveBack(t *testing.T, path string, ask map[string]any) (status int, r reversal, err error) {
	t.Helper()
	body, err := json.Marshal(ask)
	must(t, err)
	status, text, err := s.call(t, path, body)
	if err == nil {
		must(t, json.Unmarshal(text, &r))
	}
	return status, r, err
}

// settled settles the n-th visit.
func (s *stage) settled(t *testing.T, n int) answer {
	t.Helper()
	status, a, err := s.settle(t, n)
	if err != nil || status != http.StatusCreated {
		t.Fatalf("visit %d: %d %+v %v", n, status, a, err)
	}
	return a
}

// given checks that a reversal was made, or replayed with status 200.
func given(t *testing.T, want int) func(int, reversal, error) reversal {
	t.Helper()
	return func(status int, r reversal, err error) reversal {
		t.Helper()
		if err != nil || status != want {
			t.Fatalf("%d %+v %v, want %d", status, r, err, want)
		}
		return r
	}
}

// position is what the next quote of a visit rests on: what is left of the limit, and
// how much the family account could pay.
func (s *stage) position(t *testing.T) string {
	t.Helper()
	bill, err := s.visit("child-follow-up.json", 99)
	must(t, err)
	status, text, err := s.call(t, "/v1/quotes", bill)
	var q struct {
		Limit json.RawMessage `json:"limit_after"`
		Split struct {
			Draws []struct {
				Usable json.RawMessage `json:"usable"`
			} `json:"mutual_by_account"`
		} `json:"split"`
	}
	if err != nil || status != http.StatusOK || json.Unmarshal(text, &q) != nil {
		t.Fatalf("%d %s %v", status, text, err)
	}
	return fmt.Sprintf("limit %s, draws %s", q.Limit, q.Split.Draws)
}

// told gives how often the platform was asked to book something or take it back.
func (s *stage) told() map[string]int {
	asked := s.platform.Books.Page().Requests
	told := map[string]int{}
	for _, infno := range []string{"2201", "2202", "2203", "2204", "2205", "2206", "2207", "2208", "2601"} {
		if asked[infno] > 0 {
			told[infno] = asked[infno]
		}
	}
	return told
}

// awaitUpload waits until a settlement or reversal is in a state.
func (s *stage) awaitUpload(t *testing.T, number, state string) {
	t.Helper()
	must(t, s.daemon.await(t.Context(), "", func([]byte) bool {
		var one struct {
			State string `json:"state"`
		}
		must(t, s.daemon.runJSON(t.Context(), &one, "queue", "show", number))
		return one.State == state
	}))
}

// family opens a stage with both cards in and the link filed.
func family(t *testing.T) *stage {
	t.Helper()
	s := open(t)
	must(t, s.bothCards(t.Context()))
	if status, a, err := s.post(t, "/v1/links", []byte(`{"relation":"child"}`)); err != nil || status != http.StatusCreated {
		t.Fatalf("link: %d %+v %v", status, a, err)
	}
	return s
}

// TestVoidUnsent voids what has not been sent, with the platform down: what could not
// leave, and what waited behind it. Neither half is ever sent, and it is as if it had
// never been.
func TestVoidUnsent(t *testing.T) {
	t.Parallel()
	s := family(t)
	before := s.position(t)
	s.platform.Down()
	a, b := s.settled(t, 1), s.settled(t, 2)
	s.awaitUpload(t, given(t, http.StatusCreated)(s.void(t, b.Number, "v2")).Number, "voided")
	v := given(t, http.StatusCreated)(s.void(t, a.Number, "v1"))
	if after := s.position(t); after != before {
		t.Errorf("before %s, after the void %s", before, after)
	}
	must(t, s.platform.Up())
	s.awaitUpload(t, v.Number, "voided")
	s.awaitUpload(t, a.Number, "voided")
	if told := s.told(); len(told) > 0 {
		t.Errorf("the platform was told %v", told)
	}
	s.sameBooks(t)
}

// TestVoidAcknowledged voids what the platform has: it takes it back (2208), and both
// books agree. The same key again gives the same; another key is refused.
func TestVoidAcknowledged(t *testing.T) {
	t.Parallel()
	s := family(t)
	before := s.position(t)
	a := s.settled(t, 1)
	s.awaitCount(t, "acknowledged", 1)
	v := given(t, http.StatusCreated)(s.void(t, a.Number, "v1"))
	s.awaitUpload(t, v.Number, "withdrawn")
	if again := given(t, http.StatusOK)(s.void(t, a.Number, "v1")); !again.Replayed || again.Number != v.Number {
		t.Errorf("the same key again: %+v", again)
	}
	if no := given(t, http.StatusConflict)(s.void(t, a.Number, "v2")); no.Code != "ALREADY_VOIDED" || no.Cashier == "" {
		t.Errorf("voided twice: %+v", no)
	}
	if status, a, err := s.settle(t, 1); err != nil || status != http.StatusConflict || a.Code != "SETTLEMENT_REVERSED" {
		t.Errorf("the same bill again: %d %+v %v", status, a, err)
	}
	if told := s.told(); told["2208"] != 1 || told["2601"] != 0 {
		t.Errorf("the platform was told %v", told)
	}
	if page := s.platform.Books.Page(); page.Live != 0 || page.Fund != 0 || page.Family != 0 {
		t.Errorf("the platform holds %+v", page)
	}
	if after := s.position(t); after != before {
		t.Errorf("before %s, after the void %s", before, after)
	}
	s.sameBooks(t)
}

// TestVoidInFlight voids while nobody knows what became of the 2207: the void waits for
// the outcome. If the platform had booked it, it is taken back; either way it has nothing.
func TestVoidInFlight(t *testing.T) {
	t.Parallel()
	for _, booked := range []bool{true, false} {
		t.Run(fmt.Sprint("booked ", booked), func(t *testing.T) {
			s := family(t)
			before := s.position(t)
			must(t, s.platform.Add(platform.Fault{Infno: "2207", Kind: platform.Cut, Booked: booked, Times: 1}))
			must(t, s.platform.Add(platform.Fault{Infno: "2601", Kind: platform.Cut})) // so that it stays unknown
			a := s.settled(t, 1)
			s.awaitUpload(t, a.Number, "unknown")
			v := given(t, http.StatusCreated)(s.void(t, a.Number, "v1"))
			s.awaitUpload(t, v.Number, "pending")
			if s.told()["2208"] != 0 {
				t.Error("cancelled what nobody knows to be there")
			}
			s.platform.Clear()
			must(t, s.daemon.await(t.Context(), "", func([]byte) bool { return len(s.count(t, "pending")) == 0 }))
			if page := s.platform.Books.Page(); page.Live != 0 || len(page.OpenVisits) > 0 {
				t.Errorf("the platform holds %+v", page)
			}
			if after := s.position(t); after != before {
				t.Errorf("before %s, after the void %s", before, after)
			}
			s.sameBooks(t)
		})
	}
}

// alone settles the n-th visit with lines 1 and 3 only.
func (s *stage) alone(t *testing.T, n int) answer {
	t.Helper()
	data, err := s.visit("child-follow-up.json", n)
	must(t, err)
	var bill map[string]json.RawMessage
	var items []json.RawMessage
	must(t, errors.Join(json.Unmarshal(data, &bill), json.Unmarshal(bill["items"], &items)))
	bill["items"], err = json.Marshal([]json.RawMessage{items[0], items[2]})
	must(t, err)
	bill["total"] = json.RawMessage(`"37.80"`)
	data, err = json.Marshal(bill)
	must(t, err)
	status, quote, err := s.post(t, "/v1/quotes", data)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %+v %v", status, quote, err)
	}
	status, a, err := s.post(t, "/v1/settlements", []byte(`{"quote":"`+quote.ID+`","key":"`+quote.Key+`"}`))
	if err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	return a
}

// asAlone checks that what was kept of a refund is, to the fen, what the kept lines
// alone would have been: at the journal, at the platform, and for the next quote.
func (s *stage) asAlone(t *testing.T, kept string) {
	t.Helper()
	after := s.position(t)
	a, err := s.journalBooks(t.Context(), kept)
	must(t, err)
	v := given(t, http.StatusCreated)(s.void(t, kept, "again"))
	s.awaitUpload(t, v.Number, "withdrawn")
	alone := s.alone(t, 50)
	s.awaitUpload(t, alone.Number, "acknowledged")
	b, err := s.journalBooks(t.Context(), alone.Number)
	must(t, err)
	if !slices.Equal(a.list(), b.list()) {
		t.Errorf("kept %v, the same lines alone %v", a.list(), b.list())
	}
	if now := s.position(t); now != after {
		t.Errorf("after the refund %s, after the lines alone %s", after, now)
	}
	s.sameBooks(t)
}

// TestRefundAcknowledged refunds a line of what the platform has: it takes the whole
// back and books the kept lines anew.
func TestRefundAcknowledged(t *testing.T) {
	t.Parallel()
	s := family(t)
	a := s.settled(t, 1)
	s.awaitUpload(t, a.Number, "acknowledged")
	v := given(t, http.StatusCreated)(s.refund(t, a.Number, "r1", 1, 3))
	if v.Kind != "refund" || v.Kept == "" || string(v.Back.Total) != `"16.00"` {
		t.Errorf("%+v", v)
	}
	s.awaitUpload(t, v.Kept, "acknowledged")
	s.awaitUpload(t, v.Number, "withdrawn")
	if told := s.told(); told["2208"] != 1 || told["2207"] != 2 {
		t.Errorf("the platform was told %v", told)
	}
	s.sameBooks(t)
	s.asAlone(t, v.Kept)
}

// TestRefundOffline refunds a line with the platform down, of what it has and of what it
// has not: later it learns of both what is left, and nothing else.
func TestRefundOffline(t *testing.T) {
	t.Parallel()
	s := family(t)
	a := s.settled(t, 1)
	s.awaitUpload(t, a.Number, "acknowledged")
	s.platform.Down()
	b := s.settled(t, 2)
	v := given(t, http.StatusCreated)(s.refund(t, a.Number, "r1", 1, 3))
	w := given(t, http.StatusCreated)(s.refund(t, b.Number, "r2", 2))
	out, err := s.daemon.run(t.Context(), "queue", "list")
	must(t, err)
	for _, want := range []string{v.Number, v.Kept, w.Kept, "退费 " + a.Number, "待平台撤回", "等原单撤回"} {
		if !strings.Contains(out, want) {
			t.Errorf("the queue does not show %s:\n%s", want, out)
		}
	}
	must(t, s.platform.Up())
	for _, number := range []string{v.Kept, w.Kept} {
		s.awaitUpload(t, number, "acknowledged")
	}
	if told := s.told(); told["2208"] != 1 || told["2207"] != 3 {
		t.Errorf("the platform was told %v", told)
	}
	s.sameBooks(t)
}

// TestRefundRefused asks for refunds that are none: nothing is written.
func TestRefundRefused(t *testing.T) {
	t.Parallel()
	s := family(t)
	a := s.settled(t, 1)
	s.awaitUpload(t, a.Number, "acknowledged")
	before := s.journalBytes(t)
	for code, keep := range map[string][]int{"KEEP_ALL": {1, 2, 3}, "KEEP_NONE": {}, "BAD_LINES": {1, 4}} {
		if no := given(t, http.StatusUnprocessableEntity)(s.refund(t, a.Number, "r1", keep...)); no.Code != code || no.Cashier == "" {
			t.Errorf("keep %v: %+v", keep, no)
		}
	}
	path := "/v1/settlements/" + a.Number
	for _, c := range []struct {
		path, code string
		status     int
		ask        map[string]any
	}{
		{path + "/refund", "BAD_LINES", 422, map[string]any{"key": "r", "reason": "x", "keep": []int{1, 1}, "quote": "r0"}},
		{path + "/refund", "QUOTE_UNKNOWN", 409, map[string]any{"key": "r", "reason": "x", "keep": []int{1}, "quote": "r0"}},
		{path + "/refund", "MISSING_FIELD", 422, map[string]any{"key": "r", "reason": "x", "keep": []int{1}}},
		{path + "/refund", "KEEP_NONE", 422, map[string]any{"key": "r", "reason": "x", "keep": nil, "quote": "r0"}},
		{path + "/void", "NO_REASON", 422, map[string]any{"key": "r", "reason": " "}},
		{path + "/void", "IDEMPOTENCY_CONFLICT", 409, map[string]any{"key": s.key(1), "reason": "x"}},
		{"/v1/settlements/000000000000000/void", "NO_SETTLEMENT", 404, map[string]any{"key": "r", "reason": "x"}},
	} {
		if no := given(t, c.status)(s.giveBack(t, c.path, c.ask)); no.Code != c.code || no.Cashier == "" {
			t.Errorf("%s %v: %+v", c.path, c.ask, no)
		}
	}
	if after := s.journalBytes(t); after != before {
		t.Errorf("the journal grew from %d to %d bytes", before, after)
	}
}

// TestKillBetween kills the daemon between a refund and its upload, and again after the
// platform's answer to it was lost: it happens once.
func TestKillBetween(t *testing.T) {
	t.Parallel()
	s := family(t)
	a := s.settled(t, 1)
	s.awaitUpload(t, a.Number, "acknowledged")
	s.platform.Down()
	v := given(t, http.StatusCreated)(s.refund(t, a.Number, "r1", 1, 3))
	s.kill(t)
	must(t, s.platform.Add(platform.Fault{Infno: "2208", Kind: platform.Cut, Booked: true, Times: 1}))
	must(t, s.platform.Add(platform.Fault{Infno: "2208", Kind: platform.Cut})) // so that it stays unknown
	must(t, s.platform.Up())
	must(t, s.daemon.start(t.Context()))
	s.awaitUpload(t, v.Number, "unknown")
	s.kill(t)
	s.platform.Clear()
	must(t, s.daemon.start(t.Context()))
	if again := given(t, http.StatusOK)(s.giveBack(t, "/v1/settlements/"+a.Number+"/refund",
		map[string]any{"key": "r1", "reason": "x", "keep": []int{1, 3}, "quote": "lost"})); again.Number != v.Number || !again.Replayed {
		t.Errorf("the same key again: %+v", again)
	}
	s.awaitUpload(t, v.Kept, "acknowledged")
	must(t, s.daemon.awaitState(t.Context(), "identified", func(sc screen) bool { return sc.Patient != nil && sc.Guardian != nil }))
	s.sameBooks(t)
	s.asAlone(t, v.Kept)
}

func (s *stage) kill(t *testing.T) {
	t.Helper()
	must(t, s.daemon.cmd.Process.Kill())
	if err := <-s.daemon.ended; err == nil {
		t.Fatal("the daemon was killed, yet ended well")
	}
}

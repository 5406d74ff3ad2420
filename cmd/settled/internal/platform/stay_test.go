package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"settled/queue"
	"settled/settle"
)

// admitted has the hospital admit the child, and gives the visit's number.
func (w *window) admitted() string {
	w.t.Helper()
	body, err := json.Marshal(map[string]string{
		"psn_no": "44030000000000000100000001", "insutype": "390", "fixmedins_code": "H44030500001", "ipt_otp_no": "ZY1",
		"begntime": time.Now().AddDate(0, 0, -3).Format(time.DateTime),
	})
	must(w.t, err)
	host, _, _ := strings.Cut(w.base, "/ebus/")
	res, err := http.Post(host+"/control/admit", "application/json", bytes.NewReader(body))
	must(w.t, err)
	defer func() { _ = res.Body.Close() }()
	var answer map[string]string
	must(w.t, json.NewDecoder(res.Body).Decode(&answer))
	if answer["mdtrt_id"] == "" {
		w.t.Fatal("not admitted: ", res.Status)
	}
	return answer["mdtrt_id"]
}

// discharged settles a stay's bill with the first n lines.
func (w *window) discharged(visitID string, n int) settle.Settlement {
	w.t.Helper()
	s := w.bill("ZY1", n)
	w.keys++
	s.Key = fmt.Sprint("k", w.keys)
	s.Bill.Visit.Kind, s.Chart.VisitID = settle.Inpatient, visitID
	return w.keep(s)
}

// reverseStay reverses a stay's settlement and keeps the first n lines; 0: whole.
func (w *window) reverseStay(s settle.Settlement, n int) (kept settle.Settlement) {
	w.t.Helper()
	v := w.reverse(s, n)
	if v.Kept == "" {
		return settle.Settlement{}
	}
	r, err := w.queue.Get(v.Kept)
	must(w.t, err)
	return r.Settlement
}

// cleared checks that both sides agree, and that the admission is there with no open line.
func (w *window) cleared(visitID string) {
	w.t.Helper()
	w.agree()
	if open, there := w.books().Stays[visitID]; !there || open != 0 || len(w.books().Stays) != 1 {
		w.t.Errorf("admission %s: %v, %d lines open", visitID, there, open)
	}
}

// TestReverseStay reverses an inpatient's settlement wherever its upload stands, with the
// process dying there, and has the platform lose and refuse what follows.
func TestReverseStay(t *testing.T) {
	t.Parallel()
	stopAt := func(infno string) func(*window) {
		return func(w *window) {
			w.faults(fault{Infno: infno, Kind: "away"})
			_ = w.pass()
			w.command("clear", struct{}{})
		}
	}
	lost := func(infno string, booked bool) func(*window) {
		return func(w *window) {
			w.faults(fault{Infno: infno, Kind: "cut", Booked: booked, Times: 1})
			_ = w.pass()
			w.restart()
		}
	}
	up := func(w *window) { w.passes() }
	for _, c := range []struct {
		name   string
		before func(*window)
		after  []fault // of what follows
		kinds  string  // transactions of what follows that must have been used
		never  string  // and must not
	}{
		{"never sent", func(*window) {}, nil, "", "2305 2601 2302"},
		{"person known", stopAt("2301"), nil, "", "2305 2601 2302"},
		{"fees lost", lost("2301", true), nil, "2302", "2305 2601"},
		{"fees are up", stopAt("2303"), nil, "2302", "2305 2601"},
		{"fees are up, taking back is lost", stopAt("2303"), []fault{{Infno: "2302", Kind: "cut", Booked: true, Times: 1}}, "2302", "2305 2601"},
		{"in flight, arrived", lost("2304", true), nil, "2601 2302", "2305"},
		{"in flight, never arrived", lost("2304", false), nil, "2601 2302", "2305"},
		{"in flight, never arrived, taking back is lost", lost("2304", false), []fault{{Infno: "2302", Kind: "cut", Booked: true, Times: 1}}, "2601 2302 5204", "2305"},
		{"in flight, reversal lost", lost("2304", true), []fault{{Infno: "2601", Kind: "cut", Booked: true, Times: 2}}, "2601 2302", "2305"},
		{"acknowledged", up, nil, "2305 2302", "2601"},
		{"acknowledged, cancel lost before", up, []fault{{Infno: "2305", Kind: "cut", Times: 1}}, "2305 2302", "2601"},
		{"acknowledged, cancel lost after", up, []fault{{Infno: "2305", Kind: "rubbish", Booked: true, Times: 2}}, "2305 2302", "2601"},
		{"acknowledged, cancel lost, repeat refused", up, []fault{{Infno: "2305", Kind: "cut", Booked: true, Times: 1}, {Infno: "2305", Kind: "refuse", Text: "FSI-状态", Times: 1}}, "2305 2601 2302", ""},
		{"acknowledged, taking back is lost", up, []fault{{Infno: "2302", Kind: "half", Booked: true, Times: 2}}, "2305 2302", "2601"},
	} {
		for _, kept := range []int{0, 2} {
			t.Run(fmt.Sprintf("%s, %d lines kept", c.name, kept), func(t *testing.T) {
				t.Parallel()
				w := openWindow(t)
				id := w.admitted()
				s := w.discharged(id, 4)
				c.before(w)
				w.reverseStay(s, kept)
				asked := w.books().Requests
				w.faults(c.after...)
				w.passes()
				w.cleared(id)
				now := w.books().Requests
				for _, infno := range strings.Fields(c.kinds) {
					if now[infno] == asked[infno] {
						t.Errorf("%s was not used", infno)
					}
				}
				for _, infno := range strings.Fields(c.never + " 2201 2202 2203 2204 2206 2207 2208") {
					if now[infno] != asked[infno] {
						t.Errorf("%s was used", infno)
					}
				}
			})
		}
	}
}

// TestStayRandom settles and reverses a stay's bills at random, over a line that fails at
// random, with restarts; in the end both sides agree.
func TestStayRandom(t *testing.T) {
	t.Parallel()
	kinds := []string{"cut", "500", "half", "rubbish", "away"}
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 5))
			w := openWindow(t)
			id := w.admitted()
			last := settle.Settlement{}
			for i := range 40 {
				switch rnd.IntN(5) {
				case 0:
					if last.Number == "" {
						last = w.discharged(id, 1+rnd.IntN(4))
					} else {
						last = w.reverseStay(last, rnd.IntN(len(last.Bill.Lines)))
					}
				case 1:
					kind := kinds[rnd.IntN(len(kinds))]
					w.faults(fault{Kind: kind, Booked: rnd.IntN(2) == 0 && kind != "away", Times: 1 + rnd.IntN(2)})
				case 2:
					w.restart()
				default:
					if err := w.pass(); err != nil && !lineTrouble(err) {
						t.Fatalf("step %d: %v", i, err)
					}
				}
			}
			w.command("clear", struct{}{})
			w.settleHolds()
			w.cleared(id)
		})
	}
}

// TestStayFits: an inpatient's bill without the hospital's admission, or with one that no
// message takes, is refused at the quote, and so is any line of a long bill.
func TestStayFits(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	for _, c := range []struct {
		name   string
		change func(*settle.Settlement)
		code   settle.Code
		says   string
	}{
		{"good", func(*settle.Settlement) {}, "", ""},
		{"no admission", func(s *settle.Settlement) { s.Chart.VisitID = "" }, "PLATFORM_NO_ADMISSION", "mdtrt_id"},
		{"a long number", func(s *settle.Settlement) { s.Chart.VisitID = strings.Repeat("1", 31) }, "PLATFORM_FIELD", "mdtrt_id"},
		{"no time of admission", func(s *settle.Settlement) { s.Chart.Began = "" }, "PLATFORM_FIELD", "fee_ocur_time"},
		{"line 101 without a code", func(s *settle.Settlement) {
			for range 100 {
				s.Bill.Lines, s.Split.Lines = append(s.Bill.Lines, s.Bill.Lines[0]), append(s.Split.Lines, s.Split.Lines[0])
			}
			s.Bill.Lines[100].Code = ""
		}, "PLATFORM_FIELD", "med_list_codg"},
	} {
		s := w.bill("ZY1", 1)
		s.Bill.Visit.Kind, s.Chart.VisitID = settle.Inpatient, "44039100000000000001"
		c.change(&s)
		err := w.upload.line.Fits(s)
		var no *settle.Refusal
		if errors.As(err, &no) != (c.code != "") || no != nil && (no.Code != c.code || !strings.Contains(no.Cashier+no.Field, c.says)) {
			t.Errorf("%s: %v, want %s about %s", c.name, err, c.code, c.says)
		}
	}
}

// TestStayKilledBetween ends the process after each answer on record, up and back.
func TestStayKilledBetween(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	id := w.admitted()
	killed := func(after int) (any bool) {
		n := 0
		w.changed = func(string) {
			n++
			if n == after {
				any = true
				must(t, w.queue.Close())
			}
		}
		err := w.pass()
		if w.changed = nil; err != nil && !any {
			t.Fatal(err)
		}
		w.restart()
		return any
	}
	for after := 1; ; after++ {
		s := w.discharged(id, 4)
		up := killed(after)
		w.passes()
		w.cleared(id)
		w.reverseStay(s, 0)
		back := killed(after)
		w.passes()
		w.cleared(id)
		if w.books().Live != 0 {
			t.Errorf("after %d answers: %d live", after, w.books().Live)
		}
		if !up && !back {
			if after < 5 { // 1101 2301 2303 2304, and the acknowledgement
				t.Errorf("only %d answers: the test proves little", after-1)
			}
			return
		}
	}
}

// TestStayRepaired: a bill that came with another admission's number is held, mended and
// settled.
func TestStayRepaired(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	id := w.admitted()
	s := w.discharged("44039100000000009999", 4)
	w.passes()
	mend := queue.Repair{Number: s.Number, Set: map[string]string{"visit_id": id}, Why: "another patient's", By: clerk}
	if r, err := w.queue.Get(s.Number); err != nil || r.State != queue.OnHold || !strings.Contains(r.Held.Cashier, "就诊信息不存在") {
		t.Fatalf("%s is %s, %+v, %v", s.Number, r.State, r.Held, err)
	}
	must(t, w.upload.line.Repair(t.Context(), mend))
	w.passes()
	w.cleared(id)
	if w.books().Live != 1 {
		t.Errorf("%d live", w.books().Live)
	}
}

package platform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"settled/cmd/rig/internal/platform"
	"settled/queue/nhsa"
	"settled/settle"
)

// admission is the child's.
func admission() platform.Admission {
	return platform.Admission{PsnNo: child, Insutype: "390", Institution: "H44030500001", IPT: "ZY0017", Began: "2026-11-18 22:10:00"}
}

// openStay opens a desk where the child is in hospital, and gives the visit's number.
func openStay(t *testing.T, change func(*nhsa.Options)) (*desk, string) {
	t.Helper()
	d := open(t, change)
	id, err := d.sim.Books.Admit(admission())
	if err != nil {
		t.Fatal(err)
	}
	return d, id
}

// stay is the visit's bill: total 2178.00, in scope 1765.60, deductible 600.00, fund
// 1049.04, family 728.96, cash 400.00.
func stay(t *testing.T, id, number string) nhsa.Visit {
	t.Helper()
	s := bought(t, number)
	s.Bill.Visit.Kind, s.Chart.VisitID, s.Chart.Began = settle.Inpatient, id, "2026-11-18 22:10:00"
	s.Split.Total = 0
	for i, qty := range []int64{40, 50, 10, 10} {
		l := &s.Bill.Lines[i]
		l.Quantity = decimal.New(qty, 0)
		s.Split.Lines[i].Amount = settle.Fen(l.UnitPrice.Mul(l.Quantity).Shift(2).IntPart())
		s.Split.Total += s.Split.Lines[i].Amount
	}
	v, err := nhsa.VisitOf(s, nhsa.Manner{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// oneStay checks that the platform holds exactly one live settlement, the chain's, and the
// admission with nothing open.
func (d *desk) oneStay(id string, c nhsa.Chain) {
	d.t.Helper()
	if c.Step != nhsa.StepDone {
		d.t.Fatalf("ends at %q: %v", c.Step, c.Refusal)
	}
	books := d.sim.Books.Page()
	for _, s := range books.Settlements {
		if s.Live && (s.SetlID != c.Result.SettlementID || s.MsgID != c.Result.MsgID) {
			d.t.Errorf("live is %s by %s, the chain has %s by %s", s.SetlID, s.MsgID, c.Result.SettlementID, c.Result.MsgID)
		}
	}
	got := fmt.Sprintf("%d live, %s %s %s %s, father %s, used %s, open %v, twice %v",
		books.Live, books.Fund, books.Own, books.Family, books.Cash, books.Balances[father], books.Used[child], books.Stays, books.Duplicates)
	if want := fmt.Sprintf("1 live, 1049.04 0.00 728.96 400.00, father 4505.60, used 186.40, open map[%s:0], twice map[]", id); got != want {
		d.t.Errorf("books: %s, want %s", got, want)
	}
	if r := c.Result; r.Total != 217800 || r.Fund != 104904 || r.Family != 72896 || r.Cash != 40000 || r.Deductible != 60000 || r.ClearingType != "21" || len(r.Warnings) != 0 {
		d.t.Errorf("result %+v", r)
	}
}

// noStay checks that the books are as before, with the admission.
func (d *desk) noStay(id string) {
	d.t.Helper()
	books := d.sim.Books.Page()
	got := fmt.Sprintf("%d live, father %s, open %v, twice %d", books.Live, books.Balances[father], books.Stays, len(books.Duplicates))
	if want := fmt.Sprintf("0 live, father 5234.56, open map[%s:0], twice 0", id); got != want {
		d.t.Errorf("books: %s, want %s", got, want)
	}
}

func TestStay(t *testing.T) {
	for _, loose := range []bool{false, true} {
		d, id := openStay(t, nil)
		d.sim.Books.SetMood(platform.Mood{Loose: loose})
		c := d.upload(stay(t, id, "012026112100017"), nil)
		d.oneStay(id, c)
		if d.sent != 4 || len(c.Warnings) != 0 || c.Trial.Total != 217800 {
			t.Errorf("loose %v: %d requests, warnings %v", loose, d.sent, c.Warnings)
		}
	}
}

// TestStayUnknownOutcomes: every transaction fails in every way, once or twice, before or
// after it was done: in the end there is exactly one live settlement, and the admission.
func TestStayUnknownOutcomes(t *testing.T) {
	for _, infno := range []string{"1101", "2301", "2303", "2304"} {
		for _, kind := range []string{platform.Cut, platform.Error, platform.Half, platform.Rubbish} {
			for _, booked := range []bool{false, true} {
				for times := 1; times <= 2; times++ {
					t.Run(fmt.Sprintf("%s %s booked=%v %d times", infno, kind, booked, times), func(t *testing.T) {
						d, id := openStay(t, nil)
						d.fault(platform.Fault{Infno: infno, Kind: kind, Booked: booked, Times: times})
						d.oneStay(id, d.upload(stay(t, id, "012026112100017"), nil))
					})
				}
			}
		}
	}
}

// TestStayUndoingFails: the transactions that resolve an unknown outcome fail too.
func TestStayUndoingFails(t *testing.T) {
	for _, first := range []platform.Fault{
		{Infno: "2301", Kind: platform.Cut, Booked: true, Times: 1},
		{Infno: "2301", Kind: platform.Cut, Times: 1},
		{Infno: "2304", Kind: platform.Cut, Booked: true, Times: 1},
		{Infno: "2304", Kind: platform.Cut, Times: 1},
	} {
		for _, infno := range []string{"2302", "2601"} {
			for _, booked := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s booked=%v, then %s booked=%v", first.Infno, first.Booked, infno, booked), func(t *testing.T) {
					d, id := openStay(t, nil)
					d.fault(first)
					d.fault(platform.Fault{Infno: infno, Kind: platform.Half, Booked: booked, Times: 3})
					d.oneStay(id, d.upload(stay(t, id, "012026112100017"), nil))
				})
			}
		}
	}
}

// TestStayRefused: what is refused at any step is taken back whole, but for the admission;
// then the same bill goes through.
func TestStayRefused(t *testing.T) {
	for _, infno := range []string{"1101", "2301", "2303", "2304"} {
		d, id := openStay(t, nil)
		d.fault(platform.Fault{Infno: infno, Kind: platform.Refuse, Text: "FSI-该参保人待遇冻结", Times: 1})
		c := d.upload(stay(t, id, "012026112100017"), nil)
		if c.Step != nhsa.StepHeld || !strings.Contains(c.Refusal.Cashier, "待遇冻结") || len(c.Left) != 0 {
			t.Fatalf("%s: at %q, %v, left %v", infno, c.Step, c.Refusal, c.Left)
		}
		d.noStay(id)
		d.oneStay(id, d.upload(stay(t, id, "012026112100017"), nil))
	}
}

// TestStayLateBooking: a request is still under way at the platform when its reversal
// finds nothing.
func TestStayLateBooking(t *testing.T) {
	for _, infno := range []string{"2301", "2304"} {
		t.Run(infno, func(t *testing.T) {
			d, id := openStay(t, func(o *nhsa.Options) { o.Total = 300 * time.Millisecond })
			d.fault(platform.Fault{Infno: infno, Kind: platform.Hold, Times: 1})
			undone := false
			c := d.upload(stay(t, id, "012026112100017"), func(next string) {
				if undone = undone || next == "2601" || next == "2302"; undone && next == infno {
					d.sim.Release() // books now, between the reversal and the repeat
				}
			})
			d.oneStay(id, c)
		})
	}
}

// TestStayGivenUpWhileUnderWay: a settlement is given up while its 2304 is under way, which
// is booked before or after the fees are taken back.
func TestStayGivenUpWhileUnderWay(t *testing.T) {
	for _, at := range []string{"2302", "5204", ""} {
		d, id := openStay(t, func(o *nhsa.Options) { o.Total = 300 * time.Millisecond })
		v := stay(t, id, "012026112100017")
		d.fault(platform.Fault{Infno: "2304", Kind: platform.Hold, Times: 1})
		c := d.partly(v, 4, func(string) {})
		if at == "5204" { // taking back the fees is lost, so that the lines are looked at
			d.fault(platform.Fault{Infno: "2302", Kind: platform.Cut, Booked: true, Times: 1})
		}
		w := d.withdraw(c, v, func(next string) {
			if next == at {
				d.sim.Release()
			}
		})
		d.sim.Release()
		if !w.Undone() {
			t.Errorf("booked before %s: done %v, held for %v", at, w.Done, w.Why())
		}
		d.noStay(id)
	}
}

// TestStayRandomFaults: by seed, any request may fail in any way, up and back again,
// wherever the settlement is given up; the end is always the same.
func TestStayRandomFaults(t *testing.T) {
	kinds := []string{platform.Cut, platform.Error, platform.Half, platform.Rubbish, platform.Away}
	undone := 0
	for seed := range uint64(80) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 4))
			d, id := openStay(t, nil)
			d.sim.Books.SetMood(platform.Mood{Loose: rnd.IntN(2) == 0})
			trouble := func(string) {
				if d.sent < 40 && rnd.IntN(10) < 4 {
					kind := kinds[rnd.IntN(len(kinds))]
					d.fault(platform.Fault{Kind: kind, Booked: rnd.IntN(2) == 0 && kind != platform.Away, Times: 1})
				}
			}
			v := stay(t, id, "012026112100017")
			c := d.partly(v, 2+rnd.IntN(14), trouble)
			done := c.Step == nhsa.StepDone
			if !done {
				undone++
			}
			if w := d.withdraw(c, v, trouble); w.Done != done || w.Undone() == done {
				t.Fatalf("done %v, undone %v, held for %v, want done %v", w.Done, w.Undone(), w.Why(), done)
			}
			d.noStay(id)
			d.sim.Clear()
			d.oneStay(id, d.upload(stay(t, id, "012026112100018"), nil)) // the stay's next bill
		})
	}
	if undone < 15 || undone > 70 {
		t.Errorf("%d of 80 were given up before they were settled: the test proves little", undone)
	}
}

// TestStayRestored: a copy from a backup, of which another went on, settles nothing twice,
// wherever the other was.
func TestStayRestored(t *testing.T) {
	for sent, want := range map[int]nhsa.Step{0: nhsa.StepDone, 1: nhsa.StepDone, 2: nhsa.StepDone, 3: nhsa.StepDone, 4: nhsa.StepHeld} {
		for backup := 0; backup <= min(sent, 3); backup++ {
			d, id := openStay(t, nil)
			v := stay(t, id, "012026112100017")
			old := d.resume(nhsa.Chain{}, v, backup, nil)
			d.resume(old, v, sent-backup, nil)
			if backup == 3 {
				old.Lost("2304", "never") // the other settled under another message id
			}
			old.Restored()
			c := d.resume(old, v, 60, nil)
			if c.Step != want || want == nhsa.StepHeld && c.Refusal.Code != nhsa.RestoredSettled {
				t.Errorf("backup after %d requests, the other went on to %d: ends at %q, %v", backup, sent, c.Step, c.Refusal)
			}
			if books := d.sim.Books.Page(); books.Live != 1 || books.Stays[id] != 0 {
				t.Errorf("backup after %d requests, the other went on to %d: %d live, open %v", backup, sent, books.Live, books.Stays)
			}
		}
	}
}

// TestAdmit: who is in hospital is not admitted again; the control port says why not.
func TestAdmit(t *testing.T) {
	d, id := openStay(t, nil)
	ask := func(a platform.Admission) (int, string) {
		body, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		d.sim.Control().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/control/admit", bytes.NewReader(body)))
		return w.Code, w.Body.String()
	}
	for want, change := range map[string]func(*platform.Admission){
		"在院状态":     func(*platform.Admission) {},
		"人员编号":     func(a *platform.Admission) { a.PsnNo = "nobody" },
		"参保状态":     func(a *platform.Admission) { a.Insutype = "310" },
		"定点医药机构编号": func(a *platform.Admission) { a.PsnNo, a.Insutype, a.Institution = father, "310", "H" },
		"入院时间":     func(a *platform.Admission) { a.PsnNo, a.Insutype, a.Began = father, "310", "2026-11-18" },
	} {
		a := admission()
		change(&a)
		if code, text := ask(a); code != http.StatusBadRequest || !strings.Contains(text, want) {
			t.Errorf("want %s: %d %s", want, code, text)
		}
	}
	a := admission()
	a.PsnNo, a.Insutype = father, "310"
	if code, text := ask(a); code != http.StatusOK || strings.Contains(text, id) || !strings.Contains(text, "mdtrt_id") {
		t.Errorf("the father: %d %s", code, text)
	}
}

// TestStayOthersFees: fees that the hospital's system uploaded give way to the bill's.
func TestStayOthersFees(t *testing.T) {
	d, id := openStay(t, nil)
	d.resume(nhsa.Chain{}, stay(t, id, "992026112000001"), 2, nil)
	if open := d.sim.Books.Page().Stays[id]; open != 4 {
		t.Fatalf("%d lines are there", open)
	}
	d.oneStay(id, d.upload(stay(t, id, "012026112100017"), nil))
}

// TestStayRules: what the platform refuses of a stay.
func TestStayRules(t *testing.T) {
	d, id := openStay(t, nil)
	v := stay(t, id, "012026112100017")
	wrong := v
	wrong.ID = "440391000000000009999"
	early := v
	early.Chart.Began = "2026-11-18 22:09:59"
	other := stay(t, id, "012026112100018")
	for want, try := range map[string]nhsa.Visit{"就诊信息不存在": wrong, "早于入院时间": early} {
		if c := d.upload(try, nil); c.Step != nhsa.StepHeld || !strings.Contains(c.Refusal.Cashier, want) {
			t.Errorf("want %s: %q %v", want, c.Step, c.Refusal)
		}
	}
	d.oneStay(id, d.upload(v, nil))
	if c := d.upload(other, nil); c.Step != nhsa.StepHeld || !strings.Contains(c.Refusal.Cashier, "已办理结算") {
		t.Errorf("a second bill of a settled stay: %q %v", c.Step, c.Refusal)
	}
}

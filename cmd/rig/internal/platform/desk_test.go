package platform_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"settled/cmd/rig/internal/platform"
	"settled/queue/nhsa"
	"settled/settle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	child  = "44030000000000000100000001"
	father = "44030000000000000100000002"
)

func noon() time.Time { return time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC) }

// desk is a counter with its line to a simulator of its own.
type desk struct {
	t      *testing.T
	sim    *platform.Simulator
	client *nhsa.Client
	head   nhsa.Head
	sign   string
	serial int
	sent   int
}

func open(t *testing.T, change func(*nhsa.Options)) *desk {
	t.Helper()
	sim, err := platform.New(platform.Options{
		Data:    os.DirFS("../../../../testdata/platform"),
		Gateway: platform.Gateway{PaasID: "rig-paas", Secret: "rig-secret"},
		Now:     noon,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Start("127.0.0.1:0", ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	o := nhsa.Options{
		BaseURL: sim.BaseURL(), Gateway: nhsa.TIF{PaasID: "rig-paas", Secret: "rig-secret"}, Total: 10 * time.Second,
		Now: noon,
	}
	if change != nil {
		change(&o)
	}
	client, err := nhsa.New(o)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, sim: sim, client: client, head: nhsa.Head{
		Institution: "H44030500001", InstitutionName: "鹏湾医院", Operator: "0601", OperatorName: "收费员甲",
	}}
	reply, err := d.ask(t.Context(), nhsa.InfoSignIn, nhsa.NewSignIn("0601", "00-00-00-00-00-00", "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	in, err := nhsa.ReadSignIn(reply)
	if err != nil {
		t.Fatal(err)
	}
	d.sign = string(in.No)
	return d
}

func (d *desk) msgid() string {
	d.serial++
	return fmt.Sprintf("H4403050000120261121120000%04d", d.serial)
}

// body makes a stored request.
func (d *desk) body(infno, msgid string, input any) []byte {
	d.t.Helper()
	body, err := nhsa.Encode(d.head, infno, msgid, noon(), d.sign, input)
	if err != nil {
		d.t.Fatal(err)
	}
	return body
}

func (d *desk) ask(ctx context.Context, infno string, input any) (nhsa.Reply, error) {
	d.t.Helper()
	return d.client.Send(ctx, infno, d.body(infno, d.msgid(), input))
}

// upload runs a chain to its end, its state through JSON at every step.
func (d *desk) upload(v nhsa.Visit, before func(infno string)) nhsa.Chain {
	d.t.Helper()
	c := d.resume(nhsa.Chain{}, v, 60, before)
	if _, _, done := c.Next(v); !done {
		d.t.Fatalf("no end after 60 requests: %+v", c)
	}
	return c
}

// resume runs a chain on for some requests at most, its state through JSON at every step.
func (d *desk) resume(c nhsa.Chain, v nhsa.Visit, requests int, before func(infno string)) nhsa.Chain {
	d.t.Helper()
	for range requests {
		infno, input, done := c.Next(v)
		if done {
			return c
		}
		if before != nil {
			before(infno)
		}
		msgid := d.msgid()
		reply, err := d.client.Send(d.t.Context(), infno, d.body(infno, msgid, input))
		d.sent++
		_ = c.Answer(v, infno, msgid, reply, err)
		stored, err := json.Marshal(c)
		if err != nil {
			d.t.Fatal(err)
		}
		c = nhsa.Chain{}
		if err := json.Unmarshal(stored, &c); err != nil {
			d.t.Fatal(err)
		}
	}
	return c
}

func (d *desk) fault(f platform.Fault) {
	d.t.Helper()
	if err := d.sim.Add(f); err != nil {
		d.t.Fatal(err)
	}
}

// visit is the child's first vector of the arithmetic: total 112.80, fund 42.42,
// family 34.58, cash 35.80.
func visit(t *testing.T) nhsa.Visit {
	t.Helper()
	v, err := nhsa.VisitOf(bought(t, "012026112100017"), nhsa.Manner{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// bought is that visit's settlement under a number.
func bought(t *testing.T, number string) settle.Settlement {
	t.Helper()
	s := settle.Settlement{
		Number:   number,
		Who:      settle.Identity{CardNumber: "F18060102", CardCode: "440300D1560000050000018A6F3C27E1", IDNumber: "440305201806010023"},
		Guardian: settle.Identity{CardNumber: "F88050510"},
		Insured:  settle.Insured{Category: settle.ChildResident},
		Bill:     settle.Bill{Visit: settle.Visit{Day: 20261121, Kind: settle.Outpatient}},
		Chart: settle.Chart{
			OutpatientNo: "MZ0017", Began: "2026-11-21 09:12:00", Department: settle.Named{Code: "0301", Name: "儿科"},
			Specialty: "0301", Doctor: settle.Named{Code: "D440300000001", Name: "林医生"},
			Diagnoses: []settle.Diagnosis{{Code: "J06.900", Name: "急性上呼吸道感染"}},
		},
		Split: settle.Split{Status: settle.Settled, Total: 11280, Fund: 4242, Family: 3458, Cash: 3580},
	}
	for _, l := range []struct {
		code, price, qty string
		amount           settle.Fen
	}{
		{"001101000010000-110100001", "15.00", "1", 1500},
		{"XJ01CAA040E001010102345", "20.00", "2", 4000},
		{"XN02BEB171A001010200678", "24.80", "1", 2480},
		{"XA11CCW103A001010400321", "33.00", "1", 3300},
	} {
		s.Bill.Lines = append(s.Bill.Lines, settle.Line{Code: l.code, UnitPrice: decimal.RequireFromString(l.price), Quantity: decimal.RequireFromString(l.qty)})
		s.Split.Lines = append(s.Split.Lines, settle.LineSplit{Amount: l.amount})
	}
	return s
}

// oneLive checks that the platform holds exactly one live settlement, the chain's.
func (d *desk) oneLive(c nhsa.Chain) {
	d.t.Helper()
	if c.Step != nhsa.StepDone {
		d.t.Fatalf("ends at %q: %v", c.Step, c.Refusal)
	}
	books := d.sim.Books.Page()
	if books.Live != 1 {
		d.t.Fatalf("%d live settlements", books.Live)
	}
	for _, s := range books.Settlements {
		if s.Live && (s.SetlID != c.Result.SettlementID || s.MsgID != c.Result.MsgID) {
			d.t.Errorf("live is %s by %s, the chain has %s by %s", s.SetlID, s.MsgID, c.Result.SettlementID, c.Result.MsgID)
		}
	}
	if len(books.Duplicates) != 0 {
		d.t.Errorf("message ids came more than once: %v", books.Duplicates)
	}
	got := fmt.Sprintf("%s %s %s %s, father %s, used %s", books.Fund, books.Own, books.Family, books.Cash, books.Balances[father], books.Used[child])
	if want := "42.42 0.00 34.58 35.80, father 5199.98, used 219.82"; got != want { // 186.40 + 33.42
		d.t.Errorf("books: %s, want %s", got, want)
	}
	if r := c.Result; r.Total != 11280 || r.Fund != 4242 || r.Own != 0 || r.Family != 3458 || r.Cash != 3580 || len(r.Warnings) != 0 {
		d.t.Errorf("result %+v", r)
	}
}

func TestChain(t *testing.T) {
	for _, loose := range []bool{false, true} {
		d := open(t, nil)
		d.sim.Books.SetMood(platform.Mood{Loose: loose})
		c := d.upload(visit(t), nil)
		d.oneLive(c)
		if d.sent != 6 || len(c.Warnings) != 0 || c.Trial.Total != 11280 {
			t.Errorf("loose %v: %d requests, warnings %v", loose, d.sent, c.Warnings)
		}
	}
}

// Every transaction fails in every way, once or twice, before or after it was done,
// at platforms of every habit: in the end there is exactly one live settlement.
func TestUnknownOutcomes(t *testing.T) {
	kinds := []string{platform.Cut, platform.Error, platform.Half, platform.Rubbish}
	for _, mood := range []string{"refuse", "same", "new"} {
		for _, infno := range []string{"1101", "2201", "2203", "2204", "2206", "2207"} {
			for _, kind := range kinds {
				for _, booked := range []bool{false, true} {
					for times := 1; times <= 2; times++ {
						name := fmt.Sprintf("%s %s booked=%v %d times, same visit %s", infno, kind, booked, times, mood)
						t.Run(name, func(t *testing.T) {
							d := open(t, nil)
							d.sim.Books.SetMood(platform.Mood{SameVisit: mood})
							d.fault(platform.Fault{Infno: infno, Kind: kind, Booked: booked, Times: times})
							d.oneLive(d.upload(visit(t), nil))
						})
					}
				}
			}
		}
	}
}

// The transactions that resolve an unknown outcome fail too.
func TestUnknownOutcomesOfUndoing(t *testing.T) {
	for _, first := range []platform.Fault{
		{Infno: "2201", Kind: platform.Cut, Booked: true, Times: 1},
		{Infno: "2204", Kind: platform.Cut, Booked: true, Times: 1},
		{Infno: "2204", Kind: platform.Cut, Times: 1},
		{Infno: "2207", Kind: platform.Cut, Booked: true, Times: 1},
		{Infno: "2207", Kind: platform.Cut, Times: 1},
	} {
		for _, infno := range []string{"5201", "2205", "2601"} {
			for _, booked := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s booked=%v, then %s booked=%v", first.Infno, first.Booked, infno, booked), func(t *testing.T) {
					d := open(t, nil)
					d.fault(first)
					d.fault(platform.Fault{Infno: infno, Kind: platform.Half, Booked: booked, Times: 3})
					d.oneLive(d.upload(visit(t), nil))
				})
			}
		}
	}
}

// A request is still under way at the platform when its reversal finds nothing.
func TestLateBooking(t *testing.T) {
	for _, infno := range []string{"2204", "2207"} {
		t.Run(infno, func(t *testing.T) {
			d := open(t, func(o *nhsa.Options) { o.Total = 300 * time.Millisecond })
			d.fault(platform.Fault{Infno: infno, Kind: platform.Hold, Times: 1})
			undone := false
			c := d.upload(visit(t), func(next string) {
				if undone = undone || next == "2601" || next == "2205"; undone && next == infno {
					d.sim.Release() // books now, between the reversal and the repeat
				}
			})
			d.oneLive(c)
		})
	}
}

// By seed, any request may fail in any way; the end is always the same.
func TestRandomFaults(t *testing.T) {
	kinds := []string{platform.Cut, platform.Error, platform.Half, platform.Rubbish, platform.Away}
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			d := open(t, nil)
			d.sim.Books.SetMood(platform.Mood{SameVisit: []string{"refuse", "same", "new"}[rnd.IntN(3)], Loose: rnd.IntN(2) == 0})
			c := d.upload(visit(t), func(string) {
				if d.sent < 40 && rnd.IntN(10) < 4 {
					d.fault(platform.Fault{Kind: kinds[rnd.IntN(len(kinds))], Booked: rnd.IntN(2) == 0, Times: 1})
				}
			})
			d.oneLive(c)
		})
	}
}

func TestSilentPlatform(t *testing.T) {
	d := open(t, func(o *nhsa.Options) { o.Total = 300 * time.Millisecond })
	d.fault(platform.Fault{Infno: "2207", Kind: platform.Silent, Booked: true, Times: 1})
	d.oneLive(d.upload(visit(t), nil))
}

func TestSlowPlatform(t *testing.T) {
	d := open(t, nil)
	d.fault(platform.Fault{Kind: platform.Slow, MS: 30})
	began := time.Now()
	d.oneLive(d.upload(visit(t), nil))
	if took := time.Since(began); took < 6*30*time.Millisecond {
		t.Errorf("six slow requests took %v", took)
	}
}

func TestDownPlatform(t *testing.T) {
	d := open(t, nil)
	c := d.upload(visit(t), func(infno string) {
		switch {
		case infno == "2207" && d.sent == 5:
			d.sim.Down()
		case infno == "2207" && d.sent == 7:
			if err := d.sim.Up(); err != nil {
				t.Fatal(err)
			}
		}
	})
	d.oneLive(c)
	if asked := d.sim.Books.Page().Requests["2601"]; asked != 0 {
		t.Errorf("%d reversals of what was never sent", asked)
	}
}

// A trial refused is taken back whole; then the same bill goes through.
func TestRefusedTrialLeavesNothing(t *testing.T) {
	d := open(t, nil)
	d.fault(platform.Fault{Infno: "2206", Kind: platform.Refuse, Text: "FSI-该参保人待遇冻结", Times: 1})
	c := d.upload(visit(t), nil)
	if c.Step != nhsa.StepHeld || !strings.Contains(c.Refusal.Cashier, "待遇冻结") || len(c.Left) != 0 {
		t.Fatalf("at %q, %v, left %v", c.Step, c.Refusal, c.Left)
	}
	if books := d.sim.Books.Page(); len(books.OpenVisits) != 0 || len(books.Settlements) != 0 {
		t.Fatalf("the platform still holds %v %v", books.OpenVisits, books.Settlements)
	}
	d.oneLive(d.upload(visit(t), nil))
}

func TestDifferingPlatform(t *testing.T) {
	d := open(t, nil)
	d.sim.Books.SetMood(platform.Mood{Differ: -123, Sender: "somebody-else"})
	c := d.upload(visit(t), nil)
	if c.Result.Fund != 4242-123 || c.Result.Cash != 3580+123 || len(c.Result.Warnings) != 1 {
		t.Errorf("result %+v", c.Result)
	}
}

package platform_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
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
		BaseURL: sim.BaseURL(), PaasID: "rig-paas", Secret: "rig-secret", Total: 10 * time.Second,
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
	var c nhsa.Chain
	for range 60 {
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
	d.t.Fatalf("no end after 60 requests: %+v", c)
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
	s := settle.Settlement{
		Number:   "2026112101000017",
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
		{"001101000010000-110100001", "15.00", "1", 1500}, {"XJ01CAA040E001010102345", "20.00", "2", 4000},
		{"XN02BEB171A001010200678", "24.80", "1", 2480}, {"XA11CCW103A001010400321", "33.00", "1", 3300},
	} {
		s.Bill.Lines = append(s.Bill.Lines, settle.Line{Code: l.code, UnitPrice: decimal.RequireFromString(l.price), Quantity: decimal.RequireFromString(l.qty)})
		s.Split.Lines = append(s.Split.Lines, settle.LineSplit{Amount: l.amount})
	}
	v, err := nhsa.VisitOf(s, nhsa.Manner{})
	if err != nil {
		t.Fatal(err)
	}
	return v
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
		{Infno: "2201", Kind: platform.Cut, Booked: true, Times: 1}, {Infno: "2204", Kind: platform.Cut, Booked: true, Times: 1},
		{Infno: "2204", Kind: platform.Cut, Times: 1}, {Infno: "2207", Kind: platform.Cut, Booked: true, Times: 1}, {Infno: "2207", Kind: platform.Cut, Times: 1},
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

func TestWithdrawal(t *testing.T) {
	for _, booked := range []bool{false, true} {
		d := open(t, nil)
		c := d.upload(visit(t), nil)
		d.fault(platform.Fault{Infno: "2208", Kind: platform.Cut, Booked: booked, Times: 1})
		var w nhsa.Withdrawal
		for {
			infno, input, done := w.Next(*c.Result)
			if done {
				break
			}
			msgid := d.msgid()
			reply, err := d.client.Send(t.Context(), infno, d.body(infno, msgid, input))
			_ = w.Answer(msgid, reply, err)
		}
		books := d.sim.Books.Page()
		if !w.Done || books.Live != 0 || books.Balances[father].String() != "5234.56" || books.Used[child].String() != "186.40" {
			t.Errorf("booked %v: %+v, books %+v", booked, w, books)
		}
	}
}

// What the gateway and the platform refuse, and as which kind.
func TestRefusals(t *testing.T) {
	good := nhsa.NewSignIn("0601", "m", "i")
	for _, c := range []struct {
		name   string
		line   func(*nhsa.Options)
		infno  string
		change func(string) string // of the body
		want   string
	}{
		{"wrong secret", func(o *nhsa.Options) { o.Secret = "x" }, "9001", nil, "签名不一致!"},
		{"wrong user", func(o *nhsa.Options) { o.PaasID = "x" }, "9001", nil, "非法用户!"},
		{"clock behind", func(o *nhsa.Options) { o.Now = func() time.Time { return noon().Add(-31 * time.Minute) } }, "9001", nil, "签名时间戳超时!"},
		{"clock within", func(o *nhsa.Options) { o.Now = func() time.Time { return noon().Add(29 * time.Minute) } }, "9001", nil, ""},
		{"no such transaction", nil, "9999", nil, "未知交易编号"},
		{"another number in the body", nil, "1101", nil, "交易编号与地址不一致"},
		{"no operator", nil, "9001", func(s string) string { return strings.Replace(s, `"opter":"0601"`, `"opter":""`, 1) }, "opter不能为空"},
		{"message id too long", nil, "9001", func(s string) string { return strings.Replace(s, `"msgid":"`, `"msgid":"1`, 1) }, "msgid格式或长度不正确"},
		{"unknown institution", nil, "9001", func(s string) string {
			return strings.Replace(s, `"fixmedins_code":"H44030500001"`, `"fixmedins_code":"H44030599999"`, 1)
		}, "不存在"},
		{"no JSON", nil, "9001", func(string) string { return "{" }, "报文格式错误"},
		{"no input", nil, "9001", func(s string) string { return strings.Replace(s, `"signIn"`, `"other"`, 1) }, "signIn不能为空"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := open(t, nil)
			o := nhsa.Options{BaseURL: d.sim.BaseURL(), PaasID: "rig-paas", Secret: "rig-secret", Now: noon}
			if c.line != nil {
				c.line(&o)
			}
			client, err := nhsa.New(o)
			if err != nil {
				t.Fatal(err)
			}
			body := string(d.body("9001", d.msgid(), good))
			if c.change != nil {
				body = c.change(body)
			}
			_, err = client.Send(t.Context(), c.infno, []byte(body))
			if (c.want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestPlatformRefuses(t *testing.T) {
	d := open(t, nil)
	body := d.body("9001", d.msgid(), nhsa.NewSignIn("0601", "m", "i"))
	for i, want := range []string{"", "重复"} {
		if _, err := d.client.Send(t.Context(), "9001", body); (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("send %d of one message: %v, want %q", i+1, err, want)
		}
	}
	d.sign = "stale"
	var refused *nhsa.BusinessRefusal
	if _, err := d.ask(t.Context(), "5206", usage()); !as(err, &refused) || !refused.StaleSignIn() {
		t.Errorf("a stale sign-in: %v", err)
	}
}

func usage() nhsa.UsageQuery {
	var q nhsa.UsageQuery
	q.Data.PersonNo = child
	return q
}

// The books refuse what does not add up, and what was settled before.
func TestBooksRefuse(t *testing.T) {
	d := open(t, nil)
	wrong := visit(t)
	wrong.Total++
	if c := d.upload(wrong, nil); c.Refusal == nil || !strings.Contains(c.Refusal.Cashier, "医疗总费用112.81,已上传费用112.80不相等") {
		t.Errorf("wrong total: %v", c.Refusal)
	}
	wrong = visit(t)
	wrong.Lines[1].Amount++
	if c := d.upload(wrong, nil); c.Refusal == nil || !strings.Contains(c.Refusal.Cashier, "数量乘单价与金额不相等") {
		t.Errorf("wrong line: %v", c.Refusal)
	}
	wrong = visit(t)
	wrong.Who.CardCode = "440300D15600000500000B41C95D70A2"
	if c := d.upload(wrong, nil); c.Refusal == nil || !strings.Contains(c.Refusal.Cashier, "卡识别码不正确") {
		t.Errorf("wrong card code: %v", c.Refusal)
	}
	d.oneLive(d.upload(visit(t), nil))
	again := d.upload(visit(t), nil) // the same visit number, the same lines
	if again.Step != nhsa.StepHeld || d.sim.Books.Page().Live != 1 {
		t.Errorf("a second upload of the same settlement ends at %q, %d live", again.Step, d.sim.Books.Page().Live)
	}
}

// registry is the institutions that the counter knows.
type registry map[string]settle.Institution

func (r registry) Institution(code string) (settle.Institution, bool) {
	i, ok := r[code]
	return i, ok
}

func TestEntitlement(t *testing.T) {
	known := registry{"H44030500101": {ID: "H44030500101", Name: "南园", Level: 1, Kind: settle.CommunityHealth, SettlementHospital: "H44030500001"}}
	for _, c := range []struct {
		name string
		who  settle.Identity
		want string
	}{
		{
			"child by card", settle.Identity{CardNumber: "F18060102", CardCode: "440300D1560000050000018A6F3C27E1"},
			"child_resident retired=false birth 2018-06-01 explicit 2026-01-01..2027-09-30 own - H44030500101/1 2023-10-01..2099-12-31 used 186.40 0.00 390/1403 440300",
		},
		{
			"father by id number", settle.Identity{IDNumber: "440305198805051013"},
			"employee_tier1 retired=false birth 1988-05-05 explicit 2026-01-01.. own 5234.56 H44030500001/0 2023-10-01..2099-12-31 used 320.00 120.00 310/1101 440300",
		},
		{
			"mother, with an ended row elsewhere first", settle.Identity{IDNumber: "440305199003201045"},
			"employee_tier1 retired=false birth 1990-03-20 explicit 2026-01-01.. own 312.40 H44030500201/0 2023-10-01..2099-12-31 used 0.00 0.00 310/1101 440300",
		},
		{
			"retired", settle.Identity{IDNumber: "440305195802121035"},
			"employee_tier1 retired=true birth 1958-02-12 explicit 2026-01-01.. own 1820.05 H44030500101/1 2023-10-01..2099-12-31 used 2210.75 800.00 310/12 440300",
		},
		{
			"student", settle.Identity{IDNumber: "440305200408081075"},
			"student retired=false birth 2004-08-08 explicit 2026-01-01..2027-09-30 own - H44030500101/1 2023-10-01..2099-12-31 used 0.00 0.00 390/1404 440300",
		},
		{"ended", settle.Identity{IDNumber: "440305198512241067"}, "INSURANCE_ENDED"},
		{"not the card's person", settle.Identity{CardNumber: "F18060102", CardCode: "440300D1560000050000018A6F3C27E1", IDNumber: "440305198805051013"}, "PLATFORM_OTHER_PERSON"},
	} {
		for _, loose := range []bool{false, true} {
			d := open(t, nil)
			d.sim.Books.SetMood(platform.Mood{Loose: loose})
			q := nhsa.Inquiry{Institution: "H44030500001", Registry: known, Now: noon()}
			e, err := q.Entitlement(t.Context(), c.who, d.ask)
			if got := describe(e, err); !strings.HasPrefix(got, c.want) {
				t.Errorf("%s (loose %v):\ngot  %s\nwant %s", c.name, loose, got, c.want)
			}
		}
	}
}

func describe(e settle.Entitlement, err error) string {
	if err != nil {
		return err.Error()
	}
	own := "-"
	if e.Insured.Own != nil {
		own = e.Insured.Own.Balance.String()
	}
	s := fmt.Sprintf("%s retired=%v birth %s %s %s..%s own %s", e.Insured.Category, e.Insured.Retired, e.Insured.Birth,
		e.Insured.Benefit.Kind, e.Insured.Benefit.From, e.Insured.Benefit.To, own)
	for _, sel := range e.Insured.Selections {
		s += fmt.Sprintf(" %s/%d %s..%s", sel.Institution.ID, sel.Institution.Level, sel.From, sel.To)
	}
	return s + fmt.Sprintf(" used %s %s %s/%s %s", e.Usage.Ordinary, e.Usage.OrdinaryLevel2, e.InsuranceType, e.PersonType, e.InsuredArea)
}

func TestControl(t *testing.T) {
	d := open(t, nil)
	url := "http://" + d.sim.Addr() + "/control/"
	post := func(what, body string, want int) {
		t.Helper()
		resp, err := http.Post(url+what, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s %s: %d, want %d", what, body, resp.StatusCode, want)
		}
	}
	post("fault", `{"infno":"2206","kind":"refuse","text":"不行","times":1}`, 204)
	post("fault", `{"kind":"magic"}`, 400)
	post("fault", `{"kind":"cut","often":1}`, 400)
	if c := d.upload(visit(t), nil); c.Refusal == nil || !strings.Contains(c.Refusal.Cashier, "不行") {
		t.Errorf("not refused: %+v", c)
	}
	post("fault", `{"kind":"cut"}`, 204)
	post("clear", ``, 204)
	d.oneLive(d.upload(visit(t), nil))
	resp, err := http.Get(url + "books")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var page platform.Page
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil || page.Live != 1 || page.Settlements[0].PsnNo != child {
		t.Errorf("books %+v, %v", page, err)
	}
	post("down", `{"ms":50}`, 204)
	for {
		if _, err := d.ask(t.Context(), "5206", usage()); err == nil {
			break // it is up again
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestListensOnTheLoopbackOnly(t *testing.T) {
	d := open(t, nil)
	for _, addr := range []string{"0.0.0.0:0", ":0", "example.com:80"} {
		other, err := platform.New(platform.Options{Data: os.DirFS("../../../../testdata/platform")})
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Start(addr, ""); err == nil {
			other.Close()
			t.Errorf("listens on %s", addr)
		}
	}
	d.sim.Close()
}

func as[T error](err error, target *T) bool { return errors.As(err, target) }

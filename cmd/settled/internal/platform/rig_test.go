package platform

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"settled/queue"
	"settled/queue/journal"
	"settled/queue/nhsa"
	"settled/settle"
)

// rigVariable names the simulator's program for the tests.
const rigVariable = "SETTLED_TEST_RIG"

// TestMain builds the platform simulator: the tests upload to it through real HTTP.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "settled-rig-")
	if err == nil {
		program := filepath.Join(dir, "rig")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", program, "settled/cmd/rig").CombinedOutput(); err != nil {
			err = fmt.Errorf("build rig: %w: %s", err, out)
		}
		err = errors.Join(err, os.Setenv(rigVariable, program))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// window is a counter's queue with its upload to a platform of its own.
type window struct {
	t       testing.TB
	dir     string
	base    string // of the platform
	queue   *queue.Queue
	upload  *Upload
	changed func(number string)
	keys    int
	ahead   atomic.Int64 // days that the queue's clock is
}

var clerk = queue.By{Operator: "0601", Device: "W01"}

func openWindow(t testing.TB) *window {
	t.Helper()
	return openWindowOn(t, simulated)
}

// openWindowOn opens a window to a platform with data of its own.
func openWindowOn(t testing.TB, data string) *window {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Getenv(rigVariable), "platform", "--listen", "127.0.0.1:0", "--data", data)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	w := &window{t: t, dir: t.TempDir(), base: strings.TrimSpace(strings.TrimPrefix(line, "platform at "))}
	w.open()
	t.Cleanup(func() { _ = w.queue.Close() })
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens queue and upload, as a process does that starts.
func (w *window) open() {
	w.t.Helper()
	options := queue.Options{Institution: "H44030500001", Counter: "01", Key: bytes.Repeat([]byte{7}, queue.KeySize), Now: w.now}
	q, err := queue.Open(w.dir, options)
	for errors.Is(err, journal.ErrLocked) && w.t.Context().Err() == nil { // by a program of another test, until it has begun
		q, err = queue.Open(w.dir, options)
	}
	must(w.t, err)
	client, err := nhsa.New(nhsa.Options{BaseURL: w.base, Gateway: nhsa.TIF{PaasID: "rig-paas", Secret: "rig-secret"}, Total: time.Minute})
	must(w.t, err)
	line := NewLine(Options{
		Client: client, Queue: q, Now: time.Now, By: clerk,
		Head: nhsa.Head{Institution: "H44030500001", InstitutionName: "鹏湾医院", Operator: "0601", OperatorName: "收费员甲"},
	})
	w.queue = q
	w.upload = NewUpload(line, Pace{InFlight: DefaultInFlight}, slog.New(slog.DiscardHandler), func(number string) {
		if w.changed != nil {
			w.changed(number)
		}
	})
}

func (w *window) now() time.Time { return time.Now().AddDate(0, 0, int(w.ahead.Load())) }

// restart ends the process, without a farewell if the queue is closed already.
func (w *window) restart() {
	w.t.Helper()
	_ = w.queue.Close()
	w.open()
}

// pass tries all that waits once, also what would be put off.
func (w *window) pass() error {
	clear(w.upload.later)
	w.upload.breaker.fine()
	w.upload.walk.next = time.Time{}
	return w.upload.pass(w.t.Context())
}

// passes tries until nothing waits; trouble is tried again.
func (w *window) passes() {
	w.t.Helper()
	for range 60 {
		err := w.pass()
		if err != nil && !lineTrouble(err) {
			w.t.Fatal(err)
		}
		if pending, err := w.queue.Pending(1, 0); err != nil || len(pending) == 0 {
			must(w.t, err)
			return
		}
	}
	w.t.Fatal("there is still something that waits after 60 passes")
}

// command gives the simulator an order.
func (w *window) command(name string, body any) {
	w.t.Helper()
	data, err := json.Marshal(body)
	must(w.t, err)
	host, _, _ := strings.Cut(w.base, "/ebus/")
	res, err := http.Post(host+"/control/"+name, "application/json", bytes.NewReader(data))
	must(w.t, err)
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode/100 != 2 {
		w.t.Fatalf("%s: %s", name, res.Status)
	}
}

// fault is a simulator's Fault.
type fault struct {
	Infno  string `json:"infno"`
	Body   string `json:"body,omitempty"`
	MS     int    `json:"ms,omitempty"`
	Kind   string `json:"kind"`
	Booked bool   `json:"booked,omitempty"`
	Times  int    `json:"times,omitempty"`
	Text   string `json:"text,omitempty"`
}

func (w *window) faults(list ...fault) {
	w.t.Helper()
	for _, f := range list {
		w.command("fault", f)
	}
}

// page is what the simulator's books say.
type page struct {
	Settlements []struct {
		Person string      `json:"psn_no"`
		Batch  string      `json:"chrg_bchno"` // "" of an inpatient
		MsgID  string      `json:"msgid"`
		Live   bool        `json:"live"`
		Total  json.Number `json:"medfee_sumamt"`
	} `json:"settlements"`
	Live       int                    `json:"live"`
	Duplicates map[string]int         `json:"duplicates"`
	Requests   map[string]int         `json:"requests"`
	Most       int                    `json:"most"`
	OpenVisits []string               `json:"open_visits"`
	Stays      map[string]int         `json:"stays"` // lines that are not settled
	Balances   map[string]json.Number `json:"balances"`
	Used       map[string]json.Number `json:"used"`
}

func (w *window) books() (p page) {
	w.t.Helper()
	host, _, _ := strings.Cut(w.base, "/ebus/")
	res, err := http.Get(host + "/control/books")
	must(w.t, err)
	defer func() { _ = res.Body.Close() }()
	must(w.t, json.NewDecoder(res.Body).Decode(&p))
	return p
}

// line is a line of a bill: what the simulator makes of the first n lines is in costs.
type line struct {
	code, price string
	amount      settle.Fen
}

func lines() []line {
	return []line{
		{"001101010000010000-110100001", "15.00", 1500},
		{"XJ01CAA040E001010102345", "20.00", 2000},
		{"XN02BEB171A001010200678", "24.80", 2480},
		{"XA11CCW103A001010400321", "33.00", 3300},
	}
}

// bill is a settlement of the child's visit with the first n lines. Its split is made
// up: the platform's is its own.
func (w *window) bill(visit string, n int) settle.Settlement {
	s := settle.Settlement{
		Person: w.queue.Person("440305201806010023"), Period: "2026", Rules: "r1",
		Who:      settle.Identity{CardNumber: "F18060102", CardCode: "440300D1560000050000018A6F3C27E1", IDNumber: "440305201806010023"},
		Guardian: settle.Identity{CardNumber: "F88050510"}, Insured: settle.Insured{Category: settle.ChildResident},
		Bill: settle.Bill{Visit: settle.Visit{Kind: settle.Outpatient}},
		Chart: settle.Chart{
			OutpatientNo: visit, Began: time.Now().Format(time.DateTime), Department: settle.Named{Code: "0301", Name: "儿科"},
			Specialty: "0301", Doctor: settle.Named{Code: "D440300000001", Name: "林医生"},
			Diagnoses: []settle.Diagnosis{{Code: "J06.900", Name: "急性上呼吸道感染"}},
		},
		Split: settle.Split{Status: settle.Settled},
	}
	for _, l := range lines()[:n] {
		s.Bill.Lines = append(s.Bill.Lines, settle.Line{Code: l.code, UnitPrice: decimal.RequireFromString(l.price), Quantity: decimal.New(1, 0)})
		s.Split.Lines = append(s.Split.Lines, settle.LineSplit{Amount: l.amount})
		s.Split.Total += l.amount
	}
	s.Split.Fund = s.Split.Total / 2
	s.Split.Cash = s.Split.Total - s.Split.Fund
	s.Split.UsageAfter.Ordinary = s.Split.Fund
	return s
}

func (w *window) settle(visit string, n int) settle.Settlement {
	w.t.Helper()
	s := w.bill(visit, n)
	w.keys++
	s.Key = fmt.Sprint("k", w.keys)
	return w.keep(s)
}

// reverse reverses a settlement and keeps the first n lines; 0: whole.
func (w *window) reverse(s settle.Settlement, n int) queue.Void {
	w.t.Helper()
	w.keys++
	r := queue.Reversal{Number: s.Number, Key: fmt.Sprint("k", w.keys), ContentDigest: "d", By: clerk}
	if n > 0 {
		kept := w.bill(s.Chart.OutpatientNo, n)
		kept.Bill.Visit, kept.Chart.VisitID = s.Bill.Visit, s.Chart.VisitID
		r.Kept = &kept
	}
	v, _, err := w.queue.Reverse(w.t.Context(), r)
	must(w.t, err)
	return v
}

// agree checks that the platform has exactly what stands in the journal and is not
// reversed there, once each, that nothing waits, and that the queue proves itself.
func (w *window) agree() {
	w.t.Helper()
	_, err := w.queue.Verify(w.t.Context())
	must(w.t, err)
	list, err := w.queue.List(queue.Filter{Limit: 1000})
	must(w.t, err)
	var ours, theirs []string
	for _, r := range list {
		switch r.State {
		case queue.Voided:
		case queue.Acknowledged:
			name := r.Settlement.Number
			if r.Settlement.Bill.Visit.Kind == settle.Inpatient {
				name = r.Ack.MsgID
			}
			ours = append(ours, fmt.Sprint(name, " ", r.Settlement.Split.Total))
		default:
			w.t.Errorf("%s is %s", r.Settlement.Number, r.State)
		}
	}
	books := w.books()
	for _, s := range books.Settlements {
		if s.Live {
			name := s.Batch
			if name == "" {
				name = s.MsgID
			}
			theirs = append(theirs, fmt.Sprint(name, " ", s.Total))
		}
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	if !slices.Equal(ours, theirs) || len(books.Duplicates) > 0 {
		w.t.Errorf("the journal has %v, the platform %v, msgids twice %v", ours, theirs, books.Duplicates)
	}
}

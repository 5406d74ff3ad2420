package pages_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/bills"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/kiosk"
	"settled/cmd/settled/internal/pages"
	"settled/cmd/settled/internal/sealed"
	"settled/devices/bench/browser"
	"settled/queue"
	"settled/settle"
)

const (
	token    = "cashier-token-0123456789"
	hospital = "hospital-token-0123456789"
)

// chromium is one browser for all tests; nil if there is none.
var chromium *browser.Browser

func TestMain(m *testing.M) {
	b, err := browser.Start(context.Background())
	if err != nil && !errors.Is(err, browser.ErrMissing) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	chromium = b
	code := m.Run()
	if b != nil {
		b.Close()
	}
	os.Exit(code)
}

// fixture is a window with stand-ins behind the real API and the pages.
type fixture struct {
	*countertest.Window
	base string
	web  *httptest.Server
	desk *kiosk.Desk
	till *till
	made *choices

	office *records
	diary  diary

	mu      sync.Mutex
	why     []counter.Notice // why it is not ready
	status  api.Status
	notices []counter.Notice

	line func(w http.ResponseWriter, r *http.Request, daemon http.Handler) // between page and daemon; nil: nothing is
}

func serve(t *testing.T, change func(*counter.Ports, *counter.Options)) *fixture {
	t.Helper()
	if chromium == nil {
		t.Skip(browser.ErrMissing)
	}
	f := &fixture{Window: countertest.Open(t, change), status: api.Status{Entry: 7, Notices: []string{}}}
	folder, err := sealed.Open(t.TempDir(), "bills", bytes.Repeat([]byte{1}, queue.KeySize))
	must(t, err)
	store, err := bills.Open(folder, countertest.Morning, slog.New(slog.DiscardHandler))
	must(t, err)
	shelf := f.openOffice(t)
	f.till = &till{}
	f.startKiosk(t)
	f.made = &choices{changed: make(chan struct{}), answer: queue.ChoiceFiled}
	server, err := api.New(api.Options{
		Windows: map[string]api.Window{countertest.Seat: f.Window},
		Tokens: map[string]api.Grant{
			token:    {Seat: countertest.Seat, Role: api.Cashier, Operator: "0001"},
			hospital: {Seat: countertest.Seat, Role: api.Hospital, Operator: "HIS"},
		},
		Ledger: ledger{f.Window, f.office}, Keeper: f, Ready: f, Bills: store, Pages: pages.New(), Terminal: f, Family: f.family(), Policy: func() api.Policy { return f.office.Loaded() },
		Overlays: shelf, Past: gone{}, Acts: &f.diary, Books: accounts{f.office}, Repairs: mends{f.office}, Now: countertest.Morning,
		SignIn: &api.SignIn{Operators: roster{}, Seat: countertest.Seat, Token: token},
		Log:    slog.New(slog.DiscardHandler),
	})
	must(t, err)
	f.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		line := f.line
		f.mu.Unlock()
		if line == nil {
			server.ServeHTTP(w, r)
			return
		}
		line(w, r, server)
	}))
	t.Cleanup(func() {
		f.web.CloseClientConnections()
		f.web.Close()
	})
	f.base = f.web.URL
	return f
}

// startKiosk starts the terminal, as the daemon does after a power cut.
func (f *fixture) startKiosk(t *testing.T) {
	t.Helper()
	if f.till.folder == nil {
		folder, err := sealed.Open(t.TempDir(), "kiosk", bytes.Repeat([]byte{1}, queue.KeySize))
		must(t, err)
		f.till.folder = folder
	}
	desk, err := kiosk.Open(kiosk.Options{
		Window: f.Window, Payments: f.till, Folder: f.till.folder, Now: f.Clock.Now,
		Log: slog.New(slog.DiscardHandler), Look: 20 * time.Millisecond,
	})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- desk.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.desk, f.till.cut = desk, stop
}

// terminal is the desk of now.
func (f *fixture) terminal() *kiosk.Desk {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.desk
}

func (f *fixture) Now() (*kiosk.Attempt, string)    { return f.terminal().Now() }
func (f *fixture) Pay(quote, by string) error       { return f.terminal().Pay(quote, by) }
func (f *fixture) Cancel(ctx context.Context) error { return f.terminal().Cancel(ctx) }
func (f *fixture) Clear(keep func(kiosk.Attempt) error) error {
	return f.terminal().Clear(keep)
}

// till is a QR payment with one order.
type till struct {
	mu     sync.Mutex
	state  kiosk.State
	folder kiosk.Folder
	cut    func() // ends the terminal that runs
}

func (p *till) set(s kiosk.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
}

func (p *till) Order(context.Context, string, settle.Fen, string) (string, error) {
	p.set(kiosk.Waiting)
	return "weixin://wxpay/bizpayurl?pr=K0123456789abcdef", nil
}

func (p *till) State(context.Context, string) (kiosk.State, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state, nil
}

func (p *till) Close(ctx context.Context, ref string) (kiosk.State, error) {
	if s, _ := p.State(ctx, ref); s == kiosk.Waiting {
		p.set(kiosk.Closed)
	}
	return p.State(ctx, ref)
}

func (p *till) Refund(context.Context, string) (kiosk.State, error) {
	p.set(kiosk.Back)
	return kiosk.Back, nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tab opens a page, signed in.
func (f *fixture) tab(t *testing.T, path, operator string) *browser.Tab {
	t.Helper()
	tab, err := chromium.Tab(1366, 768)
	must(t, err)
	t.Cleanup(tab.Close)
	must(t, tab.Open(f.base+path))
	must(t, tab.Await(`document.activeElement.id === 'operator'`))
	must(t, tab.Press(operator, "\t", "pass-1234", kb.Enter))
	must(t, tab.Await("location.pathname === '"+path+"'"))
	return tab
}

// send leaves a bill of the child that waits.
func (f *fixture) send(t *testing.T, change func(*countertest.Document)) {
	t.Helper()
	f.sendFor(t, countertest.Child(), change)
}

func (f *fixture) sendFor(t *testing.T, of settle.Entitlement, change func(*countertest.Document)) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.base+"/v1/bills", bytes.NewReader(countertest.Bill(t, of, change)))
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+hospital)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	must(t, err)
	must(t, res.Body.Close())
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("bill: %s", res.Status)
	}
}

// visit is a bill with lines of every kind.
func visit(doc *countertest.Document) {
	doc.Head["key"], doc.Head["total"] = "MZ20241105-000317", "258.94"
	doc.Visit["department"] = map[string]any{"code": "0701", "name": "儿科门诊"}
	doc.Items = nil
	for _, l := range []struct {
		name, category, price, quantity, ratio, priceCap string
		consultation                                     bool
	}{
		{"普通门诊诊查费（儿科）", "A", "25.00", "1", "", "", true},
		{"血常规（五分类）", "A", "18.00", "1", "", "", false},
		{"C反应蛋白测定", "A", "20.00", "1", "", "", false},
		{"肺炎支原体抗体检测", "B", "42.00", "1", "0.10", "", false},
		{"雾化吸入治疗", "A", "8.00", "2", "", "", false},
		{"吸入用布地奈德混悬液", "B", "5.2300", "4", "0.10", "", false},
		{"硫酸特布他林雾化吸入用溶液", "B", "4.6800", "2", "0.10", "", false},
		{"阿莫西林克拉维酸钾干混悬剂", "A", "1.8642", "18", "", "", false},
		{"布洛芬混悬液", "A", "12.80", "1", "", "11.50", false},
		{"小儿肺热咳喘口服液", "B", "3.2500", "12", "0.10", "", false},
		{"一次性使用雾化面罩（儿童型）", "B", "6.50", "1", "0.20", "", false},
		{"医用退热贴", "C", "15.80", "1", "", "", false},
	} {
		item := countertest.Item(l.name, l.price, l.quantity)
		item["category"] = l.category
		if l.ratio != "" {
			item["first_self_pay_ratio"] = l.ratio
		}
		if l.priceCap != "" {
			item["price_cap"] = l.priceCap
		}
		if l.consultation {
			item["consultation"] = true
		}
		doc.Items = append(doc.Items, item)
	}
}

// Ready, Notices and Status are the daemon's, as a test sets them.
func (f *fixture) Ready(context.Context) []counter.Notice {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.why
}

func (f *fixture) Notices(context.Context) []counter.Notice {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.notices
}

func (f *fixture) Status(context.Context) (api.Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.status
	s.Risk = &api.Risk{Counter: api.Limit{Bound: api.Bound{Warn: 100_000, Limit: 200_000}}, Person: api.Bound{Limit: 50_000}, Account: api.Bound{Limit: 100_000}, LossBorneBy: "定点医药机构", Alerts: []counter.Notice{}}
	for _, st := range f.Book.Written() {
		if f.office.of(st.Number) != nil {
			s.Held++
			s.OldestHeld = countertest.Morning()
		} else {
			s.Pending++
			s.OldestPending = countertest.Morning()
		}
		s.Exposed += st.Split.Fund
		s.Risk.Counter.At += st.Split.Fund
	}
	return s, nil
}

// roster lets everybody in with "pass-1234".
type roster struct{}

func (roster) people() map[string]api.Operator {
	return map[string]api.Operator{
		"0001": {ID: "0001", Name: "收费员一", Role: api.Cashier},
		"0002": {ID: "0002", Name: "收费组长", Role: api.Supervisor},
		"0003": {ID: "0003", Name: "王敏", Role: api.Insurance},
		"0004": {ID: "0004", Name: "李强", Role: api.Operations},
		"0100": {ID: "0100", Name: "自助机", Role: api.Kiosk},
	}
}

func (r roster) SignIn(id, password string) (api.Operator, bool) {
	o, ok := r.people()[id]
	return o, ok && password == "pass-1234"
}

func (r roster) Operator(id string) (api.Operator, bool) { o, ok := r.people()[id]; return o, ok }
func (roster) Any() bool                                 { return true }

// ledger reads the window's book; everything is pending.
type ledger struct {
	*countertest.Window
	office *records
}

func (l ledger) Entry(ctx context.Context, number string) (api.Entry, error) {
	for _, s := range l.Book.Written() {
		if s.Number == number {
			of, err := l.Book.Reversible(ctx, number)
			e := api.Entry{Kind: api.Settlement, Number: number, Settlement: s, Void: of.Void, At: countertest.Morning(), State: api.Pending, Reason: l.office.of(number)}
			if e.Reason != nil {
				e.State = api.Held
			}
			return e, err
		}
	}
	return api.Entry{}, &settle.Refusal{Code: settle.NoSettlement, Cashier: settle.NoSettlement.Cashier(), Technician: number}
}

func (l ledger) Queued(ctx context.Context, number string) (api.Entry, error) {
	return l.Entry(ctx, number)
}

func (l ledger) List(ctx context.Context, f api.Filter) ([]api.Entry, error) {
	all, err := l.Search(ctx, api.Search{Limit: f.Limit})
	return slices.DeleteFunc(all, func(e api.Entry) bool { return f.State != "" && e.State != f.State || e.Number <= f.After }), err
}

func (l ledger) Void(_ context.Context, number string) (counter.Void, api.Entry, error) {
	if v, ok := l.Book.Void(number); ok {
		return v, api.Entry{Kind: api.Void, Number: number, Settlement: v.Whole, Back: v.Back, At: v.At, State: api.Pending}, nil
	}
	return counter.Void{}, api.Entry{}, &settle.Refusal{Code: counter.NoVoid, Cashier: counter.Sentence(counter.NoVoid), Technician: number}
}

func (l ledger) Shift(ctx context.Context, _ uint64) (counter.Shift, error) {
	return l.CurrentShift(ctx, "")
}

func (l ledger) CurrentShift(ctx context.Context, _ string) (counter.Shift, error) {
	s, ok, err := l.Book.CurrentShift(ctx)
	if err == nil && !ok {
		err = &settle.Refusal{Code: counter.NoShift, Cashier: counter.Sentence(counter.NoShift), Technician: "none"}
	}
	return s, err
}

func (ledger) Reprint(context.Context, string, api.Grant) (int, error) { return 1, nil }

func (l ledger) Person(id settle.Private) string { return l.Book.Person(id) }

func (l ledger) Search(ctx context.Context, s api.Search) (found []api.Entry, err error) {
	for _, st := range l.Book.Written() {
		if strings.HasPrefix(st.Number, s.Number) && (s.Person == "" || s.Person == st.Person) && strings.Contains(st.Who.Name.ClearPersonalData(), s.Name) {
			e, err := l.Entry(ctx, st.Number)
			if err != nil {
				return nil, err
			}
			found = append([]api.Entry{e}, found...)
		}
	}
	return found, nil
}

package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
)

// Tokens of the tests' seats.
const (
	cashierToken    = "cashier-token-0123456789"
	hospitalToken   = "hospital-token-0123456789"
	operationsToken = "operations-token-0123456789"
	kioskToken      = "kiosk-token-0123456789"
	insuranceToken  = "insurance-token-0123456789"
	supervisorToken = "supervisor-token-0123456789"
)

// daemon is a window with its API on a real port.
type daemon struct {
	*countertest.Window
	base  string
	ready *readiness
	moves *uploads
	stop  func() error // ends the server gracefully; later calls give the same result
}

type readiness struct {
	mu      sync.Mutex
	why     []counter.Notice
	notices []counter.Notice
}

func (r *readiness) Ready(context.Context) []counter.Notice {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.why
}

func (r *readiness) Notices(context.Context) []counter.Notice {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.notices
}

// ledger reads the window's book; everything is pending.
type ledger struct{ *countertest.Window }

func (l ledger) Entry(ctx context.Context, number string) (api.Entry, error) {
	for _, s := range l.Book.Written() {
		if s.Number == number {
			of, err := l.Book.Reversible(ctx, number)
			return api.Entry{Kind: api.Settlement, Number: number, Settlement: s, Void: of.Void, At: countertest.Morning(), State: api.Pending}, err
		}
	}
	return api.Entry{}, &settle.Refusal{Code: settle.NoSettlement, Cashier: settle.NoSettlement.Cashier(), Technician: number}
}

// Reprint counts nothing: every copy is the seventh.
func (l ledger) Reprint(context.Context, string, api.Grant) (int, error) { return 7, nil }

func (l ledger) List(_ context.Context, f api.Filter) ([]api.Entry, error) {
	var entries []api.Entry
	for _, s := range l.Book.Written() {
		if s.Number > f.After && len(entries) < f.Limit && (f.State == "" || f.State == api.Pending) {
			entries = append(entries, api.Entry{Kind: api.Settlement, Number: s.Number, Settlement: s, At: countertest.Morning(), State: api.Pending})
		}
	}
	return entries, nil
}

// keeper moves nothing and remembers what it was asked.
type keeper struct{ asked []string }

func (k *keeper) Hold(_ context.Context, number, why string, by api.Grant) error {
	k.asked = append(k.asked, "hold "+number+" "+why+" "+by.Operator)
	return nil
}

func (k *keeper) Release(_ context.Context, number, why string, by api.Grant) error {
	k.asked = append(k.asked, "release "+number+" "+why+" "+by.Operator)
	return nil
}

func (k *keeper) Status(context.Context) (api.Status, error) {
	return api.Status{Entry: 7, Pending: 2, Notices: []string{}}, nil
}

func (l ledger) Queued(ctx context.Context, number string) (api.Entry, error) {
	return l.Entry(ctx, number)
}

func (l ledger) Void(_ context.Context, number string) (counter.Void, api.Entry, error) {
	if v, ok := l.Book.Void(number); ok {
		return v, api.Entry{Kind: api.Void, Number: number, Settlement: v.Whole, Back: v.Back, At: v.At, State: api.Pending}, nil
	}
	return counter.Void{}, api.Entry{}, &settle.Refusal{Code: counter.NoVoid, Cashier: counter.Sentence(counter.NoVoid), Technician: number}
}

func (l ledger) Shift(ctx context.Context, number uint64) (counter.Shift, error) {
	s, ok, err := l.Book.CurrentShift(ctx)
	if err == nil && (!ok || s.Number != number) {
		err = &settle.Refusal{Code: counter.NoShift, Cashier: counter.Sentence(counter.NoShift), Technician: "none"}
	}
	return s, err
}

func (l ledger) CurrentShift(ctx context.Context, _ string) (counter.Shift, error) {
	s, _, _ := l.Book.CurrentShift(ctx)
	return l.Shift(ctx, max(s.Number, 1))
}

// Person and Search look at the book.
func (l ledger) Person(id settle.Private) string { return l.Book.Person(id) }

func (l ledger) Search(ctx context.Context, s api.Search) ([]api.Entry, error) {
	var entries []api.Entry
	for _, st := range l.Book.Written() {
		if (s.Number == "" || s.Number == st.Number) && (s.Person == "" || s.Person == st.Person) && strings.Contains(st.Who.Name.ClearPersonalData(), s.Name) {
			e, err := l.Entry(ctx, st.Number)
			if err != nil {
				return nil, err
			}
			entries = append([]api.Entry{e}, entries...)
		}
	}
	return entries, nil
}

type uploads struct{ changes chan api.UploadChange }

func (u *uploads) Subscribe() (<-chan api.UploadChange, func()) { return u.changes, func() {} }

// start serves a window on a port of its own until the test ends.
func start(t *testing.T, change func(*counter.Ports, *counter.Options)) *daemon {
	t.Helper()
	return startWith(t, change, func(*api.Options) {})
}

// startWith is start with other options of the API.
func startWith(t *testing.T, change func(*counter.Ports, *counter.Options), more func(*api.Options)) *daemon {
	t.Helper()
	d := &daemon{Window: countertest.Open(t, change), ready: &readiness{}, moves: &uploads{make(chan api.UploadChange, 1)}}
	o := api.Options{
		Windows: map[string]api.Window{countertest.Seat: d.Window},
		Tokens: map[string]api.Grant{
			cashierToken:    {Seat: countertest.Seat, Role: api.Cashier, Operator: "C01"},
			hospitalToken:   {Seat: countertest.Seat, Role: api.Hospital, Operator: "HIS"},
			operationsToken: {Seat: countertest.Seat, Role: api.Operations, Operator: "OPS"},
			kioskToken:      {Seat: countertest.Seat, Role: api.Kiosk, Operator: "K01"},
			insuranceToken:  {Seat: countertest.Seat, Role: api.Insurance, Operator: "I01"},
			supervisorToken: {Seat: countertest.Seat, Role: api.Supervisor, Operator: "S01"},
		},
		Ledger: ledger{d.Window}, Keeper: &keeper{}, Uploads: d.moves, Ready: d.ready, Heartbeat: 20 * time.Millisecond,
	}
	more(&o)
	server, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.base = "http://" + l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l) }()
	d.stop = sync.OnceValue(func() error { stop(); return <-ended })
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return d
}

// call makes a request as the cashier, or as change makes it, and gives status and
// body.
func (d *daemon) call(t testing.TB, method, path string, body []byte, change func(*http.Request)) (int, []byte, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, d.base+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+cashierToken)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	if change != nil {
		change(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, text, res.Header
}

// answer is what the tests look at in any JSON answer.
type answer struct {
	settle.Refusal
	ID           string      `json:"id"`
	Key          string      `json:"key"`
	Number       string      `json:"number"`
	Replayed     bool        `json:"replayed"`
	Fund         settle.Fen  `json:"fund"`
	Cash         settle.Fen  `json:"cash"`
	State        string      `json:"state"`
	Status       string      `json:"status"`
	Provisional  bool        `json:"provisional"`
	Quote        *answer     `json:"quote"`
	Entries      []answer    `json:"entries"`
	Next         string      `json:"next"`
	Relation     string      `json:"relation"`
	From         settle.Date `json:"from"`
	Reasons      []answer    `json:"reasons"`
	Notices      []answer    `json:"notices"`
	Text         string      `json:"text"`
	Institution  string      `json:"institution"`
	Illustrative bool        `json:"illustrative"`
}

func (d *daemon) json(t testing.TB, method, path string, body []byte, wantStatus int) answer {
	t.Helper()
	status, text, header := d.call(t, method, path, body, nil)
	if status != wantStatus || !strings.HasPrefix(header.Get("Content-Type"), "application/json") {
		t.Fatalf("%s %s: %d %s %s, want %d", method, path, status, header.Get("Content-Type"), text, wantStatus)
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return a
}

func confirmation(quote, key string) []byte {
	text, _ := json.Marshal(map[string]string{"quote": quote, "key": key}) // strings always encode
	return text
}

// TestSettle is the whole flow through HTTP, with what the API says of it after.
func TestSettle(t *testing.T) {
	d := start(t, nil)
	d.Insert(t, counter.Patient, countertest.Child())
	q := d.json(t, http.MethodPost, "/v1/quotes", countertest.Bill(t, countertest.Child(), nil), http.StatusOK)
	if q.Fund != 7500 || q.Cash != 2500 || q.Key != countertest.Key(1) {
		t.Fatalf("quote %+v", q)
	}
	done := d.json(t, http.MethodPost, "/v1/settlements", confirmation(q.ID, q.Key), http.StatusCreated)
	if done.Number == "" || done.Replayed || done.Fund != 7500 || done.Institution != "南园社康" {
		t.Fatalf("settled %+v", done)
	}
	again := d.json(t, http.MethodPost, "/v1/settlements", confirmation(q.ID, q.Key), http.StatusOK)
	if !again.Replayed || again.Number != done.Number {
		t.Errorf("again %+v", again)
	}
	path := "/v1/settlements/" + done.Number
	if got := d.json(t, http.MethodGet, path, nil, http.StatusOK); got.Number != done.Number || got.Fund != 7500 {
		t.Errorf("read %+v", got)
	}
	if got := d.json(t, http.MethodGet, path+"/explanation", nil, http.StatusOK); got.Number != done.Number || len(got.Reasons) == 0 {
		t.Errorf("explained %+v", got)
	}
	for copies, mark := range map[string]bool{"": true, "?copy=0": false, "?copy=2&columns=32": true} {
		status, slip, header := d.call(t, http.MethodGet, path+"/receipt"+copies, nil, nil)
		if status != http.StatusOK || header.Get("Content-Type") != "text/plain; charset=utf-8" ||
			!bytes.Contains(slip, []byte(done.Number)) || bytes.Contains(slip, []byte("重打")) != mark {
			t.Errorf("receipt%s: %d %s\n%s", copies, status, header.Get("Content-Type"), slip)
		}
	}
	for _, mark := range []string{"?copy=0", "?copy=2"} { // the original was given out
		if _, slip, _ := d.call(t, http.MethodGet, path+"/receipt"+mark, nil, nil); !bytes.Contains(slip, []byte("重打")) {
			t.Errorf("receipt%s again:\n%s", mark, slip)
		}
	}
	<-d.Printer.Slips()
	if status, text, _ := d.call(t, http.MethodPost, path+"/receipt", nil, nil); status != http.StatusAccepted || !bytes.Contains(text, []byte(`"copy":7`)) {
		t.Errorf("reprint: %d %s", status, text)
	}
	if slip := <-d.Printer.Slips(); slip.Copy != 7 {
		t.Errorf("reprint is copy %d", slip.Copy)
	}
	rows := d.json(t, http.MethodGet, "/v1/queue?state=pending", nil, http.StatusOK)
	if len(rows.Entries) != 1 || rows.Entries[0].Number != done.Number || rows.Entries[0].State != "pending" || rows.Next != "" {
		t.Errorf("queue %+v", rows)
	}
	if row := d.json(t, http.MethodGet, "/v1/queue/"+done.Number, nil, http.StatusOK); row.State != "pending" {
		t.Errorf("queued %+v", row)
	}
	if got := d.json(t, http.MethodGet, "/v1/settlements/none", nil, http.StatusNotFound); got.Code != settle.NoSettlement {
		t.Errorf("none %+v", got)
	}
}

// TestParticulars: what was encoded with the quote is what the settlement says later.
func TestParticulars(t *testing.T) {
	d := start(t, nil)
	d.Insert(t, counter.Patient, countertest.Child())
	q := d.json(t, http.MethodPost, "/v1/quotes", countertest.Bill(t, countertest.Child(), nil), http.StatusOK)
	_, done, _ := d.call(t, http.MethodPost, "/v1/settlements", confirmation(q.ID, q.Key), nil)
	_, again, _ := d.call(t, http.MethodPost, "/v1/settlements", confirmation(q.ID, q.Key), nil) // encoded anew
	if want := bytes.Replace(again, []byte(`"replayed":true`), []byte(`"replayed":false`), 1); !bytes.Contains(done, []byte(`"items":[{`)) || !bytes.Equal(done, want) {
		t.Errorf("%s\nwhen it was settled,\n%s\nlater", done, want)
	}
}

// TestStale: 409 with the quote that holds now, which may be confirmed.
func TestStale(t *testing.T) {
	d := start(t, nil)
	d.Insert(t, counter.Patient, countertest.Child())
	q := d.json(t, http.MethodPost, "/v1/quotes", countertest.Bill(t, countertest.Child(), nil), http.StatusOK)
	d.Book.Touch()
	stale := d.json(t, http.MethodPost, "/v1/settlements", confirmation(q.ID, q.Key), http.StatusConflict)
	if stale.Code != settle.StaleQuote || stale.Quote == nil || stale.Quote.ID == q.ID || len(d.Book.Written()) != 0 {
		t.Fatalf("stale %+v", stale)
	}
	d.json(t, http.MethodPost, "/v1/settlements", confirmation(stale.Quote.ID, stale.Quote.Key), http.StatusCreated)
}

// TestLinkAndCancel files a link and drops the session.
func TestLinkAndCancel(t *testing.T) {
	d := start(t, nil)
	d.Insert(t, counter.Patient, countertest.Child())
	link := []byte(`{"relation":"child"}`)
	if got := d.json(t, http.MethodPost, "/v1/links", link, http.StatusConflict); got.Code != settle.GuardianMissing {
		t.Errorf("without guardian %+v", got)
	}
	d.Insert(t, counter.Guardian, countertest.Parent())
	if got := d.json(t, http.MethodPost, "/v1/links", []byte(`{"relation":"cousin"}`), http.StatusUnprocessableEntity); got.Field != "relation" {
		t.Errorf("cousin %+v", got)
	}
	if got := d.json(t, http.MethodPost, "/v1/links", link, http.StatusCreated); got.Relation != "child" || got.From != 20241105 {
		t.Errorf("link %+v", got)
	}
	if got := d.json(t, http.MethodDelete, "/v1/session", nil, http.StatusOK); got.State != "idle" {
		t.Errorf("cancelled %+v", got)
	}
	if got := d.json(t, http.MethodDelete, "/v1/session", nil, http.StatusConflict); got.Code != counter.NothingToCancel || got.Cashier == "" {
		t.Errorf("cancelled again %+v", got)
	}
}

// TestHealth: /readyz says why not, /livez answers all the same; neither needs a
// token.
func TestHealth(t *testing.T) {
	d := start(t, nil)
	if got := d.json(t, http.MethodGet, "/readyz", nil, http.StatusOK); got.Reasons == nil || got.Notices == nil {
		t.Errorf("lists are null: %+v", got)
	}
	d.ready.mu.Lock()
	d.ready.notices = []counter.Notice{{Code: settle.RulesNotReloaded, Text: "2026.toml:3"}}
	d.ready.mu.Unlock()
	if got := d.json(t, http.MethodGet, "/readyz", nil, http.StatusOK); len(got.Notices) != 1 || got.Notices[0].Code != settle.RulesNotReloaded {
		t.Errorf("with a notice: %+v", got)
	}
	d.ready.mu.Lock()
	d.ready.why = []counter.Notice{{Code: settle.ReaderMissing, Text: "读卡器未连接"}}
	d.ready.mu.Unlock()
	if got := d.json(t, http.MethodGet, "/readyz", nil, http.StatusServiceUnavailable); len(got.Reasons) != 1 || got.Reasons[0].Code != settle.ReaderMissing {
		t.Errorf("ready %+v", got)
	}
	status, _, _ := d.call(t, http.MethodGet, "/livez", nil, func(r *http.Request) { r.Header.Del("Authorization") })
	if status != http.StatusOK {
		t.Errorf("livez %d", status)
	}
}

// TestMasked: no answer, event or slip holds a name, an id number or a card number.
func TestMasked(t *testing.T) {
	d := start(t, nil)
	d.Insert(t, counter.Patient, countertest.Child())
	d.Insert(t, counter.Guardian, countertest.Parent())
	d.json(t, http.MethodPost, "/v1/links", []byte(`{"relation":"child"}`), http.StatusCreated)
	q := d.json(t, http.MethodPost, "/v1/quotes", countertest.Bill(t, countertest.Child(), nil), http.StatusOK)
	done := d.json(t, http.MethodPost, "/v1/settlements", confirmation(q.ID, q.Key), http.StatusCreated)
	path := "/v1/settlements/" + done.Number
	for _, path := range []string{path, path + "/receipt", path + "/explanation", "/v1/queue", "/v1/queue/" + done.Number, "/v1/session"} {
		_, text, _ := d.call(t, http.MethodGet, path, nil, nil)
		for _, who := range []settle.Identity{countertest.Child().Who, countertest.Parent().Who} {
			for _, secret := range []settle.Private{who.Name, who.CardNumber, who.CardCode, who.PersonNo} {
				if bytes.Contains(text, []byte(secret.ClearPersonalData())) {
					t.Errorf("%s has %s", path, secret)
				}
			}
			// The stand-in book's keyed hash shows the id number after "p-"; the real one does not.
			id := who.IDNumber.ClearPersonalData()
			if strings.Count(string(text), id) != strings.Count(string(text), "p-"+id) {
				t.Errorf("%s has %s", path, who.IDNumber)
			}
		}
	}
}

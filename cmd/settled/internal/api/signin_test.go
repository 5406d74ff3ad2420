package api_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/bills"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/sealed"
	"settled/queue"
)

// roster is who may sign in; the password is "pass-" and the id.
type roster map[string]api.Operator

func (r roster) SignIn(id, password string) (api.Operator, bool) {
	o, ok := r[id]
	return o, ok && password == "pass-"+id
}

func (r roster) Operator(id string) (api.Operator, bool) { o, ok := r[id]; return o, ok }

func (r roster) Any() bool { return len(r) > 0 }

func people() roster {
	return roster{
		"0001": {ID: "0001", Name: "收费员一", Role: api.Cashier, Mark: "m1"},
		"0100": {ID: "0100", Name: "自助机", Role: api.Kiosk, Mark: "m2"},
	}
}

func openBills(t *testing.T) *bills.Store {
	t.Helper()
	folder, err := sealed.Open(t.TempDir(), "bills", bytes.Repeat([]byte{1}, queue.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	store, err := bills.Open(folder, countertest.Morning, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// door is a daemon where operators sign in, with a clock of its own.
type door struct {
	*daemon
	roster roster
	mu     sync.Mutex
	now    time.Time
}

func (d *door) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *door) move(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

func openDoor(t *testing.T, token string) *door {
	t.Helper()
	d := &door{roster: people(), now: countertest.Morning()}
	d.daemon = startWith(t, nil, func(o *api.Options) {
		o.Now, o.Bills = d.clock, openBills(t)
		o.SignIn = &api.SignIn{Operators: d.roster, Seat: countertest.Seat, Token: token}
	})
	return d
}

// asPage makes a request as our own page does in a browser with a cookie.
func (d *door) asPage(t *testing.T, method, path, body string, c *http.Cookie, change func(*http.Request)) (int, []byte, http.Header) {
	t.Helper()
	return d.call(t, method, path, []byte(body), func(r *http.Request) {
		r.Header.Del("Authorization")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if method != http.MethodGet {
			r.Header.Set("Origin", d.base)
		}
		if c != nil {
			r.AddCookie(c)
		}
		if change != nil {
			change(r)
		}
	})
}

func (d *door) signIn(t *testing.T, id string) *http.Cookie {
	t.Helper()
	status, text, header := d.asPage(t, http.MethodPost, "/v1/sign-in", `{"operator":"`+id+`","password":"pass-`+id+`"}`, nil, nil)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	set := header.Get("Set-Cookie")
	if !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Strict") || strings.Contains(set, "Domain") {
		t.Fatalf("cookie %s", set)
	}
	c, err := http.ParseSetCookie(set)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (d *door) me(t *testing.T, c *http.Cookie, change func(*http.Request)) int {
	t.Helper()
	status, _, _ := d.asPage(t, http.MethodGet, "/v1/me", "", c, change)
	return status
}

// TestSignIn: who signed in is who settles; the session ends with the shift, with the
// sign-out, with another password, and with the operator.
func TestSignIn(t *testing.T) {
	d := openDoor(t, cashierToken)
	c := d.signIn(t, "0001")
	status, text, _ := d.asPage(t, http.MethodGet, "/v1/me", "", c, nil)
	var me struct{ Operator, Name, Role, Seat string }
	if err := json.Unmarshal(text, &me); err != nil || status != http.StatusOK || me.Operator != "0001" || me.Role != "cashier" || me.Seat != countertest.Seat || me.Name != "收费员一" {
		t.Errorf("%d %s", status, text)
	}
	for name, spoil := range map[string]func(){
		"another password": func() { d.roster["0001"] = api.Operator{ID: "0001", Role: api.Cashier, Mark: "other"} },
		"gone":             func() { delete(d.roster, "0001") },
	} {
		spoil()
		if got := d.me(t, c, nil); got != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got)
		}
		d.roster["0001"] = people()["0001"]
	}
	d.move(11 * time.Hour)
	if got := d.me(t, c, nil); got != http.StatusOK {
		t.Errorf("after 11 hours: %d", got)
	}
	d.move(2 * time.Hour)
	if got := d.me(t, c, nil); got != http.StatusUnauthorized {
		t.Errorf("after 13 hours: %d", got)
	}
	c = d.signIn(t, "0001")
	d.asPage(t, http.MethodPost, "/v1/sign-out", "", c, nil)
	if got := d.me(t, c, nil); got != http.StatusUnauthorized {
		t.Errorf("a cookie of before the sign-out: %d", got)
	}
	kiosk := d.signIn(t, "0100")
	d.move(300 * 24 * time.Hour)
	if got := d.me(t, kiosk, nil); got != http.StatusOK || kiosk.MaxAge < 300*24*3600 {
		t.Errorf("the terminal has to be signed in again: %d, %d s", got, kiosk.MaxAge)
	}
}

// TestStolenCookie: a cookie is good at its own seat alone, from our own page alone, and
// as it was made.
func TestStolenCookie(t *testing.T) {
	d := openDoor(t, cashierToken)
	c := d.signIn(t, "0001")
	other := openDoor(t, "another-seats-token-0123456789")
	if got := other.me(t, c, nil); got != http.StatusUnauthorized {
		t.Errorf("at another seat: %d", got)
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, tt := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"no browser":    {func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }, http.StatusUnauthorized},
		"typed address": {header("Sec-Fetch-Site", "none"), http.StatusUnauthorized},
		"another port":  {header("Sec-Fetch-Site", "same-site"), http.StatusForbidden},
		"another site":  {header("Sec-Fetch-Site", "cross-site"), http.StatusForbidden},
		"a wrong token": {header("Authorization", "Bearer x"), http.StatusUnauthorized},
	} {
		if got := d.me(t, c, tt.change); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
	status, _, _ := d.asPage(t, http.MethodDelete, "/v1/session", "", c, func(r *http.Request) { r.Header.Del("Origin") })
	if status != http.StatusUnauthorized {
		t.Errorf("a write without an origin: %d", status)
	}
	kiosk := d.signIn(t, "0100")
	head, _, _ := strings.Cut(c.Value, ".")
	_, mac, _ := strings.Cut(kiosk.Value, ".")
	for name, value := range map[string]string{"mixed": head + "." + mac, "no mac": head, "empty": "", "cut": c.Value[:len(c.Value)-4], "rubbish": "%%%.x"} {
		if got := d.me(t, &http.Cookie{Name: c.Name, Value: value}, nil); got != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got)
		}
	}
}

// TestGuessing: whoever guesses waits, and another operator does not.
func TestGuessing(t *testing.T) {
	d := openDoor(t, cashierToken)
	try := func(id, password string) int {
		status, text, _ := d.asPage(t, http.MethodPost, "/v1/sign-in", `{"operator":"`+id+`","password":"`+password+`"}`, nil, nil)
		if status != http.StatusOK && !bytes.Contains(text, []byte("cashier")) {
			t.Errorf("%s", text)
		}
		return status
	}
	for range 5 {
		if got := try("0001", "guess"); got != http.StatusUnauthorized {
			t.Errorf("a wrong password: %d", got)
		}
	}
	if got := try("0001", "pass-0001"); got != http.StatusTooManyRequests {
		t.Errorf("the sixth: %d", got)
	}
	if got := try("0100", "pass-0100"); got != http.StatusOK {
		t.Errorf("another operator: %d", got)
	}
	d.move(2 * time.Minute)
	if got := try("0001", "pass-0001"); got != http.StatusOK {
		t.Errorf("later: %d", got)
	}
	clear(d.roster)
	if got := try("0001", "pass-0001"); got != http.StatusUnauthorized {
		t.Errorf("nobody is set up: %d", got)
	}
}

// counting is a roster that counts how often it is asked, and answers when so many ask.
type counting struct {
	roster
	asked atomic.Int32
	crowd chan struct{} // closed when all may be answered
}

func (c *counting) SignIn(id, password string) (api.Operator, bool) {
	c.asked.Add(1)
	<-c.crowd
	return c.roster.SignIn(id, password)
}

// TestGuessingTogether: many guesses at once are no more than one after the other.
func TestGuessingTogether(t *testing.T) {
	c := &counting{roster: people(), crowd: make(chan struct{})}
	d := &door{roster: c.roster, now: countertest.Morning()}
	d.daemon = startWith(t, nil, func(o *api.Options) {
		o.Now = d.clock
		o.SignIn = &api.SignIn{Operators: c, Seat: countertest.Seat, Token: cashierToken}
	})
	const guesses = 20
	later := make(chan bool, guesses)
	for range guesses {
		go func() {
			status, _, _ := d.asPage(t, http.MethodPost, "/v1/sign-in", `{"operator":"0001","password":"guess"}`, nil, nil)
			later <- status == http.StatusTooManyRequests
		}()
	}
	for range guesses - 5 { // the others wait for their answer
		if !<-later {
			t.Error("a guess was answered")
		}
	}
	close(c.crowd)
	for range 5 {
		<-later
	}
	if n := c.asked.Load(); n != 5 {
		t.Errorf("%d guesses were looked at", n)
	}
}

// TestForeignSignIn: a page of another site can sign nobody in.
func TestForeignSignIn(t *testing.T) {
	d := openDoor(t, cashierToken)
	for name, change := range map[string]func(*http.Request){
		"site":   func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"origin": func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") },
		"form":   func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") },
	} {
		status, _, header := d.asPage(t, http.MethodPost, "/v1/sign-in", `{"operator":"0001","password":"pass-0001"}`, nil, change)
		if status/100 != 4 || header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", name, status, header)
		}
	}
}

// TestWaitingBills: the hospital sends bills, the cashier sees all, the terminal the
// patient's alone; one is quoted by its number, and goes when it is paid.
func TestWaitingBills(t *testing.T) {
	d := openDoor(t, cashierToken)
	as := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	for n, of := range map[int]string{1: "child", 2: "stranger"} {
		bill := countertest.Bill(t, countertest.Child(), func(doc *countertest.Document) { doc.Head["key"] = countertest.Key(n) })
		if of == "stranger" {
			bill = countertest.Bill(t, countertest.Stranger(), func(doc *countertest.Document) { doc.Head["key"] = countertest.Key(n) })
		}
		if status, text, _ := d.call(t, http.MethodPost, "/v1/bills", bill, as(hospitalToken)); status != http.StatusCreated || bytes.Contains(text, []byte(countertest.Child().Who.IDNumber.ClearPersonalData())) {
			t.Fatalf("%d %s", status, text)
		}
	}
	list := func(token string) (keys []string) {
		_, text, _ := d.call(t, http.MethodGet, "/v1/bills", nil, as(token))
		var page struct{ Bills []struct{ Key, Of string } }
		if err := json.Unmarshal(text, &page); err != nil {
			t.Fatal(err)
		}
		for _, b := range page.Bills {
			keys = append(keys, b.Key+" "+b.Of)
		}
		return keys
	}
	if got := list(kioskToken); len(got) != 0 {
		t.Errorf("the terminal sees %q without a card", got)
	}
	d.Insert(t, counter.Patient, countertest.Child())
	if got := list(kioskToken); len(got) != 1 || got[0] != "key-0001 patient" {
		t.Errorf("the terminal sees %q", got)
	}
	if got := list(cashierToken); len(got) != 2 || got[0] != "key-0001 patient" || got[1] != "key-0002 other" {
		t.Errorf("the cashier sees %q", got)
	}
	if status, text, _ := d.call(t, http.MethodPost, "/v1/bills/key-0002/quote", nil, as(kioskToken)); status != http.StatusUnprocessableEntity {
		t.Errorf("the terminal quotes another one's bill: %d %s", status, text)
	}
	nobodys := countertest.Bill(t, countertest.Child(), func(doc *countertest.Document) { doc.Head["key"] = countertest.Key(3); delete(doc.Head, "patient") })
	d.json(t, http.MethodPost, "/v1/bills", nobodys, http.StatusCreated)
	if status, text, _ := d.call(t, http.MethodPost, "/v1/bills/key-0003/quote", nil, as(kioskToken)); status != http.StatusUnprocessableEntity {
		t.Errorf("the terminal quotes a bill that may be anybody's: %d %s", status, text)
	}
	if status, _, _ := d.call(t, http.MethodDelete, "/v1/bills/key-0003", nil, as(hospitalToken)); status != http.StatusNoContent {
		t.Errorf("withdrawn: %d", status)
	}
	q := d.json(t, http.MethodPost, "/v1/bills/key-0001/quote", nil, http.StatusOK)
	if shown := d.json(t, http.MethodGet, "/v1/session/quote", nil, http.StatusOK); shown.ID != q.ID {
		t.Errorf("shown %s, quoted %s", shown.ID, q.ID)
	}
	d.json(t, http.MethodPost, "/v1/settlements", confirmation(q.ID, q.Key), http.StatusCreated)
	if got := list(cashierToken); len(got) != 1 || got[0] != "key-0002 other" {
		t.Errorf("after it was paid: %q", got)
	}
	d.json(t, http.MethodPost, "/v1/bills/key-0001/quote", nil, http.StatusNotFound)
	d.json(t, http.MethodPost, "/v1/bills", []byte(`{"key":"x"}`), http.StatusUnprocessableEntity)
	status, text, _ := d.call(t, http.MethodPost, "/v1/settlements/search", []byte(`{"patient":true}`), nil)
	if status != http.StatusOK || !bytes.Contains(text, []byte(`"S01-0001"`)) || !bytes.Contains(text, []byte("张**")) {
		t.Errorf("the patient's settlements: %d %s", status, text)
	}
	status, text, _ = d.call(t, http.MethodPost, "/v1/session/patient", nil, nil)
	if status != http.StatusOK || !bytes.Contains(text, []byte("张小明")) {
		t.Errorf("the patient in full: %d %s", status, text)
	}
}

// TestStanding: what a page shows at all times comes as an event, and again when it has
// changed.
func TestStanding(t *testing.T) {
	d := start(t, nil)
	events, hangUp := d.listen(t)
	defer hangUp()
	has := func(text string) func(event) bool {
		return func(e event) bool { return e.name == "standing" && strings.Contains(e.data, text) }
	}
	await(t, events, has(`"not_ready":[]`))
	d.Platform.Break("PLATFORM_DOWN")
	await(t, events, has("PLATFORM_DOWN"))
	d.ready.mu.Lock()
	d.ready.why = []counter.Notice{{Code: "READER_MISSING", Text: "x"}}
	d.ready.mu.Unlock()
	await(t, events, has("READER_MISSING"))
}

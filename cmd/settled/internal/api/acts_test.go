package api_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/kiosk"
	"settled/settle"
)

// diary keeps acts as a test wants it.
type diary struct {
	made chan api.Act
	past []api.Act

	mu      sync.Mutex
	stopped bool
	hang    chan struct{} // not nil: nothing is kept before it is closed
}

func newDiary() *diary { return &diary{made: make(chan api.Act, 100)} }

func (d *diary) Keep(_ context.Context, a api.Act) error {
	d.mu.Lock()
	stopped, hang := d.stopped, d.hang
	d.mu.Unlock()
	if hang != nil {
		<-hang
	}
	if stopped {
		return &settle.Refusal{Code: settle.JournalStopped, Cashier: settle.JournalStopped.Cashier(), Technician: "a test"}
	}
	d.made <- a
	return nil
}

// stop makes it keep nothing, or all again.
func (d *diary) stop(stopped bool, hang chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped, d.hang = stopped, hang
}

func (d *diary) Each(_ context.Context, day settle.Date, fn func(api.Act) error) error {
	for _, a := range d.past {
		if counter.DayOf(a.At) == day {
			if err := fn(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// wrote waits for the next act and compares it.
func (d *diary) wrote(t *testing.T, want api.Act) {
	t.Helper()
	select {
	case got := <-d.made:
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("nothing was kept, want %+v", want)
	}
}

// none tells that nothing is left that was kept.
func (d *diary) none(t *testing.T) {
	t.Helper()
	select {
	case got := <-d.made:
		t.Errorf("%+v was kept as well", got)
	default:
	}
}

// lockedLog is a log that a test reads while it is written.
type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// openDiary is a daemon where operators sign in and what they do is kept.
func openDiary(t *testing.T, change func(*api.Options)) (*door, *diary, *lockedLog) {
	t.Helper()
	d, kept, log := &door{roster: people(), now: countertest.Morning()}, newDiary(), &lockedLog{}
	d.roster["0003"] = api.Operator{ID: "0003", Name: "王敏", Role: api.Insurance}
	d.daemon = startWith(t, nil, func(o *api.Options) {
		o.Now, o.Bills, o.Acts, o.Past, o.Log = d.clock, openBills(t), kept, visited(), slog.New(slog.NewTextHandler(log, nil))
		o.SignIn = &api.SignIn{Operators: d.roster, Seat: countertest.Seat, Token: cashierToken}
		if change != nil {
			change(o)
		}
	})
	return d, kept, log
}

func (d *door) try(t *testing.T, id, password string) int {
	t.Helper()
	status, _, _ := d.asPage(t, http.MethodPost, "/v1/sign-in", fmt.Sprintf(`{"operator":%q,"password":%q}`, id, password), nil, nil)
	return status
}

// TestSignInKept: who came and went is kept; of wrong passwords the first, the lock-out,
// and with the next sign-in how many there were, however many there were.
func TestSignInKept(t *testing.T) {
	d, kept, _ := openDiary(t, nil)
	in := api.Act{Kind: api.SignedIn, Operator: "0001", Seat: countertest.Seat, Role: api.Cashier}
	c := d.signIn(t, "0001")
	kept.wrote(t, in)
	d.asPage(t, http.MethodPost, "/v1/sign-out", "", c, nil)
	kept.wrote(t, api.Act{Kind: api.SignedOut, Operator: "0001", Seat: countertest.Seat})
	for range 3 {
		d.try(t, "0001", "guess")
	}
	kept.wrote(t, api.Act{Kind: api.WrongTry, Of: "0001", Seat: countertest.Seat, Refused: 1})
	for range 40 {
		d.try(t, "0001", "guess")
	}
	kept.wrote(t, api.Act{Kind: api.LockedOut, Of: "0001", Seat: countertest.Seat, Refused: 5})
	d.move(2 * time.Minute)
	d.signIn(t, "0001")
	in.Refused = 43
	kept.wrote(t, in)
	d.try(t, "0001", "guess")
	kept.wrote(t, api.Act{Kind: api.WrongTry, Of: "0001", Seat: countertest.Seat, Refused: 1})
	kept.none(t)
}

// TestUnknownNumbersKept: numbers that nobody has are kept once a minute, without the
// number, which may be a password.
func TestUnknownNumbersKept(t *testing.T) {
	d, kept, _ := openDiary(t, nil)
	for n := range 60 {
		d.try(t, fmt.Sprint("secret", n/6), "x")
	}
	kept.wrote(t, api.Act{Kind: api.WrongTry, Seat: countertest.Seat, Refused: 1})
	kept.none(t)
	d.move(time.Minute)
	d.try(t, "secret", "x")
	kept.wrote(t, api.Act{Kind: api.WrongTry, Seat: countertest.Seat, Refused: 60})
	d.signIn(t, "0001")
	kept.wrote(t, api.Act{Kind: api.SignedIn, Operator: "0001", Seat: countertest.Seat, Role: api.Cashier})
	kept.none(t)
}

// TestNoJournal: with a journal that takes nothing people come and go, and the log says
// what is missing; nobody is shown unmasked, nothing is taken along so, and a terminal's
// attempt stays.
func TestNoJournal(t *testing.T) {
	term := &attempts{}
	term.Store(&kiosk.Attempt{Ref: "K1", Step: kiosk.Unclear, Cash: 1200, Interrupted: true})
	d, kept, log := openDiary(t, func(o *api.Options) { o.Terminal = term })
	d.Insert(t, counter.Patient, countertest.Child())
	kept.stop(true, nil)
	c, office, machine := d.signIn(t, "0001"), d.signIn(t, "0003"), d.signIn(t, "0100")
	d.asPage(t, http.MethodPost, "/v1/sign-out", "", d.signIn(t, "0001"), nil)
	for _, want := range []string{"act=sign_in operator=0001", "act=sign_in operator=0003", "act=sign_out operator=0001"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in the log: %s", want, log)
		}
	}
	const table, staff = "/v1/exports/settlements?day=2024-11-05&clear=true", `{"operator":"0001","password":"pass-0001","clear":true}`
	for _, ask := range []struct {
		method, path, body string
		cookie             *http.Cookie
	}{{http.MethodPost, "/v1/session/patient", "", c}, {http.MethodGet, table, "", office}, {http.MethodPost, "/v1/kiosk/staff", staff, machine}} {
		status, text, _ := d.asPage(t, ask.method, ask.path, ask.body, ask.cookie, nil)
		if status != http.StatusServiceUnavailable || !bytes.Contains(text, []byte("JOURNAL_STOPPED")) {
			t.Errorf("%s: %d %s", ask.path, status, text)
		}
	}
	if term.Load() == nil {
		t.Error("the attempt is gone")
	}
	kept.stop(false, nil)
	person := d.Book.Person(countertest.Child().Who.IDNumber)
	for _, ask := range []struct {
		method, path, body string
		cookie             *http.Cookie
		want               api.Act
	}{
		{http.MethodPost, "/v1/session/patient", "", c, api.Act{Kind: api.Unmasked, Operator: "0001", Seat: countertest.Seat, Person: person}},
		{http.MethodGet, table, "", office, api.Act{Kind: api.Exported, Operator: "0003", Seat: countertest.Seat, Role: api.Insurance, What: "结算 2024-11-05，2 行"}},
		{http.MethodPost, "/v1/kiosk/staff", staff, machine, api.Act{Kind: api.AttendedTo, Operator: "0001", Seat: countertest.Seat, What: "K1", Text: "不清楚付了没有，￥12.00"}},
	} {
		if status, text, _ := d.asPage(t, ask.method, ask.path, ask.body, ask.cookie, nil); status != http.StatusOK {
			t.Errorf("%s: %d %s", ask.path, status, text)
		}
		kept.wrote(t, ask.want)
	}
	if term.Load() != nil {
		t.Error("the attempt is still there")
	}
}

// TestHungJournal: a sign-in waits for no journal that does not answer, and is kept when it
// does.
func TestHungJournal(t *testing.T) {
	d, kept, _ := openDiary(t, nil)
	hang := make(chan struct{})
	kept.stop(false, hang)
	d.signIn(t, "0001")
	kept.none(t)
	close(hang)
	kept.wrote(t, api.Act{Kind: api.SignedIn, Operator: "0001", Seat: countertest.Seat, Role: api.Cashier})
}

// attempts is a terminal with one.
type attempts struct{ atomic.Pointer[kiosk.Attempt] }

func (a *attempts) Now() (*kiosk.Attempt, string) { return a.Load(), "" }
func (*attempts) Pay(string, string) error        { return nil }
func (*attempts) Cancel(context.Context) error    { return nil }
func (a *attempts) Clear(keep func(kiosk.Attempt) error) error {
	err := keep(*a.Load())
	if err == nil {
		a.Store(nil)
	}
	return err
}

// TestActs: those who look after the queue see who did what on a day, one operator's alone
// if they like, the newest first; and take it along.
func TestActs(t *testing.T) {
	at := countertest.Morning()
	d, kept, _ := openDiary(t, nil)
	kept.past = []api.Act{
		{Entry: 7, At: at, Seat: "W01", Operator: "0001", Kind: api.SignedIn, Role: api.Cashier, Refused: 2},
		{Entry: 8, At: at, Seat: "W01", Operator: "0001", Kind: "settlement", Number: "012024110500001"},
		{Entry: 9, At: at, Seat: "W01", Operator: "0001", Second: "0002", Kind: "void", Number: "012024110500002", Of: "012024110500001"},
		{Entry: 10, At: at, Seat: "W01", Kind: api.LockedOut, Of: "0003", Refused: 5},
		{Entry: 11, At: at, Seat: "W01", Operator: "0003", Kind: api.Unmasked, Patient: "张** 440****23"},
		{Entry: 12, At: at, Seat: "W01", Kind: "operator_changed", Of: "0002", Role: api.Supervisor, What: "role,password", Text: "=收费员二"},
		{Entry: 13, At: at.AddDate(0, 0, 1), Seat: "W01", Operator: "0001", Kind: api.SignedIn},
		{Entry: 14, At: at.AddDate(0, 0, 2), Seat: "W01", Operator: "0002", Kind: "squared", Number: "012024110500001", What: "cash -2.50"},
		{Entry: 15, At: at.AddDate(0, 0, 2), Seat: "W01", Operator: "0002", Kind: "squared", Number: "012024110500002", What: "waived 0.10"},
	}
	type list struct {
		Acts []struct {
			Entry         uint64
			Words, Detail string
		}
		More int
	}
	for query, want := range map[string]string{
		"day=2024-11-05":                            "12操作员变更：工号 0002，改了角色、密码，收费组长，=收费员二 11查看未遮盖信息：张** 440****23 10登录锁定：工号 0003 连续 5 次被拒，须等一分钟 9撤销：原单 012024110500001 8结算： 7登录：收费员，此前 2 次被拒 +0",
		"day=2024-11-05&operator=0003":              "11查看未遮盖信息：张** 440****23 10登录锁定：工号 0003 连续 5 次被拒，须等一分钟 +0",
		"day=2024-11-05&operator=0002&limit=1":      "12操作员变更：工号 0002，改了角色、密码，收费组长，=收费员二 +1",
		"day=2024-11-06":                            "13登录： +0",
		"day=2024-11-07":                            "15登记差额已补退：不再补退，补收 0.10 14登记差额已补退：现金，退还 2.50 +0",
		"day=2024-11-08":                            "+0",
		"operator=0001&limit=2&day=2024-11-05":      "9撤销：原单 012024110500001 8结算： +1",
		"operator=0001&limit=9&day=2024-11-06":      "13登录： +0",
		"operator=nobody&limit=5000&day=2024-11-05": "+0",
	} {
		status, text, _ := d.call(t, http.MethodGet, "/v1/acts?"+query, nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+operationsToken) })
		var got list
		if err := json.Unmarshal(text, &got); err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %s", query, status, text)
		}
		said := ""
		for _, a := range got.Acts {
			said += fmt.Sprintf("%d%s：%s ", a.Entry, a.Words, a.Detail)
		}
		if said += fmt.Sprintf("+%d", got.More); said != want {
			t.Errorf("%s:\n%s, want\n%s", query, said, want)
		}
	}
	for token, want := range map[string]int{supervisorToken: 200, insuranceToken: 200, operationsToken: 200, cashierToken: 403, kioskToken: 403, hospitalToken: 403} {
		for _, path := range []string{"/v1/acts", "/v1/exports/acts"} {
			if status, _, _ := d.call(t, http.MethodGet, path, nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }); status != want {
				t.Errorf("%s with %s: %d, want %d", path, token, status, want)
			}
		}
	}
	_, text, h := d.call(t, http.MethodGet, "/v1/exports/acts?day=2024-11-05&operator=0002", nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+insuranceToken) })
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 3 || !strings.Contains(h.Get("Content-Disposition"), "2024-11-05") {
		t.Fatalf("%v %s", err, text)
	}
	if got, want := strings.Join(rows[1], "|"), "2024-11-05 10:00:00|W01|\t0001|\t0002|撤销|\t012024110500002|原单 012024110500001|9"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

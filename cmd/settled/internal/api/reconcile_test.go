package api_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/reconcile"
	"settled/settle"
)

// shelf remembers what it was asked for.
type shelf struct {
	mu    sync.Mutex
	asked []string
}

func (s *shelf) note(words ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, strings.Join(words, " "))
}

// take gives what it was asked for since the last time.
func (s *shelf) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := strings.Join(s.asked, ", ")
	s.asked = nil
	return asked
}

func (s *shelf) Reconcile(_ context.Context, day settle.Date, by api.Grant) (reconcile.Report, error) {
	s.note("reconcile", day.String(), by.Operator)
	return reconcile.Report{Day: day}, nil
}

func (s *shelf) Repair(_ context.Context, day settle.Date, report string, _ int, why string, by api.Grant) (reconcile.Finding, error) {
	s.note("repair", day.String(), report, why, by.Operator)
	return reconcile.Finding{}, nil
}

func (s *shelf) Days(_ context.Context, from, to settle.Date) ([]reconcile.Day, error) {
	s.note("days", from.String(), to.String())
	return []reconcile.Day{}, nil
}

func (s *shelf) Claims(_ context.Context, month settle.Date) (reconcile.Month, error) {
	s.note("claims", month.String())
	return reconcile.Month{}, nil
}

func (s *shelf) Debts(_ context.Context, from, to settle.Date) ([]reconcile.Debt, error) {
	s.note("debts", from.String(), to.String())
	return nil, nil
}

func (s *shelf) Square(_ context.Context, number string, ask api.Squaring, by api.Grant) (reconcile.Difference, error) {
	s.note("square", number, ask.Cash.String(), ask.How, ask.Why, by.Operator)
	return reconcile.Difference{Number: number}, nil
}

// TestBooks: who may reconcile and who may repair; a day that is none is refused before
// anybody is asked.
func TestBooks(t *testing.T) {
	const day, item = `{"day":"2026-11-21"}`, `{"day":"2026-11-21","report":"r","item":1,"why":"x"}`
	books := &shelf{}
	d := startWith(t, nil, func(o *api.Options) { o.Books = books })
	for _, c := range []struct {
		token, method, path, body string
		status                    int
		asked                     string
	}{
		{cashierToken, "POST", "/v1/reconciliations", day, 200, "reconcile 2026-11-21 C01"},
		{operationsToken, "POST", "/v1/reconciliations", day, 200, "reconcile 2026-11-21 OPS"},
		{hospitalToken, "POST", "/v1/reconciliations", day, 403, ""},
		{cashierToken, "POST", "/v1/reconciliations", `{"day":""}`, 422, ""},
		{cashierToken, "POST", "/v1/reconciliations", `{"day":"2026-02-30"}`, 422, ""},
		{cashierToken, "POST", "/v1/reconciliations/repair", item, 403, ""},
		{operationsToken, "POST", "/v1/reconciliations/repair", item, 200, "repair 2026-11-21 r x OPS"},
		{operationsToken, "POST", "/v1/reconciliations/repair", `{"day":"2026-11-21","item":0,"why":"x"}`, 422, ""},
		{cashierToken, "GET", "/v1/reconciliations?from=2026-11-01", "", 200, "days 2026-11-01 "},
		{hospitalToken, "GET", "/v1/reconciliations", "", 403, ""},
		{cashierToken, "GET", "/v1/claims?month=2026-11-01", "", 200, "claims 2026-11-01"},
		{cashierToken, "GET", "/v1/claims", "", 422, ""},
		{cashierToken, "GET", "/v1/differences?from=2026-11-21", "", 200, "debts 2026-11-21 "},
		{hospitalToken, "GET", "/v1/differences", "", 403, ""},
		{cashierToken, "POST", "/v1/differences/1", `{"cash":"-2.30","how":"cash"}`, 200, "square 1 -2.30 cash  C01"},
		{cashierToken, "POST", "/v1/differences/1", `{"cash":"2.00","how":"barter"}`, 422, ""},
		{cashierToken, "POST", "/v1/differences/1", `{"cash":"2.00","how":"waived","why":"x"}`, 403, ""},
		{operationsToken, "POST", "/v1/differences/1", `{"cash":"2.00","how":"waived","why":" "}`, 422, ""},
		{operationsToken, "POST", "/v1/differences/1", `{"cash":"2.00","how":"waived","why":"x"}`, 200, "square 1 2.00 waived x OPS"},
		{hospitalToken, "POST", "/v1/differences/1", `{"cash":"2.00","how":"cash"}`, 403, ""},
	} {
		status, text, _ := d.call(t, c.method, c.path, []byte(c.body), func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+c.token) })
		if asked := books.take(); status != c.status || asked != c.asked {
			t.Errorf("%s %s %s: %d %q, want %d %q: %s", c.method, c.path, c.body, status, asked, c.status, c.asked, text)
		}
	}
}

// slow reconciles for five minutes.
type slow struct{ shelf }

func (s *slow) Reconcile(ctx context.Context, day settle.Date, _ api.Grant) (reconcile.Report, error) {
	select {
	case <-time.After(5 * time.Minute):
		return reconcile.Report{Day: day}, nil
	case <-ctx.Done():
		return reconcile.Report{}, ctx.Err()
	}
}

// pipes is a listener within this process, whose deadlines are in virtual time.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error { close(p); return nil }

func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8642} }

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	p <- there
	return here, nil
}

// TestSlowPlatform: a reconciliation lasts as long as the platform takes for its answers,
// longer than the server lets other requests.
func TestSlowPlatform(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		window := countertest.Open(t, nil)
		server, err := api.New(api.Options{
			Windows: map[string]api.Window{countertest.Seat: window},
			Tokens:  map[string]api.Grant{cashierToken: {Seat: countertest.Seat, Role: api.Cashier, Operator: "C01"}},
			Ledger:  ledger{window}, Keeper: &keeper{}, Ready: &readiness{}, Books: &slow{},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		line, ended := make(pipes), make(chan error, 1)
		go func() { ended <- server.Serve(ctx, line) }()
		client := &http.Client{Transport: &http.Transport{DialContext: line.dial, DisableKeepAlives: true}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:8642/v1/reconciliations", strings.NewReader(`{"day":"2026-11-21"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+cashierToken)
		r.Header.Set("Content-Type", "application/json")
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(res.Body)
		if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("%s %v: %s", res.Status, err, answer)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

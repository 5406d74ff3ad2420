package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle/policy"
)

// may says of every operation which roles may: c(ashier), s(upervisor), i(nsurance),
// k(iosk), h(is), o(perations); "": anybody, without a token.
func may() map[string]string {
	const all, staff, paying, window, till, books, keep, rules = "csihko", "csiho", "cshk", "csh", "cs", "csio", "sio", "io"
	return map[string]string{
		"get /livez": "", "get /readyz": "", "post /v1/sign-in": "",
		"get /v1/me": all, "post /v1/sign-out": all, "get /v1/session": all, "get /v1/standing": all, "get /v1/events": all,

		"post /v1/quotes": window, "post /v1/settlements": window, "post /v1/session/tender": window,
		"get /v1/session/quote": paying, "post /v1/session/read": paying, "delete /v1/session": paying, "post /v1/scans": paying,
		"post /v1/session/patient": till,
		"get /v1/bills":            paying, "post /v1/bills": window, "delete /v1/bills/{key}": window, "post /v1/bills/{key}/quote": paying,

		"get /v1/settlements/{number}": staff, "get /v1/settlements/{number}/explanation": staff, "post /v1/settlements/search": "csi",
		"get /v1/settlements/{number}/receipt": window, "post /v1/settlements/{number}/receipt": window,
		"post /v1/settlements/{number}/void": till, "post /v1/settlements/{number}/refund": till, "post /v1/settlements/{number}/refund/quote": till,
		"get /v1/voids/{number}": staff, "get /v1/voids/{number}/receipt": window, "post /v1/voids/{number}/receipt": till,

		"post /v1/shifts": till, "post /v1/shifts/close": till, "get /v1/shifts": books,
		"get /v1/shifts/current": staff, "get /v1/shifts/{number}": staff, "get /v1/shifts/{number}/slip": staff,

		"post /v1/kiosk/pay": "k", "delete /v1/kiosk/pay": "k", "post /v1/kiosk/staff": "k",
		"post /v1/links": "csk", "delete /v1/links": "csk", "post /v1/session/guardian-code": "csk",
		"get /v1/family": "csk", "get /v1/family/mobile": "csk", "get /v1/family/binding": "csk", "get /v1/family/places": "csk", "post /v1/family/slip": "csk",
		"post /v1/family/selection": "csk", "delete /v1/family/selection": "csk",

		"get /v1/queue": staff, "get /v1/queue/{number}": staff, "get /v1/queue/{number}/mendable": staff, "get /v1/status": staff, "get /v1/devices": staff,
		"post /v1/queue/{number}/hold": keep, "post /v1/queue/{number}/release": keep, "post /v1/queue/{number}/repair": keep,
		"post /v1/batch": keep, "delete /v1/batch": keep, "get /v1/batch": staff,
		"post /v1/roster": keep, "delete /v1/roster": keep, "get /v1/roster": staff,

		"post /v1/reconciliations": books, "get /v1/reconciliations": books, "post /v1/reconciliations/repair": keep,
		"get /v1/claims": books, "get /v1/differences": books, "post /v1/differences/{number}": books,
		"get /v1/figures": books, "get /v1/charts/{what}": books, "get /v1/exports/{what}": books, "get /v1/acts": keep,

		"get /v1/policy": staff, "get /v1/policy/overlays": staff, "get /v1/policy/overlays/{id}": staff, "post /v1/policy/overlays": rules,
		"post /v1/policy/overlays/{id}/approve": rules, "post /v1/policy/overlays/{id}/reject": rules,
	}
}

// everything is a server that has every operation; what is behind them is missing.
func everything(t *testing.T) *api.Server {
	t.Helper()
	w := countertest.Open(t, nil)
	rules, err := policy.Load()
	if err != nil {
		t.Fatal(err)
	}
	o := api.Options{
		Windows: map[string]api.Window{countertest.Seat: w}, Tokens: map[string]api.Grant{},
		Ledger: ledger{w}, Keeper: &keeper{}, Ready: &readiness{}, Bills: openBills(t), Policy: func() api.Policy { return rules },
		Books: struct{ api.Books }{}, Batches: struct{ api.Batches }{}, Past: struct{ api.Past }{}, Acts: struct{ api.Acts }{},
		Overlays: struct{ api.Overlays }{}, Terminal: struct{ api.Terminal }{}, Family: noFamily{}, Repairs: struct{ api.Repairs }{},
		Rosters: struct{ api.Rosters }{}, Devices: struct{ api.Devices }{},
		SignIn: &api.SignIn{Operators: roster{}, Seat: countertest.Seat, Token: cashierToken}, Log: slog.New(slog.DiscardHandler),
	}
	for token, role := range map[string]api.Role{
		cashierToken: api.Cashier, supervisorToken: api.Supervisor, insuranceToken: api.Insurance,
		kioskToken: api.Kiosk, hospitalToken: api.Hospital, operationsToken: api.Operations,
	} {
		o.Tokens[token] = api.Grant{Seat: countertest.Seat, Role: role, Operator: string(role)}
	}
	server, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// TestRoles: of every operation that there is, who may; whoever may not is refused before
// anything is done, and so is everybody without a token.
func TestRoles(t *testing.T) {
	server := everything(t)
	// ask gives status and answer; what a role may do fails behind the guards.
	ask := func(method, path, token string) (status int, text string) {
		ctx, hangUp := context.WithCancel(t.Context())
		hangUp()
		r := httptest.NewRequestWithContext(ctx, strings.ToUpper(method), "http://127.0.0.1"+path, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		answer := httptest.NewRecorder()
		defer func() {
			if recover() != nil {
				status, text = http.StatusOK, "let through"
			}
		}()
		server.ServeHTTP(answer, r)
		return answer.Code, answer.Body.String()
	}
	_, text := ask("get", "/openapi.json", cashierToken)
	var doc document
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	tokens := map[rune]string{
		'c': cashierToken, 's': supervisorToken, 'i': insuranceToken, 'k': kioskToken, 'h': hospitalToken, 'o': operationsToken,
	}
	rows, field := may(), regexp.MustCompile(`\{\w+\}`)
	for pattern, methods := range doc.Paths {
		path := field.ReplaceAllString(pattern, "1")
		for method := range methods {
			name := method + " " + pattern
			who, known := rows[name]
			if !known {
				t.Errorf("nobody has said who may %s", name)
				continue
			}
			delete(rows, name)
			if who == "" {
				if status, text := ask(method, path, ""); status == http.StatusUnauthorized {
					t.Errorf("%s without a token: %d %s", name, status, text)
				}
				continue
			}
			if status, text := ask(method, path, ""); status != http.StatusUnauthorized {
				t.Errorf("%s without a token: %d %s", name, status, text)
			}
			for role, token := range tokens {
				status, text := ask(method, path, token)
				denied := status == http.StatusForbidden && strings.Contains(text, "may not do this")
				if denied == strings.ContainsRune(who, role) {
					t.Errorf("%s as %s: %d %s", name, token, status, text)
				}
			}
		}
	}
	for name := range rows {
		t.Errorf("%s is not there", name)
	}
}

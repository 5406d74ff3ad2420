package api_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
)

// TestHostile lets pages and programs that may not come in try every way in.
func TestHostile(t *testing.T) {
	d := start(t, nil)
	port := d.base[strings.LastIndex(d.base, ":"):]
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	tests := []struct {
		name   string
		change func(*http.Request)
		status int
	}{
		{"the cashier's program", nil, http.StatusOK},
		{"by the name localhost", host("localhost" + port), http.StatusOK},
		{"by IPv6", host("[::1]" + port), http.StatusOK},
		{"the daemon's own page", header("Origin", d.base), http.StatusOK},
		{"a typed address", header("Sec-Fetch-Site", "none"), http.StatusOK},
		{"its own page by fetch", header("Sec-Fetch-Site", "same-origin"), http.StatusOK},

		{"DNS rebinding", host("evil.example" + port), http.StatusForbidden},
		{"a name that begins like ours", host("localhost.evil.example" + port), http.StatusForbidden},
		{"an address on the LAN", host("192.168.1.10" + port), http.StatusForbidden},
		{"no host", host(""), 0},
		{"another site's page", header("Origin", "https://evil.example"), http.StatusForbidden},
		{"a page without an origin", header("Origin", "null"), http.StatusForbidden},
		{"another program's page on this machine", header("Origin", "http://127.0.0.1:1"), http.StatusForbidden},
		{"https origin of ours", header("Origin", strings.Replace(d.base, "http", "https", 1)), http.StatusForbidden},
		{"an image tag of another site", header("Sec-Fetch-Site", "cross-site"), http.StatusForbidden},
		{"a page of another port", header("Sec-Fetch-Site", "same-site"), http.StatusForbidden},

		{"no token", func(r *http.Request) { r.Header.Del("Authorization") }, http.StatusUnauthorized},
		{"a wrong token", header("Authorization", "Bearer "+strings.Repeat("x", len(cashierToken))), http.StatusUnauthorized},
		{"the start of a token", header("Authorization", "Bearer "+cashierToken[:20]), http.StatusUnauthorized},
		{"an empty token", header("Authorization", "Bearer "), http.StatusUnauthorized},
		{"a token as password", header("Authorization", "Basic "+cashierToken), http.StatusUnauthorized},
		{"a bare token", header("Authorization", cashierToken), http.StatusUnauthorized},
	}
	for _, path := range []string{"/v1/session", "/openapi.json"} {
		for _, tt := range tests {
			t.Run(path+" "+tt.name, func(t *testing.T) {
				if tt.status == 0 {
					t.Skip("Go's client always sends one") // the server answers 400 by itself
				}
				status, text, got := d.call(t, http.MethodGet, path, nil, tt.change)
				if status != tt.status {
					t.Errorf("got %d %s, want %d", status, text, tt.status)
				}
				var refused settle.Refusal
				if status != http.StatusOK && (json.Unmarshal(text, &refused) != nil || refused.Cashier == "") {
					t.Errorf("refused with %s", text)
				}
				for name := range got {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("the answer has %s", name)
					}
				}
				if got.Get("X-Content-Type-Options") != "nosniff" || got.Get("Cache-Control") != "no-store" || !strings.Contains(got.Get("Content-Security-Policy"), "default-src 'none'") {
					t.Errorf("headers %v", got)
				}
			})
		}
	}
}

// TestHostilePost: what a page can send without being asked (a form, plain text, a
// preflight) settles nothing.
func TestHostilePost(t *testing.T) {
	d := start(t, nil)
	d.Insert(t, counter.Patient, countertest.Child())
	bill := countertest.Bill(t, countertest.Child(), nil)
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/json; charset=gbk"} {
		status, text, _ := d.call(t, http.MethodPost, "/v1/quotes", bill, func(r *http.Request) { r.Header.Set("Content-Type", kind) })
		if status != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %d %s", kind, status, text)
		}
	}
	status, _, header := d.call(t, http.MethodOptions, "/v1/settlements", nil, func(r *http.Request) {
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Access-Control-Request-Method", "POST")
	})
	if status != http.StatusForbidden || header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight: %d %v", status, header)
	}
	if d.Screen().State != "identified" {
		t.Errorf("screen %+v", d.Screen())
	}
}

// TestListensLocally: a listener that the LAN can reach is refused.
func TestListensLocally(t *testing.T) {
	w := countertest.Open(t, nil)
	o := api.Options{
		Windows: map[string]api.Window{countertest.Seat: w},
		Tokens:  map[string]api.Grant{cashierToken: {Seat: countertest.Seat, Role: api.Cashier, Operator: "C01"}},
		Ledger:  ledger{w}, Keeper: &keeper{}, Ready: &readiness{},
	}
	server, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(context.Background(), l); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("got %v", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("the listener is still open")
	}
}

// TestOptions: what cannot be served closed is not served.
func TestOptions(t *testing.T) {
	w := countertest.Open(t, nil)
	good := func() api.Options {
		return api.Options{
			Windows: map[string]api.Window{countertest.Seat: w},
			Tokens:  map[string]api.Grant{cashierToken: {Seat: countertest.Seat, Role: api.Cashier, Operator: "C01"}},
			Ledger:  ledger{w}, Keeper: &keeper{}, Ready: &readiness{},
		}
	}
	for name, spoil := range map[string]func(*api.Options){
		"no token":    func(o *api.Options) { o.Tokens = nil },
		"short token": func(o *api.Options) { o.Tokens["short"] = o.Tokens[cashierToken] },
		"no window":   func(o *api.Options) { o.Windows = nil },
		"other seat":  func(o *api.Options) { o.Tokens[cashierToken] = api.Grant{Seat: "99", Role: api.Cashier, Operator: "C"} },
		"no role":     func(o *api.Options) { o.Tokens[cashierToken] = api.Grant{Seat: countertest.Seat, Operator: "C"} },
		"no operator": func(o *api.Options) { o.Tokens[cashierToken] = api.Grant{Seat: countertest.Seat, Role: api.Cashier} },
	} {
		o := good()
		spoil(&o)
		if _, err := api.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

package payment

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"settled/cmd/settled/internal/kiosk"
)

// TestClient: what the payment says is taken only in its form; anything else leaves open
// what became of the order.
func TestClient(t *testing.T) {
	var status int
	var body, asked string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.URL.Path + " " + r.Header.Get("Authorization")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(web.Close)
	c, err := New(web.URL+"/", "secret")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		status int
		body   string
		want   kiosk.State
		fails  bool
	}{
		{200, `{"state":"paid"}`, kiosk.Paid, false},
		{200, `{"state":"waiting"}`, kiosk.Waiting, false},
		{404, "", kiosk.None, false},
		{500, `{"state":"paid"}`, "", true},
		{200, `{"state":"maybe"}`, "", true},
		{200, `{"state":"none"}`, "", true},
		{200, "paid", "", true},
		{200, "", "", true},
	} {
		status, body = tt.status, tt.body
		got, err := c.State(t.Context(), "K1")
		if got != tt.want || (err != nil) != tt.fails {
			t.Errorf("%d %s: %q %v", tt.status, tt.body, got, err)
		}
	}
	if asked != "GET /orders/K1 Bearer secret" {
		t.Errorf("asked %q", asked)
	}
	if state, err := c.Refund(t.Context(), "K1"); err == nil { // nothing was said
		t.Errorf("a refund of which nothing was said is %q", state)
	}
	status, body = 200, `{"state":"paid"}`
	if state, err := c.Refund(t.Context(), "K1"); state != kiosk.Paid || err != nil || asked != "POST /orders/K1/refund Bearer secret" {
		t.Errorf("%s: %q %v", asked, state, err)
	}
	if _, err := c.Order(t.Context(), "K1", 100, "x"); err == nil {
		t.Error("an order without a code passed")
	}
	for _, bad := range []string{"", "pay.example", "ftp://x", "http://"} {
		if _, err := New(bad, "x"); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"state":"paid","code":"weixin://x"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if a, err := decode(text); err == nil && a.State == "" {
			t.Error("an answer without a state")
		}
	})
}

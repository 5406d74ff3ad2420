package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestOwed sums what is to be collected and given back apart; what is tolerated or done is
// asked of nobody. Without differences, or for a token that may not see them, nothing is
// said.
func TestOwed(t *testing.T) {
	for name, c := range map[string]struct {
		status       int
		answer, want string
	}{
		"both ways": {
			200, `{"debts":[{"cash":"-0.30","items":[{"cash":"2.00","open":true},{"cash":"-2.30","open":true}]},{"items":[{"cash":"0.01","tolerated":true},{"cash":"5.00","done":{"how":"cash","cash":"5.00"}}]}]}`,
			"2 笔，应补收 ￥2.00，应退还 ￥2.30（逐人见 differences）",
		},
		"all done":    {200, `{"debts":[{"items":[{"cash":"5.00","done":{"how":"cash","cash":"5.00"}}]}]}`, ""},
		"none":        {200, `{"debts":[]}`, ""},
		"not allowed": {403, `{"code":"NOT_ALLOWED","cashier":"x"}`, ""},
		"no books":    {404, `{"code":"NO_SUCH_PATH","cashier":"x"}`, ""},
	} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.answer))
		}))
		got, err := (&client{base: web.URL, http: web.Client()}).owed(t.Context())
		web.Close()
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
}

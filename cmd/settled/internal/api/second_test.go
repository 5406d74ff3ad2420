package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
)

// TestSecond: the second person signs in for one act, must be another one who may do it,
// and takes nobody's session away.
func TestSecond(t *testing.T) {
	d := &door{roster: people(), now: countertest.Morning()}
	d.roster["0002"] = api.Operator{ID: "0002", Name: "收费组长", Role: api.Supervisor, Mark: "m3"}
	d.daemon = startWith(t, func(_ *counter.Ports, o *counter.Options) { o.SecondOver = 5_000 }, func(o *api.Options) {
		o.Now = d.clock
		o.SignIn = &api.SignIn{Operators: d.roster, Seat: countertest.Seat, Token: cashierToken}
	})
	d.Insert(t, counter.Patient, countertest.Child())
	q := d.json(t, http.MethodPost, "/v1/quotes", countertest.Bill(t, countertest.Child(), nil), http.StatusOK)
	done := d.json(t, http.MethodPost, "/v1/settlements", confirmation(q.ID, q.Key), http.StatusCreated)
	c := d.signIn(t, "0001")
	void := func(second string) (status int, code settle.Code, by string) {
		t.Helper()
		body := fmt.Sprintf(`{"key":"k","reason":"x"%s}`, second)
		status, text, _ := d.asPage(t, http.MethodPost, "/v1/settlements/"+done.Number+"/void", body, c, nil)
		var answer struct {
			Code             settle.Code
			Operator, Second string
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatal(err)
		}
		return status, answer.Code, answer.Operator + " " + answer.Second
	}
	with := func(id, password string) string {
		return fmt.Sprintf(`,"second":{"operator":%q,"password":%q}`, id, password)
	}
	for _, tt := range []struct {
		second string
		status int
		code   settle.Code
	}{
		{"", http.StatusConflict, counter.SecondNeeded},
		{with("0002", "guess"), http.StatusUnauthorized, api.SignInRefused},
		{with("0009", "pass-0009"), http.StatusUnauthorized, api.SignInRefused},
		{with("0001", "pass-0001"), http.StatusConflict, counter.SecondSame},
		{with("0100", "pass-0100"), http.StatusForbidden, api.SecondRefused},
		{with("0002", ""), http.StatusUnprocessableEntity, settle.BadField},
	} {
		if status, code, _ := void(tt.second); status != tt.status || code != tt.code {
			t.Errorf("%s: %d %s, want %d %s", tt.second, status, code, tt.status, tt.code)
		}
	}
	if status, _, by := void(with("0002", "pass-0002")); status != http.StatusCreated || by != "0001 0002" {
		t.Errorf("%d by %s", status, by)
	}
	if status, _, by := void(""); status != http.StatusOK || by != "0001 0002" {
		t.Errorf("again: %d by %s", status, by)
	}
	if d.me(t, c, nil) != http.StatusOK {
		t.Error("the first one is signed out")
	}
}

// TestSecondNobody: where nobody signs in, nobody stands for anything.
func TestSecondNobody(t *testing.T) {
	d := start(t, nil)
	no := d.json(t, http.MethodPost, "/v1/queue/1/release", []byte(`{"why":"x","second":{"operator":"0002","password":"p"}}`), http.StatusForbidden)
	if no.Code != settle.NotAllowed { // the cashier may not release at all
		t.Errorf("%+v", no)
	}
	no = d.json(t, http.MethodPost, "/v1/settlements/S01-0001/void", []byte(`{"key":"k","reason":"x","second":{"operator":"0002","password":"p"}}`), http.StatusUnauthorized)
	if no.Code != api.NoOperators {
		t.Errorf("%+v", no)
	}
}

package api_test

import (
	"context"
	"net/http"
	"testing"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/overlays"
	"settled/settle"
)

// rules remembers who did what.
type rules struct{ did []string }

func (s *rules) Stage(file, text string, by overlays.Signer) (overlays.Overlay, error) {
	s.did = append(s.did, "stage "+file+" "+text+" "+by.ID)
	return overlays.Overlay{ID: "1", State: overlays.Staged}, nil
}

func (s *rules) List() []overlays.Overlay { return []overlays.Overlay{{ID: "1"}} }

func (s *rules) Show(id string) (o overlays.Overlay, c overlays.Change, why *settle.Refusal, err error) {
	return o, c, nil, &settle.Refusal{Code: overlays.CodeNone, Cashier: "没有", Technician: id}
}

func (s *rules) Approve(_ context.Context, id, seen, why string, by overlays.Signer) (overlays.Overlay, error) {
	s.did = append(s.did, "approve "+id+" "+seen+" "+why+" "+by.ID)
	return overlays.Overlay{ID: "1", State: overlays.InForce}, nil
}

func (s *rules) Reject(id, why string, by overlays.Signer) (overlays.Overlay, error) {
	s.did = append(s.did, "reject "+id+" "+why+" "+by.ID)
	return overlays.Overlay{ID: "1", State: overlays.Rejected}, nil
}

// TestWhoRules: only the insurance office and operations stage and decide, as persons: a
// token alone is nobody.
func TestWhoRules(t *testing.T) {
	sh := &rules{}
	people := roster{
		"0001": {ID: "0001", Name: "收费员一", Role: api.Cashier},
		"0003": {ID: "0003", Name: "王敏", Role: api.Insurance},
		"0004": {ID: "0004", Name: "李强", Role: api.Operations},
	}
	d := startWith(t, nil, func(o *api.Options) {
		o.Overlays, o.SignIn = sh, &api.SignIn{Operators: people, Seat: countertest.Seat, Token: cashierToken}
	})
	const stage, approve, reject = "/v1/policy/overlays", "/v1/policy/overlays/1/approve", "/v1/policy/overlays/1/reject"
	for _, tt := range []struct {
		token, path, body string
		status            int
	}{
		{cashierToken, stage, `{"file":"a.toml","text":"x","as":{"operator":"0003","password":"pass-0003"}}`, http.StatusForbidden},
		{supervisorToken, approve, `{"why":"x","as":{"operator":"0003","password":"pass-0003"}}`, http.StatusForbidden},
		{kioskToken, reject, `{"why":"x"}`, http.StatusForbidden},
		{operationsToken, stage, `{"file":"a.toml","text":"x"}`, http.StatusForbidden},
		{operationsToken, stage, `{"file":"a.toml","text":"x","as":{"operator":"0001","password":"pass-0001"}}`, http.StatusForbidden},
		{operationsToken, approve, `{"why":"x","as":{"operator":"0004","password":"guess"}}`, http.StatusUnauthorized},
		{operationsToken, stage, `{"file":"a.toml","text":"x","as":{"operator":"0003","password":"pass-0003"}}`, http.StatusCreated},
		{insuranceToken, approve, `{"seen":"s","why":"x","as":{"operator":"0004","password":"pass-0004"}}`, http.StatusOK},
		{insuranceToken, reject, `{"why":"y","as":{"operator":"0003","password":"pass-0003"}}`, http.StatusOK},
		{insuranceToken, reject, `{"why":""}`, http.StatusUnprocessableEntity},
	} {
		as := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+tt.token) }
		if status, text, _ := d.call(t, http.MethodPost, tt.path, []byte(tt.body), as); status != tt.status {
			t.Errorf("%s %s: %d %s, want %d", tt.path, tt.body, status, text, tt.status)
		}
	}
	want := []string{"stage a.toml x 0003", "approve 1 s x 0004", "reject 1 y 0003"}
	if len(sh.did) != len(want) || sh.did[0] != want[0] || sh.did[1] != want[1] || sh.did[2] != want[2] {
		t.Errorf("%q", sh.did)
	}
	if status, _, _ := d.call(t, http.MethodGet, stage+"/9", nil, nil); status != http.StatusNotFound {
		t.Errorf("one that is not there: %d", status)
	}
}

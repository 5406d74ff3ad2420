package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/family"
	"settled/settle"
)

// noFamily has nothing to say to a family.
type noFamily struct{}

var errNoFamily = &settle.Refusal{Code: settle.NoCard, Cashier: settle.NoCard.Cashier(), Technician: "nobody"}

func (noFamily) Look(context.Context) (family.Standing, error)          { return family.Standing{}, errNoFamily }
func (noFamily) Mobile(context.Context) ([]settle.Condition, error)     { return nil, errNoFamily }
func (noFamily) Binding(settle.Relation) ([]settle.Condition, error)    { return nil, errNoFamily }
func (noFamily) Slip(family.Standing, settle.Identity) counter.LookSlip { return counter.LookSlip{} }

func (noFamily) Places(family.Wanted) (family.Page, error) { return family.Page{}, errNoFamily }

func (noFamily) Undo(context.Context, string) (family.Choice, error) {
	return family.Choice{}, errNoFamily
}

func (noFamily) Select(context.Context, string, settle.Date, string) (family.Choice, error) {
	return family.Choice{}, errNoFamily
}

// TestKioskScans: at a self-service seat a 医保码 says who it is, and nothing else that is
// scanned says anything.
func TestKioskScans(t *testing.T) {
	d := startWith(t, nil, func(o *api.Options) { o.Family = noFamily{} })
	kiosk := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+kioskToken) }
	code := "4240000000000000000001440001"
	d.ECodes.Gives(code, countertest.Child())
	for _, other := range []string{"MZ20241105-000317", "SETTLED1:S01-0001:25000:9f"} {
		if status, text, _ := d.call(t, http.MethodPost, "/v1/scans", []byte(`{"code":"`+other+`"}`), kiosk); status/100 != 4 || !strings.Contains(string(text), "UNKNOWN_SCAN") {
			t.Errorf("%s: %d %s", other, status, text)
		}
	}
	if status, text, _ := d.call(t, http.MethodPost, "/v1/scans", []byte(`{"code":"`+code+`"}`), kiosk); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, text)
	}
	sc := d.AwaitState(t, counter.Identified)
	if !sc.Patient.ByCode {
		t.Errorf("%+v", sc.Patient)
	}
	parent := "4240000000000000000001440002"
	d.ECodes.Gives(parent, countertest.Parent())
	if status, text, _ := d.call(t, http.MethodPost, "/v1/scans", []byte(`{"code":"`+parent+`"}`), kiosk); status != http.StatusConflict {
		t.Errorf("another patient's code: %d %s", status, text)
	}
	if status, text, _ := d.call(t, http.MethodPost, "/v1/session/guardian-code", []byte("{}"), kiosk); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
	if status, text, _ := d.call(t, http.MethodPost, "/v1/scans", []byte(`{"code":"`+parent+`"}`), kiosk); status != http.StatusAccepted {
		t.Errorf("%d %s", status, text)
	}
	if sc := d.Await(t, func(s counter.Screen) bool { return s.Guardian != nil }); !sc.Guardian.ByCode || sc.Patient == nil {
		t.Errorf("%+v", sc)
	}
	if status, text, _ := d.call(t, http.MethodPost, "/v1/links", []byte(`{"relation":"child"}`), kiosk); status != http.StatusCreated {
		t.Errorf("%d %s", status, text)
	}
	if sc := d.Screen(); sc.Guardian != nil {
		t.Errorf("the guardian's code serves on: %+v", sc.Guardian)
	}
}

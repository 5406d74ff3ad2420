package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/slipseal"
)

// TestScans scans what a window may see; a 医保码 is in no answer.
func TestScans(t *testing.T) {
	const code = "4240000000000000001230440000"           // made up
	keys, err := slipseal.Parse(strings.Repeat("01", 32)) // made up
	if err != nil {
		t.Fatal(err)
	}
	d := startWith(t, nil, func(o *api.Options) { o.SlipKeys = keys })
	d.ECodes.Gives(code, countertest.Child())
	type answer struct {
		Kind, Bill, Number, Code, Cashier string
		Genuine                           *bool
		Slip                              struct{ By, Void string }
	}
	scan := func(text string, want int) (a answer) {
		t.Helper()
		body, _ := json.Marshal(map[string]string{"code": text})
		status, reply, _ := d.call(t, http.MethodPost, "/v1/scans", body, nil)
		if status != want {
			t.Errorf("%.40q: %d %s", text, status, reply)
		}
		if strings.Contains(string(reply), code) {
			t.Errorf("the code is in the answer: %s", reply)
		}
		if err := json.Unmarshal(reply, &a); err != nil {
			t.Errorf("%q: %v", reply, err)
		}
		return a
	}
	if a := scan(code+"\r\n", http.StatusAccepted); a.Kind != "ecode" {
		t.Errorf("%+v", a)
	}
	d.AwaitState(t, counter.Identified)
	if a := scan(code, http.StatusConflict); a.Code != "PATIENT_PRESENT" || a.Cashier == "" {
		t.Errorf("%+v", a)
	}
	if a := scan("HIS-1", http.StatusAccepted); a.Kind != "bill" || a.Bill != "HIS-1" {
		t.Errorf("%+v", a)
	}
	for _, text := range []string{"", "张三", strings.Repeat("9", 28), strings.Repeat("x", 100_000)} {
		if a := scan(text, http.StatusUnprocessableEntity); a.Code != "UNKNOWN_SCAN" || a.Cashier == "" {
			t.Errorf("%.30q: %+v", text, a)
		}
	}
	q, err := d.Quote(t.Context(), countertest.Bill(t, countertest.Child(), nil), "C01")
	if err != nil {
		t.Fatal(err)
	}
	done, err := d.Confirm(t.Context(), counter.Confirmation{Quote: q.ID, Key: q.Key(), By: "C01"})
	if err != nil {
		t.Fatal(err)
	}
	says := counter.Receipt{Settlement: done.Settlement}.Code()
	older := says
	older.Institution = ""
	for _, text := range []string{says.String(), older.String(), keys.Seal(says.String())} {
		if a := scan(text, http.StatusAccepted); a.Number != done.Settlement.Number || a.Genuine == nil || !*a.Genuine || a.Slip.By != "journal" {
			t.Errorf("%s: %+v", text, a)
		}
	}
	dearer := says
	dearer.Cash++
	if a := scan(keys.Seal(dearer.String()), http.StatusAccepted); a.Genuine == nil || *a.Genuine || a.Slip.By != "journal" {
		t.Errorf("a slip with another amount: %+v", a)
	}
	// A slip of another counter is known by its seal alone.
	says.Number = "992026112200001"
	if a := scan(keys.Seal(says.String()), http.StatusAccepted); a.Number != says.Number || a.Genuine == nil || !*a.Genuine || a.Slip.By != "seal" {
		t.Errorf("%+v", a)
	}
	if a := scan(says.String()+":AAAAAAAAAAAAAAAA", http.StatusAccepted); a.Genuine == nil || *a.Genuine || a.Slip.By != "seal" {
		t.Errorf("a made-up seal: %+v", a)
	}
	if a := scan(says.String(), http.StatusNotFound); a.Code != "NO_SETTLEMENT" {
		t.Errorf("%+v", a)
	}
	if a := scan("SETTLE:nobody:1", http.StatusUnprocessableEntity); a.Code != "UNKNOWN_SCAN" {
		t.Errorf("%+v", a)
	}
	d.Show("bill", "HIS-2")
	if s := d.Screen().Scanned; s == nil || s.Kind != "bill" || s.Text != "HIS-2" {
		t.Errorf("%+v", s)
	}
}

package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
)

// TestScans scans what a window may see; a 医保码 is in no answer.
func TestScans(t *testing.T) {
	const code = "4240000000000000001230440000" // made up
	d := start(t, nil)
	d.ECodes.Gives(code, countertest.Child())
	type answer struct {
		Kind, Bill, Number, Code, Cashier string
		Genuine                           *bool
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
	slip := counter.Receipt{Settlement: done.Settlement}.Code()
	if a := scan(slip, http.StatusAccepted); a.Number != done.Settlement.Number || a.Genuine == nil || !*a.Genuine {
		t.Errorf("%+v", a)
	}
	if a := scan(slip[:len(slip)-1]+"9", http.StatusAccepted); a.Genuine == nil || *a.Genuine {
		t.Errorf("a slip with another amount: %+v", a)
	}
	if a := scan("SETTLE:nobody:1", http.StatusNotFound); a.Code != "NO_SETTLEMENT" {
		t.Errorf("%+v", a)
	}
	d.Show("bill", "HIS-2")
	if s := d.Screen().Scanned; s == nil || s.Kind != "bill" || s.Text != "HIS-2" {
		t.Errorf("%+v", s)
	}
}

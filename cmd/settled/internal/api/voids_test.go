package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
)

// TestReverse is a refund and a void through HTTP: quote, refund, the same again, slip,
// reprint, and what is refused.
func TestReverse(t *testing.T) {
	d := start(t, nil)
	d.Insert(t, counter.Patient, countertest.Child())
	bill := countertest.Bill(t, countertest.Child(), func(doc *countertest.Document) {
		doc.Items = []map[string]any{countertest.Item("甲", "60.00", "1"), countertest.Item("乙", "40.00", "1")}
	})
	q := d.json(t, http.MethodPost, "/v1/quotes", bill, http.StatusOK)
	done := d.json(t, http.MethodPost, "/v1/settlements", confirmation(q.ID, q.Key), http.StatusCreated)
	path := "/v1/settlements/" + done.Number
	ask := func(fields map[string]any) []byte {
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	refund := d.json(t, http.MethodPost, path+"/refund/quote", ask(map[string]any{"keep": []int{1}}), http.StatusOK)
	body := ask(map[string]any{"key": "r1", "reason": "未做", "keep": []int{1}, "quote": refund.ID})
	if no := d.json(t, http.MethodPost, path+"/refund", bytes.ReplaceAll(body, []byte(refund.ID), []byte("r0")), http.StatusConflict); no.Code != settle.QuoteUnknown {
		t.Errorf("another quote: %+v", no)
	}
	none := ask(map[string]any{"key": "r1", "reason": "未做", "keep": nil, "quote": refund.ID})
	if no := d.json(t, http.MethodPost, path+"/refund", none, http.StatusUnprocessableEntity); no.Code != counter.KeepNone {
		t.Errorf("a refund that keeps nothing is no void: %+v", no)
	}
	first := d.json(t, http.MethodPost, path+"/refund", body, http.StatusCreated)
	if again := d.json(t, http.MethodPost, path+"/refund", body, http.StatusOK); !again.Replayed || again.Number != first.Number {
		t.Errorf("again %+v", again)
	}
	if no := d.json(t, http.MethodPost, path+"/void", ask(map[string]any{"key": "v1", "reason": "x"}), http.StatusConflict); no.Code != settle.AlreadyVoided {
		t.Errorf("voided after the refund: %+v", no)
	}
	if no := d.json(t, http.MethodPost, path+"/void", ask(map[string]any{"key": "v1"}), http.StatusUnprocessableEntity); no.Code != settle.MissingField || no.Field != "reason" {
		t.Errorf("without a reason: %+v", no)
	}
	<-d.Printer.Other()
	void := "/v1/voids/" + first.Number
	status, text, _ := d.call(t, http.MethodGet, void, nil, nil)
	if status != http.StatusOK || !bytes.Contains(text, []byte(`"kind":"refund"`)) || !bytes.Contains(text, []byte(`"cash":"10.00"`)) || bytes.Contains(text, []byte(countertest.Child().Who.IDNumber.ClearPersonalData())) {
		t.Errorf("%d %s", status, text)
	}
	for query, marked := range map[string]bool{"": true, "?copy=0&columns=32": false} {
		status, slip, _ := d.call(t, http.MethodGet, void+"/receipt"+query, nil, nil)
		if status != http.StatusOK || !bytes.Contains(slip, []byte("医疗保险退费凭条")) || bytes.Contains(slip, []byte("重打")) != marked {
			t.Errorf("slip%s: %d %s", query, status, slip)
		}
	}
	if _, slip, _ := d.call(t, http.MethodGet, void+"/receipt?copy=0", nil, nil); !bytes.Contains(slip, []byte("重打")) {
		t.Errorf("a second original:\n%s", slip)
	}
	if status, text, _ := d.call(t, http.MethodPost, void+"/receipt", nil, nil); status != http.StatusAccepted {
		t.Errorf("reprint: %d %s", status, text)
	}
	if slip := <-d.Printer.Other(); slip.Name() != first.Number+"-7" {
		t.Errorf("reprint %s", slip.Name())
	}
	for _, none := range []string{"/v1/voids/x", "/v1/voids/x/receipt"} {
		if no := d.json(t, http.MethodGet, none, nil, http.StatusNotFound); no.Code != counter.NoVoid || no.Cashier == "" {
			t.Errorf("%s: %+v", none, no)
		}
	}
}

// TestShifts opens, shows and closes a shift through HTTP.
func TestShifts(t *testing.T) {
	d := start(t, nil)
	d.json(t, http.MethodGet, "/v1/shifts/current", nil, http.StatusNotFound)
	for _, bad := range []string{`{"float":"-1.00"}`, `{"float":100}`, `{"float":"1.001"}`, `{}`} {
		if no := d.json(t, http.MethodPost, "/v1/shifts", []byte(bad), http.StatusUnprocessableEntity); no.Code == "" {
			t.Errorf("%s: %+v", bad, no)
		}
	}
	opened := func(method, path, body string, want int) {
		t.Helper()
		if status, text, _ := d.call(t, method, path, []byte(body), nil); status != want || !bytes.Contains(text, []byte(`"expected":"100.00"`)) {
			t.Errorf("%s %s: %d %s", method, path, status, text)
		}
	}
	opened(http.MethodPost, "/v1/shifts", `{"float":"100.00"}`, http.StatusCreated)
	if no := d.json(t, http.MethodPost, "/v1/shifts", []byte(`{"float":"100.00"}`), http.StatusConflict); no.Code != "SHIFT_OPEN" {
		t.Errorf("opened twice: %+v", no)
	}
	opened(http.MethodGet, "/v1/shifts/current", "", http.StatusOK)
	if status, slip, _ := d.call(t, http.MethodGet, "/v1/shifts/1/slip?copy=0", nil, nil); status != http.StatusOK || !bytes.Contains(slip, []byte("未结班")) {
		t.Errorf("slip: %d %s", status, slip)
	}
	for range 2 { // an open shift is shown as often as asked
		if _, slip, _ := d.call(t, http.MethodGet, "/v1/shifts/1/slip?copy=0", nil, nil); bytes.Contains(slip, []byte("重打")) {
			t.Errorf("slip of the open shift:\n%s", slip)
		}
	}
	opened(http.MethodPost, "/v1/shifts/close", `{"counted":"100.00"}`, http.StatusOK)
	if no := d.json(t, http.MethodPost, "/v1/shifts/close", []byte(`{"counted":"100.00"}`), http.StatusConflict); no.Code != settle.ShiftClosed {
		t.Errorf("closed twice: %+v", no)
	}
}

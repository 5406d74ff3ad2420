package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
)

// TestBadBills sends what must be refused: each names code, field and line, and the
// book is not asked to write.
func TestBadBills(t *testing.T) {
	item := func(change map[string]any) func(*countertest.Document) {
		return func(doc *countertest.Document) {
			second := countertest.Item("维生素C", "1.00", "1")
			maps.Copy(second, change)
			doc.Items = append(doc.Items, second)
			doc.Head["total"] = "101.00"
		}
	}
	tests := []struct {
		name   string
		change func(doc *countertest.Document)
		raw    func(bill []byte) []byte
		status int
		code   settle.Code
		field  string
		line   int
	}{
		{name: "negative quantity", change: item(map[string]any{"qty": "-1"}), code: settle.BadField, field: "items[1].qty", line: 2},
		{name: "unknown category", change: item(map[string]any{"category": "D"}), code: settle.BadField, field: "items[1].category", line: 2},
		{name: "exponent bomb", change: item(map[string]any{"unit_price": "1E1000000000"}), code: settle.BadField, field: "items[1].unit_price", line: 2},
		{name: "exponent bomb, number", change: item(map[string]any{"unit_price": json.Number("1E1000000000")}), code: settle.BadField, field: "items[1].unit_price", line: 2},
		{name: "10,000 lines", change: func(doc *countertest.Document) {
			doc.Items = slices.Repeat([]map[string]any{countertest.Item("药", "0.01", "1")}, 10_000)
		}, code: settle.TooManyLines, field: "items"},
		{name: "wrong total", change: func(doc *countertest.Document) { doc.Head["total"] = "100.01" }, code: settle.TotalMismatch, field: "total"},
		{name: "unknown field", change: item(map[string]any{"discount": "1.00"}), code: settle.UnknownField, field: "items[1].discount", line: 2},
		{name: "unknown field of the bill", change: func(doc *countertest.Document) { doc.Head["institution"] = "H" }, code: settle.UnknownField, field: "institution"},
		{name: "invalid UTF-8", raw: func(b []byte) []byte { return bytes.Replace(b, []byte("阿"), []byte("\xb0\xa2"), 1) }, code: settle.BadEncoding},
		{name: "visit tomorrow", change: func(doc *countertest.Document) { doc.Visit["date"] = "2024-11-06" }, code: settle.FutureVisit, field: "visit.date"},
		{name: "another person", change: func(doc *countertest.Document) {
			doc.Head["patient"] = map[string]any{"id_number": countertest.Stranger().Who.IDNumber.ClearPersonalData()}
		}, code: settle.WrongPerson, field: "patient.id_number"},
		{name: "no key", change: func(doc *countertest.Document) { delete(doc.Head, "key") }, code: settle.MissingField, field: "key"},
		{name: "not JSON", raw: func([]byte) []byte { return []byte("key=1") }, code: settle.BadSyntax},
		{name: "nothing", raw: func([]byte) []byte { return nil }, status: http.StatusBadRequest, code: settle.BadSyntax},
		{name: "two objects", raw: func(b []byte) []byte { return append(b, b...) }, code: settle.BadSyntax},
		{name: "over 4 MiB", raw: func(b []byte) []byte { return append(b, bytes.Repeat([]byte(" "), settle.MaxBody)...) }, status: http.StatusRequestEntityTooLarge, code: settle.BodyTooLarge},
	}
	d := start(t, nil)
	d.Insert(t, counter.Patient, countertest.Child())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bill := countertest.Bill(t, countertest.Child(), tt.change)
			if tt.raw != nil {
				bill = tt.raw(bill)
			}
			status := http.StatusUnprocessableEntity
			if tt.status != 0 {
				status = tt.status
			}
			got := d.json(t, http.MethodPost, "/v1/quotes", bill, status)
			if got.Code != tt.code || got.Field != tt.field || got.Line != tt.line || got.Cashier == "" || got.Technician == "" {
				t.Errorf("got %+v, want %s %s line %d", got.Refusal, tt.code, tt.field, tt.line)
			}
			if id := countertest.Child().Who.IDNumber.ClearPersonalData(); strings.Contains(fmt.Sprint(got), id) {
				t.Error("the refusal shows an id number")
			}
			if d.Book.Asked() != 0 || d.Screen().State != "identified" {
				t.Errorf("book asked %d times, screen %+v", d.Book.Asked(), d.Screen())
			}
		})
	}
}

// TestBadConfirmations sends confirmations that must be refused.
func TestBadConfirmations(t *testing.T) {
	d := start(t, nil)
	d.Insert(t, counter.Patient, countertest.Child())
	q := d.json(t, http.MethodPost, "/v1/quotes", countertest.Bill(t, countertest.Child(), nil), http.StatusOK)
	tests := []struct {
		name, body string
		status     int
		code       settle.Code
		field      string
	}{
		{"no key", `{"quote":"` + q.ID + `"}`, http.StatusUnprocessableEntity, settle.MissingField, "key"},
		{"unknown field", `{"quote":"` + q.ID + `","key":"k","force":true}`, http.StatusUnprocessableEntity, settle.UnknownField, "force"},
		{"not a quote", `{"quote":"x","key":"k"}`, http.StatusConflict, settle.QuoteUnknown, "quote"},
		{"another quote", `{"quote":"q` + strings.Repeat("0", 64) + `","key":"` + q.Key + `"}`, http.StatusConflict, settle.QuoteUnknown, ""},
		{"another key", `{"quote":"` + q.ID + `","key":"another"}`, http.StatusUnprocessableEntity, counter.OtherKey, "key"},
		{"not JSON", `quote`, http.StatusBadRequest, settle.BadSyntax, ""},
		{"key too long", `{"quote":"` + q.ID + `","key":"` + strings.Repeat("k", 65) + `"}`, http.StatusUnprocessableEntity, settle.BadField, "key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := d.json(t, http.MethodPost, "/v1/settlements", []byte(tt.body), tt.status)
			if got.Code != tt.code || (tt.field != "" && got.Field != tt.field) || got.Cashier == "" {
				t.Errorf("got %+v", got.Refusal)
			}
			if d.Book.Asked() != 0 {
				t.Error("the book was asked")
			}
		})
	}
	d.json(t, http.MethodPost, "/v1/settlements", confirmation(q.ID, q.Key), http.StatusCreated) // the quote still stands
}

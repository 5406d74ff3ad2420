package api_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/queue/catalogue"
	"settled/settle"
)

const catalogueFiles = "../../../../testdata/catalogue/"

// TestCatalogue: a bill of codes is refused while no catalogue is loaded, then quoted
// and settled like the bill that states everything; a bill that states something else
// is refused with both values; a newer row counts from the next quote on, and what was
// settled before is answered as it was.
func TestCatalogue(t *testing.T) {
	dir := t.TempDir()
	store := catalogue.New(dir)
	t.Cleanup(func() { _ = store.Close() })
	d := start(t, func(p *counter.Ports, _ *counter.Options) { p.Catalogue = &catalogue.Completer{Store: store} })
	d.Insert(t, counter.Patient, countertest.Child())
	bill := func(key string, more ...string) []byte {
		return countertest.Bill(t, countertest.Child(), func(doc *countertest.Document) {
			line := map[string]any{"code": "XM01AEB282X001020100731", "unit_price": "12.80", "qty": "10"}
			for i := 0; i < len(more); i += 2 {
				line[more[i]] = more[i+1]
			}
			doc.Items, doc.Head["total"], doc.Head["key"] = []map[string]any{line}, "128.00", key
		})
	}
	first := bill("k1")
	if a := d.json(t, http.MethodPost, "/v1/quotes", first, http.StatusUnprocessableEntity); a.Code != settle.MissingField || a.Field != "items[0].category" || a.Line != 1 {
		t.Errorf("without a catalogue: %+v", a.Refusal)
	}
	load := func(files ...string) {
		t.Helper()
		if _, err := catalogue.Load(dir, catalogue.Options{Area: "440300", Now: countertest.Morning}, files); err != nil {
			t.Fatal(err)
		}
	}
	load(catalogueFiles+"1312-1.json", catalogueFiles+"1312-2.json", catalogueFiles+"1318-1.json", catalogueFiles+"1319_ratio.txt")
	codes := d.json(t, http.MethodPost, "/v1/quotes", first, http.StatusOK)
	stated := d.json(t, http.MethodPost, "/v1/quotes", bill("k1", "name", "布洛芬混悬液", "category", "A", "price_cap", "12.30"), http.StatusOK)
	if codes.Fund == 0 || codes.Fund != stated.Fund || codes.Cash != stated.Cash {
		t.Errorf("codes: fund %s cash %s, stated: fund %s cash %s", codes.Fund, codes.Cash, stated.Fund, stated.Cash)
	}
	a := d.json(t, http.MethodPost, "/v1/quotes", bill("k2", "price_cap", "11.00"), http.StatusUnprocessableEntity)
	if a.Code != catalogue.CodeDiffers || a.Field != "items[0].price_cap" || !strings.Contains(a.Cashier, "11") || !strings.Contains(a.Cashier, "12.3") {
		t.Errorf("%+v", a.Refusal)
	}
	quote := d.json(t, http.MethodPost, "/v1/quotes", first, http.StatusOK)
	settled := d.json(t, http.MethodPost, "/v1/settlements", confirmation(quote.ID, "k1"), http.StatusCreated)
	written := d.Book.Written()[0]
	census, _, err := store.List()
	if err != nil || census.Digest == "" || written.Catalogue != census.Digest {
		t.Errorf("settled under %q, loaded %q, %v", written.Catalogue, census.Digest, err)
	}
	if l := written.Bill.Lines[0]; l.Name != "布洛芬混悬液" || l.Grade != settle.GradeA || l.PriceCap.Decimal.String() != "12.3" {
		t.Errorf("written: %+v", l)
	}
	_, explained, _ := d.call(t, http.MethodGet, "/v1/settlements/"+settled.Number+"/explanation", nil, nil)
	if want := "catalogue XM01AEB282X001020100731 2025-12-20 10:00:00"; !strings.Contains(string(explained), want) {
		t.Errorf("no %q in %s", want, explained)
	}
	load(lower(t))
	again := d.json(t, http.MethodPost, "/v1/settlements", confirmation(quote.ID, "k1"), http.StatusOK)
	if !again.Replayed || again.Number != settled.Number {
		t.Errorf("after another load: %+v", again)
	}
	if lowered := d.json(t, http.MethodPost, "/v1/quotes", bill("k3"), http.StatusOK); lowered.Fund >= codes.Fund {
		t.Errorf("the lower cap gives %s, was %s", lowered.Fund, codes.Fund)
	}
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte("no catalogue"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "x"), filepath.Join(dir, catalogue.FileName)); err != nil {
		t.Fatal(err)
	}
	if a := d.json(t, http.MethodPost, "/v1/quotes", bill("k4"), http.StatusInternalServerError); a.Code != counter.Fault {
		t.Errorf("a damaged catalogue: %+v", a.Refusal)
	}
}

// lower is a reply of 1318 with newer rows, all of 9.00.
func lower(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(catalogueFiles + "1318-1.json")
	if err != nil {
		t.Fatal(err)
	}
	var reply struct {
		Output struct {
			Data []map[string]any `json:"data"`
		} `json:"output"`
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		t.Fatal(err)
	}
	for _, row := range reply.Output.Data {
		row["updt_time"] = "2026-01-01 00:00:00"
		row["hilist_pric_uplmt_amt"] = "9.00"
	}
	text, err := json.Marshal(reply)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "1318-lower.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

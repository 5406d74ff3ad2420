package demo

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestCatalogue loads a catalogue beside the running daemon: from then on a bill of
// codes alone is settled, and the platform splits it in the same way.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.bothCards(t.Context()))
	codes, err := s.visit("child-visit-codes.json", 1)
	must(t, err)
	if status, a, err := s.post(t, "/v1/quotes", codes); err != nil || status != http.StatusUnprocessableEntity || a.Code != "MISSING_FIELD" || a.Line != 1 {
		t.Fatalf("without a catalogue: %d %+v %v", status, a, err)
	}
	args := []string{"catalogue", "load", "--config", s.daemon.config}
	for _, name := range []string{"1312-1.json", "1312-2.json", "1318-1.json", "1319_ratio.txt"} {
		args = append(args, filepath.Join(s.Testdata, "catalogue", name))
	}
	_, err = s.daemon.run(t.Context(), args...)
	must(t, err)
	full, err := s.visit("child-visit.json", 1)
	must(t, err)
	status, stated, err := s.post(t, "/v1/quotes", full)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %+v %v", status, stated, err)
	}
	status, quote, err := s.post(t, "/v1/quotes", codes)
	if err != nil || status != http.StatusOK || quote.Fund != stated.Fund {
		t.Fatalf("%d %+v %v, stated %+v", status, quote, err, stated)
	}
	wrong := bytes.Replace(full, []byte(`"11.50"`), []byte(`"11.90"`), 1)
	if status, a, err := s.post(t, "/v1/quotes", wrong); err != nil || status != http.StatusUnprocessableEntity || a.Code != "CATALOGUE_DIFFERS" ||
		a.Line != 9 || !strings.Contains(a.Cashier, "11.9") || !strings.Contains(a.Cashier, "11.5；") {
		t.Errorf("%d %+v %v", status, a, err)
	}
	_, quote, err = s.post(t, "/v1/quotes", codes)
	must(t, err)
	body, err := json.Marshal(map[string]string{"quote": quote.ID, "key": quote.Key})
	must(t, err)
	status, settled, err := s.post(t, "/v1/settlements", body)
	if err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, settled, err)
	}
	s.awaitCount(t, "acknowledged", 1)
	why, err := s.daemon.run(t.Context(), "explain", settled.Number)
	must(t, err)
	if !strings.Contains(why, "catalogue XM01AEB282X001020100731 2025-12-20 10:00:00") {
		t.Errorf("the catalogue is not named:\n%s", why)
	}
}

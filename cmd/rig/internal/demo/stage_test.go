package demo

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"
)

// answer is what the API says, of whatever kind.
type answer struct {
	ID       string      `json:"id"`
	Key      string      `json:"key"`
	Number   string      `json:"number"`
	Replayed bool        `json:"replayed"`
	Code     string      `json:"code"`
	Field    string      `json:"field"`
	Line     int         `json:"line"`
	Cashier  string      `json:"cashier"`
	Fund     json.Number `json:"fund"`
}

// post sends a request and gives status and answer; err is a connection that broke.
func (s *stage) post(t testing.TB, path string, body []byte) (int, answer, error) {
	t.Helper()
	status, text, err := s.call(t, path, body)
	if err != nil {
		return 0, answer{}, err
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatalf("%s: %s: %v", path, text, err)
	}
	return status, a, nil
}

// call posts and gives status and body.
func (s *stage) call(t testing.TB, path string, body []byte) (status int, text []byte, err error) {
	t.Helper()
	res, err := s.daemon.ask(t.Context(), http.MethodPost, path, body)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err = io.ReadAll(res.Body)
	return res.StatusCode, text, err
}

// settle quotes and confirms the n-th visit, and quotes again while the quote is
// stale, as it becomes when an acknowledgement moves what it was computed from.
func (s *stage) settle(t *testing.T, n int) (status int, a answer, err error) {
	t.Helper()
	for {
		status, a, err = s.settleOnce(t, n)
		if err != nil || a.Code != "STALE_QUOTE" {
			return status, a, err
		}
	}
}

func (s *stage) settleOnce(t *testing.T, n int) (status int, a answer, err error) {
	t.Helper()
	bill, err := s.visit("child-follow-up.json", n)
	must(t, err)
	status, quote, err := s.post(t, "/v1/quotes", bill)
	if err != nil || status != http.StatusOK {
		return status, quote, err
	}
	var head struct {
		Key string `json:"key"`
	}
	must(t, json.Unmarshal(bill, &head))
	body, err := json.Marshal(map[string]string{"quote": quote.ID, "key": head.Key})
	must(t, err)
	return s.post(t, "/v1/settlements", body)
}

// count gives how many settlements are in a state.
func (s *stage) count(t *testing.T, state string) []row {
	t.Helper()
	var page struct {
		Entries []row `json:"entries"`
	}
	must(t, s.daemon.runJSON(t.Context(), &page, "queue", "list", "--limit", "1000", "--state", state))
	return page.Entries
}

// awaitCount waits until n settlements are in a state.
func (s *stage) awaitCount(t *testing.T, state string, n int) {
	t.Helper()
	must(t, s.daemon.await(t.Context(), "", func([]byte) bool { return len(s.count(t, state)) >= n }))
}

// sameBooks checks that the platform holds exactly the settlements of the journal,
// once each and to the fen.
func (s *stage) sameBooks(t *testing.T) {
	t.Helper()
	theirs, err := s.platformBooks()
	must(t, err)
	ours := s.count(t, "acknowledged")
	for _, e := range ours {
		a, err := s.journalBooks(t.Context(), e.Number)
		must(t, err)
		if got, want := theirs[e.Number].list(), a.list(); !slices.Equal(got, want) {
			t.Errorf("settlement %s: platform %v, journal %v", e.Number, got, want)
		}
		delete(theirs, e.Number)
	}
	for number := range theirs {
		t.Errorf("the platform holds %s, the journal does not have it acknowledged", number)
	}
	page := s.platform.Books.Page()
	if page.Live != len(ours) {
		t.Errorf("the platform holds %d settlements, the journal %d", page.Live, len(ours))
	}
	if len(page.Duplicates) > 0 {
		t.Errorf("message ids were used twice: %v", slices.Collect(maps.Keys(page.Duplicates)))
	}
}

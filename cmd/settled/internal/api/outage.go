package api

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Outage is why the daemon has no queue to serve: what is the matter with the journal,
// how far it is good, and what to do. Nothing in it is personal.
type Outage struct {
	Code      settle.Code `json:"-"`
	Why       string      `json:"why"`                  // English
	File      string      `json:"file,omitempty"`       // of the journal
	Offset    int64       `json:"offset"`               // bytes in File where the bad line begins
	Entry     uint64      `json:"entry,omitempty"`      // the first that is bad or missing; 0: not known
	LastEntry uint64      `json:"last_entry,omitempty"` // the last that is good; 0: not known, or none
	LastHash  string      `json:"last_hash,omitempty"`  // its hash; "": not known
	Do        []string    `json:"do"`                   // what to do, in Chinese, a step each
}

// outageHealth is the answer of /livez and /readyz in an outage.
type outageHealth struct {
	health
	Outage Outage `json:"outage"`
}

// NewOutage makes a server that settles nothing and tells everybody why: the guards of
// the API stand before it, no token is asked for. present gives the outage as it is now.
func NewOutage(present func() Outage, log *slog.Logger) *Server {
	s := &Server{options: Options{Log: log}, closing: make(chan struct{})}
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		closeToBrowsers(w.Header())
		if why := s.foreign(r); why != "" {
			writeRefusal(w, http.StatusForbidden, refusal(settle.NotAllowed, why))
			return
		}
		o := present()
		answer := outageHealth{Outage: o, health: health{
			Status: "not_ready", Reasons: []counter.Notice{{Code: o.Code, Text: o.Code.Cashier()}}, Notices: []counter.Notice{},
		}}
		switch r.URL.Path {
		case "/livez":
			answer.Status = "ok" // the process answers: to end it would mend nothing
			writeJSON(w, http.StatusOK, answer)
		case "/readyz":
			writeJSON(w, http.StatusServiceUnavailable, answer)
		default:
			writeRefusal(w, http.StatusServiceUnavailable, &settle.Refusal{Code: o.Code, Cashier: o.Code.Cashier(), Technician: o.Why})
		}
	})
	s.http = bounded(s.handler, log)
	return s
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

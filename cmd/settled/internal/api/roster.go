package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"settled/settle"
)

// Rosters makes people known before the line goes down. Errors are *settle.Refusal.
type Rosters interface {
	// StartRoster reads a list and begins to ask the platform about everybody on it, or
	// gives the load of the same list that runs: another one is refused meanwhile. A list
	// with a bad line is refused whole, with line and field.
	StartRoster(ctx context.Context, o RosterOrder) (Roster, error)
	// StopRoster ends the load that runs, if any; what was learned stays.
	StopRoster(ctx context.Context) (Roster, error)
	// Roster is the load that runs, or the last one since the daemon began.
	Roster(ctx context.Context) (Roster, error)
}

// RosterOrder is a list of people, and how to load it.
type RosterOrder struct {
	List      string `json:"list" minLength:"1" doc:"CSV or JSON lines: id_number, card_number, card_code, name"`
	PerMinute int    `json:"per_minute,omitempty" minimum:"0" maximum:"6000" doc:"persons asked about in a minute; 0: 60"`
	Fresh     int    `json:"fresh,omitempty" minimum:"0" maximum:"10080" doc:"minutes within which somebody is known well enough; 0: 720"`
}

// Roster is where a load stands, or stood when it ended. Nothing in it is personal.
type Roster struct {
	ID      int64        `json:"id"`
	Began   time.Time    `json:"began,omitzero"`
	Ended   time.Time    `json:"ended,omitzero"`
	Why     string       `json:"why,omitempty" enum:"done,line,stopped,failed" doc:"why it ended"`
	Total   int          `json:"total"`
	Learned int          `json:"learned"`
	Fresh   int          `json:"fresh" doc:"known well enough already"`
	Refused int          `json:"refused" doc:"the platform's no, or somebody else than the list says"`
	Left    int          `json:"left"`
	Lines   []RosterLine `json:"lines" doc:"the first that were refused"`
	Trouble settle.Code  `json:"trouble,omitempty"`
}

// RosterLine is a line of the list that nothing was learned from.
type RosterLine struct {
	Line int         `json:"line"`
	Code settle.Code `json:"code"`
	Text string      `json:"text"`
}

type rosterInput struct{ Body RosterOrder }

type rosterOutput struct{ Body Roster }

// rosters registers what makes people known.
func (s *Server) rosters(api huma.API) {
	r := s.options.Rosters
	if r == nil {
		return
	}
	register(api, operation{
		id: "startRoster", method: http.MethodPost, path: "/v1/roster", roles: keepers, status: http.StatusOK,
		summary: "Ask the platform about everybody on a list, so that they are known when the line is down. If the same list is loaded already, that load is answered and goes on; another list is refused meanwhile (ROSTER_BUSY).",
	}, func(ctx context.Context, _ Grant, in *rosterInput) (*rosterOutput, error) {
		roster, err := r.StartRoster(ctx, in.Body)
		return &rosterOutput{roster}, err
	})
	register(api, operation{
		id: "stopRoster", method: http.MethodDelete, path: "/v1/roster", roles: keepers, status: http.StatusOK,
		summary: "End the load that runs; what was learned stays.",
	}, func(ctx context.Context, _ Grant, _ *struct{}) (*rosterOutput, error) {
		roster, err := r.StopRoster(ctx)
		return &rosterOutput{roster}, err
	})
	register(api, operation{
		id: "roster", method: http.MethodGet, path: "/v1/roster", roles: everyone, status: http.StatusOK,
		summary: "The load that runs, or the last one; `id` is 0 if there was none since the daemon began.",
	}, func(ctx context.Context, _ Grant, _ *struct{}) (*rosterOutput, error) {
		roster, err := r.Roster(ctx)
		return &rosterOutput{roster}, err
	})
}

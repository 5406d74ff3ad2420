package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/overlays"
	"settled/settle"
	"settled/settle/policy"
)

// Overlays puts files of rules into force by two persons; *overlays.Shelf is one. Errors
// are *settle.Refusal.
type Overlays interface {
	// Stage keeps a file that loads and changes something.
	Stage(file, text string, by overlays.Signer) (overlays.Overlay, error)
	// List gives what waits and what was decided, the newest first.
	List() []overlays.Overlay
	// Show gives one with what it changes now; why is set if it does not load any more.
	Show(id string) (o overlays.Overlay, c overlays.Change, why *settle.Refusal, err error)
	// Approve returns when it is in force and the journal says so. seen is the digest of the
	// rules with it, as it was shown.
	Approve(ctx context.Context, id, seen, why string, by overlays.Signer) (overlays.Overlay, error)
	// Reject puts it away.
	Reject(id, why string, by overlays.Signer) (overlays.Overlay, error)
}

// rulers may stage and approve rules: what they approve binds every settlement.
var rulers = []Role{Insurance, Operations}

type stageInput struct {
	Body struct {
		File string     `json:"file" maxLength:"100" doc:"its name in the directory of rules; one of the same name is replaced"`
		Text string     `json:"text" maxLength:"1048576" doc:"the file, as it is to be"`
		As   *signature `json:"as,omitempty" doc:"who stages it; needed with a token"`
	}
}

type decideInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Seen string     `json:"seen,omitempty" maxLength:"128" doc:"of an approval: digest of the rules with the file, as they were shown"`
		Why  string     `json:"why" minLength:"1" maxLength:"1000" doc:"the reason"`
		As   *signature `json:"as,omitempty" doc:"who decides; needed with a token"`
	}
}

type overlayInput struct {
	ID string `path:"id" maxLength:"64"`
}

// overlayRow is a staged file at a glance.
type overlayRow struct {
	ID        string          `json:"id"`
	File      string          `json:"file"`
	State     overlays.State  `json:"state" enum:"staged,approved,in_force,rejected"`
	By        overlays.Signer `json:"by" doc:"who staged it"`
	At        time.Time       `json:"at"`
	Decided   overlays.Signer `json:"decided" doc:"who approved or rejected it"`
	DecidedAt time.Time       `json:"decided_at,omitzero"`
	Why       string          `json:"why"`
}

// overlayChange is a stretch of days on which a value is another.
type overlayChange struct {
	Title  string      `json:"title"`
	From   settle.Date `json:"from"`
	To     settle.Date `json:"to,omitempty"`
	Before *ruleValue  `json:"before,omitempty"`
	After  *ruleValue  `json:"after,omitempty"`
	Line   int         `json:"line,omitempty" doc:"of the file"`
}

// overlayView is a staged file with what it makes of the rules in force.
type overlayView struct {
	overlayRow
	Text        string          `json:"text"`
	Problem     *settle.Refusal `json:"problem,omitempty" doc:"why it cannot come into force as things stand"`
	InForce     string          `json:"in_force,omitempty" doc:"digest of the rules now"`
	Rules       string          `json:"rules,omitempty" doc:"digest of the rules with it: what an approval gives as seen"`
	Replaces    bool            `json:"replaces" doc:"a file of that name is in force"`
	Changes     []overlayChange `json:"changes"`
	Sources     []policy.Source `json:"sources" doc:"that the new values cite"`
	Retroactive []overlayChange `json:"retroactive" doc:"values that hold from a day before their approval"`
	Stale       []ruleStale     `json:"stale" doc:"what would be missing today, or run out within three months"`
	Trial       *overlays.Trial `json:"backtest,omitempty" doc:"what it would have made of past settlements; none: not computed yet"`
}

type (
	overlayOutput struct{ Body overlayView }
	rowOutput     struct{ Body overlayRow }
	shelfOutput   struct {
		Body struct {
			Overlays []overlayRow `json:"overlays"`
		}
	}
)

// overlays registers how rules come into force.
func (s *Server) overlays(api huma.API) {
	shelf := s.options.Overlays
	if shelf == nil {
		return
	}
	register(api, operation{
		id: "overlays", method: http.MethodGet, path: "/v1/policy/overlays", roles: everyone, status: http.StatusOK,
		summary: "Files of rules that were staged, and what became of them; the newest first.",
	}, func(context.Context, Grant, *struct{}) (*shelfOutput, error) {
		out := &shelfOutput{}
		out.Body.Overlays = []overlayRow{}
		for _, o := range shelf.List() {
			out.Body.Overlays = append(out.Body.Overlays, overlayRowOf(o))
		}
		return out, nil
	})
	register(api, operation{
		id: "overlay", method: http.MethodGet, path: "/v1/policy/overlays/{id}", roles: everyone, status: http.StatusOK,
		summary: "One of them with what it changes, its sources, and what it would have made of past settlements.",
	}, func(_ context.Context, _ Grant, in *overlayInput) (*overlayOutput, error) {
		o, change, why, err := shelf.Show(in.ID)
		if err != nil {
			return nil, err
		}
		return &overlayOutput{viewOf(o, change, why)}, nil
	})
	register(api, operation{
		id: "stage-overlay", method: http.MethodPost, path: "/v1/policy/overlays", roles: rulers, status: http.StatusCreated,
		summary: "Stage a file of rules for a second person to approve. It must load and change something; what is wrong is named with field and line.",
	}, func(_ context.Context, g Grant, in *stageInput) (*rowOutput, error) {
		by, err := s.person(g, in.Body.As)
		if err != nil {
			return nil, err
		}
		o, err := shelf.Stage(in.Body.File, in.Body.Text, by)
		if err == nil {
			s.jotted(Act{Kind: RulesStaged, Operator: by.ID, Seat: g.Seat, What: o.File})
		}
		return &rowOutput{overlayRowOf(o)}, err
	})
	s.decisions(api, shelf)
}

// decisions registers what the second person does.
func (s *Server) decisions(api huma.API, shelf Overlays) {
	register(api, operation{
		id: "approve-overlay", method: http.MethodPost, path: "/v1/policy/overlays/{id}/approve", roles: rulers, status: http.StatusOK,
		summary: "Put a staged file into force, as another person than staged it; the journal says who both were.",
	}, func(ctx context.Context, g Grant, in *decideInput) (*rowOutput, error) {
		by, err := s.person(g, in.Body.As)
		if err != nil {
			return nil, err
		}
		o, err := shelf.Approve(ctx, in.ID, in.Body.Seen, in.Body.Why, by)
		return &rowOutput{overlayRowOf(o)}, err
	})
	register(api, operation{
		id: "reject-overlay", method: http.MethodPost, path: "/v1/policy/overlays/{id}/reject", roles: rulers, status: http.StatusOK,
		summary: "Put a staged file away, with the reason.",
	}, func(_ context.Context, g Grant, in *decideInput) (*rowOutput, error) {
		by, err := s.person(g, in.Body.As)
		if err != nil {
			return nil, err
		}
		o, err := shelf.Reject(in.ID, in.Body.Why, by)
		if err == nil {
			s.jotted(Act{Kind: RulesRejected, Operator: by.ID, Seat: g.Seat, What: o.File, Text: in.Body.Why})
		}
		return &rowOutput{overlayRowOf(o)}, err
	})
}

// person is who acts: whoever signed in, or with a token, which is nobody's, whoever gives
// his password.
func (s *Server) person(g Grant, as *signature) (overlays.Signer, error) {
	switch {
	case as == nil && g.Name != "":
		return overlays.Signer{ID: g.Operator, Name: g.Name}, nil
	case as == nil:
		return overlays.Signer{}, refusal(settle.NotAllowed, "a token is no person: sign in, or give operator and password")
	}
	o, err := s.signed(as)
	if err != nil {
		return overlays.Signer{}, err
	}
	if !slices.Contains(rulers, o.Role) {
		return overlays.Signer{}, refusal(settle.NotAllowed, "operator "+o.ID+" has the role "+string(o.Role))
	}
	return overlays.Signer{ID: o.ID, Name: o.Name}, nil
}

func overlayRowOf(o overlays.Overlay) overlayRow {
	return overlayRow{o.ID, o.File, o.State, o.By, o.At, o.Decided, o.DecidedAt, o.Why}
}

func viewOf(o overlays.Overlay, c overlays.Change, why *settle.Refusal) overlayView {
	v := overlayView{
		overlayRow: overlayRowOf(o), Text: o.Text, Problem: why, InForce: c.InForce, Rules: c.Rules, Replaces: c.Replaces,
		Changes: []overlayChange{}, Sources: append([]policy.Source{}, c.Sources...), Retroactive: []overlayChange{}, Stale: []ruleStale{}, Trial: o.Trial,
	}
	for _, ch := range c.Changes {
		row := overlayChange{From: ch.From, To: ch.To, Before: valueOf(ch.Before), After: valueOf(ch.After)}
		for _, r := range []*policy.Row{ch.Before, ch.After} {
			if r != nil {
				row.Title = titleOf(*r)
			}
		}
		if ch.After != nil && ch.After.File == o.File {
			row.Line = ch.After.Line
		}
		v.Changes = append(v.Changes, row)
	}
	for _, r := range c.Retroactive {
		v.Retroactive = append(v.Retroactive, overlayChange{Title: titleOf(r), From: r.From, To: r.To, After: valueOf(&r), Line: r.Line})
	}
	for _, st := range c.Stale {
		v.Stale = append(v.Stale, staleOf(st))
	}
	return v
}

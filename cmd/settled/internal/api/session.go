package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

type screenOutput struct{ Body counter.Screen }

type linkInput struct {
	Body struct {
		Relation settle.Relation `json:"relation" enum:"child,parent,spouse,sibling,grandparent,grandchild" doc:"what the patient is to the guardian"`
	}
}

type linkAnswer struct {
	Relation settle.Relation `json:"relation"`
	From     settle.Date     `json:"from"`
}

type linkOutput struct{ Body linkAnswer }

type tenderInput struct {
	Body struct {
		Received settle.Fen `json:"received" doc:"实收: the cash that the patient gave"`
	}
}

type tenderOutput struct{ Body counter.Tender }

func (s *Server) session(api huma.API) {
	register(api, operation{
		id: "tender", method: http.MethodPost, path: "/v1/session/tender", roles: sellers, status: http.StatusOK,
		summary: "Show what the patient gave and what goes back, on the screen and the customer display. It is kept nowhere.",
	}, func(_ context.Context, g Grant, in *tenderInput) (*tenderOutput, error) {
		t, err := s.window(g).Tender(in.Body.Received)
		if err != nil {
			return nil, err
		}
		return &tenderOutput{t}, nil
	})
	register(api, operation{
		id: "session", method: http.MethodGet, path: "/v1/session", roles: anyone, status: http.StatusOK,
		summary: "What this seat's window shows now.",
	}, func(_ context.Context, g Grant, _ *struct{}) (*screenOutput, error) {
		return &screenOutput{s.window(g).Screen()}, nil
	})
	register(api, operation{
		id: "cancel", method: http.MethodDelete, path: "/v1/session", roles: payers, status: http.StatusOK,
		summary: "Drop what is under way before it is written; gives the screen after that.",
	}, func(_ context.Context, g Grant, _ *struct{}) (*screenOutput, error) {
		if err := s.window(g).Cancel(); err != nil {
			return nil, err
		}
		return &screenOutput{s.window(g).Screen()}, nil
	})
	register(api, operation{
		id: "link", method: http.MethodPost, path: "/v1/links", roles: families, status: http.StatusCreated,
		summary: "File that the person in the guardian's reader lets the patient use the guardian's account (家庭共济). Both cards must be in.",
	}, func(ctx context.Context, g Grant, in *linkInput) (*linkOutput, error) {
		l, err := s.window(g).FileLink(ctx, in.Body.Relation, g.Operator)
		if err != nil {
			return nil, err
		}
		return &linkOutput{linkAnswer{Relation: l.Relation, From: l.From}}, nil
	})
}

// clearPatient is who is in the patient's reader, not masked.
type clearPatient struct {
	Name       string `json:"name"`
	IDNumber   string `json:"id_number"`
	CardNumber string `json:"card_number,omitempty"`
}

type clearPatientOutput struct{ Body clearPatient }

// shown registers what a page asks for to show a visit whole.
func (s *Server) shown(api huma.API) {
	register(api, operation{
		id: "shown-quote", method: http.MethodGet, path: "/v1/session/quote", roles: payers, status: http.StatusOK,
		summary: "The quote on the screen, whole.",
	}, func(_ context.Context, g Grant, _ *struct{}) (*quoteOutput, error) {
		q, ok := s.window(g).Shown()
		if !ok {
			return nil, refusal(counter.NoQuote, "no quote is on the screen")
		}
		return &quoteOutput{answerQuote(q)}, nil
	})
	register(api, operation{
		id: "clear-patient", method: http.MethodPost, path: "/v1/session/patient", roles: cashiers, status: http.StatusOK,
		summary: "Who is in the patient's reader, not masked, to compare with the person at the window. The journal says who asked, or it is not shown.",
	}, func(ctx context.Context, g Grant, _ *struct{}) (*clearPatientOutput, error) {
		e, ok := s.window(g).Holder(counter.Patient)
		if !ok {
			return nil, refusal(settle.NoCard, "nobody is known to be in the patient's reader")
		}
		if err := s.record(ctx, Act{Kind: Unmasked, Operator: g.Operator, Seat: g.Seat, Person: e.Person}); err != nil {
			return nil, err
		}
		who := e.Who
		return &clearPatientOutput{clearPatient{
			who.Name.ClearPersonalData(), who.IDNumber.ClearPersonalData(), who.CardNumber.ClearPersonalData(),
		}}, nil
	})
	register(api, operation{
		id: "reread", method: http.MethodPost, path: "/v1/session/read", roles: payers, status: http.StatusOK,
		summary: "Read the patient's card anew; what was on the screen is dropped. The outcome is an event.",
	}, func(_ context.Context, g Grant, _ *struct{}) (*screenOutput, error) {
		if err := s.window(g).Reread(); err != nil {
			return nil, err
		}
		return &screenOutput{s.window(g).Screen()}, nil
	})
}

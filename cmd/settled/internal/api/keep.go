package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

type whyInput struct {
	Number string `path:"number" maxLength:"64"`
	Body   struct {
		Why string `json:"why" minLength:"1" maxLength:"1000" doc:"the reason, for whoever reads the journal"`

		Second *signature `json:"second,omitempty" doc:"needed where it is refused with SECOND_NEEDED"`
	}
}

type statusOutput struct{ Body Status }

// keep registers what the people do who look after the queue.
func (s *Server) keep(api huma.API) {
	register(api, operation{
		id: "hold", method: http.MethodPost, path: "/v1/queue/{number}/hold", roles: keepers, status: http.StatusOK,
		summary: "Take a pending settlement out of the queue, so that it is not sent; an entry of the journal says who and why.",
	}, s.moving(s.options.Keeper.Hold))
	register(api, operation{
		id: "release", method: http.MethodPost, path: "/v1/queue/{number}/release", roles: keepers, status: http.StatusOK,
		summary: "Put a held settlement back into the queue, in its old place; an entry of the journal says who and why.",
	}, s.moving(s.options.Keeper.Release))
	register(api, operation{
		id: "status", method: http.MethodGet, path: "/v1/status", roles: everyone, status: http.StatusOK,
		summary: "The queue at a glance: what waits, since when, how much of the fund's money is at risk, the head of the journal.",
	}, func(ctx context.Context, _ Grant, _ *struct{}) (*statusOutput, error) {
		status, err := s.options.Keeper.Status(ctx)
		return &statusOutput{status}, err
	})
}

// moving moves a settlement or a reversal and gives where it stands after that.
func (s *Server) moving(move func(ctx context.Context, number, why string, by Grant) error) func(context.Context, Grant, *whyInput) (*queuedOutput, error) {
	return func(ctx context.Context, g Grant, in *whyInput) (*queuedOutput, error) {
		g, err := s.with(ctx, g, in.Body.Second, keepers)
		if err != nil {
			return nil, err
		}
		if err := move(ctx, in.Number, in.Body.Why, g); err != nil {
			return nil, err
		}
		e, err := s.options.Ledger.Queued(ctx, in.Number)
		if err != nil {
			return nil, err
		}
		return &queuedOutput{rowOf(e)}, nil
	}
}

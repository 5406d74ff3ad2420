package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// standing is what a page shows at all times beside the visit.
type standing struct {
	Ready    []counter.Notice `json:"not_ready"`          // why nothing can be settled
	Notices  []counter.Notice `json:"notices"`            // what an engineer has to look after
	Platform *counter.Notice  `json:"platform,omitempty"` // why settlements are provisional; none: the platform answers
	Queue    *Status          `json:"queue,omitempty"`    // not at a self-service seat
	Shift    uint64           `json:"shift,omitempty"`    // that is open
	Bills    []waitingBill    `json:"bills"`              // that wait, as /v1/bills gives them
	Payment  *payment         `json:"payment,omitempty"`  // at a self-service seat: of the patient of now
}

type standingOutput struct{ Body standing }

func (s *Server) standing(api huma.API) {
	register(api, operation{
		id: "standing", method: http.MethodGet, path: "/v1/standing", roles: anyone, status: http.StatusOK,
		summary: "Readers, platform, queue, shift and waiting bills at a glance; the same comes as the event `standing` whenever it changes.",
	}, func(ctx context.Context, g Grant, _ *struct{}) (*standingOutput, error) {
		now, err := s.stands(ctx, g)
		return &standingOutput{now}, err
	})
}

func (s *Server) stands(ctx context.Context, g Grant) (standing, error) {
	now := standing{Ready: listed(s.options.Ready.Ready(ctx)), Notices: []counter.Notice{}, Bills: s.waitingFor(g)}
	if code := s.window(g).Trouble(); code != "" {
		now.Platform = &counter.Notice{Code: code, Text: counter.Sentence(code)}
	}
	if g.Role == Kiosk {
		now.Payment = s.paying()
		return now, nil
	}
	now.Notices = listed(s.options.Ready.Notices(ctx))
	status, err := s.options.Keeper.Status(ctx)
	if err != nil {
		return standing{}, err
	}
	now.Queue = &status
	shift, err := s.options.Ledger.CurrentShift(ctx, g.Seat)
	var no *settle.Refusal
	switch {
	case err == nil:
		now.Shift = shift.Number
	case !errors.As(err, &no):
		return standing{}, err
	}
	return now, nil
}

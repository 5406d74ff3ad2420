package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

type openShiftInput struct {
	Body struct {
		Float settle.Fen `json:"float" doc:"备用金: cash in the drawer, yuan"`
	}
}

type closeShiftInput struct {
	Body struct {
		Counted settle.Fen `json:"counted" doc:"cash counted in the drawer, yuan"`
	}
}

type shiftInput struct {
	Number uint64 `path:"number" doc:"班次号"`
}

type shiftSlipInput struct {
	Number  uint64 `path:"number" doc:"班次号"`
	Columns int    `query:"columns" default:"48" minimum:"32" maximum:"48" multipleOf:"16" doc:"48 for 80 mm paper, 32 for 58 mm"`
	Copy    int    `query:"copy" default:"1" minimum:"0" maximum:"99" doc:"which copy this is, at least; 0 asks for the original, which is given out once"`
}

type shiftOutput struct{ Body counter.Shift }

func (s *Server) shifts(api huma.API) {
	register(api, operation{
		id: "open-shift", method: http.MethodPost, path: "/v1/shifts", roles: cashiers, status: http.StatusCreated,
		summary: "Open a shift at this seat (开班), with the cash in the drawer.",
	}, func(ctx context.Context, g Grant, in *openShiftInput) (*shiftOutput, error) {
		shift, err := s.window(g).OpenShift(ctx, g.Operator, in.Body.Float)
		return &shiftOutput{shift}, err
	})
	register(api, operation{
		id: "close-shift", method: http.MethodPost, path: "/v1/shifts/close", roles: cashiers, status: http.StatusOK,
		summary: "Close the shift of this seat (结班) with the cash that was counted; the slip is printed.",
	}, func(ctx context.Context, g Grant, in *closeShiftInput) (*shiftOutput, error) {
		shift, err := s.window(g).CloseShift(ctx, g.Operator, in.Body.Counted)
		if err == nil {
			s.slips.made(counter.ShiftSlip{Shift: shift}.Name())
		}
		return &shiftOutput{shift}, err
	})
	register(api, operation{
		id: "current-shift", method: http.MethodGet, path: "/v1/shifts/current", roles: everyone, status: http.StatusOK,
		summary: "The shift that is open at this seat, with its totals so far.",
	}, func(ctx context.Context, g Grant, _ *struct{}) (*shiftOutput, error) {
		shift, err := s.options.Ledger.CurrentShift(ctx, g.Seat)
		return &shiftOutput{shift}, err
	})
	register(api, operation{
		id: "shift", method: http.MethodGet, path: "/v1/shifts/{number}", roles: everyone, status: http.StatusOK,
		summary: "One shift, open or closed.",
	}, func(ctx context.Context, _ Grant, in *shiftInput) (*shiftOutput, error) {
		shift, err := s.options.Ledger.Shift(ctx, in.Number)
		return &shiftOutput{shift}, err
	})
	register(api, operation{
		id: "shift-slip", method: http.MethodGet, path: "/v1/shifts/{number}/slip", roles: everyone, status: http.StatusOK,
		summary: "The slip of a shift as text: of an open one unmarked, of a closed one marked as a copy; with copy=0 unmarked, once and only until the daemon ends.", media: "text/plain",
	}, func(ctx context.Context, _ Grant, in *shiftSlipInput) (*textOutput, error) {
		shift, err := s.options.Ledger.Shift(ctx, in.Number)
		if err != nil {
			return nil, err
		}
		slip := counter.ShiftSlip{Shift: shift}
		if shift.Closed != nil {
			slip.Copy = s.slips.copyNo(slip.Name(), in.Copy, 0)
		}
		return asText(slip, in.Columns), nil
	})
}

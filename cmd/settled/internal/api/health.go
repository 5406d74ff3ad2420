package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/counter"
)

// health is the answer of /livez and /readyz.
type health struct {
	Status  string           `json:"status" enum:"ok,not_ready"`
	Reasons []counter.Notice `json:"reasons"` // why it cannot settle
	Notices []counter.Notice `json:"notices"` // what to look after, though it can
}

type healthOutput struct {
	Status int
	Body   health
}

func (s *Server) health(api huma.API) {
	register(api, operation{
		id: "live", method: http.MethodGet, path: "/livez", status: http.StatusOK,
		summary: "The process answers. Needs no token.",
	}, func(context.Context, Grant, *struct{}) (*healthOutput, error) {
		return &healthOutput{http.StatusOK, health{"ok", listed(nil), listed(nil)}}, nil
	})
	register(api, operation{
		id: "ready", method: http.MethodGet, path: "/readyz", status: http.StatusOK,
		also:    map[int]any{http.StatusServiceUnavailable: health{}},
		summary: "It can settle; 503 with the reasons until it can. Needs no token.",
	}, func(ctx context.Context, _ Grant, _ *struct{}) (*healthOutput, error) {
		h := healthOutput{http.StatusOK, health{"ok", listed(s.options.Ready.Ready(ctx)), listed(s.options.Ready.Notices(ctx))}}
		if len(h.Body.Reasons) > 0 {
			h.Status, h.Body.Status = http.StatusServiceUnavailable, "not_ready"
		}
		return &h, nil
	})
}

// listed is a list that is never null.
func listed(notices []counter.Notice) []counter.Notice { return append([]counter.Notice{}, notices...) }

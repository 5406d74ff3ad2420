package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"settled/settle"
)

// Batches brings what waits to the platform in batches. Errors are *settle.Refusal.
type Batches interface {
	// StartBatch begins a batch, or gives the one that runs: there is one at a time.
	StartBatch(ctx context.Context, o BatchOrder, by Grant) (Batch, error)
	// StopBatch has the batch end, if one runs: what is under way is brought to an end.
	StopBatch(ctx context.Context) (Batch, error)
	// Batch is the one that runs, or the last one since the daemon began; its ID is 0 if
	// there was none.
	Batch(ctx context.Context) (Batch, error)
	// SubscribeBatch gives where the batch stands from now on; a slow reader gets the
	// latest. leave may be called twice.
	SubscribeBatch() (batches <-chan Batch, leave func())
}

// BatchOrder says how a batch is to go.
type BatchOrder struct {
	InFlight  int        `json:"in_flight,omitempty" minimum:"0" maximum:"64" doc:"requests on their way at a time; 0: as configured"`
	PerMinute int        `json:"per_minute,omitempty" minimum:"0" maximum:"60000" doc:"settlements begun in a minute; 0: no bound"`
	Until     *time.Time `json:"until,omitempty" doc:"when it ends though some are left; none: when nothing more can be done"`
}

// Batch is where a batch stands, or stood when it ended. Settlements and voids count
// alike.
type Batch struct {
	ID           int64       `json:"id"`
	Began        time.Time   `json:"began"`
	Ended        time.Time   `json:"ended,omitzero"`
	Why          string      `json:"why,omitempty" enum:"done,window,stopped,line" doc:"why it ended"`
	Waiting      int         `json:"waiting" doc:"that waited at its begin"`
	Sent         int         `json:"sent" doc:"that were brought on"`
	Acknowledged int         `json:"acknowledged"`
	Differ       int         `json:"differ" doc:"of those acknowledged"`
	Withdrawn    int         `json:"withdrawn" doc:"reversals that are through"`
	Held         int         `json:"held"`
	HeldFor      []HeldFor   `json:"held_for" doc:"why, with how many"`
	Left         int         `json:"left" doc:"that wait now"`
	Unclear      int         `json:"unclear" doc:"of those left: outcome unknown, asked for again by itself"`
	Trouble      settle.Code `json:"trouble,omitempty" doc:"of the line when it ended"`
}

// HeldFor is how many were held for a reason.
type HeldFor struct {
	Code  settle.Code `json:"code"`
	Text  string      `json:"text"`
	Count int         `json:"count"`
}

type batchInput struct{ Body BatchOrder }

type batchOutput struct{ Body Batch }

// batch registers what the nightly upload asks for.
func (s *Server) batch(api huma.API) {
	b := s.options.Batches
	if b == nil {
		return
	}
	register(api, operation{
		id: "startBatch", method: http.MethodPost, path: "/v1/batch", roles: keepers, status: http.StatusOK,
		summary: "Bring all that waits to the platform at a given pace. If a batch runs already, that one is answered and goes on as it was.",
	}, func(ctx context.Context, g Grant, in *batchInput) (*batchOutput, error) {
		batch, err := b.StartBatch(ctx, in.Body, g)
		return &batchOutput{batch}, err
	})
	register(api, operation{
		id: "stopBatch", method: http.MethodDelete, path: "/v1/batch", roles: keepers, status: http.StatusOK,
		summary: "Have the batch end; what is under way is brought to an end. An event `batch` tells when it has.",
	}, func(ctx context.Context, _ Grant, _ *struct{}) (*batchOutput, error) {
		batch, err := b.StopBatch(ctx)
		return &batchOutput{batch}, err
	})
	register(api, operation{
		id: "batch", method: http.MethodGet, path: "/v1/batch", roles: everyone, status: http.StatusOK,
		summary: "The batch that runs, or the last one; `id` is 0 if there was none since the daemon began.",
	}, func(ctx context.Context, _ Grant, _ *struct{}) (*batchOutput, error) {
		batch, err := b.Batch(ctx)
		return &batchOutput{batch}, err
	})
}

package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// eventWrite bounds the writing of one event to a slow reader.
const eventWrite = 5 * time.Second

// lookEvery is how often the stream looks whether devices, queue or bills have changed.
const lookEvery = time.Second

func (s *Server) events(api huma.API) {
	register(api, operation{
		id: "events", method: http.MethodGet, path: "/v1/events", roles: anyone, status: http.StatusOK, media: "text/event-stream",
		summary: "Server-sent events: `screen` with the window's screen (the present one first, so that nothing need be replayed after a break), " +
			"`standing` with readers, platform, queue and waiting bills when they change, " +
			"`upload` when a settlement moves on its way to the platform, `batch` when a batch of the upload does, `devices` when a device changes (the present state first); a comment keeps the line open.",
	}, func(_ context.Context, g Grant, _ *struct{}) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			r, w := humago.Unwrap(ctx)
			s.stream(r, w, g)
		}}, nil
	})
}

// stream writes events until the client goes or falls behind, or its session or the
// server ends.
func (s *Server) stream(r *http.Request, w http.ResponseWriter, g Grant) {
	ctx := r.Context()
	screens, leave := s.window(g).Subscribe()
	defer leave()
	var changes <-chan UploadChange
	if s.options.Uploads != nil && g.Role != Kiosk {
		c, leaveUploads := s.options.Uploads.Subscribe()
		defer leaveUploads()
		changes = c
	}
	var batches <-chan Batch
	if s.options.Batches != nil && g.Role != Kiosk {
		b, leaveBatches := s.options.Batches.SubscribeBatch()
		defer leaveBatches()
		batches = b
	}
	moved, leaveDevices := s.watchDevices()
	defer leaveDevices()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	out := &eventWriter{w: w, control: http.NewResponseController(w)}
	_ = out.control.SetReadDeadline(time.Time{}) // the stream outlives the request's deadline
	beat := time.NewTicker(s.options.Heartbeat)
	defer beat.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for out.err == nil {
		select {
		case screen, open := <-screens:
			if !open {
				return
			}
			out.event("screen", screen)
			out.standing(s.stands(ctx, g))
		case change, open := <-changes:
			if !open {
				return
			}
			out.event("upload", change)
		case <-moved:
			out.event("devices", s.deviceList(ctx))
		case batch := <-batches:
			out.event("batch", batch)
		case <-look.C:
			if _, still := s.grantOf(r); !still { // signed out, or not an operator any more
				return
			}
			out.standing(s.stands(ctx, g))
		case <-beat.C:
			out.write(": \n\n")
		case <-ctx.Done():
			return
		case <-s.closing:
			return
		}
	}
}

// eventWriter writes events and keeps the first error.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	id      int
	err     error
	last    string // standing that was told
}

// standing tells how things stand, if that is not what was told last. What cannot be
// found out now is told later.
func (e *eventWriter) standing(now standing, err error) {
	text, errText := json.Marshal(now)
	if err != nil || errText != nil || e.last == string(text) {
		return
	}
	e.last = string(text)
	e.event("standing", now)
}

func (e *eventWriter) event(name string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		e.err = err
		return
	}
	e.id++
	e.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.id, name, text))
}

func (e *eventWriter) write(text string) {
	if e.err = e.control.SetWriteDeadline(time.Now().Add(eventWrite)); e.err != nil {
		return
	}
	if _, e.err = e.w.Write([]byte(text)); e.err != nil {
		return
	}
	e.err = e.control.Flush()
}

package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/queue"
	"settled/settle"
)

// ledger is the queue as the API shows it: [api.Ledger], [api.Keeper] and [api.Uploads].
type ledger struct {
	queue *queue.Queue
	log   *slog.Logger
	state degraded

	mu       sync.Mutex
	watchers map[chan api.UploadChange]struct{}
}

// behind is how many changes a watcher may lag before it is dropped.
const behind = 64

func newLedger(q *queue.Queue, log *slog.Logger) *ledger {
	return &ledger{queue: q, log: log, watchers: map[chan api.UploadChange]struct{}{}}
}

// Entry implements api.Ledger.
func (l *ledger) Entry(_ context.Context, number string) (api.Entry, error) {
	r, err := l.queue.Get(number)
	if err != nil {
		return api.Entry{}, told(err)
	}
	e := entryOf(r)
	e.Degraded = l.state.of(r)
	return e, nil
}

// Queued implements api.Ledger.
func (l *ledger) Queued(ctx context.Context, number string) (api.Entry, error) {
	_, e, err := l.Void(ctx, number)
	var no *settle.Refusal
	if errors.As(err, &no) && no.Code == counter.NoVoid {
		return l.Entry(ctx, number)
	}
	return e, err
}

func entryOf(r queue.Record) api.Entry {
	e := api.Entry{
		Settlement: r.Settlement, Kind: api.Settlement, Number: r.Settlement.Number, Void: r.Void, From: r.From,
		At: r.At, State: stateOf(r), Attempts: r.Attempts,
	}
	if r.State == queue.Pending || r.State == queue.OnHold {
		e.Deadline = monthEnd(r.At)
	}
	switch {
	case r.Archived != "":
		e.Reason = &settle.Refusal{Code: queue.CodeArchived, Cashier: "已归档：" + r.Archived, Technician: "it is in " + r.Archived}
	case r.State == queue.OnHold:
		e.Reason = heldOf(r.Held)
	case e.State == api.Unknown:
		e.Reason = refuse(settle.PlatformUnknown, r.Answer.Message)
	case e.State == api.Differs:
		e.Reason = refuse(settle.PlatformDiffers, settle.PlatformDiffers.Technician())
		p := api.Amounts(r.Difference.Platform)
		e.Platform = &p
	}
	return e
}

// heldOf is why something was held.
func heldOf(h *queue.Held) *settle.Refusal {
	if h == nil {
		return nil
	}
	return &settle.Refusal{Code: h.Code, Cashier: h.Cashier, Technician: h.Technician}
}

func stateOf(r queue.Record) api.UploadState {
	switch {
	case r.State == queue.Voided:
		return api.Voided
	case r.State == queue.SelfPaid:
		return api.SelfPaid
	case r.State == queue.Blocked:
		return api.Blocked
	case r.State == queue.OnHold:
		return api.Held
	case r.State == queue.Acknowledged && r.Difference != nil:
		return api.Differs
	case r.State == queue.Acknowledged:
		return api.Acknowledged
	case r.Answer != nil && r.Answer.Class == queue.ClassUnknown:
		return api.Unknown
	default:
		return api.Pending
	}
}

// moved tells the watchers that a settlement moved.
func (l *ledger) moved(number string) {
	r, err := l.queue.Get(number)
	if err != nil {
		l.log.Warn("upload event not told", "number", number, "cause", err)
		return
	}
	e := entryOf(r)
	change := api.UploadChange{Number: number, State: e.State, Reason: e.Reason}
	l.mu.Lock()
	defer l.mu.Unlock()
	for w := range l.watchers {
		select {
		case w <- change:
		default:
			delete(l.watchers, w)
			close(w)
		}
	}
}

// Subscribe implements api.Uploads.
func (l *ledger) Subscribe() (changes <-chan api.UploadChange, leave func()) {
	w := make(chan api.UploadChange, behind)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers[w] = struct{}{}
	return w, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if _, there := l.watchers[w]; there {
			delete(l.watchers, w)
			close(w)
		}
	}
}

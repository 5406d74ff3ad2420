package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"settled/cmd/settled/internal/api"
	"settled/queue"
	"settled/settle"
)

// ledger is the queue as the API shows it: [api.Ledger] and [api.Uploads].
type ledger struct {
	queue *queue.Queue
	log   *slog.Logger

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
	var refusal *settle.Refusal
	if errors.As(err, &refusal) && refusal.Code == queue.CodeNoSettlement {
		return api.Entry{}, refuse(settle.NoSettlement, refusal.Technician)
	}
	if err != nil {
		return api.Entry{}, err
	}
	return entryOf(r), nil
}

// List implements api.Ledger.
func (l *ledger) List(_ context.Context, f api.Filter) ([]api.Entry, error) {
	if f.State == "" {
		return l.unfinished(f)
	}
	var entries []api.Entry
	for len(entries) < f.Limit {
		page, err := l.queue.List(queue.Filter{State: stored(f.State), After: f.After, Limit: f.Limit})
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			if e := entryOf(r); e.State == f.State && len(entries) < f.Limit {
				entries = append(entries, e)
			}
			f.After = r.Settlement.Number
		}
		if len(page) < f.Limit {
			break
		}
	}
	return entries, nil
}

// unfinished lists what waits for the platform and then what waits for a person.
func (l *ledger) unfinished(f api.Filter) ([]api.Entry, error) {
	var entries []api.Entry
	for _, state := range []queue.State{queue.Pending, queue.OnHold} {
		page, err := l.queue.List(queue.Filter{State: state, After: f.After, Limit: f.Limit - len(entries)})
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			entries = append(entries, entryOf(r))
		}
		if len(entries) >= f.Limit {
			break
		}
	}
	return entries, nil
}

// stored is the queue's state behind the API's.
func stored(s api.UploadState) queue.State {
	switch s {
	case api.Held:
		return queue.OnHold
	case api.Acknowledged, api.Differs:
		return queue.Acknowledged
	default:
		return queue.Pending
	}
}

func entryOf(r queue.Record) api.Entry {
	e := api.Entry{Settlement: r.Settlement, At: r.At, State: stateOf(r), Attempts: r.Attempts}
	switch {
	case r.State == queue.OnHold && r.Held != nil:
		e.Reason = &settle.Refusal{Code: r.Held.Code, Cashier: r.Held.Cashier, Technician: r.Held.Technician}
	case e.State == api.Unknown:
		e.Reason = refuse(settle.PlatformUnknown, r.Answer.Message)
	case e.State == api.Differs:
		e.Reason = refuse(settle.PlatformDiffers, settle.PlatformDiffers.Technician())
		p := api.Amounts(r.Difference.Platform)
		e.Platform = &p
	}
	return e
}

func stateOf(r queue.Record) api.UploadState {
	switch {
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

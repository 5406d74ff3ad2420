package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
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
	if err != nil {
		return api.Entry{}, told(err)
	}
	return entryOf(r), nil
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

// List implements api.Ledger.
func (l *ledger) List(_ context.Context, f api.Filter) ([]api.Entry, error) {
	if f.State == "" {
		return l.unfinished(f)
	}
	return l.in(stored(f.State), f)
}

// unfinished lists what waits for the platform, for a person, or for another.
func (l *ledger) unfinished(f api.Filter) ([]api.Entry, error) {
	var entries []api.Entry
	for _, state := range []queue.State{queue.Pending, queue.OnHold, queue.Blocked} {
		of, err := l.in(state, f)
		if err != nil {
			return nil, err
		}
		entries = append(entries, of...)
	}
	return firstByNumber(entries, f.Limit), nil
}

// in lists what is in a state of the queue, settlements and reversals, by number, that
// is by time.
func (l *ledger) in(state queue.State, f api.Filter) ([]api.Entry, error) {
	settled, err := paged(state, f, l.queue.List, entryOf)
	if err != nil {
		return nil, err
	}
	voids, err := paged(state, f, l.queue.Voids, l.voidEntry)
	if err != nil {
		return nil, err
	}
	return firstByNumber(append(settled, voids...), f.Limit), nil
}

func firstByNumber(entries []api.Entry, limit int) []api.Entry {
	slices.SortFunc(entries, func(a, b api.Entry) int { return strings.Compare(a.Number, b.Number) })
	return entries[:min(limit, len(entries))]
}

// paged reads pages of the queue until enough of what they hold is in the filter's state.
func paged[T any](state queue.State, f api.Filter, list func(queue.Filter) ([]T, error), entry func(T) api.Entry) ([]api.Entry, error) {
	var entries []api.Entry
	for len(entries) < f.Limit {
		page, err := list(queue.Filter{State: state, After: f.After, Limit: f.Limit})
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			e := entry(r)
			if f.After = e.Number; (f.State == "" || f.State == e.State) && len(entries) < f.Limit {
				entries = append(entries, e)
			}
		}
		if len(page) < f.Limit {
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
	case api.Acknowledged, api.Differs, api.Withdrawn:
		return queue.Acknowledged
	case api.Blocked:
		return queue.Blocked
	case api.Voided:
		return queue.Voided
	default:
		return queue.Pending
	}
}

func entryOf(r queue.Record) api.Entry {
	e := api.Entry{
		Settlement: r.Settlement, Kind: api.Settlement, Number: r.Settlement.Number, Void: r.Void, From: r.From,
		At: r.At, State: stateOf(r), Attempts: r.Attempts,
	}
	switch {
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

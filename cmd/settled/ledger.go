package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"

	"settled/cmd/settled/internal/api"
	"settled/queue"
	"settled/settle"
)

// ledger is the queue as the API shows it: [api.Ledger], [api.Keeper] and [api.Uploads].
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
	switch f.State {
	case "":
		return l.unfinished(f)
	case api.Pending, api.Unknown:
		return l.waiting(l.queue.Pending, f)
	case api.Held:
		return l.waiting(l.queue.Holds, f)
	}
	var entries []api.Entry
	for len(entries) < f.Limit {
		page, err := l.queue.List(queue.Filter{State: queue.Acknowledged, From: f.From, To: f.To, After: f.After, Limit: f.Limit})
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			if e := entryOf(r); takes(f, e) && len(entries) < f.Limit {
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

// takes tells whether a filter lets an entry through.
func takes(f api.Filter, e api.Entry) bool {
	at := e.At
	day := settle.Date(at.Year()*10000 + int(at.Month())*100 + at.Day())
	return (f.State == "" || f.State == e.State) && day.Within(f.From, f.To) && (f.Before.IsZero() || at.Before(f.Before)) &&
		(f.Code == "" || e.Reason != nil && e.Reason.Code == f.Code)
}

// waiting lists what one of the queue's lists holds, without a look at what is done.
func (l *ledger) waiting(list func(limit int, afterSeq uint64) ([]queue.Waiting, error), f api.Filter) ([]api.Entry, error) {
	var seq uint64
	if f.After != "" {
		last, err := l.queue.Get(f.After)
		if err != nil {
			return nil, err
		}
		seq = last.Entry
	}
	var entries []api.Entry
	for {
		page, err := list(f.Limit, seq)
		if err != nil || len(page) == 0 {
			return entries, err
		}
		for _, w := range page {
			seq = w.Seq
			r, err := l.queue.Get(w.Number)
			if err != nil {
				return nil, err
			}
			if e := entryOf(r); takes(f, e) {
				entries = append(entries, e)
			}
			if len(entries) == f.Limit {
				return entries, nil
			}
		}
	}
}

// unfinished lists what waits for the platform or for a person, in the order of
// settling.
func (l *ledger) unfinished(f api.Filter) ([]api.Entry, error) {
	pending, err := l.waiting(l.queue.Pending, f)
	if err != nil {
		return nil, err
	}
	held, err := l.waiting(l.queue.Holds, f)
	if err != nil {
		return nil, err
	}
	entries := slices.Concat(pending, held)
	slices.SortFunc(entries, func(a, b api.Entry) int { return cmp.Compare(a.Settlement.Number, b.Settlement.Number) })
	return entries[:min(len(entries), f.Limit)], nil
}

func entryOf(r queue.Record) api.Entry {
	e := api.Entry{Settlement: r.Settlement, At: r.At, State: stateOf(r), Attempts: r.Attempts}
	switch {
	case r.Archived != "":
		e.Reason = &settle.Refusal{Code: queue.CodeArchived, Cashier: "已归档：" + r.Archived, Technician: "it is in " + r.Archived}
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

package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/queue"
	"settled/queue/nhsa"
	"settled/settle"
)

// ledger is the queue as the API shows it: [api.Ledger], [api.Keeper] and [api.Uploads].
type ledger struct {
	queue   *queue.Queue
	counter string // two digits, with which its numbers begin
	log     *slog.Logger
	state   degraded
	second  bool // what is held goes on only with a second person

	mu       sync.Mutex
	watchers map[chan api.UploadChange]struct{}
}

// behind is how many changes a watcher may lag before it is dropped.
const behind = 64

func newLedger(q *queue.Queue, counter string, log *slog.Logger) *ledger {
	return &ledger{queue: q, counter: counter, log: log, watchers: map[chan api.UploadChange]struct{}{}}
}

// Entry implements api.Ledger.
func (l *ledger) Entry(_ context.Context, number string) (api.Entry, error) {
	r, err := l.queue.Get(number)
	if err != nil {
		return api.Entry{}, told(err)
	}
	e := entryOf(r)
	e.Degraded = l.state.of(r)
	e.Copies, err = l.queue.Copies(number)
	return e, told(err)
}

// Reprint implements api.Ledger.
func (l *ledger) Reprint(ctx context.Context, number string, by api.Grant) (int, error) {
	n, err := l.queue.Reprint(ctx, number, queue.By{Operator: by.Operator, Device: by.Seat})
	return n, told(err)
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
		At: r.At, Shift: r.Shift, State: stateOf(r), Attempts: r.Attempts,
	}
	if r.State == queue.Pending || r.State == queue.OnHold {
		e.Deadline = monthEnd(r.At)
	}
	if r.State == queue.Acknowledged {
		e.Done = r.AnsweredAt
	}
	switch {
	case r.Archived != "":
		e.Reason = &settle.Refusal{Code: queue.CodeArchived, Cashier: "已归档：" + r.Archived, Technician: "it is in " + r.Archived}
	case r.State == queue.OnHold:
		e.Reason = heldOf(r.Held, &r.Settlement, "，不再报销的请撤销（void 单号）")
	case e.State == api.Unknown:
		technician := "asking: " + r.Asking
		if r.Answer != nil {
			technician = r.Answer.Message
		}
		e.Reason = refuse(settle.PlatformUnknown, technician)
	case e.State == api.Differs:
		e.Reason = refuse(settle.PlatformDiffers, settle.PlatformDiffers.Technician())
		p := api.Amounts(r.Difference.Platform)
		e.Platform = &p
	}
	return e
}

// heldOf is why a settlement, or its reversal, was held: what the platform refused with
// what to do next, or else of it, and whom the platform names masked.
func heldOf(h *queue.Held, of *settle.Settlement, orElse string) *settle.Refusal {
	if h == nil {
		return nil
	}
	mask := func(text string) string { return of.Guardian.Mask(of.Who.Mask(text)) }
	r := &settle.Refusal{Code: h.Code, Cashier: mask(h.Cashier), Technician: mask(h.Technician)}
	if h.Code == settle.PlatformRefused {
		r.Cashier = strings.TrimRight(r.Cashier, "。；") + "；请医保办按平台所述更正后放行（queue release 单号 --why 原因）" + orElse + "。"
	}
	return r
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
	case r.Answer != nil && r.Answer.Class == queue.ClassUnknown, resolving(r.Asking):
		return api.Unknown
	default:
		return api.Pending
	}
}

// resolving tells a transaction that finds out, or ends, what nobody knows of another one.
func resolving(infno string) bool {
	return infno == nhsa.InfoReverse || infno == nhsa.InfoVisits || infno == nhsa.InfoFeeLines
}

// moved tells the watchers that a settlement or a reversal moved.
func (l *ledger) moved(number string) {
	e, err := l.Queued(context.Background(), number)
	if err != nil {
		l.log.Warn("upload event not told", "number", number, "cause", err)
		return
	}
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

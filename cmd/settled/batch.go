package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/platform"
	"settled/queue"
)

// batches is the upload as the API shows it: [api.Batches].
type batches struct{ upload *platform.Upload }

// StartBatch implements api.Batches.
func (b *batches) StartBatch(_ context.Context, o api.BatchOrder, by api.Grant) (api.Batch, error) {
	order := platform.Batch{InFlight: o.InFlight, PerMinute: o.PerMinute, By: queue.By{Operator: by.Operator, Device: by.Seat}}
	if o.Until != nil {
		order.Until = *o.Until
	}
	p, err := b.upload.StartBatch(order)
	return batchOf(p), told(err)
}

// StopBatch implements api.Batches.
func (b *batches) StopBatch(context.Context) (api.Batch, error) {
	return batchOf(b.upload.StopBatch()), nil
}

// Batch implements api.Batches.
func (b *batches) Batch(context.Context) (api.Batch, error) { return batchOf(b.upload.Batch()), nil }

// calm is how often a subscriber is told at most.
const calm = 200 * time.Millisecond

// SubscribeBatch implements api.Batches.
func (b *batches) SubscribeBatch() (told <-chan api.Batch, leave func()) {
	progress, unsubscribe := b.upload.SubscribeBatch()
	out, left := make(chan api.Batch), make(chan struct{})
	go func() {
		for {
			select {
			case p := <-progress:
				select {
				case out <- batchOf(p):
				case <-left:
					return
				}
			case <-left:
				return
			}
			select {
			case <-time.After(calm):
			case <-left:
				return
			}
		}
	}()
	return out, sync.OnceFunc(func() {
		unsubscribe()
		close(left)
	})
}

func batchOf(p platform.Progress) api.Batch {
	b := api.Batch{
		ID: p.ID, Began: p.Began, Ended: p.Ended, Why: p.Why, Waiting: p.Waiting, Sent: p.Sent, Acknowledged: p.Acknowledged,
		Differ: p.Differ, Withdrawn: p.Withdrawn, Left: p.Left, Unclear: p.Unclear, Trouble: p.Trouble, HeldFor: []api.HeldFor{},
	}
	for code, n := range p.Held {
		b.Held += n
		b.HeldFor = append(b.HeldFor, api.HeldFor{Code: code, Text: code.Cashier(), Count: n})
	}
	slices.SortFunc(b.HeldFor, func(x, y api.HeldFor) int { return strings.Compare(string(x.Code), string(y.Code)) })
	return b
}

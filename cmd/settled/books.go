package main

import (
	"context"
	"crypto/hmac"

	"github.com/emmansun/gmsm/sm3"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/platform"
	"settled/cmd/settled/internal/reconcile"
	"settled/queue"
	"settled/settle"
)

// books are the counter's books beside the platform's, as the API shows them: [api.Books].
type books struct {
	with     *platform.Reconciler
	ledger   *ledger
	tolerate settle.Fen
	shift    bool // no cash moves without an open shift
}

// shares are the books that the institution's counters show one another, nil: they do not.
// They are sealed under a key of what all of them have: the platform's secret.
func (c *config) shares() (*reconcile.Shares, error) {
	if c.Institution.Books == "" {
		return nil, nil
	}
	secret, err := c.secret("platform.secret")
	if err != nil {
		return nil, err
	}
	key := hmac.New(sm3.New, []byte(secret))
	_, _ = key.Write([]byte("settled shared books")) // never fails
	return reconcile.NewShares(c.Institution.Books, key.Sum(nil), c.Institution.Code, c.Counter.Number), nil
}

// Reconcile implements api.Books.
func (b *books) Reconcile(ctx context.Context, day settle.Date, by api.Grant) (reconcile.Report, error) {
	shift := func(n uint64) (counter.Shift, error) { return b.ledger.Shift(ctx, n) }
	report, err := b.with.Reconcile(ctx, day, shift, queue.By{Operator: by.Operator, Device: by.Seat})
	return report, told(err)
}

// Days implements api.Books.
func (b *books) Days(_ context.Context, from, to settle.Date) ([]reconcile.Day, error) {
	days, err := b.with.Days(from, to)
	return days, told(err)
}

// Repair implements api.Books. What became of the settlement since the report was made is
// the queue's to say: it refuses what does not fit any more.
func (b *books) Repair(ctx context.Context, day settle.Date, report string, item int, why string, by api.Grant) (reconcile.Finding, error) {
	f, err := b.with.Finding(day, report, item)
	if err != nil {
		return f, err
	}
	if f.Repair == reconcile.Hold {
		return f, b.ledger.Hold(ctx, f.Target, why, by)
	}
	return f, b.ledger.Release(ctx, f.Target, why, by)
}

// Claims implements api.Books.
func (b *books) Claims(_ context.Context, month settle.Date) (reconcile.Month, error) {
	first := month - settle.Date(month.Day()) + 1
	claims, err := b.with.Claims(first, first.AddMonths(1).Prev())
	return claims, told(err)
}

// Debts implements api.Books.
func (b *books) Debts(_ context.Context, from, to settle.Date) ([]reconcile.Debt, error) {
	list, err := b.with.Differences(from, to)
	return reconcile.Debts(list, b.tolerate), told(err)
}

// Square implements api.Books.
func (b *books) Square(ctx context.Context, number string, ask api.Squaring, by api.Grant) (reconcile.Difference, error) {
	d, err := b.with.Square(ctx, queue.Squared{
		Number: number, Cash: ask.Cash, How: ask.How, Why: ask.Why, By: queue.By{Operator: by.Operator, Device: by.Seat},
		InShift: b.shift || by.Seat == "",
	})
	return d, told(err)
}

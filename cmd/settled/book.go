package main

import (
	"context"
	"errors"
	"fmt"

	"settled/cmd/settled/internal/counter"
	"settled/queue"
	"settled/settle"
)

// book is the queue as the counter sees it: [counter.People], [counter.Book],
// [counter.Links], [counter.Returns], [counter.Shifts] and [counter.Exposure].
type book struct {
	queue *queue.Queue
	by    queue.By
}

// Person implements counter.People.
func (b *book) Person(idNumber settle.Private) string {
	return b.queue.Person(idNumber.ClearPersonalData())
}

// Lot implements counter.People.
func (b *book) Lot(key string) uint32 { return b.queue.Lot(key) }

// Learn implements counter.People.
func (b *book) Learn(ctx context.Context, e settle.Entitlement) error {
	return told(b.queue.Learn(ctx, e, b.by))
}

// LastKnown implements counter.People.
func (b *book) LastKnown(_ context.Context, who settle.Identity) (settle.Entitlement, bool, error) {
	if who.IDNumber != "" {
		return b.queue.Known(b.Person(who.IDNumber))
	}
	return b.queue.KnownByCard(who.CardCode, who.CardNumber)
}

// Position implements counter.Book.
func (b *book) Position(_ context.Context, person, period string) (counter.Position, error) {
	p, err := b.queue.Position(person, period)
	return counter.Position{Usage: p.Usage, Told: p.Told, Own: p.Own, Family: p.Family, Version: p.Version}, told(err)
}

// Settle implements counter.Book.
func (b *book) Settle(ctx context.Context, c counter.Commit) (settle.Settlement, bool, error) {
	s, replayed, err := b.queue.Settle(ctx, b.commitOf(c))
	return s, replayed, told(err)
}

// Draft implements counter.Book.
func (b *book) Draft(c counter.Commit) func(context.Context) (settle.Settlement, bool, error) {
	d, err := b.queue.Draft(b.commitOf(c))
	if err != nil {
		return nil
	}
	return func(ctx context.Context) (settle.Settlement, bool, error) {
		s, replayed, err := d.Settle(ctx)
		return s, replayed, told(err)
	}
}

func (b *book) commitOf(c counter.Commit) queue.Commit {
	return queue.Commit{
		Settlement: c.Settlement, ContentDigest: c.Content, Version: c.Version,
		By: queue.By{Operator: c.By, Device: b.by.Device},
	}
}

// Replay implements counter.Book.
func (b *book) Replay(_ context.Context, key, content string) (settle.Settlement, bool, error) {
	r, found, err := b.queue.Replay(key, content)
	return r.Settlement, found, told(err)
}

// Link implements counter.Links.
func (b *book) Link(ctx context.Context, l settle.Link, by string) error {
	return told(b.queue.Link(ctx, l, queue.By{Operator: by, Device: b.by.Device}))
}

// EndLink implements counter.Links.
func (b *book) EndLink(ctx context.Context, beneficiary, donor string, last settle.Date, by string) error {
	return told(b.queue.EndLink(ctx, beneficiary, donor, settle.MutualAid, last, queue.By{Operator: by, Device: b.by.Device}))
}

// OfPerson implements counter.Exposure.
func (b *book) OfPerson(_ context.Context, person string) (settle.Fen, error) {
	of, _, err := b.queue.Exposure(person)
	return of, err
}

// OfAccount implements counter.Exposure.
func (b *book) OfAccount(_ context.Context, person string) (settle.Fen, error) {
	return b.queue.Drawn(person)
}

// OfCounter implements counter.Exposure.
func (b *book) OfCounter(context.Context) (settle.Fen, error) {
	_, all, err := b.queue.Exposure("")
	return all, err
}

// told says the queue's errors in the counter's words. ErrStopped and ErrClosed wrote
// nothing; any error that is not named here leaves that open.
func told(err error) error {
	var no *settle.Refusal
	if errors.As(err, &no) {
		switch no.Code {
		case queue.CodeNoSettlement:
			return &settle.Refusal{Code: settle.NoSettlement, Field: no.Field, Cashier: no.Cashier, Technician: no.Technician}
		case queue.CodeNoShift:
			return refuse(settle.ShiftClosed, no.Technician)
		}
		return err
	}
	switch {
	case errors.Is(err, queue.ErrStale):
		return fmt.Errorf("%w: %w", counter.ErrStale, err)
	case errors.Is(err, queue.ErrStopped), errors.Is(err, queue.ErrClosed):
		return refuse(settle.JournalStopped, err.Error())
	default:
		return err
	}
}

// refuse makes a refusal with the code's own sentence for the cashier.
func refuse(code settle.Code, technician string) *settle.Refusal {
	return &settle.Refusal{Code: code, Cashier: code.Cashier(), Technician: technician}
}

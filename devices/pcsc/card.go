package pcsc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"settled/devices/apdu"
)

// Card is a connection with the card in one reader, for one read: it is to be closed
// after that and opened anew for the next, since a card that is exchanged within one
// poll of the service keeps the old connection working. It is an [apdu.Transmitter].
// Its methods may be called from any goroutine.
type Card struct {
	reader  string
	slots   *slots
	slot    *slot
	session Session
	link    Link
	atr     []byte

	mu   sync.Mutex
	dead error // why no command can be sent any more
}

var errClosed = errors.New("card connection is closed")

// Open connects to the card in a reader, in a process without a [Watcher]. With one,
// use [Watcher.Open], which knows of readers that are stuck.
func Open(ctx context.Context, reader string) (*Card, error) {
	return newSlots(Options{}.filled()).open(ctx, reader)
}

// Readers lists the readers of the PC/SC service, waiting at most until ctx ends.
func Readers(ctx context.Context) ([]string, error) {
	o := Options{}.filled()
	list := func() ([]string, error) {
		session, err := o.Binding.Establish()
		if err != nil {
			return nil, err
		}
		defer func() { _ = session.Release() }()
		return session.Readers()
	}
	p := begin(list)
	if err := await(ctx, nil, p.done, o.Limit, apdu.ErrNoService); err != nil {
		return nil, fmt.Errorf("list readers: %w", err)
	}
	return p.value, p.err
}

// connect tries again for a short time while another program has the card, since bank and
// identity software looks at every card that comes; and while the card was not powered at
// the first try, as when it bounces in the slot.
func (c *Card) connect(ctx context.Context) error {
	giveUp := time.NewTimer(c.slots.options.Busy)
	defer giveUp.Stop()
	for {
		link, err := c.session.Connect(c.reader)
		if err == nil {
			c.link, c.atr = link, link.ATR()
			return nil
		}
		if !errors.Is(err, SharingViolation) && !errors.Is(err, UnpoweredCard) {
			return err
		}
		again := time.NewTimer(connectRetry)
		select {
		case <-again.C:
			continue
		case <-giveUp.C:
		case <-ctx.Done():
		}
		again.Stop()
		return err
	}
}

// Reader is the reader's name.
func (c *Card) Reader() string { return c.reader }

// ATR is the card's answer to reset. It is a hint and proves nothing.
func (c *Card) ATR() []byte { return slices.Clone(c.atr) }

// Transmit implements [apdu.Transmitter]. It waits for the answer until ctx ends and
// at most Options.Limit. Any failure ends the connection: the card is powered down,
// and every later call gives the same error. An answer without a status word is
// [apdu.ErrGone]: so pcsc-lite reports the first command after the card was pulled.
func (c *Card) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead != nil {
		return nil, c.dead
	}
	link, command := c.link, slices.Clone(command)
	send := func() ([]byte, error) {
		answer, err := link.Transmit(command)
		if err == nil && len(answer) < 2 {
			err = fmt.Errorf("%w: answer of %d bytes", apdu.ErrGone, len(answer))
		}
		return answer, err
	}
	answer, err := run(ctx, c.slots, c.slot, apdu.ErrStuck, send, func([]byte, error) { c.hangUp() })
	if err != nil {
		c.dead = fmt.Errorf("reader %q: %w", c.reader, err)
		return nil, c.dead
	}
	return answer, nil
}

// Close powers the card down and frees the reader, in bounded time. Closing twice is
// no error.
func (c *Card) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead != nil {
		return nil
	}
	c.dead = errClosed
	p := begin(func() (struct{}, error) {
		c.hangUp()
		c.slots.release(c.slot)
		return struct{}{}, nil
	})
	if err := await(context.Background(), c.slots.ended, p.done, c.slots.options.Limit, apdu.ErrStuck); err != nil {
		unmark := c.slots.leave(c.slot, err, apdu.ErrStuck)
		p.abandon(func(struct{}, error) { unmark() })
		return fmt.Errorf("reader %q: close: %w", c.reader, err)
	}
	return nil
}

// hangUp disconnects and releases. A stale exclusive connection would make the next
// Connect fail, so it follows every failure. Errors say only that it was over.
func (c *Card) hangUp() {
	if c.link != nil {
		_ = c.link.Disconnect()
	}
	_ = c.session.Release()
}

package psam

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"settled/devices/apdu"
	"settled/devices/sscard"
)

// Card is a connection with the card in the PSAM's slot.
type Card interface {
	apdu.Transmitter
	Close() error
}

// Keys are the PSAM's references of its keys. Key 0A opens the holder's file (vendors'
// libraries, for 3DES). The references for SM4 and of the internal authentication are
// inferred: what a region's PSAM has is to be asked from who issued it.
type Keys struct {
	External, ExternalSM4 byte
	Internal, InternalSM4 byte
}

// DefaultKeys are used where nothing else is known.
var defaultKeys = Keys{External: 0x0A, ExternalSM4: 0x1A, Internal: 0x08, InternalSM4: 0x18}

// Slot is a [Module]: a PSAM in a reader's slot. It is opened for each answer.
type Slot struct {
	open func(context.Context) (Card, error)
	keys Keys
	turn chan struct{} // holds one token: one answer at a time
}

// NewSlot makes a module of the PSAM that open connects with. Keys that are zero are the
// usual ones.
func NewSlot(open func(context.Context) (Card, error), keys Keys) *Slot {
	if keys == (Keys{}) {
		keys = defaultKeys
	}
	s := &Slot{open: open, keys: keys, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// ErrForeign says that the card in the slot is no PSAM for social-security cards.
var ErrForeign = errors.New("the card in the slot has no social-security application: no PSAM, or another trade's")

// Probe tells whether there is a PSAM in the slot that has the application.
func (s *Slot) Probe(ctx context.Context) error {
	return s.with(ctx, func(Card) error { return nil })
}

// Answer implements [Module].
func (s *Slot) Answer(ctx context.Context, q Question) (r Reply, err error) {
	err = s.with(ctx, func(card Card) error {
		external, internal := s.keys.of(q.Algorithm)
		cipher, err := compute(ctx, card, external, q, q.External)
		if err != nil {
			return err
		}
		r.External = slices.Concat(cipher, q.External.Process[:])
		if q.Internal == nil {
			return nil
		}
		r.Internal, err = compute(ctx, card, internal, q, *q.Internal)
		if errors.Is(err, apdu.KeyNotFound) || errors.Is(err, apdu.KeyIndexUnknown) {
			r.Internal, err = nil, nil // this PSAM can't tell a genuine card
		}
		return err
	})
	return r, err
}

func (k Keys) of(a sscard.Algorithm) (external, internal byte) {
	if a == sscard.SM4 {
		return k.ExternalSM4, k.InternalSM4
	}
	return k.External, k.Internal
}

// with connects with the PSAM in its turn, and selects DF01.
func (s *Slot) with(ctx context.Context, f func(Card) error) (err error) {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return fmt.Errorf("PSAM: %w", ctx.Err())
	}
	defer func() { s.turn <- struct{}{} }()
	card, err := s.open(ctx)
	if err != nil {
		return fmt.Errorf("PSAM: %w", err)
	}
	defer func() { err = errors.Join(err, card.Close()) }()
	_, err = apdu.Send(ctx, card, apdu.Command{INS: apdu.InsSelect, Data: []byte{0xDF, 0x01}})
	if errors.Is(err, apdu.FileNotFound) {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	if err == nil {
		err = f(card)
	}
	if err != nil {
		return fmt.Errorf("PSAM: %w", err)
	}
	return nil
}

// compute has the PSAM derive the card's key of this one authentication and encipher the
// source with it: BFDE 67 key with the factors card, city, province, process; 80FA.
func compute(ctx context.Context, card Card, key byte, q Question, c Challenge) ([]byte, error) {
	var factors []byte
	factors = append(factors, q.ATR[len(q.ATR)-Factor:]...)
	factors = append(factors, q.Area()+"sx"...)
	factors = append(factors, q.Area()[:2]+"0000sh"...)
	factors = append(factors, c.Process[:]...)
	if _, err := apdu.Send(ctx, card, apdu.Command{CLA: 0xBF, INS: 0xDE, P1: 0x67, P2: key, Data: factors}); err != nil {
		return nil, fmt.Errorf("derive key %02X: %w", key, err)
	}
	answer, err := apdu.Send(ctx, card, apdu.Command{CLA: 0x80, INS: 0xFA, Data: c.Source[:]})
	if err != nil {
		return nil, fmt.Errorf("encipher: %w", err)
	}
	if len(answer.Data) != Factor {
		return nil, fmt.Errorf("encipher: %w: %d bytes", ErrReply, len(answer.Data))
	}
	return answer.Data, nil
}

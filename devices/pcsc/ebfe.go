//go:build cgo

package pcsc

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ebfe/scard"
)

// library is the binding of pcsc-lite by way of ebfe/scard.
type library struct{}

func defaultBinding() Binding { return library{} }

// waiting guards ebfe's one process-wide fault: it keeps the C strings of a
// GetStatusChange in a map by reader's name, so that a second caller frees those of
// the first, which then sees readers vanish (flags 0E) or worse.
var waiting atomic.Bool

// entrance is the process's gate to the library.
var entrance gate

var errSecondWait = errors.New("a second GetStatusChange in one process")

// Establish implements [Binding].
func (library) Establish() (_ Session, err error) {
	defer guard(&err)
	defer entrance.enter(change)()
	ctx, err := scard.EstablishContext()
	if err != nil {
		return nil, coded(err)
	}
	return &session{ctx}, nil
}

type session struct{ ctx *scard.Context }

func (s *session) Readers() (names []string, err error) {
	defer guard(&err)
	names, err = s.ctx.ListReaders()
	if err = coded(err); errors.Is(err, NoReaders) {
		return nil, nil
	}
	return names, err
}

// Wait hands over no ATR and takes one only where a card is present: ebfe leaves the
// last card's ATR in place after its removal.
func (s *session) Wait(states []State, limit time.Duration) (err error) {
	defer guard(&err)
	if len(states) == 0 {
		return errors.New("no reader to wait for") // ebfe panics
	}
	if !waiting.CompareAndSwap(false, true) {
		return errSecondWait
	}
	defer waiting.Store(false)
	raw := make([]scard.ReaderState, len(states))
	for i, st := range states {
		raw[i] = scard.ReaderState{Reader: st.Reader, CurrentState: scard.StateFlag(st.Flags)}
	}
	// A negative time would be for ever; below 1 ms it would be a poll.
	if err := coded(s.ctx.GetStatusChange(raw, max(limit, time.Millisecond))); err != nil {
		return err
	}
	for i, r := range raw {
		states[i].Flags, states[i].ATR = uint32(r.EventState), nil
		if r.EventState&scard.StatePresent != 0 {
			states[i].ATR = r.Atr
		}
	}
	return nil
}

// Connect takes the card for this program alone: another one's SELECT would get
// between our commands.
func (s *session) Connect(reader string) (_ Link, err error) {
	defer guard(&err)
	if reader == "" || strings.ContainsRune(reader, 0) {
		return nil, UnknownReader
	}
	defer entrance.enter(change)()
	card, err := s.ctx.Connect(reader, scard.ShareExclusive, scard.ProtocolAny)
	if err != nil {
		return nil, coded(err)
	}
	return &link{card}, nil
}

// Cancel may say InvalidHandle when it races with a timeout (pcsc-lite 1.9.9).
func (s *session) Cancel() (err error) {
	defer guard(&err)
	return coded(s.ctx.Cancel())
}

func (s *session) Release() (err error) {
	defer guard(&err)
	defer entrance.enter(change)()
	return coded(s.ctx.Release())
}

type link struct{ card *scard.Card }

func (l *link) Transmit(command []byte) (answer []byte, err error) {
	defer guard(&err)
	if len(command) == 0 {
		return nil, errors.New("empty command") // ebfe panics
	}
	defer entrance.enter(lookUp)()
	answer, err = l.card.Transmit(command)
	if err != nil {
		return nil, coded(err)
	}
	return append([]byte(nil), answer...), nil // ebfe's buffer is 64 KiB
}

func (l *link) ATR() (atr []byte) {
	var err error
	defer guard(&err)
	defer entrance.enter(lookUp)()
	status, err := l.card.Status()
	if err != nil {
		return nil
	}
	return status.Atr
}

func (l *link) Disconnect() (err error) {
	defer guard(&err)
	defer entrance.enter(change)()
	return coded(l.card.Disconnect(scard.UnpowerCard))
}

// coded turns ebfe's errors into this package's.
func coded(err error) error {
	var code scard.Error
	if errors.As(err, &code) {
		return Code(code)
	}
	return err
}

// guard turns a panic of the binding (empty lists, unknown protocols) into an error.
func guard(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("PC/SC binding panicked: %v", p)
	}
}

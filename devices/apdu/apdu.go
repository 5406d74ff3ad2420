// Package apdu speaks ISO/IEC 7816-4 in short form: commands, answers, status words
// as typed errors, and the chaining of answers that T=0 cards ask for. It knows no
// card and no reader; a [Transmitter] carries the bytes.
package apdu

import (
	"context"
	"errors"
	"fmt"
)

// Limits of the short form and of what one answer may grow to.
const (
	MaxData   = 255  // Lc, bytes of command data (ISO 7816-4, 5.2: one byte, not 00)
	MaxLe     = 256  // Le: 256 goes over the wire as 00 (ISO 7816-4, 5.2)
	MaxAnswer = 4096 // bytes of one answer put together from several GET RESPONSE
	maxSteps  = 32   // exchanges for one command, against a card that never ends
)

// Instructions used here (ISO 7816-4, table 4).
const (
	InsVerify       byte = 0x20 // clause 11.5.6; named so that nobody sends it unseen
	InsExternalAuth byte = 0x82 // clause 11.5.4
	InsGetChallenge byte = 0x84 // clause 11.5.3
	InsInternalAuth byte = 0x88 // clause 11.5.2
	InsSelect       byte = 0xA4 // clause 11.1.1
	InsReadRecord   byte = 0xB2 // clause 11.3.3
	InsGetResponse  byte = 0xC0 // clause 11.7.1
)

// Command is a command APDU. Le is the number of bytes that are expected, 0 for a
// command without the field, [MaxLe] for "whatever there is".
//
// Data and Le give the four cases of ISO 7816-4 5.1. Over T=0 a case 4 command has
// no Le on the wire (ISO 7816-3, 12.1.2) and readers differ in whether they take it
// off: send case 3 and let the card answer 61xx.
type Command struct {
	CLA, INS, P1, P2 byte
	Data             []byte
	Le               int
}

// Errors of a command or an answer that is no APDU.
var (
	ErrForm  = errors.New("not an ISO 7816-4 short APDU")
	ErrShort = errors.New("answer has no status word")
	ErrLong  = errors.New("card's answer does not end within the limit")
)

// Bytes encodes c (ISO 7816-4, 5.1 and 5.2).
func (c Command) Bytes() ([]byte, error) {
	if len(c.Data) > MaxData || c.Le < 0 || c.Le > MaxLe {
		return nil, fmt.Errorf("%w: %d bytes of data, Le %d", ErrForm, len(c.Data), c.Le)
	}
	b := []byte{c.CLA, c.INS, c.P1, c.P2}
	if len(c.Data) > 0 {
		b = append(b, byte(len(c.Data)))
		b = append(b, c.Data...)
	}
	if c.Le > 0 {
		b = append(b, byte(c.Le)) // 256 becomes 00
	}
	return b, nil
}

// ParseCommand decodes a short command APDU.
func ParseCommand(b []byte) (Command, error) {
	if len(b) < 4 {
		return Command{}, fmt.Errorf("%w: %d bytes", ErrForm, len(b))
	}
	c := Command{CLA: b[0], INS: b[1], P1: b[2], P2: b[3]}
	body := b[4:]
	switch {
	case len(body) == 0:
	case len(body) == 1:
		c.Le = le(body[0])
	case len(body) == 1+int(body[0]) && body[0] != 0:
		c.Data = body[1:]
	case len(body) == 2+int(body[0]) && body[0] != 0:
		c.Data, c.Le = body[1:len(body)-1], le(body[len(body)-1])
	default:
		return Command{}, fmt.Errorf("%w: Lc does not fit %d bytes", ErrForm, len(b))
	}
	return c, nil
}

func le(b byte) int {
	if b == 0 {
		return MaxLe
	}
	return int(b)
}

// Response is a card's answer: the data and the last status word.
type Response struct {
	Data   []byte
	Status Status
}

// ParseResponse splits an answer. One of fewer than two bytes is an error: a card
// that is pulled in mid-command makes pcsc-lite report success with no bytes at all.
func ParseResponse(b []byte) (Response, error) {
	if len(b) < 2 {
		return Response{}, fmt.Errorf("%w: %d bytes", ErrShort, len(b))
	}
	n := len(b) - 2
	return Response{Data: b[:n:n], Status: Status(b[n])<<8 | Status(b[n+1])}, nil
}

// Transmitter carries one command APDU to a card and brings its answer back.
//
// On an error the card's state is undecided: the command may have been carried out.
// Nothing more can be sent over the same Transmitter; connect anew. Errors match one
// of [ErrGone], [ErrMute], [ErrBusy], [ErrStuck], [ErrNoService], [ErrNoReader],
// [ErrDenied] or the context's error where the cause is known.
type Transmitter interface {
	Transmit(ctx context.Context, command []byte) ([]byte, error)
}

// What can befall the way to a card, whatever carries the bytes.
var (
	ErrGone      = errors.New("card was pulled or lost contact")
	ErrMute      = errors.New("card does not answer to power")
	ErrBusy      = errors.New("card is in use by another program")
	ErrStuck     = errors.New("reader does not answer in time")
	ErrNoService = errors.New("smart card service is not running")
	ErrNoReader  = errors.New("no such reader")
	ErrDenied    = errors.New("this user may not use the readers")
)

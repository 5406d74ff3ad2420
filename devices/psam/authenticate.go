// Package psam opens the holder's file of social-security cards of version 3.00, which
// ask for an external authentication with the key RKSSSE: [Authenticator] speaks to the
// card, and a [Module] that has the keys, a PSAM in a reader's slot ([Slot]) or the
// region's HSM (package hsm), computes what the card is to be shown. No key passes here.
//
// Sources: the order of the card's commands, the arrangement of the internal
// authentication's 16 bytes and the comparison of its first 8, key 0A and the 16 bytes of
// EXTERNAL AUTHENTICATE are as a public third-generation reader control does them
// (iReadCardBas_HSM_Step1 and 2); the PSAM's commands and factors as two vendors' libraries
// do. Inferred is: that the PSAM's answer goes first and the process factor behind it in
// the 16 bytes; the order of the factors; the PSAM's key for SM4 (see [Keys]); that a PSAM
// computes the internal authentication in the same way; and what a card answers when it is
// refused. It has met simulated cards and PSAMs only.
package psam

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"settled/devices/apdu"
	"settled/devices/sscard"
)

// Sizes in bytes.
const (
	Factor   = 8 // of a challenge, a process factor, a step of the key's derivation
	External = 16
)

// externalKey is the card's reference of RKSSSE in EXTERNAL AUTHENTICATE.
const externalKey = 0x0A

// Challenge is what the card gave for one authentication.
type Challenge struct {
	Source  [Factor]byte // 鉴别原始信息: what is enciphered
	Process [Factor]byte // 过程因子: derives the key of this one authentication
}

// Question is what a [Module] is asked.
type Question struct {
	CardCode  sscard.Personal // 卡识别码
	ATR       []byte          // answer to reset; its last 8 bytes derive the card's keys
	Algorithm sscard.Algorithm
	Internal  *Challenge // that the card has answered; nil: it knows no internal authentication
	External  Challenge
}

// Area is the code of the city that issued the card: six digits.
func (q Question) Area() string {
	code := q.CardCode.ClearPersonalData()
	return code[:min(len(code), 6)]
}

// Reply is a module's answer.
type Reply struct {
	Internal []byte // what a genuine card answers, 8 bytes or more; nil: the module can't tell
	External []byte // the data field of EXTERNAL AUTHENTICATE, 16 bytes
}

// Module has the keys.
type Module interface {
	// Answer computes both. An error says that the module could not; it says nothing
	// about the card. It ends soon after ctx does.
	Answer(ctx context.Context, q Question) (Reply, error)
}

// Errors of an authentication, inside an [sscard.Unavailable].
var (
	ErrNoATR    = errors.New("the card's answer to reset has no 8 bytes to derive its key from")
	ErrReply    = errors.New("the module's answer has not the right length")
	ErrRefused  = errors.New("this card refused the module's answer before; another try could lock its key")
	ErrMismatch = errors.New("one card after another refused the module's answer: its keys are not those of these cards")
)

// Bounds on wrong answers. A card counts them and locks its key for good.
const (
	mostRefusals = 3    // of different cards without a success between, then none is tried
	mostCards    = 1000 // that are remembered
)

// Authenticator implements [sscard.Authenticator] with a module. It may be used by
// several readers at a time.
type Authenticator struct {
	module Module

	mu      sync.Mutex
	refused map[sscard.Personal]bool // cards that refused, by code
	row     int                      // of refusals without a success between
}

// New makes an authenticator.
func New(m Module) *Authenticator {
	return &Authenticator{module: m, refused: map[sscard.Personal]bool{}}
}

// Authenticate implements [sscard.Authenticator]: the card proves that it is genuine, as
// far as card and module can, and is then shown that the module has the key.
func (a *Authenticator) Authenticate(ctx context.Context, t apdu.Transmitter, issuer sscard.Record) error {
	if err := a.may(issuer.Code); err != nil {
		return &sscard.Unavailable{Err: err}
	}
	q := Question{CardCode: issuer.Code, Algorithm: issuer.Form.Algorithm}
	if card, ok := t.(interface{ ATR() []byte }); ok {
		q.ATR = card.ATR()
	}
	if len(q.ATR) < Factor || len(q.Area()) < 6 {
		return &sscard.Unavailable{Err: ErrNoATR}
	}
	proof, err := internal(ctx, t, &q)
	if err != nil {
		return err
	}
	if q.External, err = challenge(ctx, t); err != nil {
		return fmt.Errorf("external authentication: %w", err)
	}
	reply, err := a.module.Answer(ctx, q)
	switch {
	case err != nil:
		return &sscard.Unavailable{Err: err}
	case len(reply.External) != External || reply.Internal != nil && len(reply.Internal) < Factor:
		return &sscard.Unavailable{Err: ErrReply}
	case q.Internal != nil && reply.Internal != nil && !bytes.Equal(reply.Internal[:Factor], proof):
		return &sscard.Fault{Kind: sscard.NotGenuine}
	}
	_, err = apdu.Send(ctx, t, apdu.Command{INS: apdu.InsExternalAuth, P2: externalKey, Data: reply.External})
	a.note(issuer.Code, err)
	if err != nil {
		return fmt.Errorf("external authentication: %w", err)
	}
	return nil
}

// may tells whether another try with this card is safe.
func (a *Authenticator) may(code sscard.Personal) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.refused[code]:
		return ErrRefused
	case a.row >= mostRefusals:
		return ErrMismatch
	}
	return nil
}

// note remembers what the card said to the module's answer.
func (a *Authenticator) note(code sscard.Personal, err error) {
	var s apdu.Status
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err == nil:
		a.row = 0
	case errors.As(err, &s):
		if len(a.refused) >= mostCards {
			clear(a.refused)
		}
		a.refused[code] = true
		a.row++
	}
}

// Forget allows tries again after refusals, say because another PSAM was put in.
func (a *Authenticator) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.refused)
	a.row = 0
}

// internal has the card prove itself: INTERNAL AUTHENTICATE (ISO 7816-4, 11.5.2) of
// process factor and source. A card that does not know the command proves nothing.
func internal(ctx context.Context, t apdu.Transmitter, q *Question) (proof []byte, err error) {
	c, err := challenge(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("internal authentication: %w", err)
	}
	data := append(c.Process[:], c.Source[:]...)
	answer, err := apdu.Send(ctx, t, apdu.Command{INS: apdu.InsInternalAuth, Data: data})
	var s apdu.Status
	switch {
	case err == nil && len(answer.Data) >= Factor:
		q.Internal = &c
		return answer.Data[:Factor], nil
	case err == nil, errors.As(err, &s):
		return nil, nil
	}
	return nil, fmt.Errorf("internal authentication: %w", err)
}

// challenge asks the card for source and process factor, in this order: two times GET
// CHALLENGE (ISO 7816-4, 11.5.3) of 8 bytes.
func challenge(ctx context.Context, t apdu.Transmitter) (c Challenge, err error) {
	for _, into := range []*[Factor]byte{&c.Source, &c.Process} {
		answer, err := apdu.Send(ctx, t, apdu.Command{INS: apdu.InsGetChallenge, Le: Factor})
		if err != nil {
			return c, fmt.Errorf("challenge: %w", err)
		}
		if copy(into[:], answer.Data) < Factor {
			return c, fmt.Errorf("challenge: %w", apdu.WrongLength)
		}
	}
	return c, nil
}

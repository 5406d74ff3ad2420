package cards

import (
	"bytes"
	"crypto/rand"

	"settled/devices/apdu"
	"settled/devices/sscard"
)

// guard is what stands before the holder's file of a version 3.00 card.
type guard struct {
	algorithm          sscard.Algorithm
	external, internal key    // of this card
	given              []byte // challenges since the last authentication; the last 16 bytes count
	open               bool
	tries              int // of the external key, until it is locked for good
}

const externalTries = 6

// reset closes the guard; what was tried in vain stays tried.
func (g *guard) reset() {
	if g != nil {
		g.given, g.open = nil, false
	}
}

// challenge is GET CHALLENGE (ISO 7816-4, 11.5.3).
func (c *card) challenge(command apdu.Command) []byte {
	if command.Le != 4 && command.Le != 8 {
		return status(apdu.WrongLength)
	}
	b := make([]byte, command.Le)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	if c.guard != nil {
		c.guard.given = append(c.guard.given, b...)
	}
	return append(b, status(apdu.OK)...)
}

// internalAuth is INTERNAL AUTHENTICATE of process factor and source.
func (c *card) internalAuth(command apdu.Command) []byte {
	g := c.guard
	switch {
	case g == nil || c.current == nil:
		return status(apdu.InsUnknown)
	case len(command.Data) != 16:
		return status(apdu.WrongLength)
	}
	session := g.internal.derive(g.algorithm, command.Data[:8])
	c.pending = session.cipher(g.algorithm, command.Data[8:])
	return []byte{0x61, byte(len(c.pending))}
}

// externalAuth is EXTERNAL AUTHENTICATE: the cipher of the last challenge but one, under
// a key derived by the last, which follows it.
func (c *card) externalAuth(command apdu.Command) []byte {
	g := c.guard
	switch {
	case g == nil || c.current == nil:
		return status(apdu.InsUnknown)
	case command.P2 != 0x0A:
		return status(apdu.KeyNotFound)
	case g.tries == 0:
		return status(apdu.AuthBlocked)
	case len(command.Data) != 16:
		return status(apdu.WrongLength)
	case len(g.given) < 16:
		return status(apdu.ConditionsNotMet)
	}
	source, process := g.given[len(g.given)-16:len(g.given)-8], g.given[len(g.given)-8:]
	g.given = nil
	want := g.external.derive(g.algorithm, process).cipher(g.algorithm, source)
	if !bytes.Equal(command.Data, append(want, process...)) {
		g.tries--
		return status(0x63C0 | apdu.Status(g.tries))
	}
	g.open, g.tries = true, externalTries
	return status(apdu.OK)
}

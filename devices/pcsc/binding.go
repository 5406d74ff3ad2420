// Package pcsc watches card readers and connects to cards over PC/SC.
//
// One [Watcher] a process tells of cards, readers and the service, by events; it
// survives the service's death. [Watcher.Open] connects to a card for one read, in
// exclusive mode and on a context of its own, so that readers do not wait for each
// other longer than for one call (the library needs that: see gate). No call into
// the PC/SC library is trusted to return: each runs in a goroutine of its own, at most
// one for the watcher and one for each reader, and the caller stops waiting for it in
// time.
package pcsc

import "time"

// Binding is what this package needs of a PC/SC library. Every call may block for
// ever; none is made twice at a time on one Session or Link, but for Cancel.
type Binding interface {
	// Establish opens a session with the service. It blocks without limit when a
	// socket is there and nobody serves it.
	Establish() (Session, error)
}

// Session is one PC/SC context. After the service has died it never recovers.
type Session interface {
	// Readers lists the readers' names; no reader is an empty list, not an error.
	Readers() ([]string, error)
	// Wait blocks until a state differs from its Flags, then sets Flags and ATR of
	// all. [Timeout] and [Cancelled] are errors of ordinary operation. On an error
	// the states are as before.
	Wait(states []State, limit time.Duration) error
	// Connect powers the card up for this program alone.
	Connect(reader string) (Link, error)
	// Cancel ends a Wait of another goroutine. It is forgotten if there is none.
	Cancel() error
	// Release ends the session; not while a Wait is going on.
	Release() error
}

// Link is a connection with one card.
type Link interface {
	// Transmit sends a command APDU. A card that is pulled may give no error and
	// an empty answer.
	Transmit(command []byte) ([]byte, error)
	// ATR is the card's answer to reset; nil if it cannot be had.
	ATR() []byte
	// Disconnect powers the card down.
	Disconnect() error
}

// State is what is known of a reader: for Wait the known flags, 0 for nothing.
type State struct {
	Reader string
	Flags  uint32 // SCARD_STATE_…, and the count of card events in the upper 16 bits
	ATR    []byte
}

// Bits of State.Flags (PC/SC part 5).
const (
	stateIgnore      = 0x0001
	stateChanged     = 0x0002
	stateUnknown     = 0x0004
	stateUnavailable = 0x0008
	statePresent     = 0x0020
	stateMute        = 0x0200
	counterShift     = 16
)

// plugAndPlay is the name under which Wait tells of readers that come. It compares
// only within one call, so an arrival between two calls is found by listing again.
const plugAndPlay = `\\?PnP?\Notification`

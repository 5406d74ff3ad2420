package pcsc

import (
	"fmt"

	"settled/devices/apdu"
)

// Code is an error code of PC/SC (part 5, and pcsclite.h).
type Code uint32

// Codes that are told apart here.
const (
	InvalidHandle     Code = 0x80100003
	UnknownReader     Code = 0x80100009
	Timeout           Code = 0x8010000A
	SharingViolation  Code = 0x8010000B
	NoSmartCard       Code = 0x8010000C
	ProtocolMismatch  Code = 0x8010000F
	CommError         Code = 0x80100013 // what a waiter gets when pcscd dies
	Cancelled         Code = 0x80100002
	NotTransacted     Code = 0x80100016 // for up to 400 ms after a card is pulled
	ReaderUnavailable Code = 0x80100017
	NoService         Code = 0x8010001D // also: more than 200 contexts
	ServiceStopped    Code = 0x8010001E
	NoReaders         Code = 0x8010002E
	UnresponsiveCard  Code = 0x80100066
	UnpoweredCard     Code = 0x80100067
	ResetCard         Code = 0x80100068
	RemovedCard       Code = 0x80100069
	SecurityViolation Code = 0x8010006A // polkit does not let this user at readers or cards
)

// Error gives the code and what it means here.
func (c Code) Error() string {
	if kind := c.kind(); kind != nil {
		return fmt.Sprintf("PC/SC %08X: %v", uint32(c), kind)
	}
	return fmt.Sprintf("PC/SC %08X", uint32(c))
}

// Is makes a code match what package apdu calls the failure.
func (c Code) Is(target error) bool {
	kind := c.kind()
	return kind != nil && kind == target
}

func (c Code) kind() error {
	switch c {
	case NoSmartCard, NotTransacted, ResetCard, RemovedCard:
		return apdu.ErrGone
	case UnresponsiveCard, UnpoweredCard, ProtocolMismatch:
		return apdu.ErrMute
	case SharingViolation:
		return apdu.ErrBusy
	case NoService, ServiceStopped, CommError:
		return apdu.ErrNoService
	case SecurityViolation:
		return apdu.ErrDenied
	case UnknownReader, ReaderUnavailable, NoReaders:
		return apdu.ErrNoReader
	}
	return nil
}

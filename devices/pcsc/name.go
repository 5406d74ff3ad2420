package pcsc

import (
	"fmt"
	"regexp"
	"strconv"
)

// Name is a reader's name taken apart. pcsc-lite makes it of what the device says of
// itself and of two numbers of two hexadecimal digits each (its readerfactory.c):
//
//	Model [Interface] (Serial) 01 00
//	                           │  └ slot of the device: a property of the device
//	                           └─── index: the lowest that was free when it was plugged in
//
// The index is another one after a restart or when readers are plugged in in another
// order; everything else stays, at whatever port.
type Name struct {
	Device string // "Model [Interface] (Serial)"; the serial number only if the device has one
	Index  int    // -1: the name has none
	Slot   int
}

var nameForm = regexp.MustCompile(`^(.+) ([0-9A-F]{2}) ([0-9A-F]{2})$`)

// ParseName takes a reader's name apart. One of another form is all Device.
func ParseName(s string) Name {
	m := nameForm.FindStringSubmatch(s)
	if m == nil {
		return Name{Device: s, Index: -1}
	}
	index, _ := strconv.ParseUint(m[2], 16, 8) // the form says that they are numbers
	slot, _ := strconv.ParseUint(m[3], 16, 8)
	return Name{Device: m[1], Index: int(index), Slot: int(slot)}
}

// Identity is what stays of a name when the reader is plugged in elsewhere: the device,
// and "#1" for its second slot.
func (n Name) Identity() string {
	if n.Slot == 0 {
		return n.Device
	}
	return fmt.Sprintf("%s #%d", n.Device, n.Slot)
}

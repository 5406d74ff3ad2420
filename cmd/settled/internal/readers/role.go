// Package readers is a counter's card readers: which of them has which role, what lies
// in them, how they are, and the reading of a card in the reader of a role.
//
// A role is bound to a reader's identity: what the device says of itself, with its serial
// number if it has one, and the slot ([pcsc.Name]). The number that the card service adds
// by the order of plugging in counts only between readers that nothing else tells apart.
package readers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"settled/devices/pcsc"
)

// Role is what a reader is there for.
type Role string

// Roles of readers.
const (
	Patient  Role = "patient"  // 患者读卡器
	Guardian Role = "guardian" // 监护人读卡器
	Spare    Role = "spare"    // 备用: stands in for the patient's
	PSAM     Role = "psam"     // the PSAM's slot
)

// allRoles in the order in which they are shown: read-only.
var allRoles = []Role{Patient, Guardian, Spare, PSAM}

// Chinese names the role.
func (r Role) Chinese() string {
	switch r {
	case Patient:
		return "患者读卡器"
	case Guardian:
		return "监护人读卡器"
	case Spare:
		return "备用读卡器"
	case PSAM:
		return "PSAM卡槽"
	}
	return "读卡器"
}

// Short names the role in a table.
func (r Role) Short() string {
	switch r {
	case Patient:
		return "患者"
	case Guardian:
		return "监护人"
	case Spare:
		return "备用"
	case PSAM:
		return "PSAM"
	}
	return ""
}

// want is which reader a role is for.
type want struct {
	device string // of the identity: all of it, or a part
	whole  bool
	slot   int
	index  int // -1: none was given
}

// parseWant reads the configuration's word for a reader: an identity or a part of one
// ("ACR38U", "Twin Reader (70D7E2EE)", "Feitian R502 #1"), or a whole name as the card
// service gives it ("ACS ACR38U-CCID 00 00").
func parseWant(text string) want {
	if n := pcsc.ParseName(text); n.Index >= 0 {
		return want{device: n.Device, whole: true, slot: n.Slot, index: n.Index}
	}
	w := want{device: text, index: -1}
	if device, slot, found := strings.Cut(text, " #"); found {
		if n, err := strconv.Atoi(slot); err == nil && n >= 0 {
			w.device, w.slot = device, n
		}
	}
	return w
}

// fits tells whether a reader may be meant.
func (w want) fits(n pcsc.Name) bool {
	switch {
	case n.Slot != w.slot:
		return false
	case w.whole:
		return n.Device == w.device
	}
	return strings.Contains(n.Device, w.device)
}

// twin tells whether two roles are for readers that only the index tells apart.
func (w want) twin(other want) bool {
	return w.slot == other.slot && w.device == other.device
}

// meets tells whether one reader could be meant by both.
func (w want) meets(other want) bool {
	if w.slot != other.slot {
		return false
	}
	return !w.whole && strings.Contains(other.device, w.device) || !other.whole && strings.Contains(w.device, other.device) || w.device == other.device
}

// Check refuses a configuration in which two roles can mean one reader. Roles with an
// empty text are not there.
func Check(texts map[Role]string) error {
	for i, a := range allRoles {
		for _, b := range allRoles[:i] {
			if texts[a] == "" || texts[b] == "" {
				continue
			}
			x, y := parseWant(texts[a]), parseWant(texts[b])
			byIndex := x.whole && y.whole && x.index != y.index
			if x.meets(y) && !byIndex {
				return fmt.Errorf("readers: %s %q and %s %q can mean the same reader", b, texts[b], a, texts[a])
			}
		}
	}
	return nil
}

// place is where a role stands.
type place struct {
	reader string // name in PC/SC; "": none
	rivals int    // readers that fit and cannot be told apart
	twin   bool   // told from another role's reader by the index alone
}

// assign gives readers that are there their roles. A reader that has a role keeps it
// while it is plugged in, whatever is plugged in beside it.
func assign(wants map[Role]want, present []string, before map[Role]place) map[Role]place {
	places := map[Role]place{}
	taken := map[string]bool{}
	for role, p := range before {
		if w, wanted := wants[role]; wanted && p.reader != "" && slices.Contains(present, p.reader) {
			places[role] = place{reader: p.reader, twin: twins(wants, role, w)}
			taken[p.reader] = true
		}
	}
	for _, role := range allRoles {
		w, wanted := wants[role]
		if _, has := places[role]; has || !wanted {
			continue
		}
		p := place{twin: twins(wants, role, w)}
		fit := candidates(w, present, taken, p.twin)
		if len(fit) == 1 {
			p.reader = fit[0]
			taken[p.reader] = true
		} else {
			p.rivals = len(fit)
		}
		places[role] = p
	}
	return places
}

// twins tells whether another role is for the same kind of reader.
func twins(wants map[Role]want, role Role, w want) bool {
	for other, o := range wants {
		if other != role && w.twin(o) {
			return true
		}
	}
	return false
}

// candidates are the readers that fit; by the index where that must tell.
func candidates(w want, present []string, taken map[string]bool, twin bool) (fit []string) {
	for _, name := range present {
		n := pcsc.ParseName(name)
		if !taken[name] && w.fits(n) && (!twin || n.Index == w.index) {
			fit = append(fit, name)
		}
	}
	if len(fit) < 2 || w.index < 0 {
		return fit
	}
	exact := func(name string) bool { return pcsc.ParseName(name).Index == w.index }
	if i := slices.IndexFunc(fit, exact); i >= 0 {
		return fit[i : i+1]
	}
	return fit
}

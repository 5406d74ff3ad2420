// Package doctor says how the things are that a counter needs: what is well, what is
// not, and what mends it. Whatever can fail gives [Check]s; the checks of this package
// look at what has nobody to speak for it, such as the disk and the clock.
package doctor

import (
	"cmp"
	"context"
	"slices"
)

// Level is how bad it is.
type Level string

// Levels, from good to bad.
const (
	OK   Level = "ok"
	Warn Level = "warn" // the counter settles, and somebody should look
	Fail Level = "fail" // something that was configured does not work
)

// Kind is what a check is about.
type Kind string

// Kinds of checks, in the order in which they are shown.
const (
	Daemon      Kind = "daemon"
	Config      Kind = "configuration"
	CardService Kind = "card_service"
	Reader      Kind = "reader"
	Module      Kind = "module" // PSAM or HSM
	Scanner     Kind = "scanner"
	Printer     Kind = "printer"
	Display     Kind = "display"
	Voice       Kind = "voice"
	Platform    Kind = "platform"
	Clock       Kind = "clock"
	Disk        Kind = "disk"
	Permissions Kind = "permissions"
	Policy      Kind = "policy"
)

// order is that of Kinds: read-only.
var order = []Kind{Daemon, Config, CardService, Reader, Module, Scanner, Printer, Display, Voice, Platform, Clock, Disk, Permissions, Policy}

// Check is how one thing is. It has no personal data.
type Check struct {
	Kind    Kind   `json:"kind"`
	Role    string `json:"role,omitempty"`  // of a reader: patient, guardian, spare, psam
	Name    string `json:"name,omitempty"`  // what it is known by wherever it is plugged in
	State   string `json:"state,omitempty"` // a word for programs
	Level   Level  `json:"level" enum:"ok,warn,fail"`
	Chinese string `json:"chinese"` // for who stands before it
	English string `json:"english"` // for the technician
	Mend    string `json:"mend,omitempty"`
}

// Source is something that can say how it is. It answers within a second, from what it
// knows: it starts nothing that could hang.
type Source interface {
	Checks(ctx context.Context) []Check
}

// Worst gives the worst level of a list.
func Worst(list []Check) Level {
	worst := OK
	for _, f := range list {
		if f.Level == Fail || worst == OK {
			worst = f.Level
		}
	}
	return worst
}

// Sort puts checks into the order in which they are shown; those of a kind keep theirs.
func Sort(list []Check) {
	slices.SortStableFunc(list, func(a, b Check) int {
		return cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind))
	})
}

package printer

import (
	"settled/devices/serialport"
)

// Trouble is what keeps a printer from printing, or soon will.
type Trouble string

// Troubles, the gravest first.
const (
	Absent    Trouble = "absent"     // its port is not there, or in use
	Silent    Trouble = "silent"     // it answers nothing: no power, no cable, or it hangs
	CoverOpen Trouble = "cover_open" //
	PaperOut  Trouble = "paper_out"  //
	Failing   Trouble = "error"      // knife, heat, or mechanics
	Offline   Trouble = "offline"    // for another reason, such as its feed key
	PaperLow  Trouble = "paper_low"  // it still prints
)

// Stops tells whether nothing is printed because of it.
func (t Trouble) Stops() bool { return t != "" && t != PaperLow }

// State is how the printer stands.
type State struct {
	Line    serialport.State `json:"line"`
	Trouble Trouble          `json:"trouble,omitempty"` // the gravest
	Waiting int              `json:"waiting"`           // slips in the spool
	Lacking string           `json:"lacking,omitempty"` // characters that could not be printed since the start
}

// isRealTime tells an answer to DLE EOT: its bits 0, 1, 4 and 7 are fixed.
func isRealTime(b byte) bool { return b&0x93 == 0x12 }

// isOrdered tells an answer to GS r.
func isOrdered(b byte) bool { return b&0x90 == 0 }

// Which status DLE EOT is asked for.
const (
	askPrinter = 1
	askOffline = 2
	askPaper   = 4
)

// answers are the three real-time answers.
type answers struct{ printer, offline, paper byte }

// trouble is what they say.
func (a answers) trouble() Trouble {
	switch {
	case a.offline&0x04 != 0:
		return CoverOpen
	case a.paper&0x60 != 0, a.offline&0x20 != 0:
		return PaperOut
	case a.offline&0x40 != 0:
		return Failing
	case a.printer&0x08 != 0:
		return Offline
	case a.paper&0x0C != 0:
		return PaperLow
	}
	return ""
}

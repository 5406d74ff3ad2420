// Package overlays puts files of rules into force by two persons: one stages a file, the
// daemon says what it would change and what it would have made of the settlements of the
// past, and another one approves or rejects it. What is approved is byte for byte what was
// staged, and holds against the rules that the second person saw.
//
// A staged file is a sealed record in a folder of its own. The approval is durable before
// the file is written into the directory of rules, and the journal says who staged and who
// approved: a start finishes what a power cut left in between, so that a file is staged or
// in force, never half of it.
package overlays

import (
	"time"

	"settled/cmd/settled/internal/backtest"
	"settled/settle"
)

// State is how far a file is.
type State string

// States.
const (
	Staged   State = "staged"   // waits for the second person
	Approved State = "approved" // is being put into force; a start finishes it
	InForce  State = "in_force" // came into force; a later file may have changed it since
	Rejected State = "rejected"
)

// Signer is an operator who signed in.
type Signer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Overlay is a file of rules that was staged.
type Overlay struct {
	ID        string    `json:"id"`
	File      string    `json:"file"` // its name in the directory of rules
	Text      string    `json:"text"`
	Digest    string    `json:"digest"` // SM3 of the text
	By        Signer    `json:"by"`
	At        time.Time `json:"at"`
	State     State     `json:"state" enum:"staged,approved,in_force,rejected"`
	Decided   Signer    `json:"decided"` // who approved or rejected it
	DecidedAt time.Time `json:"decided_at,omitzero"`
	Why       string    `json:"why"`                // the reason that was given
	Trial     *Trial    `json:"backtest,omitempty"` // nil: not computed yet
}

// Trial is what the rules with the file would have made of past settlements.
type Trial struct {
	InForce string          `json:"in_force"` // digest of the rules that were in force then
	At      time.Time       `json:"at"`
	Cut     string          `json:"cut"` // why it ended before all was computed; "": it did not
	Report  backtest.Report `json:"report"`
}

// Codes of refusals.
const (
	CodeBad      settle.Code = "OVERLAY_BAD"      // it does not load
	CodeName     settle.Code = "OVERLAY_NAME"     // no name of a file of rules
	CodeSame     settle.Code = "OVERLAY_SAME"     // it changes nothing
	CodeMany     settle.Code = "OVERLAY_MANY"     // too many wait
	CodeNone     settle.Code = "OVERLAY_NONE"     // there is none of that id
	CodeDecided  settle.Code = "OVERLAY_DECIDED"  // it does not wait any more
	CodeSecond   settle.Code = "SECOND_PERSON"    // whoever staged it cannot approve it
	CodeMoved    settle.Code = "RULES_MOVED"      // other rules are in force than were seen
	CodeNotKept  settle.Code = "OVERLAY_NOT_KEPT" // the disk did not take it
	CodeNoReason settle.Code = "OVERLAY_NO_REASON"
)

func refuse(c settle.Code, cashier, technician string) *settle.Refusal {
	return &settle.Refusal{Code: c, Cashier: cashier, Technician: technician}
}

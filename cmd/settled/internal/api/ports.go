package api

import (
	"context"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Window is one counter's session; *counter.Session is one.
type Window interface {
	Desk
	Papers
	Display
}

// Desk settles. Errors are *settle.Refusal, or *counter.Stale from Confirm.
type Desk interface {
	// Quote reads a bill as it came (JSON) and computes; nothing is written.
	Quote(ctx context.Context, bill []byte, by string) (counter.Quote, error)
	// Confirm returns when the settlement is durable. It may be repeated with the same
	// key without taking anything twice.
	Confirm(ctx context.Context, c counter.Confirmation) (counter.Settled, error)
	// Cancel drops what is under way before the write.
	Cancel() error
}

// Papers files and prints. Errors are *settle.Refusal.
type Papers interface {
	// FileLink files that the guardian's account may pay for the patient.
	FileLink(ctx context.Context, relation settle.Relation, by string) (settle.Link, error)
	// Reprint sends a slip to the printer again and returns at once.
	Reprint(r counter.Receipt) error
}

// Display shows the window.
type Display interface {
	// Screen is what it shows now.
	Screen() counter.Screen
	// Subscribe gives every screen, the present one first; the channel is closed for a
	// reader that falls behind. leave may be called twice.
	Subscribe() (screens <-chan counter.Screen, leave func())
}

// Ledger reads settlements and what became of them on their way to the platform.
type Ledger interface {
	// Entry gives one; the *settle.Refusal NO_SETTLEMENT if there is none.
	Entry(ctx context.Context, number string) (Entry, error)
	// List gives at most f.Limit entries in the order of their numbers in the journal.
	List(ctx context.Context, f Filter) ([]Entry, error)
}

// UploadState is where a settlement stands on its way to the platform.
type UploadState string

// States of an upload.
const (
	Pending      UploadState = "pending"      // waits for its turn, or is under way
	Unknown      UploadState = "unknown"      // outcome unknown: asking, reversing
	Acknowledged UploadState = "acknowledged" // the platform has it, with the same split
	Differs      UploadState = "differs"      // the platform has it, with another split
	Held         UploadState = "held"         // a clerk has to look at it
)

// Filter chooses entries of the queue.
type Filter struct {
	State  UploadState // "": all that are not acknowledged
	Code   settle.Code // of the reason; "": any
	From   settle.Date // day of settling, inclusive; zero: open
	To     settle.Date
	Before time.Time // settled before; zero: at any time
	After  string    // number of the last entry that was seen; "": from the start
	Limit  int
}

// Keeper puts settlements aside, and says how the queue is. Errors are *settle.Refusal.
type Keeper interface {
	// Hold takes a pending settlement out of the queue, with the reason; it is an entry
	// of the journal. Release puts a held one back.
	Hold(ctx context.Context, number, why string, by Grant) error
	Release(ctx context.Context, number, why string, by Grant) error
	// Status is the queue at a glance.
	Status(ctx context.Context) (Status, error)
}

// Status is the queue at a glance.
type Status struct {
	Entry         uint64     `json:"entry"` // last of the journal
	Hash          string     `json:"hash"`  // its hash: the head of the chain
	At            *time.Time `json:"at,omitempty"`
	Pending       int        `json:"pending"`                  // settlements that wait for the platform
	Held          int        `json:"held"`                     // settlements that wait for a person
	OldestPending *time.Time `json:"oldest_pending,omitempty"` // when it was settled
	OldestHeld    *time.Time `json:"oldest_held,omitempty"`
	Exposed       settle.Fen `json:"exposed"`           // 统筹基金 paid out that the platform has not acknowledged
	Notices       []string   `json:"notices"`           // what an operator should know, since the start
	Stopped       string     `json:"stopped,omitempty"` // why nothing more is written
}

// Entry is a settlement with its upload.
type Entry struct {
	Settlement settle.Settlement
	At         time.Time // when it was journalled
	State      UploadState
	Platform   *Amounts        // what the platform made of it, where that differs; nil: nothing differs
	Reason     *settle.Refusal // why it is held, differs or could not be sent; nil: nothing to say
	Attempts   int
	Next       time.Time // of the next attempt; zero: none is planned
	Deadline   time.Time // by which it must be at the platform; zero: none
}

// Amounts are who pays what, as the platform says.
type Amounts struct {
	Total  settle.Fen `json:"total"`
	Fund   settle.Fen `json:"fund"`   // 统筹基金
	Own    settle.Fen `json:"own"`    // 个人账户
	Family settle.Fen `json:"mutual"` // 家庭共济
	Cash   settle.Fen `json:"cash"`   // 现金
}

// Uploads tells what happens to the queue.
type Uploads interface {
	// Subscribe gives every change from now on; the channel is closed for a reader that
	// falls behind. leave may be called twice.
	Subscribe() (changes <-chan UploadChange, leave func())
}

// UploadChange is a step of one settlement on its way to the platform.
type UploadChange struct {
	Number string          `json:"number"` // 结算单号
	State  UploadState     `json:"state" enum:"pending,unknown,acknowledged,differs,held"`
	Reason *settle.Refusal `json:"reason,omitempty"`
}

// Readiness tells whether the daemon can settle.
type Readiness interface {
	// Ready gives the reasons why not; none: it can. It answers within a second.
	Ready(ctx context.Context) []counter.Notice
	// Notices gives what an engineer has to look after, though it can settle.
	Notices(ctx context.Context) []counter.Notice
}

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
	Returner
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
	// Tender shows what the patient gave and what goes back.
	Tender(received settle.Fen) (counter.Tender, error)
	// Scan takes a 医保码 and returns at once; who it stands for shows on the screen.
	Scan(code counter.ECode) error
	// ExpectGuardian says that the next 医保码 is the guardian's.
	ExpectGuardian() error
}

// Papers files and prints. Errors are *settle.Refusal.
type Papers interface {
	// FileLink files that the guardian's account may pay for the patient.
	FileLink(ctx context.Context, relation settle.Relation, by string) (settle.Link, error)
	// EndLink files that it may no longer, and gives the last day on which it does.
	EndLink(ctx context.Context, by string) (last settle.Date, err error)
	// Reprint sends a slip to the printer again and returns at once.
	Reprint(r counter.Receipt) error
	// Print does the same with a slip of another kind.
	Print(p counter.Paper) error
	// PrintNow does it for somebody who waits, and returns when the slip is out.
	PrintNow(ctx context.Context, p counter.Paper) error
}

// Returner gives back, and keeps the drawer's shifts. Errors are *settle.Refusal.
type Returner interface {
	// Refund computes a reversal by line; nothing is written.
	Refund(ctx context.Context, number string, keep []int) (counter.Refund, error)
	// Reverse returns when the reversal is durable. It may be repeated with the same key
	// without giving anything back twice.
	Reverse(ctx context.Context, r counter.Reversal) (v counter.Void, replayed bool, err error)
	// OpenShift and CloseShift begin and end the seat's shift.
	OpenShift(ctx context.Context, by string, float settle.Fen) (counter.Shift, error)
	CloseShift(ctx context.Context, by string, counted settle.Fen) (counter.Shift, error)
}

// Display shows the window.
type Display interface {
	// Screen is what it shows now.
	Screen() counter.Screen
	// Shown is the quote on it; ok is false if there is none.
	Shown() (q counter.Quote, ok bool)
	// Holder is whose card lies in a reader, not masked; ok is false if nobody is known to.
	Holder(role counter.Role) (known settle.Entitlement, ok bool)
	// Reread reads the patient's card anew. The error is a *settle.Refusal.
	Reread() error
	// Trouble is why a settlement of now would be provisional; "": nothing is known of any.
	Trouble() settle.Code
	// Subscribe gives every screen, the present one first; the channel is closed for a
	// reader that falls behind. leave may be called twice.
	Subscribe() (screens <-chan counter.Screen, leave func())
}

// Ledger reads settlements and what became of them on their way to the platform.
type Ledger interface {
	// Entry gives one; the *settle.Refusal NO_SETTLEMENT if there is none.
	Entry(ctx context.Context, number string) (Entry, error)
	// Queued gives a settlement or a reversal; the *settle.Refusal NO_SETTLEMENT if the
	// number is neither's.
	Queued(ctx context.Context, number string) (Entry, error)
	// List gives at most f.Limit entries in the order of their numbers in the journal.
	List(ctx context.Context, f Filter) ([]Entry, error)
	// Void gives a reversal; the *settle.Refusal NO_VOID if there is none.
	Void(ctx context.Context, number string) (counter.Void, Entry, error)
	// Reprint keeps that the slip of a settlement or reversal is given out again, and tells
	// which copy it is, from 1; NO_SETTLEMENT if the number is neither's.
	Reprint(ctx context.Context, number string, by Grant) (copyNo int, err error)
	// Shift gives a shift, open or closed; the *settle.Refusal NO_SHIFT if there is none.
	Shift(ctx context.Context, number uint64) (counter.Shift, error)
	// CurrentShift gives the one that is open at a seat; NO_SHIFT if none is.
	CurrentShift(ctx context.Context, seat string) (counter.Shift, error)
	// Search gives settlements and reversals, the newest first.
	Search(ctx context.Context, s Search) ([]Entry, error)
	// Person gives the keyed hash of an id number.
	Person(idNumber settle.Private) string
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
	Blocked      UploadState = "blocked"      // of kept lines: waits until what they were kept of is taken back
	Voided       UploadState = "voided"       // reversed; of a void: the platform had nothing to take back
	Withdrawn    UploadState = "withdrawn"    // of a void: the platform took the settlement back
	SelfPaid     UploadState = "self_paid"    // the patient paid it whole and claims it: it never goes there
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
	At            time.Time  `json:"at,omitzero"`
	Pending       int        `json:"pending"`                 // settlements that wait for the platform
	Held          int        `json:"held"`                    // settlements that wait for a person
	OldestPending time.Time  `json:"oldest_pending,omitzero"` // when it was settled
	OldestHeld    time.Time  `json:"oldest_held,omitzero"`
	Exposed       settle.Fen `json:"exposed"`           // 统筹基金 paid out that the platform has not acknowledged
	Risk          *Risk      `json:"risk,omitempty"`    // limits of offline settling
	Notices       []string   `json:"notices"`           // what an operator should know, since the start
	Stopped       string     `json:"stopped,omitempty"` // why nothing more is written
}

// Kind tells entries apart.
type Kind string

// Kinds of entries.
const (
	Settlement Kind = "settlement"
	Void       Kind = "void"   // 撤销
	Refund     Kind = "refund" // 退费
)

// Entry is a settlement, or a reversal, with its upload.
type Entry struct {
	Settlement settle.Settlement // of a reversal: what it reverses
	Kind       Kind
	Number     string    // of the settlement or the reversal
	Void       string    // number of the void that reversed the settlement; "": none did
	From       string    // of kept lines: the settlement that they were kept of
	Back       Amounts   // of a reversal: what each source gets back
	At         time.Time // when it was journalled
	Shift      uint64    // that it was made in; 0: none was open
	Copies     int       // how often its slip was given out again
	State      UploadState
	Platform   *Amounts        // what the platform made of it, where that differs; nil: nothing differs
	Reason     *settle.Refusal // why it is held, differs or could not be sent; nil: nothing to say
	Attempts   int
	Next       time.Time // of the next attempt; zero: none is planned
	Deadline   time.Time // by which it must be at the platform; zero: none
	Done       time.Time // when the platform took it; zero: it has not, or that is not known
	Degraded   *Degraded // why it is, or was, not settled with the platform; nil: it was
}

// Degraded is why the platform was not there, as the daemon knows from what happened;
// nobody chooses it.
type Degraded struct {
	Code  settle.Code `json:"code"` // NETWORK_DOWN, PLATFORM_DOWN, PLATFORM_ACCESS, PLATFORM_UNKNOWN, POWER_LOST
	Phase string      `json:"phase" enum:"before,after" doc:"before or after the settlement had its number"`
}

// Risk is what is at risk, and its limits.
type Risk struct {
	Counter     Limit            `json:"counter"` // 统筹基金 granted here that the platform has not acknowledged
	Person      Bound            `json:"person"`  // of each person
	Account     Bound            `json:"account"` // drawn from each account
	WarnAge     string           `json:"warn_age"`
	MaxAge      string           `json:"max_age"`
	LossBorneBy string           `json:"loss_borne_by"` // who bears what the platform does not confirm
	Alerts      []counter.Notice `json:"alerts"`
}

// Bound is a soft and a hard limit.
type Bound struct {
	Warn  settle.Fen `json:"warn"`
	Limit settle.Fen `json:"limit"`
}

// Limit is one with what counts towards it now.
type Limit struct {
	At settle.Fen `json:"at"`
	Bound
}

// Amounts are who pays, or gets back, what.
type Amounts = counter.Amounts

// Uploads tells what happens to the queue.
type Uploads interface {
	// Subscribe gives every change from now on; the channel is closed for a reader that
	// falls behind. leave may be called twice.
	Subscribe() (changes <-chan UploadChange, leave func())
}

// UploadChange is a step of one settlement on its way to the platform.
type UploadChange struct {
	Number string          `json:"number"` // 结算单号
	State  UploadState     `json:"state" enum:"pending,unknown,acknowledged,differs,held,blocked,voided,withdrawn,self_paid"`
	Reason *settle.Refusal `json:"reason,omitempty"`
}

// Readiness tells whether the daemon can settle.
type Readiness interface {
	// Ready gives the reasons why not; none: it can. It answers within a second.
	Ready(ctx context.Context) []counter.Notice
	// Notices gives what an engineer has to look after, though it can settle.
	Notices(ctx context.Context) []counter.Notice
}

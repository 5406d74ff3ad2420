package counter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"settled/settle"
)

// Role is what a card reader is there for. It belongs to the reader, not to the
// card: the guardian's card in the guardian's reader is the consent.
type Role uint8

// Roles of readers.
const (
	Patient  Role = iota // 患者读卡器
	Guardian             // 监护人（共济付款人）读卡器
	roles
)

// String names the role as the API does.
func (r Role) String() string {
	if r == Guardian {
		return "guardian"
	}
	return "patient"
}

// Chinese names the role for a sentence on the screen.
func (r Role) Chinese() string {
	if r == Guardian {
		return "监护人"
	}
	return "患者"
}

// Card is what a social-security card says of its holder.
type Card struct {
	Who    settle.Identity // PersonNo is empty; CardCode (卡识别码) is always there
	Locked bool            // card good, personal data locked: only card number and code are known
}

// Cards reads the card that lies in the reader of a role.
type Cards interface {
	// Read reads the card's data, connecting afresh. It ends soon after ctx does. A
	// *settle.Refusal is shown as it is; any other error is a failed read. It never
	// returns a mixture of two cards.
	Read(ctx context.Context, role Role) (Card, error)
	// Check reads the 卡识别码 again and returns nil only if it is still cardCode. A
	// *settle.Refusal (CARD_CHANGED, NO_CARD, …) is shown as it is; on any error the
	// card counts as not the same.
	Check(ctx context.Context, role Role, cardCode settle.Private) error
}

// Rulebook knows the policy.
type Rulebook interface {
	// On gives the rules of a day, the same for the same day until the policy is
	// loaded anew. It is never nil; values that are not known are refused by
	// settle.Compute.
	On(day settle.Date) *settle.Rules
}

// Catalogue knows drugs and services (医保目录).
type Catalogue interface {
	// Complete gives the bill with what its lines leave open, for a person of a kind of
	// insurance (险种类型, "390"), and the digest of the catalogue that did it; "" and
	// the bill as it was if there is none. A *settle.Refusal names the line that is not
	// in the catalogue or states something else.
	Complete(bill settle.Bill, insurance string) (full settle.Bill, digest string, err error)
}

// Platform is the national platform's knowledge of persons.
type Platform interface {
	// Identify asks who holds the card and what decides the benefits (1101, 2001,
	// 5302, 5206). The answer has Who complete, with IDNumber. Errors:
	// *settle.Refusal, a business refusal: the platform says no, and that counts;
	// *Down, it could not be asked or its answer cannot be used: the session goes on
	// with what was last known. Any other error counts as Down with PLATFORM_DOWN.
	Identify(ctx context.Context, who settle.Identity) (settle.Entitlement, error)
	// Trouble is the reason of the degraded mode as far as is known now, from whatever
	// was sent last; "": the last contact went well, or there was none yet.
	Trouble() settle.Code
}

// Form knows what the platform's messages can hold.
type Form interface {
	// Fits refuses a settlement that could not be told to the platform, because
	// something is missing, too long, or of a kind that it has no message for.
	Fits(s settle.Settlement) error
}

// Down says that the platform could not be asked, and what the evidence was. It is
// never the platform's no.
type Down struct {
	Reason settle.Code // PLATFORM_DOWN, PLATFORM_ACCESS, PLATFORM_UNKNOWN: the reason of the degraded mode
	Err    error
}

// Error implements error.
func (d *Down) Error() string { return fmt.Sprintf("%s: %v", d.Reason, d.Err) }

// Unwrap gives the evidence.
func (d *Down) Unwrap() error { return d.Err }

// People is what is known here of persons.
type People interface {
	// Person gives the keyed hash by which a person is kept.
	Person(idNumber settle.Private) string
	// Lot draws a number by a key: uniform, always the same for the same key, and not to be
	// told beforehand by anyone who has not the journal's key.
	Lot(key string) uint32
	// Learn keeps what the platform just said; Entitlement.Person is set. On an error
	// nothing was kept.
	Learn(ctx context.Context, e settle.Entitlement) error
	// LastKnown gives the newest that was learned of the holder, by IDNumber or, where
	// that is locked in the card, by CardNumber. ok is false if there is none.
	LastKnown(ctx context.Context, who settle.Identity) (e settle.Entitlement, ok bool, err error)
}

// Position is what counts for a person's next settlement.
type Position struct {
	Usage   settle.Usage           // the platform's number plus what the journal added since
	Told    bool                   // the platform has said how much of the period's limit is used
	Own     *settle.Account        // the person's own account, less what the journal drew; nil: none
	Family  []settle.FamilyAccount // all filed links' accounts in drawing order, less what the journal drew; ID is the donor
	Version uint64                 // of all of this; another Version means that something changed
}

// Commit is what the book is asked to make durable.
type Commit struct {
	Settlement settle.Settlement // Number is empty: the book gives it
	Content    string            // digest of person and bill, see [Quote.ID]: what the key is bound to
	Version    uint64            // of the Position that the split was computed from
	By         string            // operator
}

// ErrStale says that the position is no longer the one of Commit.Version. Nothing
// was written.
var ErrStale = errors.New("the position changed since the quote")

// Book is the queue with its journal: the record of truth.
type Book interface {
	// Position reads what counts for a person in a limit period (Rules.Period).
	Position(ctx context.Context, person, period string) (Position, error)
	// Settle returns after the settlement is durable, with its Number. The same key
	// with the same content gives the first settlement and replayed, with other content
	// the *settle.Refusal IDEMPOTENCY_CONFLICT. After ErrStale or a *settle.Refusal
	// nothing was written; after any other error it is not known whether it was.
	Settle(ctx context.Context, c Commit) (s settle.Settlement, replayed bool, err error)
	// Draft does ahead what Settle needs of c and nobody should wait for, and writes
	// nothing. What it returns is Settle of c, to be called never or as often as wanted; nil
	// if it cannot: then Settle says why.
	Draft(c Commit) func(ctx context.Context) (s settle.Settlement, replayed bool, err error)
	// Replay gives the settlement that a key made; found is false if it made none. Other
	// content is the *settle.Refusal IDEMPOTENCY_CONFLICT. It writes nothing. Any other
	// error means that the book cannot tell now.
	Replay(ctx context.Context, key, content string) (s settle.Settlement, found bool, err error)
}

// Links keeps the filed links of 家庭共济.
type Links interface {
	// Link files a link; by is the operator. On a *settle.Refusal nothing was written.
	Link(ctx context.Context, l settle.Link, by string) error
	// EndLink files the last day of one of 家庭共济. On a *settle.Refusal nothing was written.
	EndLink(ctx context.Context, beneficiary, donor string, last settle.Date, by string) error
}

// Exposure is what is at risk because the platform did not confirm it yet.
type Exposure interface {
	// OfPerson is the fund's money that was granted to a person and that the platform
	// has not acknowledged, settled online or not.
	OfPerson(ctx context.Context, person string) (settle.Fen, error)
	// OfAccount is what was drawn from a person's account, by the person or a relative, and
	// that the platform has not acknowledged.
	OfAccount(ctx context.Context, person string) (settle.Fen, error)
	// OfCounter is what OfPerson is, of this counter.
	OfCounter(ctx context.Context) (settle.Fen, error)
}

// Printer prints slips.
type Printer interface {
	// Print returns when the slip is out. After a *Kept it comes out by itself later, and
	// [Session.Printed] is told. Any other error leaves undecided whether paper came out;
	// what it tells of stands in any case.
	Print(ctx context.Context, p Paper) error
	// Trouble is why a slip would not come out now, or soon, as far as is known: a PRINTER_
	// code of this package; "": nothing is. It asks nothing.
	Trouble() settle.Code
}

// Kept says that a slip is not out yet, and that the printer keeps it until it is.
type Kept struct {
	Why settle.Code // as of Printer.Trouble; "": others are before it, or it is slow
	Err error
}

// Error implements error.
func (k *Kept) Error() string { return fmt.Sprintf("kept: %v", k.Err) }

// Unwrap gives the printer's own words.
func (k *Kept) Unwrap() error { return k.Err }

// Clock tells the time. What it says is shown and compared, never trusted alone.
type Clock func() time.Time

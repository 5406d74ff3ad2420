package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"settled/queue/journal"
)

// Kinds of entries.
const (
	kindOwner      = "owner"      // the first: whose journal this is
	kindKnown      = "known"      // what the platform said of a person
	kindLink       = "link"       // an account may pay for a person
	kindSettlement = "settlement" // a split that was confirmed
	kindSelfPaid   = "self_paid"  // a bill that the patient paid whole, to claim it later
	kindIDs        = "ids"        // message ids reserved
	kindRequest    = "request"    // a message to the platform, before it is sent
	kindAnswer     = "answer"     // what came of it
	kindAck        = "ack"        // the platform has the settlement
	kindDifference = "difference" // and its amounts differ from the split
	kindSquared    = "squared"    // which was collected, given back or written off
	kindHeld       = "held"       // taken out of the outbox, for a person to look at
	kindRelease    = "release"    // put back into it
	kindRepair     = "repair"     // a person mended what the platform is told
	kindRestore    = "restore"    // what follows was written by a copy, from a backup
	kindKey        = "key"        // what follows is sealed with another key
	kindArchive    = "archive"    // entries were copied to an archive
	kindVoid       = "void"       // a settlement was reversed whole
	kindRefund     = "refund"     // a settlement was reversed, and what is kept of it settled anew
	kindUndone     = "undone"     // the platform has nothing of a reversed settlement any more
	kindLinkEnd    = "link_end"   // an account may no longer pay for a person
	kindShiftOpen  = "shift_open"
	kindShiftClose = "shift_close"
	kindRules      = "rules"       // a set of rules became active
	kindNote       = "note"        // something that people should know later
	kindReconcile  = "reconcile"   // the books of a day were held against the platform's
	kindChoice     = "choice"      // a family selected an institution
	kindChoiceUndo = "choice_undo" // and wants that back
	kindChoiceSent = "choice_sent" // a message to the platform about it, before it is sent
	kindChoiceEnd  = "choice_end"  // what became of it there
)

// By is who did it, and where.
type By struct {
	Operator string // 操作员编号
	Device   string // seat
	// Second is who stood for it as well (二人复核), another person; "": nobody. Void, refund,
	// release and repair keep it.
	Second string
}

// another refuses a second person who is the first, or whose name is none.
func another(second, first string) error {
	if second == "" {
		return nil
	}
	if second == first {
		return errors.New("the second person is the first")
	}
	if len(second) > 128 || strings.ContainsFunc(second, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == 0x7f }) {
		return errors.New("the second person's name is too long, or none")
	}
	return nil
}

// event is the public body of an entry and what it does to the state. reduce is the
// only way in which the state changes, live and in replay; an error of it is a fault,
// never a refusal.
type event interface {
	row
	reduce(v *view, e journal.Entry) error
}

// decode reads the event of an entry.
func decode(e journal.Entry) (event, error) {
	switch e.Kind {
	case kindOwner:
		return body[ownerRow](e)
	case kindKnown:
		return body[known](e)
	case kindLink:
		return body[linked](e)
	case kindSettlement:
		return body[settled](e)
	case kindSelfPaid:
		return body[selfPaid](e)
	case kindIDs:
		return body[reserved](e)
	case kindRestore:
		return body[restored](e)
	case kindKey:
		return body[rekeyed](e)
	case kindArchive:
		return body[archived](e)
	case kindVoid:
		return body[voided](e)
	case kindRefund:
		return body[refunded](e)
	case kindLinkEnd:
		return body[unlinked](e)
	case kindShiftOpen:
		return body[shiftOpened](e)
	case kindShiftClose:
		return body[shiftClosed](e)
	case kindRules:
		return body[activated](e)
	case kindNote:
		return body[noted](e)
	case kindReconcile:
		return body[reconciled](e)
	case kindChoice:
		return body[chosen](e)
	case kindChoiceUndo:
		return body[unchosen](e)
	case kindChoiceSent:
		return body[choiceSent](e)
	case kindChoiceEnd:
		return body[choiceEnded](e)
	}
	return decodeOutcome(e)
}

// decodeOutcome reads the event of an entry about one settlement or void on its way.
func decodeOutcome(e journal.Entry) (event, error) {
	switch e.Kind {
	case kindRequest:
		return body[requested](e)
	case kindAnswer:
		return body[answered](e)
	case kindAck:
		return body[acked](e)
	case kindDifference:
		return body[Difference](e)
	case kindSquared:
		return body[squared](e)
	case kindHeld:
		return body[held](e)
	case kindRelease:
		return body[released](e)
	case kindRepair:
		return body[repaired](e)
	case kindUndone:
		return body[undone](e)
	}
	return nil, fmt.Errorf("queue: entry %d is of kind %q: a newer version of the program wrote it", e.N, e.Kind)
}

func body[T event](e journal.Entry) (event, error) {
	var ev T
	if err := json.Unmarshal(skimmed(e.Body), &ev); err != nil {
		return nil, fmt.Errorf("queue: entry %d (%s): %w", e.N, e.Kind, err)
	}
	if err := ev.check(); err != nil {
		return nil, fmt.Errorf("queue: entry %d (%s): %w", e.N, e.Kind, err)
	}
	return ev, nil
}

// skimmed is a body without a split's lines and steps, where it has them as [settlementBody]
// encodes them: most of what is replayed, and no event looks at them. In JSON none of the
// marks can stand within a text, whose quotes are escaped.
func skimmed(body []byte) []byte {
	_, rest, _ := bytes.Cut(body, []byte(`,"mutual_by_account":`))
	from := bytes.Index(rest, []byte(`,"items":[`))
	to := bytes.LastIndex(rest, []byte(`],"usage_after":{`))
	if from < 0 || to < from {
		return body
	}
	return slices.Concat(body[:len(body)-len(rest)+from], rest[to+1:])
}

// replay brings an entry of the journal into the state.
func replay(v *view, e journal.Entry) error {
	ev, err := decode(e)
	if err != nil {
		return err
	}
	if err := ev.reduce(v, e); err != nil {
		return fmt.Errorf("queue: entry %d (%s): %w", e.N, e.Kind, err)
	}
	return nil
}

// ownerRow is the first entry's body: a journal with another owner is refused.
type ownerRow struct {
	Format      int    `json:"format"` // of the entries; 1
	Institution string `json:"institution"`
	Counter     string `json:"counter"`
	KeyMark     string `json:"key_mark"` // tells whether a key is the right one
}

// format is the version of the bodies that this program writes.
const format = 1

func (o ownerRow) check() error {
	if o.Format != format {
		return fmt.Errorf("format %d, this program knows %d", o.Format, format)
	}
	if len(o.Institution) != 12 || len(o.Counter) != 2 || o.KeyMark == "" {
		return errors.New("owner is incomplete")
	}
	return nil
}

func (o ownerRow) reduce(v *view, e journal.Entry) error {
	if e.N != 1 {
		return errors.New("only the first entry names the owner")
	}
	return put(v, owners, one, o)
}

// totalsRow counts what waits.
type totalsRow struct {
	Pending int `json:"pending"`
	Held    int `json:"held"`
	Exposed fen `json:"exposed"` // Σ fund of settlements not acknowledged
}

func (t totalsRow) check() error {
	if t.Pending < 0 || t.Held < 0 || t.Exposed < 0 {
		return fmt.Errorf("negative totals %+v", t)
	}
	return nil
}

// waitRow is a settlement or a void that waits for the platform, or for a clerk.
type waitRow struct {
	Number string `json:"number"`
	At     int64  `json:"at"` // Unix milliseconds
	Void   bool   `json:"void,omitempty"`
}

func (w waitRow) check() error { return checkNumber(w.Number) }

// keyRow is what an idempotency key was used for: a settlement or a void. It is never
// deleted, since as long as a settlement can be reversed a repeated call must find it.
type keyRow struct {
	Number string `json:"number"`
	Digest string `json:"digest"`
}

func (k keyRow) check() error { return checkNumber(k.Number) }

// cardRow says whose card it is.
type cardRow struct {
	Person string `json:"person"`
}

func (c cardRow) check() error { return checkHash(c.Person) }

func checkHash(s string) error {
	if len(s) != hashLen || strings.Trim(s, "0123456789abcdef") != "" {
		return fmt.Errorf("%q is not a person's keyed hash", clip(s))
	}
	return nil
}

// clip keeps an error text short, and no more of what may be personal data in it
// than tells what kind of thing it is.
func clip(s string) string {
	if len(s) > 4 {
		return s[:4] + "…"
	}
	return s
}

func millis(t time.Time) int64 { return t.UnixMilli() }

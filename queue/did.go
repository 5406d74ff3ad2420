package queue

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// Did is an entry of the journal that people made.
type Did struct {
	Entry  uint64
	At     time.Time
	Kind   string // of the entry; of a note what it is about
	Number string // of the settlement or reversal; "": it is about none
	Act           // as far as the entry has it; Of may also be a settlement's number
}

// Did gives what people did on a day, in order: what they settled, gave back, filed, put
// aside and back, and what notes tell. What the daemon does by itself is left out. Days
// that are archived are refused.
func (q *Queue) Did(day settle.Date, fn func(Did) error) error {
	stub, err := journal.ReadStub(q.file(journalDir))
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	if stub.N > 0 && dateOf(stub.At) >= day {
		return &settle.Refusal{
			Code: CodeArchived, Field: "day", Cashier: "该日的账本已归档，这里看不到；请查归档文件。",
			Technician: fmt.Sprintf("entries of %s are in an archive, which ends on %s", day, dateOf(stub.At)),
		}
	}
	midnight := time.Date(day.Year(), time.Month(day.Month()), day.Day(), 0, 0, 0, 0, zone())
	return q.journal.Day(midnight, func(e journal.Entry) error {
		if !byPeople(e.Kind) {
			return nil
		}
		ev, err := decode(e)
		if err != nil {
			return err
		}
		d := Did{Entry: e.N, At: e.At, Kind: e.Kind, Act: Act{By: By{Operator: e.Operator, Device: e.Device}}}
		if !d.tell(ev) {
			return nil
		}
		if e.Kind == kindNote && len(e.Seal) > 0 {
			var why reason
			if err := q.vault.openJSON(kindNote, e.Seal, &why); err != nil {
				return err
			}
			d.Text = why.Why
		}
		return fn(d)
	})
}

// byPeople tells whether people make entries of a kind.
func byPeople(kind string) bool {
	switch kind {
	case kindSettlement, kindSelfPaid, kindVoid, kindRefund, kindLink, kindLinkEnd, kindChoice, kindChoiceUndo,
		kindShiftOpen, kindShiftClose, kindRules, kindNote, kindReconcile, kindHeld, kindRelease, kindRepair, kindSquared:
		return true
	}
	return false
}

// tell takes from an event what it says in clear; false: the daemon made it.
func (d *Did) tell(ev event) bool {
	switch ev := ev.(type) {
	case settled:
		d.Number = ev.Settlement.Number
	case selfPaid:
		d.Number = ev.Settlement.Number
	case voided:
		d.Number, d.Of, d.By.Second = ev.Number, ev.Of, ev.Second
	case refunded:
		d.Number, d.Of, d.By.Second = ev.Number, ev.Of, ev.Second
	case linked:
		d.Person = ev.Link.Beneficiary
	case unlinked:
		d.Person = ev.Beneficiary
	case chosen:
		d.Person, d.What = ev.Person, ev.Place.Name
	case shiftOpened:
		d.What = strconv.FormatUint(d.Entry, 10)
	case shiftClosed:
		d.What = strconv.FormatUint(ev.Shift, 10)
	case activated:
		if d.Of, d.What = ev.Staged, ev.Digest; ev.Staged == "" {
			d.By.Operator = "" // nobody approved them: the daemon found other files
		}
	case reconciled:
		d.What = ev.Day.String()
	case held:
		d.Number = ev.Number
		return ev.Code == settle.UploadHeld
	case released:
		d.Number, d.By.Second = ev.Number, ev.Second
	case squared:
		d.Number, d.What = ev.Number, ev.How+" "+ev.Cash.String()
	case repaired:
		d.Number, d.What, d.By.Second = ev.Number, strings.Join(ev.Fields, ","), ev.Second
	case noted:
		d.Kind, d.Number = ev.About, ev.Number
		d.Of, d.Role, d.Person, d.Refused, d.What = ev.Of, ev.Role, ev.Person, ev.Refused, ev.What
		if ev.Copy > 0 {
			d.What = strconv.Itoa(ev.Copy)
		}
	}
	return true
}

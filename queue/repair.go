package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"settled/queue/journal"
)

// Repair is what a person changed of what the platform is told of a held settlement. The
// settlement itself stays as it was written: what was taken from the patient, and why, is
// not the platform's to be mended.
type Repair struct {
	Number string
	Set    map[string]string // new values by field, as package nhsa names them; sealed
	Why    string            // sealed
	By     By
	At     time.Time // when it was written
	Entry  uint64    // its number in the journal
}

// repaired is the body of a "repair" entry. The fields' values are sealed: they may be a
// diagnosis.
type repaired struct {
	Number string   `json:"number"`
	Fields []string `json:"fields"`
	Digest string   `json:"digest"` // keyed, of the values
	Second string   `json:"second,omitempty"`
}

// repairSeal is its sealed part.
type repairSeal struct {
	Set map[string]string `json:"set"`
	Why string            `json:"why,omitempty"`
}

const (
	mostRepairs = 32  // of one settlement
	mostFields  = 200 // of one repair
	mostValue   = 500 // bytes of a value
)

func (r repaired) check() error {
	if len(r.Fields) == 0 || len(r.Fields) > mostFields || !slices.IsSorted(r.Fields) || len(r.Digest) != hashLen {
		return errors.New("repair without fields in order, or without their digest")
	}
	for _, f := range r.Fields {
		if f == "" || len(f) > 64 {
			return errors.New("field of a repair without a name, or with one that is too long")
		}
	}
	return checkNumber(r.Number)
}

func (r repaired) reduce(v *view, e journal.Entry) error {
	if err := another(r.Second, e.Operator); err != nil {
		return err
	}
	return change(v, r.Number, func(row *settlementRow) error {
		row.Repairs, row.Repaired = append(slices.Clone(row.Repairs), e.Loc), r.Digest
		return nil
	})
}

// Repair keeps a repair of a held settlement and puts it back into the outbox, both in one
// batch. The same repair as the last one is not written again: of a settlement that is held
// still it only releases it, and of one that went on it does nothing, so that a call whose
// answer was lost may be repeated. A settlement that is not held, or that was reversed, is
// refused ([CodeState]).
func (q *Queue) Repair(ctx context.Context, r Repair) error {
	values, err := json.Marshal(r.Set) // of a map: in the order of its keys
	if err != nil {
		return malformed("set", "%v", err)
	}
	ev := repaired{Number: r.Number, Fields: slices.Sorted(maps.Keys(r.Set)), Digest: q.vault.keyed("repair", fmt.Sprintf("%x", values)), Second: r.By.Second}
	if err := errors.Join(ev.check(), another(r.By.Second, r.By.Operator)); err != nil {
		return malformed("set", "%v", err)
	}
	for name, value := range r.Set {
		if len(value) > mostValue {
			return malformed("set", "the value of %s has %d bytes", name, len(value))
		}
	}
	sealed, err := q.vault.sealJSON(kindRepair, repairSeal{Set: r.Set, Why: cutText(r.Why)})
	if err != nil {
		return err
	}
	release, err := q.vault.sealJSON(kindRelease, reason{Why: cutText(r.Why)})
	if err != nil {
		return err
	}
	return q.do(ctx, func(t *turn) error {
		row, ok, err := get(t.view, settlements, r.Number)
		switch again := row.Repaired == ev.Digest; {
		case err != nil:
			return err
		case !ok || row.Of != "":
			return noSettlement(r.Number)
		case again && row.State != OnHold && row.Void == "":
			return nil
		case row.State != OnHold:
			return wrongState(r.Number, row.State, string(OnHold))
		case len(row.Repairs) >= mostRepairs && !again:
			return malformed("set", "it was repaired %d times", len(row.Repairs))
		case !again:
			if err := t.add(kindRepair, ev, nil, sealed, r.By); err != nil {
				return err
			}
		}
		return t.add(kindRelease, released{Number: r.Number, Second: r.By.Second}, nil, release, r.By)
	})
}

// repairs reads the repairs of a settlement, the oldest first.
func (q *Queue) repairs(row *settlementRow) ([]Repair, error) {
	var list []Repair
	for _, loc := range row.Repairs {
		var body repaired
		e, err := q.entry(loc, &body)
		if err != nil {
			return nil, err
		}
		var seal repairSeal
		if err := q.vault.openJSON(kindRepair, e.Seal, &seal); err != nil {
			return nil, fmt.Errorf("queue: entry %d: %w", e.N, err)
		}
		list = append(list, Repair{
			Number: body.Number, Set: seal.Set, Why: seal.Why, By: By{Operator: e.Operator, Device: e.Device, Second: body.Second}, At: e.At, Entry: e.N,
		})
	}
	return list, nil
}

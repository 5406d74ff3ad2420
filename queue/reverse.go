package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"settled/settle"
)

// Reversal asks for a settlement to be reversed: whole (撤销, F-1), or by line (退费,
// F-2), which is the same with the lines that are kept settled anew.
type Reversal struct {
	Number        string             // of the settlement
	Key           string             // idempotency key of the reversal
	ContentDigest string             // digest of what the client asked for under the key
	Kept          *settle.Settlement // nil: whole; else computed at the original's rules and position; without Number and Key
	Keep          []int              // lines of the bill that Kept has, from 1, ascending
	Reason        string             // why; sealed
	By            By
}

// Reverse reverses a settlement, whole or by line, and returns when that is durable, as
// one line of the journal: a refund and what is kept are both there or neither. What the
// settlement used of limits and accounts is given back at once; the platform is told by
// the outbox, where the void is an item of its own if the platform may know of the
// settlement ([Queue.Undo]). What is kept goes out only when that is through.
//
// A settlement is reversed once; what was kept of it can be reversed again. A key that
// was used before for the same content gives the first void, replayed; for another it is
// refused ([CodeConflict]). A second reversal is refused (settle.AlreadyVoided), and so is
// a kept part that costs a source more than the whole did ([CodeKept]). After [ErrUnknown]
// the same call on the queue opened again tells.
func (q *Queue) Reverse(ctx context.Context, r Reversal) (void Void, replayed bool, err error) {
	d, err := q.draft(r)
	if err != nil {
		return Void{}, false, err
	}
	number := ""
	err = q.do(ctx, func(t *turn) error {
		k, ok, err := get(t.view, keys, r.Key)
		if err != nil {
			return err
		}
		if ok {
			number, replayed = k.Number, true
			return t.sameVoid(k, r)
		}
		if number, err = t.number(0); err != nil {
			return err
		}
		return t.reverse(d, number, r.By)
	})
	if err != nil {
		return Void{}, false, err
	}
	void, err = q.Void(number)
	return void, replayed, err
}

// draft is a reversal as far as it is made before its turn: encoded and sealed, with
// blanks for the numbers.
type draft struct {
	void   voided
	refund *refunded // nil: whole
	rules  string    // of what is kept
	body   []byte    // of a refund
	seal   []byte
}

// refundBody is the whole body of a "refund" entry; [refunded] is the part that the
// state needs.
type refundBody struct {
	voided
	Back       Amounts           `json:"back"`
	Keep       []int             `json:"keep,omitempty"`
	Settlement settle.Settlement `json:"settlement"`
}

// voidSeal is the sealed part of a "void" entry.
type voidSeal struct {
	Reason string `json:"reason"`
}

// refundSeal is the sealed part of a "refund" entry.
type refundSeal struct {
	voidSeal
	settlementSeal
}

// draft checks a reversal against the settlement, which never changes, and encodes it.
func (q *Queue) draft(r Reversal) (draft, error) {
	row, err := q.row(r.Number)
	if err != nil {
		return draft{}, err
	}
	if row.Of != "" {
		return draft{}, isVoid(r.Number, row.Of)
	}
	d := draft{void: voided{Number: numberBlank, Of: r.Number, Key: r.Key, Digest: r.ContentDigest, Returned: row.Amounts, Second: r.By.Second}}
	if err := errors.Join(d.void.check(), another(r.By.Second, r.By.Operator)); err != nil {
		return draft{}, malformed("reversal", "%v", err)
	}
	e, err := q.line(row.Loc) // of a whole reversal too: what is archived away can't be told of
	if err != nil {
		return draft{}, err
	}
	reason := voidSeal{Reason: cutText(r.Reason)}
	if r.Kept != nil && row.State == SelfPaid {
		return draft{}, keptMisfit("%s was paid by the patient whole: it can only be reversed whole", r.Number)
	}
	if r.Kept == nil {
		d.seal, err = q.vault.sealJSON(kindVoid, reason)
		return d, err
	}
	var b settlementBody
	if err := json.Unmarshal(e.Body, &b); err != nil {
		return draft{}, fmt.Errorf("queue: entry %d: %w", e.N, err)
	}
	err = q.draftKept(&d, &b.Settlement, r, reason)
	return d, err
}

// draftKept adds what is kept.
func (q *Queue) draftKept(d *draft, of *settle.Settlement, r Reversal, reason voidSeal) error {
	s := *r.Kept
	s.Number, s.Key, s.Operator, s.Device = numberBlank, r.Key, r.By.Operator, r.By.Device
	d.rules = s.Rules
	d.refund = &refunded{voided: d.void, Back: d.void.Returned.less(amountsOf(&s.Split)), Keep: r.Keep, Settlement: outlineOf(&s)}
	if err := d.refund.check(); err != nil {
		return keptMisfit("%v", err)
	}
	whole := outlineOf(of)
	if err := d.refund.Settlement.within(&whole); err != nil {
		return keptMisfit("%v", err)
	}
	if s.Rules != of.Rules {
		return keptMisfit("kept lines settled by rules %s, the whole by %s", settle.Clip(s.Rules), of.Rules)
	}
	public, private := apart(s)
	var err error
	if d.body, err = json.Marshal(refundBody{voided: d.void, Back: d.refund.Back, Keep: d.refund.Keep, Settlement: public}); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	d.seal, err = q.vault.sealJSON(kindRefund, refundSeal{voidSeal: reason, settlementSeal: private})
	return err
}

// less is a without b.
func (a Amounts) less(b Amounts) Amounts {
	return Amounts{
		Total: a.Total - b.Total, Fund: a.Fund - b.Fund, Own: a.Own - b.Own, Family: a.Family - b.Family, Cash: a.Cash - b.Cash,
	}
}

// within tells whether o can be what is kept of the whole: of the same person and
// position, and no more of the limit or of any account (F-2, F-3).
func (o *outline) within(whole *outline) error {
	if o.Person != whole.Person || o.Period != whole.Period || o.Usage != whole.Usage {
		return errors.New("kept lines are of another person or position than the whole")
	}
	if o.Bill.Visit != whole.Bill.Visit {
		return errors.New("kept lines are of another institution's level than the whole")
	}
	if used, most := o.use(), whole.use(); used.Ordinary > most.Ordinary || used.OrdinaryLevel2 > most.OrdinaryLevel2 {
		return errors.New("kept lines use more of the limit than the whole")
	}
	most := map[string]settle.Fen{}
	for _, p := range whole.family() {
		most[p.Account] = p.Amount
	}
	for _, p := range o.family() {
		if p.Amount > most[p.Account] {
			return fmt.Errorf("kept lines draw %s of a relative's account, the whole %s", p.Amount, most[p.Account])
		}
	}
	return nil
}

// sameVoid refuses a key that was used for something else.
func (t *turn) sameVoid(k keyRow, r Reversal) error {
	row, _, err := get(t.view, settlements, k.Number)
	if err != nil {
		return err
	}
	switch {
	case row.Of != r.Number:
		return conflict(k.Number)
	case k.Digest != r.ContentDigest:
		no := settle.AlreadyReversed(row.Of, k.Number, row.Kept)
		no.Code, no.Field = CodeConflict, "key"
		return no
	}
	return nil
}

// reverse writes the void's entry under its number.
func (t *turn) reverse(d draft, number string, by By) error {
	row, _, err := get(t.view, settlements, d.void.Of)
	if err != nil {
		return err
	}
	if row.Void != "" {
		void, _, err := get(t.view, settlements, row.Void)
		if err != nil {
			return err
		}
		return settle.AlreadyReversed(d.void.Of, row.Void, void.Kept)
	}
	if d.refund == nil {
		d.void.Number = number
		return t.add(kindVoid, d.void, nil, d.seal, by)
	}
	ev := *d.refund
	ev.Number = number
	if ev.Settlement.Number, err = t.number(1); err != nil {
		return err
	}
	body, err := numbered(bytes.Replace(d.body, []byte(numberBlank), []byte(number), 1), ev.Settlement.Number)
	if err != nil {
		return err
	}
	t.rules = d.rules
	return t.add(kindRefund, ev, body, d.seal, by)
}

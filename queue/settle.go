package queue

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"settled/queue/journal"
	"settled/settle"
)

// Commit is a settlement to be written.
type Commit struct {
	Settlement    settle.Settlement // without Number; Key, Person and Period are needed
	ContentDigest string            // digest of what the client asked for under the key
	Version       uint64            // of the [Position] that the split was computed from
	By            By
}

// settlementSeal is the sealed part of a "settlement" entry: who it was, and what for.
type settlementSeal struct {
	Who      clearIdentity `json:"who"`
	Guardian clearIdentity `json:"guardian"`
	Chart    settle.Chart  `json:"chart"`
	Lines    []settle.Line `json:"lines"` // of the bill
	Names    []string      `json:"names"` // of the split's lines
	// Holders are the masked names of the family accounts' holders, by account.
	Holders map[string]string `json:"holders,omitempty"`
}

// apart takes what is sealed out of a settlement.
func apart(s settle.Settlement) (settle.Settlement, settlementSeal) {
	seal := settlementSeal{Who: bare(s.Who), Guardian: bare(s.Guardian), Chart: s.Chart, Lines: s.Bill.Lines}
	s.Who, s.Guardian = settle.Identity{}, settle.Identity{}
	s.Chart, s.Bill.Lines = settle.Chart{}, nil
	s.Split.Lines = slices.Clone(s.Split.Lines)
	for i := range s.Split.Lines {
		seal.Names = append(seal.Names, s.Split.Lines[i].Name)
		s.Split.Lines[i].Name = ""
	}
	seal.Holders = map[string]string{}
	s.Insured.Family = slices.Clone(s.Insured.Family)
	for i := range s.Insured.Family {
		take(seal.Holders, s.Insured.Family[i].ID, &s.Insured.Family[i].Holder)
	}
	if slices.ContainsFunc(s.Split.Steps, func(s settle.Step) bool { return s.Holder != "" }) {
		s.Split.Steps = slices.Clone(s.Split.Steps)
	}
	for i := range s.Split.Steps {
		take(seal.Holders, s.Split.Steps[i].Account, &s.Split.Steps[i].Holder)
	}
	return s, seal
}

// take moves a holder's name into the sealed part.
func take(holders map[string]string, account string, holder *string) {
	if *holder != "" {
		holders[account], *holder = *holder, ""
	}
}

// back puts it in again.
func (p *settlementSeal) back(s *settle.Settlement) error {
	if len(p.Names) != len(s.Split.Lines) {
		return fmt.Errorf("%d names for the %d lines of the split", len(p.Names), len(s.Split.Lines))
	}
	s.Who, s.Guardian, s.Chart, s.Bill.Lines = p.Who.identity(), p.Guardian.identity(), p.Chart, p.Lines
	for i, name := range p.Names {
		s.Split.Lines[i].Name = name
	}
	for i := range s.Insured.Family {
		s.Insured.Family[i].Holder = cmp.Or(s.Insured.Family[i].Holder, p.Holders[s.Insured.Family[i].ID])
	}
	for i := range s.Split.Steps {
		if account := s.Split.Steps[i].Account; account != "" {
			s.Split.Steps[i].Holder = cmp.Or(s.Split.Steps[i].Holder, p.Holders[account])
		}
	}
	return nil
}

// settlementBody is the whole body of a "settlement" entry; [settled] is the part
// that the state needs.
type settlementBody struct {
	Digest     string            `json:"digest"`
	Settlement settle.Settlement `json:"settlement"`
}

// Draft is a settlement that is encoded and sealed: most of what it costs, done before
// anybody waits for it.
type Draft struct {
	queue   *Queue
	commit  Commit
	kind    string
	outline settled
	body    []byte // with a blank for the number
	sealed  []byte
}

// Draft does ahead what [Queue.Settle] does before the writer's turn. It writes nothing,
// and may be dropped.
func (q *Queue) Draft(c Commit) (*Draft, error) {
	s := &c.Settlement
	s.Operator, s.Device = c.By.Operator, c.By.Device
	s.Number = numberBlank
	d := &Draft{queue: q, commit: c, kind: kindSettlement, outline: settled{Digest: c.ContentDigest, Settlement: outlineOf(s)}}
	if err := d.outline.check(); err != nil {
		return nil, malformed("settlement", "%v", err)
	}
	public, private := apart(*s)
	d.body = (&settlementBody{Digest: c.ContentDigest, Settlement: public}).encode()
	if s.SelfPaid != nil {
		d.kind = kindSelfPaid
	}
	buffer, _ := q.vault.plains.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	defer q.vault.plains.Put(buffer)
	plain, err := private.appendJSON((*buffer)[:0])
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	*buffer = plain
	d.sealed, err = q.vault.seal(d.kind, plain)
	return d, err
}

// Settle writes a settlement and returns it with its number once it is durable. A key
// that was used before for the same content gives the first settlement, replayed; for
// another content it is refused ([CodeConflict]), and so is one whose settlement was
// reversed ([CodeReversed]). If what the split was computed from
// has changed since, nothing is written ([ErrStale]). After [ErrUnknown] the same call
// on the queue opened again tells.
func (q *Queue) Settle(ctx context.Context, c Commit) (s settle.Settlement, replayed bool, err error) {
	d, err := q.Draft(c)
	if err != nil {
		return settle.Settlement{}, false, err
	}
	return d.Settle(ctx)
}

// Settle is [Queue.Settle] of what was drafted. It may be called again.
func (d *Draft) Settle(ctx context.Context) (s settle.Settlement, replayed bool, err error) {
	s = d.commit.Settlement
	var first keyRow
	err = d.queue.do(ctx, func(t *turn) (err error) {
		if first, replayed, err = t.replayed(&d.outline); err != nil || replayed {
			return err
		}
		s.Number, err = d.write(t)
		return err
	})
	switch {
	case err != nil:
		return settle.Settlement{}, false, err
	case replayed:
		rec, err := d.queue.Get(first.Number)
		return rec.Settlement, true, err
	}
	return s, false, nil
}

// write gives the settlement a number and stages its entry, if what it was computed from
// still holds.
func (d *Draft) write(t *turn) (number string, err error) {
	s := &d.commit.Settlement
	pos, err := position(t.view, s.Person, s.Period)
	if err != nil {
		return "", err
	}
	if pos.Version != d.commit.Version {
		return "", fmt.Errorf("%w: computed at entry %d, changed by entry %d", ErrStale, d.commit.Version, pos.Version)
	}
	if number, err = t.number(0); err != nil {
		return "", err
	}
	t.rules = s.Rules
	body, err := numbered(d.body, number)
	if err != nil {
		return "", err
	}
	ev := d.outline
	ev.Settlement.Number = number
	if d.kind == kindSelfPaid {
		return number, t.add(d.kind, selfPaid{ev}, body, d.sealed, d.commit.By)
	}
	return number, t.add(d.kind, ev, body, d.sealed, d.commit.By)
}

// replayed tells whether the key was used before, for the same content.
func (t *turn) replayed(ev *settled) (keyRow, bool, error) {
	return replayed(t.view, ev.Settlement.Key, ev.Digest)
}

func replayed(v *view, key, digest string) (keyRow, bool, error) {
	k, ok, err := get(v, keys, key)
	if err != nil || !ok {
		return keyRow{}, false, err
	}
	row, ok, err := get(v, settlements, k.Number)
	switch {
	case err != nil:
		return keyRow{}, false, err
	case !ok || row.Of != "" || k.Digest != digest:
		return keyRow{}, false, conflict(k.Number)
	case row.Void != "":
		return keyRow{}, false, reversed(k.Number, &row)
	}
	return k, true, nil
}

// conflict refuses a key that made a settlement of other content (F-4).
func conflict(number string) error {
	return &settle.Refusal{
		Code: CodeConflict, Field: "key",
		Cashier:    "该笔请求的编号已用于另一笔业务，本次未办理；请重新发起。",
		Technician: fmt.Sprintf("idempotency key was used for %s with other content", number),
	}
}

// numberBlank stands for the number in a body that is encoded before the writer gives
// the number: encoding takes longer than all that the writer does.
const numberBlank = "000000000000000"

// numbered is the body with the number in place of the blank, which comes first in the
// settlement.
func numbered(blank []byte, number string) ([]byte, error) {
	const key = `"settlement":{"number":"`
	i := bytes.Index(blank, []byte(key+numberBlank))
	if i < 0 {
		return nil, errors.New("queue: encoded settlement does not begin with its number")
	}
	body := bytes.Clone(blank)
	copy(body[i+len(key):], number)
	return body, nil
}

// settlementOf reads a settlement back from its entry, "settlement" or "refund".
func (q *Queue) settlementOf(e journal.Entry) (settle.Settlement, error) {
	var b settlementBody
	if err := json.Unmarshal(e.Body, &b); err != nil {
		return settle.Settlement{}, fmt.Errorf("queue: entry %d: %w", e.N, err)
	}
	var s settlementSeal
	if err := q.vault.openJSON(e.Kind, e.Seal, &s); err != nil { // a refund's has more
		return settle.Settlement{}, err
	}
	if err := s.back(&b.Settlement); err != nil {
		return settle.Settlement{}, fmt.Errorf("queue: entry %d: %w", e.N, err)
	}
	return b.Settlement, nil
}

package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// Choice is an institution that a family selected at the counter (基层选定): a filing on
// its way to the platform (2505), or being taken back from it (2506).
type Choice struct {
	Entry    uint64 // its number: the entry
	Person   string // keyed hash
	Who      settle.Identity
	Place    Place
	From     settle.Date // that was shown and confirmed
	Replaces string      // id of the institution that holds until then; "": none
	By       By
	At       time.Time
	State    ChoiceState
	Undo     bool   // the family wants it back
	No       string // 申报流水号; "": the platform gave none, or not to us
	Asked    bool   // a message was sent whose outcome nobody knows
	Told     string // the platform's last words, masked by whoever kept them
}

// Place is an institution as a filing names it.
type Place struct {
	ID   string `json:"id"` // fixmedins_code
	Name string `json:"name"`
}

// ChoiceState is where a choice stands.
type ChoiceState string

// States of choices.
const (
	ChoiceWaiting ChoiceState = "waiting" // to be filed, or with Undo to be taken back
	ChoiceFiled   ChoiceState = "filed"
	ChoiceRefused ChoiceState = "refused"
	ChoiceUndone  ChoiceState = "undone"
)

// choiceRow is what is kept of a choice.
type choiceRow struct {
	Loc    journal.Loc `json:"loc"`
	Person string      `json:"person"`
	State  ChoiceState `json:"state"`
	Undo   bool        `json:"undo,omitempty"`
	No     string      `json:"no,omitempty"`
	MsgID  string      `json:"msgid,omitempty"` // of the request without an end
	End    journal.Loc `json:"end,omitzero"`
}

func (c choiceRow) check() error {
	if c.Loc.Length == 0 {
		return errors.New("choice without an entry")
	}
	switch c.State {
	case ChoiceWaiting, ChoiceFiled, ChoiceRefused, ChoiceUndone:
		return checkHash(c.Person)
	}
	return fmt.Errorf("choice in state %q", c.State)
}

// chooserRow is a person's last choice.
type chooserRow struct {
	Entry uint64 `json:"entry"`
}

func (c chooserRow) check() error {
	if c.Entry == 0 {
		return errors.New("nothing was chosen")
	}
	return nil
}

// chosen is the body of a "choice" entry.
type chosen struct {
	Person   string      `json:"person"`
	Place    Place       `json:"institution"`
	From     settle.Date `json:"from"`
	Replaces string      `json:"replaces,omitempty"`
}

func (c chosen) check() error {
	if c.Place.ID == "" || len(c.Place.ID) > 30 || len(c.Place.Name) > 600 || len(c.Replaces) > 30 || c.From <= 0 {
		return errors.New("a choice is of an institution, from a day on")
	}
	return checkHash(c.Person)
}

func (c chosen) reduce(v *view, e journal.Entry) error {
	return errors.Join(
		put(v, choices, seqKey(e.N), choiceRow{Loc: e.Loc, Person: c.Person, State: ChoiceWaiting}),
		put(v, choosers, c.Person, chooserRow{Entry: e.N}),
		put(v, choosing, seqKey(e.N), chooserRow{Entry: e.N}),
	)
}

// unchosen is the body of a "choice_undo" entry.
type unchosen struct {
	Of uint64 `json:"of"` // entry of the choice
}

func (u unchosen) check() error { return chooserRow{Entry: u.Of}.check() }

// reduce: what was never sent has nothing to take back.
func (u unchosen) reduce(v *view, _ journal.Entry) error {
	return changeChoice(v, u.Of, func(row *choiceRow) {
		row.Undo = true
		if row.State == ChoiceWaiting && row.MsgID == "" {
			row.State = ChoiceUndone
			return
		}
		row.State = ChoiceWaiting
	})
}

// choiceSent is the body of a "choice_sent" entry; the message is sealed.
type choiceSent struct {
	Of    uint64 `json:"of"`
	MsgID string `json:"msgid"`
	Infno string `json:"infno"`
}

func (c choiceSent) check() error {
	if len(c.MsgID) != 30 || c.Infno == "" || len(c.Infno) > 6 {
		return errors.New("request without message id or transaction number")
	}
	return chooserRow{Entry: c.Of}.check()
}

func (c choiceSent) reduce(v *view, _ journal.Entry) error {
	return changeChoice(v, c.Of, func(row *choiceRow) { row.MsgID = c.MsgID })
}

// choiceEnded is the body of a "choice_end" entry; the platform's words are sealed.
type choiceEnded struct {
	Of    uint64      `json:"of"`
	State ChoiceState `json:"state"`
	No    string      `json:"no,omitempty"`
}

func (c choiceEnded) check() error {
	if c.State != ChoiceFiled && c.State != ChoiceRefused && c.State != ChoiceUndone || len(c.No) > 64 {
		return fmt.Errorf("a choice ends as %q", c.State)
	}
	return chooserRow{Entry: c.Of}.check()
}

func (c choiceEnded) reduce(v *view, e journal.Entry) error {
	return changeChoice(v, c.Of, func(row *choiceRow) {
		row.State, row.MsgID, row.End, row.Undo = c.State, "", e.Loc, c.State == ChoiceUndone
		if c.No != "" {
			row.No = c.No
		}
	})
}

// changeChoice writes a choice's row as fn changes it, and keeps the list of those that
// wait.
func changeChoice(v *view, of uint64, fn func(*choiceRow)) error {
	row, ok, err := get(v, choices, seqKey(of))
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("no choice in entry %d", of)
	}
	fn(&row)
	if row.State == ChoiceWaiting {
		err = put(v, choosing, seqKey(of), chooserRow{Entry: of})
	} else {
		drop(v, choosing, seqKey(of))
	}
	return errors.Join(err, put(v, choices, seqKey(of), row))
}

// Choose keeps what a person selected, to be filed, and gives its number. Who has a choice
// that is still on its way is refused.
func (q *Queue) Choose(ctx context.Context, c Choice) (entry uint64, err error) {
	ev := chosen{Person: c.Person, Place: c.Place, From: c.From, Replaces: c.Replaces}
	if err := ev.check(); err != nil {
		return 0, malformed("choice", "%v", err)
	}
	sealed, err := q.vault.sealJSON(kindChoice, knownSeal{Who: bare(c.Who)})
	if err != nil {
		return 0, err
	}
	err = q.do(ctx, func(t *turn) error {
		last, ok, err := get(t.view, choosers, c.Person)
		if err != nil {
			return err
		}
		if ok {
			if row, _, err := get(t.view, choices, seqKey(last.Entry)); err != nil || row.State == ChoiceWaiting {
				return errors.Join(err, choicePending(last.Entry))
			}
		}
		if err := t.add(kindChoice, ev, nil, sealed, c.By); err != nil {
			return err
		}
		last, _, err = get(t.view, choosers, c.Person)
		entry = last.Entry
		return err
	})
	return entry, err
}

// TakeBack keeps that the family wants a choice back. One that was never sent is undone by
// that.
func (q *Queue) TakeBack(ctx context.Context, entry uint64, by By) error {
	return q.do(ctx, func(t *turn) error {
		row, ok, err := get(t.view, choices, seqKey(entry))
		switch {
		case err != nil:
			return err
		case !ok, row.Undo, row.State != ChoiceWaiting && row.State != ChoiceFiled, row.State == ChoiceFiled && row.No == "":
			return noChoice(entry, row)
		}
		return t.add(kindChoiceUndo, unchosen{Of: entry}, nil, nil, by)
	})
}

// ChoiceRequest draws a message id, lets build make the message with it, and keeps exactly
// that before it is sent.
func (q *Queue) ChoiceRequest(ctx context.Context, entry uint64, infno string, build func(msgid string) ([]byte, error), by By) ([]byte, error) {
	msgid, err := drawID(ctx, q.later)
	if err != nil {
		return nil, err
	}
	message, err := build(msgid)
	if err != nil {
		return nil, fmt.Errorf("queue: build request %s: %w", infno, err)
	}
	sealed, err := q.vault.seal(kindChoiceSent, message)
	if err != nil {
		return nil, err
	}
	err = q.later(ctx, func(t *turn) error {
		if err := t.choiceWaits(entry); err != nil {
			return err
		}
		return t.add(kindChoiceSent, choiceSent{Of: entry, MsgID: msgid, Infno: infno}, nil, sealed, by)
	})
	return message, err
}

// EndChoice keeps what became of a choice that waits: words are the platform's, sealed and
// cut at 4096 bytes.
func (q *Queue) EndChoice(ctx context.Context, entry uint64, state ChoiceState, no, words string, by By) error {
	ev := choiceEnded{Of: entry, State: state, No: no}
	if err := ev.check(); err != nil {
		return malformed("choice", "%v", err)
	}
	sealed, err := q.vault.sealJSON(kindChoiceEnd, reason{Why: cutText(words)})
	if err != nil {
		return err
	}
	return q.later(ctx, func(t *turn) error {
		if err := t.choiceWaits(entry); err != nil {
			return err
		}
		return t.add(kindChoiceEnd, ev, nil, sealed, by)
	})
}

func (t *turn) choiceWaits(entry uint64) error {
	row, ok, err := get(t.view, choices, seqKey(entry))
	if err == nil && (!ok || row.State != ChoiceWaiting) {
		err = noChoice(entry, row)
	}
	return err
}

// LastChoice is a person's last choice; ok is false if there was none, or if it was
// archived.
func (q *Queue) LastChoice(person string) (c Choice, ok bool, err error) {
	var row choiceRow
	var last chooserRow
	err = q.read(func(v *view) error {
		if last, ok, err = get(v, choosers, person); err != nil || !ok {
			return err
		}
		row, ok, err = get(v, choices, seqKey(last.Entry))
		return err
	})
	if err != nil || !ok {
		return Choice{}, false, err
	}
	c, err = q.choice(last.Entry, row)
	if no, refused := errors.AsType[*settle.Refusal](err); refused && no.Code == CodeArchived {
		return Choice{}, false, nil
	}
	return c, err == nil, err
}

// Choices lists those that wait for the platform, the oldest first, at most limit.
func (q *Queue) Choices(limit int) ([]Choice, error) {
	var rows []choiceRow
	var numbers []uint64
	limit = min(limit, maxList)
	err := q.read(func(v *view) error {
		return scan(v, choosing, "", func(key string, _ chooserRow) (bool, error) {
			row, _, err := get(v, choices, key)
			numbers, rows = append(numbers, seqOf(key)), append(rows, row)
			return len(rows) < limit, err
		})
	})
	if err != nil {
		return nil, err
	}
	list := make([]Choice, 0, len(rows))
	for i, row := range rows {
		c, err := q.choice(numbers[i], row)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func (q *Queue) choice(entry uint64, row choiceRow) (Choice, error) {
	var body chosen
	e, err := q.entry(row.Loc, &body)
	if err != nil {
		return Choice{}, err
	}
	var who knownSeal
	if err := q.vault.openJSON(kindChoice, e.Seal, &who); err != nil {
		return Choice{}, err
	}
	c := Choice{
		Entry: entry, Person: row.Person, Who: who.Who.identity(), Place: body.Place, From: body.From, Replaces: body.Replaces,
		By: By{Operator: e.Operator, Device: e.Device}, At: e.At, State: row.State, Undo: row.Undo, No: row.No, Asked: row.MsgID != "",
	}
	if row.End.Length == 0 {
		return c, nil
	}
	var end choiceEnded
	if e, err = q.entry(row.End, &end); err != nil {
		return Choice{}, err
	}
	var words reason
	err = q.vault.openJSON(kindChoiceEnd, e.Seal, &words)
	c.Told = words.Why
	return c, err
}

func choicePending(entry uint64) error {
	return &settle.Refusal{
		Code: settle.SelectionPending, Field: "institution",
		Cashier: settle.SelectionPending.Cashier(), Technician: fmt.Sprintf("the choice of entry %d waits for the platform", entry),
	}
}

func noChoice(entry uint64, row choiceRow) error {
	return &settle.Refusal{
		Code: CodeNoChoice, Field: "choice",
		Cashier:    "没有可以撤销的选定申报：已审核、已撤销，或不是在本院办的；请到“深圳医保”公众号或医保经办窗口办理。",
		Technician: fmt.Sprintf("the choice of entry %d is %q, undo %v, filed under %q", entry, row.State, row.Undo, row.No),
	}
}

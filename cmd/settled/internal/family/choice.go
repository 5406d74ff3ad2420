package family

import (
	"context"
	"fmt"
	"time"

	"settled/queue"
	"settled/settle"
)

// Choice is a selection that was made at this counter, and where it stands.
type Choice struct {
	Name    string            `json:"name"` // of the institution
	From    settle.Date       `json:"from"`
	At      time.Time         `json:"at"`
	State   queue.ChoiceState `json:"state" enum:"waiting,filed,refused,undone"`
	Undo    bool              `json:"undo,omitempty" doc:"it is wanted back"`
	CanUndo bool              `json:"can_undo"`
	Told    string            `json:"told,omitempty" doc:"the platform's last words, Chinese"`
}

// Select keeps that the patient selects an institution from a day on, which is the day
// that was shown, and gives what the platform made of it; if it has not answered in a
// while, it waits and is filed later. The error is a *settle.Refusal; nothing was kept.
func (d *Desk) Select(ctx context.Context, id string, from settle.Date, by string) (Choice, error) {
	e, rules, err := d.at()
	if err != nil {
		return Choice{}, err
	}
	place, ok := d.place(id)
	if !ok {
		return Choice{}, refuse(settle.SelectionInvalid, settle.SelectionInvalid.Cashier(), fmt.Sprintf("%q is not in the register", settle.Clip(id)))
	}
	c, no := settle.Choose(rules, e.Insured, place)
	switch {
	case no != nil:
		return Choice{}, no
	case c.From != from:
		return Choice{}, refuse(Moved, "生效日期已变，没有办理；请核对新的日期再确认。", fmt.Sprintf("it holds from %s, %s was shown", c.From, from))
	case e.Who.PersonNo == "":
		return Choice{}, refuse(settle.PersonUnknown, settle.PersonUnknown.Cashier(), "the platform has not told the person's number")
	case c.Replaces == nil && d.o.Window.Trouble() != "":
		return Choice{}, refuse(Offline, "首次选定当天生效，必须联网办理；现在连接不上医保平台，没有办理，请稍后再来，或在“深圳医保”公众号办理。", "the line is "+string(d.o.Window.Trouble()))
	}
	wish := queue.Choice{
		Person: e.Person, Who: e.Who, Place: queue.Place{ID: place.ID, Name: place.Name}, From: c.From, By: queue.By{Operator: by, Device: d.o.Seat},
	}
	if c.Replaces != nil {
		wish.Replaces = c.Replaces.Institution.ID
	}
	if _, err := d.o.Choices.Choose(ctx, wish); err != nil {
		return Choice{}, err
	}
	return d.outcome(ctx, e.Person)
}

// Undo takes the patient's last selection back, as long as nobody has reviewed it. The
// error is a *settle.Refusal.
func (d *Desk) Undo(ctx context.Context, by string) (Choice, error) {
	e, _, err := d.at()
	if err != nil {
		return Choice{}, err
	}
	last, _, err := d.o.Choices.LastChoice(e.Person)
	if err != nil {
		return Choice{}, fmt.Errorf("read the last selection: %w", err)
	}
	if err := d.o.Choices.TakeBack(ctx, last.Entry, queue.By{Operator: by, Device: d.o.Seat}); err != nil {
		return Choice{}, err
	}
	return d.outcome(ctx, e.Person)
}

// outcome has the platform told, and waits for its answer for a while.
func (d *Desk) outcome(ctx context.Context, person string) (Choice, error) {
	ctx, cancel := context.WithTimeout(ctx, d.o.Wait)
	defer cancel()
	d.o.Nudge()
	for {
		changed := d.o.Choices.Changed()
		c, err := d.last(person)
		if err != nil || c == nil {
			return Choice{}, err
		}
		if c.State != queue.ChoiceWaiting {
			return *c, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return *c, nil
		}
	}
}

// last is a person's last selection at this counter; nil: there was none.
func (d *Desk) last(person string) (*Choice, error) {
	c, ok, err := d.o.Choices.LastChoice(person)
	if err != nil || !ok {
		return nil, err
	}
	return &Choice{
		Name: c.Place.Name, From: c.From, At: c.At, State: c.State, Undo: c.Undo, Told: c.Told,
		CanUndo: !c.Undo && (c.State == queue.ChoiceWaiting || c.State == queue.ChoiceFiled && c.No != ""),
	}, nil
}

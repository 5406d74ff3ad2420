package nhsa

import (
	"slices"

	"settled/settle"
)

// Withdrawal takes a settlement that was reversed here back from the platform, as far as
// it got there. One that the platform has is cancelled (2208), until there is a definite
// answer; of any other the chain is given up ([Chain.Abandon]). It is a pure state
// machine like [Chain]; the way to use it is the same.
//
// A 2208 whose outcome is unknown is repeated: it can be booked only once, and "refunded
// already" is the lost answer's yes. If the repeat is refused in other words, the lost
// one is reversed (2601), and then there is another.
//
// The visit and the fees of what was cancelled stay registered at the platform; unless a
// 2207 may still be on its way there, which would book the fees again: then they are
// taken back (2205).
type Withdrawal struct {
	Chain    Chain           `json:"chain"`           // of the settlement; when done, its Result is what is cancelled
	Done     bool            `json:"done"`            // cancelled
	Swept    bool            `json:"swept,omitempty"` // and its fees taken back, if a 2207 may still arrive
	Held     bool            `json:"held"`
	Asking   bool            `json:"asking,omitempty"`   // 2601 for every message in Open
	Open     []string        `json:"open,omitempty"`     // msgids of 2208 that may be booked
	Unknowns int             `json:"unknowns,omitempty"` // unknown outcomes
	Rounds   int             `json:"rounds,omitempty"`   // see maxRounds
	MsgID    string          `json:"msgid,omitempty"`    // of the 2208 that cancelled, or most likely did; "": it was not ours
	Result   *Result         `json:"result,omitempty"`   // negative amounts; nil if the answer was lost
	Refusal  *settle.Refusal `json:"refusal,omitempty"`
}

// NewWithdrawal begins a withdrawal from where the settlement's chain stands. A request
// of it that is under way must first be answered or told [Chain.Lost]. booked is what
// the platform acknowledged, whatever the chain knows of it; nil: nothing.
func NewWithdrawal(c Chain, booked *Result) *Withdrawal {
	if booked != nil && c.Step != StepDone {
		c.Step, c.Result = StepDone, booked
	}
	c.Abandon()
	return &Withdrawal{Chain: c}
}

// Undone says that the platform does not have the settlement, and never told that it
// had.
func (w *Withdrawal) Undone() bool { return w.Chain.Step == StepUndone }

// Why is what it is held for.
func (w *Withdrawal) Why() *settle.Refusal {
	if w.Refusal != nil {
		return w.Refusal
	}
	return w.Chain.Refusal
}

// Next gives the next request, or done when it is cancelled, undone or held.
func (w *Withdrawal) Next(v Visit) (infno string, input any, done bool) {
	of := w.Chain.Result
	switch {
	case w.Done && !w.Held && w.awaits():
		return InfoDropFees, w.Chain.dropFees(), false
	case w.Done || w.Held:
		return "", nil, true
	case w.Chain.Step != StepDone || of == nil:
		return w.Chain.Next(v)
	case w.Chain.PersonNo == "": // acknowledged by hand
		person := Chain{}
		return person.Next(v)
	case w.Asking && len(w.Open) > 0:
		return InfoReverse, NewReverse(w.Chain.PersonNo, InfoCancel, w.Open[0]), false
	}
	return InfoCancel, NewCancel(of.SettlementID, of.VisitID, w.Chain.PersonNo), false
}

// Answer takes what [Client.Send] gave, as [Chain.Answer] does.
func (w *Withdrawal) Answer(v Visit, infno, msgid string, r Reply, err error) error {
	switch {
	case w.Chain.Step != StepDone:
		return w.Chain.Answer(v, infno, msgid, r, err)
	case infno == InfoDropFees:
		e, refused := asRefused(err)
		w.Swept = err == nil || refused && !e.StaleSignIn() // a no: there is nothing
		return err
	case infno == InfoPerson:
		return w.person(v, r, err)
	}
	if err == nil {
		if infno == InfoReverse { // it was booked, and now is not
			w.asked()
			return nil
		}
		res, readErr := readOwn(msgid, r, w.Chain.PersonNo, w.Chain.Result.VisitID)
		if readErr == nil {
			w.Result, w.MsgID, w.Done = &res, msgid, true
			return nil
		}
		err = readErr
	}
	if e, ok := asRefused(err); ok {
		if !e.StaleSignIn() {
			w.refused(infno, e)
		}
		return err
	}
	if e, ok := asUnknown(err); ok && !e.NotSent {
		w.Lost(infno, msgid)
	}
	return err
}

// awaits tells whether a 2207 of the settlement may still arrive and find its fees.
func (w *Withdrawal) awaits() bool { return !w.Swept && len(w.Chain.Gone) > 0 && w.Chain.VisitID != "" }

// person takes who the person is at the platform.
func (w *Withdrawal) person(v Visit, r Reply, err error) error {
	c := Chain{}
	if err = c.Answer(v, InfoPerson, "", r, err); c.Step == StepHeld {
		w.Held, w.Refusal = true, c.Refusal
	}
	w.Chain.PersonNo = c.PersonNo
	return err
}

// Lost says that the outcome of the request is unknown, as [Chain.Lost] does.
func (w *Withdrawal) Lost(infno, msgid string) {
	if w.Chain.Step != StepDone {
		w.Chain.Lost(infno, msgid)
		return
	}
	w.Unknowns++
	if infno == InfoCancel && !slices.Contains(w.Open, msgid) {
		w.Open = append(w.Open, msgid)
	}
}

func (w *Withdrawal) refused(infno string, e *BusinessRefusal) {
	switch {
	case infno == InfoReverse && nothingToReverse(e):
		w.asked()
	case infno == InfoCancel && e.mentions("未退费", "已退费", "已撤销", "已冲正"):
		w.Done = true
		if len(w.Open) > 0 {
			w.MsgID = w.Open[0]
		}
	case infno == InfoCancel && len(w.Open) > 0 && w.Rounds < maxRounds:
		w.Asking = true
		w.Rounds++
	default:
		w.Held, w.Refusal = true, e.Refusal()
	}
}

// asked takes the first of Open off and goes on.
func (w *Withdrawal) asked() {
	if len(w.Open) > 0 {
		w.Open = w.Open[1:]
	}
	w.Asking = len(w.Open) > 0
}

// Resume sets a held withdrawal going again.
func (w *Withdrawal) Resume() {
	w.Chain.Resume()
	if w.Held {
		w.Held, w.Refusal, w.Rounds = false, nil, 0
	}
}

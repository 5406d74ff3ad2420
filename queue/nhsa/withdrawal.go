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
// taken back (2205). Of an inpatient (2305 in place of 2208) the visit is the hospital's
// and goes on: the fees are always taken back (2302), so that the next bill of the stay
// finds none.
type Withdrawal struct {
	Chain    Chain           `json:"chain"` // of the settlement; when done, its Result is what is cancelled
	Done     bool            `json:"done"`  // cancelled
	Held     bool            `json:"held"`
	Asking   bool            `json:"asking,omitempty"`   // 2601 for every message in Open
	Open     []string        `json:"open,omitempty"`     // msgids of 2208 that may be booked
	Dropping bool            `json:"dropping,omitempty"` // cancelled; its fees are taken back
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
	case w.Done || w.Held:
		return "", nil, true
	case w.Chain.Step != StepDone || of == nil:
		return w.Chain.Next(v)
	case w.Chain.PersonNo == "": // acknowledged by hand
		person := Chain{}
		return person.Next(v)
	case w.Dropping:
		rest := Chain{Route: v.Route, Step: StepDrop, PersonNo: w.Chain.PersonNo, VisitID: of.VisitID, Open: w.Chain.Open}
		if len(rest.Open) > 0 {
			rest.Step = StepReverse
		}
		return rest.Next(v)
	}
	cancel := routes[v.Route].cancel
	if w.Asking && len(w.Open) > 0 {
		return InfoReverse, NewReverse(w.Chain.PersonNo, cancel, w.Open[0]), false
	}
	return cancel, NewCancel(of.SettlementID, of.VisitID, w.Chain.PersonNo), false
}

// Answer takes what [Client.Send] gave, as [Chain.Answer] does.
func (w *Withdrawal) Answer(v Visit, infno, msgid string, r Reply, err error) error {
	switch {
	case w.Chain.Step != StepDone:
		return w.Chain.Answer(v, infno, msgid, r, err)
	case infno == InfoPerson:
		return w.person(v, r, err)
	}
	if err == nil {
		if err = w.take(infno, msgid, r); err == nil {
			return nil
		}
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

// take takes a yes.
func (w *Withdrawal) take(infno, msgid string, r Reply) error {
	switch {
	case infno == InfoReverse && w.Dropping: // a 2207 had booked the fees again
		w.Chain.Open = w.Chain.Open[min(1, len(w.Chain.Open)):]
	case infno == InfoReverse: // it was booked, and now is not
		w.asked()
	case w.Dropping:
		w.Done = true
	default:
		res, err := readOwn(msgid, r, w.Chain.PersonNo, w.Chain.Result.VisitID)
		if err != nil {
			return err
		}
		w.Result, w.MsgID = &res, msgid
		w.cancelled(infno)
	}
	return nil
}

// cancelled goes on when the settlement is cancelled.
func (w *Withdrawal) cancelled(infno string) {
	w.Rounds = 0
	w.Dropping = infno == InfoInpatientBack || len(w.Chain.Gone) > 0 && w.Chain.VisitID != ""
	w.Done = !w.Dropping
}

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
	if cancels(infno) && !slices.Contains(w.Open, msgid) {
		w.Open = append(w.Open, msgid)
	}
}

// cancels tells whether a transaction is the cancellation of a settlement.
func cancels(infno string) bool { return infno == InfoCancel || infno == InfoInpatientBack }

func (w *Withdrawal) refused(infno string, e *BusinessRefusal) {
	switch {
	case infno == InfoReverse && nothingToReverse(e) && w.Dropping:
		w.Chain.Gone = append(w.Chain.Gone, w.Chain.Open[:min(1, len(w.Chain.Open))]...)
		w.Chain.Open = w.Chain.Open[min(1, len(w.Chain.Open)):]
	case infno == InfoReverse && nothingToReverse(e):
		w.asked()
	case infno != InfoReverse && w.Dropping:
		w.refusedDrop(e)
	case cancels(infno) && e.mentions("未退费", "已退费", "已撤销", "已冲正"):
		w.cancelled(infno)
		if len(w.Open) > 0 {
			w.MsgID = w.Open[0]
		}
	case cancels(infno) && len(w.Open) > 0 && w.Rounds < maxRounds:
		w.Asking = true
		w.Rounds++
	default:
		w.Held, w.Refusal = true, e.Refusal()
	}
}

// refusedDrop: where no 2207 is on its way, the fees are gone, or the next bill's trial tells
// of them: no money hangs on it. Else one of them may have booked the fees, or may yet, so
// each is reversed and the fees are taken back again.
func (w *Withdrawal) refusedDrop(e *BusinessRefusal) {
	c := &w.Chain
	switch {
	case len(c.Gone) > 0 && w.Rounds < maxRounds:
		w.Rounds++
		c.Open, c.Gone = c.Gone, nil
	case len(c.Gone) == 0 || nothingToReverse(e):
		w.Done = true
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

// Resume sets a held withdrawal going again: the cancellation is repeated first.
func (w *Withdrawal) Resume() {
	w.Chain.Resume()
	if w.Held {
		w.Held, w.Refusal, w.Rounds, w.Asking = false, nil, 0, false
	}
}

package nhsa

import "settled/settle"

// Withdrawal takes a settlement that the platform has back: 2208, until there is a
// definite answer. It is a pure state machine like [Chain]; the way to use it is the
// same. The visit and its fees stay registered at the platform.
type Withdrawal struct {
	Done     bool            `json:"done"`
	Held     bool            `json:"held"`
	Unknowns int             `json:"unknowns,omitempty"`
	Result   *Result         `json:"result,omitempty"` // negative amounts; nil if the answer was lost
	Refusal  *settle.Refusal `json:"refusal,omitempty"`
}

// Next gives the request 2208 for a chain's result.
func (w *Withdrawal) Next(of Result) (infno string, input any, done bool) {
	if w.Done || w.Held {
		return "", nil, true
	}
	return InfoCancel, NewCancel(of.SettlementID, of.VisitID, of.PersonNo), false
}

// Answer takes what [Client.Send] gave. A repeat that is refused because the
// settlement is refunded already is the lost answer's yes.
func (w *Withdrawal) Answer(msgid string, r Reply, err error) error {
	if err == nil {
		res, readErr := ReadResult(msgid, r)
		if readErr == nil {
			w.Result, w.Done = &res, true
			return nil
		}
		err = readErr
	}
	if e, ok := asRefused(err); ok {
		switch {
		case e.StaleSignIn():
		case e.mentions("未退费", "已退费", "已撤销", "已冲正"):
			w.Done = true
			return nil
		default:
			w.Held, w.Refusal = true, e.Refusal()
		}
		return err
	}
	if e, ok := asUnknown(err); ok && !e.NotSent {
		w.Unknowns++
	}
	return err
}

// Resume sets a held withdrawal going again.
func (w *Withdrawal) Resume() {
	if w.Held {
		*w = Withdrawal{Unknowns: w.Unknowns}
	}
}

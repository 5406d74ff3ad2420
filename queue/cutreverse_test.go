package queue

import (
	"errors"
	"fmt"
	"testing"

	"settled/settle"
)

// nothingToDo makes a refusal errNothing: an act that does not fit the state of things.
func nothingToDo(err error) error {
	if _, refused := errors.AsType[*settle.Refusal](err); refused {
		return errors.Join(err, errNothing)
	}
	return err
}

// reverse reverses the first settlement in a state, whole or but for a part.
func (l *trial) reverse(state State, whole bool) error {
	list, err := l.q.List(Filter{State: state, Limit: maxList})
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Void != "" || r.Settlement.Split.Fund < 2 || r.Settlement.Split.Cash < 2 {
			continue
		}
		l.keys++
		back := voidOf(r.Settlement.Number, fmt.Sprint("key ", l.keys))
		if !whole {
			back.Kept = keptOf(r.Settlement, 1, 0, 1)
		}
		l.tell(told{reversal: &back})
		v, _, err := l.q.Reverse(l.t.Context(), back)
		if err = nothingToDo(err); errors.Is(err, errNothing) {
			l.told = l.told[:len(l.told)-1] // refused: nobody is promised anything
		}
		if err != nil {
			return err
		}
		l.tell(told{key: back.Key, void: v.Number})
		return nil
	}
	return errNothing
}

// takeBack brings a void to the platform.
func (l *trial) takeBack(number string) error {
	u, err := undoOf(l.t, l.q, l.book, number, func(p posting) { l.tell(told{withdrawn: &p}) })
	if err != nil {
		return err
	}
	return l.q.Undo(l.t.Context(), u)
}

// undoOf has the platform take back what a void reverses, if it has it.
func undoOf(t testing.TB, q *Queue, b *platformBook, number string, tell func(posting)) (Undone, error) {
	v, err := q.Void(number)
	if err != nil {
		return Undone{}, err
	}
	infno := "2601" // cancelled, since nobody knows whether it is there
	if v.Acknowledged != nil {
		infno = "2208"
	}
	msgid, _, err := q.Request(t.Context(), number, infno, func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
	if err != nil {
		return Undone{}, err
	}
	if b.times[v.Of] > 0 { // asked: it has it
		p := posting{msgid: msgid, number: v.Of}
		tell(p)
		if err := b.withdraw(p); err != nil {
			return Undone{}, err
		}
	}
	return Undone{Number: number, Withdrawn: v.Acknowledged != nil, MsgID: msgid, By: clerk}, nil
}

// withdraw takes a settlement out of the platform's book.
func (b *platformBook) withdraw(p posting) error {
	if _, ok := b.byMsg[p.msgid]; ok {
		return fmt.Errorf("message id %s came twice", p.msgid)
	}
	b.byMsg[p.msgid] = posting{msgid: p.msgid}
	b.times[p.number]--
	return nil
}

// everyReversal: whoever asks again for a reversal gets the void of then, or it is
// reversed now, once.
func (o *oracle) everyReversal(q *Queue) error {
	printed := map[string]string{}
	for _, w := range o.words {
		if w.void != "" && !w.lost {
			printed[w.key] = w.void
		}
	}
	for _, w := range o.words {
		if w.reversal == nil {
			continue
		}
		v, replayed, err := q.Reverse(o.t.Context(), *w.reversal)
		if w.lost && errors.Is(nothingToDo(err), errNothing) {
			continue // of what was lost with it
		}
		if err != nil {
			return fmt.Errorf("reversed again with %q: %w", w.reversal.Key, err)
		}
		if was, ok := printed[w.reversal.Key]; ok && (!replayed || was != v.Number) {
			return fmt.Errorf("reversed again with %q: got %s (replayed %v), the slip says %s", w.reversal.Key, v.Number, replayed, was)
		}
	}
	return nil
}

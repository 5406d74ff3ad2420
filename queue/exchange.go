package queue

import (
	"context"
	"errors"

	"settled/settle"
)

// AnswerAndRequest is [Queue.Answer] and then [Queue.Request] of the same settlement or
// void in one commit. The answer is kept whatever is wrong with the request: msgid is ""
// where that cannot be made now, and Request tells why.
func (q *Queue) AnswerAndRequest(ctx context.Context, a Answer, infno string, build func(msgid string) ([]byte, error)) (msgid string, message []byte, err error) {
	keep, err := q.keeping(a)
	if err != nil {
		return "", nil, err
	}
	d, unmade := q.compose(ctx, a.Number, infno, build)
	var spare string
	err = q.later(ctx, func(t *turn) error {
		if err := keep(t); err != nil || unmade != nil {
			return err
		}
		if unmade = t.maySend(a.Number, infno); unmade != nil {
			return unrefused(unmade)
		}
		if err := t.add(kindRequest, d.ev, nil, d.sealed, a.By); err != nil {
			return err
		}
		var err error
		spare, err = t.msgID(a.By)
		return err
	})
	if err != nil || unmade != nil {
		return "", nil, err
	}
	q.spare(spare)
	return d.ev.MsgID, d.message, nil
}

// AnswerAndAcknowledge is [Queue.Answer] and then [Queue.Acknowledge] of the same
// settlement in one commit. The answer is kept even if the acknowledgement is refused:
// acknowledged is false then, and Acknowledge tells why.
func (q *Queue) AnswerAndAcknowledge(ctx context.Context, a Answer, k Ack) (difference *Difference, acknowledged bool, err error) {
	keep, err := q.keeping(a)
	if err != nil {
		return nil, false, err
	}
	refused := acked{k}.check()
	err = q.later(ctx, func(t *turn) error {
		if err := keep(t); err != nil || refused != nil {
			return err
		}
		difference, refused = t.acknowledge(k)
		return unrefused(refused)
	})
	if err != nil || refused != nil {
		return nil, false, err
	}
	return difference, true, nil
}

// unrefused is an error that is no refusal.
func unrefused(err error) error {
	if _, refused := errors.AsType[*settle.Refusal](err); refused {
		return nil
	}
	return err
}

package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"settled/queue/journal"
)

// Class is what became of a message to the platform.
type Class string

// Classes of answers.
const (
	ClassOK       Class = "ok"       // the platform did it
	ClassBusiness Class = "business" // the platform refused it
	ClassAccess   Class = "access"   // it did not reach the platform's business: gateway, signature
	ClassUnknown  Class = "unknown"  // nobody knows: time-out, cut, no answer that can be read
)

// Answer is what came of the last request of a settlement.
type Answer struct {
	Number  string // settlement or void
	MsgID   string // of the request
	Infno   string // 交易编号
	Class   Class
	Code    string          // the platform's
	Message string          // the platform's text; sealed, it may name people
	Body    []byte          // the answer as it came; sealed
	Chain   json.RawMessage // state of the upload behind it; nil: as before; sealed
	By      By
}

// Request is a message that was journaled to be sent.
type Request struct {
	MsgID string
	Infno string
	At    time.Time
}

// Chain is where the upload of a settlement stands, to go on from.
type Chain struct {
	State    json.RawMessage // from the last answer that had one; nil: not begun
	Last     *Request        // nil: nothing was sent
	Answered bool            // whether Last has an answer
	Doubt    bool            // another copy of the counter may have gone on from State
	Restored time.Time       // when this copy was restored from a backup; zero: never
}

// MaxAnswer is the largest answer of the platform that is kept, bytes.
const MaxAnswer = maxMessage

const (
	maxMessage = 2 << 20 // bytes of a request or an answer
	maxText    = 4096    // bytes of a message or reason
)

// requested is the body of a "request" entry; the message itself is sealed.
type requested struct {
	Number string `json:"number"`
	MsgID  string `json:"msgid"`
	Infno  string `json:"infno"`
}

func (r requested) check() error {
	if len(r.MsgID) != 30 || r.Infno == "" || len(r.Infno) > 6 {
		return errors.New("request without message id or transaction number")
	}
	return checkNumber(r.Number)
}

func (r requested) reduce(v *view, e journal.Entry) error {
	return change(v, r.Number, func(row *settlementRow) error {
		row.Request, row.MsgID, row.Answer = e.Loc, r.MsgID, journal.Loc{}
		row.Attempts++
		of, ok, err := get(v, settlements, row.Of)
		if err != nil || !ok || of.Ack.Length == 0 {
			return err
		}
		return of.told(v)
	})
}

// answered is the body of an "answer" entry.
type answered struct {
	Number   string `json:"number"`
	MsgID    string `json:"msgid"`
	Infno    string `json:"infno"`
	Class    Class  `json:"class"`
	Code     string `json:"code"`
	HasChain bool   `json:"has_chain"`
}

// answerSeal is its sealed part: JSON, and behind a line feed, which JSON as it is
// encoded here has not, the body if there is one. As a part of the JSON it would have to
// be base64, which cannot be deflated well.
type answerSeal struct {
	Message string          `json:"message"`
	Chain   json.RawMessage `json:"chain,omitempty"`
	body    []byte
}

func (s *answerSeal) encode() ([]byte, error) {
	plain, err := json.Marshal(s)
	if err != nil || s.body == nil {
		return plain, err
	}
	return append(append(plain, '\n'), s.body...), nil
}

func (s *answerSeal) decode(plain []byte) error {
	head, body, ok := bytes.Cut(plain, []byte("\n"))
	if ok {
		s.body = body
	}
	return json.Unmarshal(head, s)
}

func (a answered) check() error {
	switch a.Class {
	case ClassOK, ClassBusiness, ClassAccess, ClassUnknown:
	default:
		return fmt.Errorf("answer of class %q", a.Class)
	}
	if len(a.Code) > 64 {
		return errors.New("code of an answer is too long")
	}
	return requested{Number: a.Number, MsgID: a.MsgID, Infno: a.Infno}.check()
}

func (a answered) reduce(v *view, e journal.Entry) error {
	return change(v, a.Number, func(row *settlementRow) error {
		row.Answer = e.Loc
		if a.HasChain {
			row.Chain = e.Loc
		}
		return nil
	})
}

// change writes a settlement's row as fn changes it.
func change(v *view, number string, fn func(*settlementRow) error) error {
	row, ok, err := get(v, settlements, number)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("no settlement %s", number)
	}
	if err := fn(&row); err != nil {
		return err
	}
	return put(v, settlements, number, row)
}

// infoCancel is the transaction that takes a settlement back (结算撤销).
const infoCancel = "2208"

// Request draws a message id, lets build make the message with it, and keeps exactly
// that message before it is sent. The settlement, or the void, must be pending; a void's
// 2208 needs the platform's acknowledgement of what it takes back.
func (q *Queue) Request(ctx context.Context, number, infno string, build func(msgid string) ([]byte, error), by By) (msgid string, message []byte, err error) {
	d, err := q.compose(ctx, number, infno, build)
	if err != nil {
		return "", nil, err
	}
	if err := q.later(ctx, func(t *turn) error {
		if err := t.maySend(number, infno); err != nil {
			return err
		}
		return t.add(kindRequest, d.ev, nil, d.sealed, by)
	}); err != nil {
		return "", nil, err
	}
	return d.ev.MsgID, d.message, nil
}

// composed is a request that is not kept yet.
type composed struct {
	ev      requested
	message []byte
	sealed  []byte
}

func (q *Queue) compose(ctx context.Context, number, infno string, build func(msgid string) ([]byte, error)) (d composed, err error) {
	d.ev = requested{Number: number, Infno: infno}
	if d.ev.MsgID, err = q.spareID(ctx); err != nil {
		return d, err
	}
	if d.message, err = build(d.ev.MsgID); err != nil {
		return d, fmt.Errorf("queue: build request %s: %w", infno, err)
	}
	if err := d.ev.check(); err != nil {
		return d, malformed("request", "%v", err)
	}
	if len(d.message) > maxMessage {
		return d, malformed("request", "message has %d bytes", len(d.message))
	}
	d.sealed, err = q.vault.seal(kindRequest, d.message)
	return d, err
}

// maySend refuses a request of what is not pending, or not for this transaction.
func (t *turn) maySend(number, infno string) error {
	if err := t.in(number, Pending); err != nil || infno != infoCancel {
		return err
	}
	void, _, err := get(t.view, settlements, number)
	if err != nil {
		return err
	}
	of, _, err := get(t.view, settlements, void.Of)
	if err == nil && of.Ack.Length == 0 {
		return wrongState(number, void.State, "a void of a settlement that the platform acknowledged")
	}
	return err
}

// Answer keeps what came of the last request of a settlement or void.
func (q *Queue) Answer(ctx context.Context, a Answer) error {
	keep, err := q.keeping(a)
	if err != nil {
		return err
	}
	return q.later(ctx, keep)
}

// keeping makes the operation that keeps an answer.
func (q *Queue) keeping(a Answer) (func(*turn) error, error) {
	ev := answered{Number: a.Number, MsgID: a.MsgID, Infno: a.Infno, Class: a.Class, Code: a.Code, HasChain: a.Chain != nil}
	if err := ev.check(); err != nil {
		return nil, malformed("answer", "%v", err)
	}
	if len(a.Body) > maxMessage || len(a.Chain) > maxMessage/2 {
		return nil, malformed("answer", "answer has %d bytes, chain %d", len(a.Body), len(a.Chain))
	}
	plain, err := (&answerSeal{Message: cutText(a.Message), Chain: a.Chain, body: a.Body}).encode()
	if err != nil {
		return nil, malformed("answer", "%v", err)
	}
	sealed, err := q.vault.seal(kindAnswer, plain)
	if err != nil {
		return nil, err
	}
	return func(t *turn) error {
		row, ok, err := get(t.view, settlements, a.Number)
		if err != nil {
			return err
		}
		if !ok {
			return noSettlement(a.Number)
		}
		if row.MsgID != a.MsgID {
			return noRequest(a.Number, a.MsgID, row.MsgID)
		}
		return t.add(kindAnswer, ev, nil, sealed, a.By)
	}, nil
}

// Chain tells where the upload of a settlement, or of a void, stands: all that is needed to go on
// after a restart.
func (q *Queue) Chain(number string) (Chain, error) {
	row, err := q.row(number)
	if err != nil {
		return Chain{}, err
	}
	var c Chain
	if c.Doubt, c.Restored, err = q.doubt(&row); err != nil {
		return Chain{}, err
	}
	if row.Chain.Length > 0 {
		a, _, err := q.answer(row.Chain)
		if err != nil {
			return Chain{}, err
		}
		c.State = a.Chain
	}
	if row.Request.Length == 0 {
		return c, nil
	}
	c.Last, err = q.request(row.Request)
	c.Answered = row.Answer.Length > 0
	return c, err
}

func (q *Queue) request(loc journal.Loc) (*Request, error) {
	var r requested
	e, err := q.entry(loc, &r)
	if err != nil {
		return nil, err
	}
	return &Request{MsgID: r.MsgID, Infno: r.Infno, At: e.At}, nil
}

func (q *Queue) answer(loc journal.Loc) (Answer, time.Time, error) {
	var a answered
	e, err := q.entry(loc, &a)
	if err != nil {
		return Answer{}, time.Time{}, err
	}
	plain, err := q.vault.open(kindAnswer, e.Seal)
	if err != nil {
		return Answer{}, time.Time{}, err
	}
	var s answerSeal
	if err := s.decode(plain); err != nil {
		return Answer{}, time.Time{}, fmt.Errorf("queue: entry %d: %w", e.N, err)
	}
	return Answer{
		Number: a.Number, MsgID: a.MsgID, Infno: a.Infno, Class: a.Class, Code: a.Code,
		Message: s.Message, Body: s.body, Chain: s.Chain, By: By{Operator: e.Operator, Device: e.Device},
	}, e.At, nil
}

// entry reads an entry of the journal and its body.
func (q *Queue) entry(loc journal.Loc, body any) (journal.Entry, error) {
	e, err := q.line(loc)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(e.Body, body); err != nil {
		return e, fmt.Errorf("queue: entry %d: %w", e.N, err)
	}
	return e, nil
}

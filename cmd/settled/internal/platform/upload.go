package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"settled/queue"
	"settled/queue/nhsa"
	"settled/settle"
)

// Pace of the upload.
const (
	firstPause = time.Second      // after the first trouble with the line
	mostPause  = time.Minute      // between attempts while the line is in trouble
	mostPass   = 256              // settlements looked at in one pass
	idlePass   = 10 * time.Minute // a pass without a cause, in case one was missed
)

// Upload brings the pending settlements to the platform in the order of the journal,
// each through its own chain. Trouble with the line stops the pass and is waited out;
// trouble with one settlement holds that one and the rest go on.
type Upload struct {
	line    *Line
	log     *slog.Logger
	changed func(number string)
	unsent  map[string]stored // by settlement: requests of which not a byte left
	answers int               // definite answers of the platform, counted
}

// stored is a request as the journal has it.
type stored struct {
	msgid, infno string
	body         []byte
}

// NewUpload makes an upload over a line; changed is told the number of every
// settlement that moved.
func NewUpload(line *Line, log *slog.Logger, changed func(number string)) *Upload {
	return &Upload{line: line, log: log, changed: changed, unsent: map[string]stored{}}
}

// Run uploads until ctx ends, which is not an error, or until the queue stops.
func (u *Upload) Run(ctx context.Context) error {
	var pause time.Duration
	for {
		changed := u.line.options.Queue.Changed()
		answers := u.answers
		err := u.pass(ctx)
		if u.answers != answers {
			pause = 0 // the line works, if not every time
		}
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // to be told to end is no error
		case lineTrouble(err):
			pause = min(max(2*pause, firstPause), mostPause)
			u.log.Warn("upload waits for the line", "seconds", pause.Seconds(), "cause", err)
			changed = nil // a new settlement does not mend the line
		case err != nil:
			return fmt.Errorf("upload: %w", err)
		default:
			pause = 0
		}
		wake := time.NewTimer(jitter(pause))
		select {
		case <-ctx.Done():
		case <-changed:
		case <-wake.C:
		}
		wake.Stop()
	}
}

// jitter keeps a hundred counters from knocking at the same moment.
func jitter(pause time.Duration) time.Duration {
	if pause == 0 {
		return idlePass
	}
	return pause/2 + rand.N(pause) //nolint:gosec // not a secret
}

func lineTrouble(err error) bool {
	var unknown *nhsa.Unknown
	var access *nhsa.AccessRefusal
	var business *nhsa.BusinessRefusal // of the sign-in, or one that is about it
	return errors.As(err, &unknown) || errors.As(err, &access) || errors.As(err, &business)
}

// pass tries every pending settlement once.
func (u *Upload) pass(ctx context.Context) error {
	var after uint64
	for {
		pending, err := u.line.options.Queue.Pending(mostPass, after)
		if err != nil || len(pending) == 0 {
			return err
		}
		for _, p := range pending {
			if err := u.one(ctx, p.Number); err != nil {
				return err
			}
			after = p.Seq
		}
	}
}

// one brings a settlement as far as it goes: acknowledged or held. Its error is
// trouble with the line or the queue, not with the settlement.
func (u *Upload) one(ctx context.Context, number string) error {
	q := u.line.options.Queue
	record, err := q.Get(number)
	if err != nil {
		return err
	}
	visit, err := nhsa.VisitOf(record.Settlement, u.line.options.Manner)
	if err != nil {
		return u.hold(ctx, number, asRefusal(err))
	}
	chain, err := u.resume(number)
	if err != nil {
		return err
	}
	for {
		infno, input, done := chain.Next(visit)
		if done {
			return u.finish(ctx, number, chain)
		}
		if err := u.step(ctx, number, visit, chain, infno, input); err != nil {
			return err
		}
	}
}

// resume reads the chain's state from the queue. A request that was stored and has no
// answer on record is an unknown outcome, unless this process knows that not a byte
// of it left.
func (u *Upload) resume(number string) (*nhsa.Chain, error) {
	on, err := u.line.options.Queue.Chain(number)
	if err != nil {
		return nil, err
	}
	chain := &nhsa.Chain{}
	if on.State != nil {
		if err := json.Unmarshal(on.State, chain); err != nil {
			return nil, fmt.Errorf("stored chain of %s: %w", number, err)
		}
	}
	if on.Last != nil && !on.Answered && u.unsent[number].msgid != on.Last.MsgID {
		chain.Lost(on.Last.Infno, on.Last.MsgID)
	}
	return chain, nil
}

// step stores and sends one request and records the answer.
func (u *Upload) step(ctx context.Context, number string, visit nhsa.Visit, chain *nhsa.Chain, infno string, input any) error {
	request, err := u.request(ctx, number, infno, input)
	if err != nil {
		return err
	}
	reply, sent := u.line.options.Client.Send(ctx, infno, request.body)
	if notTaken(sent) {
		u.unsent[number] = request
		return sent
	}
	delete(u.unsent, number)
	if sent == nil {
		u.answers++
	}
	u.line.noteRefusal(sent)
	moved := chain.Answer(visit, infno, request.msgid, reply, sent)
	if err := u.record(ctx, number, request, chain, reply, sent); err != nil {
		return err
	}
	u.changed(number)
	if moved != nil {
		u.log.Info("upload", "number", number, "transaction", infno, "step", chain.Step, "answer", moved)
	}
	var unknown *nhsa.Unknown
	var business *nhsa.BusinessRefusal
	if errors.As(moved, &unknown) || errors.As(moved, &business) && business.StaleSignIn() {
		return moved
	}
	return nil
}

// notTaken tells whether a failed send certainly left nothing at the platform, so
// that the same stored request may be sent again.
func notTaken(err error) bool {
	var access *nhsa.AccessRefusal
	var unknown *nhsa.Unknown
	return errors.As(err, &access) || errors.As(err, &unknown) && unknown.NotSent
}

// request gives the stored request to send: the one that never left, or a new one
// under a new message id.
func (u *Upload) request(ctx context.Context, number, infno string, input any) (stored, error) {
	if s, ok := u.unsent[number]; ok && s.infno == infno {
		return s, nil
	}
	signNo, err := u.line.signIn(ctx)
	if err != nil {
		return stored{}, err
	}
	o := u.line.options
	msgid, body, err := o.Queue.Request(ctx, number, infno, func(msgid string) ([]byte, error) {
		return nhsa.Encode(o.Head, infno, msgid, o.Now(), signNo, input)
	}, o.By)
	return stored{msgid: msgid, infno: infno, body: body}, err
}

// record makes the answer and the chain's new state durable.
func (u *Upload) record(ctx context.Context, number string, s stored, chain *nhsa.Chain, reply nhsa.Reply, sent error) error {
	state, err := json.Marshal(chain)
	if err != nil {
		return fmt.Errorf("chain of %s: %w", number, err)
	}
	answer := queue.Answer{
		Number: number, MsgID: s.msgid, Infno: s.infno, Class: queue.ClassOK, Body: reply.Output, Chain: state, By: u.line.options.By,
	}
	var business *nhsa.BusinessRefusal
	switch {
	case errors.As(sent, &business):
		answer.Class, answer.Code, answer.Message = queue.ClassBusiness, business.Infcode, business.Message
	case sent != nil:
		answer.Class, answer.Message = queue.ClassUnknown, sent.Error()
	}
	return u.line.options.Queue.Answer(ctx, answer)
}

// finish writes how the chain ended.
func (u *Upload) finish(ctx context.Context, number string, chain *nhsa.Chain) error {
	if chain.Step != nhsa.StepDone {
		return u.hold(ctx, number, chain.Refusal)
	}
	r := chain.Result
	difference, err := u.line.options.Queue.Acknowledge(ctx, queue.Ack{
		Number: number, SettlementID: r.SettlementID, VisitID: r.VisitID, MsgID: r.MsgID, RefMsgID: r.RefMsgID, SettledAt: r.Time,
		Amounts: queue.Amounts{Total: r.Total, Fund: r.Fund, Own: r.Own, Family: r.Family, Cash: r.Cash}, By: u.line.options.By,
	})
	if err != nil {
		return fmt.Errorf("acknowledge %s: %w", number, err)
	}
	u.log.Info("acknowledged", "number", number, "differs", difference != nil, "warnings", append(chain.Warnings, r.Warnings...))
	u.changed(number)
	return nil
}

func (u *Upload) hold(ctx context.Context, number string, why *settle.Refusal) error {
	if why == nil {
		why = &settle.Refusal{Code: settle.UploadHeld, Cashier: settle.UploadHeld.Cashier(), Technician: settle.UploadHeld.Technician()}
	}
	held := queue.Held{Number: number, Code: why.Code, Cashier: why.Cashier, Technician: why.Technician, By: u.line.options.By}
	if err := u.line.options.Queue.Hold(ctx, held); err != nil {
		return fmt.Errorf("hold %s: %w", number, err)
	}
	u.log.Warn("held", "number", number, "code", why.Code, "cause", why.Technician)
	u.changed(number)
	return nil
}

func asRefusal(err error) *settle.Refusal {
	var r *settle.Refusal
	if errors.As(err, &r) {
		return r
	}
	return &settle.Refusal{Code: settle.UploadHeld, Cashier: settle.UploadHeld.Cashier(), Technician: err.Error()}
}

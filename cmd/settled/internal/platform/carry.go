package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"settled/queue"
	"settled/queue/nhsa"
	"settled/settle"
)

// machine is the way of a job, one request after another: a chain or a withdrawal.
type machine interface {
	// Next gives the next request, or done.
	Next(v nhsa.Visit) (infno string, input any, done bool)
	// Answer takes what came of it.
	Answer(v nhsa.Visit, infno, msgid string, r nhsa.Reply, err error) error
	// Lost says that nobody knows what came of it.
	Lost(infno, msgid string)
	// Restored says that another copy of the counter may have gone on from here.
	Restored()
}

// one brings a job as far as it goes: acknowledged, undone or held. What is wrong with
// the settlement itself, or with what the platform says of it, holds it; an error is
// trouble with the line or the queue.
func (u *Upload) one(ctx context.Context, j job) error {
	err := u.carry(ctx, j)
	var refusal *settle.Refusal
	var unfit *nhsa.FieldError
	switch {
	case errors.As(err, &unfit):
		err = u.hold(ctx, j, unfit.Refusal())
	case errors.As(err, &refusal) && refusal.Code != queue.CodeState:
		err = u.hold(ctx, j, refusal)
	}
	if errors.As(err, &refusal) && refusal.Code == queue.CodeState {
		u.log.Info("upload left", "number", j.number, "why", refusal.Technician) // say it was reversed meanwhile
		return nil
	}
	return err
}

func (u *Upload) carry(ctx context.Context, j job) error {
	if j.unfit != nil {
		return j.unfit
	}
	visit, err := nhsa.VisitOf(j.settlement, u.line.options.Manner)
	if err != nil {
		return err
	}
	m, finish, err := u.machine(ctx, j)
	if err != nil {
		return err
	}
	var ready *stored // request that was kept with the answer to the one before
	for {
		infno, input, done := m.Next(visit)
		if done {
			return finish()
		}
		if ready == nil {
			request, err := u.request(ctx, j, infno, input)
			if err != nil {
				return err
			}
			ready = &request
		}
		if ready, err = u.step(ctx, j, visit, m, *ready); err != nil {
			return err
		}
	}
}

// machine gives the job's machine as the queue has it, and what to do when it is done.
func (u *Upload) machine(ctx context.Context, j job) (m machine, finish func() error, err error) {
	if j.void != nil {
		w, err := u.withdrawal(ctx, j)
		return w, func() error { return u.withdrawn(ctx, j, w) }, err
	}
	chain := &nhsa.Chain{}
	err = u.resume(j.number, chain, func(on queue.Chain) {
		if j.repair <= chain.Repair {
			chain.Resume() // a held one that is pending again was released by a clerk
		}
		if on.State == nil && beganBefore(j.settlement, on.Restored) {
			chain.Restored()
		}
	})
	if err == nil && chain.Repaired(j.repair) {
		u.unsent.drop(j.number) // it tells what was mended since
	}
	return chain, func() error { return u.finish(ctx, j, chain) }, err
}

// resume reads a machine's state from the queue. A request that was stored and has no
// answer on record is an unknown outcome, unless this process knows that not a byte
// of it left.
func (u *Upload) resume(number string, m machine, released func(queue.Chain)) error {
	on, err := u.line.options.Queue.Chain(number)
	if err != nil {
		return err
	}
	if on.State != nil {
		if err := json.Unmarshal(on.State, m); err != nil {
			return fmt.Errorf("stored chain of %s: %w", number, err)
		}
	}
	released(on)
	if on.Doubt {
		m.Restored()
	}
	if never, _ := u.unsent.get(number); on.Last != nil && !on.Answered && never.msgid != on.Last.MsgID {
		m.Lost(on.Last.Infno, on.Last.MsgID)
	}
	return nil
}

// beganBefore tells whether a settlement's visit began before this copy of the counter
// was restored: what went on with it elsewhere until then, another bill of it included,
// is not known here.
func beganBefore(s settle.Settlement, restored time.Time) bool {
	if restored.IsZero() {
		return false
	}
	began, err := time.ParseInLocation(nhsa.TimeLayout, s.Chart.Began, nhsa.Zone())
	return err != nil || began.Before(restored)
}

// step sends a stored request and records the answer, and with it what comes next.
func (u *Upload) step(ctx context.Context, j job, visit nhsa.Visit, m machine, request stored) (next *stored, err error) {
	if err := u.turn(ctx, j.number); err != nil {
		u.unsent.put(j.number, request)
		return nil, err
	}
	reply, sent := u.line.post(ctx, request.infno, request.body)
	u.wire.leave()
	if notTaken(sent) {
		u.unsent.put(j.number, request)
		return nil, sent
	}
	u.unsent.drop(j.number)
	u.line.noteRefusal(request.as, sent)
	j.so.answered = j.so.answered || troubleOf(sent) == ""
	moved := m.Answer(visit, request.infno, request.msgid, reply, sent)
	var unknown *nhsa.Unknown
	var business *nhsa.BusinessRefusal
	stops := errors.As(moved, &unknown) || errors.As(moved, &business) && business.StaleSignIn()
	answer, err := u.answer(j.number, request, m, reply, sent)
	if err != nil {
		return nil, err
	}
	if stops {
		err = u.line.options.Queue.Answer(ctx, answer)
	} else {
		next, err = u.record(ctx, j, answer, visit, m)
	}
	if err != nil {
		return nil, err
	}
	u.changed(j.settlement.Number)
	if moved != nil {
		u.log.Info("upload", "number", j.number, "transaction", request.infno, "answer", plain(moved))
	}
	if stops {
		return nil, moved
	}
	return next, nil
}

// turn waits until a request of a settlement or void may go, and looks whether it still is
// to: it may have been reversed meanwhile, and nothing of what is not sent needs to be
// looked for.
func (u *Upload) turn(ctx context.Context, number string) error {
	err := u.wire.enter(ctx)
	if err != nil {
		return &nhsa.Unknown{NotSent: true, Err: err}
	}
	if err = u.stillWaits(number); err != nil {
		u.wire.leave()
	}
	return err
}

// stillWaits refuses a request of what does not wait for the platform any more.
func (u *Upload) stillWaits(number string) error {
	names, err := u.line.options.Queue.Parties(number)
	if err != nil || len(names) > 0 {
		return err
	}
	return &settle.Refusal{
		Code: queue.CodeState, Cashier: "该笔结算已不在待上传状态，未上传。",
		Technician: "the request of " + number + " was not sent: it is not pending any more",
	}
}

// plain says what became of a request without the platform's own words, which may name
// people: they are in the journal, sealed, and on the screen of whoever looks.
func plain(err error) string {
	var refused *nhsa.BusinessRefusal
	var access *nhsa.AccessRefusal
	var refusal *settle.Refusal
	switch {
	case errors.As(err, &refused):
		return "refused by the platform, infcode " + settle.Clip(refused.Infcode)
	case errors.As(err, &access) && access.Known():
		return access.Refusal().Technician
	case errors.As(err, &access):
		return fmt.Sprintf("turned away by the access layer, HTTP status %d, code %s", access.Status, settle.Clip(access.Code))
	case errors.As(err, &refusal):
		return string(refusal.Code)
	default:
		return err.Error()
	}
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
func (u *Upload) request(ctx context.Context, j job, infno string, input any) (stored, error) {
	if s, ok := u.unsent.get(j.number); ok && s.infno == infno {
		return s, nil
	}
	as, err := u.line.signIn(ctx, j.operator())
	if err != nil {
		return stored{}, err
	}
	o := u.line.options
	msgid, body, err := o.Queue.Request(ctx, j.number, infno, u.encoding(infno, as, input), o.By)
	return stored{msgid: msgid, infno: infno, as: as, body: body}, err
}

// encoding makes a request's body once it has a message id.
func (u *Upload) encoding(infno string, as signedIn, input any) func(msgid string) ([]byte, error) {
	o := u.line.options
	return func(msgid string) ([]byte, error) {
		return nhsa.Encode(as.head, infno, msgid, o.Now(), as.no, input)
	}
}

// answer is an answer, and the machine's new state, as the queue keeps them.
func (u *Upload) answer(number string, s stored, m machine, reply nhsa.Reply, sent error) (queue.Answer, error) {
	state, err := json.Marshal(m)
	if err != nil {
		return queue.Answer{}, fmt.Errorf("chain of %s: %w", number, err)
	}
	answer := queue.Answer{
		Number: number, MsgID: s.msgid, Infno: s.infno, Class: queue.ClassOK, Body: reply.Output, Chain: state, By: u.line.options.By,
	}
	var business *nhsa.BusinessRefusal
	switch {
	case errors.As(sent, &business):
		answer.Class, answer.Code, answer.Message = queue.ClassBusiness, settle.Clip(business.Infcode), business.Message
	case sent != nil:
		answer.Class, answer.Message = queue.ClassUnknown, sent.Error()
	}
	return answer, nil
}

// record makes an answer durable, and in the same commit the request or the
// acknowledgement that follows from it. What cannot be kept with it is left to the next
// step, which tells why.
func (u *Upload) record(ctx context.Context, j job, answer queue.Answer, visit nhsa.Visit, m machine) (next *stored, err error) {
	q := u.line.options.Queue
	infno, input, done := m.Next(visit)
	as, signed := u.line.signedIn(j.operator())
	chain, up := m.(*nhsa.Chain)
	switch {
	case done && up && chain.Step == nhsa.StepDone:
		j.so.difference, j.so.acknowledged, err = q.AnswerAndAcknowledge(ctx, answer, u.ack(j.number, chain))
	case done || !signed:
		err = q.Answer(ctx, answer)
	default:
		msgid, body, err := q.AnswerAndRequest(ctx, answer, infno, u.encoding(infno, as, input))
		if err != nil || msgid == "" {
			return nil, err
		}
		return &stored{msgid: msgid, infno: infno, as: as, body: body}, nil
	}
	return nil, err
}

// finish writes how the chain ended.
func (u *Upload) finish(ctx context.Context, j job, chain *nhsa.Chain) error {
	if chain.Step != nhsa.StepDone {
		return u.hold(ctx, j, chain.Refusal)
	}
	if j.so.acknowledged {
		u.acknowledged(j.number, chain, j.so.difference)
		return nil
	}
	return u.acknowledge(ctx, j.number, chain)
}

// acknowledge keeps that the platform has the settlement.
func (u *Upload) acknowledge(ctx context.Context, number string, chain *nhsa.Chain) error {
	difference, err := u.line.options.Queue.Acknowledge(ctx, u.ack(number, chain))
	if err != nil {
		return fmt.Errorf("acknowledge %s: %w", number, err)
	}
	u.acknowledged(number, chain, difference)
	return nil
}

// acknowledged tells of a settlement that the queue has as acknowledged.
func (u *Upload) acknowledged(number string, chain *nhsa.Chain, difference *queue.Difference) {
	u.batches.count(func(p *Progress) {
		p.Acknowledged++
		p.Left = max(0, p.Left-1)
		if difference != nil {
			p.Differ++
		}
	})
	u.log.Info("acknowledged", "number", number, "differs", difference != nil, "warnings", append(chain.Warnings, chain.Result.Warnings...))
	u.changed(number)
}

// ack is what the platform says of a settlement that it has.
func (u *Upload) ack(number string, chain *nhsa.Chain) queue.Ack {
	r := chain.Result
	return queue.Ack{
		Number: number, SettlementID: r.SettlementID, VisitID: r.VisitID, MsgID: r.MsgID, RefMsgID: r.RefMsgID, SettledAt: r.Time,
		Amounts: queue.Amounts{Total: r.Total, Fund: r.Fund, Own: r.Own, Family: r.Family, Cash: r.Cash}, By: u.line.options.By,
	}
}

func (u *Upload) hold(ctx context.Context, j job, why *settle.Refusal) error {
	if why == nil {
		why = &settle.Refusal{Code: settle.UploadHeld, Cashier: settle.UploadHeld.Cashier(), Technician: settle.UploadHeld.Technician()}
	}
	why = masked(why, j.settlement.Who)
	held := queue.Held{Number: j.number, Code: why.Code, Cashier: why.Cashier, Technician: why.Technician, By: u.line.options.By}
	if err := u.line.options.Queue.Hold(ctx, held); err != nil {
		return fmt.Errorf("hold %s: %w", j.number, err)
	}
	u.batches.count(func(p *Progress) {
		p.Held[why.Code]++
		p.Left = max(0, p.Left-1)
	})
	u.log.Warn("held", "number", j.number, "code", why.Code, "field", why.Field)
	u.changed(j.settlement.Number)
	return nil
}

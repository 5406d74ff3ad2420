package platform

import (
	"context"
	"fmt"

	"settled/queue"
	"settled/queue/nhsa"
)

// withdrawal gives the withdrawal of a void as the queue has it.
func (u *Upload) withdrawal(ctx context.Context, j job) (*nhsa.Withdrawal, error) {
	on, err := u.line.options.Queue.Chain(j.number)
	if err != nil {
		return nil, err
	}
	w := &nhsa.Withdrawal{}
	if on.State == nil {
		if w, err = u.begin(ctx, j); err != nil {
			return nil, err
		}
	}
	return w, u.resume(j.number, w, func(queue.Chain) { w.Resume() })
}

// begin begins a withdrawal where the settlement's own chain stands, what became of its
// last request being unknown if there is no answer. A settlement that the platform turns
// out to have is acknowledged first.
func (u *Upload) begin(ctx context.Context, j job) (*nhsa.Withdrawal, error) {
	chain := nhsa.Chain{}
	if err := u.resume(j.void.Of, &chain, func(queue.Chain) {}); err != nil {
		return nil, err
	}
	if a := j.void.Acknowledged; a != nil {
		return nhsa.NewWithdrawal(chain, &nhsa.Result{SettlementID: a.SettlementID, VisitID: a.VisitID}), nil
	}
	if chain.Step == nhsa.StepDone {
		if err := u.acknowledge(ctx, j.void.Of, &chain); err != nil {
			return nil, err
		}
	}
	return nhsa.NewWithdrawal(chain, nil), nil
}

// withdrawn writes how the withdrawal ended.
func (u *Upload) withdrawn(ctx context.Context, j job, w *nhsa.Withdrawal) error {
	undone := queue.Undone{Number: j.number, Withdrawn: w.Done, MsgID: w.MsgID, By: u.line.options.By}
	switch {
	case !w.Done && !w.Undone():
		return u.hold(ctx, j, w.Why())
	case w.Result != nil:
		undone.SettlementID, undone.RefMsgID, undone.At = w.Result.SettlementID, w.Result.RefMsgID, w.Result.Time
	}
	if err := u.line.options.Queue.Undo(ctx, undone); err != nil {
		return fmt.Errorf("undo %s: %w", j.number, err)
	}
	u.unsent.drop(j.void.Of)
	u.batches.count(func(p *Progress) {
		p.Withdrawn++
		p.Left = max(0, p.Left-1)
	})
	u.log.Info("undone", "number", j.number, "settlement", j.void.Of, "withdrawn", w.Done)
	u.changed(j.void.Of)
	if j.void.Kept != "" {
		u.changed(j.void.Kept)
	}
	return nil
}

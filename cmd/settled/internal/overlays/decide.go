package overlays

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"settled/settle"
)

// Approve puts a staged file into force, for another person than staged it, who saw what it
// makes of the rules: seen is [Change.Rules]. It returns when the rules are in force and
// the journal says so. The error is a *settle.Refusal.
func (s *Shelf) Approve(ctx context.Context, id, seen, why string, by Signer) (Overlay, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.open(id, why)
	if err != nil {
		return Overlay{}, err
	}
	if o.By.ID == by.ID {
		return Overlay{}, refuse(CodeSecond, "暂存的人不能自己批准；请另一位有权限的人登录批准。", "operator "+by.ID+" staged it")
	}
	tried, err := s.try(o)
	if err != nil {
		return Overlay{}, err
	}
	if tried.Digest() != seen {
		return Overlay{}, refuse(CodeMoved, "看过之后政策又变了，没有批准；请重新查看变动再批准。", "the rules with it are "+tried.Digest())
	}
	before, err := os.ReadFile(s.path(o))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Overlay{}, notKept(err)
	}
	approve := func(o *Overlay) {
		o.State, o.Decided, o.DecidedAt, o.Why = Approved, by, s.options.Now(), why
	}
	err = s.put(o, approve)
	if err == nil {
		err = s.write(o)
	}
	if err != nil {
		return Overlay{}, errors.Join(notKept(err), s.undo(o, before))
	}
	if err := s.options.Rules.Activate(context.WithoutCancel(ctx), o.By.ID, by.ID); err != nil {
		return Overlay{}, errors.Join(refuse(CodeNotKept, "没有启用，原规则继续有效；请联系信息科。", err.Error()), s.undo(o, before))
	}
	if err := s.put(o, func(o *Overlay) { o.State = InForce }); err != nil {
		s.options.Log.Warn("rules are in force, their record says approved until the next start", "id", o.ID, "cause", err)
	}
	s.options.Log.Info("rules approved", "file", o.File, "id", o.ID, "staged", o.By.ID, "operator", by.ID)
	s.kick()
	return *o, nil
}

// undo leaves a file staged that did not come into force, and the directory of rules as it
// was. What it cannot undo, the next start finishes.
func (s *Shelf) undo(o *Overlay, before []byte) error {
	var err error
	if before == nil {
		if err = os.Remove(s.path(o)); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	} else {
		was := *o
		was.Text = string(before)
		err = s.write(&was)
	}
	if err == nil {
		err = s.put(o, func(o *Overlay) { o.State, o.Decided, o.DecidedAt, o.Why = Staged, Signer{}, time.Time{}, "" })
	}
	if err != nil {
		return fmt.Errorf("it comes into force with the next start: %w", err)
	}
	return nil
}

// Reject puts a staged file away. Whoever staged it may do that too. The error is a
// *settle.Refusal.
func (s *Shelf) Reject(id, why string, by Signer) (Overlay, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.open(id, why)
	if err != nil {
		return Overlay{}, err
	}
	err = s.put(o, func(o *Overlay) {
		o.State, o.Decided, o.DecidedAt, o.Why = Rejected, by, s.options.Now(), why
	})
	if err != nil {
		return Overlay{}, notKept(err)
	}
	s.options.Log.Info("rules rejected", "file", o.File, "id", o.ID, "operator", by.ID)
	return *o, nil
}

// open gives one that waits for the second person.
func (s *Shelf) open(id, why string) (*Overlay, error) {
	o, err := s.find(id)
	switch {
	case err != nil:
		return nil, err
	case o.State != Staged:
		return nil, refuse(CodeDecided, "这个文件已经处理过。", fmt.Sprintf("it is %s, by %s", o.State, o.Decided.ID))
	case strings.TrimSpace(why) == "":
		r := refuse(CodeNoReason, "请写明原因。", "why is empty")
		r.Field = "why"
		return nil, r
	}
	return o, nil
}

func notKept(err error) *settle.Refusal {
	return refuse(CodeNotKept, "没有写到磁盘上，原规则继续有效；请信息科检查规则目录能否写入。", err.Error())
}

func refusalOf(err error) *settle.Refusal {
	if r, ok := errors.AsType[*settle.Refusal](err); ok {
		return r
	}
	return refuse(CodeBad, "规则读不出来；请联系信息科。", err.Error())
}

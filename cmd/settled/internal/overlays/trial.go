package overlays

import (
	"context"
	"errors"
	"fmt"
	"time"

	"settled/cmd/settled/internal/backtest"
	"settled/settle/policy"
)

// Bounds of a backtest beside a counter at work: it takes half of one processor at most.
const (
	mostTime = 20 * time.Minute
	spell    = 50 // settlements, then it rests as long as they took
)

// Run computes the backtests of what is staged, one after another, until ctx ends.
func (s *Shelf) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		}
		for ctx.Err() == nil && s.next(ctx) {
		}
	}
}

// next computes one backtest that is wanting, or was made against other rules; false if
// none is.
func (s *Shelf) next(ctx context.Context) bool {
	o, tried, now := s.untried()
	if o == nil {
		return false
	}
	trial := s.trial(ctx, tried, now)
	if ctx.Err() != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.State != Staged {
		return true
	}
	if err := s.put(o, func(o *Overlay) { o.Trial = trial }); err != nil {
		s.options.Log.Warn("a backtest was not kept", "id", o.ID, "cause", err)
		o.Trial = trial
	}
	return true
}

func (s *Shelf) untried() (o *Overlay, tried, now *policy.Set) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now = s.options.Rules.Loaded()
	for _, o := range s.list {
		if o.State != Staged || o.Trial != nil && o.Trial.InForce == now.Digest() {
			continue
		}
		if tried, err := s.try(o); err == nil {
			return o, tried, now
		}
	}
	return nil, nil, nil
}

// trial computes the settlements of the past by rules that are tried.
func (s *Shelf) trial(ctx context.Context, tried, now *policy.Set) *Trial {
	ctx, cancel := context.WithTimeoutCause(ctx, mostTime, fmt.Errorf("over %s", mostTime))
	defer cancel()
	known := []*policy.Set{now}
	if shipped, err := policy.Load(); err == nil {
		known = append(known, shipped)
	}
	test := backtest.New(tried, known...)
	n, began := 0, s.options.Now()
	err := s.options.Past(ctx, func(p *backtest.Past) error {
		test.Add(p)
		n++
		if n%spell == 0 {
			rest(ctx, s.options.Now().Sub(began))
			began = s.options.Now()
		}
		return context.Cause(ctx)
	})
	t := &Trial{InForce: now.Digest(), At: s.options.Now(), Report: test.Report()}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Cut = err.Error()
	}
	return t
}

// rest waits, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(min(max(d, 0), time.Second))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

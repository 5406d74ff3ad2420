package serialport

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// State is how a line stands, for people and for checks.
type State struct {
	Path string `json:"path"`
	Up   bool   `json:"up"`
	Why  string `json:"why,omitempty"` // why it is not up: absent, busy, denied, gone, slow, or the system's words
}

// Slow is the [State.Why] of a line that was given up for a while since its device, though
// it is there, takes no bytes.
const Slow = "slow"

// reason is a failure in one word, where there is one.
func reason(err error) string {
	switch {
	case errors.Is(err, ErrAbsent):
		return "absent"
	case errors.Is(err, ErrBusy):
		return "busy"
	case errors.Is(err, fs.ErrPermission):
		return "denied"
	case errors.Is(err, ErrGone):
		return "gone"
	case errors.Is(err, ErrSlow):
		return Slow
	}
	return err.Error()
}

// Look sees once how a line stands: it is opened and closed again.
func Look(l Line) State {
	p, err := Open(l)
	if err == nil {
		err = p.Close()
	}
	if err != nil {
		return State{Path: l.Path, Why: reason(err)}
	}
	return State{Path: l.Path, Up: true}
}

// retry is the pause before a device that is not there is looked for again.
const retry = 200 * time.Millisecond

// Keep holds a line open until ctx ends: it opens it, has serve use it, and when serve
// gives an error closes it and opens it again, by its path, as soon as it is there. The
// old port is closed first, since a USB adapter gets its name back only then. note hears
// of each change of the state. When ctx ends the port is closed, which ends serve's
// reads and writes.
func Keep(ctx context.Context, l Line, note func(State), serve func(context.Context, *Port) error) {
	var told State
	tell := func(s State) {
		if s.Path = l.Path; s != told {
			told = s
			note(s)
		}
	}
	for ctx.Err() == nil {
		err := hold(ctx, l, func() { tell(State{Up: true}) }, serve)
		if ctx.Err() != nil {
			break
		}
		if err == nil {
			continue
		}
		tell(State{Why: reason(err)})
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
	}
}

func hold(ctx context.Context, l Line, up func(), serve func(context.Context, *Port) error) error {
	p, err := Open(l)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Close() })
	defer stop()
	up()
	served := serve(ctx, p)
	if err := p.Close(); served == nil {
		return err
	}
	return served
}

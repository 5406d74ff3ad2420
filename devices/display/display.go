package display

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"settled/devices/serialport"
)

// Options of a display.
type Options struct {
	Line    serialport.Line
	Dialect string
	Changed func()           // hears that [Display.State] is another one; nil: nobody does
	Now     func() time.Time // nil: time.Now
}

// Display is a display, or a box that speaks, with one worker, [Display.Run].
type Display struct {
	options Options
	dialect Dialect
	wake    chan struct{}

	mu    sync.Mutex
	view  View
	at    time.Time // when it was set
	state State
}

// State is how the display stands.
type State struct {
	Line serialport.State `json:"line"`
	Slow bool             `json:"slow,omitempty"` // it takes no bytes
}

// Open makes a display; nothing is shown before [Display.Run].
func Open(o Options) (*Display, error) {
	dialect, err := DialectOf(o.Dialect)
	if err = errors.Join(err, o.Line.Check()); err != nil {
		return nil, fmt.Errorf("display: %w", err)
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Display{options: o, dialect: dialect, wake: make(chan struct{}, 1), state: State{Line: serialport.State{Path: o.Line.Path}}}, nil
}

// State gives how the display stands.
func (d *Display) State() State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state
}

// Show shows a view in place of the one before, and returns at once. What could not be
// shown in time is passed over.
func (d *Display) Show(v View) error {
	if err := v.Check(); err != nil {
		return fmt.Errorf("display: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if v == d.view {
		return nil
	}
	d.view, d.at = v, d.options.Now()
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return nil
}

const (
	writeIn = time.Second
	// speakFor is how long after its moment a view is still spoken.
	speakFor = 3 * time.Second
)

// Run is the worker: it shows until ctx ends, whatever the display does. A display that
// was away shows the present view; a box that speaks says nothing that is old.
func (d *Display) Run(ctx context.Context) {
	serialport.Keep(ctx, d.options.Line, func(line serialport.State) {
		if line.Why != serialport.Slow { // a line that is opened again to forget what was not taken
			d.note(func(s *State) { s.Line = line })
		}
	}, d.serve)
}

func (d *Display) note(change func(*State)) {
	d.mu.Lock()
	before := d.state
	change(&d.state)
	changed := d.state != before
	d.mu.Unlock()
	if changed {
		d.options.Changed()
	}
}

func (d *Display) serve(ctx context.Context, port *serialport.Port) error {
	gone := make(chan error, 1)
	go func() { // ends when the port is closed, as it is after serve
		b := make([]byte, 16)
		for {
			if _, err := port.Read(b, time.Hour); err != nil && !errors.Is(err, serialport.ErrIdle) {
				gone <- err
				return
			}
		}
	}()
	for fresh := true; ; fresh = false {
		if err := d.put(port, fresh); err != nil {
			return err
		}
		select {
		case <-d.wake:
		case err := <-gone:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// put shows the present view.
func (d *Display) put(port *serialport.Port, fresh bool) error {
	d.mu.Lock()
	select { // what woke us is shown now
	case <-d.wake:
	default:
	}
	v, old := d.view, d.options.Now().Sub(d.at) > speakFor
	d.mu.Unlock()
	if fresh && old && d.options.Dialect == Voice {
		return nil
	}
	_, err := port.Write(d.dialect(v), writeIn)
	d.note(func(s *State) { s.Slow = errors.Is(err, serialport.ErrSlow) })
	return err
}

package printer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"settled/devices/serialport"
)

// Options of a printer.
type Options struct {
	Line   serialport.Line
	Manner Manner
	Spool  string // directory; it is made
	// Again stands above a slip that may have come out before, wholly or in part: the
	// printer was lost in the middle of it.
	Again []Row
	// Out hears of each slip that is out, by its name; nil: nobody does. It is called by
	// the worker and must return soon.
	Out func(name string)
	// Changed hears that [Printer.State] is another one; nil: nobody does. It must return at
	// once, and not ask back.
	Changed func()
	Look    time.Duration // between two questions for its state: 1 s
	Answer  time.Duration // how long a question waits for its answer: 500 ms; printers take some 10 ms
	Log     *slog.Logger  // nil: none
}

// Printer is a printer with one worker, [Printer.Run].
type Printer struct {
	options Options
	wake    chan struct{} // has one when there is a new slip

	mu      sync.Mutex
	spool   *spool
	state   State
	lacking map[rune]bool
	changed chan struct{} // closed at the next change of the trouble
}

// Kept says that a slip is not out yet, and why: it is in the spool, and comes out by
// itself when the printer can.
type Kept struct {
	Trouble Trouble // "": it is being printed, or others are before it
	Err     error   // why nobody waits any longer
}

// Error implements error.
func (k *Kept) Error() string {
	if k.Trouble != "" {
		return fmt.Sprintf("the slip is kept, the printer says %s", k.Trouble)
	}
	return fmt.Sprintf("the slip is kept, it is not out yet: %v", k.Err)
}

// Unwrap gives why nobody waits any longer.
func (k *Kept) Unwrap() error { return k.Err }

// Open reads the spool. Nothing is printed before [Printer.Run].
func Open(o Options) (*Printer, error) {
	if err := errors.Join(o.Manner.Check(), o.Line.Check()); err != nil {
		return nil, fmt.Errorf("printer: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Look <= 0 {
		o.Look = time.Second
	}
	if o.Answer <= 0 {
		o.Answer = answerIn
	}
	if o.Out == nil {
		o.Out = func(string) {}
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	s, err := openSpool(o.Spool)
	if err != nil {
		return nil, fmt.Errorf("printer: %w", err)
	}
	p := &Printer{options: o, spool: s, wake: make(chan struct{}, 1), changed: make(chan struct{}), lacking: map[rune]bool{}}
	p.state = State{Line: serialport.State{Path: o.Line.Path}, Waiting: len(s.slips)}
	return p, nil
}

// State gives how the printer stands; it asks nothing.
func (p *Printer) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// Print keeps a slip and waits until it is out, until the printer says that it cannot,
// or until ctx ends. In the two last cases the error is a *Kept. With any other error
// the slip could not even be kept.
func (p *Printer) Print(ctx context.Context, name string, rows []Row) error {
	p.mu.Lock()
	one, err := p.spool.add(name, rows)
	p.count()
	p.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return p.wait(ctx, one)
}

// wait waits for what becomes of a slip. One that is out is out, though the paper ended
// right behind it.
func (p *Printer) wait(ctx context.Context, one *slip) error {
	unless := func(k *Kept) error {
		select {
		case <-one.done:
			return nil
		default:
			return k
		}
	}
	for {
		p.mu.Lock()
		trouble, changed := p.state.Trouble, p.changed
		p.mu.Unlock()
		if trouble.Stops() {
			return unless(&Kept{Trouble: trouble})
		}
		select {
		case <-one.done:
			return nil
		case <-changed:
		case <-ctx.Done():
			return unless(&Kept{Err: context.Cause(ctx)})
		}
	}
}

// count notes how many slips wait. The printer is locked.
func (p *Printer) count() {
	p.state.Waiting = len(p.spool.slips)
	p.options.Changed()
}

// note keeps the trouble, and tells those who wait.
func (p *Printer) note(t Trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.Trouble == t {
		return
	}
	p.options.Log.Info("receipt printer", "trouble", string(t), "before", string(p.state.Trouble), "waiting", len(p.spool.slips))
	p.state.Trouble = t
	close(p.changed)
	p.changed = make(chan struct{})
	p.options.Changed()
}

func (p *Printer) noteLine(s serialport.State) {
	if s.Why == serialport.Slow { // the line stays: it is opened again to forget what was not taken
		p.note(Silent)
		return
	}
	p.mu.Lock()
	p.state.Line = s
	p.options.Changed()
	p.mu.Unlock()
	if !s.Up {
		p.note(Absent)
	}
}

// first gives the slip that is next, or nil.
func (p *Printer) first() *slip {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.spool.slips) == 0 {
		return nil
	}
	return p.spool.slips[0]
}

// out takes a slip off the spool.
func (p *Printer) out(one *slip) {
	p.mu.Lock()
	err := p.spool.out(one)
	p.count()
	p.mu.Unlock()
	if err != nil {
		p.options.Log.Error("a printed slip stays in the spool and may be printed again", "slip", one.Name, "cause", err)
	}
	p.options.Out(one.Name)
}

// encode makes a slip's bytes and notes what cannot be printed.
func (p *Printer) encode(one *slip) [][]byte {
	rows := one.Rows
	if one.Begun {
		rows = append(append([]Row{}, p.options.Again...), rows...)
	}
	job := p.options.Manner.Encode(rows)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range job.Lacking {
		if !p.lacking[r] && len(p.lacking) < 100 {
			p.lacking[r] = true
			p.state.Lacking += string(r)
			p.options.Log.Warn("no font has a character of a slip", "character", strings.ToUpper(fmt.Sprintf("U+%04x", r)))
		}
	}
	return job.Parts
}

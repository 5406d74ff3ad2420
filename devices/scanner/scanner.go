package scanner

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"
	"time"

	"settled/devices/serialport"
)

// Options of a scanner.
type Options struct {
	Line     serialport.Line
	Prefixes []string      // of a 医保码; nil: "424" and "opc"
	Idle     time.Duration // a pause that ends a frame: 80 ms
	Repeat   time.Duration // within which the same code again is the same reading: 2 s
	// Take gets each code. It is called by the worker and must return soon.
	Take    func(Code)
	Changed func()           // hears of each change of the line; nil: nobody does
	Now     func() time.Time // nil: time.Now
}

// Scanner is a scanner with one worker, [Scanner.Run].
type Scanner struct {
	options Options

	mu    sync.Mutex
	state State
}

// State is how the scanner stands.
type State struct {
	Line  serialport.State `json:"line"`
	Codes int              `json:"codes"`           // read since the start
	Noise bool             `json:"noise,omitempty"` // what came last is no text: another speed, or no scanner
}

// Open makes a scanner; nothing is read before [Scanner.Run].
func Open(o Options) (*Scanner, error) {
	if err := o.Line.Check(); err != nil {
		return nil, fmt.Errorf("scanner: %w", err)
	}
	if o.Take == nil {
		return nil, errors.New("scanner: nobody takes its codes")
	}
	if o.Idle <= 0 {
		o.Idle = 80 * time.Millisecond
	}
	if o.Repeat <= 0 {
		o.Repeat = 2 * time.Second
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Scanner{options: o, state: State{Line: serialport.State{Path: o.Line.Path}}}, nil
}

// State gives how the scanner stands.
func (s *Scanner) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Run is the worker: it reads until ctx ends, whatever the scanner does.
func (s *Scanner) Run(ctx context.Context) {
	note := func(line serialport.State) {
		s.mu.Lock()
		s.state.Line, s.state.Noise = line, false
		s.mu.Unlock()
		s.options.Changed()
	}
	serialport.Keep(ctx, s.options.Line, note, func(_ context.Context, port *serialport.Port) error {
		r := reading{scanner: s}
		defer r.forget()
		return r.read(port)
	})
}

// reading is what is known of one opening of the port.
type reading struct {
	scanner *Scanner
	framer  Framer
	last    []byte // the frame before, for as long as it may come again
	at      time.Time
}

// resting is how long a read waits between frames; only then is the last one forgotten.
const resting = time.Second

func (r *reading) read(port *serialport.Port) error {
	b := make([]byte, 256)
	for {
		within := resting
		if r.framer.Open() {
			within = r.scanner.options.Idle
		}
		n, err := port.Read(b, within)
		switch {
		case errors.Is(err, serialport.ErrIdle):
			r.take(r.framer.Idle())
			if r.scanner.options.Now().Sub(r.at) > r.scanner.options.Repeat {
				r.forget()
			}
		case err != nil:
			return err
		}
		for _, one := range b[:n] {
			r.take(r.framer.Feed(one))
		}
		if r.framer.Spoilt() { // said at once: it may never end
			r.scanner.noise(true)
		}
		clear(b[:n])
	}
}

// take hands a frame on, unless it is the reading before once more: a scanner that
// always looks reads a code as long as it is held there.
func (r *reading) take(frame []byte) {
	if frame == nil {
		return
	}
	r.scanner.noise(len(frame) == 0)
	now := r.scanner.options.Now()
	again := subtle.ConstantTimeCompare(frame, r.last) == 1 && now.Sub(r.at) <= r.scanner.options.Repeat
	r.forget()
	r.last, r.at = frame, now
	if again {
		return
	}
	r.scanner.mu.Lock()
	r.scanner.state.Codes++
	r.scanner.mu.Unlock()
	r.scanner.options.Take(Classify(string(frame), r.scanner.options.Prefixes))
}

// noise notes whether what comes is text.
func (s *Scanner) noise(is bool) {
	s.mu.Lock()
	changed := s.state.Noise != is
	s.state.Noise = is
	s.mu.Unlock()
	if changed {
		s.options.Changed()
	}
}

// forget wipes the last frame.
func (r *reading) forget() {
	clear(r.last)
	r.last = nil
}

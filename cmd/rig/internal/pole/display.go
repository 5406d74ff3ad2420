// Package pole is a customer display of its own (CD5220, two lines of 20 characters, or
// LED8, eight digits and a lamp): it takes the bytes that a program sends and tells what
// a patient would read.
package pole

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// Display is a display at a line.
type Display struct {
	mu      sync.Mutex
	lines   [2]string
	buffer  []byte
	faults  []string
	changed chan struct{} // closed at the next change
	history []string      // what was on it, each different from the one before
}

// New makes a dark display.
func New() *Display { return &Display{changed: make(chan struct{})} }

// Lines is what it shows.
func (d *Display) Lines() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines[:])
}

// Await returns when a line holds a text, or with false when stop is closed before.
func (d *Display) Await(text string, stop <-chan struct{}) bool {
	for {
		d.mu.Lock()
		shown, changed := strings.Join(d.history, "\n"), d.changed
		d.mu.Unlock()
		if strings.Contains(shown, text) {
			return true
		}
		select {
		case <-changed:
		case <-stop:
			return false
		}
	}
}

// Faults are what no display understands.
func (d *Display) Faults() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string{}, d.faults...)
}

// mostHistory bounds what is remembered.
const mostHistory = 200

// Serve works at a line until it ends.
func (d *Display) Serve(line io.Reader) error {
	b := make([]byte, 64)
	for {
		n, err := line.Read(b)
		if err != nil {
			return err
		}
		d.mu.Lock()
		d.buffer = append(d.buffer, b[:n]...)
		for n := d.step(); n > 0; n = d.step() {
			d.buffer = d.buffer[n:]
		}
		if now := strings.Join(d.lines[:], " | "); len(d.history) == 0 || d.history[len(d.history)-1] != now {
			d.history = append(d.history, now)
			d.history = d.history[max(0, len(d.history)-mostHistory):]
		}
		close(d.changed)
		d.changed = make(chan struct{})
		d.mu.Unlock()
	}
}

// step takes one command off the buffer; 0: more must come.
func (d *Display) step() int {
	b := d.buffer
	switch {
	case len(b) == 0:
		return 0
	case b[0] == 0x0C:
		d.lines = [2]string{}
		return 1
	case b[0] != 0x1B:
		d.fault("character %02x", b[0])
		return 1
	case len(b) < 3:
		return 0
	case b[1] == 's':
		d.lines[1] = d.lamp(b[2])
		return 3
	case b[1] != 'Q' || b[2] != 'A' && b[2] != 'B':
		d.fault("command %q", b[:3])
		return 3
	}
	text, _, whole := strings.Cut(string(b[3:]), "\r")
	if !whole {
		return 0
	}
	if len(text) > 20 {
		d.fault("%q is too long", text)
	}
	d.lines[b[2]-'A'] = text
	return 3 + len(text) + 1
}

// lamp is what the lamp of LED8 says: '0' to '4' on one kind, 0 to 4 on another.
func (d *Display) lamp(n byte) string {
	names := []string{"", "单价", "总计", "收款", "找零"}
	if n >= '0' {
		n -= '0'
	}
	if int(n) >= len(names) {
		d.fault("lamp %02x", n)
		return ""
	}
	return names[n]
}

func (d *Display) fault(format string, args ...any) {
	d.faults = append(d.faults, fmt.Sprintf(format, args...))
}

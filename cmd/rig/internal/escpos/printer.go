package escpos

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// Printer is a printer at a line: works, sensors and faults.
type Printer struct {
	folder string

	mu     sync.Mutex
	turned *sync.Cond // something was set, or came in
	works  *Machine
	buffer []byte
	line   io.Writer
	set    map[string]string // condition → value
	until  int               // line after which the paper is out; 0: never
	tail   []byte            // last bytes in, where DLE EOT may have begun
	slips  []string
	ended  bool
}

// conditions are what can be set, with their values; the first is the usual one.
func conditions() map[string][]string {
	return map[string][]string{
		"paper":   {"ok", "low", "out"}, // out=N: after N more lines
		"cover":   {"shut", "open"},
		"online":  {"yes", "no"},
		"error":   {"no", "yes"},
		"mute":    {"no", "yes"}, // prints, answers nothing
		"stuck":   {"no", "yes"}, // takes no bytes
		"ordered": {"yes", "no"}, // knows GS r
	}
}

// New makes a printer that puts its slips as pictures into a folder.
func New(k Type, folder string) (*Printer, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	p := &Printer{folder: folder, works: newMachine(k), set: map[string]string{}}
	p.turned = sync.NewCond(&p.mu)
	p.works.cut, p.works.answer, p.works.paperOK = p.keep, p.through, p.paper
	return p, nil
}

// Set sets a condition, such as paper=out or out=5.
func (p *Printer) Set(order string) error {
	name, value, _ := strings.Cut(order, "=")
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.turned.Broadcast()
	if name == "out" {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return fmt.Errorf("out: %q is no number of lines", value)
		}
		p.until = p.works.lines + n
		return nil
	}
	for _, known := range conditions()[name] {
		if value == known {
			p.set[name] = value
			if name == "paper" {
				p.until = 0
			}
			return nil
		}
	}
	return fmt.Errorf("%q: want one of %v", order, conditions())
}

// Power turns the printer off and on: what it had not printed is lost.
func (p *Printer) Power() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buffer, p.tail = nil, nil
	p.works.reset()
	p.works.fresh()
}

// Serve works at a line until it ends.
func (p *Printer) Serve(line io.ReadWriter) error {
	p.mu.Lock()
	p.line, p.ended = line, false
	p.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.work()
	}()
	err := p.read(line)
	p.mu.Lock()
	p.ended = true
	p.turned.Broadcast()
	p.mu.Unlock()
	<-done
	return err
}

func (p *Printer) read(line io.Reader) error {
	b := make([]byte, 256)
	for {
		p.mu.Lock()
		for p.set["stuck"] == "yes" && !p.ended {
			p.turned.Wait()
		}
		p.mu.Unlock()
		n, err := line.Read(b)
		if err != nil {
			return err
		}
		p.mu.Lock()
		for _, c := range b[:n] {
			p.take(c)
		}
		p.turned.Broadcast()
		p.mu.Unlock()
	}
}

// take takes a byte. DLE EOT n is answered at once, wherever it stands.
func (p *Printer) take(c byte) {
	switch {
	case len(p.tail) == 0 && c == 0x10, len(p.tail) == 1 && c == 0x04:
		p.tail = append(p.tail, c)
	case len(p.tail) == 2 && c >= 1 && c <= 4:
		p.tail = nil
		p.say(p.status(c))
	default:
		p.buffer, p.tail = append(append(p.buffer, p.tail...), c), nil
	}
}

func (p *Printer) say(b byte) {
	if p.set["mute"] != "yes" && p.line != nil {
		_, _ = p.line.Write([]byte{b}) // a line that is gone ends the read
	}
}

// through answers GS r.
func (p *Printer) through(b byte) {
	if p.set["ordered"] != "no" {
		p.say(b)
	}
}

func (p *Printer) out() bool {
	return p.set["paper"] == "out" || p.until > 0 && p.works.lines >= p.until
}

// stopped tells that nothing is printed.
func (p *Printer) stopped() bool {
	return p.out() || p.set["cover"] == "open" || p.set["online"] == "no" || p.set["error"] == "yes" || p.set["stuck"] == "yes"
}

// status is the answer to DLE EOT n.
func (p *Printer) status(n byte) byte {
	b := byte(0x12)
	on := func(bits byte, yes bool) {
		if yes {
			b |= bits
		}
	}
	switch n {
	case 1:
		on(0x08, p.stopped())
	case 2:
		on(0x04, p.set["cover"] == "open")
		on(0x20, p.out())
		on(0x40, p.set["error"] == "yes")
	case 4:
		on(0x0C, p.set["paper"] == "low" || p.out())
		on(0x60, p.out())
	}
	return b
}

// paper is the answer to GS r 1.
func (p *Printer) paper() byte {
	if p.set["paper"] == "low" {
		return 0x03
	}
	return 0
}

// work prints what is in the buffer, as far as it may.
func (p *Printer) work() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.ended {
		n := 0
		if len(p.buffer) > 0 && !p.stopped() {
			n = p.works.step(p.buffer)
			p.buffer = p.buffer[min(n, len(p.buffer)):] // it may have been turned off meanwhile
		}
		if n == 0 {
			p.turned.Wait()
			continue
		}
		p.mu.Unlock() // who asks for the status is answered while it prints
		p.mu.Lock()
	}
}

// keep puts a slip into the folder. It is called with the printer locked, by work.
func (p *Printer) keep(slip *image.Gray) {
	path := filepath.Join(p.folder, fmt.Sprintf("slip-%03d.png", len(p.slips)+1))
	p.mu.Unlock() // it takes a while, and the knife keeps no printer from answering
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err == nil {
		err = errors.Join(png.Encode(f, slip), f.Close())
	}
	p.mu.Lock()
	if err != nil {
		p.works.fault("slip: %v", err)
	}
	p.slips = append(p.slips, path)
	p.turned.Broadcast()
}

// Slips gives the pictures so far.
func (p *Printer) Slips() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.slips...)
}

// Await returns when n slips are out, or with false when stop is closed before.
func (p *Printer) Await(n int, stop <-chan struct{}) bool {
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-stop:
		case <-over:
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.turned.Broadcast()
	}()
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.slips) < n {
		select {
		case <-stop:
			return false
		default:
			p.turned.Wait()
		}
	}
	return true
}

// Lines is how many lines were printed.
func (p *Printer) Lines() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.works.lines
}

// Faults are what no good printer would have been sent.
func (p *Printer) Faults() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.works.faults...)
}

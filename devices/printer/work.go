package printer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"settled/devices/serialport"
)

// Limits of the conversation with the printer.
const (
	answerIn = 500 * time.Millisecond // a real-time answer, if the options say nothing else
	writeIn  = 2 * time.Second        // a chunk, over what the line needs
	window   = 2048                   // bytes sent without a sign that the ones before are printed
	looks    = 15                     // how often it says that it is well until a window counts as through
	patience = 3                      // questions without an answer until it counts as silent
)

// errSilent is of a kind with a line that takes no bytes: no reason to look for another.
var errSilent = fmt.Errorf("the printer does not answer: %w", serialport.ErrSlow)

// Run is the worker: it follows the printer's state and prints what is in the spool,
// until ctx ends. Then it stops within the limits of a single step, whatever the printer
// does; a slip that is not out is printed by the next run.
func (p *Printer) Run(ctx context.Context) {
	serialport.Keep(ctx, p.options.Line, p.noteLine, func(ctx context.Context, port *serialport.Port) error {
		t := talk{printer: p, port: port, bytes: make(chan byte, 64), lost: make(chan error, 1)}
		over, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			t.listen(over)
		}()
		err := t.serve(ctx)
		cancel()
		_ = port.Close() // ends listen's read; Keep looks at nothing else of it
		<-ended
		return err
	})
}

// talk is the conversation over one opening of the port.
type talk struct {
	printer *Printer
	port    *serialport.Port
	bytes   chan byte
	lost    chan error
	through int // answers to GS r that have come
}

// listen hands on what the printer says.
func (t *talk) listen(ctx context.Context) {
	b := make([]byte, 64)
	for {
		n, err := t.port.Read(b, time.Hour)
		if errors.Is(err, serialport.ErrIdle) {
			continue
		}
		if err != nil {
			t.lost <- err
			return
		}
		for _, one := range b[:n] {
			select {
			case t.bytes <- one:
			case <-ctx.Done():
				return
			}
		}
	}
}

// serve asks and prints until the port or the printer is lost.
func (t *talk) serve(ctx context.Context) error {
	missed := 0
	for {
		trouble, err := t.look(ctx)
		switch {
		case errors.Is(err, errSilent):
			missed++
			if missed >= patience {
				t.printer.note(Silent)
			}
		case err != nil:
			return err
		default:
			missed = 0
			t.printer.note(trouble)
		}
		if one := t.printer.first(); one != nil && err == nil && !trouble.Stops() {
			if err := t.print(ctx, one); err != nil {
				return err
			}
			continue
		}
		if err := t.rest(ctx); err != nil {
			return err
		}
	}
}

// rest waits for a slip, or until it is time to look again.
func (t *talk) rest(ctx context.Context) error {
	pause := time.NewTimer(t.printer.options.Look)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-t.lost:
			return err
		case <-t.bytes: // late, or sent unasked
		case <-t.printer.wake:
			return nil
		case <-pause.C:
			return nil
		}
	}
}

// look asks for the printer's state. One that is not asked (Confirm "none") is well.
func (t *talk) look(ctx context.Context) (Trouble, error) {
	if t.printer.options.Manner.Confirm == "none" {
		return "", nil
	}
	var a answers
	for _, ask := range []struct {
		n    byte
		into *byte
	}{{askPrinter, &a.printer}, {askOffline, &a.offline}, {askPaper, &a.paper}} {
		var err error
		if *ask.into, err = t.ask(ctx, ask.n); err != nil {
			return "", err
		}
	}
	return a.trouble(), nil
}

// ask asks one real-time question. Answers to GS r that come in between are counted.
func (t *talk) ask(ctx context.Context, n byte) (byte, error) {
	for len(t.bytes) > 0 { // late answers are none to this question
		t.count(<-t.bytes)
	}
	answer := t.printer.options.Answer
	if _, err := t.port.Write([]byte{realTime[0], realTime[1], n}, answer); err != nil {
		if errors.Is(err, serialport.ErrSlow) {
			return 0, errSilent
		}
		return 0, err
	}
	limit := time.NewTimer(answer)
	defer limit.Stop()
	for {
		select {
		case b := <-t.bytes:
			if isRealTime(b) {
				return b, nil
			}
			t.count(b)
		case err := <-t.lost:
			return 0, err
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-limit.C:
			return 0, errSilent
		}
	}
}

func (t *talk) count(b byte) {
	if isOrdered(b) {
		t.through++
	}
}

// print prints a slip, in windows, each of which is through before the next goes out.
// An error means that it is not known what came out; the slip stays in the spool.
func (t *talk) print(ctx context.Context, one *slip) error {
	parts := t.printer.encode(one)
	if err := one.begin(); err != nil { // a disk that is full must not keep the paper from coming
		t.printer.options.Log.Error("that a slip is being printed could not be noted", "slip", one.Name, "cause", err)
	}
	for len(parts) > 0 {
		var chunk []byte
		for len(parts) > 0 && (len(chunk) == 0 || len(chunk)+len(parts[0]) <= window) {
			chunk, parts = append(chunk, parts[0]...), parts[1:]
		}
		if err := t.send(ctx, chunk); err != nil {
			return err
		}
	}
	t.printer.out(one)
	return nil
}

// send brings a window to paper.
func (t *talk) send(ctx context.Context, chunk []byte) error {
	confirm := t.printer.options.Manner.Confirm
	if confirm == "processed" {
		chunk = append(chunk, ordered...)
	}
	expect := t.through + 1
	took := time.Second * time.Duration(len(chunk)) / time.Duration(t.printer.options.Line.BytesPerSecond())
	if _, err := t.port.Write(chunk, writeIn+took); err != nil {
		t.printer.note(Silent)
		return err
	}
	switch confirm {
	case "processed":
		return t.await(ctx, func() bool { return t.through >= expect }, looks)
	case "status":
		return t.await(ctx, func() bool { return false }, 1+int(took/t.printer.options.Look))
	}
	return nil
}

// await waits until the printer has done what it was sent: until done, or until it has
// said so many times that it is well. While something stops it there is no limit: it goes
// on where it stood when, say, paper is put in. One that answers nothing is an error.
func (t *talk) await(ctx context.Context, done func() bool, times int) error {
	look := time.NewTicker(t.printer.options.Look)
	defer look.Stop()
	well, missed := 0, 0
	for !done() {
		select {
		case b := <-t.bytes:
			t.count(b)
		case err := <-t.lost:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
			trouble, err := t.look(ctx)
			switch {
			case errors.Is(err, errSilent):
				missed++
				if missed >= patience {
					t.printer.note(Silent)
					return err
				}
				continue
			case err != nil:
				return err
			}
			missed = 0
			t.printer.note(trouble)
			well++
			if trouble.Stops() {
				well = 0
			}
			if well >= times {
				t.unconfirmed()
				return nil
			}
		}
	}
	return nil
}

// unconfirmed tells of a printer that is well, yet does not confirm. To print the slip
// again and again for that would be worse.
func (t *talk) unconfirmed() {
	if t.printer.options.Manner.Confirm == "processed" {
		t.printer.options.Log.Warn(`the printer does not answer GS r; is it one for confirm = "status"?`)
	}
}

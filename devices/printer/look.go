package printer

import (
	"context"
	"errors"

	"settled/devices/serialport"
)

// Look sees once how a printer stands that no daemon has: its line is opened, it is asked
// as far as it answers questions (Manner.Confirm), and the line is closed again. Nothing
// is printed.
func Look(ctx context.Context, l serialport.Line, m Manner) State {
	s := State{Line: serialport.Look(l)}
	if !s.Line.Up {
		return s
	}
	port, err := serialport.Open(l)
	if err != nil { // it went, or somebody took it, just now
		s.Line = serialport.State{Path: l.Path, Why: err.Error()}
		return s
	}
	over, cancel := context.WithCancel(ctx)
	t := talk{printer: &Printer{options: Options{Manner: m, Answer: answerIn}}, port: port, bytes: make(chan byte, 64), lost: make(chan error, 1)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t.listen(over)
	}()
	err = errSilent
	for n := 0; n < patience && errors.Is(err, errSilent); n++ {
		s.Trouble, err = t.look(ctx)
	}
	if err != nil {
		s.Trouble = Silent
	}
	cancel()
	_ = port.Close() // ends listen's read; nothing was printed that could be lost
	<-ended
	return s
}

package demo

import (
	"bufio"
	"context"
	"fmt"
	"strconv"
	"strings"
)

// orders are what can be done to a counter that is left running, a line each.
const orders = `  cards insert|swap READER PROFILE, remove READER, kill, start, stall, resume …   (rig cards --help)
  printer paper=ok|low|out, cover=open|shut, online=no, stuck=yes, power, slips, unplug, plug …   (rig printer --help)
  scanner CODE\r, ecode (the child's 医保码), unplug, plug
  display show, unplug, plug
  platform down|up
  quit`

// obey carries out orders until one is to quit, or ctx ends. The end of the input ends
// nothing.
func (s *stage) obey(ctx context.Context) {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(s.In); in.Scan(); {
			select {
			case lines <- strings.TrimSpace(in.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case order, more := <-lines:
			switch {
			case !more:
				lines = nil
			case order == "quit":
				return
			case order != "":
				if err := s.order(order); err != nil {
					s.say("✗ %v", err)
				} else {
					s.say("ok")
				}
			}
		}
	}
}

// order carries out one.
func (s *stage) order(order string) error {
	to, what, _ := strings.Cut(order, " ")
	what = strings.TrimSpace(what)
	switch {
	case to == "cards" && what != "" && what != "quit":
		return s.cards.Tell(what)
	case order == "platform down":
		s.platform.Down()
		return nil
	case order == "platform up":
		return s.platform.Up()
	case s.serial.lines[to] != nil && what != "":
		return s.serialOrder(to, what)
	}
	return fmt.Errorf("%q: want\n%s", order, orders)
}

// serialOrder carries out one to a device at a serial line.
func (s *stage) serialOrder(device, order string) error {
	line := s.serial.lines[device]
	switch {
	case order == "unplug":
		return line.Unplug()
	case order == "plug":
		if err := line.Plug(); err != nil {
			return err
		}
		s.serial.plugged(device)
		return nil
	case device == "display" && order == "show":
		s.say("  %s", strings.Join(s.serial.display.Lines(), " | "))
		return nil
	case device == "scanner":
		return s.scan(order)
	case device == "printer" && s.serial.printer != nil && order == "power":
		s.serial.printer.Power()
		return nil
	case device == "printer" && s.serial.printer != nil && order == "slips":
		s.say("  %s", strings.Join(s.serial.printer.Slips(), "\n  "))
		return nil
	case device == "printer" && s.serial.printer != nil:
		return s.serial.printer.Set(order)
	}
	return fmt.Errorf("%s %q: want\n%s", device, order, orders)
}

// scan has the scanner read a code, in the form of Go's strings.
func (s *stage) scan(code string) (err error) {
	if code == "ecode" {
		code, err = s.platform.Books.ECode(childPsn)
		code += "\r"
	} else {
		code, err = strconv.Unquote(`"` + code + `"`)
	}
	if err == nil {
		_, err = s.serial.lines["scanner"].Write([]byte(code))
	}
	if err != nil {
		return fmt.Errorf("scan, in the form of Go's strings: %w", err)
	}
	return nil
}

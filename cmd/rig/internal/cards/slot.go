package cards

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Control codes of vpcd: a message of one byte. Everything else is a command APDU.
const (
	ctrlOff   = 0
	ctrlOn    = 1
	ctrlReset = 2
	ctrlATR   = 4
)

// handTime is the least time between taking a card out and putting the next one in.
// pcscd looks at vpcd every 400 ms; a faster exchange is what swap is for. Without
// it, a card that follows one whose power-down failed is never seen: pcscd then holds
// "no card" from the power-down and waits for a change that it has missed.
const handTime = 450 * time.Millisecond

// Faults are what happens to a card by the number of commands it has answered since
// it was put in; 0 is never.
type Faults struct {
	Pull  int // pulled instead of answering this command
	Hang  int // stops answering at this command
	Swap  int // exchanged for SwapTo before this command, behind the reader's back
	Delay time.Duration

	SwapTo string // profile
}

// dialLimit bounds one attempt to reach vpcd, which takes connections when pcscd
// looks; the system queues them.
const dialLimit = 2 * time.Second

// slot is the place of one card in a virtual reader: a TCP client of vpcd, which
// takes "no client" for "no card". A card stays in the slot when pcscd dies and is
// there again when it comes back.
type slot struct {
	address string

	mu     sync.Mutex
	card   *card
	faults Faults
	heard  []string // commands in hexadecimal since the card was put in
	out    func()   // takes the card out and waits for it; nil: no card
	empty  time.Time
}

// insert puts a card in. It is there when pcscd next looks, or when there is a pcscd.
func (s *slot) insert(ctx context.Context, c *card, f Faults) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out != nil {
		return errors.New("a card is in the reader")
	}
	s.card, s.faults, s.heard = c, f, nil
	if f.Delay > 0 {
		c.delay = f.Delay
	}
	ctx, cancel := context.WithCancel(ctx)
	done, wait := make(chan struct{}), time.Until(s.empty.Add(handTime))
	go func() {
		defer close(done)
		pause(ctx, wait)
		s.serve(ctx)
	}()
	s.out = func() { cancel(); <-done }
	return nil
}

// remove takes the card out; without a card it does nothing.
func (s *slot) remove() {
	s.mu.Lock()
	out := s.out
	s.out = nil
	s.mu.Unlock()
	if out == nil {
		return
	}
	out()
	s.mu.Lock()
	s.empty = time.Now()
	s.mu.Unlock()
}

// swap exchanges the card within one poll of pcscd: the connection stays, nothing
// is reset, and no event is raised.
func (s *slot) swap(c *card) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.card = c
}

// commands gives what the card was asked since it was put in.
func (s *slot) commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.heard...)
}

// serve keeps the card connected to vpcd.
func (s *slot) serve(ctx context.Context) {
	for ctx.Err() == nil {
		d := net.Dialer{Timeout: dialLimit}
		conn, err := d.DialContext(ctx, "tcp4", s.address)
		if err != nil {
			pause(ctx, 10*time.Millisecond)
			continue
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		pulled := s.converse(ctx, conn)
		stop()
		_ = conn.Close()
		if pulled {
			return
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// converse answers vpcd until the connection ends; pulled says that the card left by
// its own fault setting.
func (s *slot) converse(ctx context.Context, conn net.Conn) (pulled bool) {
	s.mu.Lock()
	s.card.reset()
	s.mu.Unlock()
	for {
		message, err := receive(conn)
		if err != nil {
			return false
		}
		answer, pull := s.hear(ctx, message)
		if pull {
			return true
		}
		if answer == nil {
			continue
		}
		if err := send(conn, answer); err != nil {
			return false
		}
	}
}

// hear gives the answer to one message: nil for none, pull when the card goes.
func (s *slot) hear(ctx context.Context, message []byte) (answer []byte, pull bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(message) == 1 {
		switch message[0] {
		case ctrlATR:
			return s.card.atr, false
		case ctrlOff, ctrlOn, ctrlReset:
			s.card.reset()
		}
		return nil, false
	}
	s.heard = append(s.heard, hex.EncodeToString(message))
	n := len(s.heard)
	if n == s.faults.Swap {
		if p, err := find(s.faults.SwapTo); err == nil {
			s.card, _ = p.card()
		}
	}
	switch {
	case n == s.faults.Pull:
		return nil, true
	case s.card.silent, s.faults.Hang > 0 && n >= s.faults.Hang:
		return nil, false
	}
	pause(ctx, s.card.delay)
	return s.card.answer(message), false
}

// receive reads one message: two bytes of length, big endian, and the body. vpcd 0.8
// writes the two apart, so without TCP_QUICKACK before each read the second part
// waits 44 ms for the delayed acknowledgement of the first.
func receive(conn net.Conn) ([]byte, error) {
	var head [2]byte
	if err := readFull(conn, head[:]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint16(head[:]))
	return body, readFull(conn, body)
}

func readFull(conn net.Conn, b []byte) error {
	if err := quickAck(conn); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, b)
	return err
}

func quickAck(conn net.Conn) error {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
	})
	return errors.Join(err, set)
}

func send(conn net.Conn, body []byte) error {
	if len(body) > 0xFFFF {
		return fmt.Errorf("message of %d bytes", len(body))
	}
	b := binary.BigEndian.AppendUint16(nil, uint16(len(body)))
	_, err := conn.Write(append(b, body...))
	return err
}

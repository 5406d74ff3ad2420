package cases

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"settled/settle"
)

// Most bytes of a case, and of any other value of the bundle, such as the registry.
const (
	maxCase  = settle.MaxBody
	maxOther = 64 << 20
)

var (
	errBundle  = errors.New("not a bundle of cases")
	errTooLong = fmt.Errorf("a value of over %d bytes", maxOther)
)

// misplaced says what is wrong at a byte of the bundle.
type misplaced struct {
	at   int64
	what string
}

func (m *misplaced) Error() string { return fmt.Sprintf("byte %d: %s", m.at, m.what) }

// cutter cuts values out of JSON text. It finds where each ends, and whether what is
// between them is in order; what is in them is not looked at.
type cutter struct {
	in *bufio.Reader
	at int64 // offset of the next byte
}

// early says that the bundle ends where it must go on.
func (c *cutter) early() error { return &misplaced{c.at, "it ends early"} }

// next gives the next byte that is no space, without taking it.
func (c *cutter) next() (byte, error) {
	for {
		b, err := c.in.Peek(1)
		switch {
		case errors.Is(err, io.EOF):
			return 0, io.EOF
		case err != nil:
			return 0, fmt.Errorf("read: %w", err)
		case b[0] != ' ' && b[0] != '\t' && b[0] != '\n' && b[0] != '\r':
			return b[0], nil
		}
		c.take(1)
	}
}

// take passes over bytes that Peek has shown.
func (c *cutter) take(n int) {
	n, _ = c.in.Discard(n) // in the buffer
	c.at += int64(n)
}

// expect takes one of the bytes, and says which.
func (c *cutter) expect(these string) (byte, error) {
	b, err := c.next()
	switch {
	case errors.Is(err, io.EOF):
		return 0, c.early()
	case err != nil:
		return 0, err
	case strings.IndexByte(these, b) < 0:
		return 0, &misplaced{c.at, fmt.Sprintf("%q is not expected", b)}
	}
	c.take(1)
	return b, nil
}

// value takes a value and appends it to a buffer, unless it is longer than most; size
// is its length.
func (c *cutter) value(to []byte, most int) (all []byte, size int, err error) {
	if _, err := c.next(); err != nil && !errors.Is(err, io.EOF) {
		return to, 0, err
	}
	var s scan
	for start := len(to); ; {
		if _, err := c.in.Peek(1); err != nil {
			return to[:start], size, c.early()
		}
		window, _ := c.in.Peek(c.in.Buffered())
		n, whole := s.over(window)
		if size += n; size <= most {
			to = append(to, window[:n]...)
		} else {
			to = to[:start]
		}
		c.take(n)
		if whole {
			return to, size, nil
		}
	}
}

// scan finds the end of one value that comes in several windows.
type scan struct {
	depth, deepest    int
	quoted, backslash bool
}

// over gives how many of the bytes belong to the value, and whether it ends there.
func (s *scan) over(window []byte) (n int, whole bool) {
	for n < len(window) {
		if s.quoted {
			n += s.string(window[n:])
			if !s.quoted && s.depth == 0 {
				return n, true
			}
			continue
		}
		switch window[n] {
		case '"':
			s.quoted = true
		case '{', '[':
			s.depth++
			s.deepest = max(s.deepest, s.depth)
		case '}', ']':
			if s.depth == 0 {
				return n, true
			}
			s.depth--
			if s.depth == 0 {
				return n + 1, true
			}
		case ',', ' ', '\t', '\n', '\r', ':':
			if s.depth == 0 {
				return n, true
			}
		}
		n++
	}
	return n, false
}

// string gives how many bytes belong to the string under way.
func (s *scan) string(window []byte) (n int) {
	if s.backslash {
		s.backslash = false
		n = 1
	}
	for n < len(window) {
		quote := bytes.IndexByte(window[n:], '"')
		end := quote
		if quote < 0 {
			end = len(window) - n
		}
		if escape := bytes.IndexByte(window[n:n+end], '\\'); escape >= 0 {
			if n += escape + 2; n > len(window) {
				s.backslash = true
				return len(window)
			}
			continue
		}
		if quote >= 0 {
			s.quoted = false
			return n + quote + 1
		}
		return len(window)
	}
	return n
}

// walk reads the bundle's top level: the registry is read, each case is taken by a
// function, all else has only to be JSON. Nothing may follow the bundle.
func walk(in io.Reader, places registry, one func(c *cutter) error) error {
	c := &cutter{in: bufio.NewReaderSize(in, 1<<18)}
	if mark, _ := c.in.Peek(3); string(mark) == "\xef\xbb\xbf" {
		c.take(3) // some editors begin UTF-8 with it
	}
	if _, err := c.expect("{"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for first := true; ; first = false {
		if b, err := c.next(); first && err == nil && b == '}' {
			c.take(1)
			break
		}
		name, err := c.name()
		switch {
		case err != nil:
			return err
		case seen[name]:
			return &misplaced{c.at, fmt.Sprintf("%q twice", settle.Clip(name))}
		}
		seen[name] = true
		if err := c.field(name, places, one); err != nil {
			return fmt.Errorf("%s: %w", settle.Clip(name), err)
		}
		if b, err := c.expect(",}"); err != nil {
			return err
		} else if b == '}' {
			break
		}
	}
	if !seen["cases"] {
		return errors.New("no cases")
	}
	switch _, err := c.next(); {
	case err == nil:
		return &misplaced{c.at, "something follows it"}
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// name takes a field's name and the colon.
func (c *cutter) name() (string, error) {
	raw, _, err := c.value(nil, maxCase)
	if err != nil {
		return "", err
	}
	var name string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &name) != nil {
		return "", &misplaced{c.at, "a name in quotes is expected"}
	}
	_, err = c.expect(":")
	return name, err
}

// field takes the value of a field of the bundle.
func (c *cutter) field(name string, places registry, one func(c *cutter) error) error {
	if name == "cases" {
		return c.list(one)
	}
	raw, size, err := c.value(nil, maxOther)
	at := c.at - int64(size)
	switch {
	case err != nil:
		return err
	case size > maxOther:
		return &misplaced{at, errTooLong.Error()}
	case !json.Valid(raw):
		return invalid(raw, at)
	case name == "institutions":
		r := reader{raw: raw}
		if err := r.whole(places.read); err != nil {
			return &misplaced{at + int64(r.at), err.Error()}
		}
	}
	return nil
}

// list takes a list, each element by a function.
func (c *cutter) list(one func(c *cutter) error) error {
	if _, err := c.expect("["); err != nil {
		return err
	}
	if b, err := c.next(); err == nil && b == ']' {
		c.take(1)
		return nil
	}
	for {
		if err := one(c); err != nil {
			return err
		}
		if b, err := c.expect(",]"); err != nil || b == ']' {
			return err
		}
	}
}

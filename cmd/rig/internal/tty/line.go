// Package tty gives simulated serial devices a line: a pseudo-terminal whose other end
// has a name that stays, as udev gives one to a USB adapter, and that can be pulled out
// and put in again.
package tty

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// Line is a device's end of a line. Read, Write and Close may run beside each other.
type Line struct {
	name string

	mu    sync.Mutex
	ours  *os.File // the device's end
	other *os.File // held open, so that the line lives while no program has it
}

// Open makes a line whose other end is at name, a link.
func Open(name string) (*Line, error) {
	l := &Line{name: name}
	err := l.Plug()
	return l, err
}

// Name is where the line's other end is.
func (l *Line) Name() string { return l.name }

// Plug puts the device in: a new line under the same name.
func (l *Line) Plug() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ours != nil {
		return errors.New("it is plugged in")
	}
	master, other, err := pty.Open()
	if err != nil {
		return fmt.Errorf("pseudo-terminal: %w", err)
	}
	ours, err := pollable(master)
	if err != nil {
		return errors.Join(err, other.Close())
	}
	err = raw(other)
	if err == nil {
		if err = os.Remove(l.name); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	if err == nil {
		err = os.Symlink(other.Name(), l.name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("serial line: %w", err), ours.Close(), other.Close())
	}
	l.ours, l.other = ours, other
	return nil
}

// pollable gives the same end in a form that a Close ends the reads of.
func pollable(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("pseudo-terminal: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// raw keeps the line from echoing until a program sets it up.
func raw(f *os.File) error {
	t, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		return err
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	return unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, t)
}

// Stop has the device take no bytes, as one does whose flow control says so, until it is
// plugged in anew.
func (l *Line) Stop() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.other == nil {
		return ErrUnplugged
	}
	return unix.IoctlSetInt(int(l.other.Fd()), unix.TCXONC, unix.TCOOFF)
}

// Unplug pulls the device out: reads and writes of both ends fail, the name is gone.
func (l *Line) Unplug() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ours == nil {
		return nil
	}
	err := errors.Join(os.Remove(l.name), l.ours.Close(), l.other.Close())
	l.ours, l.other = nil, nil
	return err
}

// Close ends the line.
func (l *Line) Close() error { return l.Unplug() }

// ErrUnplugged is given while the device is pulled out.
var ErrUnplugged = errors.New("unplugged")

func (l *Line) end() (*os.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ours == nil {
		return nil, ErrUnplugged
	}
	return l.ours, nil
}

// Read implements io.Reader.
func (l *Line) Read(b []byte) (int, error) {
	f, err := l.end()
	if err != nil {
		return 0, err
	}
	return f.Read(b)
}

// Write implements io.Writer.
func (l *Line) Write(b []byte) (int, error) {
	f, err := l.end()
	if err != nil {
		return 0, err
	}
	return f.Write(b)
}

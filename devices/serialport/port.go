// Package serialport carries bytes to and from a device on a serial line, with a limit
// of time on everything, and says when the device is gone.
//
// github.com/tarm/serial sets the line: speed, data bits, parity, stop bits. The bytes
// go over a descriptor of our own of the same device, in the manner of Go's poller,
// because the library's has no limit of time for a write, cannot be closed while a read
// waits, says the same (0, io.EOF) for "nothing yet" and for a USB adapter that was
// unplugged, and lets a second program open the port and share its bytes. On our
// descriptor a read that ends without a byte before its time can only mean that the
// line hung up.
package serialport

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tarm/serial"
	"golang.org/x/sys/unix"
)

// What a port says besides nil.
var (
	ErrIdle   = errors.New("no byte came in time")      // nothing is lost, read again
	ErrSlow   = errors.New("the device takes no bytes") // within the time; what was taken is in n
	ErrGone   = errors.New("the device is gone")        // unplugged or hung up: close, open again
	ErrBusy   = errors.New("the port is in use")        // by another program, or twice by this one
	ErrAbsent = errors.New("no such device")            //
)

// shortest is the time-out that the library is given, so that no read of its could
// wait for ever; it makes none.
const shortest = 100 * time.Millisecond

// Port is an open line, ours alone. Read and Write may run beside each other; Close
// ends both at once.
type Port struct {
	file  *os.File     // carries the bytes
	line  *serial.Port // has set the line, and restores nothing
	ended atomic.Bool  // Close was called
	close func() error // once
}

// Open takes the line for this process alone and sets it up. The errors are ErrAbsent,
// ErrBusy, or what the system says.
func Open(l Line) (*Port, error) {
	c, err := l.config()
	if err != nil {
		return nil, fmt.Errorf("serial line: %w", err)
	}
	file, err := os.OpenFile(l.Path, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, opened(err)
	}
	if err := control(file, func(fd int) error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) }); err != nil {
		return nil, errors.Join(opened(err), file.Close())
	}
	line, err := serial.OpenPort(c)
	if err != nil {
		return nil, errors.Join(opened(err), file.Close())
	}
	p := &Port{file: file, line: line}
	p.close = sync.OnceValue(p.shut)
	// Now that the library has it open, nobody else is to open it, root apart.
	if err := p.ioctl(unix.TIOCEXCL, 0); err != nil {
		return nil, errors.Join(opened(err), p.Close())
	}
	return p, nil
}

func opened(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV), errors.Is(err, unix.EIO):
		return fmt.Errorf("%w: %w", ErrAbsent, err)
	case errors.Is(err, unix.EWOULDBLOCK), errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return fmt.Errorf("serial line: %w", err)
}

// Read gives the bytes that are there, or waits for some; it does not fill b. A frame
// arrives in pieces.
func (p *Port) Read(b []byte, within time.Duration) (int, error) {
	if err := p.file.SetReadDeadline(time.Now().Add(within)); err != nil {
		return 0, p.lost(err)
	}
	n, err := p.file.Read(b)
	switch {
	case n > 0:
		return n, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, ErrIdle
	default:
		return 0, p.lost(err)
	}
}

// Write gives all of b to the system's buffer, or as much as the device takes in time.
func (p *Port) Write(b []byte, within time.Duration) (int, error) {
	if err := p.file.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return 0, p.lost(err)
	}
	n, err := p.file.Write(b)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, ErrSlow
	default:
		return n, p.lost(err)
	}
}

// lost makes of a failure on an open line that the device is gone, or of one on a line
// that we closed os.ErrClosed.
func (p *Port) lost(err error) error {
	switch {
	case p.ended.Load():
		return os.ErrClosed
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: the line hung up", ErrGone)
	}
	return fmt.Errorf("%w: %w", ErrGone, err)
}

// Discard forgets what came in and was not read, such as a late answer.
func (p *Port) Discard() error {
	if err := p.ioctl(unix.TCFLSH, unix.TCIFLUSH); err != nil {
		return p.lost(err)
	}
	return nil
}

// Close gives the line back. It ends a Read and a Write under way and waits for neither
// device nor bytes. It may be called again and from anywhere.
func (p *Port) Close() error { return p.close() }

func (p *Port) shut() error {
	p.ended.Store(true)
	_ = p.ioctl(unix.TIOCNXCL, 0)            // a line that hung up has forgotten it
	_ = p.ioctl(unix.TCFLSH, unix.TCIOFLUSH) // or the last close waits for a printer that stands still
	return errors.Join(p.file.Close(), p.line.Close())
}

func (p *Port) ioctl(request uint, value int) error {
	return control(p.file, func(fd int) error { return unix.IoctlSetInt(fd, request, value) })
}

func control(file *os.File, do func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var done error
	if err := raw.Control(func(fd uintptr) { done = do(int(fd)) }); err != nil {
		return err
	}
	return done
}

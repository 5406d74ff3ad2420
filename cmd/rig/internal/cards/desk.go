package cards

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Where Debian's packages pcscd and vsmartcard-vpcd put things.
const (
	pcscdPath   = "/usr/sbin/pcscd"
	vpcdLibrary = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
	firstPort   = 35963 // vpcd's own choice; in the bench's network namespace
	maxReaders  = 4     // each block of configuration makes two slots, pcscd has 16
)

var errNotInstalled = errors.New("not installed (Debian packages pcscd and vsmartcard-vpcd): run the tests by `make test`, which installs them")

// reader is one virtual reader: its role on the command line, its name in PC/SC.
type reader struct {
	role string
	name string
	slot *slot
}

// desk is the bench: a private pcscd with virtual readers. It must run in a network namespace
// of its own, since vpcd listens on every address.
type desk struct {
	socket  string // unix socket of pcscd, for PCSCLITE_CSOCK_NAME
	folder  string // temporary: configuration and log
	readers []reader
	pcscd   *exec.Cmd
	refuser net.Listener // listens in pcscd's place and hangs up; nil: none does
}

// newDesk writes the configuration and starts pcscd.
func newDesk(socket string, roles []string) (*desk, error) {
	for _, path := range []string{pcscdPath, vpcdLibrary} {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("%s: %w", path, errNotInstalled)
		}
	}
	if len(roles) == 0 || len(roles) > maxReaders {
		return nil, fmt.Errorf("%d readers: 1 to %d can be had", len(roles), maxReaders)
	}
	folder, err := os.MkdirTemp("", "rig-cards-") // absolute: pcscd -c takes nothing else
	if err != nil {
		return nil, err
	}
	b := &desk{socket: socket, folder: folder}
	err = b.configure(roles)
	if err == nil {
		err = b.start()
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// configure makes a reader for each role. pcscd adds " 00 00" to a FRIENDLYNAME for
// the first slot; the second slot of each block, " 00 01", stays empty. Every block
// has a copy of vpcd's library: the library keeps its sockets by slot and not by
// reader, so a second block would take the sockets of the first, and a link to the
// same file would be the same library to the loader.
func (b *desk) configure(roles []string) error {
	var conf strings.Builder
	for i, role := range roles {
		if !isRole(role) {
			return fmt.Errorf("reader %q: letters a to z only", role)
		}
		title := strings.ToUpper(role[:1]) + role[1:]
		port := firstPort + 16*i
		library, err := b.copyLibrary(role)
		if err != nil {
			return err
		}
		fmt.Fprintf(&conf, "FRIENDLYNAME %q\nDEVICENAME /dev/null:0x%X\nLIBPATH %s\nCHANNELID 0x%X\n\n",
			title, port, library, port)
		b.readers = append(b.readers, reader{
			role: role,
			name: title + " 00 00",
			slot: &slot{address: fmt.Sprintf("127.0.0.1:%d", port)},
		})
	}
	folder := filepath.Join(b.folder, "readers")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "conf"), []byte(conf.String()), 0o600)
}

func (b *desk) copyLibrary(role string) (path string, err error) {
	code, err := os.ReadFile(vpcdLibrary)
	if err != nil {
		return "", err
	}
	path = filepath.Join(b.folder, role+".so")
	return path, os.WriteFile(path, code, 0o600)
}

func isRole(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}

// start runs pcscd on the bench's socket by socket activation: the listener is file
// 3, and LISTEN_PID must be the daemon's own. The bench's copies of the listener are
// closed after that: while one is open, a dead pcscd leaves clients waiting for ever
// instead of failing at once.
func (b *desk) start() error {
	b.unrefuse()
	if b.pcscd != nil {
		return errors.New("pcscd is running")
	}
	listener, err := b.listen()
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	log, err := os.OpenFile(b.log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()

	arguments := append([]string{"-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`, pcscdPath, "-f", "-c", filepath.Join(b.folder, "readers")}, polkit()...)
	cmd := exec.Command("/bin/sh", arguments...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{listener}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start pcscd: %w", err)
	}
	b.pcscd = cmd
	return b.ready()
}

// polkit gives --disable-polkit where pcscd knows it (2.0.0 on; 1.9.9 rejects it).
func polkit() []string {
	help, _ := exec.Command(pcscdPath, "--help").CombinedOutput()
	if bytes.Contains(help, []byte("disable-polkit")) {
		return []string{"--disable-polkit"}
	}
	return nil
}

// listen binds the socket anew and gives the listener as a file.
func (b *desk) listen() (*os.File, error) {
	if err := os.Remove(b.socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: b.socket, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	defer func() { _ = l.Close() }()
	return l.File()
}

// ready waits until vpcd listens for cards, or pcscd has ended.
func (b *desk) ready() error {
	last := b.readers[len(b.readers)-1].slot.address
	deadline := time.Now().Add(5 * time.Second)
	for time.Now().Before(deadline) {
		if listening(last) {
			return nil
		}
		pause(context.Background(), 2*time.Millisecond)
	}
	text, _ := os.ReadFile(b.log())
	_ = b.end(syscall.SIGKILL)
	return fmt.Errorf("pcscd made no readers: %s", bytes.TrimSpace(text[max(0, len(text)-2000):]))
}

// listening looks into the namespace's table of sockets. To connect and hang up
// would be a card that comes and goes.
func listening(address string) bool {
	_, port, _ := strings.Cut(address, ":")
	var n int
	if _, err := fmt.Sscan(port, &n); err != nil {
		return false
	}
	table, err := os.ReadFile("/proc/self/net/tcp")
	return err == nil && strings.Contains(string(table), fmt.Sprintf(":%04X 00000000:0000 0A ", n))
}

// refuse takes pcscd's place: every client is hung up on at once, as pcscd does with one
// that polkit refuses.
func (b *desk) refuse() error {
	if b.pcscd != nil || b.refuser != nil {
		return errors.New("pcscd or its refusal is running")
	}
	if err := os.Remove(b.socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: b.socket, Net: "unix"})
	if err != nil {
		return err
	}
	b.refuser = l
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	return nil
}

func (b *desk) unrefuse() {
	if b.refuser != nil {
		_ = b.refuser.Close()
		b.refuser = nil
	}
}

// absent removes the socket that a dead pcscd has left, as where none was started.
func (b *desk) absent() error {
	if b.pcscd != nil {
		return errors.New("pcscd is running")
	}
	b.unrefuse()
	if err := os.Remove(b.socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// signal sends a signal to pcscd: STOP and CONT make one that hangs.
func (b *desk) signal(s syscall.Signal) error {
	if b.pcscd == nil {
		return errors.New("pcscd is not running")
	}
	return b.pcscd.Process.Signal(s)
}

// end stops pcscd by signal and waits for it.
func (b *desk) end(s syscall.Signal) error {
	if err := b.signal(s); err != nil {
		return err
	}
	_ = b.pcscd.Wait() // ended by a signal: always an error
	b.pcscd = nil
	return nil
}

func (b *desk) log() string { return filepath.Join(b.folder, "pcscd.log") }

// reader finds one by role.
func (b *desk) reader(role string) (*reader, error) {
	for i := range b.readers {
		if b.readers[i].role == role {
			return &b.readers[i], nil
		}
	}
	return nil, fmt.Errorf("no reader %q", role)
}

// close takes the cards out, ends pcscd and removes what was made.
func (b *desk) close() {
	for i := range b.readers {
		b.readers[i].slot.remove()
	}
	_ = b.end(syscall.SIGKILL)
	b.unrefuse()
	_ = os.Remove(b.socket)
	_ = os.RemoveAll(b.folder)
}

// copyLog writes pcscd's log, for a technician who asks for it.
func (b *desk) copyLog(w io.Writer) {
	if text, err := os.ReadFile(b.log()); err == nil {
		_, _ = w.Write(text)
	}
}

// Package bench drives a card bench: the process "rig cards", which runs a private
// pcscd with virtual readers and cards. Tests of the card packages and the demo use
// it; settled itself does not.
package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// SocketVariable is the environment variable by which libpcsclite finds a pcscd
// other than the machine's. It is read at the first call and then kept, so one
// process can only ever talk to one pcscd.
const SocketVariable = "PCSCLITE_CSOCK_NAME"

// Bench is a running "rig cards". Its methods may be called from any goroutine; each
// returns when the bench has carried the command out.
type Bench struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	names  map[string]string

	mu      sync.Mutex
	in      io.WriteCloser
	answers *bufio.Scanner
}

// answer is a line of the bench's output.
type answer struct {
	OK      bool              `json:"ok"`
	Error   string            `json:"error"`
	Readers map[string]string `json:"readers"`
	APDUs   []string          `json:"apdus"`
}

// Build compiles cmd/rig of this module into folder and gives the program's path.
func Build(ctx context.Context, folder string) (string, error) {
	binary := filepath.Join(folder, "rig")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "settled/cmd/rig").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build cmd/rig: %w: %s", err, bytes.TrimSpace(out))
	}
	return binary, nil
}

// Start runs a bench with these roles of readers ("patient", "guardian" if none is
// given) whose pcscd listens on socket. It lives until Close or the end of ctx.
func Start(ctx context.Context, binary, socket string, roles ...string) (*Bench, error) {
	arguments := []string{"cards", "--socket", socket}
	for _, r := range roles {
		arguments = append(arguments, "--readers", r)
	}
	b := &Bench{cmd: exec.CommandContext(ctx, binary, arguments...)}
	b.cmd.Stderr = &b.stderr
	b.cmd.Cancel = func() error { return b.cmd.Process.Signal(syscall.SIGTERM) }
	in, err := b.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	b.in, b.answers = in, bufio.NewScanner(out)
	b.answers.Buffer(nil, 1<<20)
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	ready, err := b.hear()
	if err != nil {
		_ = b.Close() // waits, so that stderr is whole
		return nil, fmt.Errorf("start card bench: %w: %s", err, bytes.TrimSpace(b.stderr.Bytes()))
	}
	b.names = ready.Readers
	return b, nil
}

// Reader gives the PC/SC name of the reader with that role.
func (b *Bench) Reader(role string) string { return b.names[role] }

// Insert puts a card of a profile into a reader. Faults are "pull=N" (it is pulled
// instead of answering command N), "hang=N", "swap=N:PROFILE" (before command N,
// with no event) and "delay=DURATION".
func (b *Bench) Insert(role, profile string, faults ...string) error {
	return b.do("insert", role, profile, strings.Join(faults, " "))
}

// Remove takes the card out of a reader.
func (b *Bench) Remove(role string) error { return b.do("remove", role) }

// Swap exchanges the card faster than pcscd looks.
func (b *Bench) Swap(role, profile string) error { return b.do("swap", role, profile) }

// APDUs gives the commands that the card in a reader has been sent, in hexadecimal.
func (b *Bench) APDUs(role string) ([]string, error) {
	a, err := b.ask("apdus", role)
	return a.APDUs, err
}

// Kill ends pcscd by SIGKILL, Stop by SIGTERM; Launch starts it again on the same
// socket, with the cards that were in.
func (b *Bench) Kill() error { return b.do("kill") }

// Stop ends pcscd by SIGTERM.
func (b *Bench) Stop() error { return b.do("stop") }

// Launch starts pcscd again.
func (b *Bench) Launch() error { return b.do("start") }

// Refuse hangs up on every client, as a pcscd does that polkit forbids; Absent leaves no
// socket. Both are for after Kill or Stop, and end with Launch.
func (b *Bench) Refuse() error { return b.do("refuse") }

// Absent removes the socket.
func (b *Bench) Absent() error { return b.do("absent") }

// Stall makes pcscd hang (SIGSTOP) until Resume.
func (b *Bench) Stall() error { return b.do("stall") }

// Resume ends a Stall.
func (b *Bench) Resume() error { return b.do("resume") }

// Tell has the bench carry out a line as its console takes it.
func (b *Bench) Tell(line string) error { return b.do(line) }

// Close ends the bench, with all it started.
func (b *Bench) Close() error {
	b.mu.Lock()
	err := b.in.Close() // the bench ends at the end of its input
	b.mu.Unlock()
	return errors.Join(err, b.cmd.Wait())
}

func (b *Bench) do(words ...string) error {
	_, err := b.ask(words...)
	return err
}

func (b *Bench) ask(words ...string) (answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	line := strings.TrimSpace(strings.Join(words, " "))
	if _, err := io.WriteString(b.in, line+"\n"); err != nil {
		return answer{}, fmt.Errorf("card bench: %w", err)
	}
	a, err := b.hear()
	if err != nil {
		return answer{}, fmt.Errorf("card bench: %s: %w", line, err)
	}
	return a, nil
}

func (b *Bench) hear() (answer, error) {
	if !b.answers.Scan() {
		if err := b.answers.Err(); err != nil {
			return answer{}, err
		}
		return answer{}, errors.New("the bench has ended (are pcscd and vsmartcard-vpcd installed? `make test` installs them)")
	}
	var a answer
	if err := json.Unmarshal(b.answers.Bytes(), &a); err != nil {
		return answer{}, err
	}
	if !a.OK {
		return answer{}, errors.New(a.Error)
	}
	return a, nil
}

// Main builds the rig, starts a bench with these roles of readers in a temporary
// folder, points libpcsclite at it, and runs f with it: for TestMain. The code is that
// of the process.
func Main(f func(*Bench) int, roles ...string) (code int) {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, "card bench:", err)
		return 1
	}
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	binary, err := Build(context.Background(), folder)
	if err != nil {
		return fail(err)
	}
	socket := filepath.Join(folder, "pcscd.comm")
	if err := os.Setenv(SocketVariable, socket); err != nil {
		return fail(err)
	}
	b, err := Start(context.Background(), binary, socket, roles...)
	if err != nil {
		return fail(err)
	}
	defer func() {
		if err := b.Close(); err != nil && code == 0 {
			code = fail(err)
		}
	}()
	return f(b)
}

package cards

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Answer is one line of the bench's standard output: to the command of one line of
// input, or, first of all, to being started.
type Answer struct {
	Command  string            `json:"command"`
	OK       bool              `json:"ok"`
	Error    string            `json:"error,omitempty"`
	Readers  map[string]string `json:"readers,omitempty"`  // role → name in PC/SC
	Profiles map[string]string `json:"profiles,omitempty"` // name → title
	APDUs    []string          `json:"apdus,omitempty"`
}

// errQuit ends the console.
var errQuit = errors.New("quit")

// Console runs a bench inside the namespaces that [Enclose] made: commands are lines
// of in, answers are JSON lines of out. It ends at "quit", at the end of in, or with
// ctx. Log, if not nil, gets pcscd's log at the end.
func Console(ctx context.Context, socket string, roles []string, in io.Reader, out, log io.Writer) error {
	runtime.LockOSThread() // pcscd's Pdeathsig counts from the thread that starts it
	defer runtime.UnlockOSThread()
	if err := settleIn(); err != nil {
		return err
	}
	b, err := newDesk(socket, roles)
	if err != nil {
		return err
	}
	defer b.close()
	if log != nil {
		defer b.copyLog(log)
	}
	ready := Answer{Command: "ready", OK: true, Readers: map[string]string{}}
	for _, r := range b.readers {
		ready.Readers[r.role] = r.name
	}
	answers := json.NewEncoder(out)
	if err := answers.Encode(ready); err != nil {
		return err
	}
	return b.console(ctx, lines(ctx, in), answers)
}

// console carries out one command after another.
func (b *desk) console(ctx context.Context, commands <-chan string, answers *json.Encoder) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, open := <-commands:
			if !open {
				return nil
			}
			answer, err := b.carryOut(ctx, strings.Fields(line))
			answer.Command, answer.OK = line, err == nil || errors.Is(err, errQuit)
			if !answer.OK {
				answer.Error = err.Error()
			}
			if werr := answers.Encode(answer); werr != nil || errors.Is(err, errQuit) {
				return werr
			}
		}
	}
}

func lines(ctx context.Context, in io.Reader) <-chan string {
	ch := make(chan string)
	go func() {
		defer close(ch)
		scanner := bufio.NewScanner(in)
		for scanner.Scan() {
			select {
			case ch <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return ch
}

// carryOut is the list of commands.
func (b *desk) carryOut(ctx context.Context, words []string) (Answer, error) {
	if len(words) == 0 {
		return Answer{}, errors.New("no command")
	}
	switch words[0] {
	case "insert":
		return Answer{}, b.insert(ctx, words[1:])
	case "swap":
		return Answer{}, b.swap(words[1:])
	case "remove", "apdus":
		return b.ofReader(words)
	case "profiles":
		return listProfiles()
	case "start":
		return Answer{}, b.start()
	case "stop":
		return Answer{}, b.end(syscall.SIGTERM)
	case "kill":
		return Answer{}, b.end(syscall.SIGKILL)
	case "refuse":
		return Answer{}, b.refuse()
	case "absent":
		return Answer{}, b.absent()
	case "stall":
		return Answer{}, b.signal(syscall.SIGSTOP)
	case "resume":
		return Answer{}, b.signal(syscall.SIGCONT)
	case "quit":
		return Answer{}, errQuit
	}
	return Answer{}, fmt.Errorf("unknown command %q", words[0])
}

func listProfiles() (Answer, error) {
	all, err := Profiles()
	titles := map[string]string{}
	for _, p := range all {
		titles[p.Name] = p.Title
	}
	return Answer{Profiles: titles}, err
}

func (b *desk) ofReader(words []string) (Answer, error) {
	if len(words) != 2 {
		return Answer{}, fmt.Errorf("%s READER", words[0])
	}
	r, err := b.reader(words[1])
	if err != nil {
		return Answer{}, err
	}
	if words[0] == "apdus" {
		return Answer{APDUs: r.slot.commands()}, nil
	}
	r.slot.remove()
	return Answer{}, nil
}

// insert takes: READER PROFILE [pull=N] [hang=N] [swap=N:PROFILE] [delay=DURATION].
func (b *desk) insert(ctx context.Context, words []string) error {
	r, c, err := b.place(words)
	if err != nil {
		return err
	}
	var f Faults
	for _, w := range words[2:] {
		if err := f.set(w); err != nil {
			return err
		}
	}
	return r.slot.insert(ctx, c, f)
}

func (b *desk) swap(words []string) error {
	r, c, err := b.place(words)
	if err != nil {
		return err
	}
	r.slot.swap(c)
	return nil
}

func (b *desk) place(words []string) (*reader, *card, error) {
	if len(words) < 2 {
		return nil, nil, errors.New("READER PROFILE wanted")
	}
	r, err := b.reader(words[0])
	if err != nil {
		return nil, nil, err
	}
	p, err := find(words[1])
	if err != nil {
		return nil, nil, err
	}
	c, err := p.card()
	return r, c, err
}

// set reads one fault, "pull=5".
func (f *Faults) set(word string) (err error) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "pull":
		f.Pull, err = strconv.Atoi(value)
	case "hang":
		f.Hang, err = strconv.Atoi(value)
	case "swap":
		at, profile, _ := strings.Cut(value, ":")
		f.SwapTo = profile
		if _, err = find(profile); err == nil {
			f.Swap, err = strconv.Atoi(at)
		}
	case "delay":
		f.Delay, err = time.ParseDuration(value)
	default:
		err = fmt.Errorf("unknown fault %q", word)
	}
	return err
}

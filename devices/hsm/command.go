// Package hsm is a [psam.Module] that asks the region's HSM (加密机) by way of a command
// of the hospital's: what is between the counter and the HSM differs by region and is not
// ours. The command is run once for each authentication, without a shell, with an empty
// environment but for PATH and TZ, and is killed with all that it started at its deadline.
//
// Standard input is one [Question] as JSON, standard output one [Reply]. Status 0 says
// that the reply holds; any other, or a reply with an error, that there is none. What the
// command writes to standard error is dropped: it could name a person.
package hsm

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"

	"settled/devices/psam"
)

// Version is of the protocol: a command refuses one that it does not know.
const Version = 1

// Question is what the command reads. Bytes are hexadecimal, upper case.
type Question struct {
	Version   int        `json:"version"`
	CardCode  string     `json:"card_code"` // 卡识别码, 32 digits
	Area      string     `json:"area"`      // 发卡地区行政区划代码, 6 digits
	ATR       string     `json:"atr"`
	Algorithm string     `json:"algorithm"` // "01" 3DES, "03" SM4
	Internal  *Challenge `json:"internal,omitempty"`
	External  Challenge  `json:"external"`
}

// Challenge is of one authentication: 8 bytes each.
type Challenge struct {
	Process string `json:"process"` // 过程因子
	Source  string `json:"source"`  // 鉴别原始信息
}

// Reply is what the command writes.
type Reply struct {
	Internal string `json:"internal,omitempty"` // what a genuine card answers, 8 bytes or more; "": not known
	External string `json:"external,omitempty"` // data of EXTERNAL AUTHENTICATE, 16 bytes
	Error    string `json:"error,omitempty"`    // why there is none, for the technician; no personal data
}

// Command runs the hospital's command.
type Command struct {
	path     string
	args     []string
	deadline time.Duration
}

// DefaultDeadline is how long a command may take.
const DefaultDeadline = 3 * time.Second

const (
	mostReply = 4 << 10
	mostError = 200
	killGrace = 200 * time.Millisecond // after the kill, until its pipes are given up
)

// ErrCommand says that the command gave no reply that can be used.
var ErrCommand = errors.New("the HSM's command gave no answer")

// New makes a module of a command; a deadline of 0 is [DefaultDeadline].
func New(path string, args []string, deadline time.Duration) *Command {
	if deadline <= 0 {
		deadline = DefaultDeadline
	}
	return &Command{path: path, args: args, deadline: deadline}
}

// Answer implements [psam.Module].
func (c *Command) Answer(ctx context.Context, q psam.Question) (psam.Reply, error) {
	ask, err := json.Marshal(questionOf(q))
	if err != nil {
		return psam.Reply{}, fmt.Errorf("%w: %w", ErrCommand, err)
	}
	text, err := c.run(ctx, ask)
	if err != nil {
		return psam.Reply{}, err
	}
	return parseReply(text)
}

func (c *Command) run(ctx context.Context, ask []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "TZ=Asia/Shanghai"}
	cmd.Stdin = bytes.NewReader(ask)
	out := &limited{most: mostReply}
	cmd.Stdout = out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = killGrace
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w in %v: %w", ErrCommand, c.deadline, ctx.Err())
	case err != nil:
		return nil, fmt.Errorf("%w: %w%s", ErrCommand, err, reason(out.text))
	}
	return out.text, nil
}

// reason is what a command that failed gave as its error.
func reason(text []byte) string {
	var r Reply
	if json.Unmarshal(text, &r) != nil || r.Error == "" {
		return ""
	}
	return ": " + clip(r.Error)
}

func clip(s string) string { return fmt.Sprintf("%.*q", mostError, s) }

// limited keeps no more than the first bytes; one byte too many is an error.
type limited struct {
	most int
	text []byte
}

// Write implements io.Writer.
func (l *limited) Write(b []byte) (int, error) {
	if len(l.text)+len(b) > l.most {
		return 0, io.ErrShortBuffer
	}
	l.text = append(l.text, b...)
	return len(b), nil
}

func questionOf(q psam.Question) Question {
	ask := Question{
		Version: Version, CardCode: q.CardCode.ClearPersonalData(), Area: q.Area(),
		ATR: fmt.Sprintf("%X", q.ATR), Algorithm: fmt.Sprintf("%02X", byte(q.Algorithm)), External: challengeOf(q.External),
	}
	if q.Internal != nil {
		c := challengeOf(*q.Internal)
		ask.Internal = &c
	}
	return ask
}

func challengeOf(c psam.Challenge) Challenge {
	return Challenge{Process: fmt.Sprintf("%X", c.Process), Source: fmt.Sprintf("%X", c.Source)}
}

// parseReply reads one reply; what is wrong with it is not repeated.
func parseReply(text []byte) (psam.Reply, error) {
	var r Reply
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return psam.Reply{}, fmt.Errorf("%w: its output is no JSON of this protocol", ErrCommand)
	}
	if r.Error != "" {
		return psam.Reply{}, fmt.Errorf("%w: %s", ErrCommand, clip(r.Error))
	}
	external, err := hex.DecodeString(r.External)
	if err != nil || len(external) != psam.External {
		return psam.Reply{}, fmt.Errorf("%w: external is not %d bytes", ErrCommand, psam.External)
	}
	reply := psam.Reply{External: external}
	if r.Internal != "" {
		if reply.Internal, err = hex.DecodeString(r.Internal); err != nil || len(reply.Internal) < psam.Factor {
			return psam.Reply{}, fmt.Errorf("%w: internal is not %d bytes", ErrCommand, psam.Factor)
		}
	}
	return reply, nil
}

package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// daemon is a running "settled serve" and the commands that speak to it.
type daemon struct {
	program   string // path of settled
	base      string // of the API
	tokenFile string
	token     string
	log       string
	config    string
	env       []string

	cmd   *exec.Cmd
	ended chan error
}

// patience is how long the demo waits for what must happen: far more than it takes.
const patience = time.Minute

// start starts "settled serve" and waits until it is ready to settle.
func (d *daemon) start(ctx context.Context) error {
	if err := d.launch(ctx); err != nil {
		return err
	}
	return d.awaitReady(ctx)
}

func (d *daemon) launch(ctx context.Context) error {
	log, err := os.OpenFile(d.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own copy
	d.cmd = exec.CommandContext(context.WithoutCancel(ctx), d.program, "serve", "--config", d.config)
	d.cmd.Env = append(os.Environ(), d.env...)
	d.cmd.Stderr, d.cmd.Stdout = log, log
	if err := d.cmd.Start(); err != nil {
		return err
	}
	d.ended = make(chan error, 1)
	go func() { d.ended <- d.cmd.Wait() }()
	return nil
}

// awaitReady asks /readyz until the daemon can settle.
func (d *daemon) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		res, err := d.get(ctx, "/readyz")
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-d.ended:
			return fmt.Errorf("settled serve ended early (%w):\n%s", err, d.lastLog())
		case <-ctx.Done():
			return fmt.Errorf("settled serve is not ready after %v:\n%s", patience, d.lastLog())
		case <-tick.C:
		}
	}
}

func (d *daemon) lastLog() string {
	text, err := os.ReadFile(d.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

func (d *daemon) get(ctx context.Context, path string) (*http.Response, error) {
	return d.ask(ctx, http.MethodGet, path, nil)
}

func (d *daemon) ask(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, d.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+d.token)
	req.Header.Set("Content-Type", "application/json")
	return http.DefaultClient.Do(req)
}

// stop ends the daemon as a service manager would, and waits for it.
func (d *daemon) stop() error {
	if d.cmd == nil || d.cmd.Process == nil {
		return nil
	}
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	defer func() { d.cmd = nil }()
	select {
	case err := <-d.ended:
		if err != nil {
			err = fmt.Errorf("settled serve: %w\n%s", err, d.lastLog())
		}
		return err
	case <-time.After(patience):
		return errors.Join(errors.New("settled serve does not end on SIGTERM"), d.cmd.Process.Kill())
	}
}

// run runs one verb of settled and gives what it printed.
func (d *daemon) run(ctx context.Context, args ...string) (string, error) {
	return d.told(ctx, "", args...)
}

// told is run with what a person types.
func (d *daemon) told(ctx context.Context, typed string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, d.program, args...)
	cmd.Env = append(os.Environ(), d.env...)
	cmd.Env = append(cmd.Env, "SETTLED_API="+d.base, "SETTLED_TOKEN_FILE="+d.tokenFile)
	var out, errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(typed), &out, &errOut
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("settled %s: %w\n%s", strings.Join(args, " "), err, errOut.String())
	}
	return out.String(), nil
}

// runJSON runs a verb with --json and decodes what it printed.
func (d *daemon) runJSON(ctx context.Context, into any, args ...string) error {
	out, err := d.run(ctx, append(args, "--json")...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		return fmt.Errorf("settled %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// await follows the daemon's events until one satisfies want; kind "" is any. The
// first event, the present screen, comes at once.
func (d *daemon) await(ctx context.Context, kind string, want func(data []byte) bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	res, err := d.get(ctx, "/v1/events")
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("/v1/events: %s", res.Status)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	event, last := "", ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		switch value = strings.TrimSpace(value); name {
		case "event":
			event = value
		case "data":
			last = value
			if (kind == "" || event == kind) && want([]byte(value)) {
				return nil
			}
		}
	}
	return fmt.Errorf("waited in vain, the last event was %s: %w\n%s", last, errors.Join(lines.Err(), ctx.Err()), d.lastLog())
}

// awaitState waits until the window shows a state.
func (d *daemon) awaitState(ctx context.Context, state string, more func(screen) bool) error {
	return d.await(ctx, "screen", func(data []byte) bool {
		var s screen
		return json.Unmarshal(data, &s) == nil && s.State == state && more(s)
	})
}

// screen is what the demo needs of the window's screen.
type screen struct {
	State    string  `json:"state"`
	Patient  *person `json:"patient"`
	Guardian *person `json:"guardian"`
	Messages []struct {
		Code string `json:"code"`
		Text string `json:"text"`
	} `json:"messages"`
}

// person is a card's holder as the screen shows it.
type person struct {
	Name     string    `json:"name"`
	IDNumber string    `json:"id_number"`
	Category string    `json:"category"`
	Offline  string    `json:"offline"`
	AsOf     time.Time `json:"as_of"`
}

// String says who it is and how it is known.
func (p *person) String() string {
	how := "平台刚刚确认（1101 2001 5302 5206）"
	if p.Offline != "" {
		how = "平台未应答（" + p.Offline + "），按平台 " + p.AsOf.Format(time.DateTime) + " 的答复"
	}
	category := map[string]string{"child_resident": "少儿", "employee_tier1": "职工一档", "student": "大学生"}[p.Category]
	return fmt.Sprintf("%s %s %s，%s", p.Name, p.IDNumber, category, how)
}

// at is a file in the demo's folder.
func at(folder, name string) string { return filepath.Join(folder, name) }

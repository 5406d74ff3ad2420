package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"settled/queue"
	"settled/queue/journal"
)

// keyFlags say where the key of what is sealed is.
type keyFlags struct{ config, file string }

func (k *keyFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&k.config, "config", "/etc/settled/settled.toml", "configuration file, for the state directory and the key")
	cmd.Flags().StringVar(&k.file, "key-file", "", "file with the key (journal.key); default: the configuration's credentials")
}

// dir is the directory given, or the configured one.
func (k *keyFlags) dir(given []string) (string, error) {
	if len(given) > 0 {
		return given[0], nil
	}
	c, err := readInstalled(k.config)
	if err != nil {
		return "", err
	}
	return c.State, nil
}

// key is nil where none is given and none is configured.
func (k *keyFlags) key() ([]byte, error) {
	if k.file != "" {
		return readKey(k.file)
	}
	if _, err := os.Stat(k.config); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	c, err := readInstalled(k.config)
	if err != nil {
		return nil, err
	}
	return c.key()
}

// journalKey is the name of the credential with the keys of the journal.
const journalKey = "journal.key"

// key is the key of the journal.
func (c *config) key() ([]byte, error) {
	text, err := c.secret(journalKey)
	if err != nil {
		return nil, err
	}
	return parseKey("credential "+journalKey, text)
}

// readKey reads a key from a file that nobody else may read.
func readKey(path string) ([]byte, error) {
	text, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	return parseKey(path, text)
}

func parseKey(name, text string) ([]byte, error) {
	var ring []byte
	for line := range strings.FieldsSeq(text) {
		key, err := hex.DecodeString(line)
		if err != nil || len(key) != queue.KeySize {
			return nil, usagef("%s: want %d hex digits a line", name, 2*queue.KeySize)
		}
		ring = append(ring, key...)
	}
	if _, err := queue.KeyMarks(ring); err != nil {
		return nil, usagef("%s: %w", name, err)
	}
	return ring, nil
}

func newVerify() *cobra.Command {
	var keys keyFlags
	var with []string
	cmd := &cobra.Command{
		Use:   "verify [DIR|FILE] [--with ARCHIVE]...",
		Short: "Prove that nothing was changed, lost or added",
		Long: `Prove a journal: that every entry follows the one before it (number, time, SM3 hash),
that its body can have been written in the state that the entries before it made, that
all amounts add up, and that queue.bolt holds exactly what the entries make: usage,
balances, outbox, indexes. With the key also that all that is sealed can be opened.

DIR is a state directory (default: the configured one); a daemon may be running on it,
nothing is locked or written. FILE is a backup or an archive. With every archive of the
counter named by --with, the proof goes back to entry 1: each must make just the state
with which the next begins.

Exit status 0: proved. 1: not; the first entry that does not fit is named. 2: mistake
in the command line.`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			path, err := keys.dir(given)
			if err != nil {
				return err
			}
			key, err := keys.key()
			if err != nil {
				return err
			}
			opt := queue.VerifyOptions{Key: key, Progress: progress(cmd.ErrOrStderr(), "entries proved")}
			return showProof(cmd, path, with, opt)
		},
	}
	keys.add(cmd)
	cmd.Flags().StringArrayVar(&with, "with", nil, "archive of earlier entries; may be given several times")
	return cmd
}

// progress writes a count to w every two seconds.
func progress(w io.Writer, what string) func(uint64) {
	const pace = 2 * time.Second
	last := time.Now()
	return func(n uint64) {
		if n%256 != 0 || time.Since(last) < pace {
			return
		}
		last = time.Now()
		_, _ = fmt.Fprintf(w, "%d %s…\n", n, what)
	}
}

// proof is what verify prints for programs.
type proof struct {
	Path   string `json:"path"`
	Proved bool   `json:"proved"`
	queue.Proof
	Why    string `json:"why,omitempty"`
	File   string `json:"file,omitempty"` // where the first entry stands that does not fit
	Entry  uint64 `json:"entry,omitempty"`
	Offset *int64 `json:"offset,omitempty"`
}

func showProof(cmd *cobra.Command, path string, with []string, opt queue.VerifyOptions) error {
	got, err := verifyPath(cmd.Context(), path, opt)
	if err == nil {
		err = verifyWith(cmd.Context(), &got, with, opt)
	}
	if !asJSON(cmd) {
		if err != nil {
			return fmt.Errorf("%s: not proved: %w", path, err)
		}
		return sayProof(cmd.OutOrStdout(), path, got, opt.Key != nil)
	}
	p := proof{Path: path, Proved: err == nil, Proof: got}
	if damage, ok := errors.AsType[*journal.Damage](err); ok {
		p.File, p.Entry, p.Offset = damage.File, damage.Entry, &damage.Offset
	}
	if err != nil {
		p.Why = err.Error()
	}
	answer, encodeErr := json.Marshal(p)
	return errors.Join(err, encodeErr, printJSON(cmd.OutOrStdout(), answer))
}

func verifyPath(ctx context.Context, path string, opt queue.VerifyOptions) (queue.Proof, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return queue.Proof{}, usagef("%w", err)
	}
	if !fi.IsDir() {
		p, _, err := queue.VerifyFile(ctx, path, opt)
		return p, err
	}
	return queue.VerifyDir(ctx, path, opt)
}

// verifyWith proves archives, and that each ends where what is proved so far begins.
func verifyWith(ctx context.Context, p *queue.Proof, with []string, opt queue.VerifyOptions) error {
	archives := map[uint64]queue.Manifest{}
	for _, path := range with {
		_, m, err := queue.VerifyFile(ctx, path, opt)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		archives[m.Entries] = m
	}
	for range with {
		m, ok := archives[p.Begins.After]
		if !ok || !p.Begins.EndsAt(m) {
			return fmt.Errorf("no archive that was given ends with entry %d, hash %s, and the state %s", p.Begins.After, p.Begins.Hash, p.Begins.State)
		}
		p.Begins = queue.Beginning{After: m.After, State: m.AfterState}
		if m.After > 0 {
			p.Begins.Hash = m.AfterHash
		}
	}
	return nil
}

func sayProof(w io.Writer, path string, p queue.Proof, key bool) error {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	add("%s: proved", path)
	add("  journal     entries %d to %d, the last of %s", p.Begins.After+1, p.Entries, p.At.Format(time.DateTime))
	add("  head        %s", p.Hash)
	if key {
		add("  sealed      %d parts opened", p.Sealed)
	} else {
		add("  sealed      not opened: no key was given")
	}
	if p.Store == "proved" {
		add("  queue.bolt  %d rows, all as the entries make them", p.Rows)
	} else {
		add("  queue.bolt  not compared: %s", p.Store)
	}
	if t := p.Tail; t != nil {
		add("  behind it   %d bytes in %s at offset %d: being written, or torn; the next start looks", t.Bytes, t.File, t.Offset)
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

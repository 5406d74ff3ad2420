package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"settled/queue"
	"settled/queue/journal"
	"settled/settle"
)

func newArchive() *cobra.Command {
	var configFile, before string
	cmd := &cobra.Command{
		Use:   "archive --before DATE DIR",
		Short: "Move whole days of the journal, all acknowledged, into a file that proves itself",
		Long: `Move the journal's files of days before DATE into an archive in DIR, up to the first day
with a settlement that waits for the platform or for a person. The last 30 days stay.

The journal goes on behind it: it keeps the state at the cut (a checkpoint) and the
link, number and hash, and can be opened and made anew without the archive. 'settled
verify --with ARCHIVE' proves that the archive makes just that state. A settlement in it
is shown if the directory is configured (archives = …), else it is said which file has it.

The daemon must be stopped. Run it as root, who can read the key; what is written
belongs to the owner of the directory that it is in.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			day, err := settle.ParseDate(before)
			if err != nil {
				return usagef("--before: %w", err)
			}
			c, err := readInstalled(configFile)
			if err != nil {
				return err
			}
			return archive(cmd, c, day, given[0])
		},
	}
	cmd.Flags().StringVar(&configFile, "config", "/etc/settled/settled.toml", "configuration file")
	cmd.Flags().StringVar(&before, "before", "", "first day that stays, 2026-01-01")
	return cmd
}

func archive(cmd *cobra.Command, c *config, before settle.Date, to string) (err error) {
	key, err := c.key()
	if err != nil {
		return err
	}
	q, err := queue.Open(c.State, queue.Options{
		Institution: c.Institution.Code, Counter: c.Counter.Number, Key: key, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if errors.Is(err, journal.ErrLocked) {
		return fmt.Errorf("stop the daemon first: %w", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close(), handOver(c.State)) }()
	m, err := q.Archive(cmd.Context(), before, to)
	if err != nil {
		return err
	}
	path := filepath.Join(to, queue.ArchiveName(c.Counter.Number, m.After+1, m.Entries))
	if err := handOverFile(path); err != nil {
		return err
	}
	if asJSON(cmd) {
		answer, err := json.Marshal(written{Path: path, Entries: m.Entries, Hash: m.Hash})
		if err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), answer)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n  entries  %d to %d, of %s\n  head     %s\n", path, m.After+1, m.Entries, m.At.Format(time.DateOnly), m.Hash)
	return err
}

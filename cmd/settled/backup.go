package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"settled/queue"
)

// written is what backup and restore print for programs.
type written struct {
	Path    string   `json:"path"`
	Digest  string   `json:"manifest_sm3,omitempty"`
	Entries uint64   `json:"entries"`
	Hash    string   `json:"hash"`
	Removed []string `json:"removed,omitempty"`
}

func newBackup() *cobra.Command {
	var keys keyFlags
	var state string
	var keep int
	cmd := &cobra.Command{
		Use:   "backup FILE|DIRECTORY",
		Short: "Copy the journal while it is written",
		Long: `Write a backup: all entries of the journal up to this moment, with a manifest of
their digests, checked while it is read and again after it was written. The daemon goes
on; nothing of its is locked. queue.bolt is not in it: it is made from the entries.

Into a directory, which must be there, the name is chosen, and the newest --keep backups of
the counter whose journal it is are kept; those of others stay. A file's name ends in
.tar.gz; it takes the place of what it names. What is personal stays sealed: without
journal.key a backup can be proved but not read, and journal.key is never in it. Keep a
copy of that elsewhere.`,
		Example: `  settled backup /srv/backup
  settled backup /media/usb/counter-01.tar.gz`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if state == "" {
				c, err := readInstalled(keys.config)
				if err != nil {
					return err
				}
				state = c.State
			}
			return backup(cmd, state, given[0], keep)
		},
	}
	cmd.Flags().StringVar(&keys.config, "config", "/etc/settled/settled.toml", "configuration file")
	cmd.Flags().StringVar(&state, "state", "", "state directory; the configuration is not needed then")
	cmd.Flags().IntVar(&keep, "keep", 14, "how many backups a directory keeps")
	return cmd
}

func backup(cmd *cobra.Command, state, to string, keep int) (err error) {
	if keep < 1 {
		return usagef("--keep: %d", keep)
	}
	r := queue.Rotated{Path: to}
	folder, err := isFolder(to)
	if err != nil {
		return err
	}
	if folder {
		r, err = queue.BackupInto(cmd.Context(), state, to, keep, time.Now())
	} else {
		r.Manifest, r.Digest, err = queue.BackupDir(cmd.Context(), state, to, time.Now())
	}
	if err != nil {
		return err
	}
	m := r.Manifest
	w := written{Path: r.Path, Digest: r.Digest, Entries: m.Entries, Hash: m.Hash, Removed: r.Removed}
	if asJSON(cmd) {
		answer, err := json.Marshal(w)
		if err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), answer)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n  entries   to %d, of %s\n  head      %s\n  manifest  %s\n", r.Path, m.Entries, m.At.Format(time.DateTime), m.Hash, r.Digest)
	return err
}

// isFolder tells whether a backup goes into a directory of them. A directory that is not
// there (say since its disk is not mounted) is neither made nor taken for a file, of which
// each night's backup would take the place of the last; nor is another file written over.
func isFolder(to string) (bool, error) {
	fi, err := os.Stat(to)
	switch {
	case err == nil && fi.IsDir():
		return true, nil
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return false, err
	case !strings.HasSuffix(to, ".tar.gz"):
		return false, usagef("%s: no such directory; is its disk mounted? Make it by `install -d -m 0700 %[1]s`, or name a file, which ends in .tar.gz", to)
	}
	if folder := filepath.Dir(to); !isDir(folder) {
		return false, usagef("%s: no such directory; is its disk mounted? Make it by `install -d -m 0700 %[1]s`", folder)
	}
	return false, nil
}

func isDir(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}

func newRestore() *cobra.Command {
	var keys keyFlags
	var takeOver, old string
	var replace bool
	cmd := &cobra.Command{
		Use:   "restore BACKUP [DIR] --take-over HASH",
		Short: "Make a state directory from a backup; a new copy of the counter goes on",
		Long: `Make a state directory (default: the configured one) from a backup. What it makes is a
new copy of the counter: its first entry says so, its numbers and message ids are of
serials that the copy before does not use, and everything that was pending is asked for
at the platform before it is sent.

What was settled after the backup was made is not in it. Two copies must not go on side
by side: stop the old one, and keep it from being started again: --fence DIR writes a
fence into its directory, --replace fences and sets aside what DIR held. A copy that
can't be reached now (another machine, another disk) must be wiped or fenced before it
runs again: no fence can reach it.

--take-over names the hash of the backup's last entry, as 'settled verify BACKUP' shows
it: compare it with the last slip of the shift. Run it as root, or as the daemon's user;
what root writes belongs to the directory's owner.`,
		Args: args(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			dir, err := keys.dir(given[1:])
			if err != nil {
				return err
			}
			if one, err := os.Stat(old); err == nil {
				if other, err := os.Stat(dir); err == nil && os.SameFile(one, other) {
					return usagef("--fence: %s is what is restored into; give --replace, which fences what is there", old)
				}
			}
			m, err := queue.RestoreDir(cmd.Context(), given[0], dir, queue.RestoreOptions{
				TakeOver: takeOver, Replace: replace, Fence: old, Now: time.Now(), Progress: progress(cmd.ErrOrStderr(), "entries proved"),
			})
			if err := errors.Join(err, handOver(dir)); err != nil {
				return err
			}
			if asJSON(cmd) {
				answer, err := json.Marshal(written{Path: dir, Entries: m.Entries, Hash: m.Hash})
				if err != nil {
					return err
				}
				return printJSON(cmd.OutOrStdout(), answer)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: restored to entry %d of %s.\nWhat was settled after that is not in it. Start the daemon; what was pending is asked for first.\n",
				dir, m.Entries, m.At.Format(time.DateTime))
			return err
		},
	}
	cmd.Flags().StringVar(&keys.config, "config", "/etc/settled/settled.toml", "configuration file, for the state directory")
	cmd.Flags().StringVar(&takeOver, "take-over", "", "hash of the backup's last entry")
	cmd.Flags().StringVar(&old, "fence", "", "state directory of the old copy, which is fenced off")
	cmd.Flags().BoolVar(&replace, "replace", false, "set aside what the directory holds")
	return cmd
}

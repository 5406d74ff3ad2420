package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"settled/queue"
	"settled/queue/journal"
)

func newKey() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "The keys that seal personal data in the journal",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKeyList(), newKeyRotate())
	return cmd
}

func newKeyList() *cobra.Command {
	return &cobra.Command{
		Use:   "list FILE",
		Short: "Show the marks of the keys in a key file; a mark tells a key and nothing of it",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			ring, err := readKey(given[0])
			if err != nil {
				return err
			}
			marks, err := queue.KeyMarks(ring)
			if err != nil {
				return err
			}
			if asJSON(cmd) {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"marks": marks, "hashes": marks[0], "seals": marks[len(marks)-1]})
			}
			for i, mark := range marks {
				what := "opens what it sealed"
				if i == len(marks)-1 {
					what = "seals"
				}
				if i == 0 {
					what += ", makes the keyed hashes"
				}
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", mark, what); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func newKeyRotate() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate FILE",
		Short: "Add a new key to a key file; it seals from the daemon's next start on",
		Long: `Add a new random key to the key file (/etc/settled/credentials/journal.key; a file of
another name is refused), which is replaced as a whole. Older keys stay in it: they open what they sealed. From its next
start on the daemon seals with the new one, and an entry of the journal says so; a copy
of the file from before is refused from then on.

The keyed hashes, by which people are found, go on with the first key. Whoever knows that
one can try numbers against the hashes in the journal, old and new; but can open nothing
that a later key sealed.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if filepath.Base(given[0]) != journalKey {
				return usagef("%s: 只有 %s 是账本密钥文件，未作改动；请核对文件名", given[0], journalKey)
			}
			ring, err := readKey(given[0])
			if err != nil {
				return err
			}
			fresh := make([]byte, queue.KeySize)
			if _, err := rand.Read(fresh); err != nil {
				return err
			}
			ring = append(ring, fresh...)
			marks, err := queue.KeyMarks(ring)
			if err != nil {
				return err
			}
			var text strings.Builder
			for i := range marks {
				text.WriteString(hex.EncodeToString(ring[i*queue.KeySize:(i+1)*queue.KeySize]) + "\n")
			}
			path, err := filepath.EvalSymlinks(given[0])
			if err != nil {
				return err
			}
			if err := journal.WriteFile(path, []byte(text.String())); err != nil {
				return err
			}
			if asJSON(cmd) {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"path": given[0], "added": marks[len(marks)-1]})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: key %s was added. Copy the file to where its copy is kept, then restart the daemon.\n", given[0], marks[len(marks)-1])
			return err
		},
	}
}

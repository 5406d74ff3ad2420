package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/cases"
	"settled/settle"
)

func newQuote() *cobra.Command {
	var bundle, overlays, items string
	cmd := &cobra.Command{
		Use:   "quote BILL | quote --bundle FILE",
		Short: "Who would pay what, and why?",
		Long: `Who would pay what of a bill, and why? Nothing is taken.

With a bill (JSON; - for standard input) the running daemon answers for the patient
whose card is in the reader. With --bundle no daemon is needed: a file of worked cases
is computed under the built-in rules, one JSON object a line, in the order of the
cases; a case that cannot be computed says so in its line. With --catalogue the lines of
the cases may have a "code" and leave the rest to the catalogue; a case that states
something else says so in its line.`,
		Example: `  settled quote bill.json
  settled quote --bundle cases.json | jq -c 'select(.error)'`,
		Args: func(_ *cobra.Command, given []string) error {
			if (bundle == "") == (len(given) == 0) || len(given) > 1 {
				return usagef("want one bill, or --bundle FILE")
			}
			if bundle == "" && overlays+items != "" {
				return usagef("--policy and --catalogue go with --bundle: a bill is computed by the daemon, with its own")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, given []string) error {
			if bundle != "" {
				return quoteBundle(cmd, bundle, overlays, items)
			}
			return quoteBill(cmd, given[0])
		},
	}
	cmd.Flags().StringVar(&bundle, "bundle", "", "file of worked cases")
	cmd.Flags().StringVar(&overlays, "policy", "", "directory of rules to lay over the built-in ones (with --bundle)")
	cmd.Flags().StringVar(&items, "catalogue", "", "state directory with a catalogue, or its files, that complete the lines (with --bundle)")
	addClientFlags(cmd)
	return cmd
}

func quoteBundle(cmd *cobra.Command, path, overlays, items string) (err error) {
	rules, err := loadRules(overlays)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return usagef("bundle: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if items == "" {
		return cases.Run(file, cmd.OutOrStdout(), rules.On, nil)
	}
	store, closing, err := openCatalogue(items)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()
	return cases.Run(file, cmd.OutOrStdout(), rules.On, completed(store))
}

func quoteBill(cmd *cobra.Command, path string) error {
	bill, err := readBill(cmd, path)
	if err != nil {
		return err
	}
	c, err := newClient(cmd)
	if err != nil {
		return err
	}
	answer, _, err := c.do(cmd.Context(), http.MethodPost, "/v1/quotes", bill)
	if err != nil {
		return err
	}
	if asJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), answer)
	}
	var f figures
	if err := decodeAnswer(answer, &f); err != nil {
		return err
	}
	return showSplit(cmd.OutOrStdout(), f)
}

// readBill reads a bill file, or standard input for "-".
func readBill(cmd *cobra.Command, path string) ([]byte, error) {
	in := cmd.InOrStdin()
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, usagef("bill: %w", err)
		}
		defer func() { _ = file.Close() }() // only read
		in = file
	}
	bill, err := io.ReadAll(io.LimitReader(in, settle.MaxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read bill: %w", err)
	}
	return bill, nil
}

func printJSON(out io.Writer, answer []byte) error {
	_, err := fmt.Fprintf(out, "%s\n", answer)
	return err
}

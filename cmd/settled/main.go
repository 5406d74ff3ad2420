// Command settled is the settlement daemon of a hospital's counter and the tool of
// the people who run it: it reads social-security cards, splits bills into fund,
// family account and cash, commits that to disk and brings it to the national
// platform. This package wires the parts together and decides nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"settled/settle"
)

// version is set at link time from the git tag.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit statuses of every verb.
const (
	exitOK      = 0
	exitRefused = 1 // refused, or the work failed; the reason is on standard error
	exitUsage   = 2 // the command line or the configuration is wrong
)

// usageError is a mistake in the command line or the configuration.
type usageError struct{ error }

// Unwrap gives the cause.
func (u usageError) Unwrap() error { return u.error }

// run is main without the process: it returns the exit status.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	return report(errOut, cmd, err)
}

// report prints an error the way its reader needs it: the cashier's sentence first
// for a refusal, then the technician's.
func report(w io.Writer, cmd *cobra.Command, err error) int {
	var refusal *settle.Refusal
	var usage usageError
	var bad unwell
	switch {
	case errors.As(err, &bad):
		return bad.status // all is said
	case errors.As(err, &refusal):
		_, _ = fmt.Fprintf(w, "%s\n%s\n", refusal.Cashier, refusal.Error())
		return exitRefused
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(w, "settled: %v\nSee '%s --help'.\n", err, cmd.CommandPath())
		return exitUsage
	default:
		_, _ = fmt.Fprintf(w, "settled: %v\n", err)
		return exitRefused
	}
}

// usagef makes an error that ends with exitUsage.
func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "settled",
		Short: "Settle medical-insurance bills at the counter, with or without the platform",
		Long: `settled settles medical-insurance bills at a hospital's counter.

It reads the social-security card (社会保障卡), computes who pays what of a bill
(统筹基金, 家庭共济, 现金) with the reason of every fen, commits that to disk, prints
the receipt, and brings it to the national platform when the line allows.

  settled serve --config /etc/settled/settled.toml   run the daemon
  settled card read                                  what is on the card in the reader?
  settled quote bill.json                            who would pay what, and why?
  settled settle bill.json                           quote, confirm, commit, print
  settled void NUMBER --reason TEXT                  reverse a settlement
  settled receipt NUMBER                             its slip again, marked as a copy
  settled queue list                                 what still has to reach the platform?
  settled upload --window 22:00-06:00                bring all that waits to the platform now
  settled reconcile --day 2026-11-22                 are the platform's books and ours the same?
  settled doctor                                     what is wrong here, and what mends it?
  settled devices --watch                            which devices are there, and how are they?
  settled acts --operator 0001                       who did what today?
  settled status                                     how much waits, since when, what is at risk?
  settled verify                                     was anything changed or lost?
  settled backup /srv/backup                         keep a copy of the journal, while it is written
  settled policy show --on 2025-03-01                which rules hold on a day?

Verbs that talk to the running daemon find it by --api and --token-file, or by
SETTLED_API and SETTLED_TOKEN_FILE.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("there is no verb %q", settle.Clip(args[0]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usagef("%w", err) })
	root.PersistentFlags().Bool("json", false, "print JSON for programs")
	root.AddCommand(newServe(), newQuote(), newSettle(), newVoid(), newRefund(), newReceipt(), newShift(), newLink(), newFamily(), newExplain(), newQueue(), newRoster(), newUpload(),
		newReconcile(), newDifferences(), newActs(), newStatus(),
		newOperator(), newCard(), newDevices(), newDoctor(), newPolicy(), newCatalogue(), newNHSA(), newVerify(), newBackup(), newRestore(), newArchive(), newKey(), newVersion())
	return root
}

// asJSON tells whether the verb was asked to print JSON.
func asJSON(cmd *cobra.Command) bool {
	v, err := cmd.Flags().GetBool("json")
	return err == nil && v
}

// args wraps a positional-argument check so that a mistake is a usage error.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return usagef("%w", err)
		}
		return nil
	}
}

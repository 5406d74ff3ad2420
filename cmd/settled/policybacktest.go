package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/backtest"
	"settled/cmd/settled/internal/cases"
	"settled/queue"
	"settled/settle/policy"
)

// pastSettlements says where the settlements of a backtest come from.
type pastSettlements struct {
	bundle      string
	state       string
	credentials string
	inForce     []string
}

func newPolicyBacktest() *cobra.Command {
	var past pastSettlements
	cmd := &cobra.Command{
		Use:   "backtest DIR --state DIR | --bundle FILE",
		Short: "Who would have got more or less by a directory of rules?",
		Long: `Compute settlements of the past again with a directory of rules laid over the built-in
ones, each at its own position (what had been used of the limit, what was in the
accounts), and print who would have got more or less, in total and the ten largest
differences. Nothing is written, and a running daemon is not disturbed.

With --state they are those of a daemon's journal, whose sealed parts journal.key of
--credentials opens. With --bundle they are a file of worked cases, where a case is
what it expects.

First each is computed by the rules that made it, known by their digest: the built-in
ones, alone or with an --in-force directory over them. What then is not as it was
recorded, to the fen, is named. What other rules made cannot be checked, and is counted.

Exit status: 0 the report is complete, whatever it says; 1 some settlement does not come
out as recorded or cannot be computed (the report names it), DIR does not load, or the
journal is damaged; 2 the command line is wrong.`,
		Example: `  settled policy backtest /etc/settled/policy.next --state /var/lib/settled --in-force /etc/settled/policy.d
  settled policy backtest policy.next --bundle cases.json --json`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if (past.bundle == "") == (past.state == "") {
				return usagef("want --state DIR or --bundle FILE")
			}
			return runBacktest(cmd, given[0], &past)
		},
	}
	cmd.Flags().StringVar(&past.bundle, "bundle", "", "file of worked cases")
	cmd.Flags().StringVar(&past.state, "state", "", "state directory of a daemon, which holds journal/")
	cmd.Flags().StringVar(&past.credentials, "credentials", "/etc/settled/credentials", "directory that holds journal.key (with --state)")
	cmd.Flags().StringArrayVar(&past.inForce, "in-force", nil, "directory of rules that was in force; may be given several times")
	return cmd
}

func runBacktest(cmd *cobra.Command, dir string, past *pastSettlements) error {
	shipped, tried, err := bothRules(dir)
	if err != nil {
		return err
	}
	var inForce []*policy.Set
	for _, over := range past.inForce {
		set, err := loadRules(over)
		if err != nil {
			return err
		}
		inForce = append(inForce, set)
	}
	test := backtest.New(tried, append(inForce, shipped)...)
	if past.bundle != "" {
		err = testBundle(test, past.bundle)
	} else {
		err = testJournal(cmd, test, past)
	}
	if err != nil {
		return err
	}
	report := test.Report()
	if err := showBacktest(cmd, dir, &report); err != nil {
		return err
	}
	if n := report.Unlike.Count + report.Failed.Count; n > 0 {
		return fmt.Errorf("%d of %d settlements do not come out as recorded or cannot be computed, see above", n, report.Settlements)
	}
	return nil
}

func testBundle(test *backtest.Test, path string) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return usagef("bundle: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return cases.Each(file, func(c cases.Case, err error) {
		if err != nil {
			test.Fail(c.ID, err)
			return
		}
		test.Add(&backtest.Past{ID: c.ID, Person: c.Person, Bill: c.Bill, Usage: c.Usage, Split: c.Expected, Summary: true})
	})
}

func testJournal(cmd *cobra.Command, test *backtest.Test, past *pastSettlements) error {
	key, err := (&config{Credentials: past.credentials}).key()
	if err != nil {
		return err
	}
	return queue.History(past.state, key, func(r queue.Record) error {
		test.Add(pastOf(&r))
		return cmd.Context().Err()
	})
}

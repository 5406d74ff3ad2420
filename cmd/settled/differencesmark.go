package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/reconcile"
	"settled/settle"
)

func newDifferencesMark() *cobra.Command {
	var collected, refunded string
	var waived, other bool
	ask := api.Squaring{}
	cmd := &cobra.Command{
		Use:   "mark NUMBER --collected YUAN | --refunded YUAN | --waived --why REASON",
		Short: "Keep that a settlement's difference was collected, given back or written off",
		Long: `Keep that a settlement's difference was collected, given back or written off.

It is an entry of the journal, with who did it and when, and counts once: a second time is
refused, as is another sum than what is owed. Cash counts in the shift that is open at this
seat; --other does not touch the drawer. If the settlement is reversed afterwards, what was
collected is listed again, to be given back.`,
		Example: `  settled differences mark 012026112200017 --collected 2.00
  settled differences mark 012026112200018 --refunded 2.30 --other
  settled differences mark 012026112200019 --waived --why 联系不上患者`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			if ask.How = "cash"; other {
				ask.How = "other"
			}
			switch {
			case waived && (collected != "" || refunded != "" || other) || collected != "" && refunded != "":
				return usagef("--collected, --refunded, --waived: say one of them")
			case waived:
				ask.How = "waived"
				ask.Cash, err = c.owedFor(cmd.Context(), given[0])
			case collected != "":
				ask.Cash, err = moved("collected", collected)
			default:
				ask.Cash, err = moved("refunded", refunded)
				ask.Cash = -ask.Cash
			}
			if err != nil {
				return err
			}
			return markDifference(cmd, given[0], ask)
		},
	}
	cmd.Flags().StringVar(&collected, "collected", "", "what the patient paid, in yuan")
	cmd.Flags().StringVar(&refunded, "refunded", "", "what the patient got back, in yuan")
	cmd.Flags().BoolVar(&waived, "waived", false, "nobody pays; needs --why and the token of operations")
	cmd.Flags().BoolVar(&other, "other", false, "not in cash: a transfer or the like")
	cmd.Flags().StringVar(&ask.Why, "why", "", "the reason, for whoever reads the journal")
	return cmd
}

// moved reads an amount that changed hands.
func moved(flag, yuan string) (settle.Fen, error) {
	cash, err := settle.ParseFen(yuan)
	if err != nil || cash <= 0 {
		return 0, usagef("--%s: %q is not an amount in yuan, such as 2.00", flag, settle.Clip(yuan))
	}
	return cash, nil
}

// owedFor is what is owed for a settlement; nothing is for the daemon to refuse.
func (c *client) owedFor(ctx context.Context, number string) (settle.Fen, error) {
	var answer struct {
		Debts []reconcile.Debt `json:"debts"`
	}
	if err := c.get(ctx, "/v1/differences?state=all", &answer); err != nil {
		return 0, err
	}
	for _, d := range answer.Debts {
		for _, i := range d.Items {
			if i.Number == number && i.Cash != 0 {
				return i.Cash, nil
			}
		}
	}
	return 1, nil
}

func markDifference(cmd *cobra.Command, number string, ask api.Squaring) error {
	c, err := newClient(cmd)
	if err != nil {
		return err
	}
	answer, _, err := c.send(cmd.Context(), "/v1/differences/"+url.PathEscape(number), ask)
	if err := unclear(err, "先用 differences --all 核对"); err != nil {
		return err
	}
	if asJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), answer)
	}
	var d reconcile.Difference
	if err := decodeAnswer(answer, &d); err != nil {
		return err
	}
	drawer := ""
	if d.Done != nil && d.Done.How == "cash" {
		drawer = "，没有开班，不计入任何班次"
		var shift counter.Shift
		if c.get(cmd.Context(), "/v1/shifts/current", &shift) == nil {
			drawer = fmt.Sprintf("，计入班次 %d", shift.Number)
		}
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s%s\n", d.Number, d.Chinese(), drawer)
	return err
}

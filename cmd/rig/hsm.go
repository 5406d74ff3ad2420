package main

import (
	"github.com/spf13/cobra"

	"settled/cmd/rig/internal/cards"
)

// newHSMCommand is the verb "rig hsm": the command that a counter runs to ask the HSM.
func newHSMCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "hsm",
		Short: "Answer one question of a version 3.00 card's authentication, as the region's HSM",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cards.HSM(cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}

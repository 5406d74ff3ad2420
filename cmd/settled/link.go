package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"settled/settle"
)

func newLink() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "link RELATION",
		Short: "File that the guardian's account pays for the patient (家庭共济)",
		Long: `File that the account of the person whose card is in the guardian's reader may pay
for the patient whose card is in the patient's reader. Both cards must be in.

RELATION is what the patient is to the account's holder: child, parent, spouse,
sibling, grandparent, grandchild.`,
		Args:      args(cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs)),
		ValidArgs: []string{"child", "parent", "spouse", "sibling", "grandparent", "grandchild"},
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			answer, _, err := c.send(cmd.Context(), "/v1/links", map[string]string{"relation": given[0]})
			if err != nil {
				return err
			}
			if asJSON(cmd) {
				return printJSON(cmd.OutOrStdout(), answer)
			}
			var link struct {
				From settle.Date `json:"from"`
			}
			if err := decodeAnswer(answer, &link); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "已登记家庭共济，自 %s 起有效。\n", link.From)
			return err
		},
	}
	addClientFlags(cmd)
	return cmd
}

package main

import (
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"settled/settle/policy"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and the digest of the built-in rules",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			rules, err := policy.Load()
			if err != nil {
				return fmt.Errorf("built-in rules: %w", err)
			}
			if asJSON(cmd) {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{
					"version": version, "rules": rules.Digest(), "go": runtime.Version(),
				})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "settled %s\nrules   %s\n%s %s/%s\n", version, rules.Digest(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

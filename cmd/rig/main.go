// Command rig holds the simulators that settled is tested and shown with. It is never
// shipped.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{
		Use:           "rig",
		Short:         "Simulators for settled: cards, readers, platform, serial devices, demo",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newCardsCommand(), newHSMCommand(), newPlatformCommand(), newDemoCommand())
	root.AddCommand(newSerialCommands()...)
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "rig:", err)
		os.Exit(1)
	}
}

package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"settled/cmd/rig/internal/demo"
)

// newDemoCommand is the verb "rig demo": the main job, end to end.
func newDemoCommand() *cobra.Command {
	o := demo.Options{Keep: os.Getenv("KEEP") == "1", Out: os.Stdout, In: os.Stdin}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play a child's visit, with the platform up and down",
		Long: `Play a child's visit at a counter, from the card to the platform, first with the
platform up, next by a card that a PSAM opens and a code from a telephone, then with the
platform down; a line is given back and the shift closed, and the books are compared.

With --keep (or KEEP=1) everything stays running until it is interrupted, and the devices
can be told what to do: a card pulled, the paper at its end, the platform down.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			if o.Rig, err = os.Executable(); err != nil {
				return err
			}
			if o.Settled == "" {
				o.Settled = filepath.Join(filepath.Dir(o.Rig), "settled")
			}
			if o.Slips == "" {
				o.Slips = filepath.Join(filepath.Dir(o.Rig), "slips")
			}
			if o.Testdata, err = filepath.Abs(o.Testdata); err != nil {
				return err
			}
			if _, err := os.Stat(o.Settled); err != nil {
				return fmt.Errorf("settled is not built (make build): %w", err)
			}
			return demo.Run(ctx, o)
		},
	}
	cmd.Flags().StringVar(&o.Slips, "slips", "", "folder for the slips as the printer prints them (default: slips beside this program)")
	cmd.Flags().BoolVar(&o.Keep, "keep", o.Keep, "leave everything running")
	cmd.Flags().StringVar(&o.Settled, "settled", "", "program to show (default: settled beside this program)")
	cmd.Flags().StringVar(&o.Testdata, "testdata", "testdata", "folder testdata of the module")
	return cmd
}

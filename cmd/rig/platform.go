package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"settled/cmd/rig/internal/platform"
)

// newPlatformCommand is `rig platform`: the platform simulator until it is told to
// stop.
func newPlatformCommand() *cobra.Command {
	var listen, control, data, prefix string
	var follow bool
	gateway := platform.Gateway{}
	cmd := &cobra.Command{
		Use:   "platform",
		Short: "simulate the national medical-insurance platform on the loopback",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			sim, err := platform.New(platform.Options{Data: os.DirFS(data), Gateway: gateway, Prefix: prefix, Follow: follow})
			if err != nil {
				return err
			}
			if err := sim.Start(listen, control); err != nil {
				sim.Close()
				return err
			}
			defer sim.Close()
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), "platform at", sim.BaseURL()); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			<-ctx.Done()
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:8470", "address of the transactions; commands are there too, under /control/")
	flags.StringVar(&control, "control", "", "address of the commands alone, which then work while the platform is down")
	flags.StringVar(&data, "data", "testdata/platform", "directory of people.json, institutions.json, catalogue.json and rules.json")
	flags.BoolVar(&follow, "follow", false, "take the time from what requests are signed with: for those who live in virtual time")
	flags.StringVar(&prefix, "prefix", platform.DefaultPrefix, "path before the transaction's number")
	flags.StringVar(&gateway.PaasID, "paasid", "rig-paas", "x-tif-paasid that the gateway knows")
	flags.StringVar(&gateway.Secret, "secret", "rig-secret", "secret of that paasid")
	return cmd
}

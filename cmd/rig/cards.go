package main

import (
	"io"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"settled/cmd/rig/internal/cards"
)

// newCardsCommand is the verb "rig cards": a bench of virtual cards and readers.
func newCardsCommand() *cobra.Command {
	var socket string
	var readers []string
	var verbose, enclosed bool
	cmd := &cobra.Command{
		Use:   "cards --socket PATH",
		Short: "Run virtual card readers in a pcscd of their own",
		Long: `Run virtual card readers in a pcscd of their own, in a network namespace.

Programs reach it with PCSCLITE_CSOCK_NAME=PATH. Commands are lines on standard
input, each answered by a line of JSON:

  insert READER PROFILE [pull=N] [hang=N] [swap=N:PROFILE] [delay=DURATION]
  remove READER | swap READER PROFILE | apdus READER
  kill | stop | start | stall | resume      the pcscd
  refuse | absent                           once it is stopped: hang up on clients; no socket
  profiles | quit`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			path, err := filepath.Abs(socket)
			if err != nil {
				return err
			}
			if !enclosed {
				return cards.Enclose(ctx, arguments(path, readers, verbose)...)
			}
			var log io.Writer
			if verbose {
				log = cmd.ErrOrStderr()
			}
			return cards.Console(ctx, path, readers, cmd.InOrStdin(), cmd.OutOrStdout(), log)
		},
	}
	cmd.Flags().StringVar(&socket, "socket", "", "path of pcscd's socket, at most 100 bytes")
	cmd.Flags().StringSliceVar(&readers, "readers", []string{"patient", "guardian"}, "roles of the readers")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "print pcscd's log at the end")
	cmd.Flags().BoolVar(&enclosed, "enclosed", false, "")
	_ = cmd.Flags().MarkHidden("enclosed") // the flag exists
	_ = cmd.MarkFlagRequired("socket")     // likewise
	return cmd
}

func arguments(socket string, readers []string, verbose bool) []string {
	args := []string{"cards", "--enclosed", "--socket", socket}
	for _, r := range readers {
		args = append(args, "--readers", r)
	}
	if verbose {
		args = append(args, "--verbose")
	}
	return args
}

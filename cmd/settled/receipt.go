package main

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

func newReceipt() *cobra.Command {
	var columns int
	cmd := &cobra.Command{
		Use:   "receipt NUMBER",
		Short: "Give out the slip of a settlement or reversal again (补打)",
		Long: `Give out the slip of a settlement or of a reversal again (补打凭条): it is printed at the
seat and shown here, marked as a copy with its count. The journal keeps who did it and
how often. Nothing is settled or given back.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if columns != 48 && columns != 32 {
				return usagef("--columns: %d is neither 48 (80 mm) nor 32 (58 mm)", columns)
			}
			return reprint(cmd, given[0], columns)
		},
	}
	cmd.Flags().IntVar(&columns, "columns", 48, "48 for 80 mm paper, 32 for 58 mm")
	addClientFlags(cmd)
	cmd.AddCommand(newReceiptVerify())
	return cmd
}

func reprint(cmd *cobra.Command, number string, columns int) error {
	c, err := newClient(cmd)
	if err != nil {
		return err
	}
	var of queued
	if err := c.get(cmd.Context(), "/v1/queue/"+url.PathEscape(number), &of); err != nil {
		return err
	}
	path := "/v1/settlements/"
	if of.Of != "" {
		path = "/v1/voids/"
	}
	path += url.PathEscape(number) + "/receipt"
	answer, _, err := c.do(cmd.Context(), http.MethodPost, path, []byte{})
	if err != nil {
		return err
	}
	if asJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), answer)
	}
	slip, _, err := c.do(cmd.Context(), http.MethodGet, fmt.Sprintf("%s?columns=%d", path, columns), nil) // with the count so far
	if err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(slip)
	return err
}

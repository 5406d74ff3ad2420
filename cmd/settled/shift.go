package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

func newShift() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "shift",
		Short: "Open and close the cashier's shift (开班, 结班)",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newShiftOpen(), newShiftClose(), newShiftShow())
	addClientFlags(cmd)
	return cmd
}

func newShiftOpen() *cobra.Command {
	nothing := func(*cobra.Command, settle.Fen) error { return nil }
	return cashVerb("open", "Open a shift with the cash in the drawer (备用金)", "float", "/v1/shifts", nothing)
}

func newShiftClose() *cobra.Command {
	var yes bool
	cmd := cashVerb("close", "Close the shift with the cash that was counted, and print its slip", "counted", "/v1/shifts/close",
		func(cmd *cobra.Command, counted settle.Fen) error {
			if yes {
				return nil
			}
			return balanced(cmd, counted)
		})
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "close it without asking, also if the cash does not balance")
	return cmd
}

// balanced asks the cashier if the cash that was counted is not what should be there.
func balanced(cmd *cobra.Command, counted settle.Fen) error {
	c, err := newClient(cmd)
	if err != nil {
		return err
	}
	var open struct {
		Expected settle.Fen `json:"expected"`
	}
	err = c.get(cmd.Context(), "/v1/shifts/current", &open)
	if no, ok := errors.AsType[*settle.Refusal](err); ok && no.Code == counter.NoShift {
		return nil // closing it says so
	}
	over := counted - open.Expected
	if err != nil || over == 0 {
		return err
	}
	what := "长款"
	if over < 0 {
		what, over = "短款", -over
	}
	_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "应有现金 ￥%s，实点 ￥%s，%s ￥%s。\n", open.Expected, counted, what, over)
	if !agreed(cmd, "仍按实点结班？") {
		return errors.New("未确认，未结班；请重新清点现金。")
	}
	return nil
}

// cashVerb posts an amount of cash, if nothing speaks against it before, and prints the
// shift's slip.
func cashVerb(use, short, flag, path string, before func(*cobra.Command, settle.Fen) error) *cobra.Command {
	var yuan string
	cmd := &cobra.Command{
		Use: use + " --" + flag + " YUAN", Short: short,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cash, err := settle.ParseFen(yuan)
			if err != nil || cash < 0 {
				return usagef("--%s: %q is not an amount of cash in yuan, such as 500.00", flag, settle.Clip(yuan))
			}
			if err := before(cmd, cash); err != nil {
				return err
			}
			body, err := json.Marshal(map[string]settle.Fen{flag: cash})
			if err != nil {
				return err
			}
			return showShift(cmd, http.MethodPost, path, body)
		},
	}
	cmd.Flags().StringVar(&yuan, flag, "", "cash in the drawer, in yuan")
	return cmd
}

func newShiftShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show [NUMBER]",
		Short: "The open shift with its totals so far, or another one",
		Args:  args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			path := "/v1/shifts/current"
			if len(given) > 0 {
				n, err := strconv.ParseUint(given[0], 10, 64)
				if err != nil {
					return usagef("%q is not a shift's number", settle.Clip(given[0]))
				}
				path = fmt.Sprintf("/v1/shifts/%d", n)
			}
			return showShift(cmd, http.MethodGet, path, nil)
		},
	}
}

// showShift asks for a shift and prints its slip; only what has just been closed is an
// original. One that has just been opened has nothing to show but its number.
func showShift(cmd *cobra.Command, method, path string, body []byte) error {
	c, err := newClient(cmd)
	if err != nil {
		return err
	}
	answer, _, err := c.do(cmd.Context(), method, path, body)
	if method == http.MethodPost {
		err = unclear(err, "先用 shift show 核对")
	}
	if err != nil {
		return err
	}
	if asJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), answer)
	}
	var shift struct {
		Number uint64          `json:"number"`
		Float  settle.Fen      `json:"float"`
		Closed json.RawMessage `json:"closed"`
	}
	if err := decodeAnswer(answer, &shift); err != nil {
		return err
	}
	if method == http.MethodPost && shift.Closed == nil {
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "已开班：班次 %d，备用金 ￥%s。\n", shift.Number, shift.Float)
		return err
	}
	copyNo := 0
	if method == http.MethodGet && shift.Closed != nil {
		copyNo = 1
	}
	slip, _, err := c.do(cmd.Context(), http.MethodGet, fmt.Sprintf("/v1/shifts/%d/slip?copy=%d", shift.Number, copyNo), nil)
	if err != nil {
		return err
	}
	if _, err = cmd.OutOrStdout().Write(slip); err != nil || method != http.MethodPost {
		return err
	}
	var booked bookedDays
	if err := get(cmd, "/v1/reconciliations", &booked); err != nil {
		return nil //nolint:nilerr // the shift is closed, and whoever runs without a platform has nothing to reconcile
	}
	return askToReconcile(cmd.OutOrStdout(), booked.Days)
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"settled/settle"
)

func newSettle() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "settle BILL",
		Short: "Quote a bill, confirm, commit, print",
		Long: `Quote a bill for the patient whose card is in the reader, ask for confirmation, and
commit it. The receipt is printed only after the settlement is on disk.

The bill's own key makes sure that the same bill is never taken twice: doing it again
gives the first settlement. If something changed since the quote, nothing is taken and
the new quote is shown.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error { return settleBill(cmd, given[0], yes) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "confirm without asking")
	addClientFlags(cmd)
	return cmd
}

func settleBill(cmd *cobra.Command, path string, yes bool) error {
	bill, err := readBill(cmd, path)
	if err != nil {
		return err
	}
	c, err := newClient(cmd)
	if err != nil {
		return err
	}
	answer, _, err := c.do(cmd.Context(), http.MethodPost, "/v1/quotes", bill)
	if err != nil {
		return err
	}
	var quote figures
	if err := decodeAnswer(answer, &quote); err != nil {
		return err
	}
	if !yes {
		if err := confirm(cmd, quote); err != nil {
			return err
		}
	}
	return take(cmd, c, quote.ID, keyOf(bill))
}

// keyOf is the bill's own idempotency key; the daemon has checked the bill already.
func keyOf(bill []byte) string {
	var b struct {
		Key string `json:"key"`
	}
	_ = json.Unmarshal(bill, &b) // no key: the daemon refuses
	return b.Key
}

func confirm(cmd *cobra.Command, quote figures) error {
	if err := showSplit(cmd.ErrOrStderr(), quote); err != nil {
		return err
	}
	if agreed(cmd, "确认结算？") {
		return nil
	}
	return errors.New("未确认，未扣款。")
}

// agreed asks the operator.
func agreed(cmd *cobra.Command, question string) bool {
	_, _ = fmt.Fprint(cmd.ErrOrStderr(), question+"[y/N] ")
	line, _ := readLine(cmd.InOrStdin()) // no answer is no
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}

// take commits a quote and prints the receipt.
func take(cmd *cobra.Command, c *client, quote, key string) error {
	answer, status, err := c.send(cmd.Context(), "/v1/settlements", map[string]string{"quote": quote, "key": key})
	if err = unclear(err, "用同一张账单再执行一次（已结算的只显示原结果，不会再收）"); err != nil {
		return staleOr(cmd, answer, status, err)
	}
	if asJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), answer)
	}
	var done figures
	if err := decodeAnswer(answer, &done); err != nil {
		return err
	}
	if done.Replayed {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "该单已结算过（%s），本次未重复收取。\n", done.Number)
	}
	return printReceipt(cmd.Context(), cmd, c, done)
}

// printReceipt prints the slip: the original for a new settlement, a marked reprint
// for one that had been made before.
func printReceipt(ctx context.Context, cmd *cobra.Command, c *client, done figures) error {
	copyNo := 0
	if done.Replayed {
		copyNo = 1
	}
	slip, _, err := c.do(ctx, http.MethodGet, fmt.Sprintf("/v1/settlements/%s/receipt?copy=%d", done.Number, copyNo), nil)
	if err != nil {
		return fmt.Errorf("已结算（%s），凭条没有显示出来，请补打（receipt %[1]s）：%w", done.Number, err)
	}
	_, err = cmd.OutOrStdout().Write(slip)
	return err
}

// staleOr shows the new quote if that is why nothing was taken.
func staleOr(cmd *cobra.Command, answer []byte, status int, err error) error {
	var refused *settle.Refusal
	var stale struct {
		Quote *figures `json:"quote"`
	}
	if status == http.StatusConflict && errors.As(err, &refused) && refused.Code == settle.StaleQuote && json.Unmarshal(answer, &stale) == nil && stale.Quote != nil {
		return errors.Join(err, showSplit(cmd.ErrOrStderr(), *stale.Quote))
	}
	return err
}

package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"settled/settle"
)

// amounts are who gets what, as the API gives it.
type amounts struct {
	Total  settle.Fen `json:"total"`
	Fund   settle.Fen `json:"fund"`
	Own    settle.Fen `json:"own"`
	Family settle.Fen `json:"mutual"`
	Cash   settle.Fen `json:"cash"`
}

// String writes whole and parts in one line.
func (a amounts) String() string {
	return fmt.Sprintf("￥%s = 统筹基金 ￥%s + 个人账户 ￥%s + 家庭共济 ￥%s + 现金 ￥%s", a.Total, a.Fund, a.Own, a.Family, a.Cash)
}

func newVoid() *cobra.Command {
	var reason string
	var yes bool
	cmd := &cobra.Command{
		Use:   "void NUMBER --reason TEXT",
		Short: "Reverse a settlement whole (撤销)",
		Long: `Reverse a settlement (结算单号) whole (撤销): each source gets back what it paid, usage and
family balance are as if it had never been, and the platform is told if it knows of the
settlement. No card is needed. Doing it again gives the first reversal, never a second.

Above an amount that the configuration names (second_person.over), --second names another
operator who may do it and stands for it too.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if strings.TrimSpace(reason) == "" {
				return usagef("--reason: say why")
			}
			return voidSettlement(cmd, given[0], reason, yes)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; it stands on the slip")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "confirm without asking")
	addSecond(cmd)
	addClientFlags(cmd)
	return cmd
}

var errNotReturned = errors.New("未确认，未退款。")

func voidSettlement(cmd *cobra.Command, number, reason string, yes bool) error {
	c, err := newClient(cmd)
	if err != nil {
		return err
	}
	path := "/v1/settlements/" + url.PathEscape(number)
	var of struct {
		amounts
		Void string `json:"void"`
	}
	if err := c.get(cmd.Context(), path, &of); err != nil {
		return err
	}
	if !yes && of.Void == "" { // what is reversed can only be shown again
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "整单撤销 %s，退回 %s\n", number, of)
		if !agreed(cmd, "确认撤销？") {
			return errNotReturned
		}
	}
	return giveBack(cmd, c, path+"/void", map[string]any{"key": "void-" + number, "reason": reason})
}

func newRefund() *cobra.Command {
	var reason, keep string
	var yes bool
	cmd := &cobra.Command{
		Use:   "refund NUMBER --keep 1,3 --reason TEXT",
		Short: "Reverse a settlement by line (退费)",
		Long: `Reverse a settlement (结算单号) and settle the lines that are kept anew (退费), by the rules
and at the position of the original day. What would go back to whom is shown first, and
what is shown is what is given back. No card is needed.

Doing it again with the same --keep gives the first refund, never a second. What was
kept has a number of its own: to give back more of it, refund that one.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			lines, err := lineNumbers(keep)
			if err != nil {
				return usagef("--keep: %w", err)
			}
			if strings.TrimSpace(reason) == "" {
				return usagef("--reason: say why")
			}
			return refund(cmd, given[0], lines, reason, yes)
		},
	}
	cmd.Flags().StringVar(&keep, "keep", "", "lines of the bill that are kept, from 1: 1,3")
	cmd.Flags().StringVar(&reason, "reason", "", "why; it stands on the slip")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "confirm without asking")
	addSecond(cmd)
	addClientFlags(cmd)
	return cmd
}

// lineNumbers reads "1,3".
func lineNumbers(text string) ([]int, error) {
	if text == "" {
		return nil, errors.New("name the lines that are kept, such as 1,3; to reverse all of it there is `settled void`")
	}
	var lines []int
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a line's number", settle.Clip(word))
		}
		lines = append(lines, n)
	}
	return lines, nil
}

func refund(cmd *cobra.Command, number string, keep []int, reason string, yes bool) error {
	c, err := newClient(cmd)
	if err != nil {
		return err
	}
	path := "/v1/settlements/" + url.PathEscape(number) + "/refund"
	// A settlement is reversed once: what is kept has a number, and so a key, of its own.
	ask := map[string]any{"key": "refund-" + number, "reason": reason, "keep": keep, "quote": ""}
	answer, _, err := c.send(cmd.Context(), path+"/quote", map[string]any{"keep": keep})
	var no *settle.Refusal
	if errors.As(err, &no) && no.Code == settle.AlreadyVoided {
		return giveBack(cmd, c, path, ask) // gives back nothing: that refund is shown again, or refused
	}
	if err != nil {
		return err
	}
	var quote refundQuote
	if err := decodeAnswer(answer, &quote); err != nil {
		return err
	}
	if err := quote.show(cmd.ErrOrStderr(), number); err != nil {
		return err
	}
	if !yes && !agreed(cmd, "确认退费？") {
		return errNotReturned
	}
	ask["quote"] = quote.ID
	return giveBack(cmd, c, path, ask)
}

// refundQuote is what would go back, as the API gives it.
type refundQuote struct {
	ID      string       `json:"id"`
	Back    amounts      `json:"back"`
	Stays   amounts      `json:"stays"`
	Reasons []said       `json:"reasons"`
	Split   settle.Split `json:"split"`
}

func (q *refundQuote) show(out io.Writer, number string) error {
	if err := showSplit(out, figures{Reasons: q.Reasons, Split: q.Split}); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "退费 %s\n  退回 %s\n  保留 %s\n", number, q.Back, q.Stays)
	return err
}

// giveBack reverses and prints the slip: the original for a new reversal, a marked
// reprint for one that had been made before.
func giveBack(cmd *cobra.Command, c *client, path string, ask map[string]any) error {
	if err := seconded(cmd, ask); err != nil {
		return err
	}
	answer, _, err := c.send(cmd.Context(), path, ask)
	if err := unclear(howToSecond(err), "把同一条命令再执行一次（已办理的只显示原凭条，不会再退）"); err != nil {
		return err
	}
	if asJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), answer)
	}
	var done struct {
		Number   string `json:"number"`
		Of       string `json:"of"`
		Replayed bool   `json:"replayed"`
	}
	if err := decodeAnswer(answer, &done); err != nil {
		return err
	}
	copyNo := 0
	if done.Replayed {
		copyNo = 1
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s 已由 %s 撤销或退费，本次没有再退款。\n", done.Of, done.Number)
	}
	slip, _, err := c.do(cmd.Context(), http.MethodGet, fmt.Sprintf("/v1/voids/%s/receipt?copy=%d", done.Number, copyNo), nil)
	if err != nil {
		return fmt.Errorf("已办理（%s），凭条没有显示出来，请补打（receipt %[1]s）：%w", done.Number, err)
	}
	_, err = cmd.OutOrStdout().Write(slip)
	return err
}

package main

import (
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"settled/settle"
)

func newExplain() *cobra.Command {
	var english bool
	cmd := &cobra.Command{
		Use:   "explain NUMBER",
		Short: "The reason of every amount of a settlement",
		Long: `Print the reason of every amount of a settlement (结算单号): what was taken off or
given, by which rule, from which source, with which number.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			var raw json.RawMessage
			if err := c.get(cmd.Context(), "/v1/settlements/"+url.PathEscape(given[0])+"/explanation", &raw); err != nil {
				return err
			}
			if asJSON(cmd) {
				return printJSON(cmd.OutOrStdout(), raw)
			}
			return showExplanation(cmd, raw, english)
		},
	}
	cmd.Flags().BoolVar(&english, "english", false, "the sentences for the technician")
	addClientFlags(cmd)
	return cmd
}

func showExplanation(cmd *cobra.Command, raw []byte, english bool) error {
	var e struct {
		Number  string        `json:"number"`
		Void    string        `json:"void"`
		From    string        `json:"from"`
		Day     settle.Date   `json:"day"`
		Rules   string        `json:"rules"`
		Reasons []said        `json:"reasons"`
		Steps   []settle.Step `json:"steps"`
	}
	if err := decodeAnswer(raw, &e); err != nil {
		return err
	}
	if english {
		for i := range e.Reasons {
			e.Reasons[i].Text = e.Reasons[i].Code.Technician()
		}
		for i := range e.Steps {
			e.Steps[i].Chinese = e.Steps[i].English
		}
	}
	out := cmd.OutOrStdout()
	if _, err := fmt.Fprintf(out, "结算单 %s  政策日 %s  规则摘要 %.16s…\n", e.Number, e.Day, e.Rules); err != nil {
		return err
	}
	if e.Void != "" {
		_, _ = fmt.Fprintf(out, "  该单已由 %s 撤销，以下仅为当时的依据。\n", e.Void)
	}
	if e.From != "" {
		_, _ = fmt.Fprintf(out, "  该单是 %s 退费后保留的项目，按原单当日的政策和累计重新结算。\n", e.From)
	}
	for _, r := range e.Reasons {
		if _, err := fmt.Fprintf(out, "  %s（%s）\n", r.Text, r.Code); err != nil {
			return err
		}
	}
	return showSteps(out, e.Steps)
}

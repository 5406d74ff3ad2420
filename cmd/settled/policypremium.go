package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/settle"
	"settled/settle/policy"
)

// premiumPersons are the kinds of persons whose premium is an amount and not a share of
// a wage.
var premiumPersons = [...]string{settle.PremiumChild, settle.PremiumStudent, settle.PremiumResident}

func newPolicyPremium() *cobra.Command {
	var on, overlays, person string
	cmd := &cobra.Command{
		Use:   "premium --on DATE --for PERSON",
		Short: "What a year's insurance costs, and how that is worked out",
		Long: `Print the premium of the premium year (September to August) in which a day lies: the
person's own part, the subsidy, and how both come from their base, with source and
status. A year whose premium no source states is refused with what is missing and
which file to add. Employees pay a share of their wage, which the rules do not hold.`,
		Example: `  settled policy premium --on 2024-11-05 --for child`,
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			day, err := dayFlag("on", on)
			if err != nil {
				return err
			}
			if !slices.Contains(premiumPersons[:], person) {
				return usagef("--for: %q is not one of %s", settle.Clip(person), strings.Join(premiumPersons[:], ", "))
			}
			rules, err := loadRules(overlays)
			if err != nil {
				return err
			}
			p, err := rules.Premium(day, person)
			if err != nil {
				return err
			}
			return showPremium(cmd, p)
		},
	}
	cmd.Flags().StringVar(&on, "on", "", "day, 2006-01-02")
	cmd.Flags().StringVar(&person, "for", "", "kind of person: "+strings.Join(premiumPersons[:], ", "))
	cmd.Flags().StringVar(&overlays, "policy", "", "directory of rules to lay over the built-in ones")
	return cmd
}

func showPremium(cmd *cobra.Command, p policy.Premium) error {
	out := cmd.OutOrStdout()
	if asJSON(cmd) {
		return json.NewEncoder(out).Encode(p)
	}
	if _, err := fmt.Fprintf(out, "%s 所属缴费年度 %s 至 %s，应缴 ￥%s\n", p.On, p.Own.Row.From, cmp.Or(p.Own.Row.To.String(), "…"), p.Total); err != nil {
		return err
	}
	t := newTable(out, 2, 2, "缴费", "金额", "算式", "基数年份", "规则", "来源", "状态")
	for _, s := range []struct {
		name  string
		share policy.Share
	}{{"个人", p.Own}, {"财政补助", p.Subsidy}} {
		year := "–"
		if s.share.Row.Base != nil {
			year = fmt.Sprint(s.share.Row.Base.Year)
		}
		t.AppendRow(table.Row{s.name, s.share.Amount, cmp.Or(s.share.Formula, "–"), year, s.share.Row.Rule, cited(s.share.Row), standing(s.share.Row)})
	}
	t.Render()
	return nil
}

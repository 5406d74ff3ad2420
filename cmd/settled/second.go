package main

import (
	"errors"

	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// addSecond lets a verb name the second person (二人复核).
func addSecond(cmd *cobra.Command) {
	cmd.Flags().String("second", "", "another operator who stands for it too (二人复核), where that is needed; the password is read from standard input")
}

// seconded puts the second person into what is asked, if one is named; the password is
// not shown.
func seconded(cmd *cobra.Command, ask map[string]any) error {
	id, _ := cmd.Flags().GetString("second")
	if id == "" {
		return nil
	}
	password, err := askPassword(cmd, "复核人 "+id+" 的密码：")
	if err != nil {
		return err
	}
	ask["second"] = map[string]string{"operator": id, "password": password}
	return nil
}

// howToSecond says of a refusal for want of a second person how to name one.
func howToSecond(err error) error {
	if no, ok := errors.AsType[*settle.Refusal](err); ok && no.Code == counter.SecondNeeded {
		how := *no
		how.Cashier += "命令行：--second 工号。"
		return &how
	}
	return err
}

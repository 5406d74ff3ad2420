package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/slipseal"
)

// slipsKey is the name of the credential with the keys that seal the codes on slips.
const slipsKey = "slips.key"

// slipKeys gives the keys of slips, nil where there are none.
func (c *config) slipKeys() (*slipseal.Keys, error) {
	k, err := readSlipKeys(filepath.Join(c.Credentials, slipsKey))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return k, err
}

func readSlipKeys(path string) (*slipseal.Keys, error) {
	text, err := readSecret(path)
	if err != nil {
		return nil, fmt.Errorf("keys of slips: %w", err)
	}
	k, err := slipseal.Parse(text)
	if err != nil {
		return nil, usagef("%s: %w", path, err)
	}
	return k, nil
}

// checkedSlip is what is known of a slip's code.
type checkedSlip struct {
	counter.SlipCode
	Genuine bool   `json:"genuine"`
	By      string `json:"by"` // journal, seal
	Void    string `json:"void,omitempty"`
}

func newReceiptVerify() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "verify TEXT",
		Short: "Tell whether a slip is genuine, by the text of its QR code",
		Long: `Tell whether a slip is genuine, by the text of its QR code (SETTLE:…), as a scanner
types it. The daemon compares it with its journal, or, if another counter of the
institution made the slip, checks the seal. With --key-file the seal is checked here,
without any daemon: this is for the insurance office, which has the institution's
slips.key and no journal. A seal says that the slip is genuine, not that the settlement
still stands: that is in the journal of the counter which the number begins with.

Exit status: 0 genuine, 1 not, or not to be told, 2 the command line is wrong.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			text, mark := slipseal.Split(given[0])
			code, err := counter.ParseSlipCode(text)
			if err != nil { // it is not sent on: it may be a 医保码, which would be used up
				return usagef("TEXT: %w", err)
			}
			if key == "" {
				slip, err := askSlip(cmd, given[0])
				if err != nil {
					return err
				}
				return showSlip(cmd, slip)
			}
			keys, err := readSlipKeys(key)
			if err != nil {
				return err
			}
			return showSlip(cmd, checkedSlip{SlipCode: code, Genuine: keys.Vouch(text, mark), By: "seal"})
		},
	}
	cmd.Flags().StringVar(&key, "key-file", "", "the institution's slips.key, to check the seal without a daemon")
	addClientFlags(cmd)
	return cmd
}

// askSlip asks the daemon.
func askSlip(cmd *cobra.Command, text string) (slip checkedSlip, err error) {
	c, err := newClient(cmd)
	if err != nil {
		return slip, err
	}
	answer, _, err := c.send(cmd.Context(), "/v1/scans", map[string]string{"code": text})
	if err != nil {
		return slip, err
	}
	said := struct {
		Slip    *checkedSlip `json:"slip"`
		Genuine bool         `json:"genuine"`
	}{Slip: &slip}
	err = decodeAnswer(answer, &said)
	slip.Genuine = said.Genuine
	return slip, err
}

func showSlip(cmd *cobra.Command, slip checkedSlip) error {
	out := cmd.OutOrStdout()
	if asJSON(cmd) {
		if err := json.NewEncoder(out).Encode(slip); err != nil {
			return err
		}
	} else {
		_, err := fmt.Fprintf(out, "凭条      %s\n机构      %s\n单号      %s\n总额      %s\n统筹基金  %s\n个人账户  %s\n家庭共济  %s\n现金      %s\n",
			slip.verdict(), slip.Institution, slip.Number, slip.Total, slip.Fund, slip.Own, slip.Family, slip.Cash)
		if err != nil {
			return err
		}
	}
	if !slip.Genuine {
		return unwell{exitRefused}
	}
	return nil
}

// verdict is for people.
func (s *checkedSlip) verdict() string {
	switch {
	case !s.Genuine && s.By == "journal":
		return "✗ 不符：与本窗口日志中的金额不同"
	case !s.Genuine:
		return "✗ 不能证实：防伪码没有或不符"
	case s.Void != "":
		return "真，但已由 " + s.Void + " 作废"
	case s.By == "journal":
		return "真：与本窗口的日志一致"
	}
	return "真：防伪码相符；其后是否撤销，见原窗口的日志"
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/readers"
	"settled/devices/pcsc"
	"settled/devices/sscard"
	"settled/settle"
)

// cardDeadline bounds a read by hand.
const cardDeadline = 15 * time.Second

func newCard() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "card",
		Short: "Look at readers and cards without the daemon",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCardRead(), newCardReaders())
	return cmd
}

func newCardReaders() *cobra.Command {
	return &cobra.Command{
		Use:   "readers",
		Short: "List the card readers",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			names, err := readerNames(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON(cmd) {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(names)
			}
			for _, name := range names {
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), name); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func newCardRead() *cobra.Command {
	var reader string
	var reveal bool
	cmd := &cobra.Command{
		Use:   "read",
		Short: "Read the social-security card in a reader",
		Long: `Read the social-security card (社会保障卡) in a reader. What is personal is masked unless
--reveal is given. Without --reader the first reader is taken.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), cardDeadline)
			defer cancel()
			record, err := readCard(ctx, reader)
			if err != nil {
				return err
			}
			return showCard(cmd, record, reveal)
		},
	}
	cmd.Flags().StringVar(&reader, "reader", "", "part of the reader's name, see 'settled card readers'")
	cmd.Flags().BoolVar(&reveal, "reveal", false, "print personal data in clear")
	return cmd
}

func readerNames(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, cardDeadline)
	defer cancel()
	names, err := pcsc.Readers(ctx)
	switch {
	case err != nil:
		return nil, readers.Refusal(err)
	case len(names) == 0:
		return nil, refuse(settle.ReaderMissing, "the card service runs and has no reader")
	}
	return names, nil
}

func readCard(ctx context.Context, reader string) (record sscard.Record, err error) {
	names, err := readerNames(ctx)
	if err != nil {
		return sscard.Record{}, err
	}
	fits := func(name string) bool { return strings.Contains(name, reader) }
	i := slices.IndexFunc(names, fits)
	if i < 0 {
		return sscard.Record{}, refuse(settle.ReaderMissing, "no reader's name holds "+strconv.Quote(reader))
	}
	reader = names[i]
	card, err := pcsc.Open(ctx, reader)
	if err != nil {
		return sscard.Record{}, readers.Refusal(err)
	}
	defer func() { err = errors.Join(err, card.Close()) }()
	record, err = sscard.Read(ctx, card, nil)
	if err != nil {
		return sscard.Record{}, readers.Refusal(err)
	}
	return record, nil
}

// cardView is a card as it is printed.
type cardView struct {
	Code     string `json:"card_code"`
	Version  string `json:"version"`
	Number   string `json:"card_number"`
	IDNumber string `json:"id_number"`
	Name     string `json:"name"`
	Birth    string `json:"birth"`
	Issued   string `json:"issued"`
	Expires  string `json:"expires"`
	Locked   bool   `json:"locked"`
}

func viewCard(r sscard.Record, reveal bool) cardView {
	say := func(p sscard.Personal) string {
		if reveal {
			return p.ClearPersonalData()
		}
		return p.String()
	}
	return cardView{
		Code: say(r.Code), Version: r.Version, Number: say(r.Number), IDNumber: say(r.IDNumber), Name: say(r.Name),
		Birth: say(r.Birth), Issued: r.Issued.String(), Expires: r.Expires.String(), Locked: r.Locked,
	}
}

func showCard(cmd *cobra.Command, r sscard.Record, reveal bool) error {
	v := viewCard(r, reveal)
	if asJSON(cmd) {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(v)
	}
	rows := [][2]string{
		{"卡识别码", v.Code},
		{"规范版本", v.Version},
		{"卡号", v.Number},
		{"社会保障号码", v.IDNumber},
		{"姓名", v.Name},
		{"出生日期", v.Birth},
		{"发卡日期", v.Issued},
		{"有效期至", v.Expires},
	}
	return printRows(cmd.OutOrStdout(), rows, v.Locked)
}

func printRows(out io.Writer, rows [][2]string, locked bool) error {
	for _, row := range rows {
		if row[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(out, "%s：%s\n", row[0], row[1]); err != nil {
			return err
		}
	}
	if locked {
		_, err := fmt.Fprintln(out, "个人信息受卡保护（未认证），凭卡号向平台查询。")
		return err
	}
	return nil
}

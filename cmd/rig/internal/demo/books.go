package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// row is a settlement as the queue lists it.
type row struct {
	Number string `json:"number"`
}

// amounts are who paid what, as both books write them.
type amounts struct {
	Total json.RawMessage `json:"total"`
	Fund  json.RawMessage `json:"fund"`
	Own   json.RawMessage `json:"own"`
	Mutu  json.RawMessage `json:"mutual"`
	Cash  json.RawMessage `json:"cash"`
}

func (a amounts) list() []string {
	var l []string
	for _, v := range []json.RawMessage{a.Total, a.Fund, a.Own, a.Mutu, a.Cash} {
		l = append(l, string(v))
	}
	return l
}

// books compares what the journal holds with what the platform holds.
func (s *stage) books(ctx context.Context) error {
	s.title("对账 · the books")
	var page struct {
		Entries []row `json:"entries"`
	}
	if err := s.daemon.runJSON(ctx, &page, "queue", "list", "--state", "acknowledged"); err != nil {
		return err
	}
	theirs, err := s.platformBooks()
	if err != nil {
		return err
	}
	t := table.NewWriter()
	t.SetOutputMirror(s.Out)
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"结算单号", "账本", "总额", "统筹基金", "个人账户", "家庭共济", "现金"})
	right := []table.ColumnConfig{}
	for column := 3; column <= 7; column++ {
		right = append(right, table.ColumnConfig{Number: column, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(right)
	agree := len(theirs) == len(page.Entries) && len(theirs) > 0
	for _, e := range page.Entries {
		ours, err := s.journalBooks(ctx, e.Number)
		if err != nil {
			return err
		}
		a, b := ours.list(), theirs[e.Number].list()
		t.AppendRow(asRow(e.Number, "本地 journal", a))
		t.AppendRow(asRow("", "平台 platform", b))
		t.AppendSeparator()
		for i := range a {
			agree = agree && a[i] == b[i] && a[i] != ""
		}
	}
	t.Render()
	s.requests()
	if !agree {
		return errors.New("the books do not agree")
	}
	s.say("两边一致，分文不差：本地 %d 笔，平台 %d 笔。Both agree to the fen.", len(page.Entries), len(theirs))
	return nil
}

func asRow(number, book string, values []string) table.Row {
	r := table.Row{number, book}
	for _, v := range values {
		r = append(r, strings.Trim(v, `"`))
	}
	return r
}

// requests prints what the platform was asked, by transaction, and whether a message
// id ever came twice.
func (s *stage) requests() {
	page := s.platform.Books.Page()
	var asked []string
	for _, infno := range slices.Sorted(maps.Keys(page.Requests)) {
		asked = append(asked, fmt.Sprintf("%s×%d", infno, page.Requests[infno]))
	}
	s.say("平台收到 %s；报文号 %d 个，重复 %d 个。", strings.Join(asked, " "), page.MsgIDs, len(page.Duplicates))
}

func (s *stage) journalBooks(ctx context.Context, number string) (amounts, error) {
	res, err := s.daemon.get(ctx, "/v1/settlements/"+number)
	if err != nil {
		return amounts{}, err
	}
	defer func() { _ = res.Body.Close() }()
	var a amounts
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		return amounts{}, fmt.Errorf("settlement %s: %w", number, err)
	}
	return a, nil
}

// platformBooks gives the platform's live settlements by the batch number, which is
// our settlement number.
func (s *stage) platformBooks() (map[string]amounts, error) {
	text, err := json.Marshal(s.platform.Books.Page())
	if err != nil {
		return nil, err
	}
	var page struct {
		Settlements []struct {
			amounts
			Total json.RawMessage `json:"medfee_sumamt"`
			Batch string          `json:"chrg_bchno"`
			Live  bool            `json:"live"`
		} `json:"settlements"`
	}
	if err := json.Unmarshal(text, &page); err != nil {
		return nil, fmt.Errorf("platform's books: %w", err)
	}
	books := map[string]amounts{}
	for _, one := range page.Settlements {
		if one.Live {
			one.amounts.Total = one.Total
			books[one.Batch] = one.amounts
		}
	}
	return books, nil
}

package demo

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"settled/settle"
)

// money is who paid what, to be summed.
type money struct {
	Total  settle.Fen `json:"total"`
	Fund   settle.Fen `json:"fund"`
	Own    settle.Fen `json:"own"`
	Family settle.Fen `json:"mutual"`
	Cash   settle.Fen `json:"cash"`
}

func (m *money) add(t *testing.T, a amounts) {
	t.Helper()
	text, err := json.Marshal(a)
	must(t, err)
	var more money
	must(t, json.Unmarshal(text, &more))
	m.Total, m.Fund, m.Own, m.Family, m.Cash = m.Total+more.Total, m.Fund+more.Fund, m.Own+more.Own, m.Family+more.Family, m.Cash+more.Cash
}

// tally is a kind's line of a shift.
type tally struct {
	Count int `json:"count"`
	money
}

// shift is a shift as the API gives it.
type shift struct {
	Number   uint64     `json:"number"`
	Float    settle.Fen `json:"float"`
	Settled  tally      `json:"settled"`
	Voided   tally      `json:"voided"`
	Refunded tally      `json:"refunded"`
	Expected settle.Fen `json:"expected"`
	Closed   *struct {
		Counted settle.Fen `json:"counted"`
		Over    settle.Fen `json:"over"`
		Entry   uint64     `json:"entry"`
		Hash    string     `json:"hash"`
	} `json:"closed"`
}

// TestShift closes a shift with settlements, a void and a refund in it: its totals are
// the sum of the slips, and its slip vouches for the journal. What happened before it
// opened or after it closed is not in it.
func TestShift(t *testing.T) {
	t.Parallel()
	s := family(t)
	s.settled(t, 1)
	if _, err := s.daemon.run(t.Context(), "shift", "open", "--float", "100.00"); err != nil {
		t.Fatal(err)
	}
	var want shift
	var last [3]answer
	for i := range last {
		last[i] = s.settled(t, 2+i)
		a, err := s.journalBooks(t.Context(), last[i].Number)
		must(t, err)
		want.Settled.add(t, a)
	}
	want.Voided.add(t, given(t, http.StatusCreated)(s.void(t, last[0].Number, "v")).Back)
	want.Refunded.add(t, given(t, http.StatusCreated)(s.refund(t, last[1].Number, "r", 2)).Back)
	want.Settled.Count, want.Voided.Count, want.Refunded.Count = 3, 1, 1
	want.Expected = 10_000 + want.Settled.Cash - want.Voided.Cash - want.Refunded.Cash
	counted := want.Expected - 50
	short := "应有现金 ￥" + want.Expected.String() + "，实点 ￥" + counted.String() + "，短款 ￥0.50。"
	if _, err := s.daemon.run(t.Context(), "shift", "close", "--counted", counted.String()); err == nil ||
		!strings.Contains(err.Error(), short) || !strings.Contains(err.Error(), "仍按实点结班？") || !strings.Contains(err.Error(), "未确认，未结班") {
		t.Errorf("closed though the cash does not balance: %v", err)
	}
	out, err := s.daemon.run(t.Context(), "shift", "close", "--counted", counted.String(), "--yes")
	must(t, err)
	s.settled(t, 9)

	res, err := s.daemon.get(t.Context(), "/v1/shifts/2000000")
	must(t, err)
	must(t, res.Body.Close())
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("a shift that never was: %s", res.Status)
	}
	var got shift
	must(t, s.daemon.runJSON(t.Context(), &got, "shift", "show", s.shiftNumber(t, out)))
	if got.Closed == nil || got.Settled != want.Settled || got.Voided != want.Voided || got.Refunded != want.Refunded ||
		got.Expected != want.Expected || got.Closed.Counted != counted || got.Closed.Over != -50 {
		t.Errorf("the shift is %+v, the slips sum to %+v", got, want)
	}
	for _, text := range []string{"结班凭条", "￥" + want.Settled.Fund.String(), "￥" + want.Expected.String(), "短款"} {
		if !strings.Contains(out, text) {
			t.Errorf("the slip lacks %s:\n%s", text, out)
		}
	}
	if !strings.Contains(strings.ReplaceAll(out, "\n", ""), got.Closed.Hash) || got.Closed.Hash != s.journalHash(t, got.Closed.Entry) {
		t.Errorf("the slip does not vouch for entry %d of the journal:\n%s", got.Closed.Entry, out)
	}
}

// shiftNumber reads the number off a slip.
func (s *stage) shiftNumber(t *testing.T, slip string) string {
	t.Helper()
	_, rest, found := strings.Cut(slip, "班次 ")
	number, _, _ := strings.Cut(rest, "\n")
	if !found {
		t.Fatalf("no number on the slip:\n%s", slip)
	}
	return number
}

// journalHash reads an entry's hash in the journal's files.
func (s *stage) journalHash(t *testing.T, entry uint64) string {
	t.Helper()
	files, err := filepath.Glob(at(s.folder, "state/journal/*.jsonl"))
	must(t, err)
	for _, path := range files {
		data, err := os.ReadFile(path)
		must(t, err)
		for line := range bytes.Lines(data) {
			var e struct {
				N    uint64 `json:"n"`
				Hash string `json:"hash"`
			}
			if json.Unmarshal(line, &e) == nil && e.N == entry {
				return e.Hash
			}
		}
	}
	t.Fatalf("no entry %d in %v", entry, files)
	return ""
}

// TestShiftRequired: where shifts are required, money moves only within one.
func TestShiftRequired(t *testing.T) {
	t.Parallel()
	s := open(t)
	text, err := os.ReadFile(s.daemon.config)
	must(t, err)
	must(t, os.WriteFile(s.daemon.config, bytes.Replace(text, []byte("[counter]\n"), []byte("[counter]\nshift = \"required\"\n"), 1), 0o600))
	must(t, s.daemon.stop())
	must(t, s.daemon.start(t.Context()))
	must(t, s.bothCards(t.Context()))
	closed := func(status int, a answer, err error) {
		t.Helper()
		if err != nil || status != http.StatusConflict || a.Code != "SHIFT_CLOSED" || a.Cashier == "" {
			t.Errorf("without a shift: %d %+v %v", status, a, err)
		}
	}
	closed(s.settle(t, 1))
	if _, err := s.daemon.run(t.Context(), "shift", "close", "--counted", "0"); err == nil || !strings.Contains(err.Error(), "SHIFT_CLOSED") {
		t.Errorf("closed what was not open: %v", err)
	}
	for _, want := range []string{"", "SHIFT_OPEN"} {
		if _, err := s.daemon.run(t.Context(), "shift", "open", "--float", "0"); (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("open: %v, want %q", err, want)
		}
	}
	a := s.settled(t, 1)
	if _, err := s.daemon.run(t.Context(), "shift", "close", "--counted", "0", "--yes"); err != nil {
		t.Error(err)
	}
	status, v, err := s.void(t, a.Number, "v")
	closed(status, v.answer, err)
	if _, err := s.daemon.run(t.Context(), "shift", "show"); err == nil || !strings.Contains(err.Error(), "NO_SHIFT") ||
		!strings.Contains(err.Error(), "本窗口没有开班；收款或退款前请先开班（shift open），已结的班请按班次号查看（shift show 班次号）。") {
		t.Errorf("showed a shift that is not open: %v", err)
	}
}

// TestSlips looks at the paper of a refund and a void: masked, with what goes back, the
// mark while the platform has not confirmed, and the original's slip marked as reversed.
func TestSlips(t *testing.T) {
	t.Parallel()
	s := family(t)
	a, b := s.settled(t, 1), s.settled(t, 2)
	s.awaitCount(t, "acknowledged", 2)
	s.platform.Down()
	refund, err := s.daemon.run(t.Context(), "refund", a.Number, "--keep", "1,3", "--reason", "雾化未做", "--yes")
	must(t, err)
	void, err := s.daemon.run(t.Context(), "void", b.Number, "--reason", "重复收费", "--yes")
	must(t, err)
	again, err := s.daemon.run(t.Context(), "void", b.Number, "--reason", "重复收费", "--yes")
	must(t, err)
	receipt := func(path string) string {
		res, err := s.daemon.get(t.Context(), path)
		must(t, err)
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		must(t, err)
		return string(text)
	}
	for name, c := range map[string]struct{ text, want string }{
		"refund":   {refund, "医疗保险退费凭条|待平台确认|原单 " + a.Number + "|新单|雾化未做|退 第2行 雾化吸入治疗|退现金|保留 2 项|张**|演示用政策数据"},
		"void":     {void, "医疗保险撤销凭条|待平台确认|原单 " + b.Number + "|重复收费|￥53.80|退现金"},
		"again":    {again, "重打 第1次"},
		"original": {receipt("/v1/settlements/" + b.Number + "/receipt"), "【已作废，见 |重打 第1次"},
	} {
		for want := range strings.SplitSeq(c.want, "|") {
			if !strings.Contains(c.text, want) {
				t.Errorf("the slip of the %s lacks %s:\n%s", name, want, c.text)
			}
		}
		if strings.Contains(c.text, childID) || strings.Contains(c.text, "张小满") {
			t.Errorf("the slip of the %s names the person:\n%s", name, c.text)
		}
	}
	out, err := s.daemon.run(t.Context(), "explain", b.Number)
	must(t, err)
	if !strings.Contains(out, "该单已由 ") {
		t.Errorf("explain does not say that it is reversed:\n%s", out)
	}
	_, number, _ := strings.Cut(void, "单号 ")
	number, _, _ = strings.Cut(number, "\n")
	for range 2 {
		res, err := s.daemon.ask(t.Context(), http.MethodPost, "/v1/voids/"+number+"/receipt", nil)
		must(t, err)
		must(t, res.Body.Close())
		if res.StatusCode != http.StatusAccepted {
			t.Errorf("reprint: %s", res.Status)
		}
	}
	must(t, s.daemon.stop()) // it ends when what is being printed is out
	for _, name := range []string{number + "-1.txt", number + "-2.txt"} {
		if paper, err := os.ReadFile(at(s.folder, "state/receipts/"+name)); err != nil || !bytes.Contains(paper, []byte("重打")) {
			t.Errorf("reprint %s: %v\n%s", name, err, paper)
		}
	}
	for _, slip := range []string{refund, void} {
		for name := range strings.SplitSeq("单号 |新单 ", "|") {
			_, rest, found := strings.Cut(slip, name)
			number, _, _ := strings.Cut(rest, "\n")
			if paper, err := os.ReadFile(at(s.folder, "state/receipts/"+number+".txt")); found && (err != nil || !bytes.Contains(paper, []byte("单号 "+number))) {
				t.Errorf("%s%s is not on paper: %v\n%s", name, number, err, paper)
			}
		}
	}
}

package nhsa_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"settled/queue/nhsa"
)

// withdraw runs a withdrawal through "infno answer" lines, its state through JSON after
// every answer.
func withdraw(t *testing.T, w *nhsa.Withdrawal, v nhsa.Visit, lines ...string) *nhsa.Withdrawal {
	t.Helper()
	for i, line := range lines {
		want, answer, _ := strings.Cut(line, " ")
		infno, input, done := w.Next(v)
		if done || infno != want {
			t.Fatalf("step %d is %s (done %v, held for %v), want %s", i+1, infno, done, w.Why(), want)
		}
		switch in := input.(type) {
		case nhsa.Cancel:
			if d := in.Data; d.SettlementID != "S1" || d.VisitID != "V1" || d.PersonNo != "P1" {
				t.Errorf("step %d cancels %+v", i+1, d)
			}
		case nhsa.Reverse:
			if d := in.Data; d.Infno == "2208" && (!strings.HasPrefix(d.MsgID, "w") || d.PersonNo != "P1") {
				t.Errorf("step %d reverses %+v", i+1, d)
			}
		}
		reply, err := given(infno, answer)
		_ = w.Answer(v, infno, "w"+want, reply, err)
		stored, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		w = &nhsa.Withdrawal{}
		if err := json.Unmarshal(stored, w); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

const back = `{"setlinfo":{"medfee_sumamt":-25,"setl_id":"S2","mdtrt_id":"V1"}}`

func TestWithdrawal(t *testing.T) {
	for _, c := range []struct {
		name    string
		until   []string // of the chain
		answers []string
		end     string // done, done blind (no amounts), undone, held
	}{
		{"straight", upTo(""), []string{"2208 yes " + back}, "done"},
		{"lost, repeat taken", upTo(""), []string{"2208 lost", "2208 yes " + back}, "done"},
		{"lost, repeat refused", upTo(""), []string{"2208 lost", "2208 unsent", "2208 no 退费结算标志不为未退费"}, "done blind"},
		{"unreadable, repeat refused", upTo(""), []string{"2208 yes {}", "2208 no 退费结算标志不为未退费"}, "done blind"},
		{"answered with another person's", upTo(""), []string{"2208 yes " + strings.Replace(back, `"setl_id"`, `"psn_no":"P2","setl_id"`, 1), "2208 no 退费结算标志不为未退费"}, "done blind"},
		{"answered with another visit's", upTo(""), []string{"2208 yes " + strings.Replace(back, `"V1"`, `"V2"`, 1), "2208 no 退费结算标志不为未退费"}, "done blind"},
		{"taken back by hand", upTo(""), []string{"2208 no 退费结算标志不为未退费"}, "done blind"},
		{"stale sign-in", upTo(""), []string{"2208 no 请重新签到", "2208 yes " + back}, "done"},
		{"refused", upTo(""), []string{"2208 no 已清算"}, "held"},
		{"lost, repeat refused in other words, was booked", upTo(""), []string{"2208 lost", "2208 no 状态不正确", "2601 ok", "2208 yes " + back}, "done"},
		{"lost, repeat refused in other words, reversal lost", upTo(""), []string{"2208 lost", "2208 no 状态不正确", "2601 lost", "2601 no 退费结算标志不为未退费", "2208 no 已退费"}, "done blind"},
		{"lost, never came, refused", upTo(""), []string{"2208 lost", "2208 no 已清算", "2601 no 未查询到", "2208 no 已清算"}, "held"},
		{"lost, repeat and reversal refused", upTo(""), []string{"2208 lost", "2208 no 系统繁忙", "2601 no 系统繁忙"}, "held"},
		{"a settlement may still arrive", upTo("2207", "2207 lost", "2601 no 未查询到", "2207 yes "+final), []string{"2208 yes " + back, "2205 lost", "2205 no 请重新签到", "2205 ok"}, "done"},
		{"a settlement may still arrive, fees gone", upTo("2207", "2207 lost", "2601 no 未查询到", "2207 yes "+final), slices.Concat([]string{"2208 lost", "2208 no 已退费"}, slices.Repeat([]string{"2205 no 未查询到明细", "2601 no 未查询到"}, 3), []string{"2205 no 未查询到明细"}), "done blind"},
		{"a settlement may still arrive, fees refused", upTo("2207", "2207 lost", "2601 no 未查询到", "2207 yes "+final), slices.Concat([]string{"2208 yes " + back}, slices.Repeat([]string{"2205 no x", "2601 no 未查询到"}, 3), []string{"2205 no x"}), "held"},
		{"a settlement arrived meanwhile", upTo("2207", "2207 lost", "2601 no 未查询到", "2207 yes "+final), []string{"2208 yes " + back, "2205 no 未查询到明细", "2601 ok", "2205 ok"}, "done"},
		{"nothing sent", nil, nil, "undone"},
		{"registered", upTo("2203"), []string{"2202 ok"}, "undone"},
		{"settlement lost, was booked", upTo("2207", "2207 lost"), []string{"2601 ok", "2205 ok", "2202 ok"}, "undone"},
		{"settlement lost, nobody knows", upTo("2207", "2207 lost"), []string{"2601 no 系统繁忙"}, "held"},
	} {
		v := visitOf(t, 1)
		chain, _ := script(t, v, c.until...)
		w := withdraw(t, nhsa.NewWithdrawal(chain, nil), v, c.answers...)
		got := "open"
		switch {
		case w.Done && w.Result == nil:
			got = "done blind"
		case w.Done:
			got = "done"
		case w.Undone():
			got = "undone"
		case w.Why() != nil:
			got = "held"
		}
		if _, _, done := w.Next(v); !done || got != c.end {
			t.Errorf("%s: ends %s (%v), want %s: %+v", c.name, got, done, c.end, w)
		}
	}
}

// TestWithdrawalByHand: what a clerk acknowledged by hand has no chain that knows the
// person's number.
func TestWithdrawalByHand(t *testing.T) {
	v := visitOf(t, 1)
	booked := &nhsa.Result{SettlementID: "S1", VisitID: "V1"}
	w := withdraw(t, nhsa.NewWithdrawal(nhsa.Chain{}, booked), v, "1101 lost", "1101 yes "+person, "2208 yes "+back)
	if !w.Done || w.MsgID != "w2208" || w.Result.SettlementID != "S2" {
		t.Errorf("%+v", w)
	}
	w = withdraw(t, nhsa.NewWithdrawal(nhsa.Chain{}, booked), v, "1101 no 参保信息为空")
	if _, _, done := w.Next(v); !done || w.Done || w.Why() == nil {
		t.Errorf("%+v", w)
	}
	w.Resume()
	if w = withdraw(t, w, v, "1101 yes "+person, "2208 no 已退费"); !w.Done || w.MsgID != "" {
		t.Errorf("released: %+v", w)
	}
}

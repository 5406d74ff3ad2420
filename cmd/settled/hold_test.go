package main

import (
	"log/slog"
	"strings"
	"testing"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/platform"
	"settled/queue"
	"settled/settle"
)

// TestHoldVoid: a reversal that waits for the platform is put aside and back by the same
// verbs as a settlement, and the watchers are told of it.
func TestHoldVoid(t *testing.T) {
	k := newKept(t)
	q := k.open(t)
	number := k.settle(t, q, "a", 2)[1] // acknowledged: it must be taken back at the platform
	v, _, err := q.Reverse(t.Context(), queue.Reversal{Number: number, Key: "v", ContentDigest: "d", Reason: "x", By: queue.By{Operator: "0001", Device: "W01"}})
	if err != nil {
		t.Fatal(err)
	}
	ops, desk := k.serve(t, q)
	for _, verb := range []struct{ name, said, state string }{{"hold", "已挂起", "挂起"}, {"release", "已放行", "待平台撤回"}} {
		out, _ := k.verb(t, 0, append([]string{"queue", verb.name, v.Number, "--why", "查"}, ops...)...)
		contains(t, out, v.Number, verb.said)
		out, _ = k.verb(t, 0, append([]string{"queue", "show", v.Number}, desk...)...)
		contains(t, out, verb.state)
	}
	l := newLedger(q, "01", slog.New(slog.DiscardHandler))
	changes, leave := l.Subscribe()
	defer leave()
	if err := l.Hold(t.Context(), v.Number, "查", api.Grant{Operator: "operations", Seat: "W01"}); err != nil {
		t.Fatal(err)
	}
	select {
	case c := <-changes:
		if c.Number != v.Number || c.State != api.Held {
			t.Errorf("told of %+v", c)
		}
	default:
		t.Error("nobody was told")
	}
}

// TestMoveSeveral: of several numbers each is done or said why not, and the end counts.
func TestMoveSeveral(t *testing.T) {
	k := newKept(t)
	q := k.open(t)
	numbers := k.settle(t, q, "a", 3) // the second is acknowledged
	ops, _ := k.serve(t, q)
	out, errOut := k.verb(t, 1, append([]string{"queue", "hold", numbers[0], numbers[1], numbers[2], "012026112100099", "--why", "查"}, ops...)...)
	contains(t, out, numbers[0]+" 已挂起", numbers[2]+" 已挂起")
	contains(t, errOut, numbers[1]+" 未办理："+numbers[1]+" 目前平台已收", "012026112100099 未办理：没有这笔结算", "共 4 笔，2 笔未办理，见上")
	out, errOut = k.verb(t, 0, append([]string{"queue", "release", numbers[0], numbers[2], "--why", "好"}, ops...)...)
	contains(t, out, numbers[0]+" 已放行", numbers[2]+" 已放行")
	if errOut != "" {
		t.Errorf("nothing failed, yet it says %s", errOut)
	}
}

// TestDifferenceText says what to collect or give back, and where cash stays as it was
// that nothing is.
func TestDifferenceText(t *testing.T) {
	for cash, want := range map[settle.Fen]string{1200: "应补收现金 2.00", 800: "应退现金 2.00", 1000: "现金不变，无需补退"} {
		q := queued{Cash: 1000, Platform: &api.Amounts{Fund: 1, Cash: cash}}
		if got := q.why(); !strings.HasSuffix(got, want) {
			t.Errorf("cash %s: %s", cash, got)
		}
	}
}

// TestLeaveBatch: a subscriber may leave twice.
func TestLeaveBatch(t *testing.T) {
	u := platform.NewUpload(nil, platform.Pace{}, slog.New(slog.DiscardHandler), nil)
	_, leave := (&batches{u}).SubscribeBatch()
	leave()
	leave()
}

// TestRefusedHold: what the platform refused says what to do next, of a settlement and of
// its reversal, and names neither patient nor guardian.
func TestRefusedHold(t *testing.T) {
	of := &settle.Settlement{
		Who:      settle.Identity{Name: keptName, IDNumber: keptID},
		Guardian: settle.Identity{Name: "王建国", CardNumber: keptCard},
	}
	held := &queue.Held{Code: settle.PlatformRefused, Cashier: "医保平台不予办理（交易2207）：共济人王建国与" + keptName + "的关系已失效", Technician: "共济人王建国, card " + keptCard}
	r := heldOf(held, of, "，不再报销的请撤销（void 单号）")
	want := "医保平台不予办理（交易2207）：共济人王**与王**的关系已失效；请医保办按平台所述更正后放行（queue release 单号 --why 原因），不再报销的请撤销（void 单号）。"
	if r.Cashier != want || strings.Contains(r.Technician, keptCard) || strings.Contains(r.Technician, "王建国") {
		t.Errorf("%+v", r)
	}
	other := &queue.Held{Code: settle.UploadHeld, Cashier: "等材料。"}
	if r := heldOf(other, of, "x"); r.Cashier != other.Cashier {
		t.Errorf("%+v", r)
	}
	k := newKept(t)
	q := k.open(t)
	number := k.settle(t, q, "a", 2)[1]
	v, _, err := q.Reverse(t.Context(), queue.Reversal{Number: number, Key: "v", ContentDigest: "d", Reason: "x", By: queue.By{Operator: "0001", Device: "W01"}})
	if err == nil {
		held.Number = v.Number
		err = q.Hold(t.Context(), *held)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, desk := k.serve(t, q)
	for _, verb := range [][]string{{"queue", "show", v.Number}, {"queue", "list"}} {
		out, _ := k.verb(t, 0, append(verb, desk...)...)
		contains(t, out, "请医保办按平台所述更正后放行")
		if strings.Contains(out, keptName) || strings.Contains(out, "void 单号") {
			t.Errorf("%q:\n%s", verb, out)
		}
	}
}

package nhsa_test

import (
	"slices"
	"strings"
	"testing"

	"settled/queue/nhsa"
)

// TestLate: a settlement of which the platform knew nothing is booked when the fees are up
// again: it is found and taken back, and so are the fees of what is given up on the way.
func TestLate(t *testing.T) {
	const (
		gone     = "2601 no 冲正失败:未查询到原报文"
		nothing  = "2302 no 未查询到可撤销的费用明细"
		nothing2 = "2205 no 未查询到可撤销的费用明细"
	)
	again := []string{"2301 ok", "2303 no 已结算，请勿重复结算", nothing, "5204 yes " + settledThem, "2601 ok", "2302 ok"}
	asked := append([]string{"1101 yes " + person}, again...)
	lost := stayUpTo("2304", "2304 lost", gone)
	refused := slices.Concat(slices.Repeat([]string{"2304 no x", gone}, 3), []string{"2304 no x", "2302 ok"})
	lost2 := slices.Concat(upTo("2207", "2207 lost", gone), slices.Repeat([]string{"2207 no x", gone}, 3), []string{"2207 no x"})
	for _, c := range []struct {
		name  string
		visit nhsa.Visit
		lines []string // and what people do
		step  nhsa.Step
	}{
		{"restored", stayOf(t, 1), slices.Concat(lost, []string{"restored", "5204 yes " + noLines}, again), nhsa.StepHeld},
		{"released", stayOf(t, 1), slices.Concat(lost, refused, []string{"resume"}, asked), nhsa.StepHeld},
		{"repaired", stayOf(t, 1), slices.Concat(lost, []string{"repair", "2302 ok"}, asked), nhsa.StepHeld},
		{
			"released in a visit that stayed", visitOf(t, 1), append(lost2, "2205 ok", "2202 no 系统繁忙", "resume",
				"2203 ok", "2204 ok", "2206 no 已结算，请勿重复结算", nothing2, "2601 ok", "2205 ok", "2202 ok"), nhsa.StepHeld,
		},
		{"given up before others' fees are cleared", stayOf(t, 1), stayUpTo("2303", "2303 no 费用不相等", "abandon", "2302 ok"), nhsa.StepUndone},
		{"given up after a release", stayOf(t, 1), stayUpTo("2304", "2304 lost", "2601 no 系统繁忙", "resume", "2601 ok", "abandon", "2302 ok"), nhsa.StepUndone},
	} {
		var chain nhsa.Chain
		for _, line := range c.lines {
			switch line {
			case "restored":
				chain.Restored()
			case "resume":
				chain.Resume()
			case "repair":
				chain.Repaired(1)
			case "abandon":
				chain.Abandon()
			default:
				chain, _ = play(t, chain, c.visit, line)
			}
		}
		if _, _, done := chain.Next(c.visit); !done || chain.Step != c.step || len(chain.Left) > 0 {
			t.Errorf("%s: ends at %q, left %v, want %q", c.name, chain.Step, chain.Left, c.step)
		}
	}
}

// TestWithdrawalReleased: a cancellation that was held because the reversal of a lost one was
// refused is repeated, and "refunded already" ends it.
func TestWithdrawalReleased(t *testing.T) {
	v := stayOf(t, 1)
	chain, _ := script(t, v, stayUpTo("")...)
	w := withdraw(t, nhsa.NewWithdrawal(chain, nil), v, "2305 lost", "2305 no 系统繁忙", "2601 no 费用已被其他结算占用")
	if !w.Held || !strings.Contains(w.Why().Technician, "2601") {
		t.Fatalf("%+v", w)
	}
	w.Resume()
	if w = withdraw(t, w, v, "2305 no 退费结算标志不为未退费", "2302 ok"); !w.Done {
		t.Errorf("%+v", w)
	}
}

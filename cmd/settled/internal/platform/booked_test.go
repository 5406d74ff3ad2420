package platform

import (
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/reconcile"
	"settled/queue"
	"settled/queue/nhsa"
)

// TestNegative: what was taken back is the settlement with the other sign, also where the
// platform's answer leaves parts out or was lost; where it says other amounts, they count.
func TestNegative(t *testing.T) {
	t.Parallel()
	booked := reconcile.Booking{
		SettlementID: "S1", MsgID: "M1", At: "2026-11-20 09:00:00", InScope: 90,
		Amounts: counter.Amounts{Total: 100, Fund: 60, Own: 10, Family: 20, Cash: 10},
	}
	minus := counter.Amounts{Total: -100, Fund: -60, Own: -10, Family: -20, Cash: -10}
	for name, c := range map[string]struct {
		undone queue.Undone
		result *nhsa.Result
		id     string
		want   counter.Amounts
	}{
		"lost":           {queue.Undone{MsgID: "M2"}, nil, "S1", minus},
		"family is null": {queue.Undone{MsgID: "M2", SettlementID: "S2"}, &nhsa.Result{Total: -100, Fund: -60, Own: -30, Cash: -10}, "S2", minus},
		"other amounts":  {queue.Undone{MsgID: "M2", SettlementID: "S2"}, &nhsa.Result{Total: -100, Fund: -59, Own: -30, Cash: -11}, "S2", counter.Amounts{Total: -100, Fund: -59, Own: -30, Cash: -11}},
	} {
		got := negative(booked, c.undone, c.result)
		if got.Amounts != c.want || got.SettlementID != c.id || got.MsgID != "M2" || got.At != "" || got.InScope != -90 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

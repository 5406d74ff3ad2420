package main

import (
	"log/slog"
	"testing"

	"settled/cmd/settled/internal/api"
	"settled/queue"
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
	l := newLedger(q, slog.New(slog.DiscardHandler))
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

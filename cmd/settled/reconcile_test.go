package main

import (
	"strings"
	"testing"

	"settled/cmd/settled/internal/reconcile"
)

// TestVerdict says of every state of a day how it stands and what is next.
func TestVerdict(t *testing.T) {
	open, done := reconcile.Finding{Kind: reconcile.OnlyHere}, reconcile.Finding{Kind: reconcile.Elsewhere}
	if open.Settled() || !done.Settled() {
		t.Fatal("the findings are not what the test needs")
	}
	day := func(details ...reconcile.Detail) *reconcile.Report {
		r := &reconcile.Report{Day: 20261122, Details: details, Books: []reconcile.Books{{State: reconcile.Equal}}}
		if len(details) > 0 {
			r.Books = append(r.Books, reconcile.Books{State: reconcile.Unequal})
		}
		return r
	}
	of := func(s reconcile.State, f ...reconcile.Finding) reconcile.Detail {
		return reconcile.Detail{State: s, Findings: f}
	}
	for name, c := range map[string]struct {
		report *reconcile.Report
		want   string
	}{
		"equal":         {day(), "对账平。"},
		"unequal":       {day(of(reconcile.Unequal, open, done)), "对账不平，待处理 1 项，请逐项办理。"},
		"late":          {day(of(reconcile.Late)), "对账不平，平台结果未到，请稍后再对（reconcile --day 2026-11-22）。"},
		"both":          {day(of(reconcile.Late), of(reconcile.Unequal, open)), "对账不平，待处理 1 项；另有平台结果未到，请稍后再对（reconcile --day 2026-11-22）。"},
		"accounted":     {day(of(reconcile.Accounted, done)), "对账不平，差异均已说明，无需处理。"},
		"names nothing": {day(of(reconcile.Unequal)), "对账不平，平台明细没有指出差异；请稍后再对，仍不平请联系医保经办机构。"},
	} {
		if got := verdict(c.report); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestRepairCommand: what is printed to be run names all that it needs.
func TestRepairCommand(t *testing.T) {
	r := &reconcile.Report{ID: "0123abcd", Day: 20261122, Details: []reconcile.Detail{{
		State: reconcile.Unequal, Findings: []reconcile.Finding{{Item: 3, Kind: reconcile.OnlyHere, Repair: reconcile.Hold, Target: "N1"}},
	}}}
	var out strings.Builder
	showDetail(&out, r, &r.Details[0])
	contains(t, out.String(), "挂起 N1：settled reconcile apply --day 2026-11-22 --report 0123abcd --item 3 --why 原因")
}

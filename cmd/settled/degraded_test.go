package main

import (
	"strings"
	"testing"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/queue"
	"settled/settle"
)

// TestDegraded: the reason code comes from what happened, before or after the number.
func TestDegraded(t *testing.T) {
	began := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	before, after := began.Add(-time.Hour), began.Add(time.Hour)
	unclear := &queue.Answer{Class: queue.ClassUnknown}
	offline := settle.Settlement{OfflineWhy: string(settle.NetworkDown)}
	for name, c := range map[string]struct {
		record  queue.Record
		orderly bool
		trouble settle.Code
		want    string
	}{
		"all is well":               {queue.Record{State: queue.Pending, At: after}, true, "", ""},
		"no platform at the window": {queue.Record{State: queue.Pending, At: after, Settlement: offline}, true, settle.PlatformDown, "NETWORK_DOWN before"},
		"acknowledged since":        {queue.Record{State: queue.Acknowledged, At: after, Settlement: offline}, true, "", "NETWORK_DOWN before"},
		"no clear answer":           {queue.Record{State: queue.Pending, At: before, Attempts: 6, Answer: unclear}, false, "", "PLATFORM_UNKNOWN after"},
		"asking what became of it":  {queue.Record{State: queue.Pending, At: after, Attempts: 7, Asking: "2601"}, true, "", "PLATFORM_UNKNOWN after"},
		"on its way":                {queue.Record{State: queue.Pending, At: after, Attempts: 6, Asking: "2207"}, true, "", ""},
		"power lost before it went": {queue.Record{State: queue.Pending, At: before}, false, settle.PlatformDown, "POWER_LOST after"},
		"ended in order":            {queue.Record{State: queue.Pending, At: before}, true, "", ""},
		"settled since the start":   {queue.Record{State: queue.Pending, At: after}, false, "", ""},
		"the line went down since":  {queue.Record{State: queue.Pending, At: after}, true, settle.PlatformAccess, "PLATFORM_ACCESS after"},
		"acknowledged, trouble now": {queue.Record{State: queue.Acknowledged, At: after}, true, settle.PlatformAccess, ""},
		"held: the platform's no":   {queue.Record{State: queue.OnHold, At: after}, true, settle.PlatformAccess, ""},
		"the patient paid it":       {queue.Record{State: queue.SelfPaid, At: after, Settlement: offline}, true, "", "NETWORK_DOWN before"},
	} {
		d := degraded{began: began, orderly: c.orderly, trouble: func() settle.Code { return c.trouble }}
		got := ""
		if is := d.of(c.record); is != nil {
			got = string(is.Code) + " " + is.Phase
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestRisk: the counter's exposure is told with its limits, and alerts above each.
func TestRisk(t *testing.T) {
	d := degraded{offline: counter.Offline{Counter: counter.Bound{Warn: 100, Stop: 200}}, loss: "定点医药机构"}
	for exposed, want := range map[settle.Fen]settle.Code{0: "", 100: "", 101: counter.OfflineWarning, 200: counter.OfflineWarning, 201: settle.OfflineLimit} {
		r := d.risk(exposed)
		got := settle.Code("")
		for _, a := range r.Alerts {
			got = a.Code
		}
		lines := strings.Join(riskLines(r), "\n")
		if got != want || r.Counter.At != exposed || strings.Contains(lines, "预警   ") != (want != "") || !strings.Contains(lines, "定点医药机构") {
			t.Errorf("%s: %q, want %q\n%s", exposed, got, want, lines)
		}
	}
}

// TestMonthEnd: the month is the hospital's.
func TestMonthEnd(t *testing.T) {
	at := time.Date(2026, 12, 31, 23, 30, 0, 0, counter.Shanghai())
	if got := monthEnd(at).Format(time.DateTime); got != "2026-12-31 23:59:59" {
		t.Error(got)
	}
}

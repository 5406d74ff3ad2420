package policy

import (
	"testing"

	"settled/settle"
)

// TestDiff: what an overlay changes, in stretches, and nothing else.
func TestDiff(t *testing.T) {
	shipped := loaded(t)
	if d := Diff(shipped, loaded(t)); len(d) != 0 {
		t.Errorf("a set differs from itself: %+v", d)
	}
	d := Diff(shipped, loaded(t, overlay(approval+limitRow("2700.00", "2025-07-01", "2026-12-31"))))
	want := []struct{ from, to, before, after string }{
		{"2025-07-01", "2025-12-31", "2619.60", "2700.00"},
		{"2026-01-01", "2026-12-31", "", "2700.00"},
	}
	if len(d) != len(want) {
		t.Fatalf("%d changes: %+v", len(d), d)
	}
	for i, w := range want {
		c := d[i]
		if c.Param != settle.ParamOutpatientLimit || c.Key[0] != settle.GroupResident || c.From != day(w.from) || c.To != day(w.to) ||
			c.Before.Value != w.before || c.After.Value != w.after {
			t.Errorf("%+v, want %v", c, w)
		}
	}
}

// TestDiffBeforeTheFirstRow: a row where there was none has nothing before it.
func TestDiffBeforeTheFirstRow(t *testing.T) {
	row := "\n[[row]]\nparameter = \"inpatient_rate_retired\"\nvalue = \"0.90\"\nfrom = \"2023-01-01\"\nto = \"2023-09-30\"\nsource = \"decision\"\nnote = \"x\"\nconfidence = \"low\"\nstatus = \"provisional\"\n"
	d := Diff(loaded(t), loaded(t, overlay(approval+row)))
	if len(d) != 1 || d[0].Before != nil || d[0].After.Value != "0.90" || d[0].To != day("2023-09-30") {
		t.Errorf("%+v", d)
	}
}

// TestStale: what is missing, what runs out, and what is for demonstration.
func TestStale(t *testing.T) {
	find := func(list []Stale, group string) (found Stale) {
		for _, s := range list {
			if s.Row.Param == settle.ParamOutpatientLimit && s.Row.Key[0] == group {
				found = s
			}
		}
		return found
	}
	s := loaded(t)
	for _, c := range []struct{ on, until, why string }{
		{"2025-09-01", "2025-12-31", ""},
		{"2025-09-01", "2026-01-01", StaleEnding},
		{"2025-12-31", "2026-03-31", StaleEnding},
		{"2026-01-01", "2026-01-01", StaleMissing},
	} {
		if got := find(s.Stale(day(c.on), day(c.until)), settle.GroupResident); got.Why != c.why || (c.why != "" && got.Do == "") {
			t.Errorf("%s to %s: %+v, want %q", c.on, c.until, got, c.why)
		}
	}
	demo := loaded(t, overlay(approval+"illustrative = true\n"+limitRow("2655.00", "2026-01-01", "")))
	list := demo.Stale(day("2026-02-01"), day("2026-02-01"))
	if got := find(list, settle.GroupResident); got.Why != StaleIllustrative {
		t.Errorf("%+v", got)
	}
	if got := find(list, settle.GroupTier1); got.Why != StaleMissing {
		t.Errorf("%+v", got)
	}
}

package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestForward: a clock that is set back, while the daemon runs or before it starts, makes
// no time pass twice.
func TestForward(t *testing.T) {
	began := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	var passed, set time.Duration
	wall := func() time.Time { return began.Add(passed + set) }
	f := newForward(wall, func() time.Duration { return passed }, began.Add(-time.Hour))
	for _, c := range []struct{ passed, set, want time.Duration }{
		{0, 0, 0},
		{time.Minute, 0, time.Minute},
		{2 * time.Minute, -48 * time.Hour, 2 * time.Minute},
		{3 * time.Minute, -48 * time.Hour, 3 * time.Minute},
		{10 * time.Minute, 0, 10 * time.Minute},
		{11 * time.Minute, time.Hour, 71 * time.Minute},
		{12 * time.Minute, 0, 72 * time.Minute},
	} {
		passed, set = c.passed, c.set
		if got := f.Now().Sub(began); got != c.want {
			t.Errorf("%v passed, set by %v: %v, want %v", c.passed, c.set, got, c.want)
		}
	}
	passed, set = 0, -48*time.Hour
	if late := newForward(wall, func() time.Duration { return passed }, began).Now(); !late.Equal(began) {
		t.Errorf("a start with the clock set back begins at %v, the journal ends at %v", late, began)
	}
}

// TestOfflineConfig: what cannot be meant is refused by name.
func TestOfflineConfig(t *testing.T) {
	for change, want := range map[string]string{
		`person_warn = "1000.01"`: "soft limit", `probe_percent = 101`: "probe_percent", `probe_deadline = "11s"`: "probe_deadline",
		`loss_borne_by = ""`: "loss_borne_by", `account_limit = "-1.00"`: "negative", `claim_days = -1`: "claim_days", `max_age = "0s"`: "max_age",
	} {
		s := newSite(t)
		text, err := os.ReadFile(s.at("settled.toml"))
		must(t, err)
		must(t, os.WriteFile(s.at("settled.toml"), append(text, "[offline]\n"+change+"\n"...), 0o600))
		if _, err := readConfig(s.at("settled.toml")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", change, err, want)
		}
	}
	c, err := readConfig(newSite(t).at("settled.toml"))
	if err != nil || c.offline().Person.Warn != 50_000 || c.offline().Account.Stop != 100_000 || c.Offline.LossBorneBy == "" {
		t.Errorf("%+v, %v", c, err)
	}
}

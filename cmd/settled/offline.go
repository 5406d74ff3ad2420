package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// offlineDefaults are what a hospital gets that says nothing of offline settling.
func (c *config) offlineDefaults() {
	o := &c.Offline
	o.WarnAge.Duration, o.MaxAge.Duration = 2*24*time.Hour, 7*24*time.Hour
	o.PersonLimit, o.AccountLimit, o.CounterLimit = 100_000, 100_000, 5_000_000
	o.ProbePercent, o.ProbeDeadline.Duration = 5, 3*time.Second
	o.LossBorneBy = "定点医药机构"
	o.ClaimWhere = "本院医保办"
	o.ClaimBring = []string{"本凭条", "社保卡", "病历", "费用明细", "发票"}
}

func (c *config) checkOffline() error {
	o := &c.Offline
	switch {
	case o.MaxAge.Duration <= 0 || o.WarnAge.Duration < 0:
		return errors.New("offline: max_age must be positive and warn_age not negative")
	case min(o.PersonLimit, o.AccountLimit, o.CounterLimit, o.PersonWarn, o.AccountWarn, o.CounterWarn) < 0:
		return errors.New("offline: a limit is negative")
	case o.PersonWarn > o.PersonLimit || o.AccountWarn > o.AccountLimit || o.CounterWarn > o.CounterLimit:
		return errors.New("offline: a soft limit (…_warn) is above its hard one (…_limit)")
	case o.ProbePercent < 0 || o.ProbePercent > 100:
		return fmt.Errorf("offline.probe_percent: %d is not from 0 to 100", o.ProbePercent)
	case o.ProbeDeadline.Duration <= 0 || o.ProbeDeadline.Duration > 10*time.Second:
		return errors.New("offline.probe_deadline: it must be more than 0 and at most 10s: a cashier waits for it")
	case o.LossBorneBy == "":
		return errors.New("offline.loss_borne_by: say who bears what the platform does not confirm")
	case o.ClaimDays < 0:
		return errors.New("offline.claim_days: it is negative")
	}
	return nil
}

// offline is the configuration as the counter takes it.
func (c *config) offline() counter.Offline {
	o := &c.Offline
	bound := func(warn, stop settle.Fen) counter.Bound {
		if warn == 0 {
			warn = stop / 2
		}
		return counter.Bound{Warn: warn, Stop: stop}
	}
	return counter.Offline{
		WarnAge: o.WarnAge.Duration, MaxAge: o.MaxAge.Duration,
		Person: bound(o.PersonWarn, o.PersonLimit), Account: bound(o.AccountWarn, o.AccountLimit), Counter: bound(o.CounterWarn, o.CounterLimit),
		Probe: counter.Probe{Percent: o.ProbePercent, Deadline: o.ProbeDeadline.Duration},
		Claim: counter.ClaimOffice{Where: o.ClaimWhere, Bring: o.ClaimBring, Days: o.ClaimDays},
	}
}

// forward is a clock that never goes back: while the daemon runs it goes on when the
// machine's is set back, and a start begins no earlier than the journal's last entry. So a
// clock that is set back makes nothing younger that was known of a person.
//
// BUG(forward): what passes between the journal's last entry and a start with the clock set
// back is not noticed: nothing but that clock could tell.
type forward struct {
	wall    func() time.Time     // may be set back
	elapsed func() time.Duration // since any moment; never goes back
	mu      sync.Mutex
	last    time.Time     // what was told last
	read    time.Duration // what elapsed said then
}

// newForward gives a clock that begins no earlier than at.
func newForward(wall func() time.Time, elapsed func() time.Duration, at time.Time) *forward {
	return &forward{wall: wall, elapsed: elapsed, last: at, read: elapsed()}
}

// Now tells the time.
func (f *forward) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	passed := f.elapsed()
	f.last, f.read = f.last.Add(passed-f.read), passed
	if now := f.wall().Round(0); now.After(f.last) {
		f.last = now
	}
	return f.last
}

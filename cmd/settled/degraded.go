package main

import (
	"context"
	"fmt"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/queue"
	"settled/settle"
)

// degraded knows why the platform was not there for a settlement, and what is at risk.
type degraded struct {
	offline counter.Offline
	loss    string             // who bears it
	began   time.Time          // of this run
	orderly bool               // the run before it ended in order
	trouble func() settle.Code // of the line now; nil: not known
}

func (d *daemon) degraded() degraded {
	return degraded{
		offline: d.config.offline(), loss: d.config.Offline.LossBorneBy, began: time.Now(), orderly: d.queue.Orderly(), trouble: d.line.Trouble,
	}
}

// of picks the reason code of a settlement from what happened. Before its number, the
// window could not ask the platform. After it, what came of its last request tells; one
// that was never sent, and is from before an end that was not in order, lost the power; one
// that waits for the line has the line's trouble. A reader that fails is no such reason:
// nothing is settled then.
func (d *degraded) of(r queue.Record) *api.Degraded {
	after := func(code settle.Code) *api.Degraded { return &api.Degraded{Code: code, Phase: "after"} }
	switch {
	case r.Settlement.OfflineWhy != "":
		return &api.Degraded{Code: settle.Code(r.Settlement.OfflineWhy), Phase: "before"}
	case r.State != queue.Pending:
		return nil
	case stateOf(r) == api.Unknown:
		return after(settle.PlatformUnknown)
	case r.Attempts == 0 && !d.orderly && r.At.Before(d.began):
		return after(settle.PowerLost)
	case d.trouble != nil && d.trouble() != "":
		return after(d.trouble())
	}
	return nil
}

// risk is what is at risk now.
func (d *degraded) risk(exposed settle.Fen) *api.Risk {
	o := d.offline
	bound := func(b counter.Bound) api.Bound { return api.Bound{Warn: b.Warn, Limit: b.Stop} }
	r := &api.Risk{
		Counter: api.Limit{At: exposed, Bound: bound(o.Counter)}, Person: bound(o.Person), Account: bound(o.Account),
		WarnAge: o.WarnAge.String(), MaxAge: o.MaxAge.String(), LossBorneBy: d.loss, Alerts: []counter.Notice{},
	}
	switch b := o.Counter; {
	case exposed > b.Stop:
		r.Alerts = append(r.Alerts, counter.Notice{Code: settle.OfflineLimit, Text: settle.OfflineLimit.Cashier()})
	case b.Warn > 0 && exposed > b.Warn:
		r.Alerts = append(r.Alerts, counter.Notice{Code: counter.OfflineWarning, Text: counter.Sentence(counter.OfflineWarning)})
	}
	return r
}

// monthEnd is the end of the month in which a settlement was made. No public text gives a
// term for a late upload (interface §9). What the platform dates in a later month goes into
// that month's claim (3203), and in a later limit period it counts against that one.
func monthEnd(made time.Time) time.Time {
	y, m, _ := made.Date()
	return time.Date(y, m+1, 1, 0, 0, 0, 0, made.Location()).Add(-time.Second)
}

// riskLines says the risk to people.
func riskLines(r *api.Risk) []string {
	if r == nil {
		return nil
	}
	lines := []string{
		fmt.Sprintf("离线限额  本窗口 ￥%s / ￥%s（预警 ￥%s）；每人 ￥%s；每个账户 ￥%s；信息最长 %s", r.Counter.At, r.Counter.Limit, r.Counter.Warn, r.Person.Limit, r.Account.Limit, r.MaxAge),
		"损失承担  " + r.LossBorneBy,
	}
	for _, a := range r.Alerts {
		lines = append(lines, "预警      "+a.Text)
	}
	return lines
}

// calmExposure is how often the exposure is looked at, at most.
const calmExposure = time.Second

// watchExposure tells the log and the service manager when the counter's exposure passes a
// limit, and when it is below again.
func (d *daemon) watchExposure(ctx context.Context) error {
	last := settle.Code("")
	for {
		changed := d.queue.Changed()
		status, err := d.queue.Status()
		if err != nil {
			return nil //nolint:nilerr // the daemon ends
		}
		now := settle.Code("")
		for _, a := range d.ledger.state.risk(status.Exposed).Alerts {
			now = a.Code
		}
		switch {
		case now == last:
		case now == "":
			d.log.Info("the offline exposure is below its warning limit again", "exposed", status.Exposed)
			d.tell(ready)
		default:
			d.log.Warn("the offline exposure passed a limit", "code", now, "exposed", status.Exposed, "loss", d.config.Offline.LossBorneBy)
			d.tell(fmt.Sprintf("STATUS=%s: %s yuan of the fund's money is not acknowledged", now, status.Exposed))
		}
		last = now
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(calmExposure):
		}
	}
}

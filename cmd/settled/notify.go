package main

import (
	"context"
	"fmt"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// extend is how long a start that is not ready yet asks the service manager to wait.
const extend = 30 * time.Second

// ready is the unit's status while nothing is amiss.
const ready = "STATUS=ready"

// notify tells the service manager that the daemon can settle, and goes on telling it
// while the daemon is alive. Without a service manager it does nothing.
func (d *daemon) notify(ctx context.Context) error {
	beat, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		return fmt.Errorf("WATCHDOG_USEC: %w", err)
	}
	if beat <= 0 {
		beat = extend
	}
	tick := time.NewTicker(min(beat, extend) / 3)
	defer tick.Stop()
	d.awaitReader(ctx, tick.C)
	if ctx.Err() == nil {
		d.tell(systemd.SdNotifyReady + "\n" + ready)
		d.log.Info("ready", "api", d.config.API.Listen)
	}
	for {
		select {
		case <-ctx.Done():
			d.tell(systemd.SdNotifyStopping)
			return nil
		case <-tick.C:
			if err := d.alive(ctx); err != nil {
				return err
			}
			d.tell(systemd.SdNotifyWatchdog)
		}
	}
}

// awaitReader waits for the patient's reader, telling the service manager why the
// start is not over.
func (d *daemon) awaitReader(ctx context.Context, tick <-chan time.Time) {
	wait := fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d\nSTATUS=waiting for the patient's card reader", extend.Microseconds())
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.readers.Seen():
			return
		case <-tick:
			d.tell(wait)
		}
	}
}

// alive asks the parts that must not hang: the window's lock and the journal's
// writer. A queue that has stopped ends the daemon, so that a restart looks at what
// is on disk.
func (d *daemon) alive(ctx context.Context) error {
	d.window.Screen()
	if err := d.stopped(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("the journal has stopped: %w", err)
	}
	return nil
}

func (d *daemon) tell(state string) {
	if _, err := systemd.SdNotify(false, state); err != nil {
		d.log.Warn("service manager not told", "cause", err)
	}
}

package main

import (
	"cmp"
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"settled/settle"
	"settled/settle/policy"
)

// On gives the rules of a day; it is the counter's rulebook.
func (d *daemon) On(day settle.Date) *settle.Rules { return d.rules.Load().On(day) }

func (d *daemon) loadRules() error {
	set, err := d.readRules()
	if err == nil {
		d.putInForce(set)
	}
	return err
}

// readRules reads the rules as they stand on disk; nothing is put into force.
func (d *daemon) readRules() (*policy.Set, error) {
	set, err := loadRules(d.config.Policy.Overlays)
	if err != nil {
		return nil, err
	}
	if err := set.CheckApproved(today()); err != nil {
		return nil, usagef("policy: %w", err)
	}
	return set, nil
}

func (d *daemon) putInForce(set *policy.Set) {
	d.rules.Store(set)
	d.log.Info("rules loaded", "digest", set.Digest())
}

// Loaded implements overlays.Rules.
func (d *daemon) Loaded() *policy.Set { return d.rules.Load() }

// Activate implements overlays.Rules: the journal first, so that rules which it does not
// have are never in force.
func (d *daemon) Activate(ctx context.Context, staged, approved string) error {
	set, err := d.readRules()
	if err != nil {
		return err
	}
	by := d.by()
	by.Operator = cmp.Or(approved, by.Operator)
	if err := d.queue.Activate(ctx, set.Digest(), staged, by); err != nil {
		return err
	}
	d.putInForce(set)
	return nil
}

// reloadRules reads the rules again, and keeps the reason if they do not load, for the
// log, /readyz and the unit's status.
func (d *daemon) reloadRules() {
	err := d.finished(func(staged, approved string) error {
		return d.Activate(context.Background(), staged, approved)
	})
	if err != nil {
		d.broken.Store(&err)
		d.log.Error("rules not reloaded, the old ones stay in force", "cause", err)
		d.tell("STATUS=rules not reloaded, the old ones stay in force: " + strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	d.broken.Store(nil)
	d.tell(ready)
}

// reload reads the rules again on SIGHUP; rules that do not load change nothing.
func (d *daemon) reload(ctx context.Context) error {
	hups := make(chan os.Signal, 1)
	signal.Notify(hups, syscall.SIGHUP)
	defer signal.Stop(hups)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hups:
			d.reloadRules()
			if err := d.loadOperators(); err != nil {
				d.log.Error("operators not reloaded, the old ones may sign in", "cause", err)
			}
		}
	}
}

package main

import (
	"maps"
	"path/filepath"
	"slices"
	"time"

	"settled/cmd/settled/internal/bills"
	"settled/cmd/settled/internal/family"
	"settled/cmd/settled/internal/kiosk"
	"settled/cmd/settled/internal/payment"
	"settled/cmd/settled/internal/platform"
	"settled/cmd/settled/internal/sealed"
	"settled/settle"
)

// folder opens a directory of sealed records in the state directory.
func (d *daemon) folder(name string) (*sealed.Folder, error) {
	key, err := d.config.key()
	if err != nil {
		return nil, usagef("%w", err)
	}
	return sealed.Open(filepath.Join(d.config.State, name), name, key)
}

// openBills reads the bills that waited when the last run ended.
func (d *daemon) openBills() (*bills.Store, error) {
	folder, err := d.folder("bills")
	if err != nil {
		return nil, err
	}
	return bills.Open(folder, time.Now, d.log)
}

// openKiosk opens the self-service terminal's business, and reads what a power cut left.
func (d *daemon) openKiosk(waiting *bills.Store) error {
	folder, err := d.folder("kiosk")
	if err != nil {
		return err
	}
	o := kiosk.Options{Window: d.window, Folder: folder, Now: time.Now, Log: d.log, Paid: func(bill string) {
		if err := waiting.Drop(bill); err != nil {
			d.log.Warn("a paid bill still waits", "cause", err)
		}
	}}
	if d.config.Payment.URL != "" {
		token, err := d.config.secret("payment.token")
		if err != nil {
			return err
		}
		if o.Payments, err = payment.New(d.config.Payment.URL, token); err != nil {
			return usagef("payment.url: %w", err)
		}
	}
	d.kiosk, err = kiosk.Open(o)
	return err
}

// openFamily makes what a family does beside paying.
func (d *daemon) openFamily(known registry, here settle.Institution) {
	d.filer = platform.NewFiler(d.line, d.log)
	b := &book{queue: d.queue, by: d.by()}
	d.family = family.New(family.Options{
		Window: d.window, Rulebook: d, Position: b.Position, Known: d.queue.Known, Choices: d.queue, Nudge: d.filer.Nudge,
		Places: slices.Collect(maps.Values(known)), Here: here, Seat: d.seat(), Now: time.Now,
	})
}

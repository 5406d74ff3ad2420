package main

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/backtest"
	"settled/cmd/settled/internal/overlays"
	"settled/cmd/settled/internal/sealed"
	"settled/queue"
)

// openOverlays opens the shelf of staged rules, if the rules have a directory; it is done
// before they are loaded.
func (d *daemon) openOverlays() error {
	if d.config.Policy.Overlays == "" {
		return nil
	}
	key, err := d.config.key()
	if err != nil {
		return usagef("%w", err)
	}
	folder, err := sealed.Open(filepath.Join(d.config.State, "staged"), "overlay", key)
	if err != nil {
		return err
	}
	d.shelf, err = overlays.Open(overlays.Options{
		Folder: folder, Directory: d.config.Policy.Overlays, Rules: d, Now: time.Now, Today: today, Log: d.log,
		Past: func(_ context.Context, fn func(*backtest.Past) error) error {
			return queue.History(d.config.State, key, func(r queue.Record) error { return fn(pastOf(&r)) })
		},
	})
	return err
}

// staging is the shelf as the API wants it: none is no interface.
func (d *daemon) staging() api.Overlays {
	if d.shelf == nil {
		return nil
	}
	return d.shelf
}

// backtests computes what staged rules would have made of the past.
func (d *daemon) backtests(ctx context.Context) error {
	if d.shelf == nil {
		return nil
	}
	return d.shelf.Run(ctx)
}

// pastOf is a settlement of the journal as a backtest takes it.
func pastOf(r *queue.Record) *backtest.Past {
	s := &r.Settlement
	return &backtest.Past{
		ID: s.Number, Who: strings.TrimSpace(s.Who.Name.String() + " " + s.Who.IDNumber.String()),
		Person: s.Insured, Bill: s.Bill, Usage: s.Usage, Split: &s.Split, Rules: s.Rules,
	}
}

// finished does what activates the rules; the shelf says who staged and approved them, and
// holds still meanwhile.
func (d *daemon) finished(activate func(staged, approved string) error) error {
	if d.shelf == nil {
		return activate("", "")
	}
	return d.shelf.Finish(activate)
}

package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"settled/cmd/settled/internal/sealed"
	"settled/settle"
)

// Bounds of what counters share.
const (
	shareLimit = 10 * time.Second // for a directory that may be another machine's
	shareFrom  = 62               // days after which a share is taken away: a month is claimed by then
	shareTo    = 93
	counters   = 99
)

// Share is what the platform booked of a counter's on a day.
type Share struct {
	Counter string      `json:"counter"` // two digits
	Day     settle.Date `json:"day"`     // by the platform's time
	At      time.Time   `json:"at"`      // as of when
	Rows    []Row       `json:"rows"`    // only what Booked gives
}

// Booked gives what of rows the platform dates on a day, or on one that is not known, with
// nothing of who it is but the person number that a statement (3202) needs.
func Booked(rows []Row, day settle.Date) []Row {
	booked := []Row{}
	for i := range rows {
		if r := &rows[i]; r.Booked != nil && (r.Booked.At == "" || r.Booked.Day() == day) {
			booked = append(booked, Row{Number: r.Number, Negative: r.Negative, Booked: r.Booked})
		}
	}
	return booked
}

// Shares is a directory in which the counters of an institution show one another what the
// platform booked of theirs: its totals are the institution's. Each counter writes its
// own, a day a file, whenever it reconciles that day; the files are sealed.
type Shares struct {
	dir, institution, counter string
	key                       []byte
}

// NewShares makes one of the counter of a number. key has as many bytes as a key of the
// journal and is the same at all counters.
func NewShares(dir string, key []byte, institution, counter string) *Shares {
	return &Shares{dir: dir, institution: institution, counter: counter, key: key}
}

// Exchange leaves this counter's share for the others, and gives those of the same day
// that they left. A directory that does not answer, as one whose server is away, holds
// it up no longer than ten seconds. With an error it gives what it could read.
func (s *Shares) Exchange(ctx context.Context, own Share) ([]Share, error) {
	ctx, cancel := context.WithTimeout(ctx, shareLimit)
	defer cancel()
	type result struct {
		others []Share
		err    error
	}
	done := make(chan result, 1)
	go func() {
		others, err := s.exchange(own)
		done <- result{others, err}
	}()
	select {
	case r := <-done:
		return r.others, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%s does not answer: %w", s.dir, ctx.Err())
	}
}

func (s *Shares) exchange(own Share) (others []Share, failed error) {
	folder, err := sealed.Open(s.dir, "books "+s.institution, s.key)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(own)
	if err != nil {
		return nil, err
	}
	failed = folder.Put(name(own.Day, s.counter), data)
	for n := range counters {
		other := fmt.Sprintf("%02d", n+1)
		if other == s.counter {
			continue
		}
		share, err := read(folder, own.Day, other)
		switch {
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("counter %s: %w", other, err))
		case share != nil:
			others = append(others, *share)
		}
	}
	return others, errors.Join(failed, s.clear(folder, own.At))
}

func name(day settle.Date, counter string) string { return day.String() + " " + counter }

// read gives the share of a day and counter, nil if there is none.
func read(folder *sealed.Folder, day settle.Date, counter string) (*Share, error) {
	data, err := folder.Get(name(day, counter))
	if data == nil || err != nil {
		return nil, err
	}
	var share Share
	if err := json.Unmarshal(data, &share); err != nil {
		return nil, err
	}
	if share.Day != day || share.Counter != counter {
		return nil, fmt.Errorf("it is of %s and counter %q", share.Day, settle.Clip(share.Counter))
	}
	share.Rows = Booked(share.Rows, day)
	for i := range share.Rows {
		share.Rows[i].Counter = counter
	}
	return &share, nil
}

// clear takes this counter's old shares away.
func (s *Shares) clear(folder *sealed.Folder, now time.Time) error {
	for back := shareFrom; back < shareTo; back++ {
		y, m, d := now.AddDate(0, 0, -back).Date()
		if err := folder.Remove(name(settle.Date(y*10000+int(m)*100+d), s.counter)); err != nil {
			return err
		}
	}
	return nil
}

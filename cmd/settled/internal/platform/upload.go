package platform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"settled/queue"
	"settled/queue/nhsa"
	"settled/settle"
)

// Pace of the upload.
const (
	firstPause = time.Second      // after the first trouble, of the line or of one settlement
	mostPause  = time.Minute      // between attempts while the trouble lasts
	mostPass   = 256              // settlements looked at in one read of the outbox
	idlePass   = 10 * time.Minute // a pass without a cause, in case one was missed
	mostRow    = 3                // settlements in a row without a clear answer: it is the line
)

// Upload brings the pending settlements to the platform, and takes reversed ones back
// from it, in the order of the journal, each through its own chain. A line that is down stops the pass and is waited out. A
// settlement whose outcome is unknown is tried again later, and so are the same
// person's after it; one that is refused is held; all others go on.
type Upload struct {
	line    *Line
	log     *slog.Logger
	changed func(number string)
	unsent  map[string]stored // by settlement or void: requests of which not a byte left
	later   map[string]delay  // by settlement or void: those whose last outcome was unknown
}

// stored is a request as the journal has it.
type stored struct {
	msgid, infno string
	body         []byte
}

// delay is when to try again, and how long that was put off.
type delay struct {
	until time.Time
	pause time.Duration
}

// longer doubles the delay from now on.
func (d delay) longer(now time.Time) delay {
	d.pause = min(max(2*d.pause, firstPause), mostPause)
	d.until = now.Add(jitter(d.pause))
	return d
}

// jitter keeps a hundred counters from knocking at the same moment.
func jitter(pause time.Duration) time.Duration {
	return pause/2 + rand.N(pause) //nolint:gosec // not a secret
}

// NewUpload makes an upload over a line; changed is told the number of every
// settlement that moved.
func NewUpload(line *Line, log *slog.Logger, changed func(number string)) *Upload {
	return &Upload{line: line, log: log, changed: changed, unsent: map[string]stored{}, later: map[string]delay{}}
}

// Run uploads until ctx ends, which is not an error, or until the queue stops.
func (u *Upload) Run(ctx context.Context) error {
	var down delay
	for {
		changed := u.line.options.Queue.Changed()
		err := u.pass(ctx)
		now := u.line.options.Now()
		wake := now.Add(idlePass)
		for _, d := range u.later {
			wake = earlier(wake, d.until)
		}
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // to be told to end is no failure
		case lineTrouble(err):
			down = down.longer(now)
			wake, changed = down.until, nil // a new settlement does not mend the line
			u.log.Warn("upload waits for the line", "seconds", down.pause.Seconds(), "cause", plain(err))
		case err != nil:
			return fmt.Errorf("upload: %w", err)
		default:
			down = delay{}
		}
		timer := time.NewTimer(wake.Sub(now))
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// lineTrouble tells trouble with the line, or with the sign-in, from trouble with the
// queue.
func lineTrouble(err error) bool {
	var unknown *nhsa.Unknown
	var access *nhsa.AccessRefusal
	var business *nhsa.BusinessRefusal
	return errors.As(err, &unknown) || errors.As(err, &access) || errors.As(err, &business)
}

// noClearAnswer tells that a request left and its outcome is unknown.
func noClearAnswer(err error) bool {
	var unknown *nhsa.Unknown
	return errors.As(err, &unknown) && !unknown.NotSent
}

// pass tries every pending settlement that is due once, and in the order of the
// journal for each person. Its error is trouble with the line or the queue.
func (u *Upload) pass(ctx context.Context) error {
	waits := map[string]bool{} // persons with an earlier settlement that waits
	inRow := 0
	var after uint64
	for {
		pending, err := u.line.options.Queue.Pending(mostPass, after)
		if err != nil || len(pending) == 0 {
			return err
		}
		for _, p := range pending {
			after = p.Seq
			err := u.try(ctx, p, waits)
			switch {
			case err == nil:
				inRow = 0
			case !noClearAnswer(err):
				return err
			case inRow+1 == mostRow:
				return err
			default:
				inRow++
			}
		}
	}
}

// try brings one settlement or void on if it is due and no earlier one of the person
// waits.
func (u *Upload) try(ctx context.Context, p queue.Waiting, waits map[string]bool) error {
	j, err := u.job(p)
	if err != nil || j.settlement.Number == "" {
		return err
	}
	person, now := j.settlement.Person, u.line.options.Now()
	if waits[person] || u.later[p.Number].until.After(now) {
		waits[person] = true
		return nil
	}
	err = u.one(ctx, j)
	if noClearAnswer(err) {
		waits[person], u.later[p.Number] = true, u.later[p.Number].longer(now)
	} else {
		delete(u.later, p.Number)
	}
	return err
}

// job is a settlement that is brought to the platform, or taken back from it.
type job struct {
	number     string            // under which its messages are kept: the settlement's, or the void's
	settlement settle.Settlement // without a number: there is nothing to do any more
	void       *queue.Void       // nil: it is brought
}

// job reads what waits.
func (u *Upload) job(p queue.Waiting) (job, error) {
	j := job{number: p.Number}
	of := p.Number
	if p.Void {
		void, err := u.line.options.Queue.Void(p.Number)
		if err != nil || void.State != queue.Pending {
			return j, err
		}
		j.void, of = &void, void.Of
	}
	record, err := u.line.options.Queue.Get(of)
	if err != nil || !p.Void && record.State != queue.Pending {
		return j, err
	}
	j.settlement = record.Settlement
	return j, nil
}

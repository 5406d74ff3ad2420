package platform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"settled/queue"
	"settled/queue/nhsa"
	"settled/settle"
)

// Pace of the upload.
const (
	firstPause = time.Second      // after the first trouble, of the line or of one settlement
	mostPause  = time.Minute      // between attempts while the trouble lasts
	idlePass   = 10 * time.Minute // a pass without a cause, in case one was missed
	mostRow    = 3                // settlements in a row without a clear answer: it is the line
)

// DefaultInFlight is how many requests are on their way at a time unless said otherwise.
const DefaultInFlight = 4

// Upload brings the pending settlements to the platform, and takes reversed ones back
// from it, several at a time, each through its own chain: those of one person, or of one
// account that pays, one after another in the order of the journal. A line that is down
// is waited out. A settlement whose outcome is unknown is tried again later, and so are
// the same person's after it; one that is refused is held; all others go on.
type Upload struct {
	line          *Line
	log           *slog.Logger
	changed       func(number string)
	inFlight      int
	onlyInBatches bool
	spread        func(pause time.Duration) time.Duration
	unsent        unsent
	wire          wire
	batches       batches

	// Of whoever runs pass.
	lanes   *lanes
	walk    walk
	later   map[string]delay // by settlement or void: those whose last outcome was unknown
	breaker breaker
}

// stored is a request as the journal has it.
type stored struct {
	msgid, infno string
	as           signedIn // in whose name it is
	body         []byte
}

// unsent is the requests of which not a byte left, by settlement or void.
type unsent struct {
	mu sync.Mutex
	of map[string]stored
}

func (u *unsent) get(number string) (stored, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	s, ok := u.of[number]
	return s, ok
}

func (u *unsent) put(number string, s stored) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.of[number] = s
}

func (u *unsent) drop(number string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.of, number)
}

// Pace is how an upload goes without a batch.
type Pace struct {
	InFlight      int  // requests on their way at a time, of as many people
	OnlyInBatches bool // none

	// Spread is how long is really waited where a pause is due; nil: at random, from half
	// of it to one and a half.
	Spread func(pause time.Duration) time.Duration
}

// NewUpload makes an upload over a line; changed is told the number of every settlement
// that moved, from several goroutines.
func NewUpload(line *Line, pace Pace, log *slog.Logger, changed func(number string)) *Upload {
	if pace.Spread == nil {
		pace.Spread = jitter
	}
	return &Upload{
		line: line, log: log, changed: changed, inFlight: pace.InFlight, onlyInBatches: pace.OnlyInBatches, spread: pace.Spread,
		unsent:  unsent{of: map[string]stored{}},
		batches: batches{watchers: map[chan Progress]struct{}{}, nudge: make(chan struct{}, 1)},
		lanes:   newLanes(), walk: walk{stale: true}, later: map[string]delay{},
	}
}

// Run uploads until ctx ends, which is not an error, or until the queue stops.
func (u *Upload) Run(ctx context.Context) error {
	for {
		changed := u.line.options.Queue.Changed()
		err := u.pass(ctx)
		if err == nil && ctx.Err() == nil {
			err = u.endBatch(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // to be told to end is no failure
		case err != nil:
			return fmt.Errorf("upload: %w", err)
		}
		u.await(ctx, changed)
	}
}

// await returns when there may be something to do.
func (u *Upload) await(ctx context.Context, changed <-chan struct{}) {
	now := u.line.options.Now()
	wake := now.Add(idlePass)
	if until, any := u.due(); any && u.mayBegin(now) {
		wake = earlier(wake, until)
	}
	if now.Before(u.breaker.until) {
		wake, changed = u.breaker.until, nil // a new settlement does not mend the line
	}
	if until := u.batches.until(); !until.IsZero() {
		wake = earlier(wake, until)
	}
	timer := time.NewTimer(wake.Sub(now))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-u.batches.nudge:
		u.breaker.until = now // whoever asks for a batch may know that the line is back
	case <-timer.C:
		u.walk.stale = true
	}
}

// mayBegin tells whether anything is brought on now at all.
func (u *Upload) mayBegin(now time.Time) bool {
	most, _ := u.pace(now)
	return most > 0
}

// pace is how many requests may be on their way, and when the next settlement may begin.
func (u *Upload) pace(now time.Time) (most int, next time.Time) {
	most, next, batch := u.batches.most(now)
	switch {
	case batch:
		return most, next
	case u.onlyInBatches:
		return 0, time.Time{}
	}
	return u.inFlight, time.Time{}
}

// due is when the first of those that rest is to be tried again.
func (u *Upload) due() (at time.Time, any bool) {
	for i := range u.lanes.resting {
		until := u.later[i.Number].until
		if !any || until.Before(at) {
			at, any = until, true
		}
	}
	return at, any
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

// job is a settlement that is brought to the platform, or taken back from it.
type job struct {
	number     string            // under which its messages are kept: the settlement's, or the void's
	settlement settle.Settlement // without a number: there is nothing to do any more
	repair     uint64            // entry of the last repair; 0: there is none
	unfit      error             // why the repairs cannot be applied; nil: they can
	void       *queue.Void       // nil: it is brought
	so         *soFar            // how it goes
}

// operator gives who settled, or reversed.
func (j job) operator() string {
	if j.void != nil {
		return j.void.By.Operator
	}
	return j.settlement.Operator
}

// soFar is how a job goes.
type soFar struct {
	answered     bool              // the platform answered a request
	acknowledged bool              // the queue has it as acknowledged,
	difference   *queue.Difference // and differing
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
	record, err := u.line.options.Queue.Brief(of)
	if err != nil || !p.Void && record.State != queue.Pending {
		return j, err
	}
	if n := len(record.Repairs); n > 0 {
		j.repair = record.Repairs[n-1].Entry
	}
	j.settlement, j.unfit = mended(record)
	return j, nil
}

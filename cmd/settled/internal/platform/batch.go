package platform

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"settled/queue"
	"settled/settle"
)

// Batch says how fast, and how long, a batch goes.
type Batch struct {
	InFlight  int       // requests on their way at a time; 0: as many as without it
	PerMinute int       // settlements begun in a minute; 0: no bound
	Until     time.Time // when it ends though some are left; zero: when nothing more can be done
	By        queue.By  // who wants it
}

// Why a batch ended.
const (
	BatchDone    = "done"    // nothing is left that could be tried now
	BatchWindow  = "window"  // the time was over
	BatchStopped = "stopped" // a person stopped it
	BatchLine    = "line"    // the line was down for longer than is worth waiting
)

// Progress is where a batch stands, or stood when it ended. Settlements and voids count
// alike.
type Progress struct {
	ID           int64 // Unix milliseconds of its begin
	Began        time.Time
	Ended        time.Time // zero: it goes on
	Why          string    // it ended
	Waiting      int       // at its begin
	Sent         int       // that were brought on
	Acknowledged int       // of them
	Differ       int       // of those acknowledged
	Withdrawn    int       // voids that are through
	Held         map[settle.Code]int
	Left         int // that wait now
	Unclear      int // of them: outcome unknown, tried again by itself
	Trouble      settle.Code
}

// batches is the batch that runs, or the last one.
type batches struct {
	mu       sync.Mutex
	batch    *Batch // nil: none runs
	stop     bool
	next     time.Time // when the next settlement may begin
	progress Progress
	watchers map[chan Progress]struct{}
	nudge    chan struct{}
}

// patience is up to which pause a batch waits for a settlement without a clear answer:
// four attempts.
const patience = 8 * time.Second

// StartBatch begins a batch, or gives the one that runs.
func (u *Upload) StartBatch(b Batch) (Progress, error) {
	status, err := u.line.options.Queue.Status()
	if err != nil {
		return Progress{}, err
	}
	now := u.line.options.Now()
	s := &u.batches
	s.mu.Lock()
	if s.batch != nil {
		defer s.mu.Unlock()
		return s.copied(), nil
	}
	if b.InFlight == 0 {
		b.InFlight = u.inFlight
	}
	s.batch, s.stop, s.next = &b, false, time.Time{}
	s.progress = Progress{
		ID: max(now.UnixMilli(), s.progress.ID+1), Began: now, Waiting: status.Pending, Left: status.Pending, Held: map[settle.Code]int{},
	}
	s.rouse()
	defer s.mu.Unlock()
	return s.copied(), nil
}

// StopBatch ends the batch that runs, if any: what is under way is brought to an end,
// nothing more is begun.
func (u *Upload) StopBatch() Progress {
	s := &u.batches
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop = s.batch != nil
	s.rouse()
	return s.copied()
}

// Batch gives the batch that runs, or the last one; an ID of 0: there was none since the
// daemon began.
func (u *Upload) Batch() Progress {
	u.batches.mu.Lock()
	defer u.batches.mu.Unlock()
	return u.batches.copied()
}

// SubscribeBatch gives where the batch stands whenever that changes; a slow reader gets
// the latest. leave may be called twice.
func (u *Upload) SubscribeBatch() (progress <-chan Progress, leave func()) {
	s := &u.batches
	w := make(chan Progress, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers[w] = struct{}{}
	return w, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, w)
	}
}

// rouse has the upload look at the batch; what it has not looked at does not end.
func (s *batches) rouse() {
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

func (s *batches) copied() Progress {
	p := s.progress
	p.Held = maps.Clone(p.Held)
	return p
}

// count changes the progress of the batch that runs, if one does.
func (s *batches) count(change func(*Progress)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.batch != nil {
		change(&s.progress)
		s.tell()
	}
}

// tell gives every watcher the latest.
func (s *batches) tell() {
	for w := range s.watchers {
		select {
		case <-w:
		default:
		}
		w <- s.copied()
	}
}

// most is how many requests may be on their way by the batch, and when the next settlement
// may begin; ok: there is a batch.
func (s *batches) most(now time.Time) (n int, next time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.batch == nil:
		return 0, time.Time{}, false
	case s.stop || s.over(now):
		return 0, time.Time{}, true
	}
	return s.batch.InFlight, s.next, true
}

func (s *batches) over(now time.Time) bool {
	return !s.batch.Until.IsZero() && !now.Before(s.batch.Until)
}

// until is when the batch that runs ends in any case; zero: none does, or at no time.
func (s *batches) until() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.batch == nil {
		return time.Time{}
	}
	return s.batch.Until
}

// began counts an item that is brought on, and paces the next.
func (s *batches) began(i *item, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.batch == nil {
		return
	}
	if i.batch != s.progress.ID {
		i.batch = s.progress.ID
		s.progress.Sent++
	}
	if s.batch.PerMinute > 0 {
		if s.next.Before(now) {
			s.next = now
		}
		s.next = s.next.Add(time.Minute / time.Duration(s.batch.PerMinute))
	}
}

// endBatch ends the batch that runs if its time is over, or if nothing more can be done;
// nothing is under way. It keeps the summary in the journal.
func (u *Upload) endBatch(ctx context.Context) error {
	status, err := u.line.options.Queue.Status()
	if err != nil {
		return err
	}
	s, now, trouble := &u.batches, u.line.options.Now(), u.line.Trouble()
	s.mu.Lock()
	why := u.batchEnd(now, status.Pending)
	if why == "" {
		s.mu.Unlock()
		return nil
	}
	by, p := s.batch.By, &s.progress
	p.Ended, p.Why, p.Left, p.Unclear, p.Trouble = now, why, status.Pending, len(u.later), trouble
	s.batch = nil
	s.tell()
	ended := s.copied()
	s.mu.Unlock()
	u.log.Info("batch ended", "why", why, "sent", ended.Sent, "acknowledged", ended.Acknowledged, "left", ended.Left)
	return u.line.options.Queue.Note(ctx, "upload batch", ended.String(), by)
}

// batchEnd tells why the batch ends now; "": it goes on, or there is none.
func (u *Upload) batchEnd(now time.Time, pending int) string {
	s := &u.batches
	switch {
	case s.batch == nil, len(s.nudge) > 0: // it may have begun when the last pass was over
		return ""
	case pending == 0:
		return BatchDone
	case s.stop:
		return BatchStopped
	case s.over(now):
		return BatchWindow
	case u.breaker.pause > 0:
		if u.breaker.pause >= mostPause && s.batch.Until.IsZero() {
			return BatchLine
		}
		return ""
	}
	for i := range u.lanes.resting {
		if u.later[i.Number].pause <= patience {
			return ""
		}
	}
	return BatchDone
}

// String is the summary as the journal keeps it.
func (p Progress) String() string {
	held := 0
	for _, n := range p.Held {
		held += n
	}
	return fmt.Sprintf("batch from %s to %s ended (%s): %d waited, %d sent, %d acknowledged, %d of them differ, %d withdrawn, %d held, %d left, %d of them unclear",
		p.Began.Format(time.DateTime), p.Ended.Format(time.DateTime), p.Why, p.Waiting, p.Sent, p.Acknowledged, p.Differ, p.Withdrawn, held, p.Left, p.Unclear)
}

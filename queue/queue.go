package queue

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"settled/queue/journal"
)

// Options are the settings of a queue.
type Options struct {
	Institution string // 定点医药机构编号, 12 characters
	Counter     string // 2 digits, unique in the institution
	// Key is the key ring: one or more keys of KeySize bytes, one behind the other, oldest
	// first. The first makes the keyed hashes, for ever; the last seals personal data; all
	// of them open what they sealed.
	Key      []byte
	Now      func() time.Time // clock; nil: time.Now
	Log      *slog.Logger     // nil: none
	Archives string           // directory of archives to read from; "": none is at hand
	Rules    string           // digest of the rules in force, for entries that are no settlements

	wrap       func(journal.Disk) journal.Disk // tests: between journal and disk
	stopwatch  func() time.Time                // how long commits take, and nothing else
	applyAfter time.Duration                   // how long bbolt may lag behind
	applyMany  int                             // or by how many entries
}

// Defaults of the options that only tests set.
const (
	defaultApplyAfter = 2 * time.Second
	defaultApplyMany  = 4096
	// maxBehind bounds the memory: beyond it the writer waits for bbolt.
	maxBehind = 100_000
	// maxKnown bounds the rows that are kept in memory though bbolt has them: decoding a
	// person's row takes as long as all else that the writer does for a settlement.
	maxKnown = 4096
)

// Wrapped is o with something between the journal and its disk, to measure what is
// written or to fail it.
func (o Options) Wrapped(wrap func(journal.Disk) journal.Disk) Options {
	o.wrap = wrap
	return o
}

func (o *Options) check() error {
	if len(o.Institution) != 12 || strings.Trim(o.Institution, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return fmt.Errorf("queue: institution %q, want 12 digits and capital letters", o.Institution)
	}
	if len(o.Counter) != 2 || strings.Trim(o.Counter, "0123456789") != "" {
		return fmt.Errorf("queue: counter %q, want 2 digits", o.Counter)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.stopwatch == nil {
		o.stopwatch = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.applyAfter == 0 {
		o.applyAfter = defaultApplyAfter
	}
	if o.applyMany == 0 {
		o.applyMany = defaultApplyMany
	}
	return nil
}

// Queue is an open queue. Its methods may be called from any goroutine.
type Queue struct {
	dir     string
	opt     Options
	vault   *vault
	lock    *os.File
	journal *journal.Journal
	db      *bolt.DB

	in      *inbox        // to the writer
	quit    chan struct{} // closed by Close
	written chan struct{} // closed when the writer has ended
	work    chan struct{} // to the applier: there is something to apply
	hurry   chan struct{} // to the applier: do not wait for more
	ended   chan struct{} // closed when the applier has ended
	once    sync.Once     // Close
	closed  error         // what Close returned
	trust   trust         // in what the last run left

	mu      sync.RWMutex  // guards what follows; readers hold it while they read
	current layer         // committed, not yet given to bbolt
	frozen  layer         // being written to bbolt
	known   layer         // rows that bbolt has and that were written not long ago
	head    journal.Pos   // last committed entry
	applied journal.Pos   // last entry that bbolt reflects
	changed chan struct{} // closed and replaced at each commit
	caught  chan struct{} // closed and replaced when applied moves, or the queue stops
	stopped error
	damaged bool // bbolt's file: it is not closed any more
	notices []string

	drawn  drawn // of the writer alone
	spares spares
}

// Open opens the queue in dir, which it makes if need be, and takes it for this
// process. It brings bbolt up to the journal's end, and builds it again if it is
// missing or damaged ([Status].Notices tells). A damaged journal gives [journal.Damage],
// one that has not all that bbolt knows [Lost], and nothing is written; another owner's
// gives [ErrForeign].
func Open(dir string, opt Options) (*Queue, error) {
	q, err := prepare(dir, opt)
	if err != nil {
		return nil, err
	}
	go q.writeLoop()
	go q.applyLoop()
	return q, nil
}

// prepare is Open without the two goroutines.
func prepare(dir string, opt Options) (*Queue, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	v, err := newVault(opt.Key)
	if err != nil {
		return nil, err
	}
	if err := journal.MakeDir(dir); err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	lock, err := journal.Lock(dir)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	if err := fenced(dir); err != nil { // under the lock, as a fence is put up
		return nil, errors.Join(fmt.Errorf("queue: %w", err), lock.Close())
	}
	q := &Queue{
		dir: dir, opt: opt, vault: v, lock: lock,
		in: newInbox(), quit: make(chan struct{}), written: make(chan struct{}),
		work: make(chan struct{}, 1), hurry: make(chan struct{}, 1), ended: make(chan struct{}),
		current: layer{}, changed: make(chan struct{}), caught: make(chan struct{}),
	}
	if err := q.recover(); err != nil {
		return nil, errors.Join(err, q.release(false))
	}
	return q, nil
}

// Close ends the queue: what was committed is brought to bbolt. Operations that wait are
// still done or get [ErrClosed]; each is told which.
func (q *Queue) Close() error {
	q.once.Do(func() {
		close(q.quit)
		<-q.written
		<-q.ended
		q.mu.Lock()
		whole := q.stopped == nil && q.applied.N == q.head.N
		q.stopped = ErrClosed
		close(q.caught)
		q.caught = make(chan struct{})
		q.mu.Unlock()
		q.closed = q.release(whole)
	})
	return q.closed
}

// release gives back all that Open took. whole says that bbolt has all of the journal.
func (q *Queue) release(whole bool) error {
	var errs []error
	if q.db != nil && !q.damaged {
		errs = append(errs, q.db.Close())
	}
	if q.journal != nil {
		errs = append(errs, q.journal.Close())
	}
	if whole && errors.Join(errs...) == nil && removeArchived(q.file(journalDir)) == nil {
		q.leave(q.head)
	}
	return errors.Join(append(errs, q.lock.Close())...)
}

// Changed returns a channel that is closed at the next commit. Take it before looking
// at what may change.
func (q *Queue) Changed() <-chan struct{} {
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.changed
}

// read runs fn on the state that is committed now. fn must be short: commits wait
// for it.
func (q *Queue) read(fn func(*view) error) error {
	err := q.readNow(fn)
	if isCorrupt(err) {
		q.suspect(err)
	}
	return err
}

func (q *Queue) readNow(fn func(*view) error) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if errors.Is(q.stopped, ErrClosed) {
		return ErrClosed
	}
	tx, err := q.db.Begin(false)
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // of a read it cannot fail
	return guarded(func() error { return fn(&view{layers: []layer{{}, q.current, q.frozen}, known: q.known, tx: tx}) })
}

// stop keeps the first reason why nothing more is written.
func (q *Queue) stop(why error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stopped == nil {
		q.stopped = fmt.Errorf("%w: %w", ErrStopped, why)
		q.opt.Log.Error("queue stopped", "why", why)
		close(q.caught)
		q.caught = make(chan struct{})
	}
	return q.stopped
}

// notice keeps something that an operator should know.
func (q *Queue) notice(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	q.opt.Log.Warn("queue", "notice", text)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.notices = append(q.notices, text)
}

func (q *Queue) file(name string) string { return filepath.Join(q.dir, name) }

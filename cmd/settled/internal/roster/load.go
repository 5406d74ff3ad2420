package roster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Ports is what a load reaches outside. All are needed.
type Ports struct {
	Platform counter.Platform
	People   counter.People
	Rulebook counter.Rulebook
	Now      func() time.Time
	Log      *slog.Logger
}

// Order says how a list is to be loaded.
type Order struct {
	PerMinute int           // persons asked about in a minute, at least 1
	Fresh     time.Duration // who is known from within it is not asked about again
}

// Why a load ended.
const (
	Done    = "done"    // everybody was asked about
	Line    = "line"    // the line was down for longer than is worth waiting
	Stopped = "stopped" // a person stopped it, or the daemon ended
	Failed  = "failed"  // the journal took nothing more
)

// mostNamed is how many refused lines are named.
const mostNamed = 100

// Progress is where a load stands, or stood when it ended. Nothing in it is personal.
type Progress struct {
	ID      int64 // Unix milliseconds of its begin; 0: there was none
	Began   time.Time
	Ended   time.Time // zero: it goes on
	Why     string    // it ended
	Total   int       // persons on the list
	Learned int       // the platform answered, and it is kept
	Fresh   int       // known well enough already
	Refused int       // the platform's no, or somebody else than the list says
	Left    int
	Lines   []Refused   // the first that were refused
	Trouble settle.Code // of the line when it ended
}

// Refused is a line of the list that nothing was learned from.
type Refused struct {
	Line  int
	Code  settle.Code
	Words string // to the cashier, masked: the platform's, or what is not as the list says
}

// Loader loads one list at a time. It is safe for concurrent use.
type Loader struct {
	ports Ports
	pause func(context.Context, time.Duration) // waits; a test's does not

	mu       sync.Mutex
	progress Progress
	list     []Person           // that is loaded
	stop     context.CancelFunc // nil: none runs
	orders   chan load
}

type load struct {
	ctx   context.Context
	list  []Person
	order Order
}

// New makes a loader; Run does what it is asked for.
func New(p Ports) *Loader {
	return &Loader{ports: p, pause: wait, orders: make(chan load, 1)}
}

// Busy is the code of a list that is refused because another one is loaded.
const Busy settle.Code = "ROSTER_BUSY"

// Start begins to load a list, or gives the load of the same list that runs. There is one
// at a time: while another list is loaded this one is refused, [Busy].
func (l *Loader) Start(list []Person, o Order) (Progress, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil && !slices.Equal(list, l.list) {
		return l.copied(), &settle.Refusal{
			Code: Busy, Cashier: "正在导入另一份名单，这一份没有导入；请等它结束后用同一命令再导入（settled roster stop 可停止它）。",
			Technician: fmt.Sprintf("another list of %d persons is loaded, %d of them are left", l.progress.Total, l.progress.Left),
		}
	}
	if l.stop == nil {
		l.list = list
		now := l.ports.Now()
		var ctx context.Context
		ctx, l.stop = context.WithCancel(context.Background())
		l.progress = Progress{ID: max(now.UnixMilli(), l.progress.ID+1), Began: now, Total: len(list), Left: len(list)}
		l.orders <- load{ctx: ctx, list: list, order: o}
	}
	return l.copied(), nil
}

// Stop ends the load that runs, if any.
func (l *Loader) Stop() Progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil {
		l.stop()
	}
	return l.copied()
}

// Progress is where the load stands that runs, or the last one since the start.
func (l *Loader) Progress() Progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.copied()
}

func (l *Loader) copied() Progress {
	p := l.progress
	p.Lines = append([]Refused{}, p.Lines...)
	return p
}

func (l *Loader) count(change func(*Progress)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.progress)
}

// Run loads what is asked for until ctx ends.
func (l *Loader) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case job := <-l.orders:
			release := context.AfterFunc(ctx, func() { l.Stop() })
			why := l.load(job)
			release()
			l.mu.Lock()
			l.stop()
			l.stop, l.list = nil, nil
			l.progress.Ended, l.progress.Why, l.progress.Trouble = l.ports.Now(), why, l.ports.Platform.Trouble()
			p := l.copied()
			l.mu.Unlock()
			l.ports.Log.Info("roster loaded", "why", why, "total", p.Total, "learned", p.Learned, "fresh", p.Fresh, "refused", p.Refused, "left", p.Left)
		}
	}
}

func (l *Loader) load(job load) (why string) {
	between := time.Minute / time.Duration(max(1, job.order.PerMinute))
	for _, p := range job.list {
		if l.fresh(job.ctx, p.Who, job.order.Fresh) {
			l.count(func(pr *Progress) { pr.Fresh, pr.Left = pr.Fresh+1, pr.Left-1 })
			continue
		}
		if why := l.one(job.ctx, p); why != "" {
			return why
		}
		l.pause(job.ctx, between)
		if job.ctx.Err() != nil {
			return Stopped
		}
	}
	return Done
}

// fresh tells whether a person is known from not long ago, and by the card of the list.
func (l *Loader) fresh(ctx context.Context, who settle.Identity, within time.Duration) bool {
	e, ok, err := l.ports.People.LastKnown(ctx, who)
	if err != nil || !ok {
		return false
	}
	if who.CardNumber != "" && who.IDNumber != "" {
		card, ok, err := l.ports.People.LastKnown(ctx, settle.Identity{CardNumber: who.CardNumber})
		if err != nil || !ok || card.Person != e.Person {
			return false
		}
	}
	asOf, err := time.Parse(time.RFC3339, e.AsOf)
	age := l.ports.Now().Sub(asOf)
	return err == nil && age >= 0 && age < within
}

// Pauses while the line is down.
const (
	firstPause = time.Second
	mostPause  = time.Minute
	mostTries  = 12 // about six minutes
)

// one asks about a person until the platform answers; why is why the load ends, "" if it
// goes on.
func (l *Loader) one(ctx context.Context, p Person) (why string) {
	pause := firstPause
	for range mostTries {
		err := l.ask(ctx, p.Who)
		var no *settle.Refusal
		var down *counter.Down
		switch {
		case ctx.Err() != nil:
			return Stopped
		case err == nil:
			l.count(func(pr *Progress) { pr.Learned, pr.Left = pr.Learned+1, pr.Left-1 })
			return ""
		case errors.As(err, &no) && no.Code == settle.JournalStopped:
			return Failed
		case errors.As(err, &no):
			l.count(func(pr *Progress) {
				pr.Refused, pr.Left = pr.Refused+1, pr.Left-1
				if len(pr.Lines) < mostNamed {
					pr.Lines = append(pr.Lines, Refused{Line: p.Line, Code: no.Code, Words: p.Who.Mask(no.Cashier)})
				}
			})
			return ""
		case !errors.As(err, &down):
			l.ports.Log.Error("roster", "cause", err)
			return Failed
		}
		l.pause(ctx, pause)
		pause = min(2*pause, mostPause)
	}
	return Line
}

// askTimeout bounds the four transactions about a person.
const askTimeout = 30 * time.Second

// ask asks the platform about a person and keeps the answer. A card that is known to be
// somebody else's is refused: with its data locked it would stand for the wrong person.
func (l *Loader) ask(ctx context.Context, who settle.Identity) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	e, err := l.ports.Platform.Identify(ctx, who)
	if err != nil {
		return err
	}
	if who.Name != "" && e.Who.Name != "" && e.Who.Name != who.Name {
		return &settle.Refusal{Code: settle.WrongPerson, Field: "name", Cashier: "名单上的姓名与平台登记的不同；请核对姓名和证件号码后重新导入。", Technician: "the platform knows the person by another name than the list"}
	}
	if who.CardNumber != "" {
		card, known, err := l.ports.People.LastKnown(ctx, settle.Identity{CardNumber: who.CardNumber, CardCode: who.CardCode})
		if err != nil {
			return err
		}
		if known && card.Person != l.ports.People.Person(e.Who.IDNumber) {
			return &settle.Refusal{Code: settle.WrongPerson, Field: "card_number", Cashier: "名单上的卡号已登记在另一人名下；请核对卡号和证件号码后重新导入。", Technician: "the card is known as another person's"}
		}
	}
	_, err = counter.Learn(ctx, l.ports.People, l.ports.Rulebook, l.ports.Now(), who, e)
	return err
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

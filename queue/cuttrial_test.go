package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"settled/queue/internal/cutfs"
	"settled/queue/journal"
	"settled/settle"
)

// trial is a counter's trial on a disk that logs everything, to be cut at any moment of it.
type trial struct {
	t    testing.TB
	h    *hand
	fs   *cutfs.FS
	dir  string
	opt  Options
	q    *Queue
	book *platformBook
	told []told
	acts []span
	keys int
	ring int // keys of the key ring

	lives []map[uint64]journal.Entry // all entries; a restore begins another life
}

// span is where in the log an act ends, and what it was.
type span struct {
	name string
	end  int
}

// told is what somebody outside was told by a place of the log: it must be true ever after.
type told struct {
	at     int // place in the log
	clock  time.Time
	ring   int      // keys of the key ring
	entry  uint64   // the journal had this entry
	key    string   // a receipt was printed for this key,
	number string   // with this number
	asked  *Commit  // this was asked for
	sent   *posting // the platform got this message
	acked  string   // this settlement was acknowledged

	reversal  *Reversal // this was asked for
	void      string    // a slip was printed for key, with this number
	withdrawn *posting  // the platform got this message, and took number back

	parcel   string   // this backup or archive, beside the state directory, is whole
	begun    *restore // from now on the disk may hold what was restored,
	restored bool     // and now it does
	lost     bool     // it was told behind the backup that was restored since
}

// act is something that a counter does to its files. A new operation is a new row in
// acts, and every cut falls into it too.
type act struct {
	name  string
	run   func(l *trial) error
	again bool // may be done at any time while the queue is open; errNothing is no failure
}

// acts are those of a day at the counter; those of whoever keeps it are in keeping.
// TestEveryCut does each list in its order, TestRandomCuts those that may be done again
// in any.
func acts() []act {
	flush := func(l *trial) error { return l.q.Flush(l.t.Context()) }
	return []act{
		{"open", (*trial).open, false},
		{"learn and link", (*trial).learn, true},
		{"settle", func(l *trial) error { return l.settle(100, 0, 10, 5) }, true},
		{"bring to bbolt", flush, true},
		{"settle again", func(l *trial) error { return l.settle(70, 0, 0, 30) }, true},
		{"settle, several at once", func(l *trial) error { return l.together(4) }, true},
		{"ask the platform", func(l *trial) error { return l.upload(false, true) }, true},
		{"acknowledge", func(l *trial) error { return l.upload(false, false) }, true},
		{"acknowledge with a difference", func(l *trial) error { return l.upload(true, false) }, true},
		{"bring more to bbolt", flush, false},
		{"hold", (*trial).hold, true},
		{"release", (*trial).release, true},
		{"hold one to mend", (*trial).hold, false},
		{"mend it", (*trial).mend, true},
		{"settle what the patient pays", (*trial).selfPay, true},
		{"select an institution", (*trial).choose, true},
		{"file it", (*trial).choose, true},
		{"take it back", (*trial).takeBackChoice, true},
		{"next day", func(l *trial) error { l.h.move(24 * time.Hour); return l.settle(20, 0, 5, 0) }, true},
		{"hold another", (*trial).hold, false},
		{"open a shift", func(l *trial) error { _, err := l.q.OpenShift(l.t.Context(), clerk, 100); return nothingToDo(err) }, true},
		{"void what the platform has", func(l *trial) error { return l.reverse(Acknowledged, true) }, true},
		{"refund what the platform has", func(l *trial) error { return l.reverse(Acknowledged, false) }, true},
		{"refund what waits", func(l *trial) error { return l.reverse(Pending, false) }, true},
		{"void what waits", func(l *trial) error { return l.reverse(Pending, true) }, true},
		{"bring one to the platform", func(l *trial) error { return l.upload(false, false) }, true},
		{"bring another to the platform, answers with what follows", (*trial).exchange, true},
		{"bring a third to the platform", func(l *trial) error { return l.upload(false, false) }, true},
		{"bring a fourth to the platform", func(l *trial) error { return l.upload(false, false) }, true},
		{"close the shift", func(l *trial) error { _, err := l.q.CloseShift(l.t.Context(), clerk, 90); return nothingToDo(err) }, true},
		{"close and open", func(l *trial) error { return errors.Join(l.q.Close(), l.open()) }, true},
		{"settle a large bill", (*trial).large, true},
		{"lose bbolt and build it again", (*trial).lose, true},
		{"damage bbolt and build it again", (*trial).damage, true},
		{"settle after that", func(l *trial) error { return l.settle(1, 0, 0, 0) }, false},
		{"close", func(l *trial) error { return l.q.Close() }, false},
	}
}

// anyActs are n of those that may be done again, in an order of the seed's.
func anyActs(r *rand.Rand, n int) []act {
	var may []act
	all := acts()
	for _, a := range append(acts(), keeping()...) {
		if a.again {
			run := a.run
			a.run = func(l *trial) error {
				if err := run(l); !errors.Is(err, errNothing) {
					return err
				}
				return nil
			}
			may = append(may, a)
		}
	}
	list := all[:2:2]
	for range n {
		list = append(list, may[r.IntN(len(may))])
	}
	return list
}

// newTrial mounts a disk for a trial.
func newTrial(t testing.TB, from *cutfs.Image) *trial {
	t.Helper()
	if os.Getenv("SETTLED_NO_FUSE") == "1" {
		t.Skip("SETTLED_NO_FUSE=1")
	}
	mount := t.TempDir()
	fs, err := cutfs.Mount(mount, from)
	if err != nil {
		t.Fatalf("%v (SETTLED_NO_FUSE=1 leaves the power cuts out)", err)
	}
	l := trialOn(t, fs, mount)
	t.Cleanup(l.end)
	return l
}

func trialOn(t testing.TB, fs *cutfs.FS, mount string) *trial {
	l := &trial{t: t, h: newHand(), fs: fs, dir: filepath.Join(mount, "state"), book: newBook(), ring: 1}
	l.lives = []map[uint64]journal.Entry{{}}
	l.opt = lagging(l.h)
	l.opt.Archives = filepath.Join(mount, "archives")
	return l
}

// end closes what is open and takes the disk away.
func (l *trial) end() {
	if l.q != nil {
		_ = l.q.Close() // again
		l.q = nil
	}
	if l.fs != nil {
		if err := l.fs.Unmount(); err != nil {
			l.t.Error(err)
		}
		l.fs = nil
	}
}

// live does acts until one fails.
func (l *trial) live(list []act) error {
	for _, a := range list {
		err := a.run(l)
		if err == nil && l.q != nil {
			l.remember()
			if s, err := l.q.Status(); err == nil {
				l.tell(told{entry: s.Entry})
			}
		}
		l.acts = append(l.acts, span{a.name, l.note("end of " + a.name)})
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
	}
	return nil
}

// remember keeps what the journal has now.
func (l *trial) remember() {
	list, err := entries(l.q)
	if errors.Is(err, ErrClosed) {
		return
	}
	must(l.t, err)
	for _, e := range list {
		l.lives[len(l.lives)-1][e.N] = e
	}
}

// tell writes down what somebody was told just now.
func (l *trial) tell(w told) {
	w.at, w.clock, w.ring = l.note("told"), l.h.read(), l.ring
	l.told = append(l.told, w)
}

func (l *trial) note(text string) int {
	at, err := l.fs.Note(text)
	must(l.t, err)
	return at
}

// during names the act that a boundary falls into.
func (l *trial) during(boundary int) string {
	for _, a := range l.acts {
		if boundary <= a.end {
			return a.name
		}
	}
	return "the end"
}

func (l *trial) open() (err error) {
	l.q, err = Open(l.dir, l.opt)
	return err
}

func (l *trial) learn() error {
	ctx, q := l.t.Context(), l.q
	return errors.Join(
		q.Learn(ctx, entitled(q, childID, childName, 900, 1000, l.h.ago(0)), clerk),
		q.Learn(ctx, entitled(q, donorID, donorName, 50000, 0, l.h.ago(0)), clerk),
		q.Link(ctx, settle.Link{Beneficiary: child1(q), Donor: donor1(q), Relation: settle.RelationChild, Kind: settle.MutualAid, From: 20200101}, clerk))
}

// commit is a new settlement of a person of its own if there is no family to draw from.
func (l *trial) commit(person string, fund, own, family, cash settle.Fen) (Commit, error) {
	l.keys++
	c := bill(l.q, fmt.Sprint("key ", l.keys), 0, fund, own, family, cash)
	c.Settlement.Person = person
	p, err := l.q.Position(person, period)
	c.Version = p.Version
	return c, err
}

func (l *trial) settle(fund, own, family, cash settle.Fen) error {
	c, err := l.commit(child1(l.q), fund, own, family, cash)
	if err != nil {
		return err
	}
	return l.ask(l.t.Context(), c)
}

// ask settles, and tells what it was asked before and what came of it.
func (l *trial) ask(ctx context.Context, c Commit) error {
	l.tell(told{asked: &c})
	s, _, err := l.q.Settle(ctx, c)
	if err != nil {
		return err
	}
	l.tell(told{key: s.Key, number: s.Number})
	return nil
}

// together settles n bills with one write.
func (l *trial) together(n int) error {
	commits := make([]Commit, n)
	for i := range commits {
		c, err := l.commit(l.q.Person(fmt.Sprint("person ", i)), 10, 0, 0, 5)
		if err != nil {
			return err
		}
		commits[i] = c
		l.tell(told{asked: &c})
	}
	held, free := make(chan struct{}), make(chan struct{})
	errs := make(chan error, n+1)
	go func() {
		errs <- l.q.do(context.Background(), func(*turn) error { close(held); <-free; return nil })
	}()
	<-held
	got := make([]settle.Settlement, n)
	for i, c := range commits {
		go func() {
			s, _, err := l.q.Settle(context.Background(), c)
			got[i] = s
			errs <- err
		}()
		for l.q.in.waiting() <= i {
			runtime.Gosched()
		}
	}
	close(free)
	var failed error
	for range n + 1 {
		failed = errors.Join(failed, <-errs)
	}
	for i, s := range got {
		if s.Number != "" {
			l.tell(told{key: commits[i].Settlement.Key, number: s.Number})
		}
	}
	return failed
}

// large settles a bill of many sectors.
func (l *trial) large() error {
	c, err := l.commit(child1(l.q), 9, 0, 0, 0)
	for i := range 40 {
		c.Settlement.Bill.Lines = append(c.Settlement.Bill.Lines, settle.Line{Code: fmt.Sprint("C", i), Name: fmt.Sprintf("%x", i*i*7919)})
	}
	return errors.Join(err, l.ask(l.t.Context(), c))
}

// waiting is a settlement in a state.
func (l *trial) waiting(in func(limit int, after uint64) ([]Waiting, error)) (string, error) {
	list, err := in(1, 0)
	if err != nil || len(list) == 0 {
		return "", errors.Join(err, errNothing)
	}
	return list[0].Number, nil
}

// errNothing says that there is nothing to do an act with.
var errNothing = errors.New("nothing to do it with")

// upload brings the next settlement to the platform. If the platform's answer is lost,
// nobody here knows that it has the settlement; the next upload asks for it.
func (l *trial) upload(differs, lost bool) error {
	list, err := l.q.Pending(1, 0)
	if err != nil || len(list) == 0 {
		return errors.Join(err, errNothing)
	}
	number := list[0].Number
	if list[0].Void {
		return l.takeBack(number)
	}
	r, err := l.q.Get(number)
	if err != nil {
		return err
	}
	c, err := l.q.Chain(number)
	if err != nil {
		return err
	}
	a := ackOf(r.Settlement)
	if p, ok := l.book.has(number, c); ok {
		a.Amounts, a.MsgID = p.amounts, p.msgid
		return l.answered(a)
	}
	msgid, _, err := l.q.Request(l.t.Context(), number, "2207", func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
	if err != nil {
		return err
	}
	if differs {
		a.Fund, a.Cash = a.Fund-1, a.Cash+1
	}
	a.MsgID = msgid
	p := posting{msgid: msgid, number: number, amounts: a.Amounts}
	l.tell(told{sent: &p})
	if err := l.book.post(p); err != nil || lost {
		return err
	}
	return l.answered(a)
}

// exchange is upload in two requests, of which each answer is kept with what follows it.
func (l *trial) exchange() error {
	list, err := l.q.Pending(1, 0)
	if err != nil || len(list) == 0 {
		return errors.Join(err, errNothing)
	}
	number, ctx := list[0].Number, l.t.Context()
	c, err := l.q.Chain(number)
	if err != nil {
		return err
	}
	if _, ok := l.book.has(number, c); ok || list[0].Void {
		return l.upload(false, false)
	}
	r, err := l.q.Get(number)
	if err != nil {
		return err
	}
	trial, _, err := l.q.Request(ctx, number, "2206", echo, clerk)
	if err != nil {
		return err
	}
	a := ackOf(r.Settlement)
	if a.Fund > 0 {
		a.Fund, a.Cash = a.Fund-1, a.Cash+1
	}
	if a.MsgID, _, err = l.q.AnswerAndRequest(ctx, Answer{Number: number, MsgID: trial, Infno: "2206", Class: ClassOK, By: clerk}, "2207", echo); err != nil {
		return err
	}
	p := posting{msgid: a.MsgID, number: number, amounts: a.Amounts}
	l.tell(told{sent: &p})
	if err := l.book.post(p); err != nil {
		return err
	}
	_, done, err := l.q.AnswerAndAcknowledge(ctx, Answer{Number: number, MsgID: a.MsgID, Infno: "2207", Class: ClassOK, By: clerk}, a)
	if err == nil && !done {
		err = errors.New("the answer was kept alone")
	}
	if err == nil {
		l.tell(told{acked: number})
	}
	return err
}

func (l *trial) answered(a Ack) error {
	c, err := l.q.Chain(a.Number)
	if err == nil && c.Last != nil { // else it was asked of another copy
		err = l.q.Answer(l.t.Context(), Answer{Number: a.Number, MsgID: a.MsgID, Infno: "2207", Class: ClassOK, By: clerk})
	}
	if err != nil {
		return err
	}
	if _, err := l.q.Acknowledge(l.t.Context(), a); err != nil {
		return err
	}
	l.tell(told{acked: a.Number})
	return nil
}

func (l *trial) hold() error {
	number, err := l.waiting(l.q.Pending)
	if err != nil {
		return err
	}
	return l.q.Hold(l.t.Context(), Held{Number: number, Code: "X", Cashier: "请核对", By: clerk})
}

func (l *trial) release() error {
	number, err := l.waiting(l.q.Holds)
	if err != nil {
		return err
	}
	return l.q.Release(l.t.Context(), number, "looked at", clerk)
}

// mend repairs a held settlement.
func (l *trial) mend() error {
	list, err := l.q.Holds(10, 0)
	i := slices.IndexFunc(list, func(w Waiting) bool { return !w.Void })
	if err != nil || i < 0 {
		return errors.Join(err, errNothing)
	}
	l.keys++
	return l.q.Repair(l.t.Context(), Repair{Number: list[i].Number, Set: map[string]string{"doctor.code": fmt.Sprint("D", l.keys)}, Why: "a typo", By: clerk})
}

// selfPay settles a bill of which nothing is granted.
func (l *trial) selfPay() error {
	c, err := l.commit(child1(l.q), 0, 0, 0, 80)
	c.Settlement.SelfPaid, c.Settlement.Split.UsageAfter = &settle.Reimbursement{Why: settle.OfflineLimit, Where: "here"}, c.Settlement.Usage
	return errors.Join(err, l.ask(l.t.Context(), c))
}

// choose selects an institution for the child, or brings on what was selected.
func (l *trial) choose() error {
	ctx := l.t.Context()
	list, err := l.q.Choices(1)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := l.q.Choose(ctx, pick(l.q, childID))
		return err
	}
	_, err = l.q.ChoiceRequest(ctx, list[0].Entry, "2505", func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
	return errors.Join(err, l.q.EndChoice(ctx, list[0].Entry, ChoiceFiled, "D1", "", clerk))
}

func (l *trial) takeBackChoice() error {
	c, ok, err := l.q.LastChoice(child1(l.q))
	if err != nil || !ok {
		return errors.Join(err, errNothing)
	}
	return nothingToDo(l.q.TakeBack(l.t.Context(), c.Entry, clerk))
}

func (l *trial) lose() error {
	return errors.Join(l.q.Close(), os.Remove(filepath.Join(l.dir, storeName)), l.open())
}

// damage makes bbolt's rows other ones under the open queue, has the queue notice, and
// opens it again. What it had not brought to bbolt is lost there and in the journal.
func (l *trial) damage() error {
	if err := l.q.Flush(l.t.Context()); err != nil {
		return err
	}
	path := filepath.Join(l.dir, storeName)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	bad := slices.Clone(data[:min(len(data), 1<<16)])
	for i := 2 * 4096; i < len(bad); i += 100 {
		bad[i] ^= 0x55
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(bad[2*4096:], 2*4096)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if _, err := l.q.List(Filter{}); !isCorrupt(err) {
		return fmt.Errorf("damage was not noticed: %w", err)
	}
	return errors.Join(l.q.Close(), l.open())
}

// entries are all that the journal has.
func entries(q *Queue) (list []journal.Entry, err error) {
	err = q.journal.Walk(journal.Pos{}, func(e journal.Entry) error {
		list = append(list, e)
		return nil
	})
	return list, err
}

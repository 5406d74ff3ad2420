package queue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"settled/queue/journal"
)

// few and many are the sizes between which costs must not grow. BENCH_MANY sets many:
// 1000000 for the long form.
const few = 1000

func many(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("BENCH_MANY"))
	if err != nil {
		if os.Getenv("BENCH_MANY") != "" {
			b.Fatal(err)
		}
		return 20_000
	}
	return n
}

// unsynced is a disk that does not sync: what is left is the processor's time, and
// what depends on the size.
type unsynced struct{ journal.Disk }

func (unsynced) Sync() error { return nil }

// unsyncedOptions have a clock that goes fast: a counter has 24,999 numbers a day, and each
// settlement reads it at least twice. Days are files, so that more of them would be
// measured than a million settlements make.
func unsyncedOptions() Options {
	h := &hand{now: time.Now()}
	o := options(h)
	o.Now = func() time.Time { h.move(5 * time.Second); return h.read() }
	o.wrap = func(d journal.Disk) journal.Disk { return unsynced{d} }
	return o
}

// filled opens a queue with n settlements pending and all of them in bbolt.
func filled(b *testing.B, dir string, n int) *Queue {
	q := mustOpen(b, dir, unsyncedOptions())
	inParallel(b, n, func(i int) error {
		_, _, err := q.Settle(context.Background(), large(q, fmt.Sprintf("filled-%d", i), 2))
		return err
	})
	must(b, q.Flush(context.Background()))
	return q
}

// inParallel runs fn for 0 to n-1, 64 at a time.
func inParallel(b *testing.B, n int, fn func(i int) error) {
	next := make(chan int)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for i := range next {
				if b.Failed() {
					continue
				}
				if err := fn(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
}

// drain acknowledges all that is pending but the last few.
func drainAll(b *testing.B, q *Queue) {
	for {
		waits, err := q.Pending(maxList, 0)
		must(b, err)
		if len(waits) < maxList {
			break
		}
		inParallel(b, len(waits), func(i int) error { return acknowledgeOne(q, waits[i].Number) })
	}
	must(b, q.Flush(context.Background()))
}

func acknowledgeOne(q *Queue, number string) error {
	row, err := q.row(number)
	if err != nil {
		return err
	}
	_, err = q.Acknowledge(context.Background(), Ack{Number: number, SettlementID: "S" + number, Amounts: row.Amounts, By: clerk})
	return err
}

// step is what is done with a queue of any size, and how long each takes.
type step struct{ commit, next, ack time.Duration }

// BenchmarkSize compares a queue where many are pending, and then where as many were
// drained, with one of a thousand: commit, finding the next upload, acknowledging it. Each
// is the median over pairs in random order of the ratio, without the disk.
func BenchmarkSize(b *testing.B) {
	small, big := filled(b, b.TempDir(), few), filled(b, b.TempDir(), many(b))
	b.Run("pending", func(b *testing.B) { sizes(b, small, big) })
	drainAll(b, big)
	b.Run("drained", func(b *testing.B) { sizes(b, small, big) })
}

func sizes(b *testing.B, small, big *Queue) {
	var commit, next, ack []float64
	for b.Loop() {
		var s, l []step
		for range block {
			if rand.IntN(2) == 0 {
				s, l = append(s, oneStep(b, small)), append(l, oneStep(b, big))
			} else {
				l, s = append(l, oneStep(b, big)), append(s, oneStep(b, small))
			}
		}
		ratio := func(of func(step) time.Duration) float64 {
			return float64(median(each(l, of))) / float64(median(each(s, of)))
		}
		commit = append(commit, ratio(func(s step) time.Duration { return s.commit }))
		next = append(next, ratio(func(s step) time.Duration { return s.next }))
		ack = append(ack, ratio(func(s step) time.Duration { return s.ack }))
	}
	b.ReportMetric(0, "ns/op") // of a block of pairs: means nothing
	b.ReportMetric(median(commit), "commit-x-few")
	b.ReportMetric(median(next), "next-x-few")
	b.ReportMetric(median(ack), "ack-x-few")
}

func each(steps []step, of func(step) time.Duration) []time.Duration {
	var list []time.Duration
	for _, s := range steps {
		list = append(list, of(s))
	}
	return list
}

func oneStep(b *testing.B, q *Queue) (s step) {
	c := large(q, fmt.Sprint("step", rand.Uint64()), 2)
	s.commit = timed(b, func() error { _, _, err := q.Settle(context.Background(), c); return err })
	var number string
	s.next = timed(b, func() error {
		waits, err := q.Pending(1, 0)
		number = waits[0].Number
		return err
	})
	s.ack = timed(b, func() error { return acknowledgeOne(q, number) })
	return s
}

func timed(b *testing.B, fn func() error) time.Duration {
	began := time.Now()
	must(b, fn())
	return time.Since(began)
}

// BenchmarkOpen measures Open after an orderly end, also with thousands of days against
// few; and after kill -9 with all behind bbolt's position, that against reading what is
// replayed, and against reading it and hashing it, the least that proves it.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{few, many(b)} {
		b.Run(fmt.Sprintf("closed/%d", n), func(b *testing.B) {
			dir := b.TempDir()
			mustClose(b, filled(b, dir, n))
			var took []float64
			for b.Loop() {
				took = append(took, float64(openClosed(b, dir).Microseconds()))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(took)/1000, "ms")
		})
	}
	b.Run(fmt.Sprintf("days/%d", manyDays), openDays)
	b.Run(fmt.Sprintf("killed/%d", few), func(b *testing.B) { reopened(b, few) })
	b.Run(fmt.Sprintf("killed/%d", defaultApplyMany), func(b *testing.B) { reopened(b, defaultApplyMany) })
}

// fewDays and manyDays are in how many files the start after an orderly end is compared: an
// archive leaves thirty.
const fewDays, manyDays = 30, 3000

func openDays(b *testing.B) {
	small, big := b.TempDir(), b.TempDir()
	inDays(b, small, fewDays)
	inDays(b, big, manyDays)
	var took, ratios []float64
	for b.Loop() {
		var s, l time.Duration
		if rand.IntN(2) == 0 {
			s, l = openClosed(b, small), openClosed(b, big)
		} else {
			l, s = openClosed(b, big), openClosed(b, small)
		}
		took, ratios = append(took, float64(l.Microseconds())), append(ratios, float64(l)/float64(s))
	}
	b.ReportMetric(0, "ns/op") // of a pair: means nothing
	b.ReportMetric(median(took)/1000, "ms")
	b.ReportMetric(median(ratios), "x-few")
}

// openClosed times the start of a queue that was closed in order, and closes it so again.
func openClosed(b *testing.B, dir string) time.Duration {
	var q *Queue
	took := timed(b, func() (err error) { q, err = Open(dir, unsyncedOptions()); return err })
	mustClose(b, q)
	return took
}

// reopened opens a copy of a queue whose last n settlements are not in bbolt.
func reopened(b *testing.B, n int) {
	dir, copies := b.TempDir(), b.TempDir()
	mustClose(b, filled(b, dir, few))
	o := unsyncedOptions()
	o.applyAfter, o.applyMany = time.Hour, 1<<30
	q := mustOpen(b, dir, o)
	from := q.head.Loc.End()
	inParallel(b, n, func(i int) error {
		_, _, err := q.Settle(context.Background(), large(q, fmt.Sprintf("late-%d", i), 2))
		return err
	})
	var reads, hashes, took, busy []float64
	for i := 0; b.Loop(); i++ {
		at := filepath.Join(copies, fmt.Sprint(i))
		must(b, os.CopyFS(at, os.DirFS(dir))) // as kill -9 leaves it: what was written
		path := filepath.Join(at, journalDir, journal.FileName(1))
		var opened *Queue
		before := spent(b)
		t := timed(b, func() (err error) { opened, err = Open(at, o); return err })
		opening := spent(b)
		r := timed(b, func() error { _, err := tail(path, from); return err })
		hashing := spent(b)
		h := timed(b, func() error { text, err := tail(path, from); sm3.Sum(text); return err })
		busy = append(busy, float64(opening-before)/float64(spent(b)-hashing))
		took, reads, hashes = append(took, float64(t.Microseconds())), append(reads, float64(t)/float64(r)), append(hashes, float64(t)/float64(h))
		mustClose(b, opened)
		must(b, os.RemoveAll(at))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(q.head.Loc.End()-from)/1e6, "MB")
	b.ReportMetric(median(took)/1000, "ms")
	b.ReportMetric(median(reads), "x-read")
	b.ReportMetric(median(hashes), "x-read-and-hash")
	b.ReportMetric(median(busy), "cpu-x-read-and-hash")
}

func tail(path string, from int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	text := make([]byte, fi.Size()-from)
	_, err = f.ReadAt(text, from)
	return text, err
}

// BenchmarkDrain measures settlements of one caller, a while apart, on an idle queue and
// while the outbox is brought away by as many uploads at a time as the platform may take,
// with a sync of 10 ms.
func BenchmarkDrain(b *testing.B) {
	const delay = 10 * time.Millisecond
	d := &slow{delay: delay}
	o := options(newHand())
	o.Now = time.Now
	o.wrap = func(under journal.Disk) journal.Disk { d.Disk = under; return d }
	q := mustOpen(b, b.TempDir(), o)
	b.ReportMetric(0, "ns/op")
	var ratios []float64
	for b.Loop() {
		settleBlock(b, q, 32, 2, rand.Uint64()) // to bring away
		idle := nowAndThen(b, q)
		stop, ended := make(chan struct{}), make(chan struct{})
		go func() { defer close(ended); uploads(b, q, stop) }()
		busy := nowAndThen(b, q)
		close(stop)
		<-ended
		ratios = append(ratios, float64(median(busy))/float64(median(idle)))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ratios), "p50-x-idle")
}

// nowAndThen settles now and then.
func nowAndThen(b *testing.B, q *Queue) (took []time.Duration) {
	for range 40 {
		c := large(q, fmt.Sprint("apart", rand.Uint64()), 12)
		<-time.After(time.Duration(rand.IntN(30)) * time.Millisecond)
		took = append(took, timed(b, func() error { _, _, err := q.Settle(context.Background(), c); return err }))
	}
	return took
}

// uploads sends and acknowledges what is pending, 4 at a time, until stop.
func uploads(b *testing.B, q *Queue, stop <-chan struct{}) {
	ctx := context.Background()
	for {
		select {
		case <-stop:
			return
		default:
		}
		waits, err := q.Pending(4, 0)
		must(b, err)
		var all sync.WaitGroup
		for _, w := range slices.Clone(waits) {
			all.Go(func() {
				msgid, _, err := q.Request(ctx, w.Number, "2207", func(id string) ([]byte, error) { return make([]byte, 2000), nil }, clerk)
				if err == nil {
					err = q.Answer(ctx, Answer{Number: w.Number, MsgID: msgid, Infno: "2207", Class: ClassOK, Body: make([]byte, 1000), By: clerk})
				}
				if err == nil {
					err = acknowledgeOne(q, w.Number)
				}
				if err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
	}
}

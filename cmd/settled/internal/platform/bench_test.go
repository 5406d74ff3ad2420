package platform

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"settled/queue"
	"settled/settle"
)

// Variables of the environment: how many settlements the benchmarks have wait, what the
// simulator takes for each answer, ms, and how many are on their way at a time.
const (
	manyVariable   = "SETTLED_BENCH_BATCH"
	answerVariable = "SETTLED_BENCH_ANSWER"
	flightVariable = "SETTLED_BENCH_INFLIGHT"
)

func inFlight() int { return given(flightVariable, DefaultInFlight) }

func given(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return otherwise
}

// allowed is the time that an answer time of ms allows for requests.
func allowed(requests, ms int) time.Duration {
	return time.Duration(requests) * time.Duration(ms) * time.Millisecond / time.Duration(inFlight())
}

// BenchmarkBatch uploads many settlements of as many people that wait, to a platform
// that takes 50 ms for each answer. x-allowed is the time in units of what that answer
// time allows: requests × 50 ms / in flight. B/waiting is the memory that the upload
// holds while it is under way, for each that waits at its begin.
func BenchmarkBatch(b *testing.B) {
	n, ms := given(manyVariable, 500), given(answerVariable, 50)
	people := min(n, 2000)
	for b.Loop() {
		b.StopTimer()
		w := openWindowOn(b, crowd(b, people))
		w.upload.inFlight = inFlight()
		w.settleOf(0, "")
		w.passes() // signed in
		w.settleMany(n, people)
		w.faults(fault{Kind: "slow", MS: ms})
		before, heap := w.requests(), held()
		var moved atomic.Int64
		w.changed = func(string) {
			if moved.Add(1) == int64(n/2) {
				heap = held() - heap
			}
		}
		b.StartTimer()
		began := time.Now()
		must(b, w.upload.pass(b.Context()))
		took := time.Since(began)
		b.StopTimer()
		requests := w.requests() - before
		b.Logf("%d settlements in %s", n, took)
		if waiting, err := w.queue.Pending(1, 0); err != nil || len(waiting) > 0 {
			b.Fatal(waiting, err)
		}
		b.ReportMetric(took.Seconds()/allowed(requests, ms).Seconds(), "x-allowed")
		b.ReportMetric(float64(requests)/float64(n), "requests/settlement")
		b.ReportMetric(float64(heap)/float64(n), "B/waiting")
		must(b, w.queue.Close())
		b.StartTimer()
	}
	b.ReportMetric(0, "ns/op")
}

// aDay is how many settlements are made on a day: a counter has not numbers for more.
const aDay = 20_000

// settleMany settles one line for each of so many people in turn, several at a time.
func (w *window) settleMany(n, people int) {
	w.t.Helper()
	next := make(chan settle.Settlement)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for s := range next {
				p, err := w.queue.Position(s.Person, s.Period)
				if err == nil {
					_, _, err = w.queue.Settle(w.t.Context(), queue.Commit{Settlement: s, ContentDigest: "d", Version: p.Version, By: clerk})
				}
				if err != nil && !errors.Is(err, queue.ErrStale) { // two of one person at a time: one fewer
					w.t.Error(err)
				}
			}
		})
	}
	for i := range n {
		w.ahead.Store(int64(i / aDay))
		w.keys++
		s := w.of(i%people, w.bill(fmt.Sprint("MZ", w.keys), 1))
		s.Key = fmt.Sprint("k", w.keys)
		next <- s
	}
	close(next)
	all.Wait()
}

// BenchmarkWaiting has many wait while nothing is sent. B/stored is the memory that the
// queue holds for each, B/known that of the upload for each that it knows of; walk-s is
// how long its walk through them takes.
func BenchmarkWaiting(b *testing.B) {
	n := given(manyVariable, 5000)
	people := min(n, 2000)
	for b.Loop() {
		w := openWindowOn(b, crowd(b, people))
		empty := held()
		w.settleMany(n, people)
		w.restart() // what settling left on the heap is gone
		stored := held()
		began := time.Now()
		for more := true; more && len(w.upload.lanes.known) < mostKnown; {
			var err error
			more, err = w.upload.read()
			must(b, err)
		}
		took := time.Since(began)
		b.ReportMetric(float64(held()-stored)/float64(len(w.upload.lanes.known)), "B/known")
		b.ReportMetric(took.Seconds(), "walk-s")
		b.ReportMetric(float64(stored-empty)/float64(n), "B/stored")
		b.ReportMetric(float64(len(w.upload.lanes.known)), "known")
		must(b, w.queue.Close())
	}
	b.ReportMetric(0, "ns/op")
}

// requests is how many the platform got.
func (w *window) requests() (n int) {
	for _, of := range w.books().Requests {
		n += of
	}
	return n
}

// held is what the heap holds, bytes.
func held() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkLineBack takes the line down while many wait, and back: x-allowed is the time
// from then until nothing waits, in units of what the answer time allows; back-s is that
// until the first request.
func BenchmarkLineBack(b *testing.B) {
	n, ms := min(given(manyVariable, 100), 10_000), given(answerVariable, 50)
	people := min(n, 2000)
	for b.Loop() {
		w := openWindowOn(b, crowd(b, people))
		w.upload.inFlight = inFlight()
		w.faults(fault{Kind: "away"})
		moved := make(chan struct{}, 100*n)
		w.changed = func(string) { moved <- struct{}{} }
		w.settleMany(n, people)
		stop := w.running()
		for w.requests() < 3 { // the line has been tried
			must(b, b.Context().Err())
		}
		w.command("clear", struct{}{})
		w.faults(fault{Kind: "slow", MS: ms})
		before, began := w.requests(), time.Now()
		<-moved
		first := time.Since(began)
		for {
			if waiting, err := w.queue.Pending(1, 0); err != nil || len(waiting) == 0 {
				must(b, err)
				break
			}
			<-moved
		}
		b.ReportMetric(time.Since(began).Seconds()/allowed(w.requests()-before, ms).Seconds(), "x-allowed")
		b.ReportMetric(first.Seconds(), "back-s")
		stop()
		must(b, w.queue.Close())
	}
	b.ReportMetric(0, "ns/op")
}

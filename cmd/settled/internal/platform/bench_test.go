package platform

import (
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// manyVariable says how many settlements BenchmarkBatch uploads, if not 500.
const manyVariable = "SETTLED_BENCH_BATCH"

// answerTime is what the simulator takes for each answer in the benchmarks, ms.
const answerTime = 50

// BenchmarkBatch uploads many settlements of as many people that wait, to a platform
// that takes 50 ms for each answer. x-allowed is the time in units of what that answer
// time allows: requests × 50 ms / in flight. B/waiting is the memory that the upload
// holds while it is under way, for each that waits at its begin.
func BenchmarkBatch(b *testing.B) {
	n := 500
	if given, err := strconv.Atoi(os.Getenv(manyVariable)); err == nil {
		n = given
	}
	people := min(n, 2000)
	for b.Loop() {
		b.StopTimer()
		w := openWindowOn(b, crowd(b, people))
		w.settleOf(0, "")
		w.passes() // signed in
		for i := range n {
			w.settleOf(i%people, "")
		}
		w.faults(fault{Kind: "slow", MS: answerTime})
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
		if waiting, err := w.queue.Pending(1, 0); err != nil || len(waiting) > 0 {
			b.Fatal(waiting, err)
		}
		allowed := time.Duration(requests) * answerTime * time.Millisecond / DefaultInFlight
		b.ReportMetric(took.Seconds()/allowed.Seconds(), "x-allowed")
		b.ReportMetric(float64(requests)/float64(n), "requests/settlement")
		b.ReportMetric(float64(heap)/float64(n), "B/waiting")
		must(b, w.queue.Close())
		b.StartTimer()
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
	const n = 100
	for b.Loop() {
		w := openWindowOn(b, crowd(b, n))
		w.faults(fault{Kind: "away"})
		moved := make(chan struct{}, 100*n)
		w.changed = func(string) { moved <- struct{}{} }
		for i := range n {
			w.settleOf(i, "")
		}
		stop := w.running()
		for w.requests() < 3 { // the line has been tried
			must(b, b.Context().Err())
		}
		w.command("clear", struct{}{})
		w.faults(fault{Kind: "slow", MS: answerTime})
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
		allowed := time.Duration(w.requests()-before) * answerTime * time.Millisecond / DefaultInFlight
		b.ReportMetric(time.Since(began).Seconds()/allowed.Seconds(), "x-allowed")
		b.ReportMetric(first.Seconds(), "back-s")
		stop()
		must(b, w.queue.Close())
	}
	b.ReportMetric(0, "ns/op")
}

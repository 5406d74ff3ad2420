package queue

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"settled/queue/journal"
)

// fill settles n bills of 2 lines, many at a time, on a disk that only seems to sync.
func fill(b *testing.B, dir string, o Options, n int, stop func(*Queue)) {
	o.wrap = func(d journal.Disk) journal.Disk { return nosync{d} }
	q := mustOpen(b, dir, o)
	c := make(chan int)
	done := make(chan bool)
	const callers = 64
	for range callers {
		go func() {
			for i := range c {
				if _, _, err := q.Settle(context.Background(), large(q, fmt.Sprint(dir, i), 2)); err != nil {
					b.Error(err)
				}
			}
			done <- true
		}()
	}
	for i := range n {
		c <- i
	}
	close(c)
	for range callers {
		<-done
	}
	stop(q)
}

func BenchmarkOpenClean(b *testing.B) {
	for _, n := range []int{1000, 20000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			o := options(newHand())
			o.Now = time.Now
			fill(b, dir, o, n, func(q *Queue) { mustClose(b, q) })
			for b.Loop() {
				q, err := Open(dir, o)
				must(b, err)
				b.StopTimer()
				mustClose(b, q)
				b.StartTimer()
			}
		})
	}
}

func BenchmarkOpenKilled(b *testing.B) {
	for _, n := range []int{1000, 20000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			o := options(newHand())
			o.Now = time.Now
			o.applyAfter, o.applyMany = time.Hour, 1<<30
			saved := b.TempDir()
			fill(b, dir, o, n, func(q *Queue) {
				must(b, os.CopyFS(filepath.Join(saved, "0"), os.DirFS(dir)))
				mustClose(b, q)
			})
			i := 0
			for b.Loop() {
				b.StopTimer()
				i++
				at := filepath.Join(saved, fmt.Sprint(i))
				must(b, os.CopyFS(at, os.DirFS(filepath.Join(saved, "0"))))
				b.StartTimer()
				q, err := Open(at, o)
				must(b, err)
				b.StopTimer()
				mustClose(b, q)
				fi, _ := os.Stat(filepath.Join(at, journalDir, journal.FileName(1)))
				t := time.Now()
				for range 10 {
					_, _ = os.ReadFile(filepath.Join(at, journalDir, journal.FileName(1)))
				}
				b.ReportMetric(float64(time.Since(t).Microseconds())/10, "read-us")
				b.ReportMetric(float64(fi.Size()), "bytes")
				must(b, os.RemoveAll(at))
				b.StartTimer()
			}
		})
	}
}

package queue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"golang.org/x/sys/unix"

	"settled/queue/journal"
	"settled/settle"
)

// slow is a disk whose sync takes a fixed time longer, as a kiosk's does.
type slow struct {
	journal.Disk
	delay time.Duration
	syncs int
}

func (d *slow) Sync() error {
	d.syncs++
	err := d.Disk.Sync()
	if d.delay > 0 {
		<-time.After(d.delay)
	}
	return err
}

// block is how many records are measured at a time. The disk of a shared machine
// changes from second to second: only two blocks side by side can be compared.
const block = 64

// BenchmarkSettle measures settlements of 2 and 15 lines against appending the same number
// of bytes and one fdatasync, in paired blocks in random order. p50-x-raw is the
// median over the blocks of the ratio of their medians; with a delay D in every sync
// that is the latency in units of D, nearly.
func BenchmarkSettle(b *testing.B) {
	for _, delay := range []time.Duration{0, 10 * time.Millisecond} {
		for _, callers := range []int{1, 32} {
			for _, lines := range []int{2, 15} {
				b.Run(fmt.Sprintf("D=%v/callers=%d/lines=%d", delay, callers, lines), func(b *testing.B) { pairs(b, delay, callers, lines) })
			}
		}
	}
}

func pairs(b *testing.B, delay time.Duration, callers, lines int) {
	dir := b.TempDir()
	d := &slow{delay: delay}
	o := options(newHand())
	o.Now = time.Now
	o.wrap = func(under journal.Disk) journal.Disk { d.Disk = under; return d }
	q := mustOpen(b, dir, o)
	f, err := os.Create(filepath.Join(dir, "raw"))
	must(b, err)
	defer func() { _ = f.Close() }()
	settleBlock(b, q, callers, lines, 1)
	line, err := os.Stat(filepath.Join(dir, journalDir, journal.FileName(1)))
	must(b, err)
	record := make([]byte, line.Size()/int64(callers*perCaller(callers)))
	var ratios, settles, raws []float64
	d.syncs = 0
	cpu := spent(b)
	for b.Loop() {
		var s, r []time.Duration
		if rand.IntN(2) == 0 {
			s = settleBlock(b, q, callers, lines, rand.Uint64())
			r = rawBlock(b, f, record, delay)
		} else {
			r = rawBlock(b, f, record, delay)
			s = settleBlock(b, q, callers, lines, rand.Uint64())
		}
		ratios = append(ratios, float64(median(s))/float64(median(r)))
		settles = append(settles, float64(median(s).Microseconds()))
		raws = append(raws, float64(median(r).Microseconds()))
	}
	b.ReportMetric(0, "ns/op") // of a pair of blocks: means nothing
	b.ReportMetric(float64((spent(b)-cpu).Microseconds())/float64(callers*perCaller(callers)*len(ratios)), "cpu-us/settle")
	b.ReportMetric(median(ratios), "p50-x-raw")
	b.ReportMetric(median(settles), "settle-us")
	b.ReportMetric(median(raws), "raw-us")
	b.ReportMetric(float64(d.syncs)/float64(callers*perCaller(callers)*len(ratios)), "syncs/settle")
	b.ReportMetric(float64(len(record)), "B/settle")
}

func settleBlock(b *testing.B, q *Queue, callers, lines int, id uint64) []time.Duration {
	took := make([][]time.Duration, callers)
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range perCaller(callers) {
				s := large(q, fmt.Sprintf("%x-%d-%d", id, c, i), lines)
				began := time.Now()
				if _, _, err := q.Settle(context.Background(), s); err != nil {
					b.Error(err)
				}
				took[c] = append(took[c], time.Since(began))
			}
		})
	}
	wg.Wait()
	return slices.Concat(took...)
}

func rawBlock(b *testing.B, f *os.File, record []byte, delay time.Duration) []time.Duration {
	took := make([]time.Duration, 0, block)
	for range block {
		began := time.Now()
		if _, err := f.Write(record); err != nil {
			b.Fatal(err)
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			b.Fatal(err)
		}
		if delay > 0 {
			<-time.After(delay)
		}
		took = append(took, time.Since(began))
	}
	return took
}

// spent is the processor time that this process took.
func spent(b *testing.B) time.Duration {
	var u unix.Rusage
	must(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func median[T time.Duration | float64](list []T) T {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// large is a settlement of some lines for a person of its own.
func large(q *Queue, key string, lines int) Commit {
	c := bill(q, key, 0, 1500, 0, 0, 500)
	s := &c.Settlement
	s.Person = q.Person(key)
	for i := range lines {
		name := fmt.Sprint("阿莫西林胶囊 ", i)
		s.Bill.Lines = append(s.Bill.Lines, settle.Line{Name: name, Code: "XJ01CAA040E001010101445", Charge: "09", Grade: settle.GradeA, UnitPrice: decimal.New(1234, -2), Quantity: decimal.New(2, 0)})
		s.Split.Lines = append(s.Split.Lines, settle.LineSplit{Name: name, Amount: 2468, InScope: 2468, Bucket: settle.BucketOrdinary, Rate: decimal.New(75, -2)})
		s.Split.Steps = append(s.Split.Steps, settle.Step{Line: i + 1, What: "fund", Rule: "R-1", Source: "深府令256 art. 12", Number: "0.75", Amount: 100, Chinese: "统筹基金按75%支付", English: "the fund pays 75 %"})
	}
	return c
}

// perCaller is how many settlements each caller makes in a block: enough that its
// beginning and end, when not all are there, do not count.
func perCaller(callers int) int { return max(block/callers, 10) }

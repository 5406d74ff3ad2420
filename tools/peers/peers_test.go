// Package peers measures the queue against what others would use in its place: the same
// records, in paired blocks in one run. It is a module of its own so that the daemon's
// has nothing of theirs.
package peers

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// store keeps a record and returns when it is durable.
type store interface {
	keep(n uint64, record []byte) error
	close() error
}

// prepares is a store whose records are made beforehand, by its caller.
type prepares interface{ prepare(first, count uint64) }

// block is how many records each store gets at a time, at least.
const block = 64

// BenchmarkStores compares the stores at 1, 8 and 32 callers. In a block each store, in
// random order, gets the same number of records; rate-x-raw is the median over the blocks
// of its rate as a multiple of that of one write and fdatasync for each record, and
// x-adaptive that of the rate of appending with adaptive group commit: the most that a
// journal can have.
func BenchmarkStores(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as the daemon has it
	for _, callers := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) { compare(b, callers) })
	}
}

func compare(b *testing.B, callers int) {
	q, record, err := openQueue(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	stores := map[string]store{"queue": q}
	for name, open := range openers() {
		if stores[name], err = open(b.TempDir()); err != nil {
			b.Fatalf("%s: %v", name, err)
		}
	}
	var n atomic.Uint64
	rates := map[string][]float64{}
	var ratios []float64 // of the queue's rate to that of adaptive group commit
	for b.Loop() {
		took := map[string]time.Duration{}
		for _, i := range rand.Perm(len(stores)) {
			name := names(stores)[i]
			took[name] = run(b, stores[name], callers, &n, record)
		}
		for name := range stores {
			rates[name] = append(rates[name], float64(took["raw"])/float64(took[name]))
		}
		ratios = append(ratios, float64(took["adaptive"])/float64(took["queue"]))
	}
	b.ReportMetric(0, "ns/op") // of a round of blocks: means nothing
	for name := range stores {
		b.ReportMetric(median(rates[name]), name+"-x-raw")
	}
	b.ReportMetric(median(ratios), "queue-x-adaptive")
	for name, s := range stores {
		if err := s.close(); err != nil {
			b.Errorf("%s: %v", name, err)
		}
	}
}

func names(stores map[string]store) []string {
	var list []string
	for name := range stores {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// run has callers keep a block of records together.
func run(b *testing.B, s store, callers int, n *atomic.Uint64, record []byte) time.Duration {
	each := max(block/callers, 8)
	if p, ok := s.(prepares); ok {
		p.prepare(n.Load()+1, uint64(callers*each))
	}
	var all sync.WaitGroup
	began := time.Now()
	for range callers {
		all.Go(func() {
			for range each {
				if err := s.keep(n.Add(1), record); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

func openers() map[string]func(dir string) (store, error) {
	return map[string]func(dir string) (store, error){
		"raw":                     func(dir string) (store, error) { return openRaw(dir) },
		"adaptive":                func(dir string) (store, error) { return adaptive(openRaw(dir)) },
		"bbolt":                   func(dir string) (store, error) { return adaptive(openBolt(dir)) },
		"pebble":                  openPebble,
		"sqlite-mattn":            func(dir string) (store, error) { return greedy(openSQLite(mattn(dir))) },
		"sqlite-mattn-adaptive":   func(dir string) (store, error) { return adaptive(openSQLite(mattn(dir))) },
		"sqlite-modernc":          func(dir string) (store, error) { return greedy(openSQLite(modernc(dir))) },
		"sqlite-modernc-adaptive": func(dir string) (store, error) { return adaptive(openSQLite(modernc(dir))) },
	}
}

// Both drivers with a write-ahead log that is synced at each commit.
func mattn(dir string) (driver, source string) {
	return "sqlite3", "file:" + filepath.Join(dir, "a") + "?_journal_mode=WAL&_synchronous=FULL"
}

func modernc(dir string) (driver, source string) {
	return "sqlite", "file:" + filepath.Join(dir, "a") + "?_pragma=journal_mode(wal)&_pragma=synchronous(full)"
}

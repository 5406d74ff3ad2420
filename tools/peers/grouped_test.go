package peers

import "time"

// batches is a store that makes many records durable at once.
type batches interface {
	keepAll(first uint64, records [][]byte) error
	close() error
}

// group is a group commit in front of a store. A greedy one takes what waits; an adaptive
// one expects, after a commit, the callers that were released and those that wait, for at
// most half of the commit's time.
type group struct {
	to    batches
	eager bool // greedy
	jobs  chan *job
	ended chan struct{}
}

type job struct {
	record []byte
	done   chan error
}

// greedy puts a greedy group in front of what an opener gave.
func greedy[T batches](to T, err error) (store, error) { return grouped(to, err, true) }

// adaptive puts an adaptive one there.
func adaptive[T batches](to T, err error) (store, error) { return grouped(to, err, false) }

func grouped(to batches, err error, eager bool) (store, error) {
	if err != nil {
		return nil, err
	}
	g := &group{to: to, eager: eager, jobs: make(chan *job, 1024), ended: make(chan struct{})}
	go g.write()
	return g, nil
}

func (g *group) keep(_ uint64, record []byte) error {
	j := &job{record: record, done: make(chan error, 1)}
	g.jobs <- j
	return <-j.done
}

func (g *group) close() error {
	close(g.jobs)
	<-g.ended
	return g.to.close()
}

func (g *group) write() {
	defer close(g.ended)
	var n uint64
	var expect int
	var until time.Time
	for first := range g.jobs {
		batch := g.gather([]*job{first}, expect, time.Until(until))
		var records [][]byte
		for _, j := range batch {
			records = append(records, j.record)
		}
		began := time.Now()
		err := g.to.keepAll(n, records)
		n += uint64(len(records))
		until = time.Now().Add(time.Since(began) / 2)
		expect = len(batch) + len(g.jobs)
		for _, j := range batch {
			j.done <- err
		}
	}
}

func (g *group) gather(batch []*job, expect int, wait time.Duration) []*job {
	timer := time.NewTimer(max(0, wait))
	defer timer.Stop()
	for {
		select {
		case j, open := <-g.jobs:
			if !open {
				return batch
			}
			batch = append(batch, j)
			continue
		default:
		}
		if len(batch) >= expect || wait <= 0 || g.eager {
			return batch
		}
		select {
		case j, open := <-g.jobs:
			if !open {
				return batch
			}
			batch = append(batch, j)
		case <-timer.C:
			return batch
		}
	}
}

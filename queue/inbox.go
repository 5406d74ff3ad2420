package queue

import (
	"slices"
	"sync"
	"time"
)

// inbox holds the operations that wait for the writer. The writer says what it waits
// for and is woken once: waking it for each of many costs more than running them.
type inbox struct {
	mu     sync.Mutex
	ops    []*op
	urgent int           // how many of them someone waits for at the counter
	want   want          // what the writer waits for
	wake   chan struct{} // one signal at most
}

// want is what the writer waits for: so many operations, or so many urgent ones. Zero
// is not waited for.
type want struct{ all, urgent int }

func (i *inbox) has(w want) bool {
	return (w.all > 0 && len(i.ops) >= w.all) || (w.urgent > 0 && i.urgent >= w.urgent)
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

func (i *inbox) put(o *op) {
	i.mu.Lock()
	i.ops = append(i.ops, o)
	if !o.patient {
		i.urgent++
	}
	enough := i.has(i.want)
	if enough {
		i.want = want{}
	}
	i.mu.Unlock()
	if enough {
		i.wake <- struct{}{} // it has room: the writer has taken the last one
	}
}

// await returns true when what w says is there, false if the time or quit comes first.
func (i *inbox) await(w want, end <-chan time.Time, quit <-chan struct{}) bool {
	i.mu.Lock()
	if i.has(w) {
		i.mu.Unlock()
		return true
	}
	i.want = w
	i.mu.Unlock()
	select {
	case <-i.wake:
		return true
	case <-end:
	case <-quit:
	}
	i.mu.Lock()
	signalled := i.want == want{}
	i.want = want{}
	i.mu.Unlock()
	if signalled { // in between
		<-i.wake
	}
	return signalled
}

// take gives the operations that wait, at most the first most.
func (i *inbox) take(most int) []*op {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := min(len(i.ops), most)
	ops := i.ops[:n:n]
	i.ops = slices.Clone(i.ops[n:])
	for _, o := range ops {
		if !o.patient {
			i.urgent--
		}
	}
	return ops
}

// giveBack puts operations before all others.
func (i *inbox) giveBack(ops []*op) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, o := range ops {
		if !o.patient {
			i.urgent++
		}
	}
	i.ops = append(ops, i.ops...)
}

func (i *inbox) waiting() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.ops)
}

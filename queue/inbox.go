package queue

import (
	"sync"
	"time"
)

// inbox holds the operations that wait for the writer. The writer says for how many it
// waits and is woken once: waking it for each of many costs more than running them.
type inbox struct {
	mu   sync.Mutex
	ops  []*op
	want int           // how many the writer waits for; 0: it does not
	wake chan struct{} // one signal at most
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

func (i *inbox) put(o *op) {
	i.mu.Lock()
	i.ops = append(i.ops, o)
	enough := i.want > 0 && len(i.ops) >= i.want
	if enough {
		i.want = 0
	}
	i.mu.Unlock()
	if enough {
		i.wake <- struct{}{} // it has room: the writer has taken the last one
	}
}

// await returns true when n operations wait, false if the time or quit comes first.
func (i *inbox) await(n int, end <-chan time.Time, quit <-chan struct{}) bool {
	i.mu.Lock()
	if len(i.ops) >= n {
		i.mu.Unlock()
		return true
	}
	i.want = n
	i.mu.Unlock()
	select {
	case <-i.wake:
		return true
	case <-end:
	case <-quit:
	}
	i.mu.Lock()
	signalled := i.want == 0
	i.want = 0
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
	if len(i.ops) <= most {
		ops := i.ops
		i.ops = nil
		return ops
	}
	ops := i.ops[:most:most]
	i.ops = i.ops[most:]
	return ops
}

// giveBack puts operations before all others.
func (i *inbox) giveBack(ops []*op) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ops = append(ops, i.ops...)
}

func (i *inbox) waiting() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.ops)
}

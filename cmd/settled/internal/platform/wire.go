package platform

import (
	"context"
	"slices"
	"sync"
)

// wire lets a number of the upload's requests be on their way to the platform at a time;
// the others wait for it in the order in which they came. A settlement holds it for a
// request, not for the reading and writing before and after: a few more than that number
// are under way, so that the platform has as many to answer while some are written.
type wire struct {
	mu      sync.Mutex
	most    int
	on      int             // the way now
	waiting []chan struct{} // closed when it is theirs
}

// ahead is how many settlements may be under way when so many requests may; where it is
// one, strictly one after another.
func ahead(most int) int { return most + (most+2)/4 }

// allow sets how many may be on their way.
func (w *wire) allow(most int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.most = most
	w.admit()
}

// enter waits until a request may go; its error is that of ctx.
func (w *wire) enter(ctx context.Context) error {
	w.mu.Lock()
	mine := make(chan struct{})
	w.waiting = append(w.waiting, mine)
	w.admit()
	w.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if at := slices.Index(w.waiting, mine); at >= 0 {
		w.waiting = slices.Delete(w.waiting, at, at+1)
	} else {
		w.on-- // it became ours meanwhile
		w.admit()
	}
	return ctx.Err()
}

// leave ends what enter began.
func (w *wire) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on--
	w.admit()
}

// admit lets go whom there is room for.
func (w *wire) admit() {
	for w.on < w.most && len(w.waiting) > 0 {
		w.on++
		close(w.waiting[0])
		w.waiting = w.waiting[1:]
	}
}

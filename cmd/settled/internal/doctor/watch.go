package doctor

import "sync"

// Watch tells all who follow that a [Source] has something new to say. The zero Watch is
// ready; its methods may be called from any goroutine.
type Watch struct {
	mu  sync.Mutex
	who map[chan struct{}]bool
}

// Changes gives a signal after each change, and one at the start. leave ends it, and may
// be called twice.
func (w *Watch) Changes() (changes <-chan struct{}, leave func()) {
	c := make(chan struct{}, 1)
	c <- struct{}{}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.who == nil {
		w.who = map[chan struct{}]bool{}
	}
	w.who[c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.who, c)
	}
}

// Changed signals all who follow, and waits for none of them.
func (w *Watch) Changed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.who {
		select {
		case c <- struct{}{}:
		default: // there is a signal that has not been taken
		}
	}
}

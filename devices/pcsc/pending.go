package pcsc

import "sync"

// pending is one call into the binding, which may never return. Its owner waits for
// done as long as it likes, and abandons it otherwise.
type pending[T any] struct {
	done  chan struct{} // closed when value and err are there
	value T
	err   error

	mu       sync.Mutex
	finished bool
	after    func(T, error)
}

// begin makes the call in a goroutine of its own.
func begin[T any](call func() (T, error)) *pending[T] {
	p := &pending[T]{done: make(chan struct{})}
	go func() {
		p.value, p.err = call()
		p.mu.Lock()
		p.finished = true
		after := p.after
		p.mu.Unlock()
		if after != nil {
			after(p.value, p.err)
		}
		close(p.done)
	}()
	return p
}

// abandon says what to do with the outcome once the call returns, be that now.
func (p *pending[T]) abandon(after func(T, error)) {
	p.mu.Lock()
	finished := p.finished
	if !finished {
		p.after = after
	}
	p.mu.Unlock()
	if finished {
		go after(p.value, p.err) // it may block as the call did
	}
}

// plain makes a call that gives only an error fit begin.
func plain(call func() error) func() (struct{}, error) {
	return func() (struct{}, error) { return struct{}{}, call() }
}

package api

import (
	"slices"
	"sync"
)

// mostOriginals bounds the originals that are remembered.
const mostOriginals = 1000

// originals are the slips that may still be given out unmarked: each once, by the daemon
// that made what they tell of. Whoever comes later gets a marked copy.
type originals struct {
	mu    sync.Mutex
	names []string // oldest first
}

// made remembers a slip that has just come about.
func (o *originals) made(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.names = append(o.names, name)
	if over := len(o.names) - mostOriginals; over > 0 {
		o.names = slices.Delete(o.names, 0, over)
	}
}

// copyNo is the mark of a slip that is given out: 0 only if the original is asked for
// and still there, else at least 1 and at least as high as the copies so far.
func (o *originals) copyNo(name string, asked, copies int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := slices.Index(o.names, name); asked == 0 && i >= 0 {
		o.names = slices.Delete(o.names, i, i+1)
		return 0
	}
	return max(1, asked, copies)
}

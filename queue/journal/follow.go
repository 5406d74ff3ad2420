package journal

import (
	"os"
	"path/filepath"
)

// Follow checks the journal in dir from its first entry and gives each to fn in order.
// It takes no lock, so it may run while another process writes: it ends at the last
// line that was whole when it came there, whether durable or not, and nothing is
// changed. It returns the place of that line and fn's error, or [Damage].
func Follow(dir string, fn func(Entry) error) (Pos, error) {
	list, err := files(dir)
	if err != nil {
		return Pos{}, err
	}
	if len(list) == 0 {
		return Pos{}, &os.PathError{Op: "open", Path: filepath.Join(dir, FileName(1)), Err: os.ErrNotExist}
	}
	w := walker{dir: dir}
	if err := w.genesis(list); err != nil {
		return Pos{}, err
	}
	bad, err := w.run(list, fn)
	for err == nil && bad != nil {
		// The line may just be being written. What proves that it was not comes before
		// the second look at it, else it could be about a line written in between.
		verdict := judge(filepath.Join(dir, FileName(bad.segment)), bad)
		at := w.head.N
		if bad, err = w.run(list, fn); err == nil && w.head.N == at {
			return w.head, verdict
		}
	}
	return w.head, err
}

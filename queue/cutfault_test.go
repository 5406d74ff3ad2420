package queue

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"settled/queue/internal/cutfs"
)

// diskFaults are what may go wrong with a disk while the power stays on. Each is made to
// happen at the first operation it is about, then at the second, and so on.
func diskFaults() map[string]cutfs.Fault {
	write, syncs := []cutfs.Kind{cutfs.Write}, []cutfs.Kind{cutfs.Sync, cutfs.SyncDir}
	return map[string]cutfs.Fault{
		"full":                         {Kinds: cutfs.Growing(), Errno: syscall.ENOSPC},
		"full in the midst of a write": {Kinds: write, Errno: syscall.ENOSPC, Short: 100},
		"write fails, and is done":     {Kinds: write, Errno: syscall.EIO, Count: 1, Done: true},
		"short writes":                 {Kinds: write, Short: 100, Count: 1},
		"sync fails, data are lost":    {Kinds: syncs, Errno: syscall.EIO, Count: 1},
		"sync fails, data are there":   {Kinds: syncs, Errno: syscall.EIO, Count: 1, Done: true},
		"read-only":                    {Kinds: append(cutfs.Changing(), syncs...), Errno: syscall.EROFS},
	}
}

// faultyDay is a short day, all kinds of writes in it.
func faultyDay() []act {
	var list []act
	for _, a := range acts() {
		switch a.name {
		case "open", "learn and link", "settle", "bring to bbolt", "acknowledge", "settle again", "hold", "next day", "close":
			list = append(list, a)
		}
	}
	return list
}

// TestFaultAtEveryOperation has the disk fail at each of its operations. Whoever asked
// is told that nobody knows, or that nothing was written, with the system's reason; the
// queue says that it stopped; and once the disk is well again the queue opened again
// tells the truth, goes on, and has lost nothing, also if the power fails then.
func TestFaultAtEveryOperation(t *testing.T) {
	for name, fault := range diskFaults() {
		t.Run(name, func(t *testing.T) {
			l := newTrial(t, cutfs.NewImage())
			mount, runs := filepath.Dir(l.dir), 0
			for k := 0; ; k += thin {
				fault.After = k
				day := trialOn(t, l.fs, mount)
				hits, err := day.faulted(fault)
				if err != nil {
					t.Fatalf("operation %d: %v", k, err)
				}
				must(t, os.RemoveAll(day.dir))
				if hits == 0 {
					break
				}
				runs++
			}
			if runs < 20/thin {
				t.Errorf("only %d operations failed", runs)
			}
			t.Logf("%d operations failed, one in each day", runs)
		})
	}
}

// faulted lives a day on a disk with a fault, and tells how many operations failed and
// what is wrong with what came of it.
func (l *trial) faulted(fault cutfs.Fault) (hits int, err error) {
	if _, err := l.fs.Fail(fault); err != nil {
		return 0, err
	}
	failed := l.live(faultyDay())
	if failed != nil && !errors.Is(failed, fault.Errno) {
		return 0, fmt.Errorf("the reason is not told: %w", failed)
	}
	if err := l.stoppedWell(failed); err != nil {
		return 0, err
	}
	if l.q != nil {
		_ = l.q.Close() // may fail; what counts is what the next one finds
	}
	if _, err := os.Stat(l.dir); err == nil && failed != nil { // started again, on the disk as it is
		if q, err := Open(l.dir, l.opt); err == nil {
			_ = q.Close() // as above
		} else if !errors.Is(err, fault.Errno) {
			return 0, fmt.Errorf("started again, the reason is not told: %w", err)
		}
	}
	if hits, err = l.fs.Fail(cutfs.Fault{}); err != nil {
		return 0, err
	}
	return hits, l.mended()
}

// stoppedWell: after a failed operation the queue says so, and takes nothing more.
func (l *trial) stoppedWell(failed error) error {
	if failed == nil || l.q == nil {
		return nil
	}
	if !errors.Is(failed, ErrUnknown) && !errors.Is(failed, ErrStopped) {
		s, err := l.q.Status()
		if errors.Is(err, ErrClosed) {
			return nil // it was the close that failed
		}
		return fmt.Errorf("failed without a stop (%w; %w): %w", s.Stopped, err, failed)
	}
	if s, err := l.q.Status(); err != nil || !errors.Is(s.Stopped, ErrStopped) {
		return fmt.Errorf("status after %w: %w, %w", failed, s.Stopped, err)
	}
	if _, err := l.q.MsgID(l.t.Context()); !errors.Is(err, ErrStopped) {
		return fmt.Errorf("goes on after %w: %w", failed, err)
	}
	return nil
}

// mended: the disk is well. What was told is there, what is asked for again is answered,
// and it is durable: then the power fails, and nothing that was not synced survives.
func (l *trial) mended() error {
	q, err := Open(l.dir, l.opt)
	if err != nil {
		return fmt.Errorf("on the mended disk: %w", err)
	}
	o := &oracle{t: l.t}
	var last uint64
	for _, w := range l.told {
		if w.asked == nil {
			continue
		}
		p, err := q.Position(w.asked.Settlement.Person, period)
		if err != nil {
			return err
		}
		w.asked.Version = p.Version
		if _, _, err := q.Settle(l.t.Context(), *w.asked); err != nil {
			return fmt.Errorf("asked again: %w", err)
		}
	}
	if s, err := q.Status(); err == nil {
		last = s.Entry
	}
	list, err := entries(q)
	if err := errors.Join(err, o.whole(q), q.Close()); err != nil {
		return err
	}
	clear(l.lives[0]) // what failed was perhaps not written
	for _, e := range list {
		l.lives[0][e.N] = e
	}
	l.tell(told{entry: last})
	o.told, o.lives = l.told, l.lives
	log, err := l.fs.Log()
	if err != nil {
		return err
	}
	dir := inMemory(l.t)
	defer func() { _ = os.RemoveAll(dir) }() // there are many
	for i, m := range []*cutfs.Image{log.Now(len(log.Ops)), log.Cut(len(log.Ops), cutfs.Strategies(0)[0])} {
		at := filepath.Join(dir, fmt.Sprint(i))
		if err := m.Save(at); err != nil {
			return err
		}
		if err := o.judge(filepath.Join(at, "state"), math.MaxInt); err != nil {
			return fmt.Errorf("after the mending (power cut: %v): %w", i == 1, err)
		}
	}
	return nil
}

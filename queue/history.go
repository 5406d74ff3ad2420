package queue

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"settled/queue/journal"
)

// History gives every settlement of the queue in dir, oldest first, as its entry has
// it; what became of it (State and what follows) is left empty. It reads the journal's
// files and nothing else, takes no lock and changes nothing, so a daemon may have the
// queue open: it ends with what is written when it comes there. Memory does not grow
// with the journal. key is the one of [Options]; another one's journal is [ErrForeign].
func History(dir string, key []byte, fn func(Record) error) error {
	v, err := newVault(key)
	if err != nil {
		return err
	}
	q := &Queue{vault: v}
	_, err = journal.Follow(filepath.Join(dir, journalDir), func(e journal.Entry) error {
		switch e.Kind {
		case kindOwner:
			return v.owns(e)
		case kindSettlement:
			s, err := q.settlementOf(e)
			if err != nil {
				return err
			}
			return fn(Record{Settlement: s, At: e.At, Entry: e.N, Hash: e.Hash})
		}
		return nil
	})
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("queue: %s holds no journal: %w", dir, err)
	}
	return err
}

// owns refuses the journal of another key.
func (v *vault) owns(e journal.Entry) error {
	ev, err := body[ownerRow](e)
	if err != nil {
		return err
	}
	if is, ok := ev.(ownerRow); !ok || is.KeyMark != v.mark {
		return fmt.Errorf("%w: it is sealed with another key", ErrForeign)
	}
	return nil
}

package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"settled/queue/journal"
)

// History gives every settlement of the queue in dir that was neither reversed nor
// archived, oldest first,
// as its entry has it; what became of it (State and what follows) is left empty. It reads the journal's
// files and nothing else, takes no lock and changes nothing, so a daemon may have the
// queue open: it ends with what is written when it comes there. Of the journal
// memory holds the numbers of what was reversed. key is the one of [Options]; another one's journal is [ErrForeign].
func History(dir string, key []byte, fn func(Record) error) error {
	v, err := newVault(key)
	if err != nil {
		return err
	}
	reversed, err := reversals(dir, v)
	if err != nil {
		return err
	}
	q := &Queue{vault: v}
	_, err = journal.Scan(filepath.Join(dir, journalDir), func(e journal.Entry) error {
		if e.Kind != kindSettlement && e.Kind != kindRefund {
			return nil
		}
		s, err := q.settlementOf(e)
		if err != nil || reversed[s.Number] {
			return err
		}
		return fn(Record{Settlement: s, At: e.At, Entry: e.N, Hash: e.Hash})
	})
	return err
}

// reversals gives the numbers of the settlements in dir that were reversed.
func reversals(dir string, v *vault) (map[string]bool, error) {
	list := map[string]bool{}
	_, err := journal.Scan(filepath.Join(dir, journalDir), func(e journal.Entry) error {
		if e.Kind == kindOwner {
			return v.owns(e)
		}
		if e.Kind != kindVoid && e.Kind != kindRefund {
			return nil
		}
		var void voided
		if err := json.Unmarshal(e.Body, &void); err != nil {
			return fmt.Errorf("queue: entry %d: %w", e.N, err)
		}
		list[void.Of] = true
		return nil
	})
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("queue: %s holds no journal: %w", dir, err)
	}
	return list, err
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

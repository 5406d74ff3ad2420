package queue

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"settled/queue/journal"
)

// maxKeys bounds the key ring: what is sealed does not say by which key.
const maxKeys = 64

// KeyMarks tells the keys of a ring from one another, and nothing else of them.
func KeyMarks(ring []byte) ([]string, error) {
	if len(ring) == 0 || len(ring)%KeySize != 0 || len(ring) > maxKeys*KeySize {
		return nil, fmt.Errorf("queue: the key has %d bytes, want %d for each of at most %d keys", len(ring), KeySize, maxKeys)
	}
	var marks []string
	for key := range slices.Chunk(ring, KeySize) {
		marks = append(marks, markOf(key))
	}
	for i, m := range marks {
		if slices.Contains(marks[:i], m) {
			return nil, fmt.Errorf("queue: key %s is in the ring twice", m)
		}
	}
	return marks, nil
}

func markOf(key []byte) string { return hex.EncodeToString(mac(key, "settled mark 1")[:8]) }

// rekeyed is the body of a "key" entry: from here on another key seals.
type rekeyed struct {
	Mark string `json:"mark"`
}

func (r rekeyed) check() error {
	if len(r.Mark) != 16 {
		return errors.New("key without a mark")
	}
	return nil
}

func (r rekeyed) reduce(v *view, _ journal.Entry) error {
	row, _, err := get(v, rings, one)
	if err != nil {
		return err
	}
	if slices.Contains(row.Marks, r.Mark) {
		return fmt.Errorf("key %s sealed before", r.Mark)
	}
	return put(v, rings, one, ringRow{Marks: append(slices.Clone(row.Marks), r.Mark)})
}

// ringRow holds the marks of the keys that came after the owner's, in their order.
type ringRow struct {
	Marks []string `json:"marks"`
}

func (r ringRow) check() error {
	if len(r.Marks) == 0 || len(r.Marks) >= maxKeys {
		return fmt.Errorf("%d keys", len(r.Marks))
	}
	return nil
}

// turnKeys writes an entry for each key of the ring that the journal does not know yet,
// before anything is sealed with it. It refuses a ring that lacks a key that sealed: an
// old one, which would seal with a key that was given up.
func (q *Queue) turnKeys() error {
	var row ringRow
	err := q.read(func(v *view) (err error) {
		row, _, err = get(v, rings, one)
		return err
	})
	if err != nil {
		return err
	}
	marks := q.vault.marks[1:] // the first is the owner's
	if len(marks) < len(row.Marks) || !slices.Equal(marks[:len(row.Marks)], row.Marks) {
		return fmt.Errorf("%w: keys %v sealed in it, in this order; the key ring has %v", ErrForeign, row.Marks, marks)
	}
	var list []journal.Entry
	for _, mark := range marks[len(row.Marks):] {
		body := fmt.Appendf(nil, `{"mark":%q}`, mark)
		e, err := q.journal.Add(journal.Record{Kind: kindKey, Rules: q.opt.Rules, Body: body})
		if err != nil {
			return fmt.Errorf("queue: %w", err)
		}
		list = append(list, e)
	}
	if len(list) == 0 {
		return nil
	}
	if err := q.journal.Commit(); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	for _, e := range list {
		if err := q.replay(e); err != nil {
			return err
		}
		q.head = journal.Pos{N: e.N, Hash: e.Hash, Loc: e.Loc}
	}
	q.notice("from entry %d on another key seals (%s)", list[0].N, marks[len(marks)-1])
	return q.apply()
}

package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"settled/queue/journal"
)

// Proof is what Verify proved.
type Proof struct {
	Entries uint64 // of the journal, all of them chained
	Hash    string // of the last
	Rows    int    // of the state, all of them as the journal says
}

// Verify checks the whole chain, derives the state anew from it, in memory, and
// compares it with what bbolt holds. A difference is an error that names the table.
func (q *Queue) Verify(ctx context.Context) (Proof, error) {
	if err := q.Flush(ctx); err != nil {
		return Proof{}, err
	}
	tx, err := q.db.Begin(false)
	if err != nil {
		return Proof{}, fmt.Errorf("queue: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // of a read it cannot fail
	at, err := applied(tx)
	if err != nil {
		return Proof{}, err
	}
	state := layer{}
	v := &view{layers: []layer{state}}
	proof := Proof{}
	err = q.journal.Walk(journal.Pos{}, func(e journal.Entry) error {
		if e.N > at.Pos.N {
			proof.Entries, proof.Hash = e.N, e.Hash // the chain is checked to its end
			return ctx.Err()
		}
		proof.Entries, proof.Hash = e.N, e.Hash
		return errors.Join(replay(v, e), ctx.Err())
	})
	if err != nil {
		return Proof{}, err
	}
	err = guarded(func() (err error) { proof.Rows, err = compare(tx, state, at); return err })
	return proof, err
}

// compare tells whether bbolt holds exactly the rows of state.
func compare(tx *bolt.Tx, state layer, at appliedRow) (rows int, err error) {
	if err := check(tx, at); err != nil {
		return 0, err
	}
	want := map[string]int{}
	for c, r := range state {
		value := tx.Bucket([]byte(c.table)).Get([]byte(c.key))
		if r == nil {
			if value != nil {
				return 0, corruptf("table %s has a row that the journal has not", c.table)
			}
			continue
		}
		packed, err := pack(c, r)
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(packed, value) {
			return 0, corruptf("table %s has a row that is not as the journal says", c.table)
		}
		want[c.table]++
		rows++
	}
	for name, n := range at.Tables {
		if n.Rows != want[name] {
			return 0, corruptf("table %s has %d rows, the journal says %d", name, n.Rows, want[name])
		}
	}
	return rows, nil
}

package queue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"settled/queue/journal"
)

// applyLoop is the applier: some time after the first commit, or when there are
// many, it brings what is committed to bbolt. At the end it does so once more.
func (q *Queue) applyLoop() {
	defer close(q.ended)
	for {
		select {
		case <-q.work:
			q.linger()
		case <-q.hurry: // also if there was work as well
		case <-q.written:
			_ = q.apply() // logged; what is missing is replayed
			return
		}
		if err := q.apply(); err != nil {
			<-q.written
			return
		}
	}
}

// linger waits for more to apply, unless there is a hurry.
func (q *Queue) linger() {
	timer := time.NewTimer(q.opt.applyAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-q.hurry:
	case <-q.written:
	}
}

// apply brings bbolt up to the head. After an error the queue is stopped: the journal
// has everything, and opening again brings it to bbolt.
func (q *Queue) apply() error {
	q.mu.Lock()
	head := q.head
	if head.N == q.applied.N || q.frozen != nil {
		q.mu.Unlock()
		return nil
	}
	q.frozen, q.current = q.current, layer{}
	frozen := q.frozen
	q.mu.Unlock()

	err := guarded(func() error { return write(q.db, frozen, head) })
	if err != nil {
		if isCorrupt(err) {
			q.suspect(err)
		}
		return q.stop(fmt.Errorf("bring to bbolt: %w", err))
	}
	rows := again(frozen)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.keep(rows)
	q.frozen, q.applied = nil, head
	close(q.caught)
	q.caught = make(chan struct{})
	return nil
}

// again are the rows that the next operations are likely to ask for: all but those of
// single settlements.
func again(rows layer) layer {
	l := layer{}
	for c, r := range rows {
		switch c.table {
		case persons.name, totals.name, ids.name, shifts.name, seats.name:
			l[c] = r
		}
	}
	return l
}

// keep keeps rows that bbolt has now, and forgets any others when there are too many.
func (q *Queue) keep(rows layer) {
	if q.known == nil {
		q.known = layer{}
	}
	maps.Copy(q.known, rows)
	for c := range q.known {
		if len(q.known) <= maxKnown {
			return
		}
		delete(q.known, c)
	}
}

// Flush returns when bbolt has all that was committed before the call.
func (q *Queue) Flush(ctx context.Context) error {
	q.mu.RLock()
	target := q.head.N
	q.mu.RUnlock()
	for {
		q.mu.RLock()
		err, applied, caught := q.stopped, q.applied.N, q.caught
		q.mu.RUnlock()
		if applied >= target || err != nil {
			return err
		}
		q.kick(q.hurry)
		select {
		case <-caught:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// appliedTable holds bbolt's own row: what it reflects, and what must be in it.
const appliedTable = "applied"

// appliedRow is the position that bbolt reflects, with the number of rows of each
// table and the sum of their check sums: rows lost or stale are noticed.
type appliedRow struct {
	Layout int               `json:"layout"` // of the rows
	Pos    journal.Pos       `json:"pos"`
	Tables map[string]census `json:"tables"`
}

// layout is the version of the tables and rows: a file of another one is built again.
const layout = 2

type census struct {
	Rows int    `json:"rows"`
	Sum  uint32 `json:"sum"`
}

func (a appliedRow) check() error {
	if a.Pos.N > 0 && a.Pos.Loc.Length == 0 {
		return errors.New("position without a place")
	}
	return nil
}

// write brings a layer to bbolt together with the position that it reflects.
func write(db *bolt.DB, rows layer, pos journal.Pos) error {
	return db.Update(func(tx *bolt.Tx) error {
		at, err := applied(tx)
		if err != nil {
			return err
		}
		at.Layout, at.Pos = layout, pos
		for _, c := range inOrder(rows) {
			n := at.Tables[c.table]
			if err := writeRow(tx.Bucket([]byte(c.table)), c, rows[c], &n); err != nil {
				return err
			}
			at.Tables[c.table] = n
		}
		value, err := pack(cell{appliedTable, one}, at)
		if err != nil {
			return err
		}
		return tx.Bucket([]byte(appliedTable)).Put([]byte(one), value)
	})
}

// inOrder is the cells by table and key, as bbolt holds them: rows that come in order are put behind one
// another, others push aside what stands there.
func inOrder(rows layer) []cell {
	return slices.SortedFunc(maps.Keys(rows), func(a, b cell) int {
		return cmp.Or(strings.Compare(a.table, b.table), strings.Compare(a.key, b.key))
	})
}

func writeRow(b *bolt.Bucket, c cell, r row, n *census) error {
	key := []byte(c.key)
	if old := b.Get(key); old != nil {
		data, err := open(c.table, c.key, old)
		if err != nil {
			return err
		}
		n.Rows--
		n.Sum -= rowSum(c.table, c.key, data)
	}
	if r == nil {
		return b.Delete(key)
	}
	value, err := pack(c, r)
	if err != nil {
		return err
	}
	n.Rows++
	n.Sum += rowSum(c.table, c.key, value[4:])
	return b.Put(key, value)
}

// applied reads what bbolt reflects.
func applied(tx *bolt.Tx) (appliedRow, error) {
	at := appliedRow{Tables: map[string]census{}}
	value := tx.Bucket([]byte(appliedTable)).Get([]byte(one))
	if value == nil {
		return at, nil
	}
	data, err := open(appliedTable, one, value)
	if err != nil {
		return at, err
	}
	if err := json.Unmarshal(data, &at); err != nil {
		return appliedRow{}, corruptf("applied: %v", err)
	}
	if at.Tables == nil {
		at.Tables = map[string]census{}
	}
	if err := at.check(); err != nil {
		return appliedRow{}, corruptf("applied: %v", err)
	}
	return at, nil
}

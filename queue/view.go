package queue

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// row is a stored thing. check is run before it is written and after it is read.
type row interface{ check() error }

// table is a bucket of bbolt whose rows are of one type. A row is a value: whoever
// changes a slice or map in one makes a new one first.
type table[T row] struct{ name string }

// Tables. Keys of persons, cards: keyed hash; of settlements, which holds the voids as
// well, and copies: number; of outbox and holds: seqKey of the settlement's or void's entry; of keys:
// idempotency key; of shifts: seqKey of the entry that opened it; of seats: device; of
// archives: seqKey of the last entry; of days: 2006-01-02; of choices and choosing, those
// that wait: seqKey of the choice's entry; of choosers: keyed hash; of operators: their
// number; of the rest: one.
var (
	persons     = table[personRow]{"persons"}
	cards       = table[cardRow]{"cards"}
	settlements = table[settlementRow]{"settlements"}
	outbox      = table[waitRow]{"outbox"}
	holds       = table[waitRow]{"held"}
	keys        = table[keyRow]{"keys"}
	totals      = table[totalsRow]{"totals"}
	ids         = table[idsRow]{"ids"}
	owners      = table[ownerRow]{"owner"}
	epochs      = table[epochRow]{"epoch"}
	rings       = table[ringRow]{"ring"}
	archives    = table[archived]{"archives"}
	shifts      = table[shiftRow]{"shifts"}
	seats       = table[seatRow]{"seats"}
	rulesets    = table[rulesRow]{"rules"}
	days        = table[dayRow]{"days"}
	copies      = table[copiesRow]{"copies"}
	choices     = table[choiceRow]{"choices"}
	choosers    = table[chooserRow]{"choosers"}
	choosing    = table[chooserRow]{"choosing"}
	operators   = table[operatorRow]{"operators"}
)

// one is the key of a table with a single row.
const one = "one"

// rowTypes makes an empty row of each table, to read rows whose table is only known
// by name.
func rowTypes() map[string]func([]byte) (row, error) {
	return map[string]func([]byte) (row, error){
		persons.name: persons.parse, cards.name: cards.parse, settlements.name: settlements.parse,
		outbox.name: outbox.parse, holds.name: holds.parse, keys.name: keys.parse,
		totals.name: totals.parse, ids.name: ids.parse, owners.name: owners.parse, epochs.name: epochs.parse,
		rings.name: rings.parse, archives.name: archives.parse,
		shifts.name: shifts.parse, seats.name: seats.parse, rulesets.name: rulesets.parse, days.name: days.parse,
		copies.name: copies.parse, choices.name: choices.parse, choosers.name: choosers.parse, choosing.name: choosing.parse,
		operators.name: operators.parse,
	}
}

func (t table[T]) parse(data []byte) (row, error) {
	var r T
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, err
	}
	return r, r.check()
}

// seqKey is the key of entry n: keys sort as the numbers do.
func seqKey(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }

func seqOf(key string) uint64 { return binary.BigEndian.Uint64([]byte(key)) }

// cell is the place of a row.
type cell struct{ table, key string }

// layer is rows that are not in bbolt yet; a nil row is one that was deleted.
type layer map[cell]row

// view is the state: layers, newest first, over a read transaction of bbolt.
type view struct {
	layers []layer // put writes to the first
	known  layer   // rows of bbolt that need not be read there again
	tx     *bolt.Tx
}

func get[T row](v *view, t table[T], key string) (T, bool, error) {
	var none T
	for _, l := range v.layers {
		if r, ok := l[cell{t.name, key}]; ok {
			got, ok := r.(T) // not if it was deleted
			return got, ok, nil
		}
	}
	if r, ok := v.known[cell{t.name, key}]; ok {
		got, ok := r.(T)
		return got, ok, nil
	}
	if v.tx == nil || key == "" {
		return none, false, nil
	}
	data := v.tx.Bucket([]byte(t.name)).Get([]byte(key))
	if data == nil {
		return none, false, nil
	}
	r, err := unpack(t, key, data)
	return r, err == nil, err
}

func put[T row](v *view, t table[T], key string, r T) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("queue: row for table %s: %w", t.name, err)
	}
	v.layers[0][cell{t.name, key}] = r
	return nil
}

func drop[T row](v *view, t table[T], key string) { v.layers[0][cell{t.name, key}] = nil }

// scan gives the rows behind the key after in order until fn returns false.
func scan[T row](v *view, t table[T], after string, fn func(key string, r T) (bool, error)) error {
	m := merge{over: map[string]row{}}
	for _, l := range slices.Backward(v.layers) {
		for c, r := range l {
			if c.table == t.name && c.key > after {
				m.over[c.key] = r
			}
		}
	}
	m.fresh = slices.Sorted(maps.Keys(m.over))
	if v.tx != nil {
		m.begin(v.tx.Bucket([]byte(t.name)).Cursor(), after)
	}
	for m.more() {
		key, data := m.next()
		r, ok := m.over[key].(T) // not if it was deleted
		if data != nil {
			var err error
			if r, err = unpack(t, key, data); err != nil {
				return err
			}
		} else if !ok {
			continue
		}
		if more, err := fn(key, r); err != nil || !more {
			return err
		}
	}
	return nil
}

// merge goes through the keys of bbolt and of the layers above it in order.
type merge struct {
	over  map[string]row
	fresh []string // keys of over, in order
	c     *bolt.Cursor
	k     []byte // nil: bbolt has no more
	data  []byte
}

func (m *merge) begin(c *bolt.Cursor, after string) {
	m.c = c
	if m.k, m.data = c.Seek([]byte(after)); string(m.k) == after && m.k != nil {
		m.k, m.data = c.Next()
	}
}

func (m *merge) more() bool { return len(m.fresh) > 0 || m.k != nil }

// next returns the next key, with bbolt's value if no layer has the key.
func (m *merge) next() (key string, data []byte) {
	if m.k == nil || (len(m.fresh) > 0 && m.fresh[0] <= string(m.k)) {
		key, m.fresh = m.fresh[0], m.fresh[1:]
		if m.k != nil && key == string(m.k) {
			m.k, m.data = m.c.Next()
		}
		return key, nil
	}
	key, data = string(m.k), m.data
	m.k, m.data = m.c.Next()
	return key, data
}

// rowSum is the check sum of a row in its place.
func rowSum(table, key string, data []byte) uint32 {
	c := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(0, c, []byte(table))
	sum = crc32.Update(sum, c, []byte{0})
	sum = crc32.Update(sum, c, []byte(key))
	return crc32.Update(sum, c, data)
}

// pack makes a value of bbolt: a CRC-32C of table, key and row, then the row as JSON.
// bbolt's pages have no check sums.
func pack(c cell, r row) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("queue: row for table %s: %w", c.table, err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("queue: row for table %s: %w", c.table, err)
	}
	return append(binary.BigEndian.AppendUint32(nil, rowSum(c.table, c.key, data)), data...), nil
}

// open checks a value and returns its JSON.
func open(table, key string, value []byte) ([]byte, error) {
	if len(value) < 5 || binary.BigEndian.Uint32(value) != rowSum(table, key, value[4:]) {
		return nil, corruptf("a row of table %s is not what was written", table)
	}
	return value[4:], nil
}

func unpack[T row](t table[T], key string, value []byte) (T, error) {
	var r T
	data, err := open(t.name, key, value)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, corruptf("a row of table %s: %v", t.name, err)
	}
	if err := r.check(); err != nil {
		return r, corruptf("a row of table %s: %v", t.name, err)
	}
	return r, nil
}

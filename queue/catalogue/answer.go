package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"settled/settle"
)

// Query asks for an item on a day.
type Query struct {
	Code string      // 医疗目录编码
	Day  settle.Date // of the visit
}

// Answer is what the catalogue says of an item: the valid rows that hold on the day.
type Answer struct {
	Known  bool  `json:"known"`  // the code is there, if not on this day
	Item   *Row  `json:"item"`   // nil: not on this day
	Caps   []Row `json:"caps"`   // of every kind of price limit
	Ratios []Row `json:"ratios"` // of every kind of insurance
}

// Found is what one version of the catalogue says.
type Found struct {
	Digest  string   // SM3 of the whole catalogue, hex; "": none is loaded
	Caps    bool     // there are price caps at all (1318)
	Ratios  bool     // there are ratios at all (1319)
	Answers []Answer // by query
}

// Find answers all queries from the same version.
func (s *Store) Find(queries []Query) (found Found, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		found = Found{Answers: make([]Answer, len(queries))}
		if tx == nil {
			return nil
		}
		census, err := readCensus(tx)
		if err != nil {
			return err
		}
		found.Digest = census.Digest
		found.Caps, found.Ratios = census.Tables[Caps].Valid > 0, census.Tables[Ratios].Valid > 0
		for i, q := range queries {
			if err := answer(tx, q, &found.Answers[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

func answer(tx *bolt.Tx, q Query, a *Answer) error {
	for _, t := range tables() {
		rows, known, err := inForce(tx, t, q)
		if err != nil {
			return err
		}
		switch t {
		case Items:
			a.Known = known
			if len(rows) > 0 {
				a.Item = &rows[0]
			}
		case Caps:
			a.Caps = rows
		case Ratios:
			a.Ratios = rows
		}
	}
	return nil
}

// inForce gives the valid rows of an item on a day; known tells that there is any row.
func inForce(tx *bolt.Tx, t Table, q Query) (rows []Row, known bool, err error) {
	prefix := []byte(q.Code + keySeparator)
	c := tx.Bucket([]byte(t)).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		var r Row
		if err := json.Unmarshal(v, &r); err != nil {
			return nil, false, fmt.Errorf("catalogue: %w: %w", errDamaged, err)
		}
		if known = true; r.Valid && q.Day.Within(r.From, r.To) {
			rows = append(rows, r)
		}
	}
	return rows, known, nil
}

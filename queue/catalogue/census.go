package catalogue

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	bolt "go.etcd.io/bbolt"

	"settled/settle"
)

// Census is what a catalogue holds.
type Census struct {
	Area   string          `json:"area"`   // 医保区划
	Digest string          `json:"digest"` // SM3 of all rows, hex; "": nothing is loaded
	Tables map[Table]Count `json:"tables"`
}

// Count is what a table holds.
type Count struct {
	Rows    int         `json:"rows"`
	Valid   int         `json:"valid"`        // rows that were not withdrawn
	Codes   int         `json:"codes"`        // items
	From    settle.Date `json:"from"`         // first day of any valid row
	To      settle.Date `json:"to,omitempty"` // last day of any valid row; zero: open
	Updated string      `json:"updated"`      // of the newest row
}

// LoadNote is a load as it is remembered.
type LoadNote struct {
	At     time.Time `json:"at"`
	Files  []string  `json:"files"`
	Digest string    `json:"digest"` // after it
	Outcome
}

// List tells what is loaded and which loads it came from, newest first.
func (s *Store) List() (census Census, loads []LoadNote, err error) {
	err = s.view(func(tx *bolt.Tx) (err error) {
		if tx == nil {
			return nil
		}
		if census, err = readCensus(tx); err != nil {
			return err
		}
		loads, err = readLoads(tx)
		return err
	})
	return census, loads, err
}

func readCensus(tx *bolt.Tx) (c Census, err error) {
	err = readAbout(tx, censusKey, &c)
	return c, err
}

func readLoads(tx *bolt.Tx) (loads []LoadNote, err error) {
	err = readAbout(tx, loadsKey, &loads)
	return loads, err
}

func readAbout(tx *bolt.Tx, key string, into any) error {
	b := tx.Bucket([]byte(aboutBucket))
	if b == nil {
		return fmt.Errorf("catalogue: %w", errDamaged)
	}
	if err := json.Unmarshal(b.Get([]byte(key)), into); err != nil {
		return fmt.Errorf("catalogue: %w: %w", errDamaged, err)
	}
	return nil
}

// count walks over all rows: it counts and digests them, and refuses two rows of one
// kind that hold on the same day.
func count(tx *bolt.Tx, area string) (Census, error) {
	c := Census{Area: area, Tables: map[Table]Count{}}
	digest := sm3.New()
	said := json.NewEncoder(digest)
	for _, t := range tables() {
		_, _ = digest.Write([]byte(t)) // a hash takes everything
		n, last, code := Count{}, (*kept)(nil), ""
		err := tx.Bucket([]byte(t)).ForEach(func(_, v []byte) error {
			row := &kept{}
			if err := json.Unmarshal(v, row); err != nil {
				return fmt.Errorf("%w: %w", errDamaged, err)
			}
			if err := said.Encode(row.Row); err != nil {
				return fmt.Errorf("catalogue: %w", err)
			}
			n.Rows++
			n.Updated = max(n.Updated, row.Updated)
			if row.Code != code {
				code = row.Code
				n.Codes++
			}
			if !row.Valid {
				return nil
			}
			if last != nil && last.Code == row.Code && last.group() == row.group() && (last.To == 0 || row.From <= last.To) {
				return overlap(t, last, row)
			}
			n.add(&row.Row)
			last = row
			return nil
		})
		if err != nil {
			return c, err
		}
		c.Tables[t] = n
	}
	c.Digest = hex.EncodeToString(digest.Sum(nil))
	return c, nil
}

func (n *Count) add(r *Row) {
	if n.Valid == 0 || r.From < n.From {
		n.From = r.From
	}
	switch {
	case n.Valid == 0:
		n.To = r.To
	case n.To != 0 && (r.To == 0 || r.To > n.To):
		n.To = r.To
	}
	n.Valid++
}

// overlap says that two rows hold on one day, at the place of the one that came later.
func overlap(t Table, a, b *kept) error {
	if a.Updated > b.Updated {
		a, b = b, a
	}
	what := strings.Trim(b.group(), "/")
	return &Fault{Place: b.Where, Field: fieldFrom, Why: fmt.Sprintf(
		"%s %s %s: %s..%s overlaps %s..%s of row %s (%s)", t, b.Code, what, b.From, b.To, a.From, a.To, a.ID, a.Where)}
}

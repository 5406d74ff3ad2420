package peers

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	_ "github.com/mattn/go-sqlite3" // sqlite3
	"github.com/shopspring/decimal"
	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite" // sqlite

	"settled/queue"
	"settled/settle"
)

// settled is the queue itself. A record is a settlement of 12 lines, of a person of its
// own, which it encodes, seals, numbers and keeps an account of, where others get bytes.
type settled struct {
	q     *queue.Queue
	bills map[uint64]queue.Commit // made before the clock runs
}

// openQueue also gives a line that it wrote, the record of the others.
func openQueue(dir string) (*settled, []byte, error) {
	q, err := queue.Open(dir, queue.Options{Institution: "H44030000001", Counter: "01", Key: bytes.Repeat([]byte{1}, queue.KeySize)})
	if err != nil {
		return nil, nil, err
	}
	s := &settled{q: q}
	s.prepare(1<<40, 1)
	if err := s.keep(1<<40, nil); err != nil {
		return nil, nil, err
	}
	journal, err := os.ReadFile(filepath.Join(dir, "journal", "journal-000000000001.jsonl"))
	if err != nil {
		return nil, nil, err
	}
	_, line, ok := bytes.Cut(journal, []byte("\n")) // behind the owner's
	if !ok || len(line) < 1000 {
		return nil, nil, errors.New("no settlement in the journal")
	}
	return s, line, nil
}

func (s *settled) prepare(first, count uint64) {
	s.bills = map[uint64]queue.Commit{}
	for n := range count {
		s.bills[first+n] = bill(s.q, first+n)
	}
}

func (s *settled) keep(n uint64, _ []byte) error {
	_, _, err := s.q.Settle(context.Background(), s.bills[n])
	return err
}

func (s *settled) close() error { return s.q.Close() }

func bill(q *queue.Queue, n uint64) queue.Commit {
	key := fmt.Sprint(n)
	s := settle.Settlement{
		Key: key, Person: q.Person(key), Who: settle.Identity{IDNumber: "440301201501011234", Name: "王小明"}, Period: "2026", Rules: "r7",
		Split: settle.Split{Status: settle.Settled, Total: 2000, Fund: 1500, Cash: 500, UsageAfter: settle.Usage{Ordinary: 1500}},
	}
	for i := range 12 {
		name := fmt.Sprintf("阿莫西林胶囊 %d mg", 125*(i+1))
		s.Bill.Lines = append(s.Bill.Lines, settle.Line{
			Name: name, Code: fmt.Sprintf("XJ01CAA040E0010101%05d", 7919*i%99991), Charge: "09", Grade: settle.GradeA,
			UnitPrice: decimal.New(int64(1234+i), -2), Quantity: decimal.New(2, 0),
		})
		s.Split.Lines = append(s.Split.Lines, settle.LineSplit{Name: name, Amount: 2468, InScope: 2468, Bucket: settle.BucketOrdinary, Rate: decimal.New(75, -2)})
		s.Split.Steps = append(s.Split.Steps, settle.Step{Line: i + 1, What: "fund", Rule: "R-1", Source: "深府令256 art. 12", Number: "0.75", Amount: 100})
	}
	return queue.Commit{Settlement: s, ContentDigest: "d" + key, By: queue.By{Operator: "0001", Device: "W01"}}
}

// raw appends to a file.
type raw struct {
	mu sync.Mutex
	f  *os.File
}

func openRaw(dir string) (*raw, error) {
	f, err := os.Create(filepath.Join(dir, "raw"))
	return &raw{f: f}, err
}

func (r *raw) keep(_ uint64, record []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keepAll(0, [][]byte{record})
}

func (r *raw) keepAll(_ uint64, records [][]byte) error {
	if _, err := r.f.Write(bytes.Join(records, nil)); err != nil {
		return err
	}
	return unix.Fdatasync(int(r.f.Fd()))
}

func (r *raw) close() error { return r.f.Close() }

// boltStore is bbolt alone.
type boltStore struct{ db *bolt.DB }

func openBolt(dir string) (*boltStore, error) {
	db, err := bolt.Open(filepath.Join(dir, "bolt"), 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType, NoFreelistSync: true, InitialMmapSize: 1 << 30})
	if err != nil {
		return nil, err
	}
	return &boltStore{db}, db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("r")); return err })
}

func (s *boltStore) keepAll(first uint64, records [][]byte) error {
	return s.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("r"))
		for i, r := range records {
			if err := b.Put(binary.BigEndian.AppendUint64(nil, first+uint64(i)), r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *boltStore) close() error { return s.db.Close() }

// pebbleStore is Pebble, which groups commits by itself.
type pebbleStore struct{ db *pebble.DB }

func openPebble(dir string) (store, error) {
	db, err := pebble.Open(dir, &pebble.Options{Logger: silent{}})
	return &pebbleStore{db}, err
}

func (s *pebbleStore) keep(n uint64, record []byte) error {
	return s.db.Set(binary.BigEndian.AppendUint64(nil, n), record, pebble.Sync)
}

func (s *pebbleStore) close() error { return s.db.Close() }

type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}

// sqliteStore is SQLite with a write-ahead log that is synced at each commit.
type sqliteStore struct{ db *sql.DB }

func openSQLite(driver, source string) (*sqliteStore, error) {
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec("CREATE TABLE r (n INTEGER PRIMARY KEY, v BLOB)")
	return &sqliteStore{db}, err
}

func (s *sqliteStore) keepAll(first uint64, records [][]byte) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	put, err := tx.Prepare("INSERT INTO r VALUES (?, ?)")
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	for i, r := range records {
		if _, err := put.Exec(int64(first)+int64(i), r); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

func (s *sqliteStore) close() error { return s.db.Close() }

package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// readable is the mode of the files: nothing in them is secret, and the daemon may be
// another user than who loads.
const readable = 0o644

// Bounds of a load.
const (
	batchRows = 20_000 // rows a transaction
	mostLoads = 100    // that are remembered
)

// Options of a load.
type Options struct {
	Area string           // 医保区划 whose rows are kept
	Now  func() time.Time // clock
}

// Outcome is what a load did, in rows.
type Outcome struct {
	New       int `json:"new"`
	Newer     int `json:"newer"`     // took the place of an older version
	Same      int `json:"same"`      // were there
	Older     int `json:"older"`     // there was a newer version
	Elsewhere int `json:"elsewhere"` // of other areas, not kept
}

// Changed tells whether the catalogue is another one now.
func (o Outcome) Changed() bool { return o.New+o.Newer > 0 }

// kept is a row as the file keeps it.
type kept struct {
	Row
	Where Place `json:"where"` // where it came from
}

// Load adds the rows of files to the catalogue in the state directory dir. A row takes
// the place of the one with the same rid if its updt_time is later. It is all or
// nothing: after any error, or when the process is killed, the catalogue is as it was.
// What is wrong with a file is a *[Fault]. Another process may read meanwhile, and sees
// the new rows from then on; a second load at the same time is refused.
func Load(dir string, o Options, files []string) (out Outcome, err error) {
	unlock, err := lock(dir)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	name := filepath.Join(dir, FileName)
	next := name + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a load that was killed
		return out, fmt.Errorf("catalogue: %w", err)
	}
	defer func() { _ = os.Remove(next) }() // gone already if it got its name
	if err := copyTo(name, next); err != nil {
		return out, err
	}
	l := &load{options: o, files: files}
	if err := guarded(func() error { return l.fill(next) }); err != nil || !l.out.Changed() {
		return l.out, err
	}
	return l.out, publish(next, name, dir)
}

// lock keeps a second load away.
func lock(dir string) (unlock func() error, err error) {
	f, err := os.OpenFile(filepath.Join(dir, "catalogue.lock"), os.O_CREATE|os.O_RDONLY, readable)
	if err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	_ = f.Chmod(readable) // another user's already has it
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("catalogue: another load is under way in %s: %w", dir, err), f.Close())
	}
	return f.Close, nil // which lets go of the lock
}

// copyTo copies the present catalogue, if there is one.
func copyTo(name, next string) error {
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := openFile(name, true)
	if err != nil {
		return err
	}
	err = guarded(func() error { return db.View(func(tx *bolt.Tx) error { return tx.CopyFile(next, readable) }) })
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("catalogue: copy %s: %w", FileName, err)
	}
	return nil
}

// publish gives the whole, synced file its name.
func publish(next, name, dir string) error {
	if err := os.Chmod(next, readable); err != nil { // whatever the umask of who loads: the daemon has to read it
		return fmt.Errorf("catalogue: %w", err)
	}
	if err := os.Rename(next, name); err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("catalogue: sync %s: %w", dir, err)
	}
	return nil
}

// load is a load under way.
type load struct {
	options Options
	files   []string
	db      *bolt.DB
	tx      *bolt.Tx
	rows    int // in tx
	out     Outcome
}

// fill brings all rows of all files into the new file.
func (l *load) fill(next string) (err error) {
	if l.db, err = openFile(next, false); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.db.Close()) }()
	defer func() {
		if l.tx != nil {
			err = errors.Join(err, l.tx.Rollback())
		}
	}()
	if err := l.begin(); err != nil {
		return err
	}
	if err := l.sameArea(); err != nil {
		return err
	}
	for _, path := range l.files {
		if err := readFile(path, l.take); err != nil {
			return err
		}
	}
	if !l.out.Changed() {
		return nil
	}
	if err := l.note(); err != nil {
		return err
	}
	return l.commit()
}

func (l *load) begin() (err error) {
	if l.tx, err = l.db.Begin(true); err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	for _, name := range [...]string{string(Items), string(Caps), string(Ratios), indexBucket, aboutBucket} {
		if _, err := l.tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return fmt.Errorf("catalogue: %w", err)
		}
	}
	return nil
}

func (l *load) commit() error {
	tx := l.tx
	l.tx, l.rows = nil, 0
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("catalogue: write: %w", err)
	}
	return nil
}

// sameArea refuses to mix the catalogues of two areas.
func (l *load) sameArea() error {
	if l.tx.Bucket([]byte(aboutBucket)).Get([]byte(censusKey)) == nil {
		return nil
	}
	c, err := readCensus(l.tx)
	if err == nil && c.Area != l.options.Area {
		err = fmt.Errorf("catalogue: it is of area %s, not %s; remove %s to start anew", c.Area, l.options.Area, FileName)
	}
	return err
}

// take takes one row of a file.
func (l *load) take(at Place, t Table, fields map[string]string) error {
	row, area, fault := rowOf(t, fields)
	if fault != nil {
		fault.Place = at
		return fault
	}
	if area != l.options.Area {
		l.out.Elsewhere++
		return nil
	}
	if err := l.put(t, row, at); err != nil {
		return err
	}
	l.rows++
	if l.rows < batchRows {
		return nil
	}
	if err := l.commit(); err != nil {
		return err
	}
	return l.begin()
}

func (l *load) put(t Table, row Row, at Place) error {
	rows, index, id := l.tx.Bucket([]byte(t)), l.tx.Bucket([]byte(indexBucket)), []byte(string(t)+keySeparator+row.ID)
	if before := index.Get(id); before != nil {
		var old kept
		if err := json.Unmarshal(rows.Get(before), &old); err != nil {
			return fmt.Errorf("catalogue: %w: %w", errDamaged, err)
		}
		switch {
		case old.Row == row:
			l.out.Same++
			return nil
		case old.Updated > row.Updated:
			l.out.Older++
			return nil
		case old.Updated == row.Updated:
			return &Fault{Place: at, Field: fieldUpdated, Why: fmt.Sprintf("row %s of the same moment says something else (%s)", row.ID, old.Where)}
		}
		if err := rows.Delete(old.key()); err != nil {
			return fmt.Errorf("catalogue: %w", err)
		}
		l.out.Newer++
	} else {
		l.out.New++
	}
	return l.write(rows, index, id, kept{Row: row, Where: at})
}

func (l *load) write(rows, index *bolt.Bucket, id []byte, k kept) error {
	value, err := json.Marshal(k)
	if err == nil {
		err = rows.Put(k.key(), value)
	}
	if err == nil {
		err = index.Put(id, k.key())
	}
	if err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	return nil
}

// note writes what the catalogue holds now and where it came from.
func (l *load) note() error {
	census, err := count(l.tx, l.options.Area)
	if err != nil {
		return err
	}
	var loads []LoadNote
	if l.tx.Bucket([]byte(aboutBucket)).Get([]byte(loadsKey)) != nil {
		if loads, err = readLoads(l.tx); err != nil {
			return err
		}
	}
	one := LoadNote{At: l.options.Now(), Digest: census.Digest, Outcome: l.out}
	for _, path := range l.files {
		one.Files = append(one.Files, filepath.Base(path))
	}
	loads = append([]LoadNote{one}, loads...)
	if len(loads) > mostLoads {
		loads = loads[:mostLoads]
	}
	for key, about := range map[string]any{censusKey: census, loadsKey: loads} {
		text, err := json.Marshal(about)
		if err == nil {
			err = l.tx.Bucket([]byte(aboutBucket)).Put([]byte(key), text)
		}
		if err != nil {
			return fmt.Errorf("catalogue: %w", err)
		}
	}
	return nil
}

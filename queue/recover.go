package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"settled/queue/journal"
)

// replayMany is how many entries are replayed before they are brought to bbolt.
const replayMany = 2000

// recover opens journal and bbolt and brings bbolt up to the journal's end. The
// journal comes first: only when it is sure that it has all that bbolt knows is
// anything written.
func (q *Queue) recover() error {
	var left journal.Pos
	q.trust, left = q.arrive()
	if q.trust == clean { // once: should what is not looked at end the process, the next start looks
		_ = os.Remove(q.file(seenName)) // else that one is as trustful
	}
	at, damage, err := q.openStore()
	if err != nil {
		return err
	}
	if at, damage, err = q.outdated(at, damage); err != nil {
		return err
	}
	q.applied, q.head = at.Pos, at.Pos
	if q.trust == clean && (damage != nil || at.Pos != left) {
		q.trust = doubtful
	}
	if err := q.openJournal(at.Pos); err != nil {
		return err
	}
	if q.trust != clean { // it may have been broken off
		if err := removeArchived(q.file(journalDir)); err != nil {
			return err
		}
	}
	if damage != nil {
		if at, err = q.rebuild(damage); err != nil {
			return err
		}
		q.applied, q.head = at.Pos, at.Pos
	}
	if c := q.journal.Cut(); c != nil {
		q.notice("journal: %d bytes of a torn last write were cut off %s at offset %d", c.Bytes, c.File, c.Offset)
	}
	if head, _ := q.journal.Head(); head.N == 0 {
		if err := q.own(); err != nil {
			return err
		}
	}
	if err := q.catchUp(); err != nil {
		return err
	}
	if err := q.checkOwner(); err != nil {
		return err
	}
	q.leave(journal.Pos{})
	return q.turnKeys()
}

// openStore opens bbolt. damage says why the file must be built again; at is then what
// is known nevertheless of where it stood, the zero row if nothing can be trusted.
func (q *Queue) openStore() (at appliedRow, damage, err error) {
	at.Pos, damage, err = q.suspected()
	if damage != nil || err != nil {
		return at, damage, err
	}
	q.db, at, err = openStore(q.file(storeName), q.trust.rows())
	if isCorrupt(err) {
		return at, err, nil
	}
	return at, nil, err
}

// outdated gives up a bbolt file, or the mark of a damaged one, that is from before the
// end of what was archived: the entries that it has not are not here any more, and the
// checkpoint has the state.
func (q *Queue) outdated(at appliedRow, known error) (now appliedRow, damage, err error) {
	stub, err := journal.ReadStub(q.file(journalDir))
	if err != nil || at.Pos.N == 0 || at.Pos.N > stub.N {
		return at, known, err
	}
	if damage = known; damage == nil {
		damage = fmt.Errorf("it knows entry %d, and what was archived goes to entry %d", at.Pos.N, stub.N)
		err = guarded(q.db.Close)
		q.db = nil
	}
	return appliedRow{}, damage, err
}

// suspicion is what the mark beside a damaged bbolt file says.
type suspicion struct {
	Head journal.Pos `json:"head"` // durable in the journal by then
	Why  string      `json:"why"`
}

// suspect stops the queue because its bbolt file is damaged, and marks the file, so
// that the next Open builds it again.
func (q *Queue) suspect(why error) {
	q.mu.RLock()
	s := suspicion{Head: q.head, Why: why.Error()}
	q.mu.RUnlock()
	mark, err := json.Marshal(s)
	if err == nil {
		err = os.WriteFile(q.file(suspectName), mark, 0o600)
	}
	_ = q.stop(errors.Join(why, err))
	q.mu.Lock()
	defer q.mu.Unlock()
	q.damaged = true
}

// suspected tells why the bbolt file is marked, nil if it is not. A mark that was not
// written whole still counts.
func (q *Queue) suspected() (known journal.Pos, damage, err error) {
	mark, err := os.ReadFile(q.file(suspectName))
	if errors.Is(err, os.ErrNotExist) {
		return known, nil, nil
	}
	if err != nil {
		return known, nil, fmt.Errorf("queue: %w", err)
	}
	if _, err := os.Lstat(q.file(storeName)); errors.Is(err, os.ErrNotExist) {
		if err := os.Remove(q.file(suspectName)); err != nil { // of a file that is gone
			return known, nil, fmt.Errorf("queue: %w", err)
		}
		return known, nil, nil
	}
	var s suspicion
	if json.Unmarshal(mark, &s) != nil {
		s = suspicion{Why: "its mark is not whole"}
	}
	return s.Head, fmt.Errorf("it was found damaged: %s", s.Why), nil
}

// rebuild sets the bbolt file aside and begins a new one.
func (q *Queue) rebuild(why error) (appliedRow, error) {
	if q.db != nil {
		if err := guarded(q.db.Close); err != nil {
			return appliedRow{}, fmt.Errorf("queue: %w", err)
		}
		q.db = nil
	}
	if err := errors.Join(q.setAside(why), q.removeOld()); err != nil {
		return appliedRow{}, err
	}
	var at appliedRow
	var err error
	q.db, at, err = openStore(q.file(storeName), q.trust.rows())
	return at, err
}

func (q *Queue) openJournal(from journal.Pos) error {
	j, err := journal.Open(q.file(journalDir), journal.Options{
		Now: q.opt.Now, From: from, Look: q.trust.lines(), Closed: q.trust == clean, Each: q.behind(), Wrap: q.opt.wrap,
	})
	if err != nil {
		return fmt.Errorf("queue: %w", q.lost(err))
	}
	q.journal = j
	return nil
}

// behind replays what Open finds in the journal behind bbolt's position, as far as
// memory should hold it: nothing is written before the journal is known to be whole.
func (q *Queue) behind() func(journal.Entry) error {
	if q.db == nil {
		return nil // bbolt is built again
	}
	return func(e journal.Entry) error {
		if q.head.N+1 != e.N || e.N-q.applied.N > maxBehind {
			return nil
		}
		if err := q.replay(e); err != nil {
			return err
		}
		q.head = journal.Pos{N: e.N, Hash: e.Hash, Loc: e.Loc}
		return nil
	}
}

// owner is who the options say we are.
func (q *Queue) owner() ownerRow {
	return ownerRow{Format: format, Institution: q.opt.Institution, Counter: q.opt.Counter, KeyMark: q.vault.mark}
}

// own writes the first entry of a new journal. It says so: an empty directory may be that of
// a disk which is not mounted, and then a counter would give its numbers a second time.
func (q *Queue) own() error {
	t := &turn{q: q, view: &view{layers: []layer{{}}}, rules: q.opt.Rules}
	if err := t.add(kindOwner, q.owner(), nil, nil, By{}); err != nil {
		return err
	}
	if err := q.journal.Commit(); err != nil {
		return err
	}
	q.opt.Log.Warn("a new journal begins, nothing was in the directory; if this counter has settled before, stop it and look whether its disk is mounted", "dir", q.dir)
	return nil
}

// checkOwner refuses the journal of another institution, counter or key.
func (q *Queue) checkOwner() error {
	var is ownerRow
	err := q.read(func(v *view) (err error) {
		is, _, err = get(v, owners, one)
		return err
	})
	if err != nil {
		return err
	}
	if want := q.owner(); is != want {
		return fmt.Errorf("%w: it is of %s counter %s, key %s; the settings are %s counter %s, key %s", ErrForeign,
			is.Institution, is.Counter, is.KeyMark, want.Institution, want.Counter, want.KeyMark)
	}
	return nil
}

// catchUp replays the rest of the journal, from the last checkpoint on if bbolt begins
// anew. What memory can hold of it is brought to bbolt by the applier: nobody needs to
// wait for that.
func (q *Queue) catchUp() error {
	from := q.head
	if from.N == 0 {
		state, stub, err := lastCheckpoint(q.file(journalDir))
		if err != nil {
			return err
		}
		q.current, q.applied.N, q.head.N = state, stub.N, stub.N
	}
	err := q.journal.Walk(from, func(e journal.Entry) error {
		if err := q.replay(e); err != nil {
			return err
		}
		q.head = journal.Pos{N: e.N, Hash: e.Hash, Loc: e.Loc}
		if e.N-q.applied.N >= replayMany {
			return q.apply()
		}
		return nil
	})
	if err != nil {
		return err
	}
	q.kick(q.work)
	return q.read(func(v *view) error {
		row, _, err := get(v, ids, one)
		q.drawn = drawn{second: row.Until, serial: perSecond - 1}
		return err
	})
}

func (q *Queue) replay(e journal.Entry) error {
	tx, err := q.db.Begin(false)
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // of a read it cannot fail
	return guarded(func() error {
		return replay(&view{layers: []layer{q.current, q.frozen}, tx: tx}, e)
	})
}

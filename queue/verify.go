package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"settled/queue/journal"
)

// Proof is what was proved.
type Proof struct {
	Begins  Beginning    `json:"begins"`
	Entries uint64       `json:"entries"`        // number of the last; all are chained and in force
	Hash    string       `json:"hash"`           // of the last
	At      time.Time    `json:"at"`             // its time
	Sealed  int          `json:"sealed"`         // sealed parts that were opened; 0 without the key
	Rows    int          `json:"rows"`           // of queue.bolt, all of them as the journal says
	Store   string       `json:"store"`          // what queue.bolt is: "proved", or why it was not looked at
	Tail    *journal.Cut `json:"tail,omitempty"` // bytes behind the last entry: a write under way, or a torn one
}

// Beginning is what a journal begins behind: the last entry that was archived, and the
// digest of the state behind it. It is zero for a journal that begins with entry 1.
type Beginning struct {
	After uint64 `json:"after"`
	Hash  string `json:"hash,omitempty"`
	State string `json:"state,omitempty"`
}

// EndsAt tells whether an archive ends where b begins.
func (b Beginning) EndsAt(m Manifest) bool {
	return b == Beginning{After: m.Entries, Hash: m.Hash, State: m.State}
}

// Verify checks the whole chain, derives the state anew from it, in memory, and
// compares it with what bbolt holds. The error is *[journal.Damage] for the first entry
// that does not fit, else it names the table.
func (q *Queue) Verify(ctx context.Context) (Proof, error) {
	if err := q.Flush(ctx); err != nil {
		return Proof{}, err
	}
	tx, err := q.db.Begin(false)
	if err != nil {
		return Proof{}, fmt.Errorf("queue: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // of a read it cannot fail
	p := newProver(q.vault)
	p.dir = q.dir
	state, stub, err := lastCheckpoint(q.file(journalDir))
	if err != nil {
		return Proof{}, err
	}
	p.start(state, beginning(stub))
	if err := p.against(tx); err != nil {
		return Proof{}, err
	}
	if err := q.journal.Walk(journal.Pos{}, p.step(ctx, nil)); err != nil {
		return Proof{}, err
	}
	return p.proof, p.end()
}

// VerifyOptions are the settings of [VerifyDir].
type VerifyOptions struct {
	Key      []byte               // nil: what is sealed stays unread
	Progress func(entries uint64) // told after each entry; nil: nobody
}

// VerifyDir does what [Queue.Verify] does for a queue's directory, without taking or
// changing it: a daemon may be running there. What bbolt holds is read from a copy.
func VerifyDir(ctx context.Context, dir string, opt VerifyOptions) (Proof, error) {
	var v *vault
	if opt.Key != nil {
		var err error
		if v, err = newVault(opt.Key); err != nil {
			return Proof{}, err
		}
	}
	p := newProver(v)
	p.dir = dir
	db, done, err := copyStore(filepath.Join(dir, storeName))
	defer done()
	switch {
	case errors.Is(err, os.ErrNotExist):
		p.proof.Store = "absent"
	case errors.Is(err, errBusy):
		p.proof.Store = err.Error()
	case err != nil:
		return Proof{}, err
	default:
		tx, err := db.Begin(false)
		if err != nil {
			return Proof{}, fmt.Errorf("queue: %w", err)
		}
		defer func() { _ = tx.Rollback() }() // of a read it cannot fail
		if err := guarded(func() error { return p.against(tx) }); err != nil {
			return Proof{}, err
		}
	}
	state, stub, err := lastCheckpoint(filepath.Join(dir, journalDir))
	if err != nil {
		return p.proof, err
	}
	p.start(state, beginning(stub))
	s, err := journal.Scan(filepath.Join(dir, journalDir), p.step(ctx, opt.Progress))
	if err != nil {
		return p.proof, err
	}
	p.proof.Tail = s.Tail
	return p.proof, p.end()
}

// prover derives the state from entries and compares it on the way.
type prover struct {
	proof Proof
	state layer
	view  *view
	dir   string // of the queue
	vault *vault // nil: no key
	tx    *bolt.Tx
	at    appliedRow // what tx reflects
	base  uint64     // of the last entry
	fresh bool       // no entry was seen yet
	vouch bool       // an entry vouches for the state that it began with
}

func newProver(v *vault) *prover {
	p := &prover{vault: v, fresh: true}
	p.start(layer{}, Beginning{})
	return p
}

// start makes p begin with a state.
func (p *prover) start(state layer, b Beginning) {
	p.state, p.base, p.proof.Begins = state, b.After, b
	p.view = &view{layers: []layer{p.state}}
}

// against makes p compare the state with what bbolt holds.
func (p *prover) against(tx *bolt.Tx) (err error) {
	if err := checkTrees(tx, append(slices.Collect(maps.Keys(rowTypes())), appliedTable)...); err != nil {
		return err
	}
	if p.at, err = applied(tx); err != nil {
		return err
	}
	p.tx = tx
	if p.at.Pos.N == 0 {
		return p.compare()
	}
	return nil
}

func (p *prover) step(ctx context.Context, progress func(uint64)) func(journal.Entry) error {
	return func(e journal.Entry) error {
		if err := p.entry(e); err != nil {
			return err
		}
		if progress != nil {
			progress(e.N)
		}
		return ctx.Err()
	}
}

// entry takes the next entry of the chain. Its errors but that of bbolt are of e.
func (p *prover) entry(e journal.Entry) error {
	err := p.batch(e)
	if err == nil {
		err = guarded(func() error { return replay(p.view, e) })
	}
	if err == nil && p.vault != nil && len(e.Seal) > 0 {
		err = p.vault.verify(e)
		p.proof.Sealed++
	}
	if err == nil && p.fresh {
		err = p.ours()
		p.fresh = false
	}
	if err == nil && e.Kind == kindArchive {
		err = p.archived()
	}
	if err == nil && e.N == p.at.Pos.N && e.Hash != p.at.Pos.Hash {
		err = fmt.Errorf("%s knows an entry of this number with hash %s, not %s", storeName, p.at.Pos.Hash, e.Hash)
	}
	if err != nil {
		return &journal.Damage{File: journal.FileName(e.Loc.Segment), Entry: e.N, Offset: e.Loc.Offset, Why: err.Error()}
	}
	p.proof.Entries, p.proof.Hash, p.proof.At = e.N, e.Hash, e.At
	if p.tx != nil && e.N == p.at.Pos.N {
		return guarded(p.compare)
	}
	return nil
}

// archived tells whether an entry vouches for the checkpoint that p began with.
func (p *prover) archived() error {
	a, ok, err := get(p.view, archives, seqKey(p.proof.Begins.After))
	if err != nil || !ok {
		return err
	}
	if a.State != p.proof.Begins.State {
		return fmt.Errorf("it vouches for a checkpoint of entry %d with digest %s, the one that is there has %s", a.Through, a.State, p.proof.Begins.State)
	}
	p.vouch = true
	return nil
}

// batch tells whether e belongs to the batch of the entry before it or begins the next.
func (p *prover) batch(e journal.Entry) error {
	if e.Base != p.base && e.Base != e.N-1 {
		return fmt.Errorf("its base is %d, neither that of the entry before it (%d) nor %d", e.Base, p.base, e.N-1)
	}
	p.base = e.Base
	return nil
}

// ours tells whether the key is that of the journal.
func (p *prover) ours() error {
	owner, ok, err := get(p.view, owners, one)
	if err != nil || !ok {
		return errors.Join(err, errors.New("the first entry does not say whose journal it is"))
	}
	if p.vault != nil && owner.KeyMark != p.vault.mark {
		return fmt.Errorf("%w: it is of key %s, the key given is %s", ErrForeign, owner.KeyMark, p.vault.mark)
	}
	return nil
}

// end tells whether everything that was to be compared was.
func (p *prover) end() error {
	if p.proof.Begins.After > 0 && !p.vouch {
		return &journal.Damage{File: checkpointName(p.proof.Begins.After), Entry: p.proof.Begins.After, Why: "no entry vouches for this checkpoint"}
	}
	if p.tx != nil && p.at.Pos.N > 0 && p.at.Pos.N <= p.proof.Begins.After {
		return corruptf("it reflects entry %d, and the journal begins behind entry %d", p.at.Pos.N, p.proof.Begins.After)
	}
	if p.tx != nil && p.at.Pos.N > p.proof.Entries {
		return &Lost{Dir: p.dir, Entry: p.at.Pos.N, Hash: p.at.Pos.Hash, Last: p.proof.Entries, LastHash: p.proof.Hash}
	}
	return nil
}

// compare tells whether bbolt holds exactly the rows of the state.
func (p *prover) compare() error {
	if err := check(p.tx, p.at); err != nil {
		return err
	}
	want := map[string]int{}
	for _, c := range inOrder(p.state) {
		r := p.state[c]
		value := p.tx.Bucket([]byte(c.table)).Get([]byte(c.key))
		if r == nil {
			if value != nil {
				return corruptf("table %s has a row %q that entries 1 to %d do not make", c.table, c.key, p.at.Pos.N)
			}
			continue
		}
		packed, err := pack(c, r)
		if err != nil {
			return err
		}
		if !bytes.Equal(packed, value) {
			return corruptf("row %q of table %s is not as entries 1 to %d make it", c.key, c.table, p.at.Pos.N)
		}
		want[c.table]++
		p.proof.Rows++
	}
	for name, n := range p.at.Tables {
		if n.Rows != want[name] {
			return corruptf("table %s has %d rows, entries 1 to %d make %d", name, n.Rows, p.at.Pos.N, want[name])
		}
	}
	p.proof.Store = "proved"
	return nil
}

// verify opens what e has sealed, and proves that it belongs to the body.
func (v *vault) verify(e journal.Entry) error {
	plain, err := v.open(e.Kind, e.Seal)
	if err != nil {
		return err
	}
	switch e.Kind {
	case kindSettlement, kindSelfPaid:
		var b settlementBody
		var s settlementSeal
		if err := errors.Join(json.Unmarshal(e.Body, &b), json.Unmarshal(plain, &s)); err != nil {
			return err
		}
		return s.back(&b.Settlement)
	case kindKnown:
		var k known
		var s knownSeal
		if err := errors.Join(json.Unmarshal(e.Body, &k), json.Unmarshal(plain, &s)); err != nil {
			return err
		}
		if s.Who.IDNumber != "" && v.keyed("person", s.Who.IDNumber) != k.Entitlement.Person {
			return errors.New("the sealed person is not the one that the body names")
		}
	case kindAnswer:
		return (&answerSeal{}).decode(plain)
	}
	return nil
}

// VerifyFile does the same for a backup or an archive.
func VerifyFile(ctx context.Context, path string, opt VerifyOptions) (Proof, Manifest, error) {
	var v *vault
	if opt.Key != nil {
		var err error
		if v, err = newVault(opt.Key); err != nil {
			return Proof{}, Manifest{}, err
		}
	}
	p, m, _, err := proveParcel(ctx, path, v, opt.Progress)
	if err != nil {
		return Proof{}, Manifest{}, err
	}
	p.proof.Store = "not in a parcel"
	if m.Kind == Backup {
		return p.proof, *m, p.end()
	}
	frozen, err := freeze(p.state, m.Entries, m.Hash)
	if err == nil && digestOf(frozen) != m.State {
		err = &journal.Damage{File: manifestName, Entry: m.Entries, Why: "the entries make another state than the manifest names"}
	}
	return p.proof, *m, err
}

// proveParcel proves what is in a parcel, and that it is what its manifest says.
func proveParcel(ctx context.Context, path string, v *vault, progress func(uint64)) (p *prover, m *Manifest, digest string, err error) {
	p = newProver(v)
	var f *journal.Follower
	step := p.step(ctx, progress)
	m, digest, err = readParcel(path, func(m *Manifest, file Packed, r io.Reader) error {
		if f == nil {
			f = journal.Follow(journal.Pos{N: m.After, Hash: m.AfterHash})
		}
		var first uint64
		switch _, err := fmt.Sscanf(file.Name, "journal-%d.jsonl", &first); {
		case m.After > 0 && file.Name == checkpointName(m.After):
			return p.thaw(r, m)
		case err != nil || file.Name != journal.FileName(first):
			return fmt.Errorf("%q is not of a journal", clip(file.Name))
		}
		return f.File(first, r, step)
	})
	if err != nil {
		return p, m, digest, fmt.Errorf("queue: %w", err)
	}
	if head, _ := f.Head(); head.N != m.Entries || head.Hash != m.Hash {
		return p, m, digest, fmt.Errorf("queue: it ends with entry %d (hash %s), its manifest says %d (hash %s)", head.N, head.Hash, m.Entries, m.Hash)
	}
	return p, m, digest, nil
}

// thaw makes p begin with the checkpoint of a parcel.
func (p *prover) thaw(r io.Reader, m *Manifest) error {
	state, head, digest, err := thaw(r)
	if err == nil && (head.N != m.After || head.Hash != m.AfterHash || digest != m.AfterState) {
		err = fmt.Errorf("the checkpoint is of entry %d with hash %s, digest %s", head.N, head.Hash, digest)
	}
	if err == nil {
		p.start(state, Beginning{After: m.After, Hash: m.AfterHash, State: digest})
	}
	return err
}

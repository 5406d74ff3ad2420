package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// CodeArchived refuses what needs an entry that was archived.
const CodeArchived settle.Code = "ARCHIVED"

// archiveDays is how many days stay in the journal: what a settlement can be reversed in.
const archiveDays = 30

// archived is the body of an "archive" entry: the entries up to Through were written to
// a parcel. The journal begins behind them once its stub says so, which comes later.
type archived struct {
	Through uint64 `json:"through"`
	Hash    string `json:"hash"`   // of entry Through
	State   string `json:"state"`  // SM3 of the checkpoint behind it
	Parcel  string `json:"parcel"` // name of the file
	Digest  string `json:"digest"` // SM3 of its manifest
}

func (a archived) check() error {
	if a.Through == 0 || len(a.Hash) != len(journal.Genesis) || len(a.State) != len(journal.Genesis) || len(a.Digest) != len(journal.Genesis) || a.Parcel == "" {
		return errors.New("archive is incomplete")
	}
	return nil
}

func (a archived) reduce(v *view, e journal.Entry) error {
	if a.Through >= e.N {
		return fmt.Errorf("it names entry %d, which comes later", a.Through)
	}
	return put(v, archives, seqKey(a.Through), a)
}

// ArchiveName is the name of the archive of a counter's entries from..to.
func ArchiveName(counter string, from, to uint64) string {
	return fmt.Sprintf("settled-archive-%s-%012d-%012d.tar.gz", counter, from, to)
}

// Archive moves whole files of the journal into a parcel in the directory to: all of days
// before the day given, up to the first that holds a settlement which waits for the
// platform or for a person. What remains is the state behind them (a checkpoint, which
// an entry of the journal vouches for) and a link, so that all can be made anew from the
// checkpoint and the later entries. Nothing is removed before the parcel was read back
// and proved. Broken off at any point, nothing is lost, and the next call does the rest.
func (q *Queue) Archive(ctx context.Context, before settle.Date, to string) (Manifest, error) {
	now := q.opt.Now().In(zone())
	if day := dateOf(now.AddDate(0, 0, -archiveDays)); before > day {
		return Manifest{}, &settle.Refusal{
			Code: CodeYoung, Field: "before",
			Cashier:    fmt.Sprintf("最近%d天的账本不能归档，账本未改动；请把日期改为 %s 或更早。", archiveDays, day),
			Technician: fmt.Sprintf("days from %s on stay in the journal: they can still be reversed", day),
		}
	}
	if err := q.Flush(ctx); err != nil {
		return Manifest{}, err
	}
	dir := q.file(journalDir)
	cut, err := q.cut(ctx, before)
	if err != nil {
		return Manifest{}, err
	}
	m, ev, err := q.packUp(ctx, dir, to, cut, now)
	if err != nil {
		return m, fmt.Errorf("queue: archive: %w", err)
	}
	err = q.do(ctx, func(t *turn) error { return t.add(kindArchive, ev, nil, nil, By{}) })
	if err != nil {
		return m, err
	}
	if err := q.Flush(ctx); err != nil {
		return m, err
	}
	if err := journal.WriteStub(dir, journal.Stub{N: m.Entries, Hash: m.Hash, At: m.At, State: m.State}); err != nil {
		return m, fmt.Errorf("queue: archive: %w", err)
	}
	return m, removeArchived(dir)
}

// cut is the last entry that may be archived.
func (q *Queue) cut(ctx context.Context, before settle.Date) (journal.Pos, error) {
	needed, err := q.firstNeeded()
	if err != nil {
		return journal.Pos{}, err
	}
	dir := q.file(journalDir)
	stub, err := journal.ReadStub(dir)
	if err != nil {
		return journal.Pos{}, err
	}
	list, err := journal.Files(dir)
	if err != nil {
		return journal.Pos{}, fmt.Errorf("queue: %w", err)
	}
	f := journal.Follow(journal.Pos{N: stub.N, Hash: stub.Hash})
	var cut journal.Pos
	for i, first := range list[:len(list)-1] { // never the one that is written to
		if list[i+1] > needed {
			break
		}
		if err := follow(f, dir, first, func(journal.Entry) error { return ctx.Err() }); err != nil {
			return journal.Pos{}, err
		}
		head, at := f.Head()
		if dateOf(at) >= before {
			break
		}
		cut = head
	}
	if cut.N == 0 {
		return cut, &settle.Refusal{
			Code: CodeYoung, Field: "before",
			Cashier:    fmt.Sprintf("%s 之前没有可以归档的整日账本（第 %d 条仍要用），账本未改动；请先处理待上传、挂起的结算和没有结的班。", before, needed),
			Technician: fmt.Sprintf("no whole file of the journal before %s can be archived: entry %d is still needed, by a settlement on its way or a shift that is open", before, needed),
		}
	}
	return cut, nil
}

// firstNeeded is the first entry of a settlement that is not done, or whose reversal is
// not, of a shift that is open, or of a choice that waits; all that belongs to one comes
// behind its entry.
func (q *Queue) firstNeeded() (uint64, error) {
	q.mu.RLock()
	needed := q.head.N
	q.mu.RUnlock()
	err := q.read(func(v *view) error {
		return scan(v, seats, "", func(_ string, s seatRow) (bool, error) {
			needed = min(needed, s.Shift)
			return true, nil
		})
	})
	if err != nil {
		return 0, err
	}
	err = q.read(func(v *view) error {
		return scan(v, choosing, "", func(key string, _ chooserRow) (bool, error) {
			needed = min(needed, seqOf(key))
			return false, nil // the oldest comes first
		})
	})
	if err != nil {
		return 0, err
	}
	for _, t := range []table[waitRow]{outbox, holds} {
		err := q.read(func(v *view) error {
			return scan(v, t, "", func(key string, w waitRow) (bool, error) {
				needed = min(needed, seqOf(key))
				if !w.Void {
					return true, nil
				}
				void, _, err := get(v, settlements, w.Number)
				if err != nil {
					return false, err
				}
				of, _, err := get(v, settlements, void.Of)
				needed = min(needed, of.Entry)
				return true, err
			})
		})
		if err != nil {
			return 0, err
		}
	}
	return needed, nil
}

func follow(f *journal.Follower, dir string, first uint64, fn func(journal.Entry) error) error {
	file, err := os.Open(filepath.Join(dir, journal.FileName(first)))
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	return errors.Join(f.File(first, file, fn), file.Close())
}

// packUp writes checkpoint and parcel, and proves the parcel.
func (q *Queue) packUp(ctx context.Context, dir, to string, cut journal.Pos, now time.Time) (Manifest, archived, error) {
	state, stub, err := lastCheckpoint(dir)
	if err != nil {
		return Manifest{}, archived{}, err
	}
	p := newProver(nil)
	p.start(state, beginning(stub))
	f := journal.Follow(journal.Pos{N: stub.N, Hash: stub.Hash})
	list, err := journal.Files(dir)
	for _, first := range list {
		if err == nil && first <= cut.N {
			err = follow(f, dir, first, p.step(ctx, nil))
		}
	}
	if err != nil {
		return Manifest{}, archived{}, err
	}
	frozen, err := freeze(p.state, cut.N, cut.Hash)
	if err != nil {
		return Manifest{}, archived{}, err
	}
	if err := journal.WriteFile(filepath.Join(dir, checkpointName(cut.N)), frozen); err != nil {
		return Manifest{}, archived{}, err
	}
	m := Manifest{
		Format: parcelFormat, Kind: Archive, Institution: q.opt.Institution, Counter: q.opt.Counter, Made: now.Truncate(time.Second),
		After: stub.N, AfterHash: stub.Hash, AfterAt: stub.At, AfterState: stub.State, Entries: cut.N, Hash: cut.Hash, At: p.proof.At, State: digestOf(frozen),
	}
	if err := m.fill(ctx, dir, cut); err != nil {
		return m, archived{}, err
	}
	ev := archived{Through: cut.N, Hash: cut.Hash, State: m.State, Parcel: ArchiveName(q.opt.Counter, stub.N+1, cut.N)}
	path := filepath.Join(to, ev.Parcel)
	if old, _, err := readParcel(path, func(*Manifest, Packed, io.Reader) error { return nil }); err == nil && old.Hash != m.Hash {
		return m, ev, fmt.Errorf("%s holds other entries, of another copy of this counter: archive elsewhere", path)
	}
	if ev.Digest, err = writeParcel(ctx, dir, &m, path); err != nil {
		return m, ev, err
	}
	_, _, err = VerifyFile(ctx, path, VerifyOptions{})
	return m, ev, err
}

// removeArchived removes what the stub has made superfluous: files that were archived
// and checkpoints of other entries.
func removeArchived(dir string) error {
	stub, err := journal.ReadStub(dir)
	if err != nil || stub.N == 0 {
		return err
	}
	if err := journal.RemoveArchived(dir); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	list, err := filepath.Glob(filepath.Join(dir, "checkpoint-*.json"))
	for _, path := range list {
		if filepath.Base(path) != checkpointName(stub.N) {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}

// line reads a line of the journal, or of an archive that is at hand.
func (q *Queue) line(loc journal.Loc) (journal.Entry, error) {
	e, err := q.journal.Read(loc)
	if !errors.Is(err, journal.ErrArchived) {
		return e, err
	}
	name, err := q.archiveOf(loc)
	if err != nil {
		return journal.Entry{}, err
	}
	e, err = parcelLine(filepath.Join(q.opt.Archives, name), loc)
	if q.opt.Archives == "" || errors.Is(err, os.ErrNotExist) {
		return journal.Entry{}, &settle.Refusal{
			Code: CodeArchived, Field: "number", Cashier: "该笔记录已归档，请联系信息科调取归档文件：" + name + "。",
			Technician: fmt.Sprintf("the entry is in %s, which is not at hand (%q)", name, q.opt.Archives),
		}
	}
	return e, err
}

// archiveOf names the parcel that has the line.
func (q *Queue) archiveOf(loc journal.Loc) (name string, err error) {
	err = q.read(func(v *view) error {
		return scan(v, archives, seqKey(loc.Segment-1), func(_ string, a archived) (bool, error) {
			name = a.Parcel
			return false, nil
		})
	})
	if err == nil && name == "" {
		err = corruptf("no archive has the file that begins with entry %d", loc.Segment)
	}
	return name, err
}

var errFound = errors.New("found")

// parcelLine reads a line of a parcel.
func parcelLine(path string, loc journal.Loc) (e journal.Entry, err error) {
	_, _, err = readParcel(path, func(_ *Manifest, p Packed, r io.Reader) error {
		if p.Name != journal.FileName(loc.Segment) {
			return nil
		}
		if _, err := io.CopyN(io.Discard, r, loc.Offset); err != nil {
			return err
		}
		if e, err = journal.ReadLine(io.LimitReader(r, int64(loc.Length))); err != nil {
			return err
		}
		e.Loc = loc
		return errFound
	})
	switch {
	case errors.Is(err, errFound):
		return e, nil
	case err == nil:
		err = fmt.Errorf("queue: %s has no %s", filepath.Base(path), journal.FileName(loc.Segment))
	}
	return journal.Entry{}, err
}

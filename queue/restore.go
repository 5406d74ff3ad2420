package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"settled/queue/journal"
)

// ErrFenced says that another copy of the counter took over: this one must write nothing
// more, since both would speak for the same counter.
var ErrFenced = errors.New("this copy is fenced off")

// fenceName is the file that keeps a copy from being opened.
const fenceName = "fenced.json"

// fence says why a directory may not be opened.
type fence struct {
	Why  string    `json:"why"`
	At   time.Time `json:"at"`
	Took string    `json:"took,omitempty"` // head of the journal that was taken over
}

// Fence keeps the queue in dir from being opened from now on; one that is open is
// refused ([journal.ErrLocked]).
func Fence(dir, why, took string, now time.Time) error {
	lock, err := lockStopped(dir)
	if err != nil {
		return err
	}
	return errors.Join(putFence(dir, why, took, now), lock.Close())
}

// lockStopped locks a queue that is not open.
func lockStopped(dir string) (*os.File, error) {
	lock, err := journal.Lock(dir)
	switch {
	case errors.Is(err, journal.ErrLocked):
		return nil, fmt.Errorf("queue: the copy in %s is running, stop it first: %w", dir, err)
	case err != nil:
		return nil, fmt.Errorf("queue: lock the copy in %s: %w", dir, err)
	}
	return lock, nil
}

// putFence fences dir, which is locked.
func putFence(dir, why, took string, now time.Time) error {
	data, err := json.Marshal(fence{Why: why, At: now, Took: took})
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	return journal.WriteFile(filepath.Join(dir, fenceName), append(data, '\n'))
}

// fenced tells whether dir may not be opened. A fence that can't be read still counts.
func fenced(dir string) error {
	f, err := readFence(dir)
	switch {
	case err != nil:
		return fmt.Errorf("%w (%s): it can't be read: %w", ErrFenced, fenceName, err)
	case f != nil:
		return fmt.Errorf("%w (%s): %s", ErrFenced, fenceName, f.Why)
	}
	return nil
}

// readFence reads the fence of dir, nil if there is none.
func readFence(dir string) (*fence, error) {
	data, err := os.ReadFile(filepath.Join(dir, fenceName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var f fence
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	return &f, err
}

// RestoreOptions are the settings of [RestoreDir].
type RestoreOptions struct {
	TakeOver string    // hash of the backup's last entry: whoever restores has looked at it
	Replace  bool      // set aside what is in the directory
	Fence    string    // directory of the old copy, fenced off when the new one is whole; none when empty
	Now      time.Time // when
	Progress func(entries uint64)
}

// RestoreDir makes a queue's directory from a backup. What it restores is a new copy of
// the counter, an epoch later: its first entry says so, and its ids are of serials that
// no copy before it uses. All that was pending is then asked for at the platform before
// it is sent ([Chain].Doubt). What dir held is set aside, fenced. If it is broken off,
// dir stays fenced, and the same call again makes it anew; the old copy is fenced last, so
// that a backup that can't be restored leaves a copy that runs.
func RestoreDir(ctx context.Context, path, dir string, opt RestoreOptions) (Manifest, error) {
	p, m, digest, err := proveParcel(ctx, path, nil, opt.Progress)
	if err != nil {
		return Manifest{}, err
	}
	switch {
	case m.Kind != Backup:
		return *m, fmt.Errorf("queue: %s is an %s, not a backup", filepath.Base(path), m.Kind)
	case opt.TakeOver != m.Hash:
		return *m, fmt.Errorf("queue: %s ends with entry %d of %s, hash %s: name this hash to take over from there",
			filepath.Base(path), m.Entries, m.At.Format(time.DateTime), m.Hash)
	}
	if opt.Fence != "" {
		old, err := lockStopped(opt.Fence)
		if err != nil {
			return *m, err
		}
		defer old.Close()
	}
	if err := journal.MakeDir(dir); err != nil {
		return *m, fmt.Errorf("queue: %w", err)
	}
	lock, err := lockStopped(dir)
	if err != nil {
		return *m, err
	}
	defer lock.Close()
	if err := setOut(dir, opt, m.Hash); err != nil {
		return *m, err
	}
	fresh := filepath.Join(dir, "restoring")
	if err := errors.Join(os.RemoveAll(fresh), os.MkdirAll(fresh, 0o700)); err != nil {
		return *m, fmt.Errorf("queue: %w", err)
	}
	if err := unpackParcel(path, m, digest, fresh); err != nil {
		return *m, fmt.Errorf("queue: restore: %w", err)
	}
	if err := p.begin(fresh, m, digest, opt.Now); err != nil {
		return *m, fmt.Errorf("queue: restore: %w", err)
	}
	if opt.Fence != "" {
		if err := putFence(opt.Fence, tookOver, m.Hash, opt.Now); err != nil {
			return *m, err
		}
	}
	err = errors.Join(os.Rename(fresh, filepath.Join(dir, journalDir)), journal.SyncDir(dir), os.Remove(filepath.Join(dir, fenceName)), journal.SyncDir(dir))
	if err != nil {
		return *m, fmt.Errorf("queue: restore: %w", err)
	}
	return *m, nil
}

// tookOver is the fence of a copy that another goes on for.
const tookOver = "a copy from a backup took over"

// begunHere is the fence of a restore that is under way.
const begunHere = "a restore from a backup was begun here and not finished; restore again"

// setOut fences dir and sets aside what is in it.
func setOut(dir string, opt RestoreOptions, took string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	var old []string
	for _, d := range list {
		if name := d.Name(); name == journalDir || strings.HasPrefix(name, storeName) {
			old = append(old, name)
		}
	}
	standing, err := readFence(dir)
	brokenOff := err == nil && standing != nil && standing.Why == begunHere
	if len(old) > 0 && !opt.Replace && !brokenOff {
		return fmt.Errorf("queue: %s holds a queue already (%s): restore elsewhere, or let it be set aside", dir, strings.Join(old, ", "))
	}
	if err := putFence(dir, begunHere, took, opt.Now); err != nil {
		return err
	}
	if len(old) == 0 {
		return nil
	}
	aside := filepath.Join(dir, "replaced-"+opt.Now.In(zone()).Format("20060102T150405"))
	if err := journal.MakeDir(aside); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	if err := Fence(aside, tookOver, took, opt.Now); err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(aside, name)); err != nil {
			return fmt.Errorf("queue: %w", err)
		}
	}
	return errors.Join(journal.SyncDir(aside), journal.SyncDir(dir))
}

// unpackParcel writes the files of the parcel that has the digest to dir, durably.
func unpackParcel(path string, m *Manifest, digest, dir string) error {
	_, got, err := readParcel(path, func(_ *Manifest, p Packed, r io.Reader) error {
		f, err := os.OpenFile(filepath.Join(dir, p.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		return errors.Join(err, f.Sync(), f.Close())
	})
	if err == nil && got != digest {
		err = errors.New("the file was exchanged while it was restored")
	}
	if err != nil || m.After == 0 {
		return err
	}
	return journal.WriteStub(dir, journal.Stub{N: m.After, Hash: m.AfterHash, At: m.AfterAt, State: m.AfterState})
}

// begin writes the first entry of the new epoch into the journal in dir, of which p knows
// the state.
func (p *prover) begin(dir string, m *Manifest, digest string, now time.Time) error {
	ep, _, err := get(p.view, epochs, one)
	if err != nil {
		return err
	}
	given, _, err := get(p.view, ids, one)
	if err != nil {
		return err
	}
	ev := skip(ep, given, now)
	ev.Backup, ev.Made = digest, m.Made
	body, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	j, err := journal.Open(dir, journal.Options{Now: func() time.Time { return now }})
	if err != nil {
		return err
	}
	err = j.Roll()
	if err == nil {
		_, err = j.Add(journal.Record{Kind: kindRestore, Body: body})
	}
	if err == nil {
		err = j.Commit()
	}
	return errors.Join(err, j.Close())
}

package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"settled/queue/journal"
)

// BackupDir writes a backup of the queue in dir to the file path. A daemon may be
// running on dir: the backup has all entries up to one of this moment, each of which is
// durable in dir before the backup is done. bbolt is not in it, being made from the
// entries. It returns what is in it and the digest of its manifest.
func BackupDir(ctx context.Context, dir, path string, now time.Time) (Manifest, string, error) {
	m, err := surveyed(ctx, dir, now)
	if err != nil {
		return Manifest{}, "", err
	}
	digest, err := backup(ctx, dir, &m, path)
	return m, digest, err
}

// Rotated is a backup in a directory of them.
type Rotated struct {
	Path     string
	Manifest Manifest
	Digest   string   // of the manifest
	Removed  []string // names of older backups of the same counter
}

// BackupInto does what [BackupDir] does in a directory of backups, under a name that
// nothing there has, and removes all backups of the queue's own counter but the newest
// keep. Names sort by time.
func BackupInto(ctx context.Context, dir, folder string, keep int, now time.Time) (r Rotated, err error) {
	if r.Manifest, err = surveyed(ctx, dir, now); err != nil {
		return r, err
	}
	if r.Path, err = freeName(folder, r.Manifest.Counter, now); err != nil {
		return r, fmt.Errorf("queue: backup: %w", err)
	}
	if r.Digest, err = backup(ctx, dir, &r.Manifest, r.Path); err != nil {
		return r, err
	}
	r.Removed, err = rotate(folder, r.Manifest.Counter, keep)
	return r, err
}

// surveyed makes the manifest of a backup of the queue in dir, and its entries durable.
func surveyed(ctx context.Context, dir string, now time.Time) (Manifest, error) {
	from := filepath.Join(dir, journalDir)
	state, stub, err := lastCheckpoint(from)
	if err != nil {
		return Manifest{}, err
	}
	v := &view{layers: []layer{state}}
	owner, _, err := get(v, owners, one)
	if err != nil {
		return Manifest{}, err
	}
	s, err := journal.Scan(from, func(e journal.Entry) error {
		if e.N == 1 {
			if err := guarded(func() error { return replay(v, e) }); err != nil {
				return err
			}
			owner, _, _ = get(v, owners, one) // of a view without bbolt it cannot fail
		}
		return ctx.Err()
	})
	if err != nil {
		return Manifest{}, err
	}
	if err := journal.SyncFiles(from); err != nil {
		return Manifest{}, fmt.Errorf("queue: backup: %w", err)
	}
	m := Manifest{
		Format: parcelFormat, Kind: Backup, Institution: owner.Institution, Counter: owner.Counter, Made: now.In(zone()).Truncate(time.Second),
		After: stub.N, AfterHash: stub.Hash, AfterAt: stub.At, AfterState: stub.State, Entries: s.Head.N, Hash: s.Head.Hash, At: s.At,
	}
	if err := m.fill(ctx, from, s.Head); err != nil {
		return Manifest{}, fmt.Errorf("queue: backup: %w", err)
	}
	return m, nil
}

// backup writes what m lists of the queue in dir to path, and reads it back.
func backup(ctx context.Context, dir string, m *Manifest, path string) (digest string, err error) {
	if digest, err = writeParcel(ctx, filepath.Join(dir, journalDir), m, path); err != nil {
		return "", fmt.Errorf("queue: backup: %w", err)
	}
	return digest, checkWritten(path, digest)
}

// fill lists the files of the journal in dir up to its entry head, and the checkpoint
// before them.
func (m *Manifest) fill(ctx context.Context, dir string, head journal.Pos) error {
	names := []string{}
	if m.After > 0 {
		names = append(names, checkpointName(m.After))
	}
	list, err := journal.Files(dir)
	if err != nil {
		return err
	}
	for _, first := range list {
		if first <= head.N {
			names = append(names, journal.FileName(first))
		}
	}
	for _, name := range names {
		fi, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		size := fi.Size()
		if name == journal.FileName(head.Segment) {
			size = head.End()
		}
		p, err := weigh(ctx, dir, name, size)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, p)
	}
	return nil
}

// checkWritten reads a parcel back.
func checkWritten(path, want string) error {
	_, digest, err := readParcel(path, func(*Manifest, Packed, io.Reader) error { return nil })
	if err == nil && digest != want {
		err = fmt.Errorf("its manifest has digest %s", digest)
	}
	if err != nil {
		return fmt.Errorf("queue: read %s back: %w", filepath.Base(path), err)
	}
	return nil
}

// backupPrefix begins the names of backups in a directory of them.
const backupPrefix = "settled-backup-"

// backupName is the name of the n-th backup of a second, from 1, in a directory of
// backups: names sort by time.
func backupName(counter string, now time.Time, n int) string {
	name := backupPrefix + counter + "-" + now.In(zone()).Format("20060102T150405")
	if n > 1 {
		name += fmt.Sprintf("_%03d", n) // "_" sorts behind "."
	}
	return name + ".tar.gz"
}

// freeName gives the path of a backup that neither is there nor is being written. It is
// taken by its part file, which [writeParcel] fills.
func freeName(folder, counter string, now time.Time) (string, error) {
	for n := 1; ; n++ {
		path := filepath.Join(folder, backupName(counter, now, n))
		part, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if err := part.Close(); err != nil {
			return "", err
		}
		if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
			return path, nil
		}
		if err := os.Remove(path + ".part"); err != nil {
			return "", err
		}
	}
}

// rotate removes all backups of a counter in dir but the newest keep, and tells which.
func rotate(dir, counter string, keep int) (removed []string, err error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	var names []string
	for _, d := range list {
		if strings.HasPrefix(d.Name(), backupPrefix+counter+"-") && strings.HasSuffix(d.Name(), ".tar.gz") && d.Type().IsRegular() {
			names = append(names, d.Name())
		}
	}
	slices.Sort(names)
	for len(names) > max(1, keep) {
		if err := os.Remove(filepath.Join(dir, names[0])); err != nil {
			return removed, fmt.Errorf("queue: %w", err)
		}
		removed, names = append(removed, names[0]), names[1:]
	}
	return removed, nil
}

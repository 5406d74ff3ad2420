package queue

import (
	"context"
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
	from := filepath.Join(dir, journalDir)
	state, stub, err := lastCheckpoint(from)
	if err != nil {
		return Manifest{}, "", err
	}
	v := &view{layers: []layer{state}}
	owner, _, err := get(v, owners, one)
	if err != nil {
		return Manifest{}, "", err
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
		return Manifest{}, "", err
	}
	if err := journal.SyncFiles(from); err != nil {
		return Manifest{}, "", fmt.Errorf("queue: backup: %w", err)
	}
	m := Manifest{
		Format: parcelFormat, Kind: Backup, Institution: owner.Institution, Counter: owner.Counter, Made: now.In(zone()).Truncate(time.Second),
		After: stub.N, AfterHash: stub.Hash, AfterAt: stub.At, AfterState: stub.State, Entries: s.Head.N, Hash: s.Head.Hash, At: s.At,
	}
	if err := m.fill(ctx, from, s.Head); err != nil {
		return Manifest{}, "", fmt.Errorf("queue: backup: %w", err)
	}
	digest, err := writeParcel(ctx, from, &m, path)
	if err != nil {
		return Manifest{}, "", fmt.Errorf("queue: backup: %w", err)
	}
	return m, digest, checkWritten(path, digest)
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

// BackupName is the name of a backup in a directory of backups: names sort by time.
func BackupName(counter string, now time.Time) string {
	return fmt.Sprintf("%s%s-%s.tar.gz", backupPrefix, counter, now.In(zone()).Format("20060102T150405"))
}

// Rotate removes all backups of a counter in dir but the newest keep, and tells which.
func Rotate(dir, counter string, keep int) (removed []string, err error) {
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

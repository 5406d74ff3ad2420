package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"settled/queue/journal"
)

// TestTrust: how much Open looks at depends on how the files were left, and on nothing
// that a copy or a change of them could keep.
func TestTrust(t *testing.T) {
	store := func(dir string) string { return filepath.Join(dir, storeName) }
	lines := func(dir string) string { return filepath.Join(dir, journalDir, "journal-000000000001.jsonl") }
	mark := func(dir string) string { return filepath.Join(dir, seenName) }
	for name, tc := range map[string]struct {
		want   trust
		change func(dir string) error
	}{
		"as it was closed": {clean, func(string) error { return nil }},
		"store touched":    {running, func(dir string) error { return rewritten(store(dir)) }},
		"journal touched":  {running, func(dir string) error { return rewritten(lines(dir)) }},
		"store replaced":   {running, func(dir string) error { return replaced(store(dir)) }},
		"journal replaced": {running, func(dir string) error { return replaced(lines(dir)) }},
		"no mark":          {doubtful, func(dir string) error { return os.Remove(mark(dir)) }},
		"torn mark":        {doubtful, func(dir string) error { return os.Truncate(mark(dir), 50) }},
		"another boot":     {doubtful, func(dir string) error { return os.WriteFile(mark(dir), []byte(`{"boot":"x"}`), 0o600) }},
	} {
		h, dir := newHand(), t.TempDir()
		q := mustOpen(t, dir, options(h))
		if q.trust != doubtful {
			t.Errorf("a new directory is trusted: %d", q.trust)
		}
		some(t, q, h, "k", 10)
		mustClose(t, q)
		must(t, tc.change(dir))
		q = mustOpen(t, dir, options(h))
		if q.trust != tc.want {
			t.Errorf("%s: trust %d, want %d", name, q.trust, tc.want)
		}
		settle1(t, q, "after", 1, 0, 0, 0)
		verified(t, q)
		crash(t, q)
		q = mustOpen(t, dir, options(h))
		if q.trust != running {
			t.Errorf("%s, then killed: trust %d", name, q.trust)
		}
		verified(t, q)
	}
}

// TestTrustedNames: a name that came or went since an orderly end is seen, although none
// are read.
func TestTrustedNames(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(dir string, head journal.Pos) error
		opens  bool
	}{
		"the next file was begun":     {func(dir string, head journal.Pos) error { return empty(dir, journal.FileName(head.N+1)) }, true},
		"a file that cannot follow":   {func(dir string, head journal.Pos) error { return empty(dir, journal.FileName(head.N+1000)) }, false},
		"a name that is none":         {func(dir string, _ journal.Pos) error { return empty(dir, "journal-x.jsonl") }, false},
		"the last file is gone":       {func(dir string, head journal.Pos) error { return remove(dir, head.Segment) }, false},
		"the one before it is gone":   {func(dir string, head journal.Pos) error { return remove(dir, head.Segment-1) }, false},
		"the first file is gone":      {func(dir string, _ journal.Pos) error { return remove(dir, 1) }, false},
		"the first file was replaced": {func(dir string, _ journal.Pos) error { return replaced(filepath.Join(dir, journal.FileName(1))) }, true},
	} {
		dir := t.TempDir()
		head := inDays(t, dir, 3)
		must(t, tc.change(filepath.Join(dir, journalDir), head))
		q, err := Open(dir, options(newHand()))
		if (err == nil) != tc.opens {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if q.trust == clean {
			t.Errorf("%s: trusted", name)
		}
		verified(t, q)
		mustClose(t, q)
	}
}

// TestUnlisted: a start after an orderly end reads no names, of which there may be thousands.
func TestUnlisted(t *testing.T) {
	dir := t.TempDir()
	inDays(t, dir, 3)
	lists := listings(t, filepath.Join(dir, journalDir))
	q := mustOpen(t, dir, options(newHand()))
	if n := lists(); n != 0 || q.trust != clean {
		t.Errorf("%d listings, trust %d", n, q.trust)
	}
	crash(t, q)
	lists()
	mustOpen(t, dir, options(newHand()))
	if lists() == 0 {
		t.Error("a start after a crash was not seen to list: nothing is seen")
	}
}

// listings counts how often a directory was read since the last call.
func listings(t *testing.T, dir string) func() (n int) {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	must(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	_, err = unix.InotifyAddWatch(fd, dir, unix.IN_ACCESS|unix.IN_ONLYDIR)
	must(t, err)
	return func() (n int) {
		events := make([]byte, 64<<10)
		size, err := unix.Read(fd, events)
		if errors.Is(err, unix.EAGAIN) {
			return 0
		}
		must(t, err)
		for at := 0; at < size; {
			mask, length := binary.NativeEndian.Uint32(events[at+4:]), binary.NativeEndian.Uint32(events[at+12:])
			if mask&unix.IN_ISDIR != 0 && length == 0 { // of itself, not of what is in it
				n++
			}
			at += unix.SizeofInotifyEvent + int(length)
		}
		return n
	}
}

// inDays leaves a queue in order after some days, of a file each.
func inDays(t testing.TB, dir string, days int) journal.Pos {
	t.Helper()
	h := newHand()
	q := mustOpen(t, dir, options(h))
	for day := range days {
		settle1(t, q, fmt.Sprint(day), 1, 0, 0, 0)
		h.move(24 * time.Hour)
	}
	mustClose(t, q)
	return q.head
}

func empty(dir, name string) error { return os.WriteFile(filepath.Join(dir, name), nil, 0o600) }

func remove(dir string, segment uint64) error {
	return os.Remove(filepath.Join(dir, journal.FileName(segment)))
}

// rewritten writes the first byte of a file again.
func rewritten(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, 0); err != nil {
		return err
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		return err
	}
	return f.Close()
}

// replaced puts a copy in a file's place.
func replaced(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".copy", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".copy", path)
}

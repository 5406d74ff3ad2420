package cutfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// FS is a mounted filesystem. Its methods may be called while it is used.
type FS struct {
	server *fuse.Server

	mu   sync.Mutex
	now  *Image // what programs see
	log  Log
	fail Fault
}

// Fault decides about each operation before it is done, by what would be logged: nil
// lets it be done. It is called for one operation at a time.
type Fault func(o Op) *Failure

// Failure is how an operation fails.
type Failure struct {
	Errno syscall.Errno // 0 with Short: the operation succeeds in part
	Done  bool          // it is done nevertheless
	Short int           // of a Write: only so many bytes are written; at least 1
}

// Mount mounts a filesystem at dir with what is in from, which is taken for durable.
//
// The files are read once, so that they are in the page cache: a map of a file must not
// have to ask this very process for a page, since a thread that waits for a page cannot
// be stopped, and the collector would wait for it while nobody answers.
func Mount(dir string, from *Image) (*FS, error) {
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return nil, fmt.Errorf("cutfs: no FUSE here (load the kernel module fuse; in a container: --device /dev/fuse --cap-add SYS_ADMIN): %w", err)
	}
	f := &FS{now: from.clone(), log: Log{From: from.clone()}}
	root := &node{fs: f, id: Root}
	server, err := fs.Mount(dir, root, &fs.Options{
		MountOptions: fuse.MountOptions{
			Name: "cutfs", FsName: "cutfs", DirectMount: true, DisableXAttrs: true, MaxWrite: 1 << 20,
			DisabledCapabilities: fuse.CAP_AUTO_INVAL_DATA, // nobody else changes the files
		},
		OnAdd: func(ctx context.Context) { root.grow(ctx) },
	})
	if err != nil {
		return nil, fmt.Errorf("cutfs: mount %s (needs root or fusermount3): %w", dir, err)
	}
	f.server = server
	if err := warm(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("cutfs: %w", err), f.Unmount())
	}
	return f, nil
}

// warm reads all files below dir.
func warm(dir string) error {
	return filepath.WalkDir(dir, func(path string, d iofs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, in)
		return errors.Join(err, in.Close())
	})
}

// Unmount ends the filesystem. It fails while a file is open.
func (f *FS) Unmount() error {
	err := f.server.Unmount()
	if err == nil {
		f.server.Wait()
	}
	return err
}

// Log gives what was done so far.
func (f *FS) Log() *Log {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &Log{From: f.log.From, Ops: slices.Clone(f.log.Ops)}
}

// Note puts a word of the test into the log and gives its place there.
func (f *FS) Note(text string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log.Ops = append(f.log.Ops, Op{Kind: Note, Name: text})
	return len(f.log.Ops) - 1
}

// Fail has fault decide about every operation from now on; nil ends that.
func (f *FS) Fail(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = fault
}

// do logs and does an operation, unless it is to fail; it tells how many bytes of a
// write were done. f.mu is held.
func (f *FS) do(o Op) (int, syscall.Errno) {
	var failure *Failure
	if f.fail != nil {
		failure = f.fail(o)
	}
	switch {
	case failure == nil:
	case failure.Short > 0 && o.Kind == Write:
		o.Data = o.Data[:min(failure.Short, len(o.Data))]
	case o.Kind == Sync && !failure.Done:
		f.log.Ops = append(f.log.Ops, Op{Kind: SyncLost, File: o.File})
		return 0, failure.Errno
	case !failure.Done:
		return 0, failure.Errno
	}
	f.now.do(o)
	f.log.Ops = append(f.log.Ops, o)
	if failure != nil {
		return len(o.Data), failure.Errno
	}
	return len(o.Data), 0
}

// take gives a number for a new file or directory. f.mu is held.
func (f *FS) take() int {
	f.now.next++
	return f.now.next - 1
}

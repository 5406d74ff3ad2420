package cutfs

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// mark is the environment variable that makes a process the server of a mount.
const mark = "SETTLED_CUTFS_MOUNT"

// Serving tells whether this process was started by [Mount] to serve a filesystem, and
// if so does that to its end. TestMain of whoever uses the package asks it first.
func Serving() bool {
	dir := os.Getenv(mark)
	if dir == "" {
		return false
	}
	if err := serve(dir, os.Stdin, os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err) // there is nobody else to tell
	}
	return true
}

// request is what the user asks of the server; one of them.
type request struct {
	From    *Image // first of all: what is on the disk
	Note    *string
	Fail    *Fault
	Log     bool
	Unmount bool
}

// reply is the answer to it.
type reply struct {
	Err  string
	Ops  []Op
	Hits int // how many operations failed by the fault
	At   int
}

// served is the filesystem in the process that serves it.
type served struct {
	server *fuse.Server
	dir    string

	mu   sync.Mutex
	now  *Image // what programs see
	ops  []Op
	fail Fault
	seen int // operations that the fault is about
	hits int
}

func serve(dir string, in io.Reader, out io.Writer) error {
	requests, replies := gob.NewDecoder(in), gob.NewEncoder(out)
	var first request
	if err := requests.Decode(&first); err != nil {
		return err
	}
	f := &served{dir: dir, now: first.From}
	mounted := f.mount()
	if err := replies.Encode(replyOf(mounted)); err != nil || mounted != nil {
		return errors.Join(err, mounted)
	}
	for {
		var r request
		if err := requests.Decode(&r); err != nil { // whoever used it is gone
			return f.unmount()
		}
		answer := f.answer(r)
		if err := replies.Encode(answer); err != nil || r.Unmount {
			return err
		}
	}
}

func replyOf(err error) reply {
	if err != nil {
		return reply{Err: err.Error()}
	}
	return reply{}
}

func (f *served) answer(r request) reply {
	if r.Unmount {
		return replyOf(f.unmount())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case r.Note != nil:
		f.ops = append(f.ops, Op{Kind: Note, Name: *r.Note})
		return reply{At: len(f.ops) - 1}
	case r.Fail != nil:
		hits := f.hits
		f.fail, f.seen, f.hits = *r.Fail, 0, 0
		return reply{Hits: hits}
	default:
		return reply{Ops: f.ops}
	}
}

func (f *served) mount() error {
	root := &node{fs: f, id: Root}
	server, err := fs.Mount(f.dir, root, &fs.Options{
		MountOptions: fuse.MountOptions{
			Name: "cutfs", FsName: "cutfs", DirectMount: true, DisableXAttrs: true, MaxWrite: 1 << 20,
		},
		OnAdd: func(ctx context.Context) { root.grow(ctx) },
	})
	if err != nil {
		return fmt.Errorf("cutfs: mount %s (needs root or fusermount3): %w", f.dir, err)
	}
	f.server = server
	return nil
}

// unmount ends the filesystem, also if a file is open still, such as a map that bbolt
// left behind: that is an error then for whoever uses it.
func (f *served) unmount() error {
	err := unix.Unmount(f.dir, 0)
	if errors.Is(err, unix.EBUSY) {
		err = unix.Unmount(f.dir, unix.MNT_FORCE|unix.MNT_DETACH)
	}
	if err != nil {
		return fmt.Errorf("cutfs: unmount: %w", err)
	}
	f.server.Wait()
	return nil
}

// do logs and does an operation, unless it is to fail; it tells how many bytes of a
// write were done. f.mu is held.
func (f *served) do(o Op) (int, syscall.Errno) {
	fault := f.failing(o)
	switch {
	case fault == nil:
	case fault.Short > 0 && o.Kind == Write:
		o.Data = o.Data[:min(fault.Short, len(o.Data))]
	case o.Kind == Sync && !fault.Done:
		f.ops = append(f.ops, Op{Kind: SyncLost, File: o.File})
		return 0, fault.Errno
	case !fault.Done:
		return 0, fault.Errno
	}
	f.now.do(o)
	f.ops = append(f.ops, o)
	if fault != nil {
		return len(o.Data), fault.Errno
	}
	return len(o.Data), 0
}

// failing gives the fault if the operation is to fail.
func (f *served) failing(o Op) *Fault {
	if !slices.Contains(f.fail.Kinds, o.Kind) {
		return nil
	}
	f.seen++
	if f.seen <= f.fail.After || f.fail.Count > 0 && f.seen > f.fail.After+f.fail.Count {
		return nil
	}
	f.hits++
	return &f.fail
}

// take gives a number for a new file or directory. f.mu is held.
func (f *served) take() int {
	f.now.Next++
	return f.now.Next - 1
}

package cutfs

import (
	"bytes"
	"context"
	"io"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// node is a file or directory as FUSE knows it. Reads go through the page cache (no
// direct I/O), so that a map of the file shows what was written.
type node struct {
	fs.Inode
	fs *served
	id int
}

// What the kernel may ask of a node.
var (
	_ fs.NodeGetattrer = (*node)(nil)
	_ fs.NodeSetattrer = (*node)(nil)
	_ fs.NodeOpener    = (*node)(nil)
	_ fs.NodeReader    = (*node)(nil)
	_ fs.NodeWriter    = (*node)(nil)
	_ fs.NodeFsyncer   = (*node)(nil)
	_ fs.NodeAllocater = (*node)(nil)
	_ fs.NodeCreater   = (*node)(nil)
	_ fs.NodeMkdirer   = (*node)(nil)
	_ fs.NodeUnlinker  = (*node)(nil)
	_ fs.NodeRmdirer   = (*node)(nil)
	_ fs.NodeRenamer   = (*node)(nil)
	_ fs.NodeStatfser  = (*node)(nil)
)

// grow makes the nodes of what the image has from the start.
func (n *node) grow(ctx context.Context) {
	for name, id := range n.fs.now.Dirs[n.id] {
		child := n.child(ctx, id)
		n.AddChild(name, child, true)
		if of, ok := child.Operations().(*node); ok {
			of.grow(ctx)
		}
	}
}

func (n *node) child(ctx context.Context, id int) *fs.Inode {
	mode := uint32(syscall.S_IFREG)
	if _, ok := n.fs.now.Dirs[id]; ok {
		mode = syscall.S_IFDIR
	}
	return n.NewPersistentInode(ctx, &node{fs: n.fs, id: id}, fs.StableAttr{Mode: mode, Ino: uint64(id)})
}

// attr fills in what stat tells. fs.mu is held.
func (n *node) attr(a *fuse.Attr) {
	a.Ino, a.Nlink, a.Mode = uint64(n.id), 1, syscall.S_IFDIR|0o700
	if f, ok := n.fs.now.Files[n.id]; ok {
		a.Mode = syscall.S_IFREG | 0o600
		a.Size = uint64(max(0, f.Size))
		a.Blocks = uint64(len(f.Pages) * pageSize / 512)
	}
}

func (n *node) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	n.attr(&out.Attr)
	return 0
}

// Setattr changes the size; all else is taken and forgotten.
func (n *node) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	if size, ok := in.GetSize(); ok {
		if _, errno := n.fs.do(Op{Kind: Resize, File: n.id, Off: int64(size)}); errno != 0 {
			return errno
		}
	}
	n.attr(&out.Attr)
	return 0
}

func (n *node) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	if flags&syscall.O_TRUNC != 0 {
		if _, errno := n.fs.do(Op{Kind: Resize, File: n.id}); errno != 0 {
			return nil, 0, errno
		}
	}
	return nil, fuse.FOPEN_KEEP_CACHE, 0
}

func (n *node) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	got, err := n.fs.now.Files[n.id].ReadAt(dest, off)
	if err != nil && err != io.EOF { //nolint:errorlint // ReadAt of content gives no other
		return nil, syscall.EIO
	}
	return fuse.ReadResultData(dest[:got]), 0
}

func (n *node) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	done, errno := n.fs.do(Op{Kind: Write, File: n.id, Off: off, Data: bytes.Clone(data)})
	return uint32(done), errno
}

// Fsync serves files and directories, fsync and fdatasync: times are not kept.
func (n *node) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	o := Op{Kind: Sync, File: n.id}
	if _, ok := n.fs.now.Dirs[n.id]; ok {
		o = Op{Kind: SyncDir, Dir: n.id}
	}
	_, errno := n.fs.do(o)
	return errno
}

// Allocate makes the file longer, with zeros. Nothing else of fallocate is done.
func (n *node) Allocate(_ context.Context, _ fs.FileHandle, off, size uint64, mode uint32) syscall.Errno {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	if mode != 0 {
		return syscall.EOPNOTSUPP
	}
	end := int64(off + size)
	if end <= n.fs.now.Files[n.id].Size {
		return 0
	}
	_, errno := n.fs.do(Op{Kind: Resize, File: n.id, Off: end})
	return errno
}

func (n *node) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	o := Op{Kind: Create, File: n.fs.take(), Dir: n.id, Name: name}
	if _, errno := n.fs.do(o); errno != 0 {
		return nil, nil, 0, errno
	}
	child := n.child(ctx, o.File)
	(&node{fs: n.fs, id: o.File}).attr(&out.Attr)
	return child, nil, fuse.FOPEN_KEEP_CACHE, 0
}

func (n *node) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	o := Op{Kind: Mkdir, File: n.fs.take(), Dir: n.id, Name: name}
	if _, errno := n.fs.do(o); errno != 0 {
		return nil, errno
	}
	child := n.child(ctx, o.File)
	(&node{fs: n.fs, id: o.File}).attr(&out.Attr)
	return child, 0
}

func (n *node) Unlink(_ context.Context, name string) syscall.Errno { return n.remove(name) }

func (n *node) Rmdir(_ context.Context, name string) syscall.Errno {
	n.fs.mu.Lock()
	id := n.fs.now.Dirs[n.id][name]
	full := len(n.fs.now.Dirs[id]) > 0
	n.fs.mu.Unlock()
	if full {
		return syscall.ENOTEMPTY
	}
	return n.remove(name)
}

func (n *node) remove(name string) syscall.Errno {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	_, errno := n.fs.do(Op{Kind: Remove, Dir: n.id, Name: name})
	return errno
}

func (n *node) Rename(_ context.Context, name string, parent fs.InodeEmbedder, to string, flags uint32) syscall.Errno {
	dir, ok := parent.(*node)
	if !ok || flags != 0 { // neither exchange nor the refusal to replace
		return syscall.EINVAL
	}
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	_, errno := n.fs.do(Op{Kind: Rename, Dir: n.id, Name: name, ToDir: dir.id, To: to})
	return errno
}

// Statfs tells of a disk with room.
func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	*out = fuse.StatfsOut{Bsize: pageSize, Frsize: pageSize, Blocks: 1 << 24, Bfree: 1 << 23, Bavail: 1 << 23, Files: 1 << 20, Ffree: 1 << 19, NameLen: 255}
	return 0
}

// Package cutfs is a filesystem that forgets: it is mounted by FUSE under a program
// that writes files, logs every write, change of size, new name and sync, and can make
// from the log what a power cut at any moment would have left on the disk. It is test
// equipment, and knows nothing of what is in the files.
//
// A [FS] serves the program while it is recorded, and fails operations on demand
// ([FS.Fail]): a full disk, an input/output error, a disk gone read-only. It is served
// by a process of its own ([Serving]): a thread that reads a page of a mapped file
// cannot be stopped until the page is there, and Go's collector, which stops all
// threads, would wait for one that waits for this very process. Its [Log] is
// then cut without FUSE: [Log.Cut] takes a boundary and a [Strategy] and gives the
// [Image] that survives, which is written to any directory. So a scenario runs once on
// the slow filesystem, and its thousands of cuts are opened on a fast one.
//
// What a disk may do is taken as badly as POSIX allows. What was not synced survives or
// not, each piece by itself and in any order: sectors of a write, the size of a file,
// names in a directory. fsync of a file keeps its data and size, not its name; fsync of
// a directory keeps its names. Only a rename, and a single sector, is done wholly or
// not at all. What survives of a file beyond its sectors is zeros.
package cutfs

import "fmt"

// Kind is what an operation does.
type Kind uint8

// Kinds of operations.
const (
	Write    Kind = iota + 1 // Data at Off of File
	Resize                   // File is Off bytes long
	Create                   // File is Name in Dir
	Mkdir                    // directory File is Name in Dir
	Remove                   // Name is gone from Dir
	Rename                   // Name of Dir is now To in ToDir
	Sync                     // data and size of File are durable
	SyncDir                  // names in Dir are durable
	SyncLost                 // Sync failed: the system takes the data of File for clean, and they never reach the disk
	Note                     // the test wrote down Name: nothing on disk

	grow // of a Write, in effects: File is at least Off bytes long
)

func (k Kind) String() string {
	return [...]string{"?", "write", "resize", "create", "mkdir", "remove", "rename", "sync", "sync dir", "sync lost", "note", "grow"}[k]
}

// Op is an operation that was done. Files and directories are known by a number, since
// their names change; the root is [Root].
type Op struct {
	Kind  Kind
	File  int
	Dir   int
	Name  string
	ToDir int
	To    string
	Off   int64  // bytes
	Data  []byte // never changed
}

// Root is the number of the root directory.
const Root = 1

// String tells of an operation in a line.
func (o Op) String() string {
	switch o.Kind {
	case Write:
		return fmt.Sprintf("write %d bytes at %d of file %d", len(o.Data), o.Off, o.File)
	case Resize:
		return fmt.Sprintf("resize file %d to %d", o.File, o.Off)
	case Rename:
		return fmt.Sprintf("rename %s to %s", o.Name, o.To)
	case Note:
		return "note " + o.Name
	case SyncDir:
		return fmt.Sprintf("sync dir %d", o.Dir)
	case Sync, SyncLost:
		return fmt.Sprintf("%s file %d", o.Kind, o.File)
	default:
		return fmt.Sprintf("%s %s", o.Kind, o.Name)
	}
}

// Log is what a program did to the disk, in order, from the image that it began with.
type Log struct {
	From *Image
	Ops  []Op
}

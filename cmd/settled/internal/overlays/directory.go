package overlays

import (
	"cmp"
	"io/fs"
	"slices"
	"time"
)

// with is a directory of rules as it will be when it holds one more file, or another of
// the same name.
type with struct {
	fs.FS
	file entry
}

// ReadDir implements fs.ReadDirFS.
func (w with) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(w.FS, name)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(slices.Clone(list), func(e fs.DirEntry) bool { return e.Name() == w.file.name })
	list = append(list, w.file)
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return list, nil
}

// Stat implements fs.StatFS.
func (w with) Stat(name string) (fs.FileInfo, error) {
	if name == w.file.name {
		return w.file, nil
	}
	return fs.Stat(w.FS, name)
}

// ReadFile implements fs.ReadFileFS.
func (w with) ReadFile(name string) ([]byte, error) {
	if name == w.file.name {
		return []byte(w.file.text), nil
	}
	return fs.ReadFile(w.FS, name)
}

// entry is a regular file that is not on the disk.
type entry struct{ name, text string }

func (e entry) Name() string               { return e.name }
func (e entry) Size() int64                { return int64(len(e.text)) }
func (e entry) Mode() fs.FileMode          { return 0o600 }
func (e entry) Type() fs.FileMode          { return 0 }
func (e entry) ModTime() time.Time         { return time.Time{} }
func (e entry) IsDir() bool                { return false }
func (e entry) Sys() any                   { return nil }
func (e entry) Info() (fs.FileInfo, error) { return e, nil }

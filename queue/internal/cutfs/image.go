package cutfs

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Image is what is on a disk.
type Image struct {
	Files map[int]*content       // of files
	Dirs  map[int]map[string]int // names in directories
	Next  int                    // number for the next file or directory
}

// NewImage is an empty disk.
func NewImage() *Image {
	return &Image{Files: map[int]*content{}, Dirs: map[int]map[string]int{Root: {}}, Next: Root + 1}
}

// ReadImage makes an image of a directory.
func ReadImage(dir string) (*Image, error) {
	m := NewImage()
	at := map[string]int{".": Root}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		id := m.Next
		m.Next++
		m.Dirs[at[filepath.Dir(rel)]][d.Name()] = id
		if d.IsDir() {
			at[rel], m.Dirs[id] = id, map[string]int{}
			return nil
		}
		m.Files[id], err = load(path)
		return err
	})
	return m, err
}

// clone copies the image; pages are shared.
func (m *Image) clone() *Image {
	c := &Image{Files: make(map[int]*content, len(m.Files)), Dirs: make(map[int]map[string]int, len(m.Dirs)), Next: m.Next}
	for id, f := range m.Files {
		c.Files[id] = f.clone()
	}
	for id, d := range m.Dirs {
		c.Dirs[id] = maps.Clone(d)
	}
	return c
}

// Save writes the image to an empty or missing directory.
func (m *Image) Save(dir string) error { return m.saveDir(dir, Root) }

func (m *Image) saveDir(path string, dir int) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for name, id := range m.Dirs[dir] {
		to := filepath.Join(path, name)
		var err error
		if f, ok := m.Files[id]; ok {
			err = f.save(to)
		} else {
			err = m.saveDir(to, id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Forget takes files whose names end so out of a directory of the root.
func (m *Image) Forget(dir, suffix string) {
	maps.DeleteFunc(m.Dirs[m.Dirs[Root][dir]], func(name string, _ int) bool { return strings.HasSuffix(name, suffix) })
}

// Sum is the same for images that cannot be told apart through the filesystem.
func (m *Image) Sum() string { return m.sumDir(Root) }

func (m *Image) sumDir(dir int) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(m.Dirs[dir])) {
		id := m.Dirs[dir][name]
		if f, ok := m.Files[id]; ok {
			_, _ = fmt.Fprintf(h, "file %q %x\n", name, f.sum()) // of a hash it cannot fail
		} else {
			_, _ = fmt.Fprintf(h, "dir %q %s\n", name, m.sumDir(id))
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// do applies an operation as a program sees it at once.
func (m *Image) do(o Op) {
	switch o.Kind {
	case Write:
		f := m.Files[o.File]
		f.write(o.Off, o.Data)
		f.Size = max(f.Size, o.Off+int64(len(o.Data)))
	case Resize:
		m.Files[o.File].resize(o.Off)
	case Create:
		m.Files[o.File] = newContent()
		m.Dirs[o.Dir][o.Name] = o.File
	case Mkdir:
		m.Dirs[o.File] = map[string]int{}
		m.Dirs[o.Dir][o.Name] = o.File
	case Remove:
		delete(m.Dirs[o.Dir], o.Name)
	case Rename:
		m.Dirs[o.ToDir][o.To] = m.Dirs[o.Dir][o.Name]
		delete(m.Dirs[o.Dir], o.Name)
	}
}

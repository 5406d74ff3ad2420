package cutfs

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"maps"
	"os"
	"slices"
)

// pageSize is the unit in which content is kept: pages of zeros are not.
const pageSize = 4096

// content is the data of a file. Its pages are never changed once they are in it, so
// that a clone shares them.
type content struct {
	Size  int64
	Pages map[int64][]byte // by number
}

func newContent() *content { return &content{Pages: map[int64][]byte{}} }

func (c *content) clone() *content { return &content{Size: c.Size, Pages: maps.Clone(c.Pages)} }

// write puts data at off; the size is not its business.
func (c *content) write(off int64, data []byte) {
	for len(data) > 0 {
		n, at := off/pageSize, off%pageSize
		page := make([]byte, pageSize)
		copy(page, c.Pages[n])
		done := copy(page[at:], data)
		c.Pages[n] = page
		off, data = off+int64(done), data[done:]
	}
}

// resize makes the file size bytes long; what is cut off is zero if it grows again.
func (c *content) resize(size int64) {
	for n, page := range c.Pages {
		switch start := n * pageSize; {
		case start >= size:
			delete(c.Pages, n)
		case start+pageSize > size:
			c.Pages[n] = append(slices.Clone(page[:size-start]), make([]byte, pageSize-(size-start))...)
		}
	}
	c.Size = size
}

// ReadAt reads like a file.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	if off >= c.Size {
		return 0, io.EOF
	}
	full := int64(len(p))
	p = p[:min(full, c.Size-off)]
	for i := 0; i < len(p); {
		n, at := (off+int64(i))/pageSize, (off+int64(i))%pageSize
		end := min(len(p), i+int(pageSize-at))
		if page, ok := c.Pages[n]; ok {
			copy(p[i:end], page[at:])
		} else {
			clear(p[i:end])
		}
		i = end
	}
	if int64(len(p)) < full {
		return len(p), io.EOF
	}
	return len(p), nil
}

// save writes the content to a file of the real filesystem, with holes for zeros.
func (c *content) save(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Truncate(c.Size); err != nil {
		_ = f.Close() // the first error tells
		return err
	}
	for n, page := range c.Pages {
		if start := n * pageSize; start < c.Size {
			if _, err := f.WriteAt(page[:min(pageSize, c.Size-start)], start); err != nil {
				_ = f.Close() // the first error tells
				return err
			}
		}
	}
	return f.Close()
}

// load reads a file of the real filesystem.
func load(path string) (*content, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := newContent()
	c.Size = int64(len(data))
	for n := int64(0); n*pageSize < c.Size; n++ {
		page := data[n*pageSize : min(c.Size, (n+1)*pageSize)]
		if slices.ContainsFunc(page, func(b byte) bool { return b != 0 }) {
			c.write(n*pageSize, page)
		}
	}
	return c, nil
}

// sum is a check sum of size and data.
func (c *content) sum() [sha256.Size]byte {
	h := sha256.New()
	var head [8]byte
	put := func(n int64) {
		binary.LittleEndian.PutUint64(head[:], uint64(n))
		_, _ = h.Write(head[:]) // of a hash it cannot fail
	}
	put(c.Size)
	for _, n := range slices.Sorted(maps.Keys(c.Pages)) {
		if left := c.Size - n*pageSize; left > 0 { // what is beyond the end is not seen
			put(n)
			_, _ = h.Write(c.Pages[n][:min(pageSize, left)])
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

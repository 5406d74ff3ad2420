package catalogue

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Bounds of what is read: an archive must not fill the disk or the memory.
const (
	maxFile    = 1 << 30 // bytes of one file, unpacked
	maxLine    = 1 << 20 // bytes of a line of text
	maxEntries = 1000    // files in an archive
)

var errTooLarge = errors.New("the file is over 1 GiB")

// emit takes a row as it stands in a file.
type emit func(at Place, t Table, fields map[string]string) error

// readFile reads every row of a file: a .zip of files, saved replies (JSON), or TAB-separated
// text. What it is shows in its first bytes, not in its name.
func readFile(path string, each emit) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	name := filepath.Base(path)
	in := bufio.NewReader(f)
	head, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("catalogue: %s: %w", name, err)
	}
	if string(head) == "PK\x03\x04" {
		return readZip(f, name, each)
	}
	return readRows(in, name, each)
}

func readZip(f *os.File, name string, each emit) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	archive, err := zip.NewReader(f, info.Size())
	if err != nil {
		return &Fault{Place: Place{File: name, Line: 1}, Why: err.Error()}
	}
	if len(archive.File) > maxEntries {
		return &Fault{Place: Place{File: name, Line: 1}, Why: fmt.Sprintf("the archive has over %d files", maxEntries)}
	}
	for _, entry := range archive.File {
		if entry.FileInfo().IsDir() {
			continue
		}
		if err := readEntry(entry, name, each); err != nil {
			return err
		}
	}
	return nil
}

func readEntry(entry *zip.File, archive string, each emit) (err error) {
	name := archive + "/" + filepath.Base(entry.Name)
	r, err := entry.Open()
	if err != nil {
		return &Fault{Place: Place{File: name, Line: 1}, Why: err.Error()}
	}
	defer func() { _ = r.Close() }() // only read
	return readRows(r, name, each)
}

// readRows reads rows from saved replies or from text.
func readRows(r io.Reader, name string, each emit) error {
	in := bufio.NewReaderSize(&bounded{r: r, left: maxFile}, 64<<10)
	if mark, _ := in.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = in.Discard(len(mark)) // a byte order mark; it was peeked
	}
	head, err := in.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return &Fault{Place: Place{File: name, Line: 1}, Why: err.Error()}
	}
	if len(head) == 0 {
		return &Fault{Place: Place{File: name, Line: 1}, Why: "the file is empty"}
	}
	if strings.HasPrefix(strings.TrimLeft(string(head), " \t\r\n"), "{") {
		return readReplies(in, name, each)
	}
	return readText(in, name, each)
}

// bounded fails after so many bytes, so that a file that is too large is not taken for
// one that ends.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, err
}

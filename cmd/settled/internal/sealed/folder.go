// Package sealed keeps small records that have not come to the journal yet, each in a
// file of its own: whole and durable, and sealed with SM4-GCM under the keys of the
// journal. A file's name tells nothing of what is in it.
package sealed

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"

	"settled/queue"
	"settled/queue/journal"
)

// suffix of a record's file.
const suffix = ".sealed"

// Folder is a directory of records. Its methods may be called from any goroutine, but
// not for the same name at the same time.
type Folder struct {
	dir   string
	kind  string
	aeads []cipher.AEAD // of the key ring; the last seals
	names []byte        // HMAC key
}

// Open makes the directory if need be. ring are the keys of the journal, one after
// another; kind tells the records of one use from those of another.
func Open(dir, kind string, ring []byte) (*Folder, error) {
	if len(ring) == 0 || len(ring)%queue.KeySize != 0 {
		return nil, fmt.Errorf("sealed: %d bytes are no keys", len(ring))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("sealed: %w", err)
	}
	f := &Folder{dir: dir, kind: kind, names: mac(ring[:queue.KeySize], "settled file name "+kind)}
	for key := range slices.Chunk(ring, queue.KeySize) {
		block, err := sm4.NewCipher(mac(key, "settled file "+kind)[:sm4.BlockSize])
		if err != nil {
			return nil, fmt.Errorf("sealed: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("sealed: %w", err)
		}
		f.aeads = append(f.aeads, aead)
	}
	return f, nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sm3.New, key)
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum(nil)
}

func (f *Folder) path(name string) string {
	return filepath.Join(f.dir, hex.EncodeToString(mac(f.names, name))[:32]+suffix)
}

// Put keeps a record under a name; it returns when that is durable. On an error the
// record is as it was before, or as it was to be.
func (f *Folder) Put(name string, data []byte) error {
	aead := f.aeads[len(f.aeads)-1]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(data)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	path := f.path(name)
	if err := journal.WriteFile(path, aead.Seal(nonce, nonce, data, f.bound(path))); err != nil {
		return fmt.Errorf("sealed: %w", err)
	}
	return nil
}

// bound is what a sealed record is bound to: another file's content does not open.
func (f *Folder) bound(path string) []byte { return []byte(f.kind + "/" + filepath.Base(path)) }

// Remove removes a record, if there is one. After a power cut it may be back.
func (f *Folder) Remove(name string) error {
	if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sealed: %w", err)
	}
	return nil
}

// Get gives the record of a name; nil if there is none.
func (f *Folder) Get(name string) ([]byte, error) {
	data, err := f.read(f.path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("sealed: %w", err)
	}
	return data, nil
}

// All gives the content of every record, in no order. One that does not open is left
// out, and its file is named in unread.
func (f *Folder) All() (records [][]byte, unread []string, err error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, nil, fmt.Errorf("sealed: %w", err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), suffix) {
			continue
		}
		data, err := f.read(filepath.Join(f.dir, e.Name()))
		if err != nil {
			unread = append(unread, e.Name())
			continue
		}
		records = append(records, data)
	}
	return records, unread, nil
}

func (f *Folder) read(path string) (data []byte, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	err = errors.New("too short")
	for _, aead := range slices.Backward(f.aeads) {
		n := aead.NonceSize()
		if len(text) < n {
			break
		}
		if data, err = aead.Open(nil, text[:n], text[n:], f.bound(path)); err == nil {
			return data, nil
		}
	}
	return nil, err
}

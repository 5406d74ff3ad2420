package queue

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"settled/queue/journal"
)

// Kinds of parcels.
const (
	Backup  = "backup"  // the whole live journal
	Archive = "archive" // files that were taken out of it
)

// Manifest says what is in a parcel: a gzipped tar file of manifest.json, manifest.sm3
// (the SM3 of manifest.json), and the files that it lists, in that order.
type Manifest struct {
	Format      int       `json:"format"` // 1
	Kind        string    `json:"kind"`
	Institution string    `json:"institution"`
	Counter     string    `json:"counter"`
	Made        time.Time `json:"made"`
	After       uint64    `json:"after"`      // entry before the first one in it; 0: it begins with the journal
	AfterHash   string    `json:"after_hash"` // its hash
	AfterAt     time.Time `json:"after_at,omitzero"`
	AfterState  string    `json:"after_state,omitempty"` // SM3 of the checkpoint behind it, which is in the parcel then
	Entries     uint64    `json:"entries"`               // number of the last entry
	Hash        string    `json:"hash"`                  // its hash: the head of the chain
	At          time.Time `json:"at"`                    // its time
	State       string    `json:"state,omitempty"`       // of an archive: SM3 of the checkpoint that its entries make
	Files       []Packed  `json:"files"`
}

// Packed is a file in a parcel.
type Packed struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	SM3  string `json:"sm3"`
}

const (
	manifestName = "manifest.json"
	digestName   = "manifest.sm3"
	parcelFormat = 1
	maxManifest  = 16 << 20
)

func (m *Manifest) check() error {
	switch {
	case m.Format != parcelFormat:
		return fmt.Errorf("format %d, this program knows %d", m.Format, parcelFormat)
	case m.Kind != Backup && m.Kind != Archive:
		return fmt.Errorf("it is a %q", m.Kind)
	case m.Entries <= m.After || len(m.Hash) != 2*sm3.Size || len(m.Files) == 0:
		return errors.New("its manifest is incomplete")
	}
	for _, f := range m.Files {
		if filepath.Base(f.Name) != f.Name || strings.HasPrefix(f.Name, ".") || f.Size < 0 {
			return fmt.Errorf("a file is called %q", clip(f.Name))
		}
	}
	return nil
}

func digestOf(data []byte) string {
	sum := sm3.Sum(data)
	return hex.EncodeToString(sum[:])
}

// weigh fills in size and digest of the first size bytes of a file in dir.
func weigh(ctx context.Context, dir, name string, size int64) (Packed, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return Packed{}, err
	}
	defer func() { _ = f.Close() }() // only read
	h := sm3.New()
	if _, err := io.CopyN(h, patient{ctx, f}, size); err != nil {
		return Packed{}, fmt.Errorf("%s: %w", name, err)
	}
	return Packed{Name: name, Size: size, SM3: hex.EncodeToString(h.Sum(nil))}, nil
}

// patient reads until it is told to stop.
type patient struct {
	ctx context.Context //nolint:containedctx // for the length of one copy
	r   io.Reader
}

// Read implements io.Reader.
func (p patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// writeParcel writes the files of dir that m lists to path, which is there whole and
// durable or not at all, and returns the digest of the manifest.
func writeParcel(ctx context.Context, dir string, m *Manifest, path string) (digest string, err error) {
	if err := m.check(); err != nil {
		return "", err
	}
	manifest, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return "", err
	}
	digest = digestOf(manifest)
	if err := journal.MakeDir(filepath.Dir(path)); err != nil {
		return "", err
	}
	part := path + ".part"
	out, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	err = errors.Join(fillParcel(ctx, out, dir, m, manifest, digest), out.Sync(), out.Close())
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(part))
	}
	return digest, journal.SyncDir(filepath.Dir(path))
}

func fillParcel(ctx context.Context, out io.Writer, dir string, m *Manifest, manifest []byte, digest string) error {
	zip, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	w := tar.NewWriter(zip)
	add := func(name string, size int64, r io.Reader) error {
		err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: m.Made, Format: tar.FormatPAX})
		if err != nil {
			return err
		}
		_, err = io.CopyN(w, patient{ctx, r}, size)
		return err
	}
	err = errors.Join(
		add(manifestName, int64(len(manifest)), bytes.NewReader(manifest)),
		add(digestName, int64(len(digest)), strings.NewReader(digest)),
	)
	if err != nil {
		return err
	}
	for _, p := range m.Files {
		f, err := os.Open(filepath.Join(dir, p.Name))
		if err != nil {
			return err
		}
		if err := errors.Join(add(p.Name, p.Size, f), f.Close()); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return errors.Join(w.Close(), zip.Close())
}

// readParcel checks a parcel against its manifest and gives every file in it to fn. What
// fn leaves of a file is read and checked nevertheless.
func readParcel(path string, fn func(m *Manifest, p Packed, r io.Reader) error) (m *Manifest, digest string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = f.Close() }() // only read
	zip, err := gzip.NewReader(f)
	if err != nil {
		return nil, "", fmt.Errorf("%s is no parcel: %w", filepath.Base(path), err)
	}
	r := tar.NewReader(zip)
	if m, digest, err = readManifest(r); err != nil {
		return nil, "", fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	for _, p := range m.Files {
		if err := readPacked(r, m, p, fn); err != nil {
			return m, digest, err
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		return m, digest, errors.Join(errors.New("there is more in it than its manifest says"), err)
	}
	const padding = 1 << 20
	if _, err := io.Copy(io.Discard, io.LimitReader(zip, padding)); err != nil { // gzip's own sum stands at its end
		return m, digest, err
	}
	return m, digest, nil
}

func readManifest(r *tar.Reader) (*Manifest, string, error) {
	read := func(name string) ([]byte, error) {
		h, err := r.Next()
		if err != nil {
			return nil, err
		}
		if h.Name != name || h.Size > maxManifest {
			return nil, fmt.Errorf("it is no parcel: %q stands where %s should", clip(h.Name), name)
		}
		return io.ReadAll(io.LimitReader(r, maxManifest))
	}
	manifest, err := read(manifestName)
	if err != nil {
		return nil, "", err
	}
	digest, err := read(digestName)
	if err != nil {
		return nil, "", err
	}
	if digestOf(manifest) != string(digest) {
		return nil, "", errors.New("its manifest is not what was written")
	}
	var m Manifest
	if err := json.Unmarshal(manifest, &m); err != nil {
		return nil, "", err
	}
	return &m, string(digest), m.check()
}

func readPacked(r *tar.Reader, m *Manifest, p Packed, fn func(*Manifest, Packed, io.Reader) error) error {
	h, err := r.Next()
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	if h.Name != p.Name || h.Size != p.Size {
		return fmt.Errorf("%s: %q of %d bytes stands where it should, with %d", p.Name, clip(h.Name), h.Size, p.Size)
	}
	sum := sm3.New()
	in := io.TeeReader(r, sum)
	if err := fn(m, p, in); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != p.SM3 {
		return &journal.Damage{File: p.Name, Why: "the file is not the one that its manifest names"}
	}
	return nil
}

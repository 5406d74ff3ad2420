package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// ErrArchived says that an entry was archived: the journal begins behind it.
var ErrArchived = errors.New("the entry was archived")

// stubName is the file that links a journal to its archived part.
const stubName = "archived.json"

// Stub is the last entry that was archived. The journal begins behind it; its files up
// to there are not looked at any more.
type Stub struct {
	N     uint64    `json:"n"`
	Hash  string    `json:"hash"`
	At    time.Time `json:"at"`
	State string    `json:"state"` // digest of what the caller keeps in place of the entries
}

// ReadStub reads the stub of the journal in dir; N is 0 if nothing was archived.
func ReadStub(dir string) (Stub, error) {
	data, err := os.ReadFile(filepath.Join(dir, stubName))
	if errors.Is(err, os.ErrNotExist) {
		return Stub{Hash: Genesis}, nil
	}
	if err != nil {
		return Stub{}, fmt.Errorf("journal: %w", err)
	}
	var s Stub
	if err := json.Unmarshal(data, &s); err != nil || s.N == 0 || len(s.Hash) != len(Genesis) {
		return Stub{}, &Damage{File: stubName, Why: "it does not say where the journal begins"}
	}
	s.At = s.At.In(zone)
	return s, nil
}

// WriteStub makes the journal in dir begin behind s, durably, or not at all. s must be
// the last entry of a file, and what it leaves behind must be safe elsewhere.
func WriteStub(dir string, s Stub) error {
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return WriteFile(filepath.Join(dir, stubName), append(data, '\n'))
}

// WriteFile writes a file that is there whole and durable, or as it was before.
func WriteFile(path string, data []byte) error {
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	if err := os.Rename(part, path); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return SyncDir(filepath.Dir(path))
}

// RemoveArchived removes the files that the stub has made superfluous.
func RemoveArchived(dir string) error {
	s, err := ReadStub(dir)
	if err != nil || s.N == 0 {
		return err
	}
	list, err := allFiles(dir)
	if err != nil {
		return err
	}
	for _, first := range list {
		if first > s.N {
			break
		}
		if err := os.Remove(filepath.Join(dir, FileName(first))); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	return nil
}

package queue

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTrust: how much Open looks at depends on how the files were left, and on nothing
// that a copy or a change of them could keep.
func TestTrust(t *testing.T) {
	store := func(dir string) string { return filepath.Join(dir, storeName) }
	lines := func(dir string) string { return filepath.Join(dir, journalDir, "journal-000000000001.jsonl") }
	mark := func(dir string) string { return filepath.Join(dir, seenName) }
	for name, tc := range map[string]struct {
		want   trust
		change func(dir string) error
	}{
		"as it was closed": {clean, func(string) error { return nil }},
		"store touched":    {running, func(dir string) error { return rewritten(store(dir)) }},
		"journal touched":  {running, func(dir string) error { return rewritten(lines(dir)) }},
		"store replaced":   {running, func(dir string) error { return replaced(store(dir)) }},
		"journal replaced": {running, func(dir string) error { return replaced(lines(dir)) }},
		"no mark":          {doubtful, func(dir string) error { return os.Remove(mark(dir)) }},
		"torn mark":        {doubtful, func(dir string) error { return os.Truncate(mark(dir), 50) }},
		"another boot":     {doubtful, func(dir string) error { return os.WriteFile(mark(dir), []byte(`{"boot":"x"}`), 0o600) }},
	} {
		h, dir := newHand(), t.TempDir()
		q := mustOpen(t, dir, options(h))
		if q.trust != doubtful {
			t.Errorf("a new directory is trusted: %d", q.trust)
		}
		some(t, q, h, "k", 10)
		mustClose(t, q)
		must(t, tc.change(dir))
		q = mustOpen(t, dir, options(h))
		if q.trust != tc.want {
			t.Errorf("%s: trust %d, want %d", name, q.trust, tc.want)
		}
		settle1(t, q, "after", 1, 0, 0, 0)
		verified(t, q)
		crash(t, q)
		q = mustOpen(t, dir, options(h))
		if q.trust != running {
			t.Errorf("%s, then killed: trust %d", name, q.trust)
		}
		verified(t, q)
	}
}

// rewritten writes the first byte of a file again.
func rewritten(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, 0); err != nil {
		return err
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		return err
	}
	return f.Close()
}

// replaced puts a copy in a file's place.
func replaced(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".copy", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".copy", path)
}

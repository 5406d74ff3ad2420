package sealed_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"settled/cmd/settled/internal/sealed"
	"settled/queue"
)

func ring(fill ...byte) []byte {
	var keys []byte
	for _, b := range fill {
		keys = append(keys, bytes.Repeat([]byte{b}, queue.KeySize)...)
	}
	return keys
}

func open(t *testing.T, dir, kind string, keys []byte) *sealed.Folder {
	t.Helper()
	f, err := sealed.Open(dir, kind, keys)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func all(t *testing.T, f *sealed.Folder) (texts []string, unread int) {
	t.Helper()
	records, bad, err := f.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		texts = append(texts, string(r))
	}
	slices.Sort(texts)
	return texts, len(bad)
}

// TestFolder: records are kept over a restart and a change of keys, replaced and
// removed by name, and neither content nor name is on disk in clear.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, "bills", ring(1))
	for name, text := range map[string]string{"MZ-1": "张小满 one", "MZ-2": "two"} {
		if err := f.Put(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil || bytes.Contains(text, []byte("张小满")) || bytes.Contains([]byte(file.Name()), []byte("MZ")) {
			t.Errorf("%s is not sealed: %v", file.Name(), err)
		}
	}
	f = open(t, dir, "bills", ring(1, 2))
	if err := f.Put("MZ-2", []byte("deux")); err != nil {
		t.Fatal(err)
	}
	if got, bad := all(t, f); bad != 0 || !slices.Equal(got, []string{"deux", "张小满 one"}) {
		t.Errorf("%q, %d not read", got, bad)
	}
	for range 2 {
		if err := f.Remove("MZ-1"); err != nil {
			t.Error(err)
		}
	}
	if got, _ := all(t, f); !slices.Equal(got, []string{"deux"}) {
		t.Errorf("%q", got)
	}
}

// TestStrange: what was sealed by other keys, for another use or under another name, or
// was cut short, is told and not read.
func TestStrange(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, dir, "bills", ring(1)).Put("a", []byte("x")); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]*sealed.Folder{"key": open(t, dir, "bills", ring(3)), "use": open(t, dir, "kiosk", ring(1))} {
		if got, bad := all(t, f); len(got) != 0 || bad != 1 {
			t.Errorf("another %s: %q, %d not read", name, got, bad)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"other.sealed": text, "short.sealed": text[:3]} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, bad := all(t, open(t, dir, "bills", ring(1))); len(got) != 1 || bad != 2 {
		t.Errorf("%q, %d not read", got, bad)
	}
	if _, err := sealed.Open(dir, "bills", []byte("short")); err == nil {
		t.Error("a short key was taken")
	}
}

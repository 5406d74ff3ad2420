package catalogue_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"settled/queue/catalogue"
)

// FuzzLoad: whatever a file holds, it loads whole or is refused with a place, and what
// was loaded can be read and loaded again without a change.
func FuzzLoad(f *testing.F) {
	for _, path := range shipped() {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(filepath.Base(path), data[:min(len(data), 1200)])
		f.Add(filepath.Base(path), data)
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	w, err := z.Create("1318.txt")
	if err == nil {
		_, err = w.Write([]byte(caps([7]string{"A1", "2024-01-01", "", "1", "1", "r1", "2024-01-01"})))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		f.Fatal(err)
	}
	f.Add("a.zip", packed.Bytes())
	f.Add("a.json", []byte(`{"output":[{"hilist_code":[[[[[`))
	f.Add("a.txt", []byte(strings.Repeat("\t", 5000)+"\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		name = "f" + strings.Map(func(r rune) rune {
			if r == '/' || r == 0 {
				return -1
			}
			return r
		}, name)
		if len(name) > 100 {
			return
		}
		dir := t.TempDir()
		path := write(t, name, string(data))
		out, err := catalogue.Load(dir, options(), []string{path})
		if err != nil {
			var fault *catalogue.Fault
			if !errors.As(err, &fault) || fault.Line < 1 || fault.File == "" || fault.Why == "" {
				t.Fatalf("not a whole fault: %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, catalogue.FileName)); err == nil {
				t.Fatal("a refused file left a catalogue")
			}
			return
		}
		again, err := catalogue.Load(dir, options(), []string{path})
		if err != nil || again.Changed() || again.Elsewhere != out.Elsewhere {
			t.Fatalf("again: %+v, %v; first: %+v", again, err, out)
		}
		if _, _, err := open(t, dir).List(); err != nil {
			t.Fatal(err)
		}
	})
}

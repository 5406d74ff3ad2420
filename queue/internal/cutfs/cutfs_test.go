package cutfs

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	if Serving() {
		return
	}
	m.Run()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mounted(t testing.TB, from *Image) (*FS, string) {
	t.Helper()
	dir := t.TempDir()
	f, err := Mount(dir, from)
	must(t, err)
	t.Cleanup(func() { must(t, f.Unmount()) })
	return f, dir
}

func logOf(t testing.TB, f *FS) *Log {
	t.Helper()
	l, err := f.Log()
	must(t, err)
	return l
}

// tree is what is in a directory: names with their data, directories with a slash.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if d.IsDir() {
			got[rel+"/"] = ""
			return nil
		}
		data, err := os.ReadFile(path)
		got[rel] = string(data)
		return err
	}))
	return got
}

func saved(t testing.TB, m *Image) map[string]string {
	t.Helper()
	dir := t.TempDir()
	must(t, m.Save(dir))
	return tree(t, dir)
}

// script does what a program does with files; name tells where.
func script(t testing.TB, f *FS, dir string) map[string]int {
	t.Helper()
	at := map[string]int{}
	note := func(name string) {
		n, err := f.Note(name)
		must(t, err)
		at[name] = n + 1
	}
	file, err := os.Create(filepath.Join(dir, "a"))
	must(t, err)
	note("created")
	_, err = file.WriteAt(bytes.Repeat([]byte("x"), 5000), 0)
	must(t, err)
	note("written")
	must(t, unix.Fdatasync(int(file.Fd())))
	note("synced")
	d, err := os.Open(dir)
	must(t, err)
	must(t, errors.Join(d.Sync(), d.Close()))
	note("named")
	_, err = file.WriteAt([]byte("yy"), 4999)
	must(t, err)
	must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700))
	must(t, os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "sub", "b")))
	note("moved")
	must(t, file.Truncate(3))
	note("cut")
	must(t, file.Close())
	return at
}

// TestCut: what is synced survives under its synced name, and the rest as the strategy says.
func TestCut(t *testing.T) {
	f, dir := mounted(t, NewImage())
	at := script(t, f, dir)
	l := logOf(t, f)
	x := strings.Repeat("x", 5000)
	y := x[:4999] + "yy"
	all := Strategies(1)
	nothing, everything, metadata, data := all[0], all[1], all[3], all[4]
	for _, test := range []struct {
		at   string
		s    Strategy
		want map[string]string
	}{
		{"created", nothing, map[string]string{}},
		{"written", everything, map[string]string{"a": x}},
		{"written", metadata, map[string]string{"a": strings.Repeat("\x00", 5000)}},
		{"written", data, map[string]string{}},
		{"synced", nothing, map[string]string{}}, // its name is not
		{"synced", everything, map[string]string{"a": x}},
		{"named", nothing, map[string]string{"a": x}},
		{"moved", nothing, map[string]string{"a": x}},
		{"moved", data, map[string]string{"a": x[:4999] + "y"}},
		{"moved", metadata, map[string]string{"sub/": "", "sub/b": x + "\x00"}},
		{"moved", everything, map[string]string{"sub/": "", "sub/b": y}},
		{"cut", everything, map[string]string{"sub/": "", "sub/b": "xxx"}},
	} {
		m := l.Cut(at[test.at], test.s)
		got := saved(t, m)
		if len(got) != len(test.want) {
			t.Errorf("%s, %s: %d names, want %d", test.at, test.s.Name, len(got), len(test.want))
		}
		for name, want := range test.want {
			if got[name] != want {
				t.Errorf("%s, %s: %s has %d bytes, want %d, or others", test.at, test.s.Name, name, len(got[name]), len(want))
			}
		}
	}
	if a, b := saved(t, l.Now(len(l.Ops))), tree(t, dir); len(a) != 2 || a["sub/b"] != b["sub/b"] {
		t.Errorf("the program sees %v, the log says %v", b, a)
	}
}

// TestTorn: sectors of a write survive one by one, cut where the disk's sectors begin.
func TestTorn(t *testing.T) {
	f, dir := mounted(t, NewImage())
	path := filepath.Join(dir, "a")
	must(t, os.WriteFile(path, bytes.Repeat([]byte("x"), 2000), 0o600))
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	d, err := os.Open(dir)
	must(t, err)
	must(t, errors.Join(file.Sync(), d.Sync(), d.Close()))
	_, err = file.WriteAt(bytes.Repeat([]byte("y"), 1000), 500)
	must(t, errors.Join(err, file.Close()))
	l := logOf(t, f)
	halves := map[string]bool{}
	for _, s := range Strategies(l.Pending(len(l.Ops))) {
		halves[saved(t, l.Cut(len(l.Ops), s))["a"]] = true
	}
	x, y := strings.Repeat("x", 2000), strings.Repeat("y", 2000)
	for name, want := range map[string]string{
		"nothing": x, "all": x[:500] + y[:1000] + x[1500:],
		"first half": x[:500] + y[:12+512] + x[1024:], "second half": x[:512] + y[:988] + x[1500:],
	} {
		if !halves[want] {
			t.Errorf("%s: no strategy gives it", name)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[string]bool{}
	for range 100 {
		seen[l.Cut(len(l.Ops), Random(r)).Sum()] = true
	}
	if len(seen) < 6 { // 2^3 ways with sectors of 512
		t.Errorf("random cuts gave %d images", len(seen))
	}
}

// TestFaults: operations fail as they are told to, and what a failed sync dropped is
// gone though the program still reads it.
func TestFaults(t *testing.T) {
	f, dir := mounted(t, NewImage())
	file, err := os.Create(filepath.Join(dir, "a"))
	must(t, err)
	d, err := os.Open(dir)
	must(t, err)
	must(t, errors.Join(d.Sync(), d.Close()))
	failing := func(fault Fault) {
		_, err := f.Fail(fault)
		must(t, err)
	}
	failing(Fault{Kinds: Growing(), Errno: syscall.ENOSPC})
	if _, err := file.WriteAt([]byte("x"), 0); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("full: %v", err)
	}
	failing(Fault{Kinds: []Kind{Write}, Short: 1, Count: 1})
	if _, err := file.WriteAt([]byte("abc"), 0); err != nil { // Go asks again for the rest
		t.Errorf("short: %v", err)
	}
	failing(Fault{Kinds: []Kind{Sync}, Errno: syscall.EIO})
	if err := file.Sync(); !errors.Is(err, syscall.EIO) {
		t.Errorf("sync: %v", err)
	}
	if hits, err := f.Fail(Fault{}); err != nil || hits != 1 {
		t.Errorf("%d operations failed, %v", hits, err)
	}
	must(t, file.Sync())
	if got := tree(t, dir)["a"]; got != "abc" {
		t.Errorf("the program reads %q", got)
	}
	l := logOf(t, f)
	if got := saved(t, l.Cut(len(l.Ops), Strategies(1)[1]))["a"]; got != "\x00\x00\x00" {
		t.Errorf("after a sync that failed and one that did not: %q", got)
	}
	_, err = file.WriteAt([]byte("abc"), 0) // written again
	must(t, errors.Join(err, file.Sync(), file.Close()))
	l = logOf(t, f)
	if got := saved(t, l.Cut(len(l.Ops), Strategies(1)[0]))["a"]; got != "abc" {
		t.Errorf("written again: %q", got)
	}
}

// TestMap: a map of a file shows what is written to it, as bbolt needs.
func TestMap(t *testing.T) {
	from := t.TempDir()
	must(t, os.WriteFile(filepath.Join(from, "a"), make([]byte, 8192), 0o600))
	m, err := ReadImage(from)
	must(t, err)
	_, dir := mounted(t, m)
	file, err := os.OpenFile(filepath.Join(dir, "a"), os.O_RDWR, 0)
	must(t, err)
	mem, err := unix.Mmap(int(file.Fd()), 0, 8192, unix.PROT_READ, unix.MAP_SHARED)
	must(t, err)
	for _, text := range []string{"one", "two"} {
		_, err = file.WriteAt([]byte(text), 5000)
		must(t, err)
		if got := string(mem[5000:5003]); got != text {
			t.Errorf("the map shows %q, want %q", got, text)
		}
	}
	must(t, errors.Join(unix.Munmap(mem), file.Close()))
}

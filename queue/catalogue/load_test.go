package catalogue_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"settled/queue/catalogue"
	"settled/settle"
)

const testdata = "../../testdata/catalogue/"

// shipped are the files of the small catalogue.
func shipped() []string {
	return []string{testdata + "1312-1.json", testdata + "1312-2.json", testdata + "1318-1.json", testdata + "1319_ratio.txt"}
}

func options() catalogue.Options {
	return catalogue.Options{Area: "440300", Now: func() time.Time { return time.Date(2026, 1, 5, 2, 10, 0, 0, time.UTC) }}
}

func load(tb testing.TB, dir string, files ...string) catalogue.Outcome {
	tb.Helper()
	out, err := catalogue.Load(dir, options(), files)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func open(tb testing.TB, dir string) *catalogue.Store {
	tb.Helper()
	s := catalogue.New(dir)
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func digest(tb testing.TB, s *catalogue.Store) string {
	tb.Helper()
	census, _, err := s.List()
	if err != nil {
		tb.Fatal(err)
	}
	return census.Digest
}

func day(tb testing.TB, text string) settle.Date {
	tb.Helper()
	d, err := settle.ParseDate(text)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func find(tb testing.TB, s *catalogue.Store, code, on string) catalogue.Answer {
	tb.Helper()
	found, err := s.Find([]catalogue.Query{{Code: code, Day: day(tb, on)}})
	if err != nil {
		tb.Fatal(err)
	}
	return found.Answers[0]
}

// write makes a file for a load.
func write(tb testing.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

const header = "hilist_code\thilist_lmtpric_type\toverlmt_dspo_way\tinsu_admdvs\tbegndate\tenddate\thilist_pric_uplmt_amt\tvali_flag\trid\tupdt_time\n"

// caps makes lines of 1318: code, from, to, price, flag, rid, version.
func caps(rows ...[7]string) string {
	var b strings.Builder
	b.WriteString(header)
	for _, r := range rows {
		fmt.Fprintf(&b, "%s\t3\t1\t440300\t%s\t%s\t%s\t%s\t%s\t%s\n", r[0], r[1], r[2], r[3], r[4], r[5], r[6])
	}
	return b.String()
}

// TestLoad reads all forms, and the history answers by day.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if out := load(t, dir, shipped()...); out != (catalogue.Outcome{New: 97}) {
		t.Errorf("%+v", out)
	}
	s := open(t, dir)
	census, loads, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	items := census.Tables[catalogue.Items]
	if items.Rows != 26 || items.Codes != 25 || items.From != day(t, "2021-01-01") || items.To != 0 || items.Updated != "2025-12-20 10:00:00" {
		t.Errorf("items %+v", items)
	}
	if len(loads) != 1 || len(loads[0].Files) != 4 || loads[0].Digest != census.Digest {
		t.Errorf("loads %+v", loads)
	}
	const ibuprofen, syrup = "XM01AEB282X001020100731", "ZA04CAX0448010102206"
	for _, c := range []struct{ code, on, level, caps string }{
		{syrup, "2023-12-31", "01", ""},
		{syrup, "2024-01-01", "02", ""},
		{ibuprofen, "2024-12-31", "01", "1=12.3 2=12.3 3=12.3"},
		{ibuprofen, "2025-01-01", "01", "1=10.9 2=11.2 3=11.5"},
		{"001204000060000-120400006", "2025-01-01", "01", "3="}, // 999999 is no ceiling
	} {
		a := find(t, s, c.code, c.on)
		var got []string
		for _, r := range a.Caps {
			got = append(got, r.For+"="+r.Number)
		}
		if a.Item == nil || a.Item.Level != c.level || strings.Join(got, " ") != c.caps {
			t.Errorf("%s on %s: %+v %v", c.code, c.on, a.Item, got)
		}
	}
	if a := find(t, s, ibuprofen, "2020-12-31"); a.Item != nil || !a.Known {
		t.Errorf("before the first day: %+v", a)
	}
	if a := find(t, s, ibuprofen[:10], "2025-01-01"); a.Item != nil || a.Known {
		t.Errorf("the start of a code: %+v", a)
	}
}

// TestSameTwice: the same files again, in any order and packed, change nothing.
func TestSameTwice(t *testing.T) {
	dir := t.TempDir()
	load(t, dir, shipped()...)
	s := open(t, dir)
	before, stat := digest(t, s), inode(t, dir)
	packed := filepath.Join(t.TempDir(), "catalogue.zip")
	f, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, name := range shipped() {
		w, err := z.Create("some/folder/" + filepath.Base(name))
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if out := load(t, dir, packed); out != (catalogue.Outcome{Same: 97}) {
		t.Errorf("%+v", out)
	}
	if after := digest(t, s); after != before || !os.SameFile(stat, inode(t, dir)) {
		t.Errorf("digest %s, was %s", after, before)
	}
	other := t.TempDir()
	load(t, other, packed)
	for i := range 3 {
		load(t, other, shipped()[i])
	}
	if after := digest(t, open(t, other)); after != before {
		t.Errorf("another order gives another digest: %s, %s", after, before)
	}
}

func inode(t *testing.T, dir string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, catalogue.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestVersions: the later updt_time of a rid counts, whatever the order, also where it
// moves the days or withdraws the row; an open reader sees it at once.
func TestVersions(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if got := digest(t, s); got != "" {
		t.Errorf("a digest of nothing: %s", got)
	}
	price := func(on string) string {
		a := find(t, s, "A1", on)
		if len(a.Caps) == 0 {
			return "none"
		}
		return a.Caps[0].Number
	}
	first := [7]string{"A1", "2024-01-01", "", "10.00", "1", "r1", "2024-01-01 08:00:00"}
	closed := [7]string{"A1", "2024-01-01", "2024-12-31", "10.00", "1", "r1", "2025-01-02 08:00:00"}
	second := [7]string{"A1", "2025-01-01", "", "9.50", "1", "r2", "2025-01-02 08:00:00"}
	gone := [7]string{"A1", "2025-01-01", "", "9.50", "0", "r2", "1735900000000"}
	steps := []struct {
		rows []([7]string)
		out  catalogue.Outcome
		want string // on 2025-06-01
	}{
		{[][7]string{first}, catalogue.Outcome{New: 1}, "10"},
		{[][7]string{second, closed}, catalogue.Outcome{New: 1, Newer: 1}, "9.5"}, // the order in the file is no matter
		{[][7]string{first}, catalogue.Outcome{Older: 1}, "9.5"},
		{[][7]string{gone}, catalogue.Outcome{Newer: 1}, "none"},
	}
	for i, step := range steps {
		if out := load(t, dir, write(t, "caps.txt", caps(step.rows...))); out != step.out {
			t.Errorf("step %d: %+v", i, out)
		}
		if got := price("2025-06-01"); got != step.want {
			t.Errorf("step %d: price %s, want %s", i, got, step.want)
		}
		if got := price("2024-06-01"); got != "10" {
			t.Errorf("step %d: history %s", i, got)
		}
	}
}

// TestArea: rows of another area are counted, not kept; two areas are not mixed.
func TestArea(t *testing.T) {
	dir := t.TempDir()
	here := caps([7]string{"A1", "2024-01-01", "", "10.00", "1", "r1", "2024-01-01"})
	away := strings.ReplaceAll(here, "440300", "440100")
	if out := load(t, dir, write(t, "a.txt", here), write(t, "b.txt", away)); out != (catalogue.Outcome{New: 1, Elsewhere: 1}) {
		t.Errorf("%+v", out)
	}
	o := options()
	o.Area = "440100"
	if _, err := catalogue.Load(dir, o, []string{write(t, "b.txt", away)}); err == nil || !strings.Contains(err.Error(), "it is of area 440300") {
		t.Errorf("%v", err)
	}
}

// TestReadable: the daemon can read what another user loaded, whatever that one's umask.
func TestReadable(t *testing.T) {
	defer unix.Umask(unix.Umask(0o077))
	dir := t.TempDir()
	load(t, dir, shipped()...)
	if mode := inode(t, dir).Mode(); mode.Perm() != 0o644 {
		t.Errorf("mode %v", mode)
	}
}

// TestDamaged: a file that is no catalogue is an error, and no panic.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	load(t, dir, shipped()...)
	path := filepath.Join(dir, catalogue.FileName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []int{0, 3 * 4096, len(whole) / 2} {
		broken := append([]byte(nil), whole...)
		for i := from; i < len(broken); i++ {
			broken[i] = 0xa5
		}
		if err := os.WriteFile(path+".x", broken, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".x", path); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		if _, err := s.Find([]catalogue.Query{{Code: "XM01AEB282X001020100731", Day: 20251121}}); err == nil {
			t.Errorf("damage from byte %d was not noticed", from)
		}
		if _, err := catalogue.Load(dir, options(), shipped()); err == nil {
			t.Errorf("a load on top of damage from byte %d", from)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	load(t, dir, shipped()...)
}

// TestRing: a page that is below itself is damage, in whichever table; bbolt would go round
// in it for ever.
func TestRing(t *testing.T) {
	dir := t.TempDir()
	load(t, dir, shipped()...)
	path := filepath.Join(dir, catalogue.FileName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page, flags, count, first, branch = 4096, 8, 10, 16 + 8, 1 // places in a page, and the flag of one
	rings := 0
	for at := 2 * page; at < len(whole); at += page {
		if binary.NativeEndian.Uint64(whole[at:]) != uint64(at/page) || binary.NativeEndian.Uint16(whole[at+flags:]) != branch || binary.NativeEndian.Uint16(whole[at+count:]) == 0 {
			continue
		}
		bad := bytes.Clone(whole)
		binary.NativeEndian.PutUint64(bad[at+first:], uint64(at/page))
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := open(t, dir).List(); err != nil { // a page that is free does no harm
			rings++
			if !strings.Contains(err.Error(), "load the catalogue again") {
				t.Error(err)
			}
		}
	}
	if rings == 0 {
		t.Error("no ring was found")
	}
}

// TestReaders: who asks while loads replace the catalogue gets all answers of a
// question from one version.
func TestReaders(t *testing.T) {
	dir := t.TempDir()
	version := func(n int) string {
		price, stamp := fmt.Sprint(n+1), fmt.Sprintf("2026-01-01 00:00:%02d", n)
		return caps([7]string{"A1", "2024-01-01", "", price, "1", "r1", stamp}, [7]string{"A2", "2024-01-01", "", price, "1", "r2", stamp})
	}
	load(t, dir, write(t, "caps.txt", version(0)))
	s := open(t, dir)
	ended := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for last := ""; ; {
				found, err := s.Find([]catalogue.Query{{Code: "A1", Day: 20260101}, {Code: "A2", Day: 20260101}})
				if err != nil {
					t.Error(err)
					return
				}
				a, b := found.Answers[0].Caps[0], found.Answers[1].Caps[0]
				if a.Number != b.Number || a.Updated < last {
					t.Errorf("%s and %s after %s", a.Number, b.Number, last)
				}
				last = a.Updated
				select {
				case <-ended:
					return
				default:
				}
			}
		})
	}
	for n := range 10 {
		load(t, dir, write(t, "caps.txt", version(n+1)))
	}
	close(ended)
	readers.Wait()
	if a := find(t, s, "A2", "2026-01-01"); a.Caps[0].Number != "11" {
		t.Errorf("%+v", a.Caps)
	}
}

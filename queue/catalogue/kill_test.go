package catalogue_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"settled/queue/catalogue"
)

// childMark is the environment variable that makes the test binary a child that loads
// the file named after it into the catalogue of its working directory.
const childMark = "SETTLED_CATALOGUE_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childMark); path != "" {
		_, err := catalogue.Load(".", options(), []string{path})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestKill kills a process in the middle of a load: the catalogue is the old one,
// whole, and the next load goes on as if nothing had been. The process reads from a
// pipe, so that it is known how far it came.
func TestKill(t *testing.T) {
	const all = 22_000 // more than a batch
	dir := t.TempDir()
	load(t, dir, shipped()...)
	s := open(t, dir)
	before := digest(t, s)
	for _, rows := range []int{0, 100, 21_000, all} {
		child, feed := loading(t, dir)
		feedRows(t, feed, rows)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := child.Wait(); err == nil {
			t.Fatalf("%d rows: the load ended by itself", rows)
		}
		_ = feed.Close() // its reader is gone
		if after := digest(t, s); after != before {
			t.Errorf("killed after %d rows: another catalogue", rows)
		}
		if a := find(t, open(t, dir), "XM01AEB282X001020100731", "2026-11-21"); a.Item == nil || len(a.Caps) != 3 {
			t.Errorf("killed after %d rows: %+v", rows, a)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, catalogue.FileName+".new")); err != nil {
		t.Errorf("no load was in the middle: %v", err)
	}
	child, feed := loading(t, dir)
	feedRows(t, feed, all)
	if _, err := catalogue.Load(dir, options(), shipped()); err == nil {
		t.Error("two loads at a time")
	}
	if digest(t, s) != before {
		t.Error("a load that is under way is seen")
	}
	if err := feed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	census, _, err := s.List()
	if err != nil || census.Tables[catalogue.Caps].Rows != 25+all {
		t.Errorf("%+v %v", census, err)
	}
}

// loading starts a child that loads what is fed to it.
func loading(t *testing.T, dir string) (*exec.Cmd, *os.File) {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "caps.txt")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Dir, child.Stderr = dir, os.Stderr
	child.Env = append(os.Environ(), childMark+"="+pipe)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	feed, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for the child to open it
	if err != nil {
		t.Fatal(err)
	}
	return child, feed
}

// feedRows returns when the child has read all but what the pipe holds.
func feedRows(t *testing.T, feed *os.File, rows int) {
	t.Helper()
	w := bufio.NewWriter(feed)
	_, _ = w.WriteString(header) // an error shows at Flush
	for i := range rows {
		_, _ = fmt.Fprintf(w, "K%07d\t3\t1\t440300\t2024-01-01\tnull\t%d.50\t1\tk%07d\t2026-01-01 00:00:00\n", i, i%900+1, i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

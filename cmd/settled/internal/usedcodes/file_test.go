package usedcodes_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/usedcodes"
	"settled/settle"
)

const code = "4240000000000000001230440000" // made up

func used(err error) bool {
	var no *settle.Refusal
	return errors.As(err, &no) && no.Code == counter.ECodeUsed
}

// A code serves once within its life, at whichever counter, and again after it; it is
// not in the file.
func TestClaim(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "used")
	one := &usedcodes.File{Path: path, Life: 10 * time.Minute, Now: func() time.Time { return now }}
	two := &usedcodes.File{Path: path, Life: 10 * time.Minute, Now: func() time.Time { return now }}
	if err := one.Claim(t.Context(), counter.NewECode(code)); err != nil {
		t.Fatal(err)
	}
	for _, u := range []*usedcodes.File{one, two} {
		if err := u.Claim(t.Context(), counter.NewECode(code)); !used(err) {
			t.Errorf("again: %v", err)
		}
	}
	if err := two.Claim(t.Context(), counter.NewECode(code[1:]+"1")); err != nil {
		t.Errorf("another code: %v", err)
	}
	now = now.Add(11 * time.Minute)
	if err := two.Claim(t.Context(), counter.NewECode(code)); err != nil {
		t.Errorf("after its life: %v", err)
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), code[3:20]) || strings.Count(string(text), "\n") != 2 {
		t.Errorf("%v\n%s", err, text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// Of many at the same moment one is taken.
func TestClaimTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "used")
	taken := make(chan bool, 16)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			u := &usedcodes.File{Path: path, Life: time.Minute, Now: time.Now}
			err := u.Claim(t.Context(), counter.NewECode(code))
			if err != nil && !used(err) {
				t.Error(err)
			}
			taken <- err == nil
		})
	}
	all.Wait()
	close(taken)
	n := 0
	for ok := range taken {
		if ok {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d took it", n)
	}
}

// sharedFile names, for a process of TestClaimProcesses, the file.
const sharedFile = "USED_CODES_FILE"

const sharedCodes = 60

// TestClaimProcesses has three processes claim the same codes from one file, as the
// daemons of three counters would: each code is taken once.
func TestClaimProcesses(t *testing.T) {
	if path := os.Getenv(sharedFile); path != "" {
		claimShared(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "used")
	var all sync.WaitGroup
	taken := make(chan string, 3*sharedCodes)
	for range cap(taken) / sharedCodes {
		all.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestClaimProcesses$", "-test.v")
			cmd.Env = append(os.Environ(), sharedFile+"="+path)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			for line := range strings.Lines(string(out)) {
				if n, ok := strings.CutPrefix(strings.TrimSpace(line), "took "); ok {
					taken <- n
				}
			}
		})
	}
	all.Wait()
	close(taken)
	times := map[string]int{}
	for n := range taken {
		times[n]++
	}
	for n, many := range times {
		if many != 1 {
			t.Errorf("code %s was taken %d times", n, many)
		}
	}
	if len(times) != sharedCodes {
		t.Errorf("%d codes were taken, want %d", len(times), sharedCodes)
	}
}

func claimShared(t *testing.T, path string) {
	u := &usedcodes.File{Path: path, Life: time.Hour, Now: time.Now}
	for n := range sharedCodes {
		switch err := u.Claim(t.Context(), counter.NewECode(fmt.Sprint(n))); {
		case err == nil:
			fmt.Println("took", n)
		case !used(err):
			t.Errorf("%d: %v", n, err)
		}
	}
}

// TestDeadDisk: a file that can be opened and never read, as on a share whose server is
// away, is no yes, and holds nobody up.
func TestDeadDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "used")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	u := &usedcodes.File{Path: path, Life: time.Minute, Now: time.Now}
	if err := u.Claim(ctx, counter.NewECode(code)); !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), code) {
		t.Errorf("%v", err)
	}
}

// What is no such file is never written to, and never a yes.
func TestDamaged(t *testing.T) {
	for _, text := range []string{"x\n", "settled used codes 1 00\n", strings.Repeat("x", 100_000)} {
		path := filepath.Join(t.TempDir(), "used")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		u := &usedcodes.File{Path: path, Life: time.Minute, Now: time.Now}
		if err := u.Claim(t.Context(), counter.NewECode(code)); err == nil || used(err) || strings.Contains(fmt.Sprint(err), code) {
			t.Errorf("%.20q: %v", text, err)
		}
		if after, _ := os.ReadFile(path); string(after) != text {
			t.Errorf("%.20q was written over", text)
		}
	}
	// A row that a power cut tore is no row.
	path := filepath.Join(t.TempDir(), "used")
	u := &usedcodes.File{Path: path, Life: time.Minute, Now: time.Now}
	if err := u.Claim(t.Context(), counter.NewECode("a")); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	if err := os.WriteFile(path, text[:len(text)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := u.Claim(t.Context(), counter.NewECode("b")); err != nil {
		t.Errorf("a torn row: %v", err)
	}
}

package doctor

import (
	"context"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"settled/settle"
	"settled/settle/policy"
)

func TestWorstAndOrder(t *testing.T) {
	list := []Check{{Kind: Policy, Level: OK}, {Kind: Reader, Name: "b", Level: Warn}, {Kind: Daemon, Level: OK}, {Kind: Reader, Name: "a", Level: OK}}
	if Worst(list) != Warn || Worst(nil) != OK || Worst(append(list, Check{Level: Fail}, Check{Level: Warn})) != Fail {
		t.Error("the worst is not the worst")
	}
	Sort(list)
	if list[0].Kind != Daemon || list[1].Name != "b" || list[3].Kind != Policy {
		t.Errorf("%+v", list)
	}
}

// wants checks one check's level and state, and that what is wrong says what mends it.
func wants(t *testing.T, name string, f Check, level Level, state string) {
	t.Helper()
	if f.Level != level || f.State != state || f.Chinese == "" || f.English == "" || level != OK && f.Mend == "" {
		t.Errorf("%s: %+v, want %s %s", name, f, level, state)
	}
}

func TestReach(t *testing.T) {
	var told time.Duration
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/dateless" {
			w.Header()["Date"] = nil
		} else {
			w.Header().Set("Date", time.Now().Add(told).UTC().Format(http.TimeFormat))
		}
		w.WriteHeader(http.StatusNotFound) // a gateway that does not know the path is there
	})
	plain, secure := httptest.NewServer(h), httptest.NewTLSServer(h)
	defer plain.Close()
	defer secure.Close()
	for off, want := range map[time.Duration]struct {
		level Level
		state string
	}{0: {OK, "right"}, 3 * time.Minute: {Warn, "off"}, -3 * time.Minute: {Warn, "off"}, time.Hour: {Fail, "wrong"}, -time.Hour: {Fail, "wrong"}} {
		told = off
		list := Reach(t.Context(), plain.URL, nil, time.Now)
		wants(t, "platform", list[0], OK, "reached")
		wants(t, off.String(), list[1], want.level, want.state)
	}
	wants(t, "no date", Reach(t.Context(), plain.URL+"/dateless", nil, time.Now)[1], Warn, "unknown")
	wants(t, "unknown certificate", Reach(t.Context(), secure.URL, nil, time.Now)[0], Fail, "certificate")
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	wants(t, "known certificate", Reach(t.Context(), secure.URL, roots, time.Now)[0], OK, "reached")
	wants(t, "no certificate", Reach(t.Context(), secure.URL, []byte("x"), time.Now)[0], Fail, "settings")
	wants(t, "bad address", Reach(t.Context(), "http://a b/", nil, time.Now)[0], Fail, "settings")

	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	wants(t, "silent", Reach(ctx, "http://"+l.Addr().String(), nil, time.Now)[0], Fail, "timeout")
	_ = l.Close()
	wants(t, "nobody", Reach(t.Context(), "http://"+l.Addr().String(), nil, time.Now)[0], Fail, "unreachable")
}

func TestDisk(t *testing.T) {
	wants(t, "nowhere", DiskOf(filepath.Join(t.TempDir(), "none")), Fail, "missing")
	wants(t, "no space", DiskOf("/proc"), Fail, "full")
	if f := DiskOf(t.TempDir()); f.Chinese == "" || f.State == "missing" {
		t.Errorf("%+v", f)
	}
}

func TestPermissions(t *testing.T) {
	dir := t.TempDir()
	state, credentials := filepath.Join(dir, "state"), filepath.Join(dir, "credentials")
	for _, d := range []string{state, credentials} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write := func(path string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte("x"), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(credentials, "api.token"), 0o600)
	write(filepath.Join(state, "queue.bolt"), 0o600)
	only := func(name string, level Level, state_ string) {
		t.Helper()
		list := PermissionsOf(state, credentials, []string{"api.token"})
		if len(list) != 1 {
			t.Fatalf("%s: %+v", name, list)
		}
		wants(t, name, list[0], level, state_)
	}
	only("good", OK, "good")
	if err := os.Chmod(filepath.Join(credentials, "api.token"), 0o640); err != nil {
		t.Fatal(err)
	}
	only("token open", Fail, "open")
	if err := os.Remove(filepath.Join(credentials, "api.token")); err != nil {
		t.Fatal(err)
	}
	only("token missing", Fail, "missing")
	write(filepath.Join(credentials, "api.token"), 0o600)
	if err := os.Chmod(state, 0o755); err != nil {
		t.Fatal(err)
	}
	only("state open", Fail, "open")
	if err := os.Chmod(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // as after a restore by root
		if err := os.Chown(filepath.Join(state, "queue.bolt"), 65534, 65534); err != nil {
			t.Fatal(err)
		}
		only("foreign file", Fail, "foreign")
	}
}

func TestCommand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hsm")
	wants(t, "none", CommandOf(path), Fail, "missing")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, "not executable", CommandOf(path), Fail, "forbidden")
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	wants(t, "good", CommandOf(path), OK, "there")
}

func TestPolicyFreshness(t *testing.T) {
	rules, err := policy.Load()
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]Level{"2025-03-01": OK, "2025-11-22": Warn, "2026-03-01": Warn} {
		d, err := settle.ParseDate(day)
		if err != nil {
			t.Fatal(err)
		}
		f := PolicyOn(rules, d)
		if f.Level != want || want != OK && !strings.Contains(f.Mend, day) {
			t.Errorf("%s: %+v", day, f)
		}
	}
}

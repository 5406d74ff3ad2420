package demo

import (
	"encoding/json"
	"net/http"
	"testing"

	"settled/cmd/rig/internal/platform"
)

// TestRestore loses a counter's disk while it uploads: a backup was made before, some of
// what was pending in it has reached the platform since. The copy that is restored from
// it brings the rest there; nothing is there twice, and what the platform has already is
// held for a person, with the reason.
func TestRestore(t *testing.T) {
	t.Parallel()
	const n = 5
	s := open(t)
	must(t, s.bothCards(t.Context()))
	must(t, s.platform.Add(platform.Fault{Infno: "2201", Kind: platform.Error}))
	for i := range n {
		if status, a, err := s.settle(t, i+1); err != nil || status != http.StatusCreated {
			t.Fatalf("%d %+v %v", status, a, err)
		}
	}
	var kept struct {
		Path string `json:"path"`
		Hash string `json:"hash"`
	}
	backups := t.TempDir()
	must(t, s.daemon.runJSON(t.Context(), &kept, "backup", backups, "--config", s.daemon.config))
	s.platform.Clear()
	s.awaitCount(t, "acknowledged", 2)
	must(t, s.daemon.cmd.Process.Kill())
	if err := <-s.daemon.ended; err == nil {
		t.Fatal("the daemon was killed, yet ended well")
	}
	there := s.platform.Books.Page().Live
	t.Logf("%d of %d had reached the platform", there, n)

	if out, err := s.daemon.run(t.Context(), "restore", kept.Path, "--config", s.daemon.config, "--take-over", kept.Hash); err == nil {
		t.Fatalf("over what is there: %s", out)
	}
	out, err := s.daemon.run(t.Context(), "restore", kept.Path, "--config", s.daemon.config, "--take-over", kept.Hash, "--replace")
	must(t, err)
	t.Log(out)
	must(t, s.daemon.start(t.Context()))
	must(t, s.daemon.await(t.Context(), "", func([]byte) bool {
		return len(s.count(t, "acknowledged"))+len(s.count(t, "held")) == n
	}))
	page := s.platform.Books.Page()
	if page.Live != n {
		t.Errorf("the platform holds %d settlements, %d were made", page.Live, n)
	}
	if len(page.Duplicates) > 0 {
		t.Errorf("message ids were used twice: %v", page.Duplicates)
	}
	held := s.count(t, "held")
	if len(held) < there { // the platform may have booked one more after the kill
		t.Errorf("%d are held, the platform had %d", len(held), there)
	}
	for _, h := range held {
		var one struct {
			Reason struct {
				Code string `json:"code"`
			} `json:"reason"`
		}
		must(t, s.daemon.runJSON(t.Context(), &one, "queue", "show", h.Number))
		if one.Reason.Code != "RESTORED_SETTLED" {
			t.Errorf("%s is held for %q", h.Number, one.Reason.Code)
		}
	}
	var proof json.RawMessage
	must(t, s.daemon.runJSON(t.Context(), &proof, "verify", "--config", s.daemon.config))
}

// TestRestoreForgotten settles a bill after the backup and has it acknowledged; the
// restored copy knows nothing of it. Brought again it is not settled a second time, but
// held.
func TestRestoreForgotten(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.bothCards(t.Context()))
	var kept struct {
		Path string `json:"path"`
		Hash string `json:"hash"`
	}
	must(t, s.daemon.runJSON(t.Context(), &kept, "backup", t.TempDir(), "--config", s.daemon.config))
	if status, a, err := s.settle(t, 1); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	s.awaitCount(t, "acknowledged", 1)
	must(t, s.daemon.stop())
	_, err := s.daemon.run(t.Context(), "restore", kept.Path, "--config", s.daemon.config, "--take-over", kept.Hash, "--replace")
	must(t, err)
	must(t, s.daemon.start(t.Context()))
	must(t, s.daemon.awaitState(t.Context(), "identified", func(sc screen) bool { return sc.Patient != nil && sc.Guardian != nil }))
	if status, a, err := s.settle(t, 1); err != nil || status != http.StatusCreated || a.Replayed {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	s.awaitCount(t, "held", 1)
	if page := s.platform.Books.Page(); page.Live != 1 {
		t.Errorf("the platform holds %d settlements of one bill", page.Live)
	}
}

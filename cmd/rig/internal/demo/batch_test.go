package demo

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"settled/cmd/rig/internal/platform"
)

// uploadVerb is `settled upload` as the people run it who look after the queue.
func (s *stage) uploadVerb(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.daemon.program, append([]string{"upload", "--token-file", at(s.folder, "credentials/operations.token")}, args...)...)
	cmd.Env = append(os.Environ(), "SETTLED_API="+s.daemon.base)
	cmd.Stderr = os.Stderr
	return cmd
}

// TestNight holds uploads back during the day and brings them on in a batch, in the
// middle of which the daemon is killed and a second batch is asked for: the verb goes on
// with the daemon that is started anew, both tell the same, and each settlement arrives
// once.
func TestNight(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.daemon.stop())
	config, err := os.ReadFile(s.daemon.config)
	must(t, err)
	text := strings.Replace(string(config), "[platform]\n", "[platform]\nupload = \"window\"\n", 1)
	must(t, os.WriteFile(s.daemon.config, []byte(text), 0o600))
	must(t, s.daemon.start(t.Context()))
	must(t, s.bothCards(t.Context()))
	const n = 6
	for i := range n {
		if status, a, err := s.settle(t, i+1); err != nil || status != http.StatusCreated {
			t.Fatalf("%d %+v %v", status, a, err)
		}
	}
	if waiting := s.count(t, "pending"); len(waiting) != n || s.platform.Books.Page().Requests["2201"] != 0 {
		t.Fatalf("%d of %d wait during the day", len(waiting), n)
	}
	must(t, s.platform.Add(platform.Fault{Infno: "2207", Kind: platform.Hold, Skip: 2, Times: 1}))
	night := s.uploadVerb(t, "--json")
	var out strings.Builder
	night.Stdout = &out
	must(t, night.Start())
	must(t, s.platform.Waiting(t.Context())) // two are through, the third is under way
	must(t, s.daemon.cmd.Process.Kill())
	if err := <-s.daemon.ended; err == nil {
		t.Fatal("the daemon was killed, yet ended well")
	}
	s.platform.Release()
	must(t, s.platform.Add(platform.Fault{Infno: "2206", Kind: platform.Hold, Times: 1}))
	must(t, s.daemon.start(t.Context()))
	must(t, s.platform.Waiting(t.Context())) // the verb had the batch begin again
	second := s.uploadVerb(t, "--json", "--rate", "1/min")
	followed := make(chan []byte)
	go func() {
		said, _ := second.Output()
		followed <- said
	}()
	must(t, s.daemon.await(t.Context(), "", func([]byte) bool { return true }))
	s.platform.Release()
	if err := night.Wait(); err != nil {
		t.Errorf("settled upload: %v", err)
	}
	var one, two struct {
		ID           int64  `json:"id"`
		Why          string `json:"why"`
		Acknowledged int    `json:"acknowledged"`
		Differ       int    `json:"differ"`
		Left         int    `json:"left"`
	}
	must(t, json.Unmarshal([]byte(out.String()), &one))
	if one.Why != "done" || one.Acknowledged+2 < n-1 || one.Left != 0 {
		t.Errorf("the batch says %s", out.String())
	}
	must(t, json.Unmarshal(<-followed, &two))
	if two.Why != "done" || two.Left != 0 {
		t.Errorf("the second says %+v", two)
	}
	s.awaitCount(t, "acknowledged", n)
	s.sameBooks(t)
}

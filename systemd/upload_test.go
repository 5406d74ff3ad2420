package systemd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The nightly batch's unit and timer are accepted without a word, and a misspelt key is
// not.
func TestServiceManagerAcceptsUpload(t *testing.T) {
	check := func(misspell func(name, text string) string) string {
		dir := t.TempDir()
		var paths []string
		for _, name := range []string{"settled-upload.service", "settled-upload.timer"} {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			unit := strings.Replace(string(text), "ExecStart=/usr/bin/settled ", "ExecStart=/bin/true ", 1)
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(misspell(name, unit)), 0o644); err != nil {
				t.Fatal(err)
			}
			paths = append(paths, path)
		}
		return tool(t, "systemd-analyze", append([]string{"verify", "--man=no"}, paths...)...)
	}
	if said := check(func(_, text string) string { return text }); said != "" {
		t.Errorf("systemd-analyze verify says:\n%s", said)
	}
	for _, key := range []string{"RandomizedDelaySec=", "TimeoutStartSec="} {
		wrong := strings.Replace(key, "=", "s=", 1)
		said := check(func(_, text string) string { return strings.Replace(text, "\n"+key, "\n"+wrong, 1) })
		if !strings.Contains(said, strings.TrimSuffix(wrong, "=")) {
			t.Errorf("systemd-analyze verify does not see %s; it says %q", wrong, said)
		}
	}
}

// Package systemd_test checks the files that the service manager reads, with the
// service manager's own tools.
package systemd_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const unitFile = "settled.service"

// mostExposure is where `systemd-analyze security` must stay below; 10 is an
// ordinary service without any sandbox.
const mostExposure = 2.0

// tool runs a program of systemd's and gives all it printed.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is missing; `make test` installs it (Debian package systemd)", name)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", name, err)
	}
	if err != nil {
		t.Errorf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}

// settings are the keys of a unit with their values in order; an empty value takes
// back those before it, as the service manager does.
type settings map[string][]string

// parse reads a unit without line continuations, which ours has none of.
func parse(t *testing.T, text string) settings {
	t.Helper()
	found, section := settings{}, ""
	for i, line := range strings.Split(text, "\n") {
		switch key, value, ok := strings.Cut(line, "="); {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		case !ok || strings.HasSuffix(line, `\`):
			t.Fatalf("%s:%d: %q is not a setting", unitFile, i+1, line)
		default:
			found[section+"."+key] = append(found[section+"."+key], value)
		}
	}
	return found
}

func readUnit(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// complaints is what the service manager has to say about a unit. The programs that
// the unit starts need not be installed: /bin/true stands for ours.
func complaints(t *testing.T, unit string) string {
	t.Helper()
	unit = strings.Replace(unit, "ExecStart=/usr/bin/settled ", "ExecStart=/bin/true ", 1)
	path := filepath.Join(t.TempDir(), unitFile)
	if err := os.WriteFile(path, []byte(unit), 0o644); err != nil {
		t.Fatal(err)
	}
	return tool(t, "systemd-analyze", "verify", "--man=no", path)
}

// The exit status of `verify` is 0 even for an unknown key, so its silence counts.
func TestServiceManagerAcceptsUnit(t *testing.T) {
	unit := readUnit(t)
	if said := complaints(t, unit); said != "" {
		t.Errorf("systemd-analyze verify says:\n%s", said)
	}
	misspelt := strings.Replace(unit, "WatchdogSec=", "WatchdogSecs=", 1)
	if said := complaints(t, misspelt); !strings.Contains(said, "WatchdogSecs") {
		t.Errorf("systemd-analyze verify does not see a misspelt key; it says %q", said)
	}
}

var exposure = regexp.MustCompile(`Overall exposure level for settled\.service: ([0-9.]+)`)

func TestUnitIsConfined(t *testing.T) {
	report := tool(t, "systemd-analyze", "security", "--offline=true", "--no-pager", unitFile)
	match := exposure.FindStringSubmatch(report)
	if match == nil {
		t.Fatalf("no exposure level in the report of systemd-analyze security:\n%s", report)
	}
	level, err := strconv.ParseFloat(match[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	if level >= mostExposure {
		t.Errorf("exposure level %.1f, want under %.1f:\n%s", level, mostExposure, report)
	}
}

func TestUnitSaysWhatTheDaemonReliesOn(t *testing.T) {
	tests := []struct{ key, value, why string }{
		{"Service.Type", "notify", "start has ended when the journal is replayed"},
		{"Service.NotifyAccess", "main", "no child may speak for the daemon"},
		{"Service.WatchdogSec", "30", "a daemon that hangs is started anew"},
		{"Service.ExecStart", "/usr/bin/settled serve --config /etc/settled/settled.toml", "where packages put them"},
		{"Service.Restart", "on-failure", "restart is the path of recovery"},
		{"Service.StateDirectory", "settled", "the daemon takes $STATE_DIRECTORY"},
		{"Service.StateDirectoryMode", "0700", "the journal is for nobody else"},
		{"Service.UMask", "0077", "nor is any file in it"},
		{"Service.LoadCredential", "journal.key:/etc/settled/credentials/journal.key", "seals personal data"},
		{"Service.LoadCredential", "platform.secret:/etc/settled/credentials/platform.secret", "signs requests"},
		{"Service.LoadCredential", "api.token:/etc/settled/credentials/api.token", "opens the local API"},
		{"Service.LimitCORE", "0", "a core dump would hold personal data"},
		{"Service.SystemCallErrorNumber", "EPERM", "a system call must not kill a settlement"},
		{"Unit.Wants", "pcscd.socket", "cards are read through it"},
	}
	unit := parse(t, readUnit(t))
	for _, test := range tests {
		if !slices.Contains(unit[test.key], test.value) {
			t.Errorf("%s is %q, want %q: %s", test.key, unit[test.key], test.value, test.why)
		}
	}
	for _, key := range []string{"Unit.Wants", "Unit.After", "Unit.Requires"} {
		if strings.Contains(strings.Join(unit[key], " "), "network-online.target") {
			t.Errorf("%s waits for the network; a counter must open when the line is down", key)
		}
	}
	if unit["Unit.Requires"] != nil || unit["Unit.BindsTo"] != nil {
		t.Error("the unit requires another; without a card service the window still settles")
	}
}

// The user and the directories are made in an empty tree as on a new machine.
func TestUserAndDirectoriesAreMade(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	tool(t, "systemd-sysusers", "--root="+root, filepath.Join(here, "settled.sysusers"))
	passwd, err := os.ReadFile(filepath.Join(root, "etc/passwd"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^settled:[^:]*:[0-9]+:[0-9]+:[^:]*:/var/lib/settled:/usr/sbin/nologin$`).Match(passwd) {
		t.Errorf("no user settled in\n%s", passwd)
	}
	if os.Getuid() != 0 {
		t.Log("not root: directories that belong to root cannot be made here")
		return
	}
	tool(t, "systemd-tmpfiles", "--create", "--root="+root, filepath.Join(here, "settled.tmpfiles"))
	for path, mode := range map[string]os.FileMode{"etc/settled": 0o755, "etc/settled/credentials": 0o700, "etc/settled/policy.d": 0o755} {
		info, err := os.Stat(filepath.Join(root, path))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != mode {
			t.Errorf("/%s has mode %04o, want %04o", path, info.Mode().Perm(), mode)
		}
	}
}

// Package scripts_test runs the scripts of the build on machines made of stand-ins:
// a PATH with a dpkg-query that knows what is installed and an apt-get that notes
// what it is asked for.
package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const allPackages = "gcc libc6-dev pkg-config libpcsclite-dev pcscd vsmartcard-vpcd systemd chromium fonts-noto-cjk git ca-certificates fonts-wqy-microhei"

// machine is what bootstrap.sh finds.
type machine struct {
	installed string // Debian packages
	user      string // what `id -u` says
	sudo      bool
	goVersion string // what `go env GOVERSION` says
	policyRC  bool   // whether the machine has its own switch against starting services
	aptFails  bool
	env       []string
}

// outcome is what bootstrap.sh did.
type outcome struct {
	printed string // on standard output
	said    string // on standard error
	calls   string // of apt-get, one a line, "sudo " before them if it was used
	failed  bool
	policy  string // what the switch against starting services holds in the end
}

func (m machine) bootstrap(t *testing.T) outcome {
	t.Helper()
	bin, calls, policy := t.TempDir(), filepath.Join(t.TempDir(), "calls"), filepath.Join(t.TempDir(), "policy-rc.d")
	m.standIns(t, bin, policy)
	if m.policyRC {
		write(t, policy, "the machine's own")
	}
	cmd := exec.Command("/bin/bash", "./bootstrap.sh")
	cmd.Env = append([]string{"PATH=" + bin, "CALLS=" + calls, "BOOTSTRAP_POLICY_RC=" + policy, "INSTALLED=" + m.installed}, m.env...)
	var printed, said strings.Builder
	cmd.Stdout, cmd.Stderr = &printed, &said
	err := cmd.Run()
	return outcome{printed: printed.String(), said: said.String(), calls: read(t, calls), failed: err != nil, policy: read(t, policy)}
}

// standIns fills a directory with all the programs that bootstrap.sh may call.
func (m machine) standIns(t *testing.T, bin, policy string) {
	t.Helper()
	for _, name := range []string{"awk", "bash", "cat", "dirname", "env", "head", "install", "rm", "sort"} {
		program, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	apt := "echo \"${VIA:-}apt-get $*\" >>$CALLS\n"
	if m.aptFails {
		apt += "exit 100\n"
	} else {
		apt += "[[ $1 == update || $(<" + policy + ") == *own || $(<" + policy + ") == *101 ]] || { echo services would start; exit 1; }\n"
	}
	programs := map[string]string{
		"dpkg-query": "[[ \" $INSTALLED \" == *\" ${*: -1} \"* ]] && echo installed || { echo not-installed; exit 1; }",
		"apt-get":    apt,
		"id":         "echo " + m.user,
		"go":         "[[ $* == 'env GOVERSION' ]] && echo " + m.goVersion,
	}
	if m.sudo {
		programs["sudo"] = "VIA='sudo ' \"$@\""
	}
	for name, text := range programs {
		write(t, filepath.Join(bin, name), "#!/bin/bash\n"+text+"\n")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// read gives a file's text, "" if there is none.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// without is all packages but some.
func without(missing ...string) string {
	installed := []string{}
	for _, p := range strings.Fields(allPackages) {
		if !strings.Contains(" "+strings.Join(missing, " ")+" ", " "+p+" ") {
			installed = append(installed, p)
		}
	}
	return strings.Join(installed, " ")
}

func TestBootstrap(t *testing.T) {
	const install = "apt-get install -y -q --no-install-recommends "
	tests := []struct {
		name  string
		m     machine
		calls string
		says  string // part of standard error; "" means that it is silent
		fails bool
	}{
		{"nothing is missing", machine{installed: allPackages, user: "0"}, "", "", false},
		{"nothing is missing, not root", machine{installed: allPackages, user: "1000"}, "", "", false},
		{
			"two packages are missing",
			machine{installed: without("gcc", "pcscd"), user: "0"},
			"apt-get update -q\n" + install + "gcc pcscd\n", "installing gcc pcscd", false,
		},
		{"all are missing", machine{user: "0"}, "apt-get update -q\n" + install + allPackages + "\n", "virtual readers", false},
		{
			"not root, with sudo",
			machine{installed: without("pcscd"), user: "1000", sudo: true},
			"sudo apt-get update -q\nsudo " + install + "pcscd\n", "installing pcscd", false,
		},
		{
			"not root, no sudo",
			machine{installed: without("pcscd"), user: "1000"},
			"", "As root run:  apt-get update && " + install + "pcscd", true,
		},
		{
			"no network",
			machine{installed: without("pcscd"), user: "0", aptFails: true},
			"apt-get update -q\n", "no network?). Still missing: pcscd", true,
		},
		{"Go is too old", machine{installed: allPackages, user: "0", goVersion: "go1.19.8"}, "", "Go 1.19.8 is too old", true},
		{"Go is newer", machine{installed: allPackages, user: "0", goVersion: "go1.100"}, "", "", false},
		{"told to do nothing", machine{user: "0", env: []string{"BOOTSTRAP_SKIP=1"}}, "", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.m.goVersion == "" {
				test.m.goVersion = "go1.26.8"
			}
			got := test.m.bootstrap(t)
			if got.calls != test.calls {
				t.Errorf("apt-get was called\n%swant\n%s", got.calls, test.calls)
			}
			if !strings.Contains(got.said, test.says) || test.says == "" && got.said+got.printed != "" {
				t.Errorf("it says %q, want %q", got.said+got.printed, test.says)
			}
			if got.failed != test.fails {
				t.Errorf("failed: %v, want %v; it says %q", got.failed, test.fails, got.said)
			}
			if got.policy != "" {
				t.Errorf("policy-rc.d is left behind: %q", got.policy)
			}
		})
	}
}

// A machine's own switch against starting services stays as it is.
func TestBootstrapKeepsPolicy(t *testing.T) {
	got := machine{installed: without("pcscd"), user: "0", goVersion: "go1.26.8", policyRC: true}.bootstrap(t)
	if got.failed || got.policy != "the machine's own" {
		t.Errorf("policy-rc.d holds %q in the end; it says %q", got.policy, got.said)
	}
}

func TestBootstrapDryRun(t *testing.T) {
	m := machine{installed: without("pcscd", "git"), user: "1000", goVersion: "go1.26.8", env: []string{"BOOTSTRAP_DRY_RUN=1"}}
	got := m.bootstrap(t)
	want := "apt-get update -q\nenv DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends pcscd git\n"
	if got.failed || got.calls != "" || got.policy != "" || got.printed != want {
		t.Errorf("printed %q, called %q, said %q; want %q printed and nothing called", got.printed, got.calls, got.said, want)
	}
}

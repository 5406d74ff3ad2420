// Package settled_test holds the architecture of the whole module as tests: who may
// import whom and why, and the manners that a compiler does not check.
package settled_test

import (
	"fmt"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// imports is one row of the import table. In every list "a/..." means a and all
// below it; packages of this module are named without its "settled/".
type imports struct {
	of     string   // the packages that the row is about; the first row that fits counts
	may    []string // which packages of this module they may import
	tests  []string // which ones more in tests
	only   []string // if there are any: all that they may import besides
	never  []string // what they may not import from elsewhere
	reason string
}

// table is the architecture. Dependencies point inward, to settle.
var table = []imports{
	{
		of: "settle",
		only: []string{
			"bytes", "cmp", "encoding/json", "errors", "fmt", "io", "iter", "maps", "math", "math/bits", "slices", "sort",
			"strconv", "strings", "unicode", "unicode/utf8", "unicode/utf16", "github.com/shopspring/decimal",
		},
		tests:  []string{"settle/..."},
		reason: "the money is a pure function: no clock, file, network, environment or log can be reached from it",
	},
	{
		of: "settle/policy/...", may: []string{"settle", "settle/policy/..."},
		never:  []string{"time", "os", "net/...", "log/...", "math/rand/..."},
		reason: "rules are data of a day: the same files give the same rules on any machine and in any year",
	},
	{
		of: "devices/apdu", tests: []string{"devices/..."}, never: []string{"net/...", "log/...", "os"},
		reason: "the form of commands and answers (ISO 7816-4), whatever carries them",
	},
	{
		of: "devices/pcsc/...", may: []string{"devices/apdu", "devices/pcsc/..."}, tests: []string{"devices/..."}, never: []string{"net/...", "log"},
		reason: "a driver moves bytes to and from readers and does not know what they mean",
	},
	{
		of: "devices/serialport", never: []string{"net/...", "log/...", "log"},
		reason: "a driver moves bytes over a line and does not know what they mean",
	},
	{
		of: "devices/glyph", never: []string{"net/...", "log/...", "log", "os"},
		reason: "outlines of a font as dots: it knows neither names nor printers",
	},
	{
		of: "devices/printer", may: []string{"devices/serialport", "devices/glyph"}, never: []string{"net/...", "log"},
		reason: "rows become paper: what they say is the counter's, which it does not know",
	},
	{
		of: "devices/scanner", may: []string{"devices/serialport"}, never: []string{"net/...", "log"},
		reason: "bytes become a code and its kind; who it stands for is the platform's to say",
	},
	{
		of: "devices/display", may: []string{"devices/serialport"}, never: []string{"net/...", "log"},
		reason: "amounts become digits and a voice; which amount, and when, is the counter's",
	},
	{
		of: "devices/...", may: []string{"settle", "devices/..."}, never: []string{"log"},
		reason: "devices give what they read as values; neither queue nor counter, and no rule, is their business",
	},
	{
		of: "queue/journal/...", may: []string{"queue/journal/..."}, never: []string{"net/...", "log"},
		reason: "the record of truth keeps lines; what they mean may change, how they are kept may not",
	},
	{
		of: "queue/nhsa/...", may: []string{"settle", "queue/nhsa/..."}, tests: []string{"settle/policy"}, never: []string{"log"},
		reason: "the platform's protocol is a codec and a client; it decides nothing and stores nothing",
	},
	{
		of: "queue/catalogue/...", may: []string{"settle", "queue/catalogue/...", "queue/internal/trees"}, tests: []string{"settle/policy"}, never: []string{"net/...", "log"},
		reason: "drugs and services in a file of their own: neither the journal nor the queue knows where a price cap came from",
	},
	{
		of: "queue/internal/cutfs", never: []string{"log", "log/...", "net/..."},
		reason: "a disk that forgets: test equipment that knows operations and bytes, not what they mean",
	},
	{
		of: "queue/internal/trees", never: []string{"log", "log/...", "net/...", "os"},
		reason: "pages of a bbolt file: what is in them is of those who keep one",
	},
	{
		of: "queue", may: []string{"settle", "queue/journal", "queue/internal/trees"}, tests: []string{"settle/policy", "queue/internal/cutfs"}, never: []string{"net/...", "log"},
		reason: "state derived from the journal; what is sent, and how, is told to it from outside",
	},
	{
		of: "cmd/settled/internal/counter", may: []string{"settle"}, tests: []string{"settle/policy", "cmd/settled/internal/counter/countertest"},
		never:  []string{"net/...", "os/...", "log"},
		reason: "one window's session knows its parts only by small interfaces of its own, so that every failure of theirs can be tested",
	},
	{
		of: "cmd/settled/internal/pages", never: []string{"log", "log/...", "os"},
		tests:  []string{"cmd/settled/internal/...", "settle/...", "devices/bench/browser", "queue"},
		reason: "pages speak to the API on the wire, as any other client: what they need and it lacks is added there",
	},
	{
		of: "cmd/settled/...", may: []string{"settle/...", "devices/...", "queue/...", "cmd/settled/internal/..."},
		reason: "the daemon wires all parts; the simulators are never shipped in it",
	},
	{
		of: "cmd/rig/...", may: []string{"settle", "devices/...", "queue/nhsa/...", "cmd/rig/internal/..."},
		reason: "simulators meet the daemon on the wire; one that shared its queue or its rules would share its mistakes",
	},
	{of: "systemd", reason: "tests of the unit files alone"},
	{of: "scripts", reason: "tests of the scripts alone"},
	{of: ".", reason: "tests of the sources alone"},
}

// keepers say which packages, tests apart, may import a library, so that it can be
// replaced or cannot spread.
var keepers = []struct {
	imported string
	keepers  []string
	reason   string
}{
	{"github.com/ebfe/scard", []string{"devices/pcsc/..."}, "cgo, untagged and with known faults: one package knows them"},
	{"github.com/tarm/serial", []string{"devices/serialport"}, "unkept since 2018 and with known faults: one package knows them"},
	{"github.com/creack/pty", []string{"cmd/rig/..."}, "the other end of a line is test equipment"},
	{"github.com/skip2/go-qrcode", []string{"cmd/rig/...", "cmd/settled/internal/api"}, "the printer draws its QR codes itself; the terminal's page shows the payment's"},
	{"github.com/makiuchi-d/gozxing/...", nil, "only tests read a QR code from a picture"},
	{"go.etcd.io/bbolt/...", []string{"queue", "queue/catalogue", "queue/internal/trees"}, "slices must not outlive a transaction: one package a file has transactions"},
	{"github.com/spf13/cobra/...", []string{"cmd/settled", "cmd/rig"}, "the command line is of the commands"},
	{"github.com/danielgtaylor/huma/v2/...", []string{"cmd/settled/..."}, "HTTP is of the daemon's surface"},
	{"github.com/coreos/go-systemd/v22/...", []string{"cmd/settled"}, "only main speaks to the service manager"},
	{"os/exec", []string{"cmd/rig/...", "devices/bench/...", "devices/hsm", "queue/internal/cutfs"}, "the daemon starts no program but the one that asks the region's HSM"},
	{"github.com/hanwen/go-fuse/...", []string{"queue/internal/cutfs"}, "FUSE is for tests of what a power cut leaves"},
	{"settled/queue/internal/cutfs", nil, "test equipment is never in the daemon"},
	{"settled/devices/bench/...", []string{"cmd/rig/..."}, "test equipment is never in the daemon"},
	{"github.com/chromedp/...", []string{"devices/bench/browser"}, "a browser is for tests"},
	{"unsafe", nil, "memory is Go's"},
}

func TestImports(t *testing.T) {
	for _, s := range readTree(t) {
		for _, finding := range checkImports(s) {
			t.Error(finding)
		}
	}
}

// checkImports holds a source's direct imports against both tables.
func checkImports(s *source) (findings []string) {
	row := rowOf(s.dir)
	if row == nil {
		return []string{fmt.Sprintf("%s: package %s has no row in the import table: add one, with its reason", s.path, s.dir)}
	}
	for _, spec := range s.imports() {
		if why := row.forbids(s, spec); why != "" {
			findings = append(findings, fmt.Sprintf("%s imports %s: %s", s.path, spec, why))
		}
	}
	return findings
}

func rowOf(dir string) *imports {
	for i := range table {
		if matches(dir, table[i].of) {
			return &table[i]
		}
	}
	return nil
}

// forbids gives the reason why s may not import what it imports, "" if it may.
func (row *imports) forbids(s *source, spec string) string {
	for _, k := range keepers {
		if matches(spec, k.imported) && !s.test && !matches(s.dir, k.keepers...) {
			return k.reason
		}
	}
	if own, ok := strings.CutPrefix(spec, module+"/"); ok {
		return row.forbidsOwn(s, own)
	}
	if !s.test && (matches(spec, row.never...) || row.only != nil && !matches(spec, row.only...)) {
		return row.reason
	}
	return ""
}

func (row *imports) forbidsOwn(s *source, own string) string {
	switch {
	case matches(own, row.may...):
		return ""
	case s.test && (own == s.dir || matches(own, row.tests...)):
		return ""
	default:
		return row.reason
	}
}

// matches tells whether a path is one of the patterns, where "a/..." is a and all
// below it.
func matches(name string, patterns ...string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		above, open := strings.CutSuffix(pattern, "/...")
		return name == above || open && strings.HasPrefix(name, above+"/")
	})
}

// vague are names that say nothing about what is inside.
var vague = []string{"util", "utils", "common", "helper", "helpers", "misc", "types", "models", "model", "manager", "processor", "base", "shared"}

func TestManners(t *testing.T) {
	for _, s := range readTree(t) {
		for _, finding := range checkManners(s) {
			t.Error(finding)
		}
	}
}

// manner is one thing that a source may not use.
type manner struct {
	where  []string // packages; all if there are none
	not    []string // packages that may
	test   bool     // whether it is about tests; else about all other files
	uses   func(*source) []string
	reason string
}

// timeless are the packages that take their clock from outside.
var timeless = []string{"settle/...", "queue/...", "cmd/settled/internal/counter"}

var manners = []manner{
	{uses: initFunctions, reason: "importing a package does nothing; let the caller call"},
	{uses: initFunctions, test: true, reason: "use TestMain, or set up in the test"},
	{uses: using("os", "Exit"), not: []string{"cmd/settled", "cmd/rig"}, reason: "only main leaves the process; return an error"},
	{uses: using("log", "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln"), reason: "return an error"},
	{uses: calling("time", "Now", "Since", "Until"), where: timeless, reason: "the clock comes in from outside, so that a test can set it back"},
	{uses: using("time", "Sleep"), test: true, reason: "a test waits for what happens, not for a while"},
	{uses: floats, where: []string{"settle/..."}, reason: "money, rates and quantities are exact"},
	{uses: vagueName, reason: "name the file and the package after the noun inside"},
	{uses: vagueName, test: true, reason: "name the file and the package after the noun inside"},
}

func checkManners(s *source) (findings []string) {
	for _, m := range manners {
		if m.test != s.test || m.where != nil && !matches(s.dir, m.where...) || matches(s.dir, m.not...) {
			continue
		}
		for _, use := range m.uses(s) {
			findings = append(findings, use+": "+m.reason)
		}
	}
	return findings
}

func vagueName(s *source) []string {
	stem := strings.TrimSuffix(strings.TrimSuffix(path.Base(s.path), ".go"), "_test")
	for _, name := range []string{stem, strings.TrimSuffix(s.ast.Name.Name, "_test")} {
		if slices.Contains(vague, name) {
			return []string{fmt.Sprintf("%s: the name %q says nothing", s.path, name)}
		}
	}
	return nil
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	said := map[string]bool{}
	for _, s := range readTree(t) {
		if !s.built {
			continue
		}
		key := s.dir + ": package " + s.ast.Name.Name
		if s.test {
			if _, ok := said[key]; !ok && s.ast.Doc == nil {
				continue // tests need a comment only where they are a package without sources
			}
		}
		said[key] = said[key] || s.ast.Doc != nil
	}
	for key, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment", key)
		}
	}
}

// A variable of a package that changes is state that no argument shows.
func TestNoPackageState(t *testing.T) {
	packages := map[string][]*source{}
	for _, s := range readTree(t) {
		if s.built {
			key := s.dir + " " + s.ast.Name.Name
			packages[key] = append(packages[key], s)
		}
	}
	for _, sources := range packages {
		for _, finding := range assignedVariables(sources) {
			t.Error(finding + ": pass it as an argument or keep it in a struct")
		}
	}
}

// Each rule is broken once here, to see that it would be noticed.
func TestRulesNotice(t *testing.T) {
	tests := []struct {
		name, path, text string
		check            func(*source) []string
	}{
		{"a clock in the rules", "settle/x.go", `package settle; import "time"; var _ time.Time`, checkImports},
		{"a file in the rules of a day", "settle/policy/x.go", `package policy; import "os"; var _ os.File`, checkImports},
		{"the rules know the queue", "settle/x.go", `package settle; import _ "settled/queue"`, checkImports},
		{"a library in the rules", "settle/x.go", `package settle; import _ "github.com/BurntSushi/toml"`, checkImports},
		{"a device knows the queue", "devices/sscard/x.go", `package sscard; import _ "settled/queue"`, checkImports},
		{"a device's test knows the queue", "devices/sscard/x_test.go", `package sscard; import _ "settled/queue"`, checkImports},
		{"the queue knows a device", "queue/x.go", `package queue; import _ "settled/devices/apdu"`, checkImports},
		{"the queue sends", "queue/x.go", `package queue; import _ "settled/queue/nhsa"`, checkImports},
		{"the queue has a network", "queue/x.go", `package queue; import _ "net/http"`, checkImports},
		{"the journal knows money", "queue/journal/x.go", `package journal; import _ "settled/settle"`, checkImports},
		{"the counter knows a device", "cmd/settled/internal/counter/x.go", `package counter; import _ "settled/devices/pcsc"`, checkImports},
		{"the daemon holds a simulator", "cmd/settled/x.go", `package main; import _ "settled/cmd/rig/cards"`, checkImports},
		{"a simulator knows the queue", "cmd/rig/x.go", `package main; import _ "settled/queue"`, checkImports},
		{"the catalogue knows the queue", "queue/catalogue/x.go", `package catalogue; import _ "settled/queue"`, checkImports},
		{"the queue knows the catalogue", "queue/x.go", `package queue; import _ "settled/queue/catalogue"`, checkImports},
		{"another package with transactions", "queue/journal/x.go", `package journal; import _ "go.etcd.io/bbolt"`, checkImports},
		{"the daemon holds test equipment", "cmd/settled/x.go", `package main; import _ "settled/devices/bench"`, checkImports},
		{"the queue holds a disk that forgets", "queue/x.go", `package queue; import _ "settled/queue/internal/cutfs"`, checkImports},
		{"the daemon starts a program", "devices/pcsc/x.go", `package pcsc; import _ "os/exec"`, checkImports},
		{"a display knows a printer", "devices/display/x.go", `package display; import _ "settled/devices/printer"`, checkImports},
		{"a printer knows money", "devices/printer/x.go", `package printer; import _ "settled/settle"`, checkImports},
		{"another package at the serial library", "devices/scanner/x.go", `package scanner; import _ "github.com/tarm/serial"`, checkImports},
		{"a package without a row", "utils/x.go", `package utils`, checkImports},
		{"init", "queue/x.go", `package queue; func init() {}`, checkManners},
		{"exit", "queue/x.go", `package queue; import "os"; func f() { os.Exit(1) }`, checkManners},
		{"log.Fatal in main", "cmd/settled/x.go", `package main; import "log"; func f() { log.Fatal() }`, checkManners},
		{"a clock under another name", "queue/x.go", `package queue; import clock "time"; func f() { clock.Now() }`, checkManners},
		{"a float type", "settle/x.go", `package settle; var x float64`, checkManners},
		{"a float number", "settle/x.go", `package settle; const x = 0.7`, checkManners},
		{"a float from a decimal", "settle/x.go", `package settle; func f(d D) { d.InexactFloat64() }`, checkManners},
		{"a test that sleeps", "queue/x_test.go", `package queue; import "time"; func f() { time.Sleep(1) }`, checkManners},
		{"a vague file", "queue/helpers.go", `package queue`, checkManners},
		{"a vague package", "queue/x.go", `package common`, checkManners},
		{"state set", "queue/x.go", `package queue; var x int; func f() { x = 1 }`, checkState},
		{"state counted", "queue/x.go", `package queue; var x struct{ n int }; func f() { x.n++ }`, checkState},
		{"state in a map", "queue/x.go", `package queue; var x = map[int]int{}; func f() { x[1] = 1 }`, checkState},
	}
	for _, test := range tests {
		if got := test.check(parseSource(t, token.NewFileSet(), test.path, test.text)); len(got) != 1 {
			t.Errorf("%s: %d findings %q, want 1", test.name, len(got), got)
		}
	}
}

// What is allowed must not be noticed.
func TestRulesAllow(t *testing.T) {
	tests := []struct{ name, path, text string }{
		{"a default clock", "queue/x.go", `package queue; import "time"; var now = time.Now`},
		{"a whole number", "settle/x.go", `package settle; const x int = 1e6`},
		{"a float refused", "settle/x.go", `package settle; func f(v any) bool { _, is := v.(float64); switch v.(type) { case float32: }; return is }`},
		{"what TestMain sets up", "queue/x_test.go", `package queue; var x int; func TestMain() { x = 1 }`},
		{"a local of the same name", "queue/x.go", `package queue; var x int; func f() { x := 1; x = 2; _ = x }`},
		{"the tests of a package import it", "settle/x_test.go", `package settle_test; import ("os"; "settled/settle"; "settled/settle/policy")`},
		{"the daemon leaves", "cmd/settled/x.go", `package main; import "os"; func f() { os.Exit(1) }`},
		{"a test's clock", "queue/x_test.go", `package queue; import "time"; func f() { time.Now() }`},
	}
	for _, test := range tests {
		s := parseSource(t, token.NewFileSet(), test.path, test.text)
		if got := slices.Concat(checkImports(s), checkManners(s), checkState(s)); len(got) != 0 {
			t.Errorf("%s: %q", test.name, got)
		}
	}
}

func checkState(s *source) []string { return assignedVariables([]*source{s}) }

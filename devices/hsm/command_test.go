package hsm

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"settled/devices/bench"
	"settled/devices/psam"
	"settled/devices/sscard"
)

// script writes a command of shell.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hsm")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func question() psam.Question {
	return psam.Question{
		CardCode: "440300D15600000500000000440305C0", ATR: []byte("0123456789ABCDEF"), Algorithm: sscard.SM4,
		Internal: &psam.Challenge{Source: [8]byte{1}, Process: [8]byte{2}}, External: psam.Challenge{Source: [8]byte{3}, Process: [8]byte{4}},
	}
}

func TestCommands(t *testing.T) {
	const good = `{"external":"000102030405060708090A0B0C0D0E0F","internal":"0001020304050607"}`
	tests := []struct {
		name, text, want string // want is in the error; "": none
	}{
		{"answers", `cat >/dev/null; echo '` + good + `'`, ""},
		{"does not read", `echo '` + good + `'`, ""},
		{"checks the question", `grep -q '"version":1,"card_code":"440300D15600000500000000440305C0","area":"440300","atr":"30313233343536373839414243444546","algorithm":"03","internal":{"process":"0200000000000000","source":"0100000000000000"},"external":{"process":"0400000000000000","source":"0300000000000000"}' && echo '` + good + `'`, ""},
		{"has no environment", `[ -z "$SETTLED_SECRET$HOME" ] && echo '` + good + `'`, ""},
		{"refuses", `echo '{"error":"no key of this area"}'`, "no key of this area"},
		{"fails and says why", `echo '{"error":"line down"}'; exit 3`, "line down"},
		{"fails", `echo 440305199901010011 >&2; exit 1`, "exit status 1"},
		{"says nothing", `exit 0`, "no JSON"},
		{"says too much", `head -c 100000 /dev/zero`, "gave no answer"},
		{"wrong length", `echo '{"external":"00"}'`, "external"},
		{"wrong proof", `echo '{"external":"000102030405060708090A0B0C0D0E0F","internal":"0"}'`, "internal"},
		{"other protocol", `echo '{"external":"000102030405060708090A0B0C0D0E0F","key":"1"}'`, "no JSON"},
		{"hangs", `sleep 60`, "deadline"},
		{"hangs behind a child", `sleep 60 & wait`, "deadline"},
		{"leaves a child with its output", `sleep 60 & exit 0`, ""},
	}
	t.Setenv("SETTLED_SECRET", "x")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			deadline := time.Minute
			if tt.want == "deadline" {
				deadline = 200 * time.Millisecond
			}
			_, err := New(script(t, tt.text), nil, deadline).Answer(t.Context(), question())
			switch {
			case tt.name == "leaves a child with its output": // whatever it says, it ends
			case tt.want == "" && err != nil, tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !errors.Is(err, ErrCommand)):
				t.Errorf("%v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "440305199901010011") {
				t.Errorf("the error has what the command complained of: %v", err)
			}
		})
	}
	if _, err := New("/nonexistent/hsm", nil, 0).Answer(t.Context(), question()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no command: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := New(script(t, "sleep 60"), nil, 0).Answer(ctx, question()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// No shell: what stands in an argument is an argument.
func TestNoShell(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	_, _ = New(script(t, `echo "$1" > `+mark), []string{"$(id); rm x"}, 0).Answer(t.Context(), question())
	if got, err := os.ReadFile(mark); err != nil || string(got) != "$(id); rm x\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// The simulator's command, a real process, answers both parts.
func TestSimulatedHSM(t *testing.T) {
	rig, err := bench.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(rig, []string{"hsm"}, time.Minute).Answer(t.Context(), question())
	if err != nil || len(r.Internal) != psam.Factor || string(r.External[8:]) != "\x04\x00\x00\x00\x00\x00\x00\x00" {
		t.Errorf("%x %x %v", r.Internal, r.External, err)
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte(`{"external":"000102030405060708090A0B0C0D0E0F","internal":"0001020304050607"}`))
	f.Add([]byte(`{"error":"x"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := parseReply(text)
		if err == nil && (len(r.External) != psam.External || r.Internal != nil && len(r.Internal) < psam.Factor) {
			t.Fatalf("%q is taken as %x %x", text, r.External, r.Internal)
		}
	})
}

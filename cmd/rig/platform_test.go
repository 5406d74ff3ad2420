package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestPlatformCommand(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	cmd := newPlatformCommand()
	cmd.SetArgs([]string{"--listen", "127.0.0.1:0", "--data", "../../testdata/platform"})
	cmd.SetOut(in)
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	base, ok := strings.CutPrefix(strings.TrimSpace(line), "platform at ")
	if !ok || !strings.HasPrefix(base, "http://127.0.0.1:") {
		t.Fatalf("said %q", line)
	}
	host, _, _ := strings.Cut(base, "/ebus/")
	resp, err := http.Get(host + "/control/books")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("books: %s", resp.Status)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestPlatformCommandRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"--listen", "0.0.0.0:0", "--data", "../../testdata/platform"}, {"--data", "nowhere"},
	} {
		cmd := newPlatformCommand()
		cmd.SetArgs(args)
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		if err := cmd.ExecuteContext(t.Context()); err == nil {
			t.Errorf("%v: runs", args)
		}
	}
}

package demo

import (
	"net"
	"strings"
	"testing"
	"time"
)

// TestNotify listens as the service manager does: READY comes only when the patient's
// reader is there, the watchdog is fed, and STOPPING comes before the end.
func TestNotify(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.daemon.stop())
	must(t, s.cards.Stop())
	path := at(s.folder, "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	must(t, err)
	defer func() { _ = manager.Close() }()
	s.daemon.env = append(s.daemon.env, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=300000")
	must(t, s.daemon.launch(t.Context()))

	// While no reader is there, the start is extended and says why.
	heard := hear(t, manager, "STATUS=waiting for the patient's card reader")
	if strings.Contains(heard, "READY=1") {
		t.Errorf("READY without a reader:\n%s", heard)
	}
	must(t, s.cards.Launch())
	hear(t, manager, "READY=1")
	hear(t, manager, "WATCHDOG=1")
	hear(t, manager, "WATCHDOG=1")
	stopped := make(chan error, 1)
	go func() { stopped <- s.daemon.stop() }()
	hear(t, manager, "STOPPING=1")
	must(t, <-stopped)
	must(t, s.daemon.start(t.Context()))
}

// hear reads messages until one holds want, and gives all that was said.
func hear(t *testing.T, manager *net.UnixConn, want string) string {
	t.Helper()
	var heard strings.Builder
	buffer := make([]byte, 4096)
	must(t, manager.SetReadDeadline(time.Now().Add(time.Minute)))
	for {
		n, err := manager.Read(buffer)
		if err != nil {
			t.Fatalf("the service manager did not hear %q but\n%s%v", want, heard.String(), err)
		}
		heard.Write(buffer[:n])
		heard.WriteByte('\n')
		if strings.Contains(string(buffer[:n]), want) {
			return heard.String()
		}
	}
}

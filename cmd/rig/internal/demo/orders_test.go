package demo

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// TestOrders tells a counter that was left running what to do, as a person does at its
// terminal, and looks whether the daemon notices.
func TestOrders(t *testing.T) {
	t.Parallel()
	s := openSerial(t)
	var out bytes.Buffer
	in, person := io.Pipe()
	s.In, s.Out = in, &out
	done := make(chan struct{})
	go func() { defer close(done); s.obey(t.Context()) }()
	order := func(text string) {
		t.Helper()
		_, err := io.WriteString(person, text+"\n")
		must(t, err)
	}
	order("cards insert patient " + childCard)
	must(t, s.daemon.awaitState(t.Context(), "identified", func(screen) bool { return true }))
	order("cards remove patient")
	must(t, s.daemon.awaitState(t.Context(), "idle", func(sc screen) bool { return sc.Patient == nil }))
	order("scanner ecode")
	must(t, s.daemon.awaitState(t.Context(), "identified", func(screen) bool { return true }))
	order(`scanner HIS-9\t`)
	s.awaitScreen(t, `"HIS-9"`)
	order("printer paper=out")
	s.awaitReadyz(t, "PRINTER_PAPER_OUT")
	order("printer unplug")
	s.awaitReadyz(t, "PRINTER_ABSENT")
	order("printer plug")
	s.awaitReadyz(t, "PRINTER_PAPER_OUT")
	order("display show")
	order("platform down")
	order("platform up")
	for _, bad := range []string{"cards quit", "printer paper=red", "display dance", "kettle on"} {
		order(bad)
	}
	order("quit")
	<-done
	if text := out.String(); strings.Count(text, "ok\n") != 10 || strings.Count(text, "✗") != 4 || !strings.Contains(text, "WELCOME | ") {
		t.Error(text)
	}
}

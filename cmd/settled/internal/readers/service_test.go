package readers

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"settled/devices/apdu"
)

func TestDiagnose(t *testing.T) {
	listen := func(t *testing.T) (string, *net.UnixListener) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "comm")
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		must(t, err)
		l.SetUnlinkOnClose(false)
		t.Cleanup(func() { _ = l.Close() })
		return path, l
	}
	hangUpOn := func(l *net.UnixListener, before func()) {
		for {
			conn, err := l.AcceptUnix()
			if err != nil {
				return
			}
			before()
			_ = conn.Close()
		}
	}
	tests := []struct {
		want string
		why  error
		make func(t *testing.T) string
	}{
		{"not_started", nil, func(t *testing.T) string { return filepath.Join(t.TempDir(), "none") }},
		{"dead", nil, func(t *testing.T) string {
			path, l := listen(t)
			_ = l.Close()
			return path
		}},
		{"dead", nil, func(t *testing.T) string { // dies with us in its queue
			path, l := listen(t)
			go hangUpOn(l, func() { _ = l.Close() })
			return path
		}},
		{"refused", nil, func(t *testing.T) string {
			path, l := listen(t)
			go hangUpOn(l, func() {})
			return path
		}},
		{"refused", fmt.Errorf("establish: %w", apdu.ErrDenied), func(t *testing.T) string {
			path, _ := listen(t)
			return path
		}},
		{"silent", nil, func(t *testing.T) string {
			path, _ := listen(t)
			return path
		}},
	}
	for i, tt := range tests {
		o := diagnose(tt.make(t), tt.why)
		if o.state != tt.want || o.chinese == "" || o.english == "" || o.mend == "" {
			t.Errorf("%d: %+v, want %s", i, o, tt.want)
		}
	}
	if os.Geteuid() == 0 {
		return // root may open everything
	}
	path, _ := listen(t)
	must(t, os.Chmod(path, 0))
	if o := diagnose(path, nil); o.state != "forbidden" {
		t.Errorf("%+v", o)
	}
}

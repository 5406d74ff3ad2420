package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// TestLostAnswer: whoever gets no answer to a call that moves money is told that it may be
// done, and how to find out; where the daemon was not reached, or refuses, nothing is.
func TestLostAnswer(t *testing.T) {
	k := newKept(t)
	k.write(t, k.dir+"/token", "t")
	k.write(t, k.dir+"/bill.json", `{"key":"k"}`)
	var hangUp atomic.Bool
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asks := strings.HasSuffix(r.URL.Path, "quote") || strings.HasSuffix(r.URL.Path, "quotes")
		switch {
		case r.Method == http.MethodGet || asks:
			_, _ = w.Write([]byte(`{"id":"q1"}`))
		case hangUp.Load():
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_ = conn.Close()
		default:
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(`{"code":"X","cashier":"不行。"}`))
		}
	}))
	t.Cleanup(web.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	verbs := map[string][]string{
		"用同一张账单再执行一次":      {"settle", k.dir + "/bill.json", "--yes"},
		"把同一条命令再执行一次":      {"void", "N1", "--reason", "x", "--yes"},
		"把同一条命令":           {"refund", "N1", "--keep", "1", "--reason", "x", "--yes"},
		"先用 shift show 核对": {"shift", "open", "--float", "1.00"},
		"用 shift show 核对":  {"shift", "close", "--counted", "0.00"},
	}
	for want, verb := range verbs {
		verb = append(verb, "--token-file", k.dir+"/token")
		hangUp.Store(true)
		_, errOut := k.verb(t, 1, append(verb, "--api", web.URL)...)
		contains(t, errOut, "没有收到结果，可能已经办成，请勿重复收款或退款", want)
		hangUp.Store(false)
		_, errOut = k.verb(t, 1, append(verb, "--api", web.URL)...)
		contains(t, errOut, "不行。")
		_, unreached := k.verb(t, 1, append(verb, "--api", nobody)...)
		for _, text := range []string{errOut, unreached} {
			if strings.Contains(text, "可能已经办成") {
				t.Errorf("%q: nothing was done, yet it says\n%s", verb, text)
			}
		}
	}
	for want, verb := range map[string][]string{
		"未确认，未扣款。": {"settle", k.dir + "/bill.json"},
		"未确认，未退款。": {"void", "N1", "--reason", "x"},
	} {
		_, errOut := k.verb(t, 1, append(verb, "--token-file", k.dir+"/token", "--api", web.URL)...)
		contains(t, errOut, want)
	}
}

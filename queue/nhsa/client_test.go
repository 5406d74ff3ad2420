package nhsa_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"settled/queue/nhsa"
)

const stamp = 1700000000

func client(t *testing.T, base string, change func(*nhsa.Options)) *nhsa.Client {
	t.Helper()
	o := nhsa.Options{
		BaseURL: base, Gateway: nhsa.TIF{PaasID: "paas-1", Secret: "test-secret"}, Total: 2 * time.Second,
		Now: func() time.Time { return time.Unix(stamp, 0) }, Nonce: func() string { return "abc123" },
	}
	if change != nil {
		change(&o)
	}
	c, err := nhsa.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSendPostsTheStoredBodyWithFreshHeaders(t *testing.T) {
	stored := []byte(`{"infno":"1101","msgid":"H","input":{}}`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		want := map[string]string{
			"X-Tif-Paasid": "paas-1", "X-Tif-Timestamp": fmt.Sprint(stamp), "X-Tif-Nonce": "abc123", "X-Tif-Signature": signature,
			"Content-Type": "application/json; charset=utf-8",
		}
		for name, value := range want {
			if got := r.Header.Get(name); got != value {
				t.Errorf("header %s is %q, want %q", name, got, value)
			}
		}
		if !bytes.Equal(body, stored) || r.Method != http.MethodPost || r.URL.Path != "/ebus/hgs/1101" {
			t.Errorf("got %s %s %s", r.Method, r.URL.Path, body)
		}
		_, _ = io.WriteString(w, "\xef\xbb\xbf"+`{"infcode":"0","inf_refmsgid":"R1","output":{"x":1}}`)
	}))
	defer server.Close()
	reply, err := client(t, server.URL+"/ebus/hgs/", nil).Send(t.Context(), "1101", stored)
	if err != nil || reply.RefMsgID != "R1" {
		t.Fatalf("reply %v, error %v", reply, err)
	}
}

// failures is what can come instead of a yes, and which of the three kinds it is.
func TestThreeKindsOfFailure(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   string // unknown, access, business, yes
	}{
		{"yes", 200, `{"infcode":0}`, "yes"},
		{"yes as text, decimal", 200, `{"infcode":"0.0","err_msg":"success"}`, "yes"},
		{"no", 200, `{"infcode":-1,"err_msg":"不行"}`, "business"},
		{"no as text", 200, `{"infcode":"-1","err_msg":null}`, "business"},
		{"its message id came before", 200, `{"infcode":-1,"err_msg":"FSI-发送方报文ID[H1]重复"}`, "unknown"},
		{"no with status 400", 400, `{"infcode":"-1","err_msg":"不行"}`, "business"},
		{"neither", 200, `{"infcode":"1","err_msg":""}`, "unknown"},
		{"null infcode", 200, `{"infcode":null,"output":null}`, "unknown"},
		{"server failure", 500, `{"infcode":-1,"err_msg":"不行"}`, "unknown"},
		{"gateway time-out", 504, ``, "unknown"},
		{"rubbish", 200, `<html>login</html>`, "unknown"},
		{"empty", 200, ``, "unknown"},
		{"half", 200, `{"infcode":0,"output":{"setl`, "unknown"},
		{"two objects", 200, `{"infcode":0}{"infcode":-1}`, "unknown"},
		{"a list", 200, `[]`, "unknown"},
		{"an object of another kind", 200, `{"hello":1}`, "unknown"},
		{"code 0 without infcode", 200, `{"code":0,"type":"success","data":{}}`, "unknown"},
		{"the gateway lost what is behind it", 200, `{"code":504,"message":"Gateway Timeout"}`, "unknown"},
		{"request time-out", 408, ``, "unknown"},
		{"conflict", 409, ``, "unknown"},
		{"access layer", 200, `{"type":"error","infcode":-1,"err_msg":"FSI-交易报文不正确：未知交易编号！"}`, "access"},
		{"gateway's words in the envelope", 200, `{"infcode":-1,"err_msg":"签名时间戳超时!"}`, "access"},
		{"gateway", 200, `{"code":401,"message":"签名不一致!"}`, "access"},
		{"gateway, new", 200, `{"code":500159,"success":false,"message":"请使用医保电子凭证二维码"}`, "access"},
		{"gateway, typed", 200, `{"code":"-1","type":"error","message":"非法用户!","data":null}`, "access"},
		{"unauthorised", 401, ``, "access"},
		{"not found page", 404, `<html>404</html>`, "access"},
		{"moved", 302, ``, "access"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if c.status == http.StatusFound {
					w.Header().Set("Location", "/elsewhere")
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer server.Close()
			_, err := client(t, server.URL, nil).Send(t.Context(), "2207", nil)
			if got := kind(err); got != c.want {
				t.Errorf("%s, want %s: %v", got, c.want, err)
			}
		})
	}
}

// kind names the failure, after checking that it can be told to people.
func kind(err error) string {
	var u *nhsa.Unknown
	var a *nhsa.AccessRefusal
	var b *nhsa.BusinessRefusal
	switch {
	case err == nil:
		return "yes"
	case errors.As(err, &u) && u.Refusal().Cashier != "" && u.Refusal().Technician != "":
		if u.NotSent {
			return "not sent"
		}
		return "unknown"
	case errors.As(err, &a) && a.Refusal().Cashier != "":
		return "access"
	case errors.As(err, &b) && b.Refusal().Cashier != "":
		return "business"
	}
	return err.Error()
}

func TestNotSentAndUnknown(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer silent.Close()
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cut.Close()
	half := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"infcode":0}`)
	}))
	defer half.Close()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name, base string
		ctx        context.Context
		want       string
	}{
		{"nobody listens", closed.URL, t.Context(), "not sent"},
		{"given up before dialling", silent.URL, gone, "not sent"},
		{"no such name", "http://nobody.invalid", t.Context(), "not sent"},
		{"silence", silent.URL, t.Context(), "unknown"},
		{"cut", cut.URL, t.Context(), "unknown"},
		{"shorter than announced", half.URL, t.Context(), "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			short := func(o *nhsa.Options) { o.Total = 300 * time.Millisecond }
			_, err := client(t, c.base, short).Send(c.ctx, "2207", []byte("{}"))
			if got := kind(err); got != c.want {
				t.Errorf("%s, want %s: %v", got, c.want, err)
			}
		})
	}
}

// A transport that is not ours may have sent what it says it has not.
func TestForeignTransportIsUnknown(t *testing.T) {
	broken := roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("broken") })
	refused := roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
	})
	for want, transport := range map[string]http.RoundTripper{"unknown": broken, "not sent": refused} {
		_, err := client(t, "http://127.0.0.1:1", func(o *nhsa.Options) { o.HTTP = &http.Client{Transport: transport} }).Send(t.Context(), "2207", nil)
		if got := kind(err); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestReplyOverTheLimitIsUnknown(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"infcode":0}`+strings.Repeat(" ", 5000))
	}))
	defer server.Close()
	_, err := client(t, server.URL, func(o *nhsa.Options) { o.MaxReply = 1000 }).Send(t.Context(), "2207", nil)
	if got := kind(err); got != "unknown" {
		t.Errorf("%s, want unknown", got)
	}
}

func TestSecretNeverShows(t *testing.T) {
	o := nhsa.Options{BaseURL: "http://127.0.0.1:1", Gateway: nhsa.CSB{AccessKey: "k", Secret: "hush-hush"}}
	c, err := nhsa.New(o)
	if err != nil {
		t.Fatal(err)
	}
	_, sendErr := c.Send(t.Context(), "1101", nil)
	for _, s := range []string{
		fmt.Sprintf("%v %+v %#v", o, o, o), fmt.Sprintf("%v %+v %#v", c, c, c), sendErr.Error(),
	} {
		if strings.Contains(s, "hush") {
			t.Errorf("the secret shows in %s", s)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	g := nhsa.TIF{PaasID: "p", Secret: "s"}
	for _, o := range []nhsa.Options{
		{BaseURL: "ftp://x/y", Gateway: g},
		{BaseURL: "http://u:p@x/", Gateway: g},
		{BaseURL: "http://x/?a=b", Gateway: g},
		{BaseURL: "http://x/"},
		{},
	} {
		if _, err := nhsa.New(o); err == nil {
			t.Errorf("made a client of %+v", o)
		}
	}
	if _, err := client(t, "http://127.0.0.1:1", nil).Send(t.Context(), "../x", nil); kind(err) != "not sent" {
		t.Errorf("a transaction number that is none: %v", err)
	}
}

package nhsa_test

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"settled/queue/nhsa"
)

// The signatures were computed with OpenSSL 3.0, each from the text that the gateway's
// description names:
//
//	printf '%s%s%s%s' 1700000000 test-secret abc123 1700000000 | openssl dgst -sha256
//	printf %s '_api_access_key=key-1&_api_name=2207&_api_timestamp=1700000000000&_api_version=1.0.0' |
//	  openssl dgst -sha1 -hmac test-secret -binary | base64
//	printf '1700000000000\n{"infno":"1101","msgid":"H","input":{}}' |
//	  openssl dgst -sm3 -mac HMAC -macopt key:test-secret -hex | tr a-f A-F
const signature = "c5dcedb04bfcc6a759d54160c7a2128bbcfd107a3cc8aa3f40cc0c045b2d3ef1"

func TestGatewaysSign(t *testing.T) {
	body := []byte(`{"infno":"1101","msgid":"H","input":{}}`)
	for _, c := range []struct {
		kind, infno, path string
		headers           map[string]string
	}{
		{"tif", "1101", "/base/1101", map[string]string{
			"x-tif-paasid": "key-1", "x-tif-timestamp": "1700000000", "x-tif-nonce": "abc123", "x-tif-signature": signature,
		}},
		{"csb", "2207", "/base", map[string]string{
			"_api_name": "2207", "_api_version": "1.0.0", "_api_access_key": "key-1", "_api_timestamp": "1700000000000",
			"_api_signature": "H87WhqN5jtS8ZZqoI6/7pNTroNU=",
		}},
		{"ca", "1101", "/base/fsi/api/fsiPsnInfoService/queryPsnInfo", map[string]string{
			"x-ca-key": "key-1", "x-ca-signature": "1700000000000:1260D338EC10CDEE3ED90D55AAAACAB5E043FEFA31B44771E799B5ABA4FED4B8",
		}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			g, err := nhsa.NewGateway(c.kind, "key-1", "test-secret")
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/base", nil)
			if err := g.Sign(r, c.infno, body, time.Unix(stamp, 0), "abc123"); err != nil {
				t.Fatal(err)
			}
			if r.URL.Path != c.path {
				t.Errorf("path %s, want %s", r.URL.Path, c.path)
			}
			for name, want := range c.headers {
				if got := r.Header[name]; len(got) != 1 || got[0] != want {
					t.Errorf("header %s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestGatewayRefusals(t *testing.T) {
	if _, err := nhsa.NewGateway("dll", "k", "s"); err == nil {
		t.Error("a gateway of no known kind was made")
	}
	if _, err := nhsa.NewGateway("csb", "k", ""); err == nil {
		t.Error("a gateway without a secret was made")
	}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") }))
	defer server.Close()
	c := client(t, server.URL, func(o *nhsa.Options) { o.Gateway = nhsa.CA{Key: "k", Secret: "s"} })
	_, err := c.Send(t.Context(), "2505", nil)
	if u, ok := err.(*nhsa.Unknown); !ok || !u.NotSent { //nolint:errorlint // Send's own type
		t.Errorf("a transaction without a path gives %v, want one that was not sent", err)
	}
}

// TestPinnedRoots: only a certificate of the named roots is spoken to.
func TestPinnedRoots(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"infcode":0}`) }))
	defer server.Close()
	other := httptest.NewTLSServer(nil)
	defer other.Close()
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if _, err := client(t, server.URL, func(o *nhsa.Options) { o.CA = roots }).Send(t.Context(), "1101", nil); err != nil {
		t.Errorf("with its own root: %v", err)
	}
	if _, err := client(t, server.URL, nil).Send(t.Context(), "1101", nil); err == nil {
		t.Error("a certificate that the system does not trust was taken")
	}
	if _, err := nhsa.New(nhsa.Options{BaseURL: server.URL, Gateway: nhsa.TIF{PaasID: "p", Secret: "s"}, CA: []byte("rubbish")}); err == nil {
		t.Error("a file without a certificate was taken for roots")
	}
}

package nhsa

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Defaults of [Options].
const (
	DefaultConnect  = 5 * time.Second
	DefaultTotal    = 30 * time.Second
	DefaultMaxReply = 8 << 20
	DefaultMaxFile  = 64 << 20
)

// Secret is the gateway's secret. It never prints, logs or encodes.
type Secret string

// String hides the secret.
func (Secret) String() string { return "[secret]" }

// GoString hides the secret.
func (Secret) GoString() string { return "nhsa.Secret([secret])" }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Options are the line to the platform.
type Options struct {
	BaseURL  string           // the gateway's, to which [Gateway] adds: "http://…/ebus/sz_prd/hsa/hgs"
	Gateway  Gateway          // signs and addresses what is sent
	CA       []byte           // PEM: the only roots that a certificate may come from; nil: the system's
	Connect  time.Duration    // limit for dialling; 0 is [DefaultConnect]
	Total    time.Duration    // limit for a whole transaction; 0 is [DefaultTotal]
	MaxReply int64            // limit of a reply, bytes; 0 is [DefaultMaxReply]
	MaxFile  int64            // limit of a file that is fetched, bytes; 0 is [DefaultMaxFile]
	HTTP     *http.Client     // nil: one that uses no proxy and keeps no connection
	Now      func() time.Time // nil: time.Now
	Nonce    func() string    // nil: 16 random bytes in hex
}

// Client sends stored requests to the platform. It is safe for concurrent use.
type Client struct {
	base *url.URL
	http *http.Client
	o    Options
}

// New makes a client. A line that keeps connections open gains little here and
// would make a request that meets a closing connection an unknown outcome, so the
// default keeps none.
func New(o Options) (*Client, error) {
	base, err := parseBase(o.BaseURL)
	if err != nil {
		return nil, err
	}
	if o.Gateway == nil {
		return nil, errors.New("platform line: no gateway")
	}
	if err := o.defaults(); err != nil {
		return nil, err
	}
	client := *o.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Jar = nil
	return &Client{base: base, http: &client, o: o}, nil
}

func (o *Options) defaults() error {
	if o.Connect == 0 {
		o.Connect = DefaultConnect
	}
	if o.Total == 0 {
		o.Total = DefaultTotal
	}
	if o.MaxReply == 0 {
		o.MaxReply = DefaultMaxReply
	}
	if o.MaxFile == 0 {
		o.MaxFile = DefaultMaxFile
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Nonce == nil {
		o.Nonce = randomNonce
	}
	if o.HTTP != nil {
		return nil
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CA != nil {
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(o.CA) {
			return errors.New("platform line: no certificate in the file of the roots")
		}
	}
	o.HTTP = &http.Client{Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: o.Connect}).DialContext,
		TLSHandshakeTimeout: o.Connect,
		TLSClientConfig:     trust,
		DisableKeepAlives:   true,
		DisableCompression:  true,
	}}
	return nil
}

func randomNonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// String names the gateway; the secret is kept out of prints of the client.
func (c *Client) String() string { return "nhsa.Client(" + c.base.Redacted() + ")" }

// GoString is String.
func (c *Client) GoString() string { return c.String() }

// Send posts a stored body through the gateway, which signs it now, and reads the
// answer. The error is *[Unknown], *[AccessRefusal]
// or *[BusinessRefusal]; Send never tries twice and follows no redirect.
func (c *Client) Send(ctx context.Context, infno string, body []byte) (Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Total)
	defer cancel()
	resp, err := c.post(ctx, infno, body)
	if err != nil {
		return Reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	return c.answer(infno, resp.StatusCode, resp.Body)
}

// post sends a body and gives the response, whatever its status. The error is *[Unknown].
func (c *Client) post(ctx context.Context, infno string, body []byte) (*http.Response, error) {
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req, err := c.request(ctx, infno, body)
	if err != nil {
		return nil, &Unknown{Infno: infno, NotSent: true, Err: err}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &Unknown{Infno: infno, NotSent: c.notSent(err, connected.Load()), Err: trim(err)}
	}
	return resp, nil
}

// answer reads what came as a reply.
func (c *Client) answer(infno string, status int, body io.Reader) (Reply, error) {
	data, err := io.ReadAll(io.LimitReader(body, c.o.MaxReply+1))
	switch {
	case err != nil:
		return Reply{}, &Unknown{Infno: infno, Status: status, Err: trim(err)}
	case int64(len(data)) > c.o.MaxReply:
		return Reply{}, &Unknown{Infno: infno, Status: status, Err: fmt.Errorf("the answer is over %d bytes", c.o.MaxReply)}
	}
	return ReadReply(infno, status, data)
}

func (c *Client) request(ctx context.Context, infno string, body []byte) (*http.Request, error) {
	if infno == "" || strings.Trim(infno, "0123456789ABCDEF") != "" {
		return nil, fmt.Errorf("not a transaction number: %q", infno)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	return req, c.o.Gateway.Sign(req, infno, body, c.o.Now(), c.o.Nonce())
}

// notSent tells whether it is certain that no byte of the request left: the dial
// failed, or our own transport never had a connection to write to. Another kind of
// RoundTripper may not report its connections, so there only the dial counts.
func (c *Client) notSent(err error, connected bool) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	_, known := c.http.Transport.(*http.Transport)
	return known && !connected
}

// trim takes the address off an error of net/http: it says nothing new.
func trim(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

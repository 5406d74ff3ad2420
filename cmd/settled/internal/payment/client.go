// Package payment speaks to the hospital's QR payment (聚合支付) by a small interface of
// ours, which the hospital's gateway, or an adapter before it, serves:
//
//	POST /orders               {"ref","amount","subject"} → {"state","code"}
//	GET  /orders/REF           → {"state"}; 404: there is none
//	POST /orders/REF/close     → {"state"}
//	POST /orders/REF/refund    → {"state"}
//
// Amounts are yuan with two decimals. States are waiting, paid, closed, refunded. Every
// call may be repeated: the same ref is the same order, is paid once and given back once.
package payment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"settled/cmd/settled/internal/kiosk"
	"settled/settle"
)

// Bounds of an answer.
const (
	timeout    = 10 * time.Second
	mostAnswer = 64 << 10
	mostCode   = 1000
)

// Client calls the payment. It is a [kiosk.Payments].
type Client struct {
	base  string
	token string
	http  *http.Client
}

// New makes a client. base is http or https; token is sent as Authorization: Bearer.
func New(base, token string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("payment: %q is no address", base)
	}
	return &Client{base: strings.TrimRight(base, "/"), token: token, http: &http.Client{Timeout: timeout}}, nil
}

// answer is what the payment says of an order.
type answer struct {
	State kiosk.State `json:"state"`
	Code  string      `json:"code"`
}

var errNone = errors.New("payment: no such order")

// do calls and checks the answer's form.
func (c *Client) do(ctx context.Context, method, path string, ask any) (answer, error) {
	var body io.Reader = http.NoBody
	if ask != nil {
		text, err := json.Marshal(ask)
		if err != nil {
			return answer{}, fmt.Errorf("payment: %w", err)
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return answer{}, fmt.Errorf("payment: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(r)
	if err != nil {
		return answer{}, fmt.Errorf("payment: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return answer{}, fmt.Errorf("payment: %w", err)
	}
	switch {
	case res.StatusCode == http.StatusNotFound:
		return answer{}, errNone
	case res.StatusCode/100 != 2:
		return answer{}, fmt.Errorf("payment: %s", res.Status)
	}
	return decode(text)
}

func decode(text []byte) (answer, error) {
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return answer{}, fmt.Errorf("payment: answer: %w", err)
	}
	switch a.State {
	case kiosk.Waiting, kiosk.Paid, kiosk.Closed, kiosk.Back:
		return a, nil
	}
	return answer{}, fmt.Errorf("payment: state %q", settle.Clip(string(a.State)))
}

// Order implements kiosk.Payments.
func (c *Client) Order(ctx context.Context, ref string, amount settle.Fen, subject string) (string, error) {
	a, err := c.do(ctx, http.MethodPost, "/orders", map[string]any{"ref": ref, "amount": amount, "subject": subject})
	switch {
	case err != nil:
		return "", err
	case a.Code == "" || len(a.Code) > mostCode:
		return "", fmt.Errorf("payment: a code of %d bytes", len(a.Code))
	}
	return a.Code, nil
}

// State implements kiosk.Payments.
func (c *Client) State(ctx context.Context, ref string) (kiosk.State, error) {
	return c.state(ctx, http.MethodGet, "/orders/"+url.PathEscape(ref))
}

// Close implements kiosk.Payments.
func (c *Client) Close(ctx context.Context, ref string) (kiosk.State, error) {
	return c.state(ctx, http.MethodPost, "/orders/"+url.PathEscape(ref)+"/close")
}

// Refund implements kiosk.Payments.
func (c *Client) Refund(ctx context.Context, ref string) (kiosk.State, error) {
	return c.state(ctx, http.MethodPost, "/orders/"+url.PathEscape(ref)+"/refund")
}

func (c *Client) state(ctx context.Context, method, path string) (kiosk.State, error) {
	a, err := c.do(ctx, method, path, nil)
	if errors.Is(err, errNone) {
		return kiosk.None, nil
	}
	return a.State, err
}

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"settled/settle"
)

// client speaks to the running daemon's local API.
type client struct {
	base  string
	token string
	http  *http.Client
}

// mostAnswer bounds what is read of one answer.
const mostAnswer = 16 << 20

// unitToken is the token where the unit has it, which root alone can read.
const unitToken = unitCredentials + "/api.token"

// addClientFlags lets a verb find the daemon.
func addClientFlags(cmd *cobra.Command) {
	cmd.PersistentFlags().String("api", "", "address of the daemon's local API (default $SETTLED_API or http://127.0.0.1:8642)")
	cmd.PersistentFlags().String("token-file", "", "file with the API token of this seat (default $SETTLED_TOKEN_FILE, or as root "+unitToken+")")
}

func newClient(cmd *cobra.Command) (*client, error) {
	base, _ := cmd.Flags().GetString("api")
	tokenFile, _ := cmd.Flags().GetString("token-file")
	base = cmp.Or(base, os.Getenv("SETTLED_API"), "http://127.0.0.1:8642")
	tokenFile = cmp.Or(tokenFile, os.Getenv("SETTLED_TOKEN_FILE"))
	given := tokenFile != ""
	token, err := os.ReadFile(cmp.Or(tokenFile, unitToken)) //nolint:gosec // the operator names a file of his own
	switch {
	case err != nil && !given:
		return nil, usagef("no API token: give --token-file or set SETTLED_TOKEN_FILE (%w; root can read the installed one: sudo)", err)
	case err != nil:
		return nil, usagef("API token: %w", err)
	}
	return &client{
		base:  strings.TrimRight(base, "/"),
		token: strings.TrimSpace(string(token)),
		http:  &http.Client{Timeout: time.Minute},
	}, nil
}

// do calls the API and gives the body of a 2xx answer; a refusal comes back as a
// *settle.Refusal.
func (c *client) do(ctx context.Context, method, path string, body []byte) (answer []byte, status int, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, 0, usagef("API address: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, 0, c.silent(err)
	}
	answer, err = io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, 0, fmt.Errorf("read the daemon's answer: %w", err)
	}
	if res.StatusCode/100 == 2 {
		return answer, res.StatusCode, nil
	}
	return answer, res.StatusCode, refusalOf(answer, res.StatusCode)
}

// stream opens an answer without an end; whoever reads it closes it.
func (c *client) stream(ctx context.Context, path string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, http.NoBody)
	if err != nil {
		return nil, usagef("API address: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := (&http.Client{Transport: c.http.Transport}).Do(req) // no time-out
	if err != nil {
		return nil, c.silent(err)
	}
	if res.StatusCode == http.StatusOK {
		return res.Body, nil
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the daemon's answer: %w", err)
	}
	return nil, refusalOf(answer, res.StatusCode)
}

func (c *client) silent(err error) error {
	return fmt.Errorf("the daemon does not answer at %s (is it running? `systemctl status settled`): %w", c.base, err)
}

// unclear says of an error of a call that moves money and whose answer did not come that
// it may be done all the same, and how to find out; a refusal, and a daemon that was not
// reached, did nothing.
func unclear(err error, look string) error {
	_, refused := errors.AsType[*settle.Refusal](err)
	at, ok := errors.AsType[*net.OpError](err)
	if err == nil || refused || ok && at.Op == "dial" {
		return err
	}
	return fmt.Errorf("没有收到结果，可能已经办成，请勿重复收款或退款；请%s：%w", look, err)
}

// send calls with a JSON body.
func (c *client) send(ctx context.Context, path string, ask any) (answer []byte, status int, err error) {
	body, err := json.Marshal(ask)
	if err != nil {
		return nil, 0, err
	}
	return c.do(ctx, http.MethodPost, path, body)
}

// get calls and decodes.
func (c *client) get(ctx context.Context, path string, into any) error {
	answer, _, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	return decodeAnswer(answer, into)
}

func decodeAnswer(answer []byte, into any) error {
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("the daemon's answer is not what this version expects: %w", err)
	}
	return nil
}

func refusalOf(answer []byte, status int) error {
	var refusal settle.Refusal
	if err := json.Unmarshal(answer, &refusal); err == nil && refusal.Code != "" {
		return &refusal
	}
	return fmt.Errorf("the daemon answered %d: %s", status, settle.Clip(string(answer)))
}

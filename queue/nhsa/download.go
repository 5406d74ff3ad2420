package nhsa

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Download posts a stored body of 9102 and writes the file that comes into w, at most
// Options.MaxFile bytes of it, also where the gateway packed it for the way. What was
// written when an error comes back is of no use. The error is of the kinds of [Client.Send],
// with [ErrTooBig] inside where that is why, or w's own; no redirect is followed.
func (c *Client) Download(ctx context.Context, body []byte, w io.Writer) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Total)
	defer cancel()
	resp, err := c.post(ctx, InfoDownload, body)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	unknown := func(err error) error {
		return &Unknown{Infno: InfoDownload, Status: resp.StatusCode, Err: trim(err)}
	}
	plain, err := unpacked(resp)
	if err != nil {
		return 0, unknown(err)
	}
	content := bufio.NewReader(plain)
	start, err := content.Peek(64)
	switch {
	case resp.StatusCode != http.StatusOK || isObject(start):
		if _, err := c.answer(InfoDownload, resp.StatusCode, content); err != nil {
			return 0, err
		}
		return 0, unknown(errors.New("a reply where a file is due"))
	case len(start) == 0 && (err == nil || errors.Is(err, io.EOF)):
		return 0, unknown(errors.New("no file in the answer"))
	}
	to := &keeper{w: w}
	n, err := io.Copy(to, &capped{r: content, left: c.o.MaxFile})
	switch {
	case to.err != nil:
		return n, fmt.Errorf("keep the file: %w", to.err)
	case err != nil:
		return n, unknown(err)
	}
	return n, nil
}

// unpacked undoes what a gateway may do to a body on the way.
func unpacked(resp *http.Response) (io.Reader, error) {
	switch packing := resp.Header.Get("Content-Encoding"); packing {
	case "", "identity":
		return resp.Body, nil
	case "gzip":
		plain, err := gzip.NewReader(resp.Body)
		if err != nil {
			return nil, fmt.Errorf("packed answer: %w", err)
		}
		return plain, nil
	default:
		return nil, errors.New("the answer is packed in a way that is not known")
	}
}

// isObject tells the start of a JSON object, which no file of the platform begins with.
func isObject(start []byte) bool {
	start = bytes.TrimSpace(bytes.TrimPrefix(start, []byte("\xef\xbb\xbf")))
	return len(start) > 0 && start[0] == '{'
}

// keeper tells an error of the writer from one of the reader.
type keeper struct {
	w   io.Writer
	err error
}

// Write writes on.
func (k *keeper) Write(p []byte) (int, error) {
	n, err := k.w.Write(p)
	if err != nil {
		k.err = err
	}
	return n, err
}

package hospital

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// network carries requests to the simulator over kept connections, and does the waiting
// that an answer asks for: in virtual time nothing else can.
type network struct {
	addr string
	mu   sync.Mutex
	idle []*wire
}

type wire struct {
	net.Conn
	r *bufio.Reader
}

// RoundTrip implements http.RoundTripper. It is done with the connection when it returns.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	w, err := n.take()
	if err != nil {
		return nil, err
	}
	answer, err := w.exchange(r)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	n.mu.Lock()
	n.idle = append(n.idle, w)
	n.mu.Unlock()
	if err := await(r, answer.Header); err != nil {
		return nil, err
	}
	return answer, nil
}

func (n *network) take() (*wire, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if last := len(n.idle) - 1; last >= 0 {
		w := n.idle[last]
		n.idle = n.idle[:last]
		return w, nil
	}
	c, err := net.Dial("tcp", n.addr)
	if err != nil {
		return nil, err
	}
	return &wire{Conn: c, r: bufio.NewReader(c)}, nil
}

func (n *network) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, w := range n.idle {
		_ = w.Close()
	}
	n.idle = nil
}

// exchange sends a request and reads all of the answer.
func (w *wire) exchange(r *http.Request) (*http.Response, error) {
	if err := r.Write(w); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(w.r, r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, err
}

// await waits as long as the answer would have taken.
func await(r *http.Request, h http.Header) error {
	switch h.Get("Rig-Never") {
	case "dial":
		return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case "answer":
		<-r.Context().Done()
		return r.Context().Err()
	}
	takes, _ := strconv.Atoi(h.Get("Rig-Takes"))
	select {
	case <-time.After(time.Duration(takes) * time.Millisecond):
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

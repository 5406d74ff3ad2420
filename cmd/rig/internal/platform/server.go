package platform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultPrefix is where the transactions are served: Shenzhen's test address.
const DefaultPrefix = "/ebus/sztest_hosp/poc/hsa/hgs/"

// Options are the simulator's settings.
type Options struct {
	Data    fs.FS            // people.json and so on
	Gateway Gateway          //
	Prefix  string           // "" is [DefaultPrefix]
	Now     func() time.Time // nil: time.Now
	Follow  bool             // its clock is the last instant at which a request was signed: for virtual time
}

// Simulator is the platform behind its gateway.
type Simulator struct {
	Books  *Books
	faults *faults
	o      Options

	weather weather
	clock   atomic.Int64 // Unix seconds, of Options.Follow

	mu       sync.Mutex
	addr     string
	server   *http.Server
	control  *http.Server
	closed   bool
	quit     chan struct{} // closed with closed
	finished sync.WaitGroup
}

// New opens empty books.
func New(o Options) (*Simulator, error) {
	data, err := Load(o.Data)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	s := &Simulator{faults: newFaults(), quit: make(chan struct{})}
	if o.Follow {
		o.Now = func() time.Time { return time.Unix(s.clock.Load(), 0) }
	}
	s.Books, s.o = NewBooks(data, o.Now), o
	return s, nil
}

// Handler serves the transactions and, under /control/, the commands.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/control/", s.Control())
	mux.HandleFunc("POST "+s.o.Prefix, s.serve)
	mux.HandleFunc("POST "+ECodePath, s.serveECode)
	return mux
}

// serve is one transaction, faults included.
func (s *Simulator) serve(w http.ResponseWriter, r *http.Request) {
	infno := path.Base(r.URL.Path)
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	fault, faulty := s.faults.take(infno, body)
	if faulty && fault.Kind == Hold {
		defer s.faults.held.Done()
	}
	defer s.Books.count(infno)()
	if s.o.Follow {
		s.follow(r.Header)
	}
	if code, message := s.o.Gateway.check(r.Header, s.o.Now()); code != 0 {
		w.WriteHeader(code)
		_, _ = w.Write(mustJSON(node{"code": code, "message": message}))
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	if !faulty {
		if fate, ok := s.weather.draw(infno, body, s.o.Now()); ok {
			s.weathered(w, infno, body, fate)
			return
		}
		_, _ = w.Write(s.Books.Transact(infno, body))
		return
	}
	s.serveFaulty(w, r, infno, body, fault)
}

func (s *Simulator) serveFaulty(w http.ResponseWriter, r *http.Request, infno string, body []byte, fault met) {
	switch fault.Kind {
	case Slow, Hold:
		s.faults.pause(fault)
		_, _ = w.Write(s.Books.Transact(infno, body))
		return
	case Refuse:
		if fault.Booked { // what answers only did not hear of it in time, say
			s.Books.Transact(infno, body)
		}
		_, _ = w.Write(s.Books.Refuse(or(fault.Text, "FSI-系统繁忙")))
		return
	}
	var answer []byte
	if fault.Booked {
		answer = s.Books.Transact(infno, body)
	}
	if fault.Kind == Silent {
		s.faults.hang(r.Context(), fault)
	}
	spoil(w, fault.Fault, answer)
}

// Add orders a fault.
func (s *Simulator) Add(f Fault) error { return s.faults.add(f) }

// Clear ends all faults; those who wait are let go.
func (s *Simulator) Clear() { s.faults.clear() }

// Release lets held requests go on and returns when they are booked.
func (s *Simulator) Release() { s.faults.letGo() }

// Waiting returns when another request has begun to wait on a fault (slow, hold,
// silent).
func (s *Simulator) Waiting(ctx context.Context) error {
	select {
	case <-s.faults.waiting:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Start listens on addr, which must be on the loopback, and serves; controlAddr, if
// not "", serves the commands apart, so that they work while the platform is down.
func (s *Simulator) Start(addr, controlAddr string) error {
	if err := s.up(addr); err != nil || controlAddr == "" {
		return err
	}
	listener, err := listen(controlAddr)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.control = &http.Server{Handler: s.Control(), ReadHeaderTimeout: 10 * time.Second}
	s.run(s.control, listener)
	return nil
}

func listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen address: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("listen address %s: the simulator listens on the loopback only", addr)
	}
	return (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr) // an address, no name: nothing to wait for
}

func (s *Simulator) up(addr string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil || s.closed {
		return nil
	}
	listener, err := listen(addr)
	if err != nil {
		return err
	}
	s.addr = listener.Addr().String()
	s.server = &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	s.run(s.server, listener)
	return nil
}

func (s *Simulator) run(server *http.Server, listener net.Listener) {
	s.finished.Add(1)
	go func() {
		defer s.finished.Done()
		if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			_ = listener.Close()
		}
	}()
}

// Addr is host:port of the transactions.
func (s *Simulator) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// BaseURL is what a client is given: http://host:port/…/hgs.
func (s *Simulator) BaseURL() string {
	return "http://" + s.Addr() + strings.TrimSuffix(s.o.Prefix, "/")
}

// Down closes the listener and all connections: dialling is refused.
func (s *Simulator) Down() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		_ = s.server.Close()
		s.server = nil
	}
}

// Up listens on the same address again.
func (s *Simulator) Up() error { return s.up(s.Addr()) }

// Close ends everything and waits for it.
func (s *Simulator) Close() {
	s.Clear()
	s.Down()
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.quit)
	}
	if s.control != nil {
		_ = s.control.Close()
	}
	s.mu.Unlock()
	s.finished.Wait()
}

// count counts a request that begins, and gives what is to be called at its end.
func (b *Books) count(infno string) (end func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked[infno]++
	b.under++
	b.most = max(b.most, b.under)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.under--
	}
}

// Refuse is a refusal in the reply's envelope.
func (b *Books) Refuse(text string) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.answer(nil, refused(text))
}

package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"settled/cmd/settled/internal/slipseal"
)

// Bounds of a request.
const (
	maxBody        = 4 << 20 // as settle.DecodeBill's
	maxHeader      = 16 << 10
	headerTimeout  = 5 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 60 * time.Second // longer than reading two cards and committing
	idleTimeout    = 2 * time.Minute
	shutdownWithin = 20 * time.Second
)

// Options of the API. Windows, Ledger, Keeper, Ready and at least one grant are needed.
type Options struct {
	Windows      map[string]Window // by seat
	Tokens       map[string]Grant  // by bearer token, of at least 16 characters
	Ledger       Ledger
	Keeper       Keeper
	Books        Books         // nil: nothing is reconciled
	Uploads      Uploads       // nil: /v1/events has screens only
	Batches      Batches       // nil: none can be asked for
	Bills        Bills         // nil: none wait here
	Policy       func() Policy // the rules that are loaded now; nil: they are not shown
	Past         Past          // nil: nothing is exported or drawn
	Acts         Acts          // nil: who did what is kept nowhere
	Overlays     Overlays      // nil: no rules are staged here
	Terminal     Terminal      // nil: this is no self-service seat
	Family       Family        // nil: a family can but pay here
	SignIn       *SignIn       // nil: nobody signs in, there are tokens only
	Pages        Pages         // nil: there are none
	Repairs      Repairs       // nil: nothing is mended
	Rosters      Rosters       // nil: none is loaded
	Ready        Readiness
	BeyondLocal  bool             // listen elsewhere than on loopback; Hosts must then name this machine
	Hosts        []string         // further names of this machine that a Host header may have, without port
	Heartbeat    time.Duration    // of /v1/events; 15 s if zero
	Log          *slog.Logger     // nil: slog.Default
	Now          func() time.Time // of sessions; nil: time.Now
	Devices      Devices          // nil: none is known
	ECodes       []string         // prefixes of a 医保码; nil: the usual ones
	SlipKeys     *slipseal.Keys   // tell slips of other counters; nil: only the journal does
	BuildVersion string
}

// Pages are the daemon's own pages. They hold nothing of anybody, and so need no token.
type Pages interface {
	http.Handler
	// Has tells whether a path is one of them.
	Has(path string) bool
}

// Server serves the API.
type Server struct {
	options Options
	grants  map[digest]Grant
	door    *door // nil: nobody signs in
	jots    jots
	slips   originals
	quoted  lastQuotes
	handler http.Handler
	closing chan struct{} // ends the event streams
	http    *http.Server
}

// New checks the options and builds the API.
func New(o Options) (*Server, error) {
	switch {
	case len(o.Windows) == 0 || o.Ledger == nil || o.Keeper == nil || o.Ready == nil:
		return nil, errors.New("api: windows, ledger, keeper and readiness are needed")
	case len(o.Tokens) == 0:
		return nil, errors.New("api: no token, so nobody could use it")
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = 15 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Server{options: o, grants: map[digest]Grant{}, quoted: lastQuotes{of: map[string]lastQuote{}}, closing: make(chan struct{})}
	for token, grant := range o.Tokens {
		if err := s.admit(token, grant); err != nil {
			return nil, err
		}
	}
	if o.SignIn != nil {
		if o.Windows[o.SignIn.Seat] == nil || len(o.SignIn.Token) < shortestToken || o.SignIn.Operators == nil {
			return nil, errors.New("api: the sign-in lacks operators, token or seat")
		}
		s.door = newDoor(*o.SignIn, o.Now, s.jot)
	}
	mux := http.NewServeMux()
	s.routes(mux)
	s.handler = s.guard(mux)
	s.http = bounded(s.handler, o.Log)
	s.http.RegisterOnShutdown(func() { close(s.closing) })
	return s, nil
}

// bounded is a server of a handler that bounds what a request may be and last.
func bounded(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// ServeHTTP answers one request, guards included.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Serve answers on l until ctx ends; then it lets requests under way end, and
// returns nil. It refuses a listener that others than this machine can reach. It
// may be called once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if !s.options.BeyondLocal && !isLocal(l.Addr()) {
		return errors.Join(fmt.Errorf("api: %s is not a loopback address", l.Addr()), l.Close())
	}
	ended := make(chan error, 1)
	go func() { ended <- s.http.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("api: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
	defer cancel()
	err := s.http.Shutdown(grace)
	if err != nil {
		err = errors.Join(fmt.Errorf("api: shut down: %w", err), s.http.Close())
	}
	if end := <-ended; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

// untilClosing ends a context also when the server begins to end, for what changes nothing
// and may last.
func (s *Server) untilClosing(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

func isLocal(a net.Addr) bool {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}

package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"

	"settled/settle"
)

// Role is what a token's holder may do.
type Role string

// Roles.
const (
	Cashier    Role = "cashier"    // 收费员: all of the window
	Supervisor Role = "supervisor" // 收费组长: as the cashier, and puts aside and releases
	Insurance  Role = "insurance"  // 医保办: reads all, puts aside and releases, repairs; moves no money
	Kiosk      Role = "kiosk"      // 自助机: the patient whose card is in the reader pays what waits
	Hospital   Role = "his"        // the hospital's own system: quotes and settlements at its seat
	Operations Role = "operations" // 医保办、信息科: looks after queue, batches and books; settles and reverses nothing
)

// Grant is what a token stands for.
type Grant struct {
	Seat     string // whose window it works on
	Role     Role
	Operator string // 经办人编号
	Name     string // of the operator who signed in; "" for a token
	Second   string // who signed in as well, for this one act (二人复核); "": nobody
}

// digest is a token's SHA-256. Tokens are looked up by it: how long that takes tells of
// digests, and nothing of the tokens.
type digest [sha256.Size]byte

const shortestToken = 16

func (s *Server) admit(token string, g Grant) error {
	switch {
	case len(token) < shortestToken:
		return fmt.Errorf("api: a token of seat %q is shorter than %d characters", g.Seat, shortestToken)
	case !slices.Contains(anyone, g.Role):
		return fmt.Errorf("api: seat %q: no role %q", g.Seat, g.Role)
	case s.options.Windows[g.Seat] == nil:
		return fmt.Errorf("api: a token is for seat %q, which has no window", g.Seat)
	case g.Operator == "":
		return errors.New("api: a token has no operator")
	}
	s.grants[sha256.Sum256([]byte(token))] = g
	return nil
}

// grantOf says what a request may do: by its token if it has one, else by the cookie of
// an operator's session. The browser sends that along by itself, so the request must also
// come from our own page, which only the browser can say.
func (s *Server) grantOf(r *http.Request) (Grant, bool) {
	if s.door == nil || r.Header.Get("Authorization") != "" {
		return s.byToken(r)
	}
	if r.Header.Get("Sec-Fetch-Site") != "same-origin" {
		return Grant{}, false
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get("Origin") == "" {
		return Grant{}, false
	}
	return s.door.grantOf(r)
}

// byToken looks a request's token up.
func (s *Server) byToken(r *http.Request) (Grant, bool) {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	g, known := s.grants[sha256.Sum256([]byte(token))]
	return g, bearer && known
}

type grantKey struct{}

// granted gives the grant that the guard found for the request of ctx.
func granted(ctx context.Context) Grant {
	g, _ := ctx.Value(grantKey{}).(Grant)
	return g
}

// guard stands before every handler.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		closeToBrowsers(w.Header())
		if why := s.foreign(r); why != "" {
			s.options.Log.WarnContext(r.Context(), "refused a foreign request", "why", why, "path", settle.Clip(r.URL.Path))
			writeRefusal(w, http.StatusForbidden, refusal(settle.NotAllowed, why))
			return
		}
		g, ok := s.grantOf(r)
		if !ok && !s.open(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="settled"`)
			writeRefusal(w, http.StatusUnauthorized, refusal(settle.Unauthenticated, "send the seat's token as Authorization: Bearer, or sign in"))
			return
		}
		if r.Method == http.MethodPost && !isJSON(r.Header.Get("Content-Type")) {
			writeRefusal(w, http.StatusUnsupportedMediaType, refusal(settle.BadSyntax, "Content-Type must be application/json in UTF-8"))
			return
		}
		ctx := context.WithValue(r.Context(), grantKey{}, g)
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, requestKey{}, r)))
	})
}

// open tells whether a request needs neither token nor session: the health, the sign-in,
// and the pages, in which there is nothing of anybody.
func (s *Server) open(r *http.Request) bool {
	switch {
	case r.URL.Path == "/livez", r.URL.Path == "/readyz":
		return true
	case r.URL.Path == signInPath:
		return s.door != nil
	}
	return s.isPage(r)
}

// isPage tells whether a request is for one of the pages.
func (s *Server) isPage(r *http.Request) bool {
	return s.options.Pages != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) && s.options.Pages.Has(r.URL.Path)
}

const signInPath = "/v1/sign-in"

// foreign says why a request is not from this machine's own page or program: a name
// that was rebound to 127.0.0.1, or a page of another site in the same browser.
func (s *Server) foreign(r *http.Request) string {
	if !s.isOurName(r.Host) {
		return "the Host header is not this machine's"
	}
	for _, origin := range r.Header.Values("Origin") {
		if !strings.EqualFold(origin, "http://"+r.Host) {
			return "the Origin header is not this daemon's"
		}
	}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "same-origin" && site != "none" {
			return "a page of another site made this request"
		}
	}
	return ""
}

func (s *Server) isOurName(host string) bool {
	name := host
	if n, _, err := net.SplitHostPort(host); err == nil {
		name = n
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	return name == "localhost" || name == "127.0.0.1" || name == "::1" || slices.Contains(s.options.Hosts, name)
}

func closeToBrowsers(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

func isJSON(contentType string) bool {
	kind, params, err := mime.ParseMediaType(contentType)
	charset := strings.ToLower(params["charset"])
	return err == nil && kind == "application/json" && (charset == "" || charset == "utf-8")
}

package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
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
	Hospital   Role = "his"        // the hospital's own system: quotes and settlements at its seat
	Operations Role = "operations" // 医保办、信息科: looks after queue, batches and books; settles and reverses nothing
)

// Grant is what a token stands for.
type Grant struct {
	Seat     string // whose window it works on
	Role     Role
	Operator string // 经办人编号
}

// tokenGrant keeps a token's digest: all are equally long to compare.
type tokenGrant struct {
	digest [sha256.Size]byte
	grant  Grant
}

const shortestToken = 16

func (s *Server) admit(token string, g Grant) error {
	switch {
	case len(token) < shortestToken:
		return fmt.Errorf("api: a token of seat %q is shorter than %d characters", g.Seat, shortestToken)
	case g.Role != Cashier && g.Role != Hospital && g.Role != Operations:
		return fmt.Errorf("api: seat %q: no role %q", g.Seat, g.Role)
	case s.options.Windows[g.Seat] == nil:
		return fmt.Errorf("api: a token is for seat %q, which has no window", g.Seat)
	case g.Operator == "":
		return errors.New("api: a token has no operator")
	}
	s.grants = append(s.grants, tokenGrant{sha256.Sum256([]byte(token)), g})
	return nil
}

// grantOf looks a request's token up. It compares with every token, so that the
// time tells nothing.
func (s *Server) grantOf(r *http.Request) (Grant, bool) {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	digest := sha256.Sum256([]byte(token))
	var found Grant
	hit := 0
	for i := range s.grants {
		if subtle.ConstantTimeCompare(digest[:], s.grants[i].digest[:]) == 1 {
			found, hit = s.grants[i].grant, 1
		}
	}
	return found, bearer && hit == 1
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
		if r.URL.Path == "/livez" || r.URL.Path == "/readyz" {
			next.ServeHTTP(w, r)
			return
		}
		g, ok := s.grantOf(r)
		if !ok {
			w.Header().Set("WWW-Authenticate", `Bearer realm="settled"`)
			writeRefusal(w, http.StatusUnauthorized, refusal(settle.Unauthenticated, "send the seat's token as Authorization: Bearer"))
			return
		}
		if r.Method == http.MethodPost && !isJSON(r.Header.Get("Content-Type")) {
			writeRefusal(w, http.StatusUnsupportedMediaType, refusal(settle.BadSyntax, "Content-Type must be application/json in UTF-8"))
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), grantKey{}, g)))
	})
}

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

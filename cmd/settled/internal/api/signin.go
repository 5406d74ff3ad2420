package api

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/emmansun/gmsm/sm3"

	"settled/settle"
)

// Codes of the sign-in.
const (
	SignInRefused settle.Code = "SIGN_IN_REFUSED"
	SignInLater   settle.Code = "SIGN_IN_LATER"
	NoOperators   settle.Code = "NO_OPERATORS"
)

// Operators knows who may sign in.
type Operators interface {
	// SignIn tells whether the password is the operator's.
	SignIn(id, password string) (Operator, bool)
	// Operator gives one as he stands now; ok is false if there is none, or no more.
	Operator(id string) (o Operator, ok bool)
	// Any tells whether anybody may sign in at all.
	Any() bool
}

// Operator is a person, or a self-service terminal, that signs in at a page.
type Operator struct {
	ID, Name string
	Role     Role
	Mark     string // changes with the password: sessions of before end
}

// SignIn lets operators open the pages of a seat. A session is a cookie that the seat's
// token vouches for: nothing of it is kept here, so that it survives a restart, and it is
// good for nothing at another seat or after the token has changed.
type SignIn struct {
	Operators Operators
	Seat      string
	Token     string // the seat's
}

// Bounds of a session.
const (
	cookieName   = "settled-session"
	lasts        = 12 * time.Hour       // of a person's session: a shift
	lastsKiosk   = 400 * 24 * time.Hour // a self-service terminal starts again without anybody
	mostFailures = 5                    // of an operator, then he waits
	pause        = time.Minute
	mostSignedIn = 10_000 // sessions that were ended and are remembered
)

// session is what a cookie says.
type session struct {
	Operator string `json:"o"`
	Seat     string `json:"s"`
	Since    int64  `json:"t"` // Unix
	Nonce    string `json:"n"`
}

// door is the sign-in at work.
type door struct {
	SignIn
	now func() time.Time
	key []byte
	jot func(Act) <-chan struct{} // keeps what was refused

	mu       sync.Mutex
	failures map[string]failure  // by operator
	refused  map[string]streak   // by operator; of numbers that nobody has: ""
	ended    map[string]struct{} // nonces of sessions that were signed out
}

type failure struct {
	count int
	until time.Time
}

// streak is tries that were refused since the last sign-in.
type streak struct {
	count int
	told  time.Time // of numbers that nobody has: when the last entry was made
}

func newDoor(s SignIn, now func() time.Time, jot func(Act) <-chan struct{}) *door {
	return &door{
		SignIn: s, now: now, jot: jot, key: sum([]byte(s.Token), "settled session 1 "+s.Seat),
		failures: map[string]failure{}, refused: map[string]streak{}, ended: map[string]struct{}{},
	}
}

func sum(key []byte, parts ...string) []byte {
	h := hmac.New(sm3.New, key)
	for _, p := range parts {
		_, _ = h.Write([]byte(p + "\x00")) // never fails
	}
	return h.Sum(nil)
}

var b64 = base64.RawURLEncoding

// cookie makes the session of an operator.
func (d *door) cookie(o Operator) *http.Cookie {
	nonce := make([]byte, 12)
	_, _ = rand.Read(nonce)                                                                                                 // never fails
	said, _ := json.Marshal(session{Operator: o.ID, Seat: d.Seat, Since: d.now().Unix(), Nonce: b64.EncodeToString(nonce)}) // strings and a number
	head := b64.EncodeToString(said)
	c := d.empty() //nolint:gosec // as empty
	c.Value = head + "." + b64.EncodeToString(sum(d.key, head, o.Mark))
	if c.MaxAge = 0; o.Role == Kiosk {
		c.MaxAge = int(lastsKiosk / time.Second)
	}
	return c
}

// empty is the cookie that ends a session in the browser.
func (d *door) empty() *http.Cookie {
	return &http.Cookie{Name: cookieName, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: -1} //nolint:gosec // on the loopback there is no TLS
}

// sessionOf reads a request's cookie; ok is false if it is not good, or not any more.
func (d *door) sessionOf(r *http.Request) (s session, o Operator, ok bool) {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return s, o, false
	}
	head, mac, _ := strings.Cut(c.Value, ".")
	said, err := b64.DecodeString(head)
	if err != nil || json.Unmarshal(said, &s) != nil {
		return s, o, false
	}
	given, err := b64.DecodeString(mac)
	if err != nil || s.Seat != d.Seat {
		return s, o, false
	}
	if o, ok = d.Operators.Operator(s.Operator); !ok || subtle.ConstantTimeCompare(given, sum(d.key, head, o.Mark)) != 1 {
		return s, o, false
	}
	most := lasts
	if o.Role == Kiosk {
		most = lastsKiosk
	}
	age := d.now().Sub(time.Unix(s.Since, 0))
	d.mu.Lock()
	defer d.mu.Unlock()
	_, out := d.ended[s.Nonce]
	return s, o, !out && age < most && age > -time.Hour // a clock that was set back a little ends no session
}

// grantOf gives what a request may do by its cookie.
func (d *door) grantOf(r *http.Request) (Grant, bool) {
	s, o, ok := d.sessionOf(r)
	return Grant{Seat: s.Seat, Role: o.Role, Operator: o.ID, Name: o.Name}, ok
}

// try lets an operator in, or says why not. Who guesses waits.
func (d *door) try(id, password string) (Operator, error) {
	if !d.Operators.Any() {
		return Operator{}, noOperators()
	}
	may, last := d.mayTry(id)
	if !may {
		d.refuse(id, false)
		return Operator{}, &settle.Refusal{Code: SignInLater, Cashier: "密码错误次数过多，请一分钟后再试。", Technician: "too many failed sign-ins"}
	}
	if o, ok := d.Operators.SignIn(id, password); ok {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.failures, id)
		return o, nil
	}
	d.refuse(id, last)
	return Operator{}, &settle.Refusal{Code: SignInRefused, Cashier: "工号或密码不对；请重新输入。", Technician: "no such operator, or another password"}
}

func noOperators() *settle.Refusal {
	return &settle.Refusal{
		Code: NoOperators, Cashier: "还没有设置操作员，不能登录；请信息科用 settled operator 添加。", Technician: "the credential operators.toml is missing or empty",
	}
}

// refuse counts a try that was refused, and has the first of a streak kept, and that an
// operator is locked out. Of numbers that nobody has there is an entry a minute at most,
// without the number: it may be a password that slipped into the wrong field.
func (d *door) refuse(id string, locked bool) {
	if _, known := d.Operators.Operator(id); !known {
		id = ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.refused[id]
	s.count++
	a := Act{Kind: WrongTry, Seat: d.Seat, Of: id, Refused: s.count}
	tell := s.count == 1 || locked
	switch {
	case id == "":
		if tell = d.now().Sub(s.told) >= pause; tell {
			s = streak{told: d.now()}
		}
	case locked:
		a.Kind = LockedOut
	}
	d.refused[id] = s
	if tell {
		d.jot(a)
	}
}

// streakOf ends an operator's streak, and tells how many tries of it were refused.
func (d *door) streakOf(id string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.refused[id].count
	delete(d.refused, id)
	return n
}

// mayTry counts a try as failed before it is made, so that many at once are no more than
// one after the other; last says that if it fails the operator waits.
func (d *door) mayTry(id string) (may, last bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.failures[id]
	if d.now().Before(f.until) {
		return false, false
	}
	f = failure{count: f.count + 1}
	if last = f.count >= mostFailures; last {
		f = failure{until: d.now().Add(pause)}
	}
	if len(d.failures) > mostSignedIn {
		clear(d.failures)
	}
	d.failures[id] = f
	return true, last
}

// end signs a request's session out, if it has one.
func (d *door) end(r *http.Request) bool {
	s, _, ok := d.sessionOf(r)
	if !ok {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.ended) > mostSignedIn {
		clear(d.ended)
	}
	d.ended[s.Nonce] = struct{}{}
	return true
}

type signInInput struct {
	Body struct {
		Operator string `json:"operator" minLength:"1" maxLength:"32" doc:"经办人编号"`
		Password string `json:"password" minLength:"1" maxLength:"128"`
	}
}

// whoAmI is who a token or cookie stands for.
type whoAmI struct {
	Operator string `json:"operator"`
	Name     string `json:"name,omitempty"`
	Role     Role   `json:"role" enum:"cashier,supervisor,insurance,kiosk,his,operations"`
	Seat     string `json:"seat"`
}

type signInOutput struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   whoAmI
}

type whoAmIOutput struct{ Body whoAmI }

type requestKey struct{}

// signIn registers how operators come and go.
func (s *Server) signIn(api huma.API) {
	register(api, operation{
		id: "me", method: http.MethodGet, path: "/v1/me", roles: anyone, status: http.StatusOK,
		summary: "Who the token or the session stands for.",
	}, func(_ context.Context, g Grant, _ *struct{}) (*whoAmIOutput, error) {
		return &whoAmIOutput{whoAmI{g.Operator, g.Name, g.Role, g.Seat}}, nil
	})
	if s.door == nil {
		return
	}
	register(api, operation{
		id: "sign-in", method: http.MethodPost, path: signInPath, status: http.StatusOK,
		summary: "An operator opens the pages of this seat; the session is a cookie. Needs no token.",
	}, func(_ context.Context, _ Grant, in *signInInput) (*signInOutput, error) {
		o, err := s.door.try(in.Body.Operator, in.Body.Password)
		if err != nil {
			s.options.Log.Warn("sign-in refused", "cause", err)
			return nil, err
		}
		s.options.Log.Info("signed in", "operator", o.ID, "role", o.Role)
		s.jotted(Act{Kind: SignedIn, Operator: o.ID, Seat: s.door.Seat, Role: o.Role, Refused: s.door.streakOf(o.ID)})
		return &signInOutput{*s.door.cookie(o), whoAmI{o.ID, o.Name, o.Role, s.door.Seat}}, nil
	})
	register(api, operation{
		id: "sign-out", method: http.MethodPost, path: "/v1/sign-out", roles: anyone, status: http.StatusOK,
		summary: "End the session.",
	}, func(ctx context.Context, g Grant, _ *struct{}) (*signInOutput, error) {
		if r, ok := ctx.Value(requestKey{}).(*http.Request); ok && s.door.end(r) {
			s.jotted(Act{Kind: SignedOut, Operator: g.Operator, Seat: g.Seat})
		}
		return &signInOutput{*s.door.empty(), whoAmI{g.Operator, g.Name, g.Role, g.Seat}}, nil
	})
}

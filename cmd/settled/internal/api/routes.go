package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// operation is one row of the API.
type operation struct {
	id, method, path string
	summary          string
	roles            []Role      // who may; nil: anybody, without a token
	status           int         // of success
	also             map[int]any // further answers with a body of their own, by status
	body             any         // example of the request's type, where huma does not see it
	media            string      // of the answer, if it is not JSON
	long             bool        // it asks the platform time and again: it lasts as long as whoever asks waits
}

var (
	anyone    = []Role{Cashier, Supervisor, Insurance, Kiosk, Hospital, Operations}
	everyone  = []Role{Cashier, Supervisor, Insurance, Hospital, Operations} // who works here
	sellers   = []Role{Cashier, Supervisor, Hospital}
	senders   = []Role{Cashier, Supervisor, Hospital}
	payers    = []Role{Cashier, Supervisor, Hospital, Kiosk}
	cashiers  = []Role{Cashier, Supervisor}
	terminals = []Role{Kiosk}
	families  = []Role{Cashier, Supervisor, Kiosk} // who helps one, or the family itself
	searchers = []Role{Cashier, Supervisor, Insurance}
	keepers   = []Role{Operations, Supervisor, Insurance}
)

// routes registers every operation.
func (s *Server) routes(mux *http.ServeMux) {
	answers := &encoder{}
	api := humago.New(mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "settled", Version: cmp.Or(s.options.BuildVersion, "dev"),
				Description: "Local API of the settlement daemon. Amounts are yuan as strings with two decimals. " +
					"Whatever is refused is answered with code, field, line, and a sentence each for the cashier and the technician; nothing was taken then.",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"seat":    {Type: "http", Scheme: "bearer", Description: "token of the seat"},
					"session": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "an operator's, from /v1/sign-in, for the daemon's own pages"},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": answers.format(), "json": answers.format()},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{asRefusal, answers.transform},
	})
	s.quotes(api)
	s.settlements(api)
	s.voids(api)
	s.shifts(api)
	s.queue(api)
	s.keep(api)
	s.repairs(api)
	s.rosters(api)
	s.batch(api)
	s.books(api)
	s.session(api)
	s.shown(api)
	s.waiting(api)
	s.search(api)
	s.standing(api)
	s.signIn(api)
	s.kiosk(api)
	s.family(api)
	s.policy(api)
	s.overlays(api)
	s.figures(api)
	s.exports(api)
	s.acts(api)
	s.scans(api)
	s.events(api)
	s.health(api)
	s.devices(api)
	s.document(mux, api)
}

// schemaName names a type in the document by its own name; those of a backtest, which has
// sources, refusals and reports of its own, by that too.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if path.Base(t.PkgPath()) == "backtest" {
		return "Backtest" + name
	}
	return name
}

// register adds an operation whose handler gets what the token grants.
func register[I, O any](api huma.API, o operation, handle func(context.Context, Grant, *I) (*O, error)) {
	op := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, DefaultStatus: o.status,
		MaxBodyBytes: maxBody, Responses: map[string]*huma.Response{},
		SkipValidateBody: o.body != nil, // what huma does not see, the handler checks
	}
	if o.roles != nil {
		op.Security = []map[string][]string{{"seat": {}}, {"session": {}}}
		op.Middlewares = huma.Middlewares{allow(o.roles)}
	}
	if o.long {
		op.Middlewares = append(op.Middlewares, unbounded)
	}
	schemas := api.OpenAPI().Components.Schemas
	for status, body := range o.also {
		op.Responses[fmt.Sprint(status)] = jsonResponse(http.StatusText(status), huma.SchemaFromType(schemas, typeOf(body)))
	}
	op.Responses["default"] = jsonResponse("Refused: nothing was taken", huma.SchemaFromType(schemas, typeOf(settle.Refusal{})))
	if o.media != "" {
		op.Responses[fmt.Sprint(o.status)] = &huma.Response{
			Description: http.StatusText(o.status),
			Content:     map[string]*huma.MediaType{o.media: {Schema: &huma.Schema{Type: huma.TypeString}}},
		}
	}
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, granted(ctx), in)
		if err != nil {
			return nil, refused(err)
		}
		return out, nil
	})
	if o.body != nil {
		item := api.OpenAPI().Paths[o.path].Post
		item.RequestBody.Content["application/json"].Schema = huma.SchemaFromType(schemas, typeOf(o.body))
	}
}

// allow refuses tokens of other roles before the body is read.
func allow(roles []Role) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if role := granted(ctx.Context()).Role; !slices.Contains(roles, role) {
			_, w := humago.Unwrap(ctx)
			writeRefusal(w, http.StatusForbidden, refusal(settle.NotAllowed, fmt.Sprintf("role %q may not do this", role)))
			return
		}
		next(ctx)
	}
}

// unbounded takes the server's deadlines off a request: the one of reading would break it
// off, too, when it passes.
func unbounded(ctx huma.Context, next func(huma.Context)) {
	_, w := humago.Unwrap(ctx)
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
	next(ctx)
}

func jsonResponse(description string, schema *huma.Schema) *huma.Response {
	return &huma.Response{Description: description, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
}

// document serves the OpenAPI document, which is rendered when it is first asked for, and
// the pages; what matches nothing is refused in the API's shape.
func (s *Server) document(mux *http.ServeMux, api huma.API) {
	for _, unused := range []string{"ErrorModel", "ErrorDetail"} { // huma's own errors are answered as refusals
		delete(api.OpenAPI().Components.Schemas.Map(), unused)
	}
	serve := func(path, media string, render func() ([]byte, error)) {
		once := sync.OnceValues(render)
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			text, err := once()
			if err != nil {
				writeRefusal(w, http.StatusInternalServerError, refusal(counter.Fault, "OpenAPI document: "+err.Error()))
				return
			}
			w.Header().Set("Content-Type", media)
			_, _ = w.Write(text) // the client may be gone
		})
	}
	serve("/openapi.json", "application/json", func() ([]byte, error) { return json.Marshal(api.OpenAPI()) })
	serve("/openapi.yaml", "application/yaml", api.OpenAPI().YAML)
	other := unknown(mux, "/")
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if s.isPage(r) {
			s.options.Pages.ServeHTTP(w, r)
			return
		}
		other(w, r)
	})
}

// window gives the window of a token's seat; New made sure that there is one.
func (s *Server) window(g Grant) Window { return s.options.Windows[g.Seat] }

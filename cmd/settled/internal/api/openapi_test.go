package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/kiosk"
	"settled/cmd/settled/internal/overlays"
	"settled/settle/policy"
)

// document is what the tests look at of the OpenAPI document.
type document struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]map[string]struct {
		RequestBody struct {
			Content map[string]struct {
				Schema schema `json:"schema"`
			} `json:"content"`
		} `json:"requestBody"`
		Responses map[string]struct {
			Content map[string]struct {
				Schema schema `json:"schema"`
			} `json:"content"`
		} `json:"responses"`
		Security []map[string][]string `json:"security"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type schema struct {
	Ref        string            `json:"$ref"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	Required   []string          `json:"required"`
}

// resolve follows a reference.
func (d *document) resolve(t *testing.T, s schema) schema {
	t.Helper()
	if s.Ref == "" {
		return s
	}
	target, ok := d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	if !ok {
		t.Fatalf("%s leads nowhere", s.Ref)
	}
	return target
}

func openAPI(t *testing.T, d *daemon) *document {
	t.Helper()
	_, text, _ := d.call(t, http.MethodGet, "/openapi.json", nil, nil)
	doc := &document{}
	if err := json.Unmarshal(text, doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestDocument: the document lists every operation, says who needs a token, and
// describes refusals.
func TestDocument(t *testing.T) {
	rules, err := policy.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := startWith(t, nil, func(o *api.Options) {
		o.Policy, o.Family, o.Overlays, o.Past, o.Acts = func() api.Policy { return rules }, noFamily{}, &overlays.Shelf{}, past{}, newDiary()
		o.Bills, o.Terminal, o.SignIn = openBills(t), &kiosk.Desk{}, &api.SignIn{Operators: roster{}, Seat: countertest.Seat, Token: cashierToken}
	})
	doc := openAPI(t, d)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("version %q", doc.OpenAPI)
	}
	want := map[string][]string{
		"/v1/quotes": {"post"}, "/v1/scans": {"post"}, "/v1/session/tender": {"post"}, "/v1/settlements": {"post"}, "/v1/settlements/{number}": {"get"},
		"/v1/settlements/{number}/receipt": {"get", "post"}, "/v1/settlements/{number}/explanation": {"get"},
		"/v1/settlements/{number}/void": {"post"}, "/v1/settlements/{number}/refund": {"post"}, "/v1/settlements/{number}/refund/quote": {"post"},
		"/v1/voids/{number}": {"get"}, "/v1/voids/{number}/receipt": {"get", "post"},
		"/v1/shifts": {"get", "post"}, "/v1/figures": {"get"}, "/v1/charts/{what}": {"get"}, "/v1/exports/{what}": {"get"}, "/v1/acts": {"get"}, "/v1/shifts/close": {"post"}, "/v1/shifts/current": {"get"}, "/v1/shifts/{number}": {"get"}, "/v1/shifts/{number}/slip": {"get"},
		"/v1/queue": {"get"}, "/v1/queue/{number}": {"get"}, "/v1/links": {"delete", "post"}, "/v1/session": {"delete", "get"}, "/v1/devices": {"get"},
		"/v1/events": {"get"}, "/livez": {"get"}, "/readyz": {"get"},
		"/v1/session/quote": {"get"}, "/v1/session/patient": {"post"}, "/v1/session/read": {"post"},
		"/v1/settlements/search": {"post"}, "/v1/standing": {"get"}, "/v1/me": {"get"},
		"/v1/bills": {"get", "post"}, "/v1/bills/{key}": {"delete"}, "/v1/bills/{key}/quote": {"post"},
		"/v1/kiosk/pay": {"delete", "post"}, "/v1/kiosk/staff": {"post"},
		"/v1/session/guardian-code": {"post"},
		"/v1/family":                {"get"}, "/v1/family/mobile": {"get"}, "/v1/family/binding": {"get"}, "/v1/family/places": {"get"}, "/v1/family/slip": {"post"},
		"/v1/family/selection": {"delete", "post"},
		"/v1/policy":           {"get"}, "/v1/policy/overlays": {"get", "post"}, "/v1/policy/overlays/{id}": {"get"},
		"/v1/policy/overlays/{id}/approve": {"post"}, "/v1/policy/overlays/{id}/reject": {"post"},
		"/v1/sign-in": {"post"}, "/v1/sign-out": {"post"},
		"/v1/status": {"get"}, "/v1/queue/{number}/hold": {"post"}, "/v1/queue/{number}/release": {"post"},
	}
	for path, methods := range want {
		for _, method := range methods {
			op, ok := doc.Paths[path][method]
			if !ok {
				t.Errorf("%s %s is not described", method, path)
				continue
			}
			if needs := path != "/livez" && path != "/readyz" && path != "/v1/sign-in"; (len(op.Security) > 0) != needs {
				t.Errorf("%s %s: security %v", method, path, op.Security)
			}
			refusal := doc.resolve(t, op.Responses["default"].Content["application/json"].Schema)
			for _, field := range []string{"code", "field", "line", "cashier", "technician"} {
				if _, ok := refusal.Properties[field]; !ok {
					t.Errorf("%s %s: refusals lack %s", method, path, field)
				}
			}
		}
	}
	if len(doc.Paths) != len(want) {
		t.Errorf("%d paths, want %d", len(doc.Paths), len(want))
	}
	if _, there := doc.Components.Schemas["ErrorModel"]; there {
		t.Error("another shape of error is described")
	}
	status, text, _ := d.call(t, http.MethodGet, "/openapi.yaml", nil, nil)
	if status != http.StatusOK || !strings.Contains(string(text), "/v1/quotes:") {
		t.Errorf("yaml: %d %.100s", status, text)
	}
}

// TestDocumentedBill: the described form of a bill is the one that is read. A bill
// with every described field is not refused for an unknown one, and without any
// required one it is refused. Name and category are needed where no catalogue has them.
func TestDocumentedBill(t *testing.T) {
	d := start(t, nil)
	d.Insert(t, counter.Patient, countertest.Child())
	doc := openAPI(t, d)
	bill := doc.resolve(t, doc.Paths["/v1/quotes"]["post"].RequestBody.Content["application/json"].Schema)
	for where, s := range map[string]schema{"": bill, "visit": doc.resolve(t, bill.Properties["visit"]), "items": doc.resolve(t, *bill.Properties["items"].Items)} {
		for name := range s.Properties {
			full := put(t, where, name, "1")
			if got := d.quoteRefusal(t, full); strings.Contains(got.Technician, "not part of the format") {
				t.Errorf("%s.%s is described but not known: %s", where, name, got.Technician)
			}
			without := put(t, where, name, nil)
			if got := d.quoteRefusal(t, without); (got.Code == "MISSING_FIELD") != (slices.Contains(s.Required, name) || where == "items" && (name == "name" || name == "category")) {
				t.Errorf("%s.%s: required %v, but without it: %+v", where, name, slices.Contains(s.Required, name), got.Refusal)
			}
		}
	}
}

// put gives a good bill with one field set, or removed if value is nil.
func put(t *testing.T, where, name string, value any) []byte {
	return countertest.Bill(t, countertest.Child(), func(doc *countertest.Document) {
		at := map[string]map[string]any{"": doc.Head, "visit": doc.Visit, "items": doc.Items[0]}[where]
		_, there := at[name]
		switch {
		case value == nil && where == "" && name == "visit":
			doc.Visit = nil
		case value == nil && where == "" && name == "items":
			doc.Items = nil
		case value == nil:
			delete(at, name)
		case !there:
			at[name] = value
		}
	})
}

func (d *daemon) quoteRefusal(t *testing.T, bill []byte) answer {
	t.Helper()
	_, text, _ := d.call(t, http.MethodPost, "/v1/quotes", bill, nil)
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return a
}

// TestNotFound: what is not there is refused in the API's shape.
func TestNotFound(t *testing.T) {
	d := start(t, nil)
	for _, path := range []string{"/", "/docs", "/schemas/x", "/v1/nothing"} {
		if got := d.json(t, http.MethodGet, path, nil, http.StatusNotFound); got.Code != api.NoSuchPath || strings.Contains(got.Cashier, "未知代码") {
			t.Errorf("%s: %+v", path, got)
		}
	}
	for path, allow := range map[string]string{"/v1/session": "GET DELETE", "/v1/settlements/X/receipt": "GET POST", "/openapi.json": "GET", "/v1/settlements": "POST"} {
		status, text, header := d.call(t, http.MethodPut, path, nil, nil)
		var got answer
		if err := json.Unmarshal(text, &got); err != nil || status != http.StatusMethodNotAllowed || got.Code != api.WrongMethod || got.Cashier == "" ||
			strings.Join(header.Values("Allow"), " ") != allow {
			t.Errorf("PUT %s: %d %q %s %v", path, status, header.Values("Allow"), text, err)
		}
	}
}

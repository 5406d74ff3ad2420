package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/bills"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/overlays"
	"settled/queue/catalogue"
	"settled/settle"
)

// Codes of requests for something that the API does not have.
const (
	NoSuchPath  settle.Code = "NO_SUCH_PATH"
	WrongMethod settle.Code = "WRONG_METHOD"
)

// methods are those that the API knows.
var methods = [...]string{http.MethodGet, http.MethodPost, http.MethodDelete}

// unknown answers what matches no operation of mux; other is the pattern that led here.
func unknown(mux *http.ServeMux, other string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		what := r.Method + " " + settle.Clip(r.URL.Path)
		for _, m := range methods {
			probe := *r
			probe.Method = m
			if _, pattern := mux.Handler(&probe); pattern != other {
				w.Header().Add("Allow", m)
			}
		}
		if len(w.Header().Values("Allow")) > 0 {
			writeRefusal(w, http.StatusMethodNotAllowed, &settle.Refusal{
				Code: WrongMethod, Cashier: "接口的调用方法不对，未办理；请联系信息科。", Technician: what + ": the path has other methods",
			})
			return
		}
		writeRefusal(w, http.StatusNotFound, &settle.Refusal{
			Code: NoSuchPath, Cashier: "接口没有这个地址，未办理；请联系信息科。", Technician: what + " is not in /openapi.json",
		})
	}
}

// answered is a refusal with its HTTP status.
type answered struct {
	settle.Refusal
	status int
}

// GetStatus implements huma.StatusError.
func (a *answered) GetStatus() int { return a.status }

// staleAnswer refuses a confirmation and gives the quote that holds now.
type staleAnswer struct {
	settle.Refusal
	Quote quoteAnswer `json:"quote"`
}

// GetStatus implements huma.StatusError.
func (a *staleAnswer) GetStatus() int { return http.StatusConflict }

func refusal(c settle.Code, technician string) *settle.Refusal {
	return &settle.Refusal{Code: c, Cashier: counter.Sentence(c), Technician: technician}
}

// refused gives an error of a port the shape and status of the API.
func refused(err error) error {
	var stale *counter.Stale
	if errors.As(err, &stale) {
		return &staleAnswer{*refusal(settle.StaleQuote, settle.StaleQuote.Technician()), answerQuote(stale.Quote)}
	}
	var r *settle.Refusal
	if !errors.As(err, &r) {
		r = refusal(counter.Fault, err.Error())
	}
	return &answered{*r, statusOf(r)}
}

// statusOf chooses the HTTP status: 422 for what is wrong with the input, 409 for
// what does not fit the state of things.
func statusOf(r *settle.Refusal) int {
	switch r.Code {
	case settle.BodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case settle.NoSettlement, counter.NoVoid, counter.NoShift, NoSuchPath, bills.CodeNone, overlays.CodeNone:
		return http.StatusNotFound
	case settle.NotAllowed, SecondRefused:
		return http.StatusForbidden
	case SignInRefused, NoOperators:
		return http.StatusUnauthorized
	case SignInLater:
		return http.StatusTooManyRequests
	case settle.JournalStopped, settle.JournalUnavailable, settle.JournalDamaged, settle.JournalLost, counter.Closed:
		return http.StatusServiceUnavailable
	case counter.Fault:
		return http.StatusInternalServerError
	case settle.BadField, settle.UnknownField, settle.MissingField, settle.DuplicateField, settle.BadSyntax,
		settle.BadEncoding, settle.TooManyLines, settle.TotalMismatch, settle.AmountTooLarge, settle.FutureVisit,
		settle.WrongPerson, counter.UnknownScan, counter.BadTender, counter.ReadersCrossed, counter.OtherKey,
		counter.NoReason, counter.BadLines, counter.KeepNone, counter.KeepAll,
		catalogue.CodeNoItem, catalogue.CodeDiffers, catalogue.CodeNoRatio, overlays.CodeBad, overlays.CodeName, overlays.CodeSame, overlays.CodeNoReason:
		return http.StatusUnprocessableEntity
	}
	return http.StatusConflict
}

func writeRefusal(w http.ResponseWriter, status int, r *settle.Refusal) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(r) // the client may be gone
}

// asRefusal gives what huma itself refuses (body too large, malformed JSON, wrong
// field) the shape of all other refusals.
func asRefusal(ctx huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	ctx.SetHeader("Content-Type", "application/json")
	r := refusal(settle.BadSyntax, e.Detail)
	r.Cashier = "请求内容不正确，未作任何处理；请联系信息科核对接口格式。"
	switch {
	case e.Status == http.StatusRequestEntityTooLarge:
		r = refusal(settle.BodyTooLarge, e.Detail)
	case e.Status >= http.StatusInternalServerError:
		r = refusal(counter.Fault, e.Detail)
	case len(e.Errors) > 0:
		r.Technician += ": " + e.Errors[0].Message
		r.Code, r.Field = blame(e.Errors[0])
	}
	return r, nil
}

// blame finds code and field of what huma says of a malformed request.
func blame(e *huma.ErrorDetail) (code settle.Code, field string) {
	field = strings.TrimPrefix(e.Location, "body.")
	missing, isMissing := strings.CutPrefix(e.Message, "expected required property ")
	switch {
	case isMissing:
		return settle.MissingField, strings.TrimSuffix(missing, " to be present")
	case strings.HasPrefix(e.Message, "unexpected property"):
		return settle.UnknownField, field
	case field == "body":
		return settle.BadSyntax, ""
	}
	return settle.BadField, field
}

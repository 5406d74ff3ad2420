package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/counter"
	"settled/devices/scanner"
	"settled/settle"
)

// UnknownScan is the code of a scan that is of no known kind.
const UnknownScan settle.Code = "UNKNOWN_SCAN"

// scanInput has no limits that the framework checks, since it would put the value into
// its answer.
type scanInput struct {
	Body struct {
		Code string `json:"code" doc:"what the scanner typed: a 医保码, a bill's number or the code on a slip. It is never logged or kept"`
	}
}

// scanAnswer says what was scanned; of a 医保码 no more than that it is one.
type scanAnswer struct {
	Kind    scanner.Kind   `json:"kind" enum:"ecode,bill,slip"`
	Bill    string         `json:"bill,omitempty"`    // 账单号
	Number  string         `json:"number,omitempty"`  // 结算单号, of a slip
	Genuine *bool          `json:"genuine,omitempty"` // of a slip: its amounts are the journal's
	Screen  counter.Screen `json:"screen"`
}

type scanOutput struct{ Body scanAnswer }

func (s *Server) scans(api huma.API) {
	register(api, operation{
		id: "scan", method: http.MethodPost, path: "/v1/scans", roles: payers, status: http.StatusAccepted,
		summary: "What a scanner that acts as a keyboard typed. A 医保码 identifies the patient as a card does; who it is shows on the screen.",
	}, s.scan)
}

func (s *Server) scan(ctx context.Context, g Grant, in *scanInput) (*scanOutput, error) {
	code := scanner.Classify(in.Body.Code, s.options.ECodes)
	a := scanAnswer{Kind: code.Kind()}
	if g.Role == Kiosk && code.Kind() != scanner.ECode {
		return nil, unknownScan(code)
	}
	switch code.Kind() {
	case scanner.ECode:
		if err := s.window(g).Scan(counter.NewECode(code.ClearSecret())); err != nil {
			return nil, err
		}
	case scanner.Bill:
		a.Bill = code.ClearSecret()
	case scanner.Slip:
		number, genuine, err := s.slip(ctx, code.ClearSecret())
		if err != nil {
			return nil, err
		}
		a.Number, a.Genuine = number, &genuine
	default:
		return nil, unknownScan(code)
	}
	a.Screen = s.window(g).Screen()
	return &scanOutput{a}, nil
}

func unknownScan(code scanner.Code) error {
	return &settle.Refusal{Code: UnknownScan, Field: "code", Cashier: "认不出这个码；请核对后再扫。", Technician: "scanned " + code.String()}
}

// slip compares what a slip's code says with the journal.
func (s *Server) slip(ctx context.Context, text string) (number string, genuine bool, err error) {
	_, rest, _ := strings.Cut(text, ":")
	number, _, _ = strings.Cut(rest, ":")
	e, err := s.options.Ledger.Entry(ctx, number)
	if err != nil {
		return "", false, err
	}
	return number, receiptOf(e, 0).Code() == text, nil
}

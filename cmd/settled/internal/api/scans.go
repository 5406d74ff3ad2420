package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/slipseal"
	"settled/devices/scanner"
	"settled/settle"
)

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
	Genuine *bool          `json:"genuine,omitempty"` // of a slip
	Slip    *slipAnswer    `json:"slip,omitempty"`
	Screen  counter.Screen `json:"screen"`
}

// slipAnswer says what a slip's code says, and what tells whether it is genuine.
type slipAnswer struct {
	counter.SlipCode
	By   string `json:"by" enum:"journal,seal" doc:"journal: its amounts were compared with the settlement's; seal: another counter's, of which only the seal was checked"`
	Void string `json:"void,omitempty" doc:"the reversal that took it back, as far as this counter's journal knows"`
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
		slip, genuine, err := s.slip(ctx, code)
		if err != nil {
			return nil, err
		}
		a.Number, a.Genuine, a.Slip = slip.Number, &genuine, slip
	default:
		return nil, unknownScan(code)
	}
	a.Screen = s.window(g).Screen()
	return &scanOutput{a}, nil
}

func unknownScan(code scanner.Code) *settle.Refusal {
	return &settle.Refusal{Code: counter.UnknownScan, Field: "code", Cashier: counter.Sentence(counter.UnknownScan), Technician: "scanned " + code.String()}
}

// slip tells whether a slip is genuine: by the journal, or where that does not know it by
// its seal. One that has neither is refused as a number that nobody knows.
func (s *Server) slip(ctx context.Context, scanned scanner.Code) (a *slipAnswer, genuine bool, err error) {
	text, mark := slipseal.Split(scanned.ClearSecret())
	code, err := counter.ParseSlipCode(text)
	if err != nil {
		return nil, false, unknownScan(scanned)
	}
	a = &slipAnswer{SlipCode: code, By: "journal"}
	e, err := s.options.Ledger.Entry(ctx, code.Number)
	var no *settle.Refusal
	switch {
	case err == nil:
		a.Void = e.Void
		return a, receiptOf(e, 0).Code().Same(code), nil
	case errors.As(err, &no) && no.Code == settle.NoSettlement && mark != "" && s.options.SlipKeys != nil:
		a.By = "seal"
		return a, s.options.SlipKeys.Vouch(text, mark), nil
	}
	return nil, false, err
}

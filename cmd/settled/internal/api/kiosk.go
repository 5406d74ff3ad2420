package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/skip2/go-qrcode"

	"settled/cmd/settled/internal/kiosk"
	"settled/settle"
)

// Terminal lets a patient pay at a self-service seat; *kiosk.Desk does. Errors are
// *settle.Refusal.
type Terminal interface {
	// Now is the attempt of now, and what its QR code says; nil if there is none.
	Now() (a *kiosk.Attempt, code string)
	// Pay begins one; Cancel ends it before it is paid.
	Pay(quote, by string) error
	Cancel(ctx context.Context) error
	// Clear lets go of one that was interrupted and that the staff has seen, after keep has
	// kept that; if it fails nothing is let go.
	Clear(keep func(kiosk.Attempt) error) error
}

// payment is how far a patient's attempt is, as the terminal's page shows it.
type payment struct {
	Step        kiosk.Step  `json:"step" enum:"paying,settling,refunding,settled,refunded,cancelled,refused,unclear"`
	Cash        settle.Fen  `json:"cash"`
	Number      string      `json:"number,omitempty"`
	Why         string      `json:"why,omitempty" doc:"Chinese"`
	Reason      settle.Code `json:"reason,omitempty" doc:"code of why"`
	Code        []string    `json:"code,omitempty" doc:"the QR code to pay with: rows of 0 and 1"`
	ByCode      bool        `json:"by_code,omitempty" doc:"the patient is known by a 医保码: there is no card to take"`
	Interrupted bool        `json:"interrupted" doc:"of somebody who may have gone: only the staff sees what it was"`
}

type payInput struct {
	Body struct {
		Quote string `json:"quote" maxLength:"100" doc:"id of the quote on the screen"`
	}
}

type paymentOutput struct{ Body payment }

type staffInput struct {
	Body struct {
		Operator string `json:"operator" minLength:"1" maxLength:"32"`
		Password string `json:"password" minLength:"1" maxLength:"128"`
		Clear    bool   `json:"clear,omitempty" doc:"it was seen to: the terminal serves again"`
	}
}

type attemptOutput struct {
	Body struct {
		Attempt *kiosk.Attempt `json:"attempt,omitempty" doc:"what happened to whom; masked"`
	}
}

var stepWords = map[kiosk.Step]string{
	kiosk.Settled: "已结算", kiosk.Refunded: "已退款", kiosk.Cancelled: "未付款", kiosk.Refused: "未办理", kiosk.Unclear: "不清楚付了没有",
}

// attemptText says what an attempt was, for whoever asks later.
func attemptText(a *kiosk.Attempt) string {
	return joined(stepWords[a.Step], "￥"+a.Cash.String(), a.Bill, a.Number, a.Why)
}

// paying gives the view of the attempt of now, nil if there is none.
func (s *Server) paying() *payment {
	if s.options.Terminal == nil {
		return nil
	}
	a, code := s.options.Terminal.Now()
	switch {
	case a == nil:
		return nil
	case a.Interrupted:
		return &payment{Step: a.Step, Interrupted: true}
	}
	return &payment{Step: a.Step, Cash: a.Cash, Number: a.Number, Why: a.Why, Reason: a.Reason, Code: squares(code), ByCode: a.ByCode}
}

// squares draws a QR code as rows of 0 and 1; nil for none.
func squares(text string) []string {
	if text == "" {
		return nil
	}
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil
	}
	rows := []string{}
	for _, row := range q.Bitmap() {
		line := make([]byte, len(row))
		for i, dark := range row {
			line[i] = '0'
			if dark {
				line[i] = '1'
			}
		}
		rows = append(rows, string(line))
	}
	return rows
}

// kiosk registers what a self-service terminal does.
func (s *Server) kiosk(api huma.API) {
	t := s.options.Terminal
	if t == nil {
		return
	}
	now := func() *paymentOutput {
		if p := s.paying(); p != nil {
			return &paymentOutput{*p}
		}
		return &paymentOutput{payment{Step: kiosk.Cancelled}}
	}
	register(api, operation{
		id: "pay", method: http.MethodPost, path: "/v1/kiosk/pay", roles: terminals, status: http.StatusOK,
		summary: "Pay what the quote on the screen leaves for cash, by a QR code, then confirm it; how far it is comes with the event `standing`.",
	}, func(_ context.Context, g Grant, in *payInput) (*paymentOutput, error) {
		if err := t.Pay(in.Body.Quote, g.Operator); err != nil {
			return nil, err
		}
		return now(), nil
	})
	register(api, operation{
		id: "cancel-payment", method: http.MethodDelete, path: "/v1/kiosk/pay", roles: terminals, status: http.StatusOK,
		summary: "Give up before it is paid; what was paid meanwhile goes back.",
	}, func(ctx context.Context, _ Grant, _ *struct{}) (*paymentOutput, error) {
		if err := t.Cancel(ctx); err != nil {
			return nil, err
		}
		return now(), nil
	})
	if s.door == nil {
		return
	}
	register(api, operation{
		id: "attend", method: http.MethodPost, path: "/v1/kiosk/staff", roles: terminals, status: http.StatusOK,
		summary: "What happened to whom at this terminal, for a cashier or supervisor, who says so by number and password and is not signed in by it.",
	}, func(ctx context.Context, g Grant, in *staffInput) (*attemptOutput, error) {
		o, err := s.door.try(in.Body.Operator, in.Body.Password)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(cashiers, o.Role) {
			return nil, refusal(settle.NotAllowed, "only cashiers and supervisors attend a terminal")
		}
		out := &attemptOutput{}
		out.Body.Attempt, _ = t.Now()
		if in.Body.Clear {
			err := t.Clear(func(a kiosk.Attempt) error {
				return s.record(ctx, Act{Kind: AttendedTo, Operator: o.ID, Seat: g.Seat, What: a.Ref, Text: attemptText(&a)})
			})
			if err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/bills"
	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Bills keeps what waits to be paid; *bills.Store does. Errors are *settle.Refusal where
// the bill is at fault.
type Bills interface {
	Put(data []byte) (bills.Bill, error)
	List() []bills.Bill
	Get(key string) (bills.Bill, error)
	Drop(key string) error
}

// waitingBill is a bill that waits, as the API shows it: the person is masked.
type waitingBill struct {
	Key        string      `json:"key"`
	IDNumber   string      `json:"id_number,omitempty"` // masked
	Of         string      `json:"of" enum:"patient,guardian,other,nobody" doc:"whose it is: of the person in that reader; of another one; or it does not say"`
	Total      settle.Fen  `json:"total"`
	Lines      int         `json:"lines"`
	Day        settle.Date `json:"day"`
	Department string      `json:"department,omitempty"`
	Doctor     string      `json:"doctor,omitempty"`
	At         time.Time   `json:"at"` // when it came
}

type billOutput struct{ Body waitingBill }

type billsOutput struct {
	Body struct {
		Bills []waitingBill `json:"bills" doc:"of the patient first, then the oldest first"`
	}
}

type keyInput struct {
	Key string `path:"key" maxLength:"64" doc:"the bill's own number"`
}

// waiting registers the bills that wait to be paid.
func (s *Server) waiting(api huma.API) {
	store := s.options.Bills
	if store == nil {
		return
	}
	register(api, operation{
		id: "send-bill", method: http.MethodPost, path: "/v1/bills", roles: senders, status: http.StatusCreated, body: bill{},
		summary: "Leave a bill that waits to be paid here (待缴账单); one with the same key replaces the one before. It survives a restart.",
	}, func(_ context.Context, g Grant, in *quoteInput) (*billOutput, error) {
		b, err := store.Put(in.RawBody)
		if err != nil {
			return nil, err
		}
		return &billOutput{viewBill(b, s.window(g))}, nil
	})
	register(api, operation{
		id: "bills", method: http.MethodGet, path: "/v1/bills", roles: payers, status: http.StatusOK,
		summary: "The bills that wait; at a self-service seat those of the person in the patient's reader.",
	}, func(_ context.Context, g Grant, _ *struct{}) (*billsOutput, error) {
		out := &billsOutput{}
		out.Body.Bills = s.waitingFor(g)
		return out, nil
	})
	register(api, operation{
		id: "quote-bill", method: http.MethodPost, path: "/v1/bills/{key}/quote", roles: payers, status: http.StatusOK,
		summary: "Quote a bill that waits.",
	}, func(ctx context.Context, g Grant, in *keyInput) (*quoteOutput, error) {
		b, err := store.Get(in.Key)
		if err != nil {
			return nil, err
		}
		if g.Role == Kiosk && viewBill(b, s.window(g)).Of != "patient" {
			return nil, refusal(settle.WrongPerson, "the bill is not of the person in the patient's reader")
		}
		q, err := s.window(g).Quote(ctx, b.Data, g.Operator)
		if err != nil {
			return nil, err
		}
		return &quoteOutput{s.quoted.answer(g.Seat, q)}, nil
	})
	register(api, operation{
		id: "withdraw-bill", method: http.MethodDelete, path: "/v1/bills/{key}", roles: senders, status: http.StatusNoContent,
		summary: "Withdraw a bill that waits; nothing is said if it does not.",
	}, func(_ context.Context, _ Grant, in *keyInput) (*struct{}, error) {
		return nil, store.Drop(in.Key)
	})
}

// waitingFor lists what a seat may see of the bills that wait.
func (s *Server) waitingFor(g Grant) []waitingBill {
	list := []waitingBill{}
	if s.options.Bills == nil {
		return list
	}
	for _, b := range s.options.Bills.List() {
		if view := viewBill(b, s.window(g)); g.Role != Kiosk || view.Of == "patient" {
			list = append(list, view)
		}
	}
	rank := map[string]int{"patient": 0, "nobody": 1, "guardian": 2, "other": 3}
	slices.SortStableFunc(list, func(a, b waitingBill) int { return rank[a.Of] - rank[b.Of] })
	return list
}

func viewBill(b bills.Bill, w Window) waitingBill {
	view := waitingBill{
		Key: b.Key, IDNumber: b.Patient.String(), Of: "nobody", Total: b.Total, Lines: b.Lines, Day: b.Day,
		Department: b.Department, Doctor: b.Doctor, At: b.At,
	}
	if b.Patient == "" {
		return view
	}
	view.Of = "other"
	for _, role := range []counter.Role{counter.Guardian, counter.Patient} {
		if e, ok := w.Holder(role); ok && e.Who.IDNumber == b.Patient {
			view.Of = role.String()
		}
	}
	return view
}

// paid lets a bill go that was just settled. One that stays behind is told to be settled
// when it is quoted again.
func (s *Server) paid(key string) {
	if s.options.Bills == nil {
		return
	}
	if err := s.options.Bills.Drop(key); err != nil {
		var r *settle.Refusal
		s.options.Log.Warn("a paid bill still waits", "cause", err, "refused", errors.As(err, &r))
	}
}

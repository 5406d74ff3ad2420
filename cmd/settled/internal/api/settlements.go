package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

type confirmInput struct {
	Body struct {
		Quote string `json:"quote" maxLength:"100" doc:"id of the quote on the screen"`
		Key   string `json:"key" minLength:"1" maxLength:"64" doc:"the bill's own number, as the quote gave it; the same key never settles twice"`
	}
}

// settlementAnswer is a settlement as the API shows it: the person is masked.
type settlementAnswer struct {
	Number      string      `json:"number"` // 结算单号
	At          time.Time   `json:"at,omitzero"`
	Replayed    bool        `json:"replayed"`  // this key had made it before: nothing was taken now
	Name        string      `json:"name"`      // masked
	IDNumber    string      `json:"id_number"` // masked
	Institution string      `json:"institution"`
	VisitDay    settle.Date `json:"visit_day"`
	Seat        string      `json:"seat"`
	Operator    string      `json:"operator"`
	counter.Figures
	OfflineWhy string `json:"offline_why,omitempty"` // reason code of the degraded mode
	Particulars
	Void   string      `json:"void,omitempty"` // reversed by this
	From   string      `json:"from,omitempty"` // of kept lines: the settlement that they were kept of
	Upload *UploadView `json:"upload,omitempty"`
}

func answerSettlement(st settle.Settlement, p Particulars) settlementAnswer {
	return settlementAnswer{
		Number: st.Number, Name: st.Who.Name.String(), IDNumber: st.Who.IDNumber.String(),
		Institution: st.Bill.Visit.Institution.Name, VisitDay: st.Bill.Visit.Day, Seat: st.Device, Operator: st.Operator,
		Figures: counter.FiguresOf(st), OfflineWhy: st.OfflineWhy, Particulars: p,
	}
}

func answerEntry(e Entry) settlementAnswer {
	a := answerSettlement(e.Settlement, particularsOf(&e.Settlement))
	a.At, a.Upload, a.Void, a.From = e.At, viewUpload(e), e.Void, e.From
	return a
}

type confirmOutput struct {
	Status int
	Body   settlementAnswer
}

type settlementOutput struct{ Body settlementAnswer }

type numberInput struct {
	Number string `path:"number" maxLength:"64" doc:"结算单号"`
}

type textOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

type receiptInput struct {
	Number  string `path:"number" maxLength:"64" doc:"结算单号"`
	Columns int    `query:"columns" default:"48" minimum:"32" maximum:"48" multipleOf:"16" doc:"48 for 80 mm paper, 32 for 58 mm"`
	Copy    int    `query:"copy" default:"1" minimum:"0" maximum:"99" doc:"which copy this is, at least; 0 asks for the original, which is given out once"`
}

// explanation is the reason of every fen of a settlement.
type explanation struct {
	Number  string           `json:"number"`
	Void    string           `json:"void,omitempty"` // reversed by this: nothing of it holds any more
	From    string           `json:"from,omitempty"` // of kept lines: the settlement that they were kept of
	Day     settle.Date      `json:"day"`            // whose rules applied
	Rules   string           `json:"rules"`          // digest of the rules
	Reasons []counter.Notice `json:"reasons"`
	Steps   []settle.Step    `json:"steps"`
}

type explanationOutput struct{ Body explanation }

func (s *Server) settlements(api huma.API) {
	register(api, operation{
		id: "settle", method: http.MethodPost, path: "/v1/settlements", roles: sellers, status: http.StatusCreated,
		also:    map[int]any{http.StatusOK: settlementAnswer{}, http.StatusConflict: staleAnswer{}},
		summary: "Take what the quote shows. 201: it is durable. 200 with replayed: the key had settled before. 409 with a quote: nothing was taken, this is what holds now.",
	}, s.confirm)
	register(api, operation{
		id: "settlement", method: http.MethodGet, path: "/v1/settlements/{number}", roles: everyone, status: http.StatusOK,
		summary: "One settlement, with the person masked.",
	}, func(ctx context.Context, _ Grant, in *numberInput) (*settlementOutput, error) {
		e, err := s.options.Ledger.Entry(ctx, in.Number)
		if err != nil {
			return nil, err
		}
		return &settlementOutput{answerEntry(e)}, nil
	})
	register(api, operation{
		id: "receipt", method: http.MethodGet, path: "/v1/settlements/{number}/receipt", roles: sellers, status: http.StatusOK,
		summary: "The slip as text, marked as a copy; with copy=0 unmarked, once and only until the daemon ends.", media: "text/plain",
	}, s.receipt)
	register(api, operation{
		id: "reprint", method: http.MethodPost, path: "/v1/settlements/{number}/receipt", roles: sellers, status: http.StatusAccepted,
		summary: "Print the slip again at this seat, marked and counted in the journal; the outcome is an event.",
	}, s.reprint)
	register(api, operation{
		id: "explain", method: http.MethodGet, path: "/v1/settlements/{number}/explanation", roles: everyone, status: http.StatusOK,
		summary: "The reason of every fen.",
	}, func(ctx context.Context, _ Grant, in *numberInput) (*explanationOutput, error) {
		e, err := s.options.Ledger.Entry(ctx, in.Number)
		if err != nil {
			return nil, err
		}
		st := e.Settlement
		return &explanationOutput{explanation{
			Number: st.Number, Void: e.Void, From: e.From, Day: st.Bill.Visit.Day, Rules: st.Rules,
			Reasons: counter.FiguresOf(st).Reasons, Steps: inWords(st.Split).Steps,
		}}, nil
	})
}

func (s *Server) confirm(ctx context.Context, g Grant, in *confirmInput) (*confirmOutput, error) {
	done, err := s.window(g).Confirm(ctx, counter.Confirmation{Quote: in.Body.Quote, Key: in.Body.Key, By: g.Operator})
	if err != nil {
		return nil, err
	}
	s.paid(in.Body.Key)
	st := done.Settlement
	if done.Replayed {
		a := answerSettlement(st, particularsOf(&st))
		a.Replayed = true
		return &confirmOutput{Status: http.StatusOK, Body: a}, nil
	}
	s.slips.made(st.Number)
	return &confirmOutput{Status: http.StatusCreated, Body: answerSettlement(st, s.quoted.take(g.Seat, in.Body.Quote, &st))}, nil
}

func (s *Server) receipt(ctx context.Context, _ Grant, in *receiptInput) (*textOutput, error) {
	e, err := s.options.Ledger.Entry(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	return asText(receiptOf(e, s.slips.copyNo(in.Number, in.Copy, e.Copies)), in.Columns), nil
}

// reprinted is a copy of a slip.
type reprinted struct {
	Number string `json:"number"`
	Copy   int    `json:"copy" doc:"which copy it is, counted in the journal"`
}

type reprintedOutput struct{ Body reprinted }

func (s *Server) reprint(ctx context.Context, g Grant, in *numberInput) (*reprintedOutput, error) {
	e, err := s.options.Ledger.Entry(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	return s.counted(ctx, g, in.Number, func(n int) error { return s.window(g).Reprint(receiptOf(e, n)) })
}

// counted counts a copy and prints it.
func (s *Server) counted(ctx context.Context, g Grant, number string, send func(copyNo int) error) (*reprintedOutput, error) {
	n, err := s.options.Ledger.Reprint(ctx, number, g)
	if err != nil {
		return nil, err
	}
	return &reprintedOutput{reprinted{Number: number, Copy: n}}, send(n)
}

func receiptOf(e Entry, copyNo int) counter.Receipt {
	return counter.Receipt{Settlement: e.Settlement, At: e.At, Shift: e.Shift, Void: e.Void, From: e.From, Copy: copyNo}
}

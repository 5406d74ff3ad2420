package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// refundQuote is a refund as it would be.
type refundQuote struct {
	ID     string           `json:"id" doc:"confirm the refund with it"`
	Number string           `json:"number"` // of the settlement
	Keep   []int            `json:"keep"`
	Back   Amounts          `json:"back" doc:"what each source would get back; only cash leaves the drawer"`
	Stays  Amounts          `json:"stays" doc:"what would stay settled"`
	Notice []counter.Notice `json:"reasons" doc:"of the kept lines' split"`
	Split  settle.Split     `json:"split" doc:"of the kept lines"`
}

// reversal is a void or refund as the API shows it: the person is masked.
type reversal struct {
	Number    string      `json:"number"`
	Kind      Kind        `json:"kind" enum:"void,refund"`
	Of        string      `json:"of" doc:"the settlement that it reverses"`
	Kept      string      `json:"kept,omitempty" doc:"the settlement of the lines that are kept"`
	At        time.Time   `json:"at"`
	Replayed  bool        `json:"replayed"`  // this key had made it before: nothing was given back now
	Name      string      `json:"name"`      // masked
	IDNumber  string      `json:"id_number"` // masked
	Seat      string      `json:"seat"`
	Operator  string      `json:"operator"`
	Second    string      `json:"second,omitempty" doc:"who stood for it too (二人复核)"`
	Shift     uint64      `json:"shift,omitempty"`
	Reason    string      `json:"reason"`
	Back      Amounts     `json:"back" doc:"what each source got back; only cash left the drawer"`
	Confirmed bool        `json:"confirmed" doc:"the platform has nothing of the settlement any more"`
	Upload    *UploadView `json:"upload,omitempty"`
}

func answerVoid(v counter.Void) reversal {
	a := reversal{
		Number: v.Number, Kind: Void, Of: v.Whole.Number, At: v.At, Name: v.Whole.Who.Name.String(), IDNumber: v.Whole.Who.IDNumber.String(),
		Seat: v.Seat, Operator: v.Operator, Second: v.Second, Shift: v.Shift, Reason: v.Reason, Back: v.Back, Confirmed: !v.Open,
	}
	if v.Kept != nil {
		a.Kind, a.Kept = Refund, v.Kept.Number
	}
	return a
}

type voidInput struct {
	Number string `path:"number" maxLength:"64" doc:"结算单号"`
	Body   struct {
		Key    string `json:"key" minLength:"1" maxLength:"64" doc:"of this request: the same key never gives back twice"`
		Reason string `json:"reason" minLength:"1" maxLength:"400" doc:"why; it stands on the slip"`

		Second *signature `json:"second,omitempty" doc:"needed where it is refused with SECOND_NEEDED"`
	}
}

type refundQuoteInput struct {
	Number string `path:"number" maxLength:"64" doc:"结算单号"`
	Body   struct {
		Keep []int `json:"keep" maxItems:"1000" doc:"lines of the bill that are kept, from 1"`
	}
}

type refundInput struct {
	Number string `path:"number" maxLength:"64" doc:"结算单号"`
	Body   struct {
		Key    string `json:"key" minLength:"1" maxLength:"64" doc:"of this request: the same key never gives back twice"`
		Reason string `json:"reason" minLength:"1" maxLength:"400" doc:"why; it stands on the slip"`
		Keep   []int  `json:"keep" maxItems:"1000" doc:"lines of the bill that are kept, from 1"`
		Quote  string `json:"quote" maxLength:"100" doc:"id of the refund that was shown"`

		Second *signature `json:"second,omitempty" doc:"needed where it is refused with SECOND_NEEDED"`
	}
}

type refundQuoteOutput struct{ Body refundQuote }

type reversedOutput struct {
	Status int
	Body   reversal
}

type reversalOutput struct{ Body reversal }

func (s *Server) voids(api huma.API) {
	replayed := map[int]any{http.StatusOK: reversal{}}
	register(api, operation{
		id: "void", method: http.MethodPost, path: "/v1/settlements/{number}/void", roles: cashiers, status: http.StatusCreated, also: replayed,
		summary: "Reverse a settlement whole (撤销); no card is needed. 201: it is durable. 200 with replayed: the key had done it before.",
	}, func(ctx context.Context, g Grant, in *voidInput) (*reversedOutput, error) {
		b := in.Body
		return s.reverse(ctx, g, b.Second, counter.Reversal{Number: in.Number, Key: b.Key, Reason: b.Reason})
	})
	register(api, operation{
		id: "refund-quote", method: http.MethodPost, path: "/v1/settlements/{number}/refund/quote", roles: cashiers, status: http.StatusOK,
		summary: "What would go back to whom if only the given lines were kept? Nothing is written.",
	}, s.refundQuote)
	register(api, operation{
		id: "refund", method: http.MethodPost, path: "/v1/settlements/{number}/refund", roles: cashiers, status: http.StatusCreated, also: replayed,
		summary: "Reverse a settlement and settle the kept lines anew (退费), as the quote showed it. 201: it is durable. 200 with replayed: the key had done it before.",
	}, func(ctx context.Context, g Grant, in *refundInput) (*reversedOutput, error) {
		b := in.Body
		if b.Keep == nil {
			b.Keep = []int{} // never whole
		}
		return s.reverse(ctx, g, b.Second, counter.Reversal{Number: in.Number, Keep: b.Keep, Quote: b.Quote, Key: b.Key, Reason: b.Reason})
	})
	register(api, operation{
		id: "reversal", method: http.MethodGet, path: "/v1/voids/{number}", roles: everyone, status: http.StatusOK,
		summary: "One void or refund, with the person masked, and what became of it at the platform.",
	}, func(ctx context.Context, _ Grant, in *numberInput) (*reversalOutput, error) {
		v, e, err := s.options.Ledger.Void(ctx, in.Number)
		if err != nil {
			return nil, err
		}
		out := &reversalOutput{answerVoid(v)}
		out.Body.Upload = viewUpload(e)
		return out, nil
	})
	s.voidSlips(api)
}

// voidSlips are the papers of reversals.
func (s *Server) voidSlips(api huma.API) {
	register(api, operation{
		id: "void-receipt", method: http.MethodGet, path: "/v1/voids/{number}/receipt", roles: sellers, status: http.StatusOK,
		summary: "The slip of a void or refund as text, marked as a copy; with copy=0 unmarked, once and only until the daemon ends.", media: "text/plain",
	}, func(ctx context.Context, _ Grant, in *receiptInput) (*textOutput, error) {
		v, e, err := s.options.Ledger.Void(ctx, in.Number)
		if err != nil {
			return nil, err
		}
		return asText(counter.VoidSlip{Void: v, Copy: s.slips.copyNo(in.Number, in.Copy, e.Copies)}, in.Columns), nil
	})
	register(api, operation{
		id: "void-reprint", method: http.MethodPost, path: "/v1/voids/{number}/receipt", roles: cashiers, status: http.StatusAccepted,
		summary: "Print the slip of a void or refund again at this seat, marked and counted in the journal.",
	}, func(ctx context.Context, g Grant, in *numberInput) (*reprintedOutput, error) {
		v, _, err := s.options.Ledger.Void(ctx, in.Number)
		if err != nil {
			return nil, err
		}
		return s.counted(ctx, g, in.Number, func(n int) error { return s.window(g).Print(counter.VoidSlip{Void: v, Copy: n}) })
	})
}

func (s *Server) refundQuote(ctx context.Context, g Grant, in *refundQuoteInput) (*refundQuoteOutput, error) {
	f, err := s.window(g).Refund(ctx, in.Number, in.Body.Keep)
	if err != nil {
		return nil, err
	}
	return &refundQuoteOutput{refundQuote{
		ID: f.ID, Number: f.Whole.Number, Keep: f.Keep, Back: f.Back, Stays: counter.AmountsOf(&f.Kept.Split),
		Notice: f.Reasons, Split: inWords(f.Kept.Split),
	}}, nil
}

func (s *Server) reverse(ctx context.Context, g Grant, second *signature, r counter.Reversal) (*reversedOutput, error) {
	g, err := s.with(ctx, g, second, cashiers)
	if err != nil {
		return nil, err
	}
	r.By, r.Second = g.Operator, g.Second
	v, replayed, err := s.window(g).Reverse(ctx, r)
	if err != nil {
		return nil, err
	}
	out := &reversedOutput{Status: http.StatusCreated, Body: answerVoid(v)}
	if replayed {
		out.Status, out.Body.Replayed = http.StatusOK, true
		return out, nil
	}
	s.slips.made(v.Number)
	if v.Kept != nil {
		s.slips.made(v.Kept.Number)
	}
	return out, nil
}

func asText(p counter.Paper, columns int) *textOutput {
	return &textOutput{"text/plain; charset=utf-8", []byte(counter.Text(p, columns))}
}

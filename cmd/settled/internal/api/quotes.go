package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/shopspring/decimal"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

func typeOf(v any) reflect.Type { return reflect.TypeOf(v) }

type quoteInput struct {
	RawBody []byte `contentType:"application/json"`
}

// quoteAnswer is a quote as the API shows it.
type quoteAnswer struct {
	counter.Figures
	Key string `json:"key"` // the bill's own number: confirm with it
	Particulars
}

// billLine is what the bill, or the catalogue, says of a line beside its amounts.
type billLine struct {
	Name      string       `json:"name"`
	Category  settle.Grade `json:"category" enum:"A,B,C"`
	UnitPrice string       `json:"unit_price"`
	Quantity  string       `json:"qty"`
}

// priceOf writes a price with the decimals that it has, at least two.
func priceOf(p decimal.Decimal) string {
	if p.Equal(p.Round(2)) {
		return p.StringFixed(2)
	}
	return p.String()
}

func linesOf(b settle.Bill) []billLine {
	lines := make([]billLine, len(b.Lines))
	for i, l := range b.Lines {
		lines[i] = billLine{Name: l.Name, Category: l.Grade, UnitPrice: priceOf(l.UnitPrice), Quantity: l.Quantity.String()}
	}
	return lines
}

func answerQuote(q counter.Quote) quoteAnswer {
	return quoteAnswer{Figures: q.Figures(), Key: q.Key(), Particulars: particularsOf(&q.Settlement)}
}

type quoteOutput struct{ Body quoteAnswer }

// bill is the form of the body of POST /v1/quotes for the OpenAPI document;
// settle.DecodeBill is what reads it, and a test compares the two.
type bill struct {
	Key     string       `json:"key" maxLength:"64" doc:"the hospital's own bill number: this bill is settled once"`
	Patient *billPatient `json:"patient,omitempty"`
	Visit   billVisit    `json:"visit"`
	Total   string       `json:"total" example:"128.40" doc:"yuan; must be the sum of the lines"`
	Items   []billItem   `json:"items" minItems:"1" maxItems:"1000"`
}

type billPatient struct {
	IDNumber string `json:"id_number" doc:"compared with the card's holder"`
}

type billVisit struct {
	Date             string             `json:"date" example:"2026-11-21" doc:"decides which rules apply; of inpatients the discharge"`
	Kind             settle.VisitKind   `json:"kind" enum:"outpatient,emergency,emergency_rescue,inpatient,mente"`
	ReferralInCity   bool               `json:"referral_in_city,omitempty"`
	Filing           settle.Filing      `json:"filing,omitempty" enum:"long_term,referral_out"`
	AdmissionNo      int                `json:"admission_no,omitempty"`
	ContinuousMonths int                `json:"continuous_months,omitempty"`
	Channel          settle.Channel     `json:"channel,omitempty" enum:"mobile"`
	OutpatientNo     string             `json:"outpatient_no,omitempty" doc:"门诊号 or 住院号"`
	VisitID          string             `json:"visit_id,omitempty" maxLength:"30" doc:"inpatients, needed: the mdtrt_id (就诊ID) that the hospital's system got when it admitted the patient (2401)"`
	Began            string             `json:"began,omitempty" example:"2026-11-21 09:12:30" doc:"on the visit's date; of inpatients the admission"`
	Department       *settle.Named      `json:"department,omitempty"`
	Specialty        string             `json:"specialty,omitempty"`
	Doctor           *settle.Named      `json:"doctor,omitempty"`
	Diagnoses        []settle.Diagnosis `json:"diagnoses,omitempty"`
}

type billItem struct {
	Name           string          `json:"name,omitempty" doc:"with code alone: the catalogue's"`
	Code           string          `json:"code,omitempty" doc:"医疗目录编码; what the line leaves open is then the catalogue's"`
	HospitalCode   string          `json:"hospital_code,omitempty" doc:"院内目录编码"`
	Charge         string          `json:"charge,omitempty" doc:"收费类别"`
	Category       settle.Grade    `json:"category,omitempty" enum:"A,B,C" doc:"甲乙丙; needed without code"`
	UnitPrice      string          `json:"unit_price" example:"12.3456" doc:"yuan, at most 4 decimals"`
	Quantity       string          `json:"qty" example:"2"`
	PriceCap       string          `json:"price_cap,omitempty" doc:"限价, yuan a unit"`
	FirstSelfPay   string          `json:"first_self_pay_ratio,omitempty" example:"0.10" doc:"needed for category B without code"`
	Consultation   bool            `json:"consultation,omitempty" doc:"门诊诊查费"`
	LargeEquipment bool            `json:"large_equipment,omitempty" doc:"大型设备检查治疗"`
	Vaccination    bool            `json:"vaccination,omitempty" doc:"预防接种"`
	Kind           settle.LineKind `json:"kind,omitempty" enum:"service"`
}

func (s *Server) quotes(api huma.API) {
	register(api, operation{
		id: "quote", method: http.MethodPost, path: "/v1/quotes", roles: sellers, status: http.StatusOK, body: bill{},
		summary: "Who would pay what of this bill, and why, for the patient whose card is in the reader? Nothing is taken.",
	}, func(ctx context.Context, g Grant, in *quoteInput) (*quoteOutput, error) {
		q, err := s.window(g).Quote(ctx, in.RawBody, g.Operator)
		if err != nil {
			return nil, err
		}
		return &quoteOutput{s.quoted.answer(g.Seat, q)}, nil
	})
}

package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/reconcile"
	"settled/settle"
)

// Books holds the counter's books against the platform's (对账). Errors are
// *settle.Refusal.
type Books interface {
	// Reconcile reconciles a day by the platform's time; it changes nothing, and the
	// journal keeps how the day stood.
	Reconcile(ctx context.Context, day settle.Date, by Grant) (reconcile.Report, error)
	// Days lists the platform's days within from and to on which it booked something, and
	// how each was reconciled; zero days are the last 31.
	Days(ctx context.Context, from, to settle.Date) ([]reconcile.Day, error)
	// Repair does what a finding of the day's last report proposes, or refuses and says
	// where it is done. report is its id; "": whichever is the last.
	Repair(ctx context.Context, day settle.Date, report string, item int, why string, by Grant) (reconcile.Finding, error)
	// Claims drafts the 3203 of the month that a day is in.
	Claims(ctx context.Context, month settle.Date) (reconcile.Month, error)
	// Debts lists by person what is to be collected or given back for settlements of
	// within days; zero days are open.
	Debts(ctx context.Context, from, to settle.Date) ([]reconcile.Debt, error)
	// Square keeps that a difference was collected, given back or written off, once, and
	// gives it as it stands then. Cash counts in the shift of the seat.
	Square(ctx context.Context, number string, ask Squaring, by Grant) (reconcile.Difference, error)
}

// Squaring is what became of a difference.
type Squaring struct {
	Cash settle.Fen `json:"cash" doc:"collected; negative: given back. Just what is owed"`
	How  string     `json:"how" enum:"cash,other,waived" doc:"cash: in the drawer of the seat's shift; other: a transfer or the like; waived: nobody pays"`
	Why  string     `json:"why,omitempty" maxLength:"1000" doc:"the reason, which a write-off needs"`
}

type squareInput struct {
	Number string `path:"number" maxLength:"64"`
	Body   Squaring
}

type dayInput struct {
	Body struct {
		Day string `json:"day" format:"date" minLength:"10" doc:"day of the platform's setl_time"`
	}
}

type repairInput struct {
	Body struct {
		Day    string `json:"day" format:"date" minLength:"10"`
		Report string `json:"report,omitempty" maxLength:"64" doc:"id of the report that was shown; empty: the day's last"`
		Item   int    `json:"item" minimum:"1" doc:"number of the finding in the report"`
		Why    string `json:"why" minLength:"1" maxLength:"1000" doc:"the reason, for whoever reads the journal"`

		Second *signature `json:"second,omitempty" doc:"needed where it is refused with SECOND_NEEDED"`
	}
}

type monthInput struct {
	Month string `query:"month" required:"true" doc:"a day of it, 2026-11-01" format:"date"`
}

type daysInput struct {
	From string `query:"from" format:"date" doc:"first day"`
	To   string `query:"to" format:"date" doc:"last day"`
}

type debtsInput struct {
	From  string `query:"from" format:"date" doc:"first day of settling"`
	To    string `query:"to" format:"date" doc:"last day"`
	State string `query:"state" enum:"all,open" default:"all" doc:"open: what somebody has still to collect or to give back"`
}

type (
	differenceOutput struct{ Body reconcile.Difference }
	reportOutput     struct{ Body reconcile.Report }
	findingOutput    struct{ Body reconcile.Finding }
	bookedOutput     struct {
		Body struct {
			Days []reconcile.Day `json:"days"`
		}
	}
	claimsOutput struct{ Body reconcile.Month }
	debtsOutput  struct {
		Body struct {
			Debts []reconcile.Debt `json:"debts"`
		}
	}
)

var bookkeepers = []Role{Cashier, Supervisor, Insurance, Operations}

// books registers what holds the books together.
func (s *Server) books(api huma.API) {
	books := s.options.Books
	if books == nil {
		return
	}
	register(api, operation{
		id: "reconcile", method: http.MethodPost, path: "/v1/reconciliations", roles: bookkeepers, status: http.StatusOK, long: true,
		summary: "Reconcile a day with the platform (3201, and 3202 where it is unequal) and with the till. The journal keeps the result.",
	}, func(ctx context.Context, g Grant, in *dayInput) (*reportOutput, error) {
		day, err := dayOf("day", in.Body.Day)
		if err != nil {
			return nil, err
		}
		report, err := books.Reconcile(ctx, day, g)
		return &reportOutput{report}, err
	})
	register(api, operation{
		id: "booked-days", method: http.MethodGet, path: "/v1/reconciliations", roles: bookkeepers, status: http.StatusOK,
		summary: "The platform's days on which it booked something of this counter's, how each was reconciled, and which are due; the last 31 days unless said otherwise.",
	}, func(ctx context.Context, _ Grant, in *daysInput) (*bookedOutput, error) {
		from, to, err := in.days()
		if err != nil {
			return nil, err
		}
		out := &bookedOutput{}
		out.Body.Days, err = books.Days(ctx, from, to)
		return out, err
	})
	register(api, operation{
		id: "repair", method: http.MethodPost, path: "/v1/reconciliations/repair", roles: keepers, status: http.StatusOK,
		summary: "Do what a finding proposes, if an operation of the queue does it; else it is refused, and says where to do it.",
	}, func(ctx context.Context, g Grant, in *repairInput) (*findingOutput, error) {
		b := &in.Body
		day, err := dayOf("day", b.Day)
		if err != nil {
			return nil, err
		}
		if g, err = s.with(ctx, g, b.Second, keepers); err != nil {
			return nil, err
		}
		finding, err := books.Repair(ctx, day, b.Report, b.Item, b.Why, g)
		return &findingOutput{finding}, err
	})
	s.money(api, books)
}

// money registers what is claimed and owed.
func (s *Server) money(api huma.API, books Books) {
	register(api, operation{
		id: "claims", method: http.MethodGet, path: "/v1/claims", roles: bookkeepers, status: http.StatusOK,
		summary: "The draft of a month's claims (3203), which are not sent.",
	}, func(ctx context.Context, _ Grant, in *monthInput) (*claimsOutput, error) {
		month, err := dayOf("month", in.Month)
		if err != nil {
			return nil, err
		}
		out := &claimsOutput{}
		out.Body, err = books.Claims(ctx, month)
		return out, err
	})
	register(api, operation{
		id: "differences", method: http.MethodGet, path: "/v1/differences", roles: bookkeepers, status: http.StatusOK,
		summary: "What is to be collected from patients or given back, because the platform split otherwise, and what was; by person, masked.",
	}, func(ctx context.Context, _ Grant, in *debtsInput) (*debtsOutput, error) {
		from, to, err := (&daysInput{in.From, in.To}).days()
		if err != nil {
			return nil, err
		}
		out := &debtsOutput{}
		out.Body.Debts, err = books.Debts(ctx, from, to)
		if in.State == "open" {
			out.Body.Debts = reconcile.Unsettled(out.Body.Debts)
		}
		return out, err
	})
	register(api, operation{
		id: "square", method: http.MethodPost, path: "/v1/differences/{number}", roles: bookkeepers, status: http.StatusOK,
		summary: "Keep that a settlement's difference was collected, given back or written off; once, by just what is owed. A cashier writes nothing off.",
	}, func(ctx context.Context, g Grant, in *squareInput) (*differenceOutput, error) {
		if in.Body.How == waived {
			if !slices.Contains(keepers, g.Role) {
				return nil, refusal(settle.NotAllowed, "a cashier writes nothing off")
			}
			if strings.TrimSpace(in.Body.Why) == "" {
				return nil, &settle.Refusal{Code: settle.MissingField, Field: "why", Cashier: "不再补退要写明原因。", Technician: "a write-off has a reason"}
			}
		}
		d, err := books.Square(ctx, in.Number, in.Body, g)
		return &differenceOutput{d}, err
	})
}

// waived is [Squaring.How] of what is written off.
const waived = "waived"

// days are the first and the last day.
func (in *daysInput) days() (from, to settle.Date, err error) {
	if from, err = dayOf("from", in.From); err == nil {
		to, err = dayOf("to", in.To)
	}
	return from, to, err
}

// dayOf reads a day; "" is none.
func dayOf(field, text string) (day settle.Date, err error) {
	if text == "" {
		return 0, nil
	}
	if err := day.UnmarshalText([]byte(text)); err != nil {
		r := refusal(settle.BadField, err.Error())
		r.Field = field
		return 0, r
	}
	return day, nil
}

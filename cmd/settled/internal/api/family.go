package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/family"
	"settled/settle"
)

// Family is what a family does beside paying; *family.Desk does. All is about the person
// in the patient's reader. Errors are *settle.Refusal.
type Family interface {
	// Look gives what is used and left, selected and linked; masked.
	Look(ctx context.Context) (family.Standing, error)
	// Slip is what was looked up about somebody, to be printed; without visits.
	Slip(s family.Standing, who settle.Identity) counter.LookSlip
	// Mobile lists the conditions of mobile payment.
	Mobile(ctx context.Context) ([]settle.Condition, error)
	// Binding lists the conditions for linking the guardian's account.
	Binding(relation settle.Relation) ([]settle.Condition, error)
	// Places lists what may be selected.
	Places(w family.Wanted) (family.Page, error)
	// Select files a selection from the day that was shown; Undo takes the last one back.
	Select(ctx context.Context, id string, from settle.Date, by string) (family.Choice, error)
	Undo(ctx context.Context, by string) (family.Choice, error)
}

// Bounds of what a terminal lists.
const (
	mostVisits = 20
	mostOnSlip = 8
)

// visit is a settlement as its own family sees it.
type visit struct {
	Day    settle.Date `json:"day"`
	Total  settle.Fen  `json:"total"`
	Fund   settle.Fen  `json:"fund"`
	Own    settle.Fen  `json:"own"`
	Family settle.Fen  `json:"mutual"`
	Cash   settle.Fen  `json:"cash"`
	Number string      `json:"number"`
	Void   bool        `json:"void,omitempty" doc:"it was reversed"`
}

type familyOutput struct {
	Body struct {
		family.Standing
		Visits []visit `json:"visits" doc:"at this counter, newest first"`
	}
}

type conditionsOutput struct {
	Body struct {
		Conditions []settle.Condition `json:"conditions"`
	}
}

type bindingInput struct {
	Relation settle.Relation `query:"relation" required:"true" enum:"child,parent,spouse,sibling,grandparent,grandchild" doc:"what the patient is to the guardian"`
}

type placesInput struct {
	Search   string `query:"search" maxLength:"60" doc:"part of a name, or digits of the institution's code"`
	District string `query:"district" maxLength:"6" doc:"administrative division, 6 digits"`
	After    int    `query:"after" minimum:"0" doc:"how many were seen"`
	Limit    int    `query:"limit" default:"60" minimum:"1" maximum:"60"`
}

type placesOutput struct{ Body family.Page }

type selectInput struct {
	Body struct {
		Institution string      `json:"institution" minLength:"1" maxLength:"30"`
		From        settle.Date `json:"from" doc:"the day that was shown, from which it holds"`
	}
}

type choiceOutput struct{ Body family.Choice }

type unlinkOutput struct {
	Body struct {
		Last settle.Date `json:"last" doc:"the last day on which the account pays"`
	}
}

// family registers what a family does beside paying.
func (s *Server) family(api huma.API) {
	f := s.options.Family
	if f == nil {
		return
	}
	register(api, operation{
		id: "family", method: http.MethodGet, path: "/v1/family", roles: families, status: http.StatusOK,
		summary: "What the person in the patient's reader has used and has left, where they selected to be treated, and whose account may pay; masked.",
	}, s.lookUp)
	register(api, operation{
		id: "print-family", method: http.MethodPost, path: "/v1/family/slip", roles: families, status: http.StatusNoContent,
		summary: "Print that for the family at this seat's printer, and answer when the slip is out: masked, with where it is from and as of when.",
	}, s.printLook)
	register(api, operation{
		id: "mobile-conditions", method: http.MethodGet, path: "/v1/family/mobile", roles: families, status: http.StatusOK,
		summary: "Would mobile payment (少儿医保移动支付) work for the patient: each condition, and what is known of it. What the counter cannot see is unknown.",
	}, func(ctx context.Context, _ Grant, _ *struct{}) (*conditionsOutput, error) {
		return conditions(f.Mobile(ctx))
	})
	register(api, operation{
		id: "binding-conditions", method: http.MethodGet, path: "/v1/family/binding", roles: families, status: http.StatusOK,
		summary: "May the account of the person at the guardian's reader be linked to the patient (家庭共济): each condition.",
	}, func(_ context.Context, _ Grant, in *bindingInput) (*conditionsOutput, error) {
		return conditions(f.Binding(in.Relation))
	})
	register(api, operation{
		id: "places", method: http.MethodGet, path: "/v1/family/places", roles: families, status: http.StatusOK,
		summary: "The institutions that the patient may select (基层选定), with the day from which each would hold; a page of them, and the districts.",
	}, func(_ context.Context, _ Grant, in *placesInput) (*placesOutput, error) {
		page, err := f.Places(family.Wanted{Search: in.Search, District: in.District, After: in.After, Most: in.Limit})
		return &placesOutput{page}, err
	})
	register(api, operation{
		id: "select", method: http.MethodPost, path: "/v1/family/selection", roles: families, status: http.StatusAccepted,
		summary: "Select or change the patient's institution, and file it at the platform (2505). What waits after the answer is filed when the line is back.",
	}, func(ctx context.Context, g Grant, in *selectInput) (*choiceOutput, error) {
		c, err := f.Select(ctx, in.Body.Institution, in.Body.From, g.Operator)
		return &choiceOutput{c}, err
	})
	register(api, operation{
		id: "unselect", method: http.MethodDelete, path: "/v1/family/selection", roles: families, status: http.StatusAccepted,
		summary: "Take the patient's last selection back (2506), as long as nobody has reviewed it.",
	}, func(ctx context.Context, g Grant, _ *struct{}) (*choiceOutput, error) {
		c, err := f.Undo(ctx, g.Operator)
		return &choiceOutput{c}, err
	})
	s.guardians(api)
}

// guardians registers what concerns the parent beside the cashier's own.
func (s *Server) guardians(api huma.API) {
	register(api, operation{
		id: "unlink", method: http.MethodDelete, path: "/v1/links", roles: families, status: http.StatusOK,
		summary: "File that the guardian's account pays for the patient no longer. Both must be here.",
	}, func(ctx context.Context, g Grant, _ *struct{}) (*unlinkOutput, error) {
		last, err := s.window(g).EndLink(ctx, g.Operator)
		out := &unlinkOutput{}
		out.Body.Last = last
		return out, err
	})
	register(api, operation{
		id: "expect-guardian", method: http.MethodPost, path: "/v1/session/guardian-code", roles: families, status: http.StatusOK,
		summary: "The next 医保码 that is scanned is the guardian's: for a link, never for a payment.",
	}, func(_ context.Context, g Grant, _ *struct{}) (*screenOutput, error) {
		if err := s.window(g).ExpectGuardian(); err != nil {
			return nil, err
		}
		return &screenOutput{s.window(g).Screen()}, nil
	})
}

func (s *Server) lookUp(ctx context.Context, g Grant, _ *struct{}) (*familyOutput, error) {
	standing, err := s.options.Family.Look(ctx)
	if err != nil {
		return nil, err
	}
	out := &familyOutput{}
	out.Body.Standing, out.Body.Visits = standing, []visit{}
	e, ok := s.window(g).Holder(counter.Patient)
	if !ok {
		return nil, refusal(settle.NoCard, "the patient has gone")
	}
	from := counter.DayOf(s.options.Now()).AddYears(-1)
	found, err := s.options.Ledger.Search(ctx, Search{Person: e.Person, From: from, Limit: mostVisits})
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		if e.Kind != Settlement {
			continue
		}
		a := counter.AmountsOf(&e.Settlement.Split)
		out.Body.Visits = append(out.Body.Visits, visit{
			Day: e.Settlement.Bill.Visit.Day, Total: a.Total, Fund: a.Fund, Own: a.Own, Family: a.Family, Cash: a.Cash, Number: e.Number, Void: e.Void != "",
		})
	}
	return out, nil
}

func (s *Server) printLook(ctx context.Context, g Grant, in *struct{}) (*struct{}, error) {
	found, err := s.lookUp(ctx, g, in)
	if err != nil {
		return nil, err
	}
	e, ok := s.window(g).Holder(counter.Patient)
	if !ok {
		return nil, refusal(settle.NoCard, "the patient has gone")
	}
	slip := s.options.Family.Slip(found.Body.Standing, e.Who)
	for _, v := range found.Body.Visits[:min(mostOnSlip, len(found.Body.Visits))] {
		slip.Visits = append(slip.Visits, counter.LookVisit{
			Day: v.Day, Void: v.Void, Amounts: counter.Amounts{Total: v.Total, Fund: v.Fund, Own: v.Own, Family: v.Family, Cash: v.Cash},
		})
	}
	return nil, s.window(g).PrintNow(ctx, slip)
}

func conditions(list []settle.Condition, err error) (*conditionsOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &conditionsOutput{}
	out.Body.Conditions = list
	return out, nil
}

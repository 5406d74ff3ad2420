package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Search asks for settlements and reversals.
type Search struct {
	Number string // of one; "": any
	Person string // keyed hash; "": anybody's
	Name   string // in clear: part of a patient's name, or all of it; "": anybody's
	From   settle.Date
	To     settle.Date
	Limit  int
}

type searchInput struct {
	Body struct {
		Number   string         `json:"number,omitempty" maxLength:"64" doc:"结算单号, or the number of a reversal"`
		IDNumber settle.Private `json:"id_number,omitempty" maxLength:"32" doc:"社会保障号码, whole"`
		Name     settle.Private `json:"name,omitempty" maxLength:"100" doc:"part of the patient's name, or all of it, of the last 31 days"`
		Patient  bool           `json:"patient,omitempty" doc:"of the person in the patient's reader"`
		From     settle.Date    `json:"from,omitempty" doc:"first day of settling; default: 7 days ago, by name 31, by person 90"`
		Limit    int            `json:"limit,omitempty" minimum:"0" maximum:"200" doc:"default 50"`
	}
}

// found is a settlement or reversal that was looked for.
type found struct {
	queueRow
	Name     string `json:"name"`      // masked
	IDNumber string `json:"id_number"` // masked
	Shift    uint64 `json:"shift,omitempty"`
}

type searchOutput struct {
	Body struct {
		Found []found `json:"found" doc:"newest first"`
	}
}

// search registers how a settlement is found again. The question is a POST, since what is
// in it must be in no log.
func (s *Server) search(api huma.API) {
	register(api, operation{
		id: "search", method: http.MethodPost, path: "/v1/settlements/search", roles: searchers, status: http.StatusOK,
		summary: "Settlements and reversals by number, by the card in the reader, by id number or by name; else the latest ones.",
	}, func(ctx context.Context, g Grant, in *searchInput) (*searchOutput, error) {
		ask, err := s.asked(g, in)
		if err != nil {
			return nil, err
		}
		entries, err := s.options.Ledger.Search(ctx, ask)
		if err != nil {
			return nil, err
		}
		out := &searchOutput{}
		out.Body.Found = []found{}
		for _, e := range entries {
			who := e.Settlement.Who
			out.Body.Found = append(out.Body.Found, found{queueRow: rowOf(e), Name: who.Name.String(), IDNumber: who.IDNumber.String()})
		}
		return out, nil
	})
}

// asked turns a question into a search.
func (s *Server) asked(g Grant, in *searchInput) (Search, error) {
	b := &in.Body
	ask := Search{Number: b.Number, From: b.From, Limit: b.Limit}
	days := 7
	switch {
	case b.Number != "":
	case b.Patient:
		e, ok := s.window(g).Holder(counter.Patient)
		if !ok {
			return ask, refusal(settle.NoCard, "nobody is known to be in the patient's reader")
		}
		ask.Person, days = e.Person, 90
	case b.IDNumber != "":
		ask.Person, days = s.options.Ledger.Person(b.IDNumber), 90
	case b.Name != "":
		ask.Name, days = strings.TrimSpace(b.Name.ClearPersonalData()), 31
	}
	if ask.Limit == 0 {
		ask.Limit = 50
	}
	if ask.From == 0 {
		t := s.options.Now().In(counter.Shanghai()).AddDate(0, 0, -days)
		ask.From = settle.Date(t.Year()*10000 + int(t.Month())*100 + t.Day())
	}
	return ask, nil
}

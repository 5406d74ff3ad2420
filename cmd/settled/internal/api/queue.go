package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// UploadView is where a settlement stands on its way to the platform.
type UploadView struct {
	State    UploadState     `json:"state" enum:"pending,unknown,acknowledged,differs,held,blocked,voided,withdrawn,self_paid"`
	Reason   *settle.Refusal `json:"reason,omitempty"`   // in Chinese and English, with what to do
	Platform *Amounts        `json:"platform,omitempty"` // what the platform made of it, where that differs
	Attempts int             `json:"attempts"`
	Next     time.Time       `json:"next,omitzero"`
	Deadline time.Time       `json:"deadline,omitzero"`  // end of the month whose claim (3203) it belongs to
	Degraded *Degraded       `json:"degraded,omitempty"` // why the platform was not there
}

func viewUpload(e Entry) *UploadView {
	return &UploadView{State: e.State, Reason: e.Reason, Platform: e.Platform, Attempts: e.Attempts, Next: e.Next, Deadline: e.Deadline, Degraded: e.Degraded}
}

// queueRow is one settlement or reversal in the list of the queue.
type queueRow struct {
	Number      string     `json:"number"`
	Kind        Kind       `json:"kind" enum:"settlement,void,refund"`
	Of          string     `json:"of,omitempty" doc:"of a reversal: the settlement that it reverses"`
	Void        string     `json:"void,omitempty" doc:"the reversal that took the settlement back"`
	From        string     `json:"from,omitempty" doc:"of kept lines: the settlement that they were kept of"`
	At          time.Time  `json:"at,omitzero"`
	Total       settle.Fen `json:"total"`
	Fund        settle.Fen `json:"fund"`
	Own         settle.Fen `json:"own"`
	Family      settle.Fen `json:"mutual"`
	Cash        settle.Fen `json:"cash"`
	Provisional bool       `json:"provisional"`
	UploadView
}

type queueInput struct {
	State  string    `query:"state" enum:"pending,unknown,acknowledged,differs,held,blocked,voided,withdrawn,self_paid" doc:"default: all that are not acknowledged"`
	Code   string    `query:"code" maxLength:"64" doc:"code of the reason"`
	From   string    `query:"from" format:"date" doc:"first day of settling"`
	To     string    `query:"to" format:"date" doc:"last day of settling"`
	Before time.Time `query:"before" doc:"settled before"`
	After  string    `query:"after" maxLength:"64" doc:"number of the last row seen"`
	Limit  int       `query:"limit" default:"100" minimum:"1" maximum:"1000"`
}

func (in *queueInput) filter() (Filter, error) {
	f := Filter{State: UploadState(in.State), Code: settle.Code(in.Code), Before: in.Before, After: in.After, Limit: in.Limit}
	for _, day := range []struct {
		text string
		into *settle.Date
		name string
	}{{in.From, &f.From, "from"}, {in.To, &f.To, "to"}} {
		if day.text == "" {
			continue
		}
		if err := day.into.UnmarshalText([]byte(day.text)); err != nil {
			r := refusal(settle.BadField, err.Error())
			r.Field = day.name
			return f, r
		}
	}
	return f, nil
}

type queueOutput struct {
	Body struct {
		Entries []queueRow `json:"entries"`
		Next    string     `json:"next,omitempty" doc:"value of after for the next page; empty: that was all"`
	}
}

func (s *Server) queue(api huma.API) {
	register(api, operation{
		id: "queue", method: http.MethodGet, path: "/v1/queue", roles: everyone, status: http.StatusOK,
		summary: "What is on its way to the platform.",
	}, func(ctx context.Context, _ Grant, in *queueInput) (*queueOutput, error) {
		f, err := in.filter()
		if err != nil {
			return nil, err
		}
		entries, err := s.options.Ledger.List(ctx, f)
		if err != nil {
			return nil, err
		}
		out := &queueOutput{}
		out.Body.Entries = []queueRow{}
		for _, e := range entries {
			out.Body.Entries = append(out.Body.Entries, rowOf(e))
		}
		if len(entries) == in.Limit {
			out.Body.Next = entries[len(entries)-1].Number
		}
		return out, nil
	})
	register(api, operation{
		id: "queued", method: http.MethodGet, path: "/v1/queue/{number}", roles: everyone, status: http.StatusOK,
		summary: "One settlement's way to the platform, or one reversal's.",
	}, func(ctx context.Context, _ Grant, in *numberInput) (*queuedOutput, error) {
		e, err := s.options.Ledger.Queued(ctx, in.Number)
		if err != nil {
			return nil, err
		}
		return &queuedOutput{rowOf(e)}, nil
	})
}

type queuedOutput struct{ Body queueRow }

func rowOf(e Entry) queueRow {
	a := counter.AmountsOf(&e.Settlement.Split)
	row := queueRow{Number: e.Number, Kind: e.Kind, Void: e.Void, From: e.From, At: e.At, UploadView: *viewUpload(e)}
	if e.Kind != Settlement {
		row.Of, a = e.Settlement.Number, Amounts{}.Less(e.Back)
	} else {
		row.Provisional = e.Settlement.Provisional
	}
	row.Total, row.Fund, row.Own, row.Family, row.Cash = a.Total, a.Fund, a.Own, a.Family, a.Cash
	return row
}

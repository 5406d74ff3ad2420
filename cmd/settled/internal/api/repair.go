package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Repairs mends what the platform is told of held settlements. Errors are
// *settle.Refusal.
type Repairs interface {
	// Mendable lists what may be mended of a held settlement; none of one that is not held.
	Mendable(ctx context.Context, number string) ([]Mend, error)
	// Repair mends it and puts it back into the queue; it is an entry of the journal. The
	// same again changes nothing.
	Repair(ctx context.Context, r Repair, by Grant) error
}

// Mend is a field that may be mended.
type Mend struct {
	Name    string `json:"name" doc:"as a repair names it"`
	Chinese string `json:"chinese"`
	Wire    string `json:"wire" doc:"names of the platform's messages"`
	Value   string `json:"value,omitempty" doc:"as it is now; only for operations, it may be a diagnosis"`
	Why     string `json:"why" doc:"why its change takes nothing from the patient"`
}

// Repair is what is to be mended.
type Repair struct {
	Number string            `json:"-"`
	Set    map[string]string `json:"set" doc:"new values by field"`
	Why    string            `json:"why" minLength:"1" maxLength:"1000" doc:"the reason, for whoever reads the journal"`
}

type mendableOutput struct {
	Body struct {
		Fields []Mend `json:"fields"`
	}
}

type mendInput struct {
	Number string `path:"number" maxLength:"64"`
	Body   struct {
		Repair
		Second *signature `json:"second,omitempty" doc:"needed where it is refused with SECOND_NEEDED"`
	}
}

// repairs registers what people mend.
func (s *Server) repairs(api huma.API) {
	r := s.options.Repairs
	if r == nil {
		return
	}
	register(api, operation{
		id: "mendable", method: http.MethodGet, path: "/v1/queue/{number}/mendable", roles: everyone, status: http.StatusOK,
		summary: "What may be mended of what the platform is told of a held settlement: nothing that would alter what was taken.",
	}, func(ctx context.Context, g Grant, in *numberInput) (*mendableOutput, error) {
		out := &mendableOutput{}
		out.Body.Fields = []Mend{}
		list, err := r.Mendable(ctx, in.Number)
		for _, m := range list {
			if g.Role != Operations {
				m.Value = ""
			}
			out.Body.Fields = append(out.Body.Fields, m)
		}
		return out, err
	})
	register(api, operation{
		id: "mend", method: http.MethodPost, path: "/v1/queue/{number}/repair", roles: keepers, status: http.StatusOK,
		summary: "Mend what the platform is told of a held settlement and put it back into the queue. What the platform has of it is taken back first, and sent anew under new message ids. The same again changes nothing.",
	}, func(ctx context.Context, g Grant, in *mendInput) (*queuedOutput, error) {
		g, err := s.with(ctx, g, in.Body.Second, keepers)
		if err != nil {
			return nil, err
		}
		in.Body.Number = in.Number
		if err := r.Repair(ctx, in.Body.Repair, g); err != nil {
			return nil, err
		}
		e, err := s.options.Ledger.Entry(ctx, in.Number)
		if err != nil {
			return nil, err
		}
		return &queuedOutput{rowOf(e)}, nil
	})
}

package api

import (
	"context"
	"slices"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// SecondRefused says that the second person may not do what he would stand for.
const SecondRefused settle.Code = "SECOND_REFUSED"

// secondPerson is another operator who stands for one act (二人复核): he says so by his own
// number and password, and is not signed in by it.
type secondPerson struct {
	Operator string `json:"operator" minLength:"1" maxLength:"32" doc:"经办人编号"`
	Password string `json:"password" minLength:"1" maxLength:"128"`
}

// with gives what is granted together with a second person, who must be another one and may
// do the act himself. Whether one is needed is not asked here.
func (s *Server) with(ctx context.Context, g Grant, p *secondPerson, may []Role) (Grant, error) {
	switch {
	case p == nil:
		return g, nil
	case s.door == nil:
		return g, noOperators()
	case p.Operator == g.Operator:
		return g, refusal(counter.SecondSame, "the second person is "+settle.Clip(g.Operator))
	}
	o, err := s.door.try(p.Operator, p.Password)
	if err != nil {
		s.options.Log.WarnContext(ctx, "second person refused", "operator", g.Operator, "cause", err)
		return g, err
	}
	if !slices.Contains(may, o.Role) {
		return g, &settle.Refusal{
			Code: SecondRefused, Cashier: "这位操作员的权限不能复核这项业务，未办理；请换一位。", Technician: "the role " + string(o.Role) + " may not do it",
		}
	}
	g.Second = o.ID
	return g, nil
}

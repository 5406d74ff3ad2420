package api

import (
	"context"
	"slices"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// SecondRefused says that the second person may not do what he would stand for.
const SecondRefused settle.Code = "SECOND_REFUSED"

// signature is an operator who stands for one act by his own number and password, and is
// not signed in by it: the second person (二人复核), or whoever acts where a program asks.
type signature struct {
	Operator string `json:"operator" minLength:"1" maxLength:"32" doc:"经办人编号"`
	Password string `json:"password" minLength:"1" maxLength:"128"`
}

// signed gives the operator whose signature it is.
func (s *Server) signed(p *signature) (Operator, error) {
	if s.door == nil {
		return Operator{}, noOperators()
	}
	return s.door.try(p.Operator, p.Password)
}

// with gives what is granted together with a second person, who must be another one and may
// do the act himself. Whether one is needed is not asked here.
func (s *Server) with(ctx context.Context, g Grant, p *signature, may []Role) (Grant, error) {
	switch {
	case p == nil:
		return g, nil
	case p.Operator == g.Operator:
		return g, refusal(counter.SecondSame, "the second person is "+settle.Clip(g.Operator))
	}
	o, err := s.signed(p)
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

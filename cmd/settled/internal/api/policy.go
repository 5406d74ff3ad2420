package api

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"settled/settle"
	"settled/settle/policy"
)

// Policy is the rules that are loaded; *policy.Set is one.
type Policy interface {
	Digest() string
	// InForce gives what holds on a day, and Stale what is missing then or runs out up to
	// another day.
	InForce(day settle.Date) []policy.Row
	Stale(day, until settle.Date) []policy.Stale
}

// ruleValue is a value of the rules that holds on a day.
type ruleValue struct {
	Title  string          `json:"title"`
	Rule   string          `json:"rule"`
	Value  string          `json:"value"`
	Unit   string          `json:"unit"`
	From   settle.Date     `json:"from"`
	To     settle.Date     `json:"to,omitempty"`
	Source string          `json:"source"`
	Quote  string          `json:"quote,omitempty"`
	Status settle.Standing `json:"status"`
	Demo   bool            `json:"demo"` // for demonstration alone
}

// ruleStale is a value that somebody has to look after.
type ruleStale struct {
	Why   string      `json:"why" enum:"missing,ending,illustrative"`
	Title string      `json:"title"`
	On    settle.Date `json:"on"`
	Bills bool        `json:"bills" doc:"bills are refused for want of it"`
	Do    string      `json:"do"`
}

type policyInput struct {
	On string `query:"on" required:"true" format:"date" doc:"the day"`
}

type policyOutput struct {
	Body struct {
		Digest string      `json:"digest"`
		Values []ruleValue `json:"values"`
		Stale  []ruleStale `json:"stale" doc:"missing on the day, for demonstration, or running out within three months"`
	}
}

// policy registers which rules hold.
func (s *Server) policy(api huma.API) {
	if s.options.Policy == nil {
		return
	}
	register(api, operation{
		id: "policy", method: http.MethodGet, path: "/v1/policy", roles: everyone, status: http.StatusOK,
		summary: "Which values of the rules hold on a day, from which source, and what somebody has to look after.",
	}, func(_ context.Context, _ Grant, in *policyInput) (*policyOutput, error) {
		day, err := dayOf("on", in.On)
		if err != nil {
			return nil, err
		}
		rules := s.options.Policy()
		out := &policyOutput{}
		out.Body.Digest, out.Body.Values, out.Body.Stale = rules.Digest(), []ruleValue{}, []ruleStale{}
		for _, r := range rules.InForce(day) {
			out.Body.Values = append(out.Body.Values, ruleValue{
				Title: titleOf(r), Rule: r.Rule, Value: r.Value, Unit: r.Unit, From: r.From, To: r.To,
				Source: strings.TrimSpace(r.Source + " " + r.Article), Quote: r.Quote, Status: r.Status,
				Demo: r.Overlay != nil && r.Overlay.Illustrative,
			})
		}
		for _, st := range rules.Stale(day, day.AddMonths(3)) {
			out.Body.Stale = append(out.Body.Stale, ruleStale{Why: st.Why, Title: titleOf(st.Row), On: st.On, Bills: st.Bills, Do: st.Do})
		}
		return out, nil
	})
}

// titleOf is a row's parameter with its keys.
func titleOf(r policy.Row) string {
	name := cmp.Or(r.TitleChinese, string(r.Param))
	for _, key := range r.Key {
		if key != "" {
			name += " · " + key
		}
	}
	return name
}

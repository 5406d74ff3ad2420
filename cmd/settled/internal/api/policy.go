package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
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
	// Source gives a source that a row cites.
	Source(id string) (policy.Source, bool)
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
	// Approved says who put up the file that states it, and when; "": it came with the program.
	Approved string `json:"approved,omitempty"`
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
		// Sources are those that the values cite.
		Sources []policy.Source `json:"sources" doc:"that the values cite"`
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
		out.Body.Digest, out.Body.Values, out.Body.Stale, out.Body.Sources = rules.Digest(), []ruleValue{}, []ruleStale{}, []policy.Source{}
		for _, r := range rules.InForce(day) {
			out.Body.Values = append(out.Body.Values, *valueOf(&r))
			if src, ok := rules.Source(r.Source); ok && !slices.Contains(out.Body.Sources, src) {
				out.Body.Sources = append(out.Body.Sources, src)
			}
		}
		for _, st := range rules.Stale(day, day.AddMonths(3)) {
			out.Body.Stale = append(out.Body.Stale, staleOf(st))
		}
		return out, nil
	})
}

// valueOf is a row in the API's words; nil of nil.
func valueOf(r *policy.Row) *ruleValue {
	if r == nil {
		return nil
	}
	v := &ruleValue{
		Title: titleOf(*r), Rule: r.Rule, Value: r.Value, Unit: r.Unit, From: r.From, To: r.To,
		Source: strings.TrimSpace(r.Source + " " + r.Article), Quote: r.Quote, Status: r.Status,
	}
	if r.Overlay != nil {
		v.Demo, v.Approved = r.Overlay.Illustrative, r.Overlay.By+" "+r.Overlay.On.String()
	}
	return v
}

func staleOf(st policy.Stale) ruleStale {
	return ruleStale{Why: st.Why, Title: titleOf(st.Row), On: st.On, Bills: st.Bills, Do: st.Do}
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

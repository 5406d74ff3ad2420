package overlays

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"settled/settle/policy"
)

// Change is what a file makes of the rules that are in force now.
type Change struct {
	InForce     string          `json:"in_force"` // digest of the rules now
	Rules       string          `json:"rules"`    // digest of the rules with the file
	Replaces    bool            `json:"replaces"` // a file of that name is in force
	Changes     []policy.Change `json:"changes"`
	Sources     []policy.Source `json:"sources"`     // that what is new cites
	Retroactive []policy.Row    `json:"retroactive"` // of the file: they hold from a day before their approval
	Stale       []policy.Stale  `json:"stale"`       // what would be missing today, or run out within three months
}

// try loads the rules as they would be with a file. The error is a *settle.Refusal.
func (s *Shelf) try(o *Overlay) (*policy.Set, error) {
	set, err := policy.Load(with{os.DirFS(s.options.Directory), entry{o.File, o.Text}})
	if err == nil {
		err = set.CheckApproved(s.options.Today())
	}
	if err == nil {
		return set, nil
	}
	r := refuse(CodeBad, "规则文件不能用，没有暂存：", err.Error())
	p, ok := errors.AsType[*policy.Problem](err)
	switch {
	case !ok:
		r.Cashier += "目录里的规则读不出来；请联系信息科。"
	case p.File != o.File:
		r.Cashier += fmt.Sprintf("与现有文件 %s 第 %d 行不合。", p.File, p.Line)
	default:
		r.Field, r.Line = p.Key, p.Line
		r.Cashier += fmt.Sprintf("第 %d 行", p.Line)
		if p.Key != "" {
			r.Cashier += "的 " + p.Key
		}
		r.Cashier += " 不对；请更正后再上传。"
	}
	return nil, r
}

// change compares the rules with a file to those in force.
func (s *Shelf) change(o *Overlay, tried *policy.Set) Change {
	now := s.options.Rules.Loaded()
	c := Change{
		InForce: now.Digest(), Rules: tried.Digest(), Changes: policy.Diff(now, tried), Sources: []policy.Source{},
		Retroactive: []policy.Row{}, Stale: tried.Stale(s.options.Today(), s.options.Today().AddMonths(3)),
	}
	_, err := os.Stat(s.path(o))
	c.Replaces = err == nil
	for _, ch := range c.Changes {
		if ch.After == nil {
			continue
		}
		if src, ok := tried.Source(ch.After.Source); ok && !slices.Contains(c.Sources, src) {
			c.Sources = append(c.Sources, src)
		}
	}
	for _, r := range tried.Retroactive() {
		if r.File == o.File {
			c.Retroactive = append(c.Retroactive, r)
		}
	}
	return c
}

// same refuses a file that changes nothing.
func same() error {
	return refuse(CodeSame, "这个文件不改变任何政策值，没有暂存。", "the rules have the same digest with it")
}

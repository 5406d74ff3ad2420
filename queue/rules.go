package queue

import (
	"context"
	"errors"

	"settled/queue/journal"
)

// rulesRow is the set of rules that is active.
type rulesRow struct {
	Digest string      `json:"digest"`
	Loc    journal.Loc `json:"loc"`
}

func (r rulesRow) check() error {
	if r.Digest == "" || r.Loc.Length == 0 {
		return errors.New("rules are incomplete")
	}
	return nil
}

// activated is the body of a "rules" entry.
type activated struct {
	Digest string `json:"digest"`
	Staged string `json:"staged,omitempty"` // operator who put up the rules that another one approved
}

func (a activated) check() error {
	if a.Digest == "" || len(a.Digest) > 128 || len(a.Staged) > 128 {
		return errors.New("digest of the rules must be there and short, and so must who staged them")
	}
	return nil
}

func (a activated) reduce(v *view, e journal.Entry) error {
	return put(v, rulesets, one, rulesRow{Digest: a.Digest, Loc: e.Loc})
}

// Activate keeps that a set of rules, known by its digest, is in force from now on, and
// who made it so; staged is the operator who put them up for that one to approve, "" for
// none. It is the digest of every later entry that is no settlement. If it is in force
// already, nothing is written.
func (q *Queue) Activate(ctx context.Context, digest, staged string, by By) error {
	ev := activated{Digest: digest, Staged: staged}
	if err := ev.check(); err != nil {
		return malformed("rules", "%v", err)
	}
	return q.do(ctx, func(t *turn) error {
		t.q.opt.Rules = digest // of the writer alone
		if row, _, err := get(t.view, rulesets, one); err != nil || row.Digest == digest {
			return err
		}
		t.rules = digest
		return t.add(kindRules, ev, nil, nil, by)
	})
}

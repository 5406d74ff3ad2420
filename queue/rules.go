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
}

func (a activated) check() error {
	if a.Digest == "" || len(a.Digest) > 128 {
		return errors.New("digest of the rules must be there and short")
	}
	return nil
}

func (a activated) reduce(v *view, e journal.Entry) error {
	return put(v, rulesets, one, rulesRow{Digest: a.Digest, Loc: e.Loc})
}

// Activate keeps that a set of rules, known by its digest, is in force from now on, and
// who made it so. It is the digest of every later entry that is no settlement. If it is
// in force already, nothing is written.
func (q *Queue) Activate(ctx context.Context, digest string, by By) error {
	ev := activated{Digest: digest}
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

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"settled/cmd/settled/internal/api"
	"settled/queue"
	"settled/settle"
)

// Person implements api.Ledger.
func (l *ledger) Person(idNumber settle.Private) string {
	return l.queue.Person(idNumber.ClearPersonalData())
}

// Search implements api.Ledger. Numbers begin with the counter and the day, so that what
// was settled before is not looked at.
func (l *ledger) Search(ctx context.Context, s api.Search) ([]api.Entry, error) {
	if s.Number != "" {
		e, err := l.Queued(ctx, s.Number)
		var no *settle.Refusal
		if errors.As(err, &no) && no.Code == settle.NoSettlement {
			return nil, nil
		}
		return []api.Entry{e}, err
	}
	after := fmt.Sprintf("%s%08d00000", l.counter, int(s.From))
	settled, err := latest(s, after, l.queue.List, entryOf)
	if err != nil {
		return nil, err
	}
	voids, err := latest(s, after, l.queue.Voids, l.reversal)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(settled, voids)
	slices.SortFunc(all, func(a, b api.Entry) int { return cmp.Compare(b.Number, a.Number) })
	return all[:min(s.Limit, len(all))], nil
}

// called tells whether an entry's patient has a name, or that is part of it; the dots of
// names such as 买买提·吐尔逊 are typed in several ways. Names are sealed, so each is opened.
func called(e *api.Entry, name string) bool {
	return name == "" || strings.Contains(plainName(e.Settlement.Who.Name.ClearPersonalData()), plainName(name))
}

func plainName(name string) string {
	return strings.ToUpper(strings.NewReplacer("·", "", "•", "", "・", "", "．", "", ".", "", " ", "", "　", "").Replace(name))
}

// latest reads the queue behind a number to its end and keeps the last that fit.
func latest[T any](s api.Search, after string, list func(queue.Filter) ([]T, error), entry func(T) api.Entry) ([]api.Entry, error) {
	const page = 500
	var last []api.Entry
	for {
		rows, err := list(queue.Filter{Person: s.Person, From: s.From, To: s.To, After: after, Limit: page})
		if err != nil {
			return nil, told(err)
		}
		for _, row := range rows {
			e := entry(row)
			if after = e.Number; called(&e, s.Name) {
				last = append(last, e)
			}
		}
		if over := len(last) - s.Limit; over > 0 {
			last = slices.Clone(last[over:])
		}
		if len(rows) < page {
			return last, nil
		}
	}
}

package cases

import (
	"encoding/json"
	"fmt"
	"io"

	"settled/settle"
)

// Case is a settlement case as the engine takes it, and what its bundle expects.
type Case struct {
	ID       string
	Person   settle.Insured
	Bill     settle.Bill
	Usage    settle.Usage
	Expected *settle.Split // status and amounts alone; nil: the bundle does not say
}

// Each reads a bundle and gives its settlement cases one by one, in their order; err
// says that a case cannot be built. Refunds and duplicates are passed over.
func Each(r io.ReadSeeker, fn func(c Case, err error)) error {
	b := &bundle{registry: registry{}, originals: map[string]json.RawMessage{}}
	if err := b.survey(r); err != nil {
		return err
	}
	return walk(r, nil, func(raw json.RawMessage) error {
		var k kase
		if err := strict(raw, &k); err != nil {
			fn(Case{ID: identity(raw)}, err)
			return nil
		}
		if k.Kind != "settlement" && k.Kind != "" {
			return nil
		}
		in, err := b.registry.build(&k)
		c := Case{ID: k.ID, Person: in.person, Bill: in.bill, Usage: in.used}
		if err == nil {
			c.Expected, err = k.expected()
		}
		fn(c, err)
		return nil
	})
}

// expected reads the amounts that a case expects.
func (k *kase) expected() (*settle.Split, error) {
	if len(k.Expected) == 0 || string(k.Expected) == "null" {
		return nil, nil
	}
	var e struct {
		Status settle.Status `json:"status"`
		Total  settle.Fen    `json:"total"`
		Fund   settle.Fen    `json:"fund"`
		Own    settle.Fen    `json:"own"`
		Mutual settle.Fen    `json:"mutual"`
		Cash   settle.Fen    `json:"cash"`
	}
	if err := json.Unmarshal(k.Expected, &e); err != nil {
		return nil, fmt.Errorf("expected: %w", err)
	}
	return &settle.Split{Status: e.Status, Total: e.Total, Fund: e.Fund, Own: e.Own, Family: e.Mutual, Cash: e.Cash}, nil
}

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
// says that a case cannot be read. Refunds and duplicates are passed over. What cannot
// be read twice, such as a pipe, is copied to a file first.
func Each(r io.Reader, fn func(c Case, err error)) error {
	source, ok := r.(io.ReadSeeker)
	if ok {
		_, err := source.Seek(0, io.SeekCurrent)
		ok = err == nil
	}
	if !ok {
		spool, err := spooled(r)
		if err != nil {
			return err
		}
		defer func() { _ = spool.Close() }()
		source = spool
	}
	b := &bundle{registry: registry{}, originals: map[string]json.RawMessage{}}
	if err := b.survey(source); err != nil {
		return err
	}
	return walk(source, nil, func(raw json.RawMessage) error {
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
			c.Expected, err = expected(raw)
		}
		fn(c, err)
		return nil
	})
}

// expected reads the amounts that a case expects, nil if it has none.
func expected(raw []byte) (*settle.Split, error) {
	var k struct {
		Expected *struct {
			Status settle.Status `json:"status"`
			Total  settle.Fen    `json:"total"`
			Fund   settle.Fen    `json:"fund"`
			Own    settle.Fen    `json:"own"`
			Mutual settle.Fen    `json:"mutual"`
			Cash   settle.Fen    `json:"cash"`
		} `json:"expected"`
	}
	if err := json.Unmarshal(raw, &k); err != nil {
		return nil, fmt.Errorf("expected: %w", err)
	}
	if k.Expected == nil {
		return nil, nil //nolint:nilnil // a case may expect nothing
	}
	e := k.Expected
	return &settle.Split{Status: e.Status, Total: e.Total, Fund: e.Fund, Own: e.Own, Family: e.Mutual, Cash: e.Cash}, nil
}

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
	source, size, done, err := opened(r)
	if err != nil {
		return err
	}
	defer done()
	places := registry{}
	list, err := surveyed(source, size, places)
	if err != nil {
		return unread(r, err)
	}
	var raw []byte
	for number := range list.cases {
		var k kase
		if raw, err = list.read(number, raw); err == nil {
			err = read(raw, k.read)
		}
		if err != nil {
			fn(Case{ID: identity(raw)}, err)
			continue
		}
		if k.Kind != "settlement" && k.Kind != "" {
			continue
		}
		err = places.complete(&k)
		c := Case{ID: k.ID, Person: k.Person, Bill: k.Bill, Usage: k.Used}
		if err == nil {
			c.Expected, err = expected(raw)
		}
		fn(c, err)
	}
	return nil
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

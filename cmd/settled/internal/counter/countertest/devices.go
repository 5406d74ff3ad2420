package countertest

import (
	"context"
	"errors"
	"sync"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Cards are the readers of a window.
type Cards struct {
	mu      sync.Mutex
	in      map[counter.Role]counter.Card
	hold    chan struct{}
	started chan counter.Role
}

// NewCards gives two empty readers.
func NewCards() *Cards {
	return &Cards{in: map[counter.Role]counter.Card{}, started: make(chan counter.Role, 100)}
}

// Put lays a card into a reader.
func (c *Cards) Put(role counter.Role, card counter.Card) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in[role] = card
}

// Take takes the card out.
func (c *Cards) Take(role counter.Role) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.in, role)
}

// Hold makes reads and checks wait until release is called or their context ends.
func (c *Cards) Hold() (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	hold := make(chan struct{})
	c.hold = hold
	return sync.OnceFunc(func() { close(hold) })
}

// Started gives the role of every read and check that began.
func (c *Cards) Started() <-chan counter.Role { return c.started }

func (c *Cards) wait(ctx context.Context, role counter.Role) error {
	c.mu.Lock()
	hold := c.hold
	c.mu.Unlock()
	select {
	case c.started <- role:
	default:
	}
	if hold == nil {
		return nil
	}
	select {
	case <-hold:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Read implements counter.Cards.
func (c *Cards) Read(ctx context.Context, role counter.Role) (counter.Card, error) {
	if err := c.wait(ctx, role); err != nil {
		return counter.Card{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	card, ok := c.in[role]
	if !ok {
		return card, refusal(settle.NoCard)
	}
	return card, nil
}

// Check implements counter.Cards.
func (c *Cards) Check(ctx context.Context, role counter.Role, code settle.Private) error {
	card, err := c.Read(ctx, role)
	if err != nil {
		return err
	}
	if card.Who.CardCode != code {
		return refusal(settle.CardChanged)
	}
	return nil
}

// Platform answers from a list of persons.
type Platform struct {
	mu      sync.Mutex
	persons []settle.Entitlement
	err     error
	trouble settle.Code
	asked   int
}

// Asked counts the questions who someone is.
func (p *Platform) Asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// Forget removes all persons.
func (p *Platform) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.persons = nil
}

// Knows adds a person.
func (p *Platform) Knows(e settle.Entitlement) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.persons = append(p.persons, e)
}

// Fail makes every question fail; nil brings the platform back.
func (p *Platform) Fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// Trouble implements counter.Platform.
func (p *Platform) Trouble() settle.Code {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trouble
}

// Break says from now on that the platform does not answer; "" ends it.
func (p *Platform) Break(why settle.Code) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble = why
}

// Identify implements counter.Platform.
func (p *Platform) Identify(_ context.Context, who settle.Identity) (settle.Entitlement, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.err != nil {
		return settle.Entitlement{}, p.err
	}
	for _, e := range p.persons {
		if e.Who.IDNumber == who.IDNumber || (who.IDNumber == "" && e.Who.CardNumber == who.CardNumber) {
			return e, nil
		}
	}
	return settle.Entitlement{}, refusal(settle.PersonUnknown)
}

// Printer keeps what it printed.
type Printer struct {
	mu    sync.Mutex
	err   error
	why   settle.Code
	slips chan counter.Receipt
	other chan counter.Paper
}

// NewPrinter gives a printer with paper for 100 slips.
func NewPrinter() *Printer {
	return &Printer{slips: make(chan counter.Receipt, 100), other: make(chan counter.Paper, 100)}
}

// Jam makes the printer fail; false clears it.
func (p *Printer) Jam(jammed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err, p.why = nil, ""
	if jammed {
		p.err = errors.New("out of paper")
	}
}

// Keep makes the printer keep what it should print, because of a trouble.
func (p *Printer) Keep(why settle.Code) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.why, p.err = why, &counter.Kept{Why: why, Err: errors.New("in the spool")}
}

// Trouble implements counter.Printer.
func (p *Printer) Trouble() settle.Code {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.why
}

// Slips gives the receipts of settlements that came out.
func (p *Printer) Slips() <-chan counter.Receipt { return p.slips }

// Other gives the slips of another kind that came out.
func (p *Printer) Other() <-chan counter.Paper { return p.other }

// Print implements counter.Printer.
func (p *Printer) Print(_ context.Context, paper counter.Paper) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	if r, ok := paper.(counter.Receipt); ok {
		p.slips <- r
	} else {
		p.other <- paper
	}
	return nil
}

func refusal(c settle.Code) *settle.Refusal {
	return &settle.Refusal{Code: c, Cashier: counter.Sentence(c), Technician: c.Technician()}
}

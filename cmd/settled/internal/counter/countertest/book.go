package countertest

import (
	"context"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Book is journal, queue and knowledge of persons in memory. It implements
// counter.Book, counter.People, counter.Links, counter.Returns, counter.Shifts and
// counter.Exposure.
type Book struct {
	mu       sync.Mutex
	learned  map[string]settle.Entitlement
	links    []settle.Link
	voids    []void
	shift    *counter.Shift // that is open
	shifts   uint64
	written  []counter.Commit
	version  uint64
	acked    int        // so many of them are acknowledged
	exposed  settle.Fen // by others
	asked    int        // calls that would write
	failNext error
	keepNext bool
	hold     chan struct{}
	started  chan struct{}
}

// NewBook gives an empty book.
func NewBook() *Book {
	return &Book{learned: map[string]settle.Entitlement{}, version: 1, started: make(chan struct{}, 100)}
}

// FailNext makes the next Settle fail with err; kept says whether it wrote all the
// same.
func (b *Book) FailNext(err error, kept bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failNext, b.keepNext = err, kept
}

// Hold makes Settle wait until release is called.
func (b *Book) Hold() (release func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	hold := make(chan struct{})
	b.hold = hold
	return sync.OnceFunc(func() { close(hold) })
}

// Started gives a value for every Settle that began.
func (b *Book) Started() <-chan struct{} { return b.started }

// Touch changes the version, as another counter's settlement would.
func (b *Book) Touch() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.version++
}

// Written gives the settlements that the book holds.
func (b *Book) Written() []settle.Settlement {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]settle.Settlement, 0, len(b.written))
	for _, c := range b.written {
		all = append(all, c.Settlement)
	}
	return all
}

// Asked counts the calls of Settle and Link.
func (b *Book) Asked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

// Person implements counter.People.
func (b *Book) Person(id settle.Private) string { return "p-" + id.ClearPersonalData() }

// Learn implements counter.People.
func (b *Book) Learn(_ context.Context, e settle.Entitlement) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.learned[e.Person] = e
	return nil
}

// LastKnown implements counter.People.
func (b *Book) LastKnown(_ context.Context, who settle.Identity) (settle.Entitlement, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.learned {
		if e.Who.IDNumber == who.IDNumber || (who.IDNumber == "" && e.Who.CardNumber == who.CardNumber) {
			return e, true, nil
		}
	}
	return settle.Entitlement{}, false, nil
}

// Position implements counter.Book.
func (b *Book) Position(_ context.Context, person, period string) (counter.Position, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	known := b.learned[person]
	p := counter.Position{Version: b.version}
	if known.Period == period {
		p.Usage, p.Told = known.Usage, true
	}
	if known.Insured.Own != nil {
		p.Own = &settle.Account{Balance: known.Insured.Own.Balance - b.drawn(person)}
	}
	for _, c := range b.written {
		if s := c.Settlement; s.Person == person && s.Period == period {
			p.Usage = s.Split.UsageAfter
		}
	}
	for _, l := range b.links {
		if l.Beneficiary == person {
			p.Family = append(p.Family, b.account(l))
		}
	}
	return p, nil
}

func (b *Book) account(l settle.Link) settle.FamilyAccount {
	donor := b.learned[l.Donor]
	a := settle.FamilyAccount{ID: l.Donor, Relation: l.Relation, DonorTier: donor.Insured.Category, Link: l.Kind, LinkFrom: l.From, LinkTo: l.To}
	if donor.Insured.Own != nil {
		a.Balance = donor.Insured.Own.Balance - b.drawn(l.Donor)
	}
	return a
}

func (b *Book) drawn(person string) (sum settle.Fen) {
	for _, c := range b.written {
		if c.Settlement.Person == person {
			sum += c.Settlement.Split.Own
		}
		for _, d := range c.Settlement.Split.Draws {
			if d.AccountID == person {
				sum += d.Paid
			}
		}
	}
	return sum
}

// Draft implements counter.Book.
func (b *Book) Draft(c counter.Commit) func(context.Context) (settle.Settlement, bool, error) {
	return func(ctx context.Context) (settle.Settlement, bool, error) { return b.Settle(ctx, c) }
}

// Settle implements counter.Book.
func (b *Book) Settle(_ context.Context, c counter.Commit) (settle.Settlement, bool, error) {
	b.mu.Lock()
	hold := b.hold
	b.mu.Unlock()
	b.started <- struct{}{}
	if hold != nil {
		<-hold
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if first, found, err := b.replay(c.Settlement.Key, c.Content); found || err != nil {
		return first, found, err
	}
	if c.Version != b.version {
		return settle.Settlement{}, false, counter.ErrStale
	}
	err, kept := b.failNext, b.keepNext
	b.failNext = nil
	if err != nil && !kept {
		return settle.Settlement{}, false, err
	}
	c.Settlement.Number = fmt.Sprintf("S01-%04d", len(b.written)+1)
	b.written = append(b.written, c)
	b.version++
	return c.Settlement, false, err
}

// Replay implements counter.Book.
func (b *Book) Replay(_ context.Context, key, content string) (settle.Settlement, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.replay(key, content)
}

func (b *Book) replay(key, content string) (settle.Settlement, bool, error) {
	i := slices.IndexFunc(b.written, func(c counter.Commit) bool { return c.Settlement.Key == key })
	switch {
	case i < 0:
		return settle.Settlement{}, false, nil
	case b.written[i].Content != content:
		return settle.Settlement{}, false, refusal(settle.DoubleConflict)
	}
	return b.written[i].Settlement, true, nil
}

// Link implements counter.Links.
func (b *Book) Link(_ context.Context, l settle.Link, _ string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	b.links = append(b.links, l)
	b.version++
	return nil
}

// EndLink implements counter.Links.
func (b *Book) EndLink(_ context.Context, beneficiary, donor string, last settle.Date, _ string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.links {
		if l := &b.links[i]; l.Beneficiary == beneficiary && l.Donor == donor {
			l.To, b.version = last, b.version+1
			return nil
		}
	}
	return refusal(counter.NoLink)
}

// Acknowledge has the platform acknowledge all that is written.
func (b *Book) Acknowledge() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.acked = len(b.written)
}

// Expose adds to the counter's exposure what another's settlement would.
func (b *Book) Expose(more settle.Fen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.exposed += more
}

// open sums an amount of all settlements that are not acknowledged.
func (b *Book) open(of func(settle.Settlement) settle.Fen) (sum settle.Fen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.written[b.acked:] {
		sum += of(c.Settlement)
	}
	return sum
}

// OfPerson implements counter.Exposure.
func (b *Book) OfPerson(_ context.Context, person string) (settle.Fen, error) {
	return b.open(func(s settle.Settlement) settle.Fen {
		if s.Person != person {
			return 0
		}
		return s.Split.Fund
	}), nil
}

// OfAccount implements counter.Exposure.
func (b *Book) OfAccount(_ context.Context, person string) (settle.Fen, error) {
	return b.open(func(s settle.Settlement) (sum settle.Fen) {
		if s.Person == person {
			sum += s.Split.Own
		}
		for _, d := range s.Split.Draws {
			if d.AccountID == person {
				sum += d.Paid
			}
		}
		return sum
	}), nil
}

// OfCounter implements counter.Exposure.
func (b *Book) OfCounter(context.Context) (settle.Fen, error) {
	b.mu.Lock()
	more := b.exposed
	b.mu.Unlock()
	return more + b.open(func(s settle.Settlement) settle.Fen { return s.Split.Fund }), nil
}

// Lot implements counter.People.
func (b *Book) Lot(key string) uint32 { return crc32.ChecksumIEEE([]byte(key)) }

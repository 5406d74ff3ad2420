package api

import (
	"slices"
	"sync"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Particulars are what the answer to a quote says at length, and the answer to its
// confirmation again.
type Particulars struct {
	Rules  string       `json:"rules"`  // digest of the rules
	Period string       `json:"period"` // limit period
	Split  settle.Split `json:"split"`
	Lines  []billLine   `json:"lines"` // of the bill, in its order

	encoded []byte // all of that, if it was encoded before
}

func particularsOf(st *settle.Settlement) Particulars {
	return Particulars{Rules: st.Rules, Period: st.Period, Split: inWords(st.Split), Lines: linesOf(st.Bill)}
}

// inWords gives a split whose steps have their sentences; the split itself, which
// others may read, stays as it is.
func inWords(s settle.Split) settle.Split {
	s.Steps = slices.Clone(s.Steps)
	s.FillSentences()
	return s
}

// appendJSON appends the fields behind other ones.
func (p *Particulars) appendJSON(b []byte) []byte {
	if p.encoded != nil {
		return append(b, p.encoded...)
	}
	b = settle.AppendText(append(b, `,"rules":`...), p.Rules)
	b = settle.AppendText(append(b, `,"period":`...), p.Period)
	b = p.Split.AppendJSON(append(b, `,"split":`...))
	return appendLines(append(b, `,"lines":`...), p.Lines)
}

// lastQuotes keeps the encoded particulars of each seat's last quote: its confirmation is
// answered with the same, and then somebody waits.
type lastQuotes struct {
	mu sync.Mutex
	of map[string]lastQuote // by seat
}

type lastQuote struct {
	id      string
	encoded []byte
}

// answer answers a quote of a seat.
func (l *lastQuotes) answer(seat string, q counter.Quote) quoteAnswer {
	a := answerQuote(q)
	a.encoded = a.Particulars.appendJSON(make([]byte, 0, 12<<10))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of[seat] = lastQuote{q.ID, a.encoded}
	return a
}

// take gives the particulars of a seat's quote that was settled, and forgets them.
func (l *lastQuotes) take(seat, quote string, st *settle.Settlement) Particulars {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.of[seat]
	if q.id != quote {
		return particularsOf(st)
	}
	delete(l.of, seat)
	return Particulars{encoded: q.encoded}
}

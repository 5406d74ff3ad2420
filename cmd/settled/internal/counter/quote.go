package counter

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/emmansun/gmsm/sm3"

	"settled/settle"
)

// ask is a bill that was read, and who sent it.
type ask struct {
	bill  settle.Bill
	chart settle.Chart
	head  settle.BillHead
	by    string
}

// decode reads a bill; where it is from is this window's business.
func (s *Session) decode(data []byte, by string) (ask, error) {
	bill, chart, head, err := settle.DecodeBill(data)
	if err != nil {
		return ask{}, fmt.Errorf("read the bill: %w", err)
	}
	bill.Visit.Institution = s.options.Institution
	return ask{bill: bill, chart: chart, head: head, by: by}, nil
}

// Notice is something that the cashier should know, but that stops nothing.
type Notice struct {
	Code settle.Code `json:"code"`
	Text string      `json:"text"` // Chinese
}

func notice(c settle.Code) Notice { return Notice{Code: c, Text: Sentence(c)} }

// Quote is a split that may be confirmed, bound to everything it was computed from.
type Quote struct {
	// ID names the quote: a digest of the content (person and bill: what an idempotency
	// key is bound to) and one of all that the split was computed from. The same inputs
	// give the same ID; so a client that lost the answer can confirm again after a
	// restart, and anything that changed gives another ID.
	ID         string
	Settlement settle.Settlement // as it would be committed; Number and Key are empty
	Notices    []Notice          //

	ask     ask
	content string
	version uint64
	told    bool              // the platform has spoken of the limit's period
	granted settle.Settlement // what was asked for, before anything was denied

	// settle has the book write it, confirmed by whom it was quoted for; see [Book.Draft].
	settle func(context.Context) (settle.Settlement, bool, error)
}

// order is what the book is asked to write when somebody confirms the quote.
func (q *Quote) order(by string) Commit {
	c := Commit{Settlement: q.Settlement, Content: q.content, Version: q.version, By: by}
	c.Settlement.Key, c.Settlement.Operator = q.Key(), by
	return c
}

// draft prepares the confirmation, while people look at the quote.
func (q *Quote) draft(b Book) {
	if q.Settlement.Split.Status != settle.Refused {
		q.settle = b.Draft(q.order(q.ask.by))
	}
}

// commit has the book write what the quote shows.
func (q *Quote) commit(ctx context.Context, b Book, by string) (settle.Settlement, bool, error) {
	if q.settle != nil && by == q.ask.by {
		return q.settle(ctx)
	}
	return b.Settle(ctx, q.order(by))
}

// mostKey is the most bytes of an idempotency key, as in a bill.
const mostKey = 64

// digestSize is how many bytes of an SM3 digest an id keeps.
const digestSize = 16

// sign computes the quote's ID.
func (q *Quote) sign() error {
	st := q.Settlement
	content, err := digest("content", st.Person, q.ask.bill, q.ask.chart, q.ask.head)
	if err != nil {
		return err
	}
	amounts := st.Split
	amounts.Steps = nil // they only explain the amounts
	inputs, err := digest("quote", content, q.version, st.Insured, st.Usage, st.Period, st.Rules, st.Catalogue, amounts, st.OfflineWhy)
	if err != nil {
		return err
	}
	q.content, q.ID = content, "q"+content+inputs
	return nil
}

// digest is the start of the SM3 of the parts as one JSON array, in hex.
func digest(parts ...any) (string, error) {
	text, err := json.Marshal(parts)
	if err != nil {
		return "", fmt.Errorf("digest of a quote: %w", err)
	}
	sum := sm3.Sum(text)
	return hex.EncodeToString(sum[:digestSize]), nil
}

// content checks a confirmation's form and gives the digest of the content that its
// quote was for.
func (c Confirmation) content() (string, error) {
	const hexSize = 2 * digestSize
	if c.Key == "" || len(c.Key) > mostKey {
		return "", refuseField(settle.BadField, "key", "want 1 to %d bytes", mostKey)
	}
	id, ok := strings.CutPrefix(c.Quote, "q")
	if _, err := hex.DecodeString(id); !ok || err != nil || len(id) != 2*hexSize {
		return "", refuseField(settle.QuoteUnknown, "quote", "not the id of a quote")
	}
	return id[:hexSize], nil
}

// withGuardian notes the guardian's consent and what is known of the guardian, if a
// family account takes part.
func (q *Quote) withGuardian(guardian *holder) {
	st := &q.Settlement
	if len(st.Insured.Family) > 0 {
		st.Guardian = guardian.known.Who
		if st.OfflineWhy == "" {
			st.OfflineWhy = string(guardian.offline)
		}
	}
	st.Provisional = st.OfflineWhy != ""
}

// notPayable refuses the confirmation of a refused split, with its reasons.
func notPayable(q *Quote) *settle.Refusal {
	r := refuseBecause(NotPayable, "reasons %v", q.Settlement.Split.Reasons)
	if reasons := q.Settlement.Split.Reasons; len(reasons) > 0 {
		r.Code, r.Cashier = reasons[0], Sentence(reasons[0])
	}
	return r
}

// Key is the idempotency key that confirms this quote: the bill's own number. So
// one bill is paid once, whoever confirms it.
func (q *Quote) Key() string { return q.ask.head.Key }

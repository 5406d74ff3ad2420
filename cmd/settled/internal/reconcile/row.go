// Package reconcile holds the counter's books against the platform's and the till's (对账):
// totals of a day by the platform's time, what a statement found, how the three books
// come from one another, what is to be collected or given back, and a month's claim. It
// computes; who asks the platform, and who reads the journal, is elsewhere.
package reconcile

import (
	"cmp"
	"slices"

	"settled/cmd/settled/internal/counter"
	"settled/queue/nhsa"
	"settled/settle"
)

// Group is what the platform keeps totals by (interface 3.13).
type Group struct {
	Type     string `json:"insutype"`    // 险种: 310, 390
	Clearing string `json:"clr_type"`    // 清算类别: 11 is outpatient, 21 inpatient
	Office   string `json:"setl_optins"` // 结算经办机构
}

func (g Group) compare(h Group) int {
	return cmp.Or(cmp.Compare(g.Type, h.Type), cmp.Compare(g.Clearing, h.Clearing), cmp.Compare(g.Office, h.Office))
}

// Row is a settlement, or a reversal of one, as the counter made it and as the platform
// booked it. Amounts of a reversal are negative.
type Row struct {
	Number   string          // of the settlement or the reversal
	Negative bool            // it is a reversal
	Person   settle.Private  // 社会保障号码
	Made     settle.Date     // day at the counter
	Shift    uint64          // 班次 at the counter; 0: none
	Local    counter.Amounts // the counter's
	Booked   *Booking        // nil: the platform has not, or has never had it
	Counter  string          // two digits, of another counter's that shares its books; "": it is this one's
}

// Booking is how the platform booked a row. Its amounts count.
type Booking struct {
	Group
	At           string     `json:"setl_time"` // "": its answer was lost, and its day is not known
	SettlementID string     `json:"setl_id"`
	VisitID      string     `json:"mdtrt_id"`
	MsgID        string     `json:"msgid"`
	PersonNo     nhsa.Told  `json:"psn_no"`
	Way          string     `json:"clr_way"` // "" is not known
	InScope      settle.Fen `json:"inscp_scp_amt"`
	counter.Amounts
}

// Day is the day of setl_time; zero if it is not known. Only the platform's day counts: a
// settlement before midnight may be booked behind it, an offline one days later.
func (b *Booking) Day() settle.Date {
	if b == nil {
		return 0
	}
	return nhsa.DayOf(b.At)
}

// within tells whether the platform dates a row within days, both included.
func (r *Row) within(from, to settle.Date) bool {
	day := r.Booked.Day()
	return day != 0 && from <= day && day <= to
}

// Subtotal counts rows and sums them.
type Subtotal struct {
	Count   int        `json:"count"`
	Total   settle.Fen `json:"total"`
	Fund    settle.Fen `json:"fund"`
	Account settle.Fen `json:"account"` // acct_pay: own and family together (I5)
	Cash    settle.Fen `json:"cash"`
}

func (t *Subtotal) add(a counter.Amounts) {
	t.Count++
	t.Total, t.Fund, t.Account, t.Cash = t.Total+a.Total, t.Fund+a.Fund, t.Account+a.Own+a.Family, t.Cash+a.Cash
}

// Total is what the counter has in a group: settlements, and what was taken back, apart.
type Total struct {
	Group
	Positive Subtotal `json:"positive"`
	Negative Subtotal `json:"negative"` // sums are negative
}

// Net is both together, as 3201 wants it: rows counted, sums net of refunds (interface 3.13).
func (t *Total) Net() Subtotal {
	p, n := t.Positive, t.Negative
	return Subtotal{p.Count + n.Count, p.Total + n.Total, p.Fund + n.Fund, p.Account + n.Account, p.Cash + n.Cash}
}

// Totals sums by group what the platform dates within days. Every group of always is among
// them, with nothing if there is nothing: what only the platform has is found by that.
func Totals(rows []Row, from, to settle.Date, always ...Group) []Total {
	totals := []Total{}
	of := func(g Group) *Total {
		i := slices.IndexFunc(totals, func(t Total) bool { return t.Group == g })
		if i < 0 {
			i, totals = len(totals), append(totals, Total{Group: g})
		}
		return &totals[i]
	}
	for _, g := range always {
		of(g)
	}
	for i := range rows {
		switch r := &rows[i]; {
		case !r.within(from, to):
		case r.Negative:
			of(r.Booked.Group).Negative.add(r.Booked.Amounts)
		default:
			of(r.Booked.Group).Positive.add(r.Booked.Amounts)
		}
	}
	slices.SortFunc(totals, func(a, b Total) int { return a.compare(b.Group) })
	return totals
}

// Statement gives the rows of a clearing type and office that the platform dates within
// days, and the lines of the file for 3202 in the same order. A statement does not tell
// insurance types apart (interface 3.14).
func Statement(rows []Row, clearing, office string, from, to settle.Date) (ours []Row, lines []nhsa.StatementRow) {
	for _, r := range rows {
		b := r.Booked
		if !r.within(from, to) || b.Clearing != clearing || b.Office != office {
			continue
		}
		ours = append(ours, r)
		lines = append(lines, nhsa.StatementRow{
			SettlementID: b.SettlementID, VisitID: b.VisitID, PersonNo: b.PersonNo,
			Total: b.Total, Fund: b.Fund, Account: b.Own + b.Family, Refund: r.Negative,
		})
	}
	return ours, lines
}

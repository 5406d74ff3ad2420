package platform

import (
	"encoding/json"
	"fmt"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/reconcile"
	"settled/queue"
	"settled/queue/nhsa"
	"settled/settle"
)

// Clearing types of what a counter settles (interface 4).
const (
	outpatient = "11"
	inpatient  = "21"
)

// clearing is the clearing type of a visit, unless the platform says another.
func clearing(v settle.Visit) string {
	if v.Kind == settle.Inpatient {
		return inpatient
	}
	return outpatient
}

// rows gives what the counter made and what the platform booked within days, and what it
// booked since; its clock may be behind ours at midnight. What was read for the last ones
// is not read again unless it has changed.
func (r *Reconciler) rows(from, to settle.Date) ([]reconcile.Row, error) {
	list, err := r.line.options.Queue.Concerned(from, to)
	if err != nil {
		return nil, err
	}
	rows, read := make([]reconcile.Row, 0, len(list)), make(map[string]readRow, len(list))
	for _, c := range list {
		row, err := r.row(c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Number, err)
		}
		rows = append(rows, row)
		if !c.Void { // a void's depends on its settlement as well
			read[c.Number] = readRow{c.Mark, row}
		}
	}
	r.read = read
	return rows, nil
}

// readRow is a row as it was read when the queue had it at a mark.
type readRow struct {
	mark queue.Mark
	row  reconcile.Row
}

func (r *Reconciler) row(c queue.Concerned) (reconcile.Row, error) {
	if c.Void {
		return r.line.voidRow(c.Number)
	}
	if was, known := r.read[c.Number]; known && was.mark == c.Mark {
		return was.row, nil
	}
	return r.line.settlementRow(c.Number)
}

func (l *Line) settlementRow(number string) (reconcile.Row, error) {
	r, err := l.options.Queue.Brief(number)
	if err != nil {
		return reconcile.Row{}, err
	}
	row := reconcile.Row{
		Number: number, Person: r.Settlement.Who.IDNumber, Made: dateOf(r.At), Shift: r.Shift, Local: counter.AmountsOf(&r.Settlement.Split),
	}
	if r.Ack != nil {
		row.Booked, err = l.booking(r.Settlement, r.Ack)
	}
	return row, err
}

// booking is how the platform booked a settlement: by its acknowledgement, and by the
// chain for what that does not hold.
func (l *Line) booking(s settle.Settlement, a *queue.Ack) (*reconcile.Booking, error) {
	on, err := l.options.Queue.Chain(s.Number)
	if err != nil {
		return nil, err
	}
	var chain nhsa.Chain
	if on.State != nil {
		if err := json.Unmarshal(on.State, &chain); err != nil {
			return nil, fmt.Errorf("stored chain: %w", err)
		}
	}
	result := nhsa.Result{}
	if chain.Result != nil {
		result = *chain.Result
	}
	return &reconcile.Booking{
		Group: reconcile.Group{
			Type:     firstOf(chain.InsuranceType, nhsa.InsuranceType(s.Insured.Category)),
			Clearing: firstOf(result.ClearingType, clearing(s.Bill.Visit)), Office: firstOf(result.Clearing, l.area()),
		},
		At: a.SettledAt, SettlementID: a.SettlementID, VisitID: a.VisitID, MsgID: a.MsgID,
		PersonNo: nhsa.Told(firstOf(string(chain.PersonNo), string(result.PersonNo), s.Who.PersonNo.ClearPersonalData())),
		Way:      result.ClearingWay, InScope: result.InScope, Amounts: counter.Amounts(a.Amounts),
	}, nil
}

func (l *Line) voidRow(number string) (reconcile.Row, error) {
	v, err := l.options.Queue.Void(number)
	if err != nil {
		return reconcile.Row{}, err
	}
	r, err := l.options.Queue.Brief(v.Of)
	if err != nil {
		return reconcile.Row{}, err
	}
	row := reconcile.Row{
		Number: number, Negative: true, Person: r.Settlement.Who.IDNumber, Made: dateOf(v.At), Shift: v.Shift,
		Local: counter.Amounts{}.Less(counter.Amounts(v.Returned)),
	}
	if v.State != queue.Acknowledged || v.Undone == nil || v.Acknowledged == nil {
		return row, nil
	}
	b, err := l.booking(r.Settlement, v.Acknowledged)
	if err != nil {
		return row, err
	}
	result, err := l.cancelled(number)
	if err != nil {
		return row, err
	}
	row.Booked = negative(*b, *v.Undone, result)
	return row, nil
}

// cancelled is the platform's answer to a void's 2208 or 2305, nil if it was lost.
func (l *Line) cancelled(number string) (*nhsa.Result, error) {
	on, err := l.options.Queue.Chain(number)
	if err != nil || on.State == nil {
		return nil, err
	}
	var w nhsa.Withdrawal
	if err := json.Unmarshal(on.State, &w); err != nil {
		return nil, fmt.Errorf("stored withdrawal: %w", err)
	}
	return w.Result, nil
}

// negative is the booking of a 2208 or 2305: that of the settlement with the other sign, unless
// the platform says otherwise. Its answer leaves the family's part out (interface 3.9).
func negative(b reconcile.Booking, u queue.Undone, result *nhsa.Result) *reconcile.Booking {
	b.At, b.MsgID, b.SettlementID = u.At, u.MsgID, firstOf(u.SettlementID, b.SettlementID)
	b.InScope, b.Amounts = -b.InScope, counter.Amounts{}.Less(b.Amounts)
	if r := result; r != nil && (r.Total != b.Total || r.Fund != b.Fund || r.Own+r.Family != b.Own+b.Family) {
		b.Amounts = counter.Amounts{Total: r.Total, Fund: r.Fund, Own: r.Own, Family: r.Family, Cash: r.Cash}
	}
	return &b
}

func (l *Line) area() string { return firstOf(l.options.Head.TreatmentArea, nhsa.Shenzhen) }

// dateOf is the day of an instant in China.
func dateOf(at time.Time) settle.Date {
	y, m, d := at.In(time.FixedZone("", 8*60*60)).Date()
	return settle.Date(y*10000 + int(m)*100 + d)
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

package platform

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/reconcile"
	"settled/queue"
	"settled/queue/nhsa"
	"settled/settle"
)

// Codes of refusals.
const (
	CodeDayToCome    settle.Code = "RECONCILE_DAY_TO_COME"
	CodeNoReport     settle.Code = "RECONCILE_FIRST"
	CodeNoFinding    settle.Code = "RECONCILE_NO_ITEM"
	CodeRepairOthers settle.Code = "REPAIR_ELSEWHERE"
)

// Reconciler holds the counter's books against the platform's. All that it works on is in
// the journal, so that it does so days later too; what it found is noted there.
type Reconciler struct {
	line    *Line
	counter string // two digits
	shares  *reconcile.Shares

	mu   sync.Mutex // one reconciliation at a time
	last map[settle.Date]reconcile.Report
	read map[string]readRow // settlements, for the last one
}

// NewReconciler makes one over a line, for the counter of a number; shares are the books
// that it and the institution's other counters show one another, nil: none.
func NewReconciler(line *Line, counter string, shares *reconcile.Shares) *Reconciler {
	return &Reconciler{line: line, counter: counter, shares: shares, last: map[settle.Date]reconcile.Report{}}
}

// Reconcile reconciles a day by the platform's time: 3201 for each group, and where one is
// unequal 3202. It changes nothing; the journal keeps how the day stood. shifts gives a shift of a
// number. The error is a *settle.Refusal where the platform or the journal is the reason.
func (r *Reconciler) Reconcile(ctx context.Context, day settle.Date, shift func(uint64) (counter.Shift, error), by queue.By) (reconcile.Report, error) {
	now := r.line.options.Now()
	if day > dateOf(now) {
		return reconcile.Report{}, &settle.Refusal{Code: CodeDayToCome, Field: "day", Cashier: "这一天还没有到。", Technician: fmt.Sprintf("%s is to come", day)}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	rows, err := r.rows(day, day)
	if err != nil {
		return reconcile.Report{}, err
	}
	report := reconcile.Report{Day: day, At: now, Details: []reconcile.Detail{}, Bridge: reconcile.Bridged(rows, day)}
	if report.Drawers, err = drawers(rows, day, shift); err != nil {
		return reconcile.Report{}, err
	}
	if err := r.compare(ctx, slices.Concat(rows, r.others(ctx, rows, &report)), &report); err != nil {
		return reconcile.Report{}, refusalOf(err)
	}
	if err := report.Number(); err != nil {
		return reconcile.Report{}, err
	}
	state := report.State()
	if err := r.line.options.Queue.Reconcile(ctx, queue.Reconciled{
		Day: day, State: string(state), Even: state == reconcile.Equal || state == reconcile.Accounted,
		Report: report.ID, Text: report.Summary(), By: by,
	}); err != nil {
		return reconcile.Report{}, err
	}
	r.last[day] = report
	return report, nil
}

// others gives what the platform booked of the other counters' on the report's day, as
// they showed it when they were last reconciled, and shows them what it booked of ours.
// Where that cannot be, the report says so, and what is not at hand is not in it.
func (r *Reconciler) others(ctx context.Context, rows []reconcile.Row, report *reconcile.Report) []reconcile.Row {
	report.Others = []reconcile.Other{}
	if r.shares == nil {
		return nil
	}
	shares, err := r.shares.Exchange(ctx, reconcile.Share{Counter: r.counter, Day: report.Day, At: report.At, Rows: reconcile.Booked(rows, report.Day)})
	if err != nil {
		report.Apart = "各窗口共用的对账目录（institution.books）没有读全或没有写上，没有并入的窗口只作说明；请信息科检查后再对一次账：" + err.Error()
	}
	var others []reconcile.Row
	for _, s := range shares {
		report.Others = append(report.Others, reconcile.Other{Counter: s.Counter, At: s.At, Rows: len(s.Rows)})
		others = append(others, s.Rows...)
	}
	return others
}

// Days lists the platform's days from one to another, both included, on which it booked
// something of this counter's, and how each was reconciled; zero days are the last 31.
func (r *Reconciler) Days(from, to settle.Date) ([]reconcile.Day, error) {
	now := r.line.options.Now()
	from, to = cmp.Or(from, dateOf(now.AddDate(0, 0, -30))), cmp.Or(to, dateOf(now))
	booked, err := r.line.options.Queue.BookedDays(from, to)
	if err != nil {
		return nil, err
	}
	list := make([]reconcile.Day, 0, len(booked))
	for _, b := range booked {
		d := reconcile.Day{
			Day: b.Day, Settled: b.Settled, Withdrawn: b.Withdrawn, State: reconcile.State(b.State), Report: b.Report, Due: b.Due,
		}
		if !b.At.IsZero() {
			d.At = &b.At
		}
		list = append(list, d)
	}
	return list, nil
}

// compare asks for the totals, and states each clearing type and office of which one is
// unequal.
func (r *Reconciler) compare(ctx context.Context, rows []reconcile.Row, report *reconcile.Report) error {
	day := report.Day
	office := r.line.area()
	always := []reconcile.Group{
		{Type: "310", Clearing: outpatient, Office: office},
		{Type: "390", Clearing: outpatient, Office: office},
		{Type: "310", Clearing: inpatient, Office: office},
		{Type: "390", Clearing: inpatient, Office: office},
	}
	stated := map[[2]string]bool{}
	for _, t := range reconcile.Totals(rows, day, day, always...) {
		result, err := r.line.totals(ctx, t, day, day)
		if err != nil {
			return err
		}
		b := reconcile.Books{Total: t, State: reconcile.Equal, Words: string(result.Words)}
		of := [2]string{t.Clearing, t.Office}
		if result.Result != "0" {
			b.State = reconcile.Unequal
			if !stated[of] {
				stated[of] = true
				d, err := r.detail(ctx, rows, t.Group, day)
				if err != nil {
					return err
				}
				report.Details = append(report.Details, d)
			}
		}
		report.Books = append(report.Books, b)
	}
	return nil
}

// detail states a clearing type and office, and names what the platform found.
func (r *Reconciler) detail(ctx context.Context, rows []reconcile.Row, g reconcile.Group, day settle.Date) (reconcile.Detail, error) {
	detail := reconcile.Detail{Clearing: g.Clearing, Office: g.Office, Findings: []reconcile.Finding{}}
	ours, lines := reconcile.Statement(rows, g.Clearing, g.Office, day, day)
	var ask nhsa.Details
	d := &ask.Data
	d.Clearing, d.Office, d.From, d.To = g.Clearing, g.Office, day.String(), day.String()
	for i := range ours {
		d.Cash += ours[i].Booked.Cash
	}
	result, err := r.line.state(ctx, ask, lines)
	if err != nil {
		return detail, err
	}
	if result.late != "" {
		detail.State, detail.Words = reconcile.Late, result.late
		return detail, nil
	}
	known, err := r.known(rows)
	if err != nil {
		return detail, err
	}
	detail.Unread = result.unread
	detail.Findings = append(detail.Findings, reconcile.Compare(ours, result.lines, result.unread, known)...)
	detail.Judge()
	return detail, nil
}

// mostList is the most that the queue lists in a call.
const mostList = 1000

// known is what the counter knows beside the rows that it stated: requests without an
// outcome, and voids that wait.
func (r *Reconciler) known(rows []reconcile.Row) (reconcile.Known, error) {
	k := reconcile.Known{
		Institution: r.line.options.Head.Institution, Counter: r.counter, Rows: rows,
		Open: map[string]reconcile.Open{}, Voids: map[string]reconcile.Open{},
	}
	q := r.line.options.Queue
	for held, list := range map[bool]func(int, uint64) ([]queue.Waiting, error){false: q.Pending, true: q.Holds} {
		for after := uint64(0); ; {
			page, err := list(mostList, after)
			if err != nil {
				return k, err
			}
			for _, w := range page {
				after = w.Seq
				if err := r.waiting(w, held, &k); err != nil {
					return k, err
				}
			}
			if len(page) < mostList {
				break
			}
		}
	}
	return k, nil
}

// waiting adds the messages of a settlement or void that may be booked.
func (r *Reconciler) waiting(w queue.Waiting, held bool, k *reconcile.Known) error {
	o := reconcile.Open{Number: w.Number, Void: w.Void, Held: held}
	if w.Void {
		v, err := r.line.options.Queue.Void(w.Number)
		if err != nil {
			return err
		}
		k.Voids[v.Of] = o
	}
	on, err := r.line.options.Queue.Chain(w.Number)
	if err != nil {
		return err
	}
	if on.Last != nil && !on.Answered {
		k.Open[on.Last.MsgID] = o
	}
	if on.State == nil {
		return nil
	}
	var machine struct { // a chain, or a withdrawal with the settlement's chain in it
		Open, Gone []string
		Chain      struct{ Open, Gone []string }
	}
	if err := json.Unmarshal(on.State, &machine); err != nil {
		return fmt.Errorf("stored chain of %s: %w", w.Number, err)
	}
	for _, list := range [][]string{machine.Open, machine.Gone, machine.Chain.Open, machine.Chain.Gone} {
		for _, msgid := range list {
			k.Open[msgid] = o
		}
	}
	return nil
}

// drawers gives the day's cash by shift.
func drawers(rows []reconcile.Row, day settle.Date, shift func(uint64) (counter.Shift, error)) ([]reconcile.Drawer, error) {
	shifts := map[uint64]counter.Shift{}
	for i := range rows {
		n := rows[i].Shift
		if _, known := shifts[n]; known || n == 0 || rows[i].Made != day {
			continue
		}
		s, err := shift(n)
		if err != nil {
			return nil, err
		}
		shifts[n] = s
	}
	return reconcile.Drawers(rows, day, shifts), nil
}

// Finding gives a finding of the last report of a day for repair. id is the report's that
// was shown, "" for whichever is the last. The error is a *settle.Refusal, also where the
// repair cannot be made from here: it says where.
func (r *Reconciler) Finding(day settle.Date, id string, item int) (reconcile.Finding, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	report, known := r.last[day]
	if !known || id != "" && id != report.ID {
		return reconcile.Finding{}, &settle.Refusal{
			Code: CodeNoReport, Field: "day", Cashier: "请先对账（settled reconcile --day " + day.String() + "），再按其结果处理。",
			Technician: "there is no such report since the daemon started",
		}
	}
	f, there := report.Finding(item)
	switch {
	case !there:
		return f, &settle.Refusal{
			Code: CodeNoFinding, Field: "item", Cashier: fmt.Sprintf("对账结果中没有第 %d 项。", item),
			Technician: fmt.Sprintf("report %s has no item %d", report.ID, item),
		}
	case f.Repair == "":
		return f, &settle.Refusal{Code: CodeRepairOthers, Field: "item", Cashier: f.Do, Technician: "no operation of the queue repairs a finding of kind " + string(f.Kind)}
	}
	return f, nil
}

// Claims drafts a month's 3203; from and to are its first and last day.
func (r *Reconciler) Claims(from, to settle.Date) (reconcile.Month, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows, err := r.rows(from, to)
	if err != nil {
		return reconcile.Month{}, err
	}
	return reconcile.Claims(rows, from, to), nil
}

// Differences lists what the platform made otherwise of settlements that were made within
// days, and of which something is or was to be collected; zero days are open.
func (r *Reconciler) Differences(from, to settle.Date) ([]reconcile.Difference, error) {
	q := r.line.options.Queue
	numbers, err := q.Differing()
	if err != nil {
		return nil, err
	}
	var list []reconcile.Difference
	for _, n := range numbers {
		record, err := q.Get(n)
		if err != nil {
			return nil, fmt.Errorf("settlement %s: %w", n, err)
		}
		if dateOf(record.At).Within(from, to) && record.Difference != nil {
			list = append(list, differenceOf(&record))
		}
	}
	return list, nil
}

// Square keeps what became of a difference, and gives it as it stands then.
func (r *Reconciler) Square(ctx context.Context, s queue.Squared) (reconcile.Difference, error) {
	q := r.line.options.Queue
	if err := q.Square(ctx, s); err != nil {
		return reconcile.Difference{}, err
	}
	record, err := q.Get(s.Number)
	if err != nil {
		return reconcile.Difference{}, fmt.Errorf("settlement %s: %w", s.Number, err)
	}
	return differenceOf(&record), nil
}

// differenceOf is the difference of a settlement that has one.
func differenceOf(r *queue.Record) reconcile.Difference {
	var done *reconcile.Done
	if s := r.Squared; s != nil {
		done = &reconcile.Done{Cash: s.Cash, How: s.How, Operator: s.By.Operator, Seat: s.By.Device, At: s.At, Why: s.Why}
	}
	d := reconcile.NewDifference(r.Settlement, dateOf(r.At), counter.Amounts(r.Difference.Local), counter.Amounts(r.Difference.Platform), r.Owed, done)
	d.Reversed = r.Void != ""
	return d
}

// refusalOf says to people what the platform's line did. Nothing asks again by itself, as
// an upload does.
func refusalOf(err error) error {
	var says interface{ Refusal() *settle.Refusal }
	if !errors.As(err, &says) {
		return err
	}
	r := says.Refusal()
	if unknown := (*nhsa.Unknown)(nil); errors.As(err, &unknown) {
		if r.Cashier = "医保平台没有给出明确答复，没有对账；请稍后再对一次。"; unknown.NotSent {
			r.Cashier = "连接不上医保平台，没有对账；请等网络恢复后再对一次。"
		}
		r.Technician = err.Error()
	}
	return r
}

package hospital

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/reconcile"
	"settled/queue"
	"settled/settle"
)

// books are the platform's.
type books struct {
	Settlements []booked       `json:"settlements"`
	Duplicates  map[string]int `json:"duplicates"`
	Requests    map[string]int `json:"requests"`
	OpenVisits  []string       `json:"open_visits"`
}

type booked struct {
	ID     string `json:"setl_id"`
	Visit  string `json:"mdtrt_id"`
	Person string `json:"psn_no"`
	Batch  string `json:"chrg_bchno"`
	Live   bool   `json:"live"`
	MsgID  string `json:"msgid"`
	Amounts
}

// Amounts are as the simulator writes them.
type Amounts struct {
	Total  json.Number `json:"medfee_sumamt"`
	Fund   json.Number `json:"fund"`
	Own    json.Number `json:"own"`
	Family json.Number `json:"mutual"`
	Cash   json.Number `json:"cash"`
}

func (b *booked) sums() string {
	return fmt.Sprint(b.Total, " ", b.Fund, " ", b.Own, " ", b.Family, " ", b.Cash)
}

func sumsOf(a queue.Amounts) string {
	return fmt.Sprint(a.Total, " ", a.Fund, " ", a.Own, " ", a.Family, " ", a.Cash)
}

// judge holds every desk's journal against the platform's books.
func (h *hospital) judge() {
	var b books
	h.control("books", nil, &b)
	if len(b.Duplicates) > 0 {
		h.t.Errorf("message ids sent twice: %v", b.Duplicates)
	}
	live := map[string]booked{}
	for _, s := range b.Settlements {
		if !s.Live {
			continue
		}
		if twice, is := live[s.Batch]; is {
			h.t.Errorf("%s is booked twice: %s %s", s.Batch, twice.ID, s.ID)
		}
		live[s.Batch] = s
	}
	count := map[string]int{}
	held := map[string]int{}
	for _, d := range h.desks {
		d.judge(live, count, held)
	}
	for batch, s := range live {
		h.t.Errorf("%s (%s) is booked, and no journal has it", batch, s.ID)
	}
	met := map[string]int{}
	h.control("weather", nil, &met)
	h.t.Logf("end %x: %v; held %v; met %v; open visits %d; requests %v", h.end.Sum(nil)[:8], count, held, met, len(b.OpenVisits), b.Requests)
}

// judge takes what the desk has out of live.
func (d *desk) judge(live map[string]booked, count, reasons map[string]int) {
	t := d.h.t
	if d.number == 1 { // to prove a journal takes as long as all the rest of this
		_, err := d.queue.Verify(context.Background())
		must(t, err)
	}
	made, err := d.queue.Concerned(20260101, 20261231)
	must(t, err)
	made = slices.DeleteFunc(made, func(c queue.Concerned) bool { return c.Void })
	for _, c := range made {
		number := c.Number
		r, err := d.queue.Brief(number)
		must(t, err)
		if r.State == queue.OnHold {
			r, err = d.queue.Get(number)
			must(t, err)
		}
		fmt.Fprintln(d.h.end, number, r.State, r.Void)
		if r.Ack != nil {
			fmt.Fprintln(d.h.end, sumsOf(r.Ack.Amounts))
		}
		count[string(r.State)]++
		if r.Difference != nil {
			count["differing"]++
		}
		s, is := live[number]
		delete(live, number)
		if why := d.wrong(&r, s, is, reasons); why != "" {
			t.Errorf("desk %d: %s is %s: %s", d.number, number, r.State, why)
		}
	}
	if n := d.settled; len(made) != n {
		t.Errorf("desk %d: %d settlements were made, the journal has %d", d.number, n, len(made))
	}
}

// wrong says what is wrong with a settlement; "": nothing.
func (d *desk) wrong(r *queue.Record, s booked, live bool, reasons map[string]int) string {
	switch r.State {
	case queue.Acknowledged:
		switch {
		case !live:
			return "the platform has it not"
		case r.Ack.SettlementID != s.ID || r.Ack.MsgID != s.MsgID:
			return fmt.Sprintf("acknowledged as %s by %s, booked as %s by %s", r.Ack.SettlementID, r.Ack.MsgID, s.ID, s.MsgID)
		case sumsOf(r.Ack.Amounts) != s.sums():
			return fmt.Sprintf("acknowledged with %s, booked with %s", sumsOf(r.Ack.Amounts), s.sums())
		case (r.Difference != nil) != (counter.AmountsOf(&r.Settlement.Split) != counter.Amounts(r.Ack.Amounts)):
			return fmt.Sprintf("difference %v", r.Difference)
		}
	case queue.OnHold:
		if live {
			return "and booked"
		}
		return byRule(r.Held, reasons)
	case queue.Voided, queue.Blocked:
		v, err := d.voidOf(r)
		if err != nil {
			return err.Error()
		}
		if v.State == queue.OnHold { // what it takes back may be booked
			return byRule(v.Held, reasons)
		}
		if live || r.State == queue.Blocked || v.State == queue.Pending {
			return fmt.Sprintf("void %s is %s, booked %t", v.Number, v.State, live)
		}
	default:
		return "not through"
	}
	return ""
}

func (d *desk) voidOf(r *queue.Record) (queue.Void, error) {
	number := r.Void
	if r.State == queue.Blocked {
		of, err := d.queue.Get(r.From)
		if err != nil {
			return queue.Void{}, err
		}
		number = of.Void
	}
	return d.queue.Void(number)
}

// byRule says what is wrong with a hold: only what a rule refuses is held, and the reason
// names it.
func byRule(h *queue.Held, reasons map[string]int) string {
	if h == nil || h.Code != "PLATFORM_REFUSED" || !strings.Contains(h.Cashier, "业务规则") {
		return fmt.Sprintf("held, by no rule: %+v", h)
	}
	reasons[string(h.Code)]++
	return ""
}

// How far a day has come that is reconciled.
type stage int

const (
	early stage = iota // what the upload is still at may be open
	last               // of this desk: all that differs is explained
	whole              // and of the others, whose books are at hand
)

// reconcile reconciles a day of a desk. It must be even, or all that differs explained.
func (d *desk) reconcile(at time.Time, s stage) {
	t := d.h.t
	y, m, n := at.Date()
	day := settle.Date(y*10000 + int(m)*100 + n)
	none := func(n uint64) (counter.Shift, error) { return counter.Shift{}, fmt.Errorf("shift %d", n) }
	odd, tries := "", 3
	if s >= last {
		tries = 20
	}
	for range tries { // the line fails, and files come garbled: that is seen, and asked again
		report, err := d.books.Reconcile(context.Background(), day, none, clerk)
		if odd = d.odds(&report, s); err != nil {
			odd = err.Error()
		}
		if odd == "" {
			return
		}
		pause(10 * time.Minute) // a storm lasts up to forty
	}
	if s >= last {
		t.Errorf("desk %d: %s: %s", d.number, day, odd[:min(len(odd), 2000)])
	}
	d.odd = append(d.odd, at)
}

// odds tells what of a report is neither even nor explained.
func (d *desk) odds(r *reconcile.Report, s stage) (odd string) {
	odd = r.Apart
	for _, detail := range r.Details {
		if detail.State != reconcile.Accounted {
			odd += fmt.Sprintf("%s, %d unread\n", detail.State, detail.Unread)
		}
		for i := range detail.Findings {
			if f := &detail.Findings[i]; !f.Settled() || s == whole && f.Kind == reconcile.Elsewhere {
				odd += fmt.Sprintf("%s %s %s: %v, %v: %s\n", f.Kind, f.Number, f.MsgID, f.Here, f.There, f.Do)
			}
		}
	}
	for _, b := range r.Books {
		if b.State == reconcile.Unequal && len(r.Details) == 0 {
			odd += b.Words
		}
	}
	return odd
}

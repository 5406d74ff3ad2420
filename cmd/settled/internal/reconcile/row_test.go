package reconcile_test

import (
	"fmt"
	"strings"
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/reconcile"
	"settled/settle"
)

const (
	d20, d21, d22 = settle.Date(20261120), settle.Date(20261121), settle.Date(20261122)
	prefix        = "H4403050000120261122120000" // of a msgid: institution and time
)

func yuan(total, fund, own, family, cash settle.Fen) counter.Amounts {
	return counter.Amounts{Total: total, Fund: fund, Own: own, Family: family, Cash: cash}
}

// row is a settlement made on a day and booked at a time; "" is not booked.
func row(number string, made settle.Date, at string, a counter.Amounts) reconcile.Row {
	r := reconcile.Row{Number: number, Made: made, Local: a, Person: "440305201501011234"}
	if at != "" {
		r.Booked = &reconcile.Booking{
			Group: reconcile.Group{Type: "390", Clearing: "11", Office: "440300"}, At: at,
			SettlementID: "S" + number, VisitID: "V" + number, MsgID: prefix + "01" + number, PersonNo: "P1", Way: "1", InScope: a.Total, Amounts: a,
		}
	}
	return r
}

// back is the reversal of a row.
func back(of reconcile.Row, number string, made settle.Date, at string) reconcile.Row {
	r := row(number, made, at, counter.Amounts{}.Less(of.Local))
	r.Negative = true
	if r.Booked != nil && of.Booked != nil {
		r.Booked.Amounts, r.Booked.InScope = counter.Amounts{}.Less(of.Booked.Amounts), -of.Booked.InScope
	}
	return r
}

// day is a day's books with everything that can happen to them.
func day() []reconcile.Row {
	plain := row("01", d21, "2026-11-21 09:00:00", yuan(1000, 600, 100, 200, 100))
	voided := row("02", d20, "2026-11-20 10:00:00", yuan(500, 300, 0, 0, 200))
	midnight := row("04", d20, "2026-11-21 00:00:01", yuan(300, 200, 0, 0, 100))
	late := row("05", d21, "2026-11-22 00:00:00", yuan(700, 400, 0, 0, 300))
	differs := row("06", d21, "2026-11-21 11:00:00", yuan(400, 200, 0, 0, 200))
	differs.Booked.Amounts = yuan(400, 250, 0, 0, 150)
	adult := row("07", d21, "2026-11-21 12:00:00", yuan(90, 50, 40, 0, 0))
	adult.Booked.Type = "310"
	unsent := row("08", d21, "", yuan(60, 30, 0, 0, 30))
	undated := back(adult, "09", d21, "?")
	undated.Booked.At = ""
	return []reconcile.Row{
		plain, voided, back(voided, "03", d21, "2026-11-21 15:00:00"), midnight, late, differs, adult, unsent, undated,
	}
}

// TestTotals: the platform's day and amounts count; what is taken back counts on the day
// on which it was, as a row of its own.
func TestTotals(t *testing.T) {
	for _, c := range []struct {
		from, to settle.Date
		want     string
	}{
		{d20, d20, "390 11 440300 +1 5.00 3.00 0.00 2.00 -0 0.00"},
		{d21, d21, "310 11 440300 +1 0.90 0.50 0.40 0.00 -0 0.00, 390 11 440300 +3 17.00 10.50 3.00 3.50 -1 -5.00"},
		{d22, d22, "390 11 440300 +1 7.00 4.00 0.00 3.00 -0 0.00"},
		{d20, d22, "310 11 440300 +1 0.90 0.50 0.40 0.00 -0 0.00, 390 11 440300 +5 29.00 17.50 3.00 8.50 -1 -5.00"},
		{d22 + 1, d22 + 1, ""},
	} {
		var got []string
		for _, s := range reconcile.Totals(day(), c.from, c.to) {
			p := s.Positive
			got = append(got, fmt.Sprint(s.Type, " ", s.Clearing, " ", s.Office, " +", p.Count, " ", p.Total, " ", p.Fund, " ", p.Account, " ", p.Cash,
				" -", s.Negative.Count, " ", s.Negative.Total))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s to %s:\n got %s\nwant %s", c.from, c.to, s, c.want)
		}
	}
	none := reconcile.Totals(nil, d21, d21, reconcile.Group{Type: "310"})
	if len(none) != 1 || none[0].Net() != (reconcile.Subtotal{}) {
		t.Errorf("a group with nothing: %+v", none)
	}
	of := reconcile.Totals(day(), d21, d21)[1]
	if net := of.Net(); net != (reconcile.Subtotal{Count: 4, Total: 1200, Fund: 750, Account: 300, Cash: 150}) {
		t.Errorf("net %+v", net)
	}
}

// TestStatement: a statement has all insurance types, a refund as a line of its own, and
// cash nowhere.
func TestStatement(t *testing.T) {
	ours, lines := reconcile.Statement(day(), "11", "440300", d21, d21)
	var got []string
	for i, l := range lines {
		got = append(got, fmt.Sprint(ours[i].Number, l.SettlementID, " ", l.Total, " ", l.Fund, " ", l.Account, " ", l.Refund))
	}
	want := []string{
		"01S01 10.00 6.00 3.00 false", "03S03 -5.00 -3.00 0.00 true", "04S04 3.00 2.00 0.00 false", "06S06 4.00 2.50 0.00 false", "07S07 0.90 0.50 0.40 false",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if other, _ := reconcile.Statement(day(), "21", "440300", d21, d21); other != nil {
		t.Errorf("inpatients: %v", other)
	}
}

// TestBridge: the three books come from one another, in every amount and on every day.
func TestBridge(t *testing.T) {
	rows := day()
	for _, on := range []settle.Date{d20, d21, d22} {
		b := reconcile.Bridged(rows, on)
		for name, of := range map[string]func(reconcile.Subtotal) settle.Fen{
			"total": func(s reconcile.Subtotal) settle.Fen { return s.Total }, "fund": func(s reconcile.Subtotal) settle.Fen { return s.Fund },
			"account": func(s reconcile.Subtotal) settle.Fen { return s.Account }, "cash": func(s reconcile.Subtotal) settle.Fen { return s.Cash },
		} {
			if got := of(b.Here) - of(b.Waiting) - of(b.Later) + of(b.Earlier) + of(b.Differ); got != of(b.There) {
				t.Errorf("%s, %s: %s, want %s", on, name, got, of(b.There))
			}
		}
	}
	b := reconcile.Bridged(rows, d21)
	if got := fmt.Sprint(b.Here.Count, b.Waiting.Count, b.Later.Count, b.Earlier.Count, b.Differ.Count, b.There.Count); got != "7 1 2 1 1 5" {
		t.Errorf("rows %s", got)
	}
	if got := fmt.Sprint(b.Here.Cash, b.Waiting.Cash, b.Later.Cash, b.Earlier.Cash, b.Differ.Cash, b.There.Cash); got != "4.30 0.30 3.00 1.00 -0.50 1.50" {
		t.Errorf("cash %s", got)
	}
}

// TestDrawers: the cash of a day by shift sums to what was made on it.
func TestDrawers(t *testing.T) {
	rows := day()
	rows[0].Shift, rows[4].Shift, rows[1].Shift = 5, 5, 4
	closed := counter.Shift{Number: 5, Float: 1000, Cash: 1500, Closed: &counter.Closing{Counted: 1490, Over: -10}}
	list := reconcile.Drawers(rows, d21, map[uint64]counter.Shift{5: closed})
	var sum settle.Fen
	for _, d := range list {
		sum += d.OnDay
	}
	if len(list) != 2 || sum != reconcile.Bridged(rows, d21).Here.Cash || list[1].OnDay != 400 || list[1].Taken != 500 || *list[1].Over != -10 {
		t.Errorf("%+v, sum %s", list, sum)
	}
}

// TestClaims: a month's draft is net of what was taken back, and counts it off the persons.
func TestClaims(t *testing.T) {
	month := reconcile.Claims(day(), 20261101, 20261130)
	if len(month.Claims) != 1 || month.Undated != 1 {
		t.Fatalf("%+v", month)
	}
	c := month.Claims[0]
	if got := fmt.Sprintln(c.Clearing, c.Way, c.Month, c.Persons, c.Total, c.InScope, c.Fund, c.Cash, c.Account); got != "11 1 202611 5 24.90 24.90 15.00 6.50 3.40\n" {
		t.Errorf("got %s", got)
	}
	if none := reconcile.Claims(day(), 20261201, 20261231); len(none.Claims) != 0 || none.Undated != 1 {
		t.Errorf("December: %+v", none)
	}
}

// TestDayOf: the platform's instants are with or without hyphens.
func TestDayOf(t *testing.T) {
	for at, want := range map[string]settle.Date{
		"2026-11-21 09:00:00": d21, "2026-11-21": d21, "20261121090000": d21, "20261121": d21, "": 0, "?": 0, "2026": 0,
	} {
		if got := (&reconcile.Booking{At: at}).Day(); got != want {
			t.Errorf("%q: %s, want %s", at, got, want)
		}
	}
}

// TestDebts: by person, what to collect or give back; what is tolerated is shown and not
// asked for, nor is what is done. What was done about a reversed settlement is open again.
func TestDebts(t *testing.T) {
	who := func(number, person, name string) settle.Settlement {
		return settle.Settlement{Number: number, Person: person, Who: settle.Identity{Name: settle.Private(name), IDNumber: "440305201501011234"}}
	}
	local := yuan(100, 60, 0, 0, 40)
	done := func(cash settle.Fen, how string) *reconcile.Done {
		return &reconcile.Done{Cash: cash, How: how, Operator: "0001", Why: "王小明说"}
	}
	list := func() []reconcile.Difference {
		reversed := reconcile.NewDifference(who("5", "c", "韩梅"), d21, local, yuan(100, 55, 0, 0, 45), -5, done(5, "cash"))
		reversed.Reversed = true
		return []reconcile.Difference{
			reconcile.NewDifference(who("3", "a", "王小明"), d21, local, yuan(100, 70, 0, 0, 30), -10, nil),
			reconcile.NewDifference(who("1", "a", "王小明"), d21, local, yuan(100, 59, 0, 0, 41), 1, nil),
			reconcile.NewDifference(who("2", "b", "李雷"), d21, local, yuan(100, 40, 0, 20, 40), 0, nil),
			reconcile.NewDifference(who("4", "a", "王小明"), d21, local, yuan(100, 59, 0, 0, 41), 0, done(1, "other")),
			reconcile.NewDifference(who("6", "b", "李雷"), d21, local, yuan(100, 59, 0, 0, 41), 0, done(1, "waived")),
			reversed,
		}
	}
	for tolerate, want := range map[settle.Fen]string{
		0:  "王** 440****34 -0.09: 1 应补收 0.01, 3 应退还 0.10, 4 已补收 0.01（非现金）; 李** 440****34 0.00: 2 无现金差额, 6 不再补退; 韩** 440****34 -0.05: 5 已撤销，应退还 0.05; | 1 3 5",
		1:  "王** 440****34 -0.10: 1 在容差内，不处理, 3 应退还 0.10, 4 已补收 0.01（非现金）; 李** 440****34 0.00: 2 无现金差额, 6 不再补退; 韩** 440****34 -0.05: 5 已撤销，应退还 0.05; | 3 5",
		10: "王** 440****34 0.00: 1 在容差内，不处理, 3 在容差内，不处理, 4 已补收 0.01（非现金）; 李** 440****34 0.00: 2 无现金差额, 6 不再补退; 韩** 440****34 -0.05: 5 已撤销，应退还 0.05; | 5",
	} {
		got, debts := "", reconcile.Debts(list(), tolerate)
		for _, d := range debts {
			var items []string
			for _, i := range d.Items {
				items = append(items, fmt.Sprint(i.Number, " ", i.Chinese()))
				if i.Done != nil && i.Number == "4" && i.Done.Why != "王**说" {
					t.Errorf("why: %s", i.Done.Why)
				}
			}
			got += fmt.Sprintf("%s %s %s: %s; ", d.Name, d.ID, d.Cash, strings.Join(items, ", "))
		}
		got += "|"
		for _, d := range reconcile.Unsettled(debts) {
			for _, i := range d.Items {
				got += " " + i.Number
			}
		}
		if got != want {
			t.Errorf("tolerate %s:\n got %s\nwant %s", tolerate, got, want)
		}
	}
}

package counter_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
	"settled/settle/policy"
)

// threeLines settles a bill of 60.00, 30.00 and 10.00 and takes the card away.
func threeLines(t *testing.T, w *countertest.Window) settle.Settlement {
	t.Helper()
	w.Insert(t, counter.Patient, countertest.Child())
	bill := countertest.Bill(t, countertest.Child(), func(d *countertest.Document) {
		d.Items = []map[string]any{countertest.Item("甲", "60.00", "1"), countertest.Item("乙", "30.00", "1"), countertest.Item("丙", "10.00", "1")}
	})
	q, err := w.Quote(context.Background(), bill, "C01")
	if err != nil {
		t.Fatal(err)
	}
	done, err := confirm(w, q, 1)
	if err != nil {
		t.Fatal(err)
	}
	<-w.Printer.Slips()
	w.Pull(counter.Patient)
	w.AwaitState(t, counter.Idle)
	return done.Settlement
}

func reverse(w *countertest.Window, number, quote, key string, keep ...int) (counter.Void, bool, error) {
	return w.Reverse(context.Background(), counter.Reversal{Number: number, Keep: keep, Quote: quote, Key: key, Reason: "测试", By: "C02"})
}

// TestRefund: without a card in the reader, what is shown is what is given back, and the
// kept lines are what they would have been alone.
func TestRefund(t *testing.T) {
	w := countertest.Open(t, nil)
	s := threeLines(t, w)
	f, err := w.Refund(context.Background(), s.Number, []int{3, 1})
	if err != nil {
		t.Fatal(err)
	}
	if want := (counter.Amounts{Total: 3000, Fund: 2250, Cash: 750}); f.Back != want {
		t.Errorf("back %+v, want %+v", f.Back, want)
	}
	wantSplit(t, f.Kept.Split, 5250, 0, 0, 1750)
	if f.Kept.Usage != s.Usage || f.Kept.Rules != s.Rules || len(f.Kept.Bill.Lines) != 2 || len(f.Whole.Bill.Lines) != 3 {
		t.Errorf("kept %+v", f.Kept)
	}
	_, _, err = reverse(w, s.Number, "", "r1", 3, 1)
	wantCode(t, err, settle.QuoteUnknown)
	_, _, err = reverse(w, s.Number, f.ID, "r1", 1)
	wantCode(t, err, settle.QuoteUnknown)
	v, replayed, err := reverse(w, s.Number, f.ID, "r1", 3, 1)
	if err != nil || replayed || v.Back != f.Back || v.Kept == nil || v.Operator != "C02" {
		t.Fatalf("%+v, %v, %v", v, replayed, err)
	}
	if slip := <-w.Printer.Other(); slip.Name() != v.Number || !strings.Contains(counter.Text(slip, 48), "退 第2行 乙") {
		t.Errorf("slip %s", counter.Text(slip, 48))
	}
	if r := <-w.Printer.Slips(); r.Settlement.Number != v.Kept.Number || r.From != s.Number || r.Copy != 0 {
		t.Errorf("receipt of what is kept: %+v", r)
	}
	if again, replayed, err := reverse(w, s.Number, "", "r1", 1, 3); err != nil || !replayed || again.Number != v.Number {
		t.Errorf("again: %+v, %v, %v", again, replayed, err)
	}
	_, _, err = reverse(w, s.Number, "", "r1")
	wantCode(t, err, settle.DoubleConflict)
	_, err = w.Refund(context.Background(), s.Number, []int{1})
	wantCode(t, err, settle.AlreadyVoided)
	_, _, err = reverse(w, s.Number, "", "v2")
	wantCode(t, err, settle.AlreadyVoided)
	w.Close() // when what is being printed is out
	select {
	case p := <-w.Printer.Other():
		t.Errorf("printed again: %s", p.Name())
	default:
	}
}

// TestRefundOfEqualLines: the slip names the line that was given back, also where another
// is just the same, and the screen says how much cash to hand out.
func TestRefundOfEqualLines(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	bill := countertest.Bill(t, countertest.Child(), func(d *countertest.Document) {
		d.Items = []map[string]any{countertest.Item("甲", "50.00", "1"), countertest.Item("甲", "50.00", "1")}
	})
	q, err := w.Quote(context.Background(), bill, "C01")
	if err != nil {
		t.Fatal(err)
	}
	done, err := confirm(w, q, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.AwaitState(t, counter.Printed)
	f, err := w.Refund(context.Background(), done.Settlement.Number, []int{2})
	if err != nil {
		t.Fatal(err)
	}
	v, _, err := reverse(w, done.Settlement.Number, f.ID, "r1", 2)
	if err != nil {
		t.Fatal(err)
	}
	slip := counter.Text(<-w.Printer.Other(), 48)
	if !strings.Contains(slip, "退 第1行 甲") || strings.Contains(slip, "第2行") {
		t.Errorf("slip\n%s", slip)
	}
	messages := w.Screen().Messages
	if last := messages[len(messages)-1]; last.Code != counter.Reversed || !strings.Contains(last.Text, v.Number) || !strings.Contains(last.Text, "请退现金 "+v.Back.Cash.String()+" 元") {
		t.Errorf("screen %+v", last)
	}
	_, err = w.Refund(context.Background(), done.Settlement.Number, []int{1})
	if no, ok := errors.AsType[*settle.Refusal](err); !ok || !strings.Contains(no.Cashier, "新单 "+v.Kept.Number) {
		t.Errorf("refunded again: %v", err)
	}
}

// TestRefundRefused: what is no refund, and a reversal without a reason or a key.
func TestRefundRefused(t *testing.T) {
	w := countertest.Open(t, nil)
	s := threeLines(t, w)
	asked := w.Book.Asked()
	for _, c := range []struct {
		keep []int
		code settle.Code
	}{
		{nil, counter.KeepNone},
		{[]int{1, 2, 3}, counter.KeepAll},
		{[]int{0}, counter.BadLines},
		{[]int{4}, counter.BadLines},
		{[]int{2, 2}, counter.BadLines},
		{[]int{-1 << 63}, counter.BadLines},
	} {
		_, err := w.Refund(context.Background(), s.Number, c.keep)
		wantCode(t, err, c.code)
	}
	_, err := w.Refund(context.Background(), "x", []int{1})
	wantCode(t, err, settle.NoSettlement)
	for _, c := range []struct {
		key, reason string
		code        settle.Code
	}{
		{"", "x", settle.BadField},
		{strings.Repeat("k", 65), "x", settle.BadField},
		{"k", "", counter.NoReason},
		{"k", " \n\x1b ", counter.NoReason},
		{"k", strings.Repeat("因", 101), counter.NoReason},
	} {
		_, _, err := w.Reverse(context.Background(), counter.Reversal{Number: s.Number, Key: c.key, Reason: c.reason, By: "C"})
		wantCode(t, err, c.code)
	}
	if now := w.Book.Asked(); now != asked {
		t.Errorf("the book was asked to write %d times", now-asked)
	}
}

// overlay is a row more than the shipped rules have, of a year to come.
const overlay = `
approved_by = "test"
approved_on = "2026-01-01"

[[row]]
parameter = "outpatient_limit"
group = "resident"
value = "2655.00"
from = "2026-01-01"
source = "city-data-2026-03"
rule = "L-4"
confidence = "low"
status = "provisional"
conflict = "X-1"
note = "of a year to come"
`

// swapped is a rulebook that is exchanged under the window.
type swapped struct {
	atomic.Pointer[policy.Set]
	fewer bool // rules that say they are the same, and come to something else
}

func (s *swapped) On(day settle.Date) *settle.Rules {
	rules := s.Load().On(day)
	if s.fewer {
		return settle.NewRules(day, rules.Digest, nil)
	}
	return rules
}

// TestRefundOtherRules: lines are never settled anew by rules other than the original's;
// the whole can still be reversed.
func TestRefundOtherRules(t *testing.T) {
	shipped, err := policy.Load()
	if err != nil {
		t.Fatal(err)
	}
	other, err := policy.Load(fstest.MapFS{"x.toml": &fstest.MapFile{Data: []byte(overlay)}})
	if err != nil {
		t.Fatal(err)
	}
	rules := &swapped{}
	rules.Store(shipped)
	w := countertest.Open(t, func(p *counter.Ports, _ *counter.Options) { p.Rulebook = rules })
	s := threeLines(t, w)
	f, err := w.Refund(context.Background(), s.Number, []int{1})
	if err != nil {
		t.Fatal(err)
	}
	rules.Store(other)
	_, err = w.Refund(context.Background(), s.Number, []int{1})
	wantCode(t, err, counter.RulesChanged)
	_, _, err = reverse(w, s.Number, f.ID, "r1", 1)
	wantCode(t, err, counter.RulesChanged)
	rules.Store(shipped)
	rules.fewer = true
	_, err = w.Refund(context.Background(), s.Number, []int{1})
	wantCode(t, err, counter.RulesChanged)
	rules.fewer = false
	v, _, err := reverse(w, s.Number, f.ID, "r1", 1)
	if err != nil {
		t.Fatal(err)
	}
	rules.Store(other)
	if again, replayed, err := reverse(w, s.Number, f.ID, "r1", 1); err != nil || !replayed || again.Number != v.Number {
		t.Errorf("the lost answer, asked for again: %+v, %v, %v", again, replayed, err)
	}
	if _, _, err := reverse(w, v.Kept.Number, "", "v1"); err != nil {
		t.Errorf("whole: %v", err)
	}
}

// TestReverseFails: the book's no is told as it is; where it does not know, the sentence
// says so. A jam of the printer takes nothing back.
func TestReverseFails(t *testing.T) {
	lost := errors.New("the disk is gone")
	w := countertest.Open(t, func(p *counter.Ports, _ *counter.Options) {
		p.Returns = &failing{Returns: p.Returns, err: lost}
	})
	s := threeLines(t, w)
	_, _, err := reverse(w, s.Number, "", "v1")
	wantCode(t, err, settle.JournalStopped)
	w.Printer.Jam(true)
	if _, _, err := reverse(w, s.Number, "", "v1"); err != nil {
		t.Fatal(err)
	}
	w.Await(t, func(sc counter.Screen) bool {
		return len(sc.Messages) > 0 && sc.Messages[len(sc.Messages)-1].Code == counter.SlipFailed
	})
}

// failing fails once.
type failing struct {
	counter.Returns
	err error
}

func (f *failing) Reverse(ctx context.Context, o counter.Order) (counter.Void, bool, error) {
	if err := f.err; err != nil {
		f.err = nil
		return counter.Void{}, false, err
	}
	return f.Returns.Reverse(ctx, o)
}

// TestShiftRequired: without a shift nothing is settled or reversed, and the quote says
// so before anybody confirms.
func TestShiftRequired(t *testing.T) {
	w := countertest.Open(t, func(_ *counter.Ports, o *counter.Options) { o.ShiftRequired = true })
	w.Insert(t, counter.Patient, countertest.Child())
	q := quote(t, w)
	if !noticed(q, settle.ShiftClosed) {
		t.Errorf("notices %+v", q.Notices)
	}
	_, err := confirm(w, q, 1)
	wantCode(t, err, settle.ShiftClosed)
	w.AwaitState(t, counter.Identified)
	if n := len(w.Book.Written()); n != 0 {
		t.Fatalf("%d settlements were written", n)
	}
	_, err = w.CloseShift(context.Background(), "C01", 0)
	wantCode(t, err, settle.ShiftClosed)
	if _, err := w.OpenShift(context.Background(), "C01", 10_000); err != nil {
		t.Fatal(err)
	}
	if q = quote(t, w); noticed(q, settle.ShiftClosed) {
		t.Errorf("notices %+v", q.Notices)
	}
	done, err := confirm(w, q, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.CloseShift(context.Background(), "C01", 10_000); err != nil {
		t.Fatal(err)
	}
	if slip := <-w.Printer.Other(); slip.Name() != "shift-1" {
		t.Errorf("slip %s", slip.Name())
	}
	_, _, err = reverse(w, done.Settlement.Number, "", "v1")
	wantCode(t, err, settle.ShiftClosed)
	if _, err := w.OpenShift(context.Background(), "C01", 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := reverse(w, done.Settlement.Number, "", "v1"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.CloseShift(context.Background(), "C01", 0); err != nil {
		t.Fatal(err)
	}
	if _, replayed, err := reverse(w, done.Settlement.Number, "", "v1"); err != nil || !replayed {
		t.Errorf("a replay moves no money and needs no shift: %v, %v", replayed, err)
	}
}

func noticed(q counter.Quote, code settle.Code) bool {
	for _, n := range q.Notices {
		if n.Code == code {
			return true
		}
	}
	return false
}

// TestShiftWaits: a shift does not end while a settlement of it is being written.
func TestShiftWaits(t *testing.T) {
	w := countertest.Open(t, func(_ *counter.Ports, o *counter.Options) { o.ShiftRequired = true })
	if _, err := w.OpenShift(context.Background(), "C01", 0); err != nil {
		t.Fatal(err)
	}
	w.Insert(t, counter.Patient, countertest.Child())
	q := quote(t, w)
	release := w.Book.Hold()
	settled, closed := make(chan error, 1), make(chan error, 1)
	go func() { _, err := confirm(w, q, 1); settled <- err }()
	<-w.Book.Started()
	go func() { _, err := w.CloseShift(context.Background(), "C01", 0); closed <- err }()
	for range 10_000 { // it would end now, if it did not wait
		runtime.Gosched()
	}
	if len(closed) > 0 {
		t.Error("the shift ended under the settlement")
	}
	release()
	if err := errors.Join(<-settled, <-closed); err != nil {
		t.Error(err)
	}
}

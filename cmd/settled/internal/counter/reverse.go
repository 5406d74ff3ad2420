package counter

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"settled/settle"
)

// Amounts are who pays, or gets back, what.
type Amounts struct {
	Total  settle.Fen `json:"total"`
	Fund   settle.Fen `json:"fund"`   // 统筹基金
	Own    settle.Fen `json:"own"`    // 个人账户
	Family settle.Fen `json:"mutual"` // 家庭共济
	Cash   settle.Fen `json:"cash"`   // 现金
}

// AmountsOf gives a split's amounts.
func AmountsOf(s *settle.Split) Amounts {
	return Amounts{Total: s.Total, Fund: s.Fund, Own: s.Own, Family: s.Family, Cash: s.Cash}
}

// Less is a without b.
func (a Amounts) Less(b Amounts) Amounts {
	return Amounts{a.Total - b.Total, a.Fund - b.Fund, a.Own - b.Own, a.Family - b.Family, a.Cash - b.Cash}
}

// Reversal is what a cashier asks for: that a settlement is reversed whole (撤销, F-1),
// or by line (退费, F-2). No card is needed.
type Reversal struct {
	Number string // of the settlement
	Keep   []int  // lines of the bill that are kept, from 1; nil: none, it is reversed whole
	Quote  string // by line: ID of the refund that was shown, see [Refund]
	Key    string // idempotency key of the reversal
	Reason string // why; it stands on the slip and, sealed, in the journal
	By     string // operator
	Second string // who stands for it too (二人复核), and signed in for that; "": nobody
}

// mostReason is the most characters of a reason.
const mostReason = 100

// check refuses a reversal whose form is wrong.
func (r *Reversal) check() error {
	r.Reason = strings.TrimSpace(printable(r.Reason))
	switch {
	case r.Key == "" || len(r.Key) > mostKey:
		return refuseField(settle.BadField, "key", "want 1 to %d bytes", mostKey)
	case r.Reason == "":
		return refuseField(NoReason, "reason", "blank")
	case len([]rune(r.Reason)) > mostReason:
		return refuseField(NoReason, "reason", "want at most %d characters", mostReason)
	}
	return nil
}

// content is what the key stands for. The reason is not in it: who lost the answer and
// asks again need not find the same words.
func (r *Reversal) content() (string, error) {
	return digest("reversal", r.Number, r.Keep == nil, slices.Sorted(slices.Values(r.Keep)))
}

// Refund is a reversal by line as it would be (退费预算); nothing is written.
type Refund struct {
	ID      string            // binds the reversal to what was shown
	Whole   settle.Settlement // what would be reversed
	Kept    settle.Settlement // what would stay settled, without a number
	Keep    []int             // its lines, from 1
	Back    Amounts           // what each source would get back
	Reasons []Notice          // of the kept lines' split
}

// Reversible is a settlement that may be reversed.
type Reversible struct {
	Settlement settle.Settlement
	Void       string // number of the void that reversed it already; "": none did
	Kept       string // settlement of the lines that this void kept; "": none
	// Back is what was given back of the bill before, by refunds that kept this settlement.
	Back settle.Fen
}

// Order is what the book is asked to reverse.
type Order struct {
	Number  string             // of the settlement
	Kept    *settle.Settlement // nil: whole; without Number and Key, which the book gives
	Keep    []int              // its lines in the bill, from 1, ascending
	Key     string
	Content string // digest that the key is bound to
	Reason  string
	By      string
	Second  string // "": nobody
}

// Void is a reversal as the book has it.
type Void struct {
	Number   string
	Whole    settle.Settlement  // what was reversed
	Kept     *settle.Settlement // what stays settled; nil: nothing
	Keep     []int              // its lines in the bill, from 1, ascending; nil: not known, or nothing stays
	Back     Amounts            // what each source got back
	Reason   string
	At       time.Time
	Operator string
	Second   string // who stood for it too; "": nobody
	Seat     string
	Shift    uint64 // 0: none was open
	Open     bool   // the platform has not confirmed it yet
	Differs  bool   // the platform had split what was reversed in another way
}

// Returns reverses settlements in the book.
type Returns interface {
	// Reversible gives a settlement; the *settle.Refusal NO_SETTLEMENT if there is none.
	Reversible(ctx context.Context, number string) (Reversible, error)
	// Reverse returns after the reversal is durable. The same key with the same content
	// gives the first one and replayed, with other content the *settle.Refusal
	// IDEMPOTENCY_CONFLICT; a second reversal is ALREADY_VOIDED. After a *settle.Refusal
	// nothing was written; after any other error it is not known whether it was.
	Reverse(ctx context.Context, o Order) (v Void, replayed bool, err error)
}

// Refund computes what would go back to each source if only the given lines were kept:
// the settlement less its kept lines, settled anew by the rules and at the position of
// the original (F-2). It writes nothing. The error is a *settle.Refusal.
func (s *Session) Refund(ctx context.Context, number string, keep []int) (Refund, error) {
	of, err := s.ports.Returns.Reversible(ctx, number)
	if err != nil {
		return Refund{}, refusalOr(err, Fault)
	}
	if of.Void != "" {
		return Refund{}, settle.AlreadyReversed(number, of.Void, of.Kept)
	}
	return s.refund(of.Settlement, keep)
}

// rulesOf gives the rules that made a settlement, if they are at hand and still make it.
func (s *Session) rulesOf(of *settle.Settlement) (*settle.Rules, error) {
	rules := s.ports.Rulebook.On(of.Bill.Visit.Day)
	if rules.Digest != of.Rules {
		return nil, refuseBecause(RulesChanged, "settled by %s, at hand are %s", of.Rules, rules.Digest)
	}
	again, err := settle.Compute(rules, of.Insured, of.Bill, of.Usage)
	if err != nil || AmountsOf(&again) != AmountsOf(&of.Split) || again.UsageAfter != of.Split.UsageAfter {
		return nil, refuseBecause(RulesChanged, "this version of the program does not come to the settlement's split: %v", err)
	}
	return rules, nil
}

// refund settles the kept lines anew.
func (s *Session) refund(of settle.Settlement, keep []int) (Refund, error) {
	if of.SelfPaid != nil {
		return Refund{}, refuse(SelfPaidWhole)
	}
	rules, err := s.rulesOf(&of)
	if err != nil {
		return Refund{}, err
	}
	kept := of
	kept.Number, kept.Key = "", ""
	if kept.Bill.Lines, err = keptLines(of.Bill.Lines, keep); err != nil {
		return Refund{}, err
	}
	if kept.Split, err = settle.Compute(rules, of.Insured, kept.Bill, of.Usage); err != nil {
		return Refund{}, refusalOr(fmt.Errorf("kept lines: %w", err), Fault)
	}
	f := Refund{Whole: of, Kept: kept, Keep: keep, Back: AmountsOf(&of.Split).Less(AmountsOf(&kept.Split)), Reasons: FiguresOf(kept).Reasons}
	if b := f.Back; min(b.Total, b.Fund, b.Own, b.Family, b.Cash) < 0 {
		return Refund{}, refuseBecause(Fault, "kept %+v of %+v", AmountsOf(&kept.Split), AmountsOf(&of.Split))
	}
	id, err := digest("refund", of.Number, kept.Bill.Lines, of.Rules, kept.Split)
	if err != nil {
		return Refund{}, refusalOr(err, Fault)
	}
	f.ID = "r" + id
	return f, nil
}

// keptLines picks lines by number, in the bill's order: some, not all, none twice.
func keptLines(all []settle.Line, keep []int) ([]settle.Line, error) {
	chosen := make([]bool, len(all))
	for i, n := range keep {
		if n < 1 || n > len(all) || chosen[n-1] {
			return nil, refuseField(BadLines, fmt.Sprintf("keep[%d]", i), "%d is no line of 1 to %d, or stands twice", n, len(all))
		}
		chosen[n-1] = true
	}
	switch len(keep) {
	case 0:
		return nil, refuseField(KeepNone, "keep", "no line is kept")
	case len(all):
		return nil, refuseField(KeepAll, "keep", "all %d lines are kept", len(all))
	}
	var kept []settle.Line
	for i, l := range all {
		if chosen[i] {
			kept = append(kept, l)
		}
	}
	return kept, nil
}

// Reverse reverses a settlement and returns when that is durable; the slips are printed
// beside. The error is a *settle.Refusal; after it nothing was given back, except that
// after JOURNAL_STOPPED it is not known yet: the same key again is safe and tells.
func (s *Session) Reverse(ctx context.Context, r Reversal) (v Void, replayed bool, err error) {
	order, done, err := s.order(ctx, r)
	if err != nil {
		return Void{}, false, refusalOr(err, Fault)
	}
	s.shift.RLock()
	defer s.shift.RUnlock()
	if err := s.onShift(ctx); err != nil && !done {
		return Void{}, false, refusalOr(err, Fault)
	}
	if v, replayed, err = s.ports.Returns.Reverse(context.WithoutCancel(ctx), order); err != nil {
		return Void{}, false, refusalOr(err, settle.JournalStopped)
	}
	if !replayed {
		_ = s.showRefusal(v.done())
		s.printBeside(v.papers()...) // what its slips meet is told after what was done
	}
	return v, replayed, nil
}

// done tells the cashier of a new reversal.
func (v *Void) done() *settle.Refusal {
	r := refuse(Reversed)
	r.Cashier = fmt.Sprintf("已办理，单号 %s；没有现金要退，请把凭条交给患者。", v.Number)
	if v.Back.Cash > 0 {
		r.Cashier = fmt.Sprintf("已办理，单号 %s；请退现金 %s 元，并请收款人在凭条上签名。", v.Number, v.Back.Cash)
	}
	return r
}

// order makes of what the cashier asked for what the book is asked. done says that the
// settlement is reversed already: the book can only replay that, or refuse.
func (s *Session) order(ctx context.Context, r Reversal) (o Order, done bool, err error) {
	if err := r.check(); err != nil {
		return Order{}, false, err
	}
	content, err := r.content()
	if err != nil {
		return Order{}, false, err
	}
	of, err := s.ports.Returns.Reversible(ctx, r.Number)
	if err != nil {
		return Order{}, false, err
	}
	o = Order{Number: r.Number, Key: r.Key, Content: content, Reason: r.Reason, By: r.By, Second: r.Second}
	switch {
	case of.Void != "":
		return o, true, nil
	case r.Keep == nil:
		return o, false, s.seconded(&r, of.Settlement.Split.Total, of.Back)
	}
	refund, err := s.refund(of.Settlement, r.Keep)
	if err != nil {
		return Order{}, false, err
	}
	if refund.ID != r.Quote {
		return Order{}, false, refuseField(settle.QuoteUnknown, "quote", "the refund would be %s", refund.ID)
	}
	o.Kept, o.Keep = &refund.Kept, slices.Sorted(slices.Values(r.Keep))
	return o, false, s.seconded(&r, refund.Back.Total, of.Back)
}

// seconded refuses a reversal that needs a second person and has none, or the first again.
// What was given back of the same bill before counts too: it can't be given back in parts
// below the amount.
func (s *Session) seconded(r *Reversal, back, before settle.Fen) error {
	if r.Second == r.By {
		return refuse(SecondSame)
	}
	most := s.options.SecondOver
	if all, ok := settle.Sum(back, before); most == 0 || r.Second != "" || ok && all <= most {
		return nil
	}
	no := refuse(SecondNeeded)
	no.Cashier = fmt.Sprintf("退回超过 %s 元（含先前所退），须第二人复核，未办理；请另一位收费员或组长输入工号和密码。", most)
	return no
}

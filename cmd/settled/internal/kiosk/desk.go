package kiosk

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Codes of a terminal.
const (
	Busy      settle.Code = "KIOSK_BUSY"
	NoPayment settle.Code = "NO_PAYMENT"
	TooLate   settle.Code = "KIOSK_TOO_LATE"
)

// record is the name of the one attempt.
const record = "attempt"

// Options of a Desk. Window, Folder, Now and Log are needed.
type Options struct {
	Window   Window
	Payments Payments // nil: the terminal takes no money
	Folder   Folder
	Paid     func(bill string) // told of every settled bill; may be nil
	Now      func() time.Time
	Log      *slog.Logger
	Look     time.Duration // how often payment and card are looked at; 500 ms if zero
}

// Desk is a terminal's business: one attempt at a time.
type Desk struct {
	o    Options
	wake chan struct{}

	moving  sync.Mutex // one step at a time
	mu      sync.Mutex
	attempt *Attempt
	code    string // what the QR code says

	ended time.Time // when the last attempt did; of whoever moves
}

// Open reads the attempt that the last run left, if it left one: it is for the staff.
func Open(o Options) (*Desk, error) {
	if o.Look <= 0 {
		o.Look = 500 * time.Millisecond
	}
	d := &Desk{o: o, wake: make(chan struct{}, 1)}
	records, unread, err := o.Folder.All()
	if err != nil {
		return nil, fmt.Errorf("kiosk: %w", err)
	}
	for _, data := range records {
		a := &Attempt{}
		if err := json.Unmarshal(data, a); err != nil {
			unread = append(unread, err.Error())
			continue
		}
		a.Interrupted = true
		d.attempt = a
	}
	if len(unread) > 0 && d.attempt == nil {
		o.Log.Error("the attempt that was left at the terminal cannot be read", "cause", unread)
		a := unclear(Attempt{Began: o.Now()}, "上一笔的记录已损坏，读不出是谁、付了没有。")
		d.attempt = &a
	}
	return d, nil
}

// unclear ends an attempt that only the payment's own books tell of.
func unclear(a Attempt, why string) Attempt {
	a.Step, a.Why, a.Interrupted = Unclear, why, true
	return a
}

// Now gives the attempt of now, and what its QR code says; nil if there is none.
func (d *Desk) Now() (a *Attempt, code string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.attempt == nil {
		return nil, ""
	}
	now := *d.attempt
	return &now, d.code
}

// Pay begins to pay what the quote on the screen says. The error is a *settle.Refusal.
func (d *Desk) Pay(quote, by string) error {
	d.moving.Lock()
	defer d.moving.Unlock()
	if a, _ := d.Now(); a != nil && (a.Interrupted || !a.Step.ended()) {
		return refuse(Busy, "本机正在办理另一笔；请稍候，或请工作人员处理。", "an attempt is under way: "+string(a.Step))
	}
	q, ok := d.o.Window.Shown()
	if !ok || q.ID != quote {
		return refuse(settle.QuoteUnknown, settle.QuoteUnknown.Cashier(), "the quote is not on the screen")
	}
	split := &q.Settlement.Split
	if split.Status == settle.Refused {
		return refuse(settle.QuoteUnknown, "这笔不能按医保结算；请到人工窗口办理。", "the split is refused")
	}
	if err := d.hindered(&q); err != nil {
		return err
	}
	a := Attempt{
		Ref: ref(), Bill: q.Key(), Quote: q.ID, Name: q.Settlement.Who.Name.String(), IDNumber: q.Settlement.Who.IDNumber.String(),
		Total: split.Total, Cash: split.Cash, By: by, Began: d.o.Now(), Step: Settling,
		ByCode: q.Settlement.Who.CardCode == "",
	}
	if a.Cash > 0 {
		if d.o.Payments == nil {
			return refuse(NoPayment, "本机不能收现金部分；请到人工窗口付款。", "no payment is set up")
		}
		a.Step = Paying
	}
	d.show(nil, "")
	return d.to(a)
}

// hindered refuses a quote that takes nothing any more, or could not be confirmed: nobody
// is to pay for that first.
func (d *Desk) hindered(q *counter.Quote) error {
	for _, n := range q.Notices {
		switch n.Code {
		case counter.BillSettled:
			if d.o.Paid != nil {
				d.o.Paid(q.Key()) // it came again
			}
			return refuse(n.Code, "这张账单已经结算过，不要再付；要凭条请到人工窗口补打。", "the bill's key has settled already")
		case settle.ShiftClosed:
			return refuse(n.Code, "本机还没有开班，未扣款；请到人工窗口办理。", "a shift is required and none is open")
		}
	}
	return nil
}

// Cancel ends an attempt before it is paid. The error is a *settle.Refusal.
func (d *Desk) Cancel(ctx context.Context) error {
	d.moving.Lock()
	defer d.moving.Unlock()
	a, _ := d.Now()
	switch {
	case a == nil || a.Step.ended():
		return nil
	case a.Step != Paying:
		return refuse(TooLate, "已经付款，正在结算，不能取消；请稍候。", "it is "+string(a.Step))
	}
	if err := d.giveUp(ctx, *a); err != nil {
		return refuse(Busy, "现在还不能取消；请不要付款，稍候再试，或呼叫工作人员。", err.Error())
	}
	return nil
}

// Clear lets go of an attempt that the staff has seen, after keep has kept that it was. The
// error is a *settle.Refusal if it has not come to its end.
func (d *Desk) Clear(keep func(Attempt) error) error {
	d.moving.Lock()
	defer d.moving.Unlock()
	a, _ := d.Now()
	if a != nil && !a.Step.ended() {
		return refuse(Busy, "这笔还没有办完，程序正在继续；请稍候再试。", "it is "+string(a.Step))
	}
	if a != nil {
		if err := keep(*a); err != nil {
			return err
		}
	}
	if err := d.o.Folder.Remove(record); err != nil {
		return err
	}
	d.show(nil, "")
	return nil
}

// Run brings attempts on until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	tick := time.NewTicker(d.o.Look)
	defer tick.Stop()
	for ctx.Err() == nil {
		d.advance(ctx)
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-d.wake:
		}
	}
	return nil
}

// advance does what is next. What fails is tried again at the next look.
func (d *Desk) advance(ctx context.Context) {
	d.moving.Lock()
	defer d.moving.Unlock()
	a, code := d.Now()
	if a == nil {
		return
	}
	var err error
	if a.Cash > 0 && d.o.Payments == nil && !a.Step.ended() {
		d.o.Log.Warn("an attempt was left, and no payment is set up to look it up in", "ref", a.Ref)
		return
	}
	switch a.Step {
	case Paying:
		err = d.pay(ctx, *a, code)
	case Settling:
		err = d.settle(ctx, *a)
	case Refunding:
		err = d.refund(ctx, *a)
	default:
		d.leave(*a)
	}
	if err != nil && ctx.Err() == nil {
		d.o.Log.Warn("the terminal's attempt does not get on", "step", a.Step, "ref", a.Ref, "cause", err)
	}
}

// pay shows the code and looks whether it was paid.
func (d *Desk) pay(ctx context.Context, a Attempt, code string) error {
	q, ok := d.o.Window.Shown()
	switch {
	case a.Interrupted:
		a.Why = "等待付款时断电或程序重启。"
		return d.giveUp(ctx, a)
	case !ok || q.ID != a.Quote:
		a.Why, a.Reason = "付款时卡被取走，或金额已变化。", CodeLeft
		return d.giveUp(ctx, a)
	case code == "":
		return d.order(ctx, a)
	}
	state, err := d.o.Payments.State(ctx, a.Ref)
	switch {
	case err != nil:
		return err
	case state == Paid:
		a.Step = Settling
		return d.to(a)
	case state == Closed, state == Back:
		a.Step, a.Why, a.Reason = Cancelled, "付款已超时关闭，未扣款；请重新办理。", CodeExpired
		return d.to(a)
	case state == None:
		return d.to(unclear(a, notFound))
	}
	return nil
}

// Codes of why an attempt came to nothing.
const (
	CodeLeft      settle.Code = "KIOSK_LEFT"      // the card was taken, or the amounts changed
	CodeExpired   settle.Code = "KIOSK_EXPIRED"   // nobody paid in time
	CodeNoCode    settle.Code = "KIOSK_NO_CODE"   // the payment gave no code
	CodeElsewhere settle.Code = "KIOSK_ELSEWHERE" // a cashier settled the bill meanwhile
	CodeChanged   settle.Code = "KIOSK_CHANGED"   // the amounts changed while it was paid
)

// notFound is why an attempt is unclear whose order the payment gave a code for.
const notFound = "支付系统查不到这笔付款单。"

// notRefunded is why one is unclear of which the payment once said that it was paid.
const notRefunded = "支付系统说过已付款，现在却说没有这笔款，退不了。"

// order gets the code; that it may have been seen is durable before it is.
func (d *Desk) order(ctx context.Context, a Attempt) error {
	code, err := d.o.Payments.Order(ctx, a.Ref, a.Cash, "医疗费 "+a.Bill)
	if err != nil { // nobody has seen a code, so nobody can have paid
		d.o.Log.Warn("no payment code", "ref", a.Ref, "cause", err)
		a.Step, a.Why, a.Reason = Refused, "扫码支付暂时不能用，未扣款；请到人工窗口付款。", CodeNoCode
		return d.to(a)
	}
	a.Ordered = true
	if err := d.keep(a); err != nil {
		return err
	}
	d.show(&a, code)
	return nil
}

// giveUp closes the order; what was paid meanwhile goes back.
func (d *Desk) giveUp(ctx context.Context, a Attempt) error {
	state, err := d.o.Payments.Close(ctx, a.Ref)
	if err != nil {
		return err
	}
	a.Step = Cancelled
	switch {
	case state == Paid:
		a.Step = Refunding
	case state == None && a.Ordered:
		a = unclear(a, notFound)
	case state == Waiting:
		return errors.New("kiosk: the order can still be paid")
	}
	return d.to(a)
}

// settle confirms the quote. The bill's own number is the key, so that it may be tried as
// often as it takes.
func (d *Desk) settle(ctx context.Context, a Attempt) error {
	done, err := d.o.Window.Confirm(ctx, counter.Confirmation{Quote: a.Quote, Key: a.Bill, By: a.By})
	var no *settle.Refusal
	var stale *counter.Stale
	switch {
	case err == nil && done.Settlement.Operator != a.By: // meanwhile, and for cash
		a.Why, a.Reason = "这张账单已由收费员结算，单号 "+done.Settlement.Number+"。", CodeElsewhere
	case err == nil:
		a.Step, a.Number = Settled, done.Settlement.Number
		if d.o.Paid != nil {
			d.o.Paid(a.Bill)
		}
		return d.to(a)
	case errors.As(err, &stale):
		a.Why, a.Reason = "付款时金额已变化。", CodeChanged
	case errors.As(err, &no) && (no.Code == settle.JournalStopped || no.Code == counter.ConfirmTwice || no.Code == counter.Closed):
		return err // not known yet
	case errors.As(err, &no):
		a.Why, a.Reason = no.Cashier, no.Code
	default:
		return err
	}
	if a.Step = Refused; a.Cash > 0 {
		a.Step = Refunding
	}
	return d.to(a)
}

func (d *Desk) refund(ctx context.Context, a Attempt) error {
	if _, there := d.o.Window.Holder(counter.Patient); !there {
		a.Interrupted = true // whoever paid has gone
	}
	state, err := d.o.Payments.Refund(ctx, a.Ref)
	switch {
	case err == nil && state == Back:
		a.Step = Refunded
		return d.to(a)
	case err == nil && (state == None || state == Closed): // of an order that was paid
		return d.to(unclear(a, notRefunded))
	case err == nil:
		err = fmt.Errorf("kiosk: after the refund the order is %s", state)
	}
	return errors.Join(err, d.keep(a))
}

// linger is how long the end of an attempt is shown where no card tells that the patient
// has gone.
const linger = 10 * time.Second

// leave lets go of an attempt that ended, once its card is gone. Who was known by a 医保码
// is known no more when it has served: then time tells, or the next patient.
func (d *Desk) leave(a Attempt) {
	_, there := d.o.Window.Holder(counter.Patient)
	over := !there
	if a.ByCode && a.Step == Settled {
		over = there || d.o.Now().Sub(d.ended) >= linger
	}
	if !a.Interrupted && over {
		d.show(nil, "")
	}
}

// to makes a step durable, then takes it. An end that nobody has to look at is kept no
// longer.
func (d *Desk) to(a Attempt) error {
	if err := d.keep(a); err != nil {
		return err
	}
	_, code := d.Now()
	d.show(&a, code)
	d.o.Log.Info("terminal", "step", a.Step, "ref", a.Ref, "number", a.Number)
	if a.Step.ended() && !a.Interrupted {
		d.ended = d.o.Now()
		return d.o.Folder.Remove(record)
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return nil
}

func (d *Desk) keep(a Attempt) error {
	data, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("kiosk: %w", err)
	}
	if err := d.o.Folder.Put(record, data); err != nil {
		return fmt.Errorf("kiosk: %w", err)
	}
	if a.Interrupted {
		d.show(&a, "")
	}
	return nil
}

func (d *Desk) show(a *Attempt, code string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attempt, d.code = a, code
}

func ref() string {
	id := make([]byte, 12)
	_, _ = rand.Read(id) // never fails
	return "K" + hex.EncodeToString(id)
}

func refuse(c settle.Code, cashier, technician string) *settle.Refusal {
	return &settle.Refusal{Code: c, Cashier: cashier, Technician: technician}
}
